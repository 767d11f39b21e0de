"""When a crew is at the door, on the console: anew with its position, and old when it is old."""

from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import text

from api.callers import Role
from api.expecting import expect_anew
from dispatch.domain.words import CrewId
from dispatch.store.transaction import PgStore
from tests.browser.conftest import Company, keep_moving
from tests.store.builders import LAT, LON, a_fix

C1 = CrewId("C1")


def test_an_expected_arrival_comes_with_a_position_and_grows_old(
    company: Company, report: Callable[..., dict]
):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#ranking li").first).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#ranking li.mine")).to_contain_text("crew C1")
    with company.engine.begin() as c:
        c.execute(text("UPDATE trouble_order SET status = 'en_route', en_route_at = assigned_at"))
        PgStore(c).crews.record_fixes([a_fix("p1", lon=LON + 0.01)])
    expect_anew(company.house, [C1])
    shown = page.locator("#detail [data-eta]")
    expect(shown).to_contain_text("At the door about")
    expect(shown).to_contain_text("straight line, estimated")
    expect(shown).not_to_contain_text("Not seen since")
    page.locator("#crews-fold > summary").click()
    expect(page.locator(".crewlist li").first).to_contain_text("At the door about")
    page.evaluate(
        "([lon, lat]) => relightMap.setView([lat, lon], 16, {animate: false})", [LON + 0.01, LAT]
    )
    page.evaluate(
        "new Promise((read) => document.addEventListener('relight:crews', read, {once: true}))"
    )
    look = page.locator(".folium-map").bounding_box()
    assert look
    tip = page.locator(".tip")
    middle = look["x"] + look["width"] / 2 + 3, look["y"] + look["height"] / 2
    keep_moving(page, *middle, lambda: tip.count() == 1)  # the crew glides to where it was seen
    expect(tip).to_contain_text("crew C1 ·")
    expect(tip).to_contain_text("· there ")
    company.clock.advance(4)
    page.reload()
    expect(shown).to_contain_text("Not seen since: this is old.")
