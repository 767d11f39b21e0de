"""The coverage on the console: off until asked for, by keyboard, as squares and as a table."""

import pytest
import shapely
from playwright.sync_api import Route, expect
from sqlalchemy import text

from api.callers import Role
from dispatch.domain.zone import ZoneKind
from dispatch.store.transaction import PgStore
from dispatch.usecases.declare_zone import DeclareZone, declare_zone
from tests.browser.conftest import Company
from tests.store.builders import LAT, LON, METRE, a_fix, add_crew, add_transformer

KM = 1000 * METRE


def leave_the_north(company: Company) -> None:
    """Forty customers far to the north without a crew, and an empty base on the way."""
    with company.engine.begin() as c:
        add_transformer(c, "T5", 40, lat=LAT + 20 * KM)
        add_crew(c, "C3")
        base = f"SRID=4326;POINT({LON} {LAT + 14 * KM})"
        c.execute(text("UPDATE crew SET base = ST_GeomFromEWKT(:b) WHERE id = 'C3'"), {"b": base})
        PgStore(c).crews.record_fixes([a_fix("p1", "C1"), a_fix("p2", "C2")])


def test_the_coverage_is_switched_on_by_keyboard_and_says_who_could_move_up(company: Company):
    leave_the_north(company)
    page = company.screen(Role.DISPATCHER, "/console")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.evaluate(
        "([lon, lat]) => relightMap.setView([lat, lon], 10, {animate: false})", [LON, LAT]
    )
    drawn = page.locator("[data-covered]")
    expect(drawn).to_have_count(0)
    page.locator("#layerbox > summary").press("Enter")
    page.get_by_label("Coverage by free crews").press("Space")
    expect(drawn).to_have_attribute("data-covered", "3")
    page.get_by_label("Coverage by free crews").press("Space")
    expect(drawn).to_have_attribute("data-covered", "0")

    page.locator("#coverage-fold > summary").press("Enter")
    west = page.locator("table.coverage tr", has_text="West")
    expect(west).to_contain_text("13 %")
    move = page.locator("#move-west")
    expect(move).to_contain_text("would cover 40 more customers: 100 % within 15 minutes")
    expect(move).to_contain_text("standing by at the base of crew C3")
    move.get_by_role("button", name="Show the place").press("Enter")
    assert abs(page.evaluate("relightMap.getCenter().lat") - (LAT + 14 * KM)) < KM

    move.get_by_role("button", name="Ask the crew to stand by there").click()
    standing = page.locator("#posting-C1")
    expect(standing).to_contain_text("stands by: crew C3")
    phone = company.screen(Role.CREW, "/crew", crew_id="C1")
    expect(phone.locator("#standby")).to_contain_text("Please stand by crew C3")
    standing.get_by_label("Reason").fill("storm is over")
    standing.get_by_role("button", name="Take it back").click()
    expect(standing).to_have_count(0)
    expect(phone.locator("#standby")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "ask", "told"),
    [
        ("en", "Ask the crew to stand by there", "the place lies in the no-go zone “broken dike”"),
        ("zh-CN", "请班组前往待命", "该处位于禁入区“broken dike”内"),
    ],
)
def test_a_place_that_was_shut_meanwhile_is_refused_with_the_name_of_the_zone(
    company: Company, language: str, ask: str, told: str
):
    leave_the_north(company)
    page = company.screen(Role.DISPATCHER, "/console", language=language)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    lists: list[Route] = []

    def only_the_first(route: Route) -> None:  # so it is as it was when it is clicked
        lists.append(route)
        if len(lists) == 1:
            route.continue_()

    page.route("**/console/coverage", only_the_first)
    page.locator("#coverage-fold > summary").press("Enter")
    button = page.locator("#move-west").get_by_role("button", name=ask)
    expect(button).to_be_visible()
    now, half = company.clock.now, 0.02
    dike = DeclareZone(
        kind=ZoneKind.NO_GO,
        name="broken dike",
        area=shapely.box(LON - half, LAT + 14 * KM - half, LON + half, LAT + 14 * KM + half),
        starts_at=None,
        ends_at=None,
        within=None,
        by="another room",
    )
    company.expect_trouble("409")
    with company.house.transaction() as store:
        declare_zone(store, dike, now=now)
    button.click()
    expect(page.locator("#toasts")).to_contain_text(told)
    expect(page.locator("#posting-C1")).to_have_count(0)
