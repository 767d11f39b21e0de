"""Zones on the console: drawn by mouse or by keyboard, declared, felt in the list, ended."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from api.callers import Role
from tests.browser.conftest import PHONE, Company
from tests.browser.test_every_page import faults_of, in_theme
from tests.store.builders import LAT, LON

Report = Callable[..., dict]
HOSTILE = "<script>alert(1)</script>"
CORNERS = ((-0.02, -0.02), (0.02, -0.02), (0.02, 0.02), (-0.02, 0.02))


def open_form(company: Company, language: str = "en", theme: str = "dark") -> Page:
    page = company.screen(Role.DISPATCHER, "/login", language=language)
    page.goto(company.server.url + in_theme(theme, "/console"))
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    look_at(page, LON, LAT, 12)
    page.locator("#zones-fold > summary").click()
    page.locator("#act-zone > summary").click()
    return page


def look_at(page: Page, lon: float, lat: float, zoom: int = 13) -> None:
    page.evaluate(
        "([lon, lat, zoom]) => relightMap.setView([lat, lon], zoom, {animate: false})",
        [lon, lat, zoom],
    )


def click_at(page: Page, lon: float, lat: float) -> None:
    x, y = page.evaluate(
        """([lon, lat]) => {
            const at = relightMap.latLngToContainerPoint([lat, lon]);
            const box = relightMap.getContainer().getBoundingClientRect();
            return [box.x + at.x, box.y + at.y];
        }""",
        [lon, lat],
    )
    page.mouse.click(x, y)


def draw(page: Page) -> None:
    for east, north in CORNERS:
        click_at(page, LON + east, LAT + north)


def declare(page: Page, kind: str, name: str) -> None:
    page.locator("#zone-form select[name=kind]").select_option(kind)
    page.locator("#zone-form input[name=name]").fill(name)
    page.locator("#zone-form button.primary").click()
    page.locator("dialog.sure button[value=yes]").click()


def test_a_storm_is_drawn_declared_rolls_the_list_up_and_is_ended(company: Company, report: Report):
    report("A1")
    page = open_form(company)
    draw(page)
    expect(page.locator("#zone-preview")).to_contain_text("1 outage, 1 order without a crew")
    declare(page, "storm", HOSTILE)
    declared = page.locator("#zonelist li")
    expect(declared).to_contain_text(HOSTILE)
    expect(declared).to_contain_text("Storm")
    expect(page.locator("#map, .folium-map").first).to_have_attribute("data-zones", "1")
    expect(page.locator("#storm")).to_be_visible()
    expect(page.locator("#storm .zonemark")).to_contain_text(HOSTILE)
    page.locator("#list").press("t")
    expect(page.locator("#storm-offer")).to_contain_text("Zone in force")
    declared.get_by_role("button", name="End the zone").click()
    page.locator("dialog.sure button[value=yes]").click()
    expect(page.locator("#zonelist")).to_contain_text("No zones.")
    expect(page.locator("#storm-offer")).to_be_hidden()


def test_a_zone_is_drawn_by_keyboard_alone_and_one_that_crosses_itself_says_so(company: Company):
    page = open_form(company)
    company.expect_trouble("422")
    for east, north in (CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[3]):
        look_at(page, LON + east, LAT + north)
        page.locator("#zone-form [data-draw=add]").press("Enter")
    expect(page.locator("#zone-preview")).to_have_text(
        "Please check what was entered. (the outline crosses itself)"
    )
    page.locator("#zone-form [data-draw=back]").press("Enter")
    expect(page.locator("#zone-preview")).to_contain_text("km² in West")


def test_the_crew_of_an_order_in_a_no_go_zone_reads_it_before_it_sets_out(
    company: Company, report: Report
):
    report("A1")
    with company.engine.begin() as c:
        order = text("UPDATE trouble_order SET crew_id = 'C1', status = 'assigned'")
        c.execute(order)
    phone = company.screen(Role.CREW, "/login", crew_id="C1", viewport=PHONE)
    phone.goto(company.server.url + "/crew")
    page = open_form(company)
    draw(page)
    expect(page.locator("#zone-preview")).to_contain_text("Crews with an order inside: crew C1")
    declare(page, "no_go", "Gas leak")
    expect(page.locator("#zonelist .problem")).to_contain_text("crew C1")
    expect(phone.locator(".inzone.no_go")).to_contain_text("No-go zone: Gas leak")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_serious_on_the_zones(company: Company, language: str, theme: str):
    page = open_form(company, language, theme)
    draw(page)
    declare(page, "storm", "梅花")
    expect(page.locator("#zonelist li")).to_contain_text("梅花")
    assert faults_of(page) == []
