"""The map's side of the console: find, follow, measure, choose, look back; by keyboard too."""

import re

from playwright.sync_api import Page, expect

from api.callers import Role
from dispatch.store.transaction import PgStore
from tests.api.grid import lay_roads, place
from tests.browser.conftest import Company
from tests.browser.test_closing import click_at
from tests.browser.test_every_page import faults_of
from tests.store import builders as build


def opened(company: Company, language: str = "en") -> Page:
    page = company.screen(Role.DISPATCHER, "/console", language=language)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    return page


def look_at(page: Page, row: float, column: float, zoom: int = 14) -> None:
    page.evaluate(
        "([lon, lat, zoom]) => relightMap.setView([lat, lon], zoom, {animate: false})",
        [*place(row, column), zoom],
    )


def see(company: Company, fix_id: str, row: float, column: float) -> tuple[float, float]:
    """A position of crew C1, of now."""
    lon, lat = place(row, column)
    now = company.clock()
    fix = build.a_fix(fix_id, lon=lon, lat=lat, fixed_at=now, received_at=now)
    with company.engine.begin() as c:
        PgStore(c).crews.record_fixes([fix])
    return lon, lat


def test_anything_is_gone_to_by_keyboard_and_hostile_names_stay_text(company: Company, report):
    hostile = "<script>alert(1)</script>永外正街东湖区人民医院宿舍二期箱式变压器"
    with company.engine.begin() as c:
        c.exec_driver_sql("UPDATE transformer SET name = %s WHERE id = 'T2'", (hostile,))
    outage = report("A1")["outage"]["id"]
    page = opened(company)
    page.keyboard.press("g")
    page.keyboard.type("T2")
    expect(page.locator("#goto-list li")).to_contain_text(hostile)
    page.keyboard.press("Enter")
    expect(page.locator("#goto")).to_be_hidden()
    assert abs(page.evaluate("relightMap.getCenter().lng") - build.LON - 300 * build.METRE) < 1e-4

    page.keyboard.press("g")
    page.keyboard.type(f"#{outage}")
    expect(page.locator("#goto-list li").first).to_contain_text("Outage")
    page.keyboard.press("Enter")
    expect(page.locator(f"#row-outage-{outage}")).to_have_class(re.compile("opened"))

    page.keyboard.press("g")
    page.keyboard.type("no such thing anywhere")
    expect(page.locator("#goto-none")).to_be_visible()
    page.locator("#goto-words").fill("gcj02 115.9, 28.68")
    expect(page.locator("#goto-list li")).to_contain_text("115.89")


def test_a_way_is_measured_and_outages_are_chosen_by_a_line_around_them(company: Company, report):
    lay_roads(company.engine)
    report("A1")
    page = opened(company)
    page.evaluate(
        "addEventListener('relight:lasso', (e) => { window.told = e.detail; }, {capture: true})"
    )
    look_at(page, 0, 0)
    page.locator("#measure").press("Enter")
    click_at(page, -1, -1)
    click_at(page, -1, 1)
    expect(page.locator("#tool-says")).to_have_text("2 points, 1 km")
    page.locator("#lasso").press("Enter")
    expect(page.locator("#measure")).to_have_attribute("aria-pressed", "false")
    for row, column in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
        click_at(page, row, column)
    expect(page.locator("#tool-says")).to_contain_text("1 outage or incident, 1 report inside")
    expect(page.locator("#tool-list li")).to_have_count(1)
    assert page.evaluate("window.told.tickets") == ["A1"]
    page.keyboard.press("Escape")
    expect(page.locator("#maptool")).to_be_hidden()
    assert page.evaluate("window.told.outages") == []


def test_a_crew_is_followed_until_the_map_is_dragged(company: Company, report):
    lay_roads(company.engine)
    _, lat = see(company, "p1", 3, 3)
    page = opened(company)
    page.keyboard.press("f")
    expect(page.locator("#toasts")).to_contain_text("Click on a crew first")
    look_at(page, 3, 3)
    expect(page.locator("[data-crews='3']")).to_be_visible()
    with page.expect_response("**/console/crews/C1/way"):
        click_at(page, 3, 3)
    look_at(page, 0, 0)
    page.keyboard.press("f")
    expect(page.locator("#following")).to_contain_text("Following crew C1 · seen")
    assert abs(page.evaluate("relightMap.getCenter().lat") - lat) < 1e-3
    page.mouse.move(700, 500)
    page.mouse.down()
    page.mouse.move(760, 560, steps=4)
    page.mouse.up()
    expect(page.locator("#following")).to_be_hidden()


