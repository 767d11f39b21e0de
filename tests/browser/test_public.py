"""The public map and its forms on a phone, with and without JavaScript."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    OutageStatus,
)
from tests.api.public_town import SETTINGS, add_communities, darken, publish
from tests.browser.conftest import DESKTOP, PHONE, Company, Server, add_roads
from tests.browser.test_every_page import faults_of
from tests.store import builders as build

PLACES = {
    "阳明花园": (4, 3),
    "永外正街东湖区人民医院宿舍二期": (6, 1),
    "贤士湖管理处第三社区居民小区": (2, 6),
    "扬子洲镇前洲村": (9, 5),
}
NASTY = "<script>document.title='taken'</script>"


def add_places(company: Company) -> None:
    """Four communities more, a few kilometres apart, each with a transformer for 140."""
    with company.engine.begin() as c:
        c.execute(text("UPDATE district SET name = '东湖供电服务区' WHERE id = 'west'"))
        for name, (east, north) in PLACES.items():
            lon, lat = build.LON + east / 100, build.LAT + north / 100
            build.add_transformer(c, name, 140, lon=lon + 0.005, lat=lat + 0.005)
            c.execute(
                text(
                    "UPDATE usage_point SET address = '江西省南昌市东湖区' || transformer_id || id"
                    " || '号' WHERE transformer_id = :id"
                ),
                {"id": name},
            )


def a_storm(company: Company) -> None:
    """Faults with every kind of expectation, and planned work."""
    now = company.clock.now
    sure = EstimatedRestoration(
        at=now + timedelta(minutes=95),
        source=EstimateSource.CREW,
        confidence=Confidence.HIGH,
    )
    unsure = EstimatedRestoration(
        at=now + timedelta(minutes=200),
        source=EstimateSource.MODEL,
        confidence=Confidence.LOW,
        from_at=now + timedelta(minutes=50),
        to_at=now + timedelta(minutes=300),
    )
    passed = EstimatedRestoration(
        at=now - timedelta(minutes=5),
        source=EstimateSource.DISPATCHER,
        confidence=Confidence.MEDIUM,
    )
    out = OutageStatus.CONFIRMED
    names = list(PLACES)
    darken(company.house, names[0], status=out, cause="树枝压线", estimate=sure)
    darken(company.house, names[1], estimate=unsure)
    darken(company.house, names[2], status=out, cause=NASTY, estimate=passed)
    darken(company.house, *[f"BIG{n}" for n in range(5)])
    with company.engine.begin() as c:
        planned = build.a_planned_outage(c, names[3])
    with company.house.transaction() as store:
        store.planned.add(planned)


@pytest.fixture
def shown(company: Company) -> Company:
    """A company whose public map is on, in a storm."""
    add_communities(company.engine)
    add_roads(company.engine)
    add_places(company)
    a_storm(company)
    publish(company.house)
    company.server.stop()
    company.server = Server(company.house, public=SETTINGS)
    return company


def keep(page: Page, name: str) -> None:
    """A picture to look at, where somebody wants some."""
    folder = os.environ.get("RELIGHT_LOOK")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_map_and_the_table_say_the_same(shown: Company, language: str):
    page = shown.screen(None, "/map", language=language)
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.locator("path.area")).to_have_count(5)
    expect(page.locator("#old")).to_be_hidden()
    page.locator("tbody button.place").first.press("Enter")
    expect(page.locator(".leaflet-tooltip")).to_contain_text("140")
    keep(page, f"map-{language}")
    page.locator("#find input").fill("阳明")
    expect(page.locator("tbody tr:visible")).to_have_count(1)
    page.locator("#find input").fill("nowhere")
    expect(page.locator("#find p")).not_to_be_empty()
    assert faults_of(page) == []


def test_without_scripts_the_table_says_everything(shown: Company):
    page = shown.screen(None, "/map", language="zh-CN", viewport=PHONE, scripts=False)
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.locator("tbody")).to_contain_text("树木碰线")
    expect(page.locator("tbody")).to_contain_text("目前把握不大")
    expect(page.locator("tbody")).to_contain_text("已超时，正在核实新的时间")
    expect(page.locator("#map")).to_be_hidden()
    assert "taken" not in page.content()
    keep(page, "phone-plain")


@pytest.mark.parametrize("scripts", [True, False])
def test_somebody_reports_in_three_steps_on_a_phone(shown: Company, *, scripts: bool):
    page = shown.screen(None, "/map", viewport=PHONE, scripts=scripts)
    keep(page, f"phone-map-{scripts}")
    page.get_by_role("link", name="Report no power").click()
    keep(page, "phone-where")
    page.get_by_label("Address, or village").fill("东湖供电服务区 阳明花园")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".known")).to_contain_text("about 140 customers")
    page.get_by_label("No light at all").check()
    page.get_by_label("No, dark too").check()
    keep(page, "phone-what")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Telephone (optional)").fill("138 0000 7777")
    page.get_by_label("Send me one text message").check()
    keep(page, "phone-phone")
    page.get_by_role("button", name="Send the report").click()
    expect(page.locator("h1")).to_have_text("We have your report")
    expect(page.locator(".known")).to_contain_text("Power expected back")
    expect(page.locator("main")).to_contain_text("you get one text message")
    keep(page, "phone-taken")


def test_somebody_points_at_the_place_on_a_map(shown: Company):
    page = shown.screen(None, "/map/report?language=en", viewport=PHONE)
    page.get_by_text("Point at the place on a map").click()
    expect(page.locator(".pick path.border")).to_have_count(2)
    page.locator(".pick").click(position={"x": 60, "y": 90})
    expect(page.locator("#position [role=status]")).to_have_text(
        "Closer: point again at the place."
    )
    assert page.locator("input[name=lon]").get_attribute("value") == ""
    for _ in range(3):
        page.locator(".pick").click(position={"x": 120, "y": 90})
    expect(page.locator("#position [role=status]")).to_have_text(
        "Place noted. Point again to move it."
    )
    keep(page, "phone-pick")
    page.get_by_role("button", name="Go on").click()
    assert page.locator("input[name=lon]").get_attribute("value")
    page.get_by_label("It flickers").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Send the report").click()
    expect(page.locator("h1")).to_have_text("We have your report")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_danger_shows_the_number_to_call_before_anything_is_sent(
    shown: Company, *, scripts: bool
):
    page = shown.screen(None, "/map/report?language=zh-CN", viewport=PHONE, scripts=scripts)
    page.get_by_label("户号").fill("no such account")
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("fieldset .now-call")).to_be_hidden()
    page.get_by_label("危险：电线低垂或落地").check()
    expect(page.locator("fieldset .now-call a")).to_have_attribute("href", "tel:95598")
    keep(page, "phone-danger")
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("main [role=alert] a")).to_have_attribute("href", "tel:95598")
    keep(page, "phone-danger-taken")


def test_an_old_picture_says_so_without_the_server_s_help(shown: Company):
    publish(shown.house, datetime.now(UTC) - timedelta(minutes=4))
    page = shown.screen(None, "/map/en.html", viewport=PHONE)
    expect(page.locator("#old")).to_be_hidden()
    page.clock.install(time=datetime.now(UTC) + timedelta(minutes=2))
    page.reload()
    expect(page.locator("#old")).to_be_visible()
    expect(page.locator("#old")).to_contain_text("This picture is old")
    keep(page, "phone-old")


def test_the_page_renews_itself_and_keeps_what_was_typed(shown: Company):
    page = shown.screen(None, "/map/en.html")
    page.clock.install()
    page.reload()
    expect(page.locator("path.area")).to_have_count(5)
    page.locator("#find input").fill("FAR")
    darken(shown.house, "FAR")
    publish(shown.house)
    shown.server.stop()
    shown.server.start()
    page.clock.run_for(70_000)
    expect(page.locator("tbody tr")).to_have_count(6)
    expect(page.locator("#find input")).to_have_value("FAR")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_serious_on_the_public_pages(shown: Company, language: str):
    page = shown.screen(None, f"/map/{language}.html", language=language, viewport=PHONE)
    expect(page.locator("path.area")).to_have_count(5)
    found = faults_of(page)
    shown.expect_trouble("422")
    for path in ("/map/report", "/map/tell"):
        page.goto(f"{shown.server.url}{path}?language={language}")
        found += faults_of(page)
        page.locator("form button.primary").click()
        expect(page.locator(".fault").first).to_be_visible()
        found += faults_of(page)
    keep(page, f"phone-tell-{language}")
    dark = shown.screen(None, f"/map/{language}.html", language=language, dark=True)
    expect(dark.locator("path.area")).to_have_count(5)
    keep(dark, f"dark-{language}")
    assert found + faults_of(dark) == []


def test_a_phone_shows_every_word_and_never_scrolls_sideways(shown: Company):
    page = shown.screen(None, "/map/zh-CN.html", viewport=PHONE)
    expect(page.locator("path.area")).to_have_count(5)
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= PHONE["width"]
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate(wide) <= 320
    page.set_viewport_size(DESKTOP)
    assert page.evaluate(wide) <= DESKTOP["width"]