def test_a_crew_on_its_way_is_clicked_where_it_is_drawn(company: Company):
    lay_roads(company.engine)
    see(company, "p1", 3, 3)
    page = company.screen(Role.DISPATCHER, "/login")
    page.clock.install()
    page.goto(company.server.url + "/console")
    expect(page.locator("[data-crews='3']")).to_be_visible()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    company.clock.advance(1)
    see(company, "p2", 3, 6)
    with page.expect_response("**/console/layers/crews?*") as read:
        look_at(page, 3, 3)
    read.value.finished()
    with page.expect_response("**/console/crews/C1/way"):
        click_at(page, 3, 3)


def test_looking_back_shows_the_past_says_so_and_sends_nothing(company: Company, report):
    began = company.clock.now
    company.clock.advance(120)
    report("A1")
    page = opened(company)
    commands: list[str] = []
    page.on("request", lambda sent: commands.append(sent.url) if sent.method != "GET" else None)
    expect(page.locator("#live")).to_contain_text("Live")
    page.keyboard.press("h")
    expect(page.locator("#back-at")).to_contain_text("Looking back at")
    moment = (page.locator("#back-at").text_content() or "").removeprefix("Looking back at ")
    expect(page.locator("#live")).to_contain_text(f"PAST: {moment}")
    expect(page.locator("#live")).not_to_contain_text("Live")
    expect(page.locator("#back-says")).to_contain_text("0 outages")
    expect(page.locator("#detail")).to_have_attribute("inert", "")
    page.keyboard.press("1")
    page.keyboard.press("c")
    expect(page.locator("#toasts")).to_contain_text("Nothing can be sent")
    page.locator("#back-slide").evaluate(
        "(slide, at) => { slide.value = at; slide.dispatchEvent(new Event('input')); }",
        str(int(company.clock.now.timestamp())),
    )
    expect(page.locator("#back-says")).to_contain_text("1 outage · 1 report ·")
    page.locator("#back-speed").select_option("60")
    page.locator("#back-slide").evaluate(
        "(slide, at) => { slide.value = at; slide.dispatchEvent(new Event('input')); }",
        str(int(began.timestamp())),
    )
    first = page.locator("#back-at").text_content()
    page.locator("#back-play").press("Enter")
    expect(page.locator("#back-at")).not_to_have_text(first or "")
    assert commands == []
    page.locator("#back-play").press("Enter")
    moment = (page.locator("#back-at").text_content() or "").removeprefix("Looking back at ")
    expect(page.locator("#live")).to_contain_text(f"PAST: {moment}")
    page.keyboard.press("h")
    expect(page.locator("#lookback")).to_be_hidden()
    expect(page.locator("#live")).to_contain_text("Live")
    expect(page.locator("#detail")).not_to_have_attribute("inert", "")


def test_an_alarm_cannot_be_acknowledged_while_one_looks_back(company: Company, report):
    report("A1", hazards=["wire_down"])
    page = opened(company)
    take = page.locator(".first .take button")
    expect(take).to_be_visible()
    page.keyboard.press("h")
    expect(page.locator("#live")).to_contain_text("PAST")
    take.click()
    expect(page.locator("#toasts")).to_contain_text("Nothing can be sent")
    page.keyboard.press("h")
    take.click()
    expect(page.locator("#alarm-head")).to_have_attribute("data-count", "0")


def test_a_commitment_about_to_run_out_is_ringed_with_its_minutes(company: Company, report):
    report("A1")
    page = opened(company)
    expect(page.locator("[data-promises]")).to_have_attribute("data-promises", "1")
    page.locator("#layerbox > summary").press("Enter")
    page.get_by_label("Commitments about to run out").press("Space")
    page.reload()
    page.locator("#layerbox > summary").press("Enter")
    expect(page.get_by_label("Commitments about to run out")).not_to_be_checked()


def test_where_promises_stand_close_the_worst_is_written_with_how_many_more(
    company: Company, report
):
    for account in ("T1-0", "T1-1", "T1-2", "T2-0"):
        report(account, account, hazards=["wire_down"])
        company.clock.advance(1)
    company.clock.advance(20)
    page = opened(company)
    drawn = page.locator("[data-promises='4']")
    for zoom, written in ((16, "−21′ +2 | −18′"), (10, "−21′ +3")):
        page.evaluate(
            "([lon, lat, zoom]) => relightMap.setView([lat, lon], zoom, {animate: false})",
            [build.LON, build.LAT, zoom],
        )
        expect(drawn).to_have_attribute("data-promises-written", written)


def test_the_map_tools_have_no_barriers_in_either_language(company: Company):
    for language in ("en", "zh-CN"):
        page = opened(company, language=language)
        page.locator("#layerbox > summary").press("Enter")
        page.keyboard.press("h")
        expect(page.locator("#lookback")).to_be_visible()
        assert faults_of(page) == []
        page.keyboard.press("h")
        page.keyboard.press("g")
        page.keyboard.type("T")
        expect(page.locator("#goto-list li").first).to_be_visible()
        assert faults_of(page) == []
