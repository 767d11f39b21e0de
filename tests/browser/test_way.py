"""The way to an order on the crew's phone: how far, how long, drawn, and kept without a network."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from api.callers import Role
from dispatch.store.transaction import PgStore
from tests.api.grid import lay_roads, place
from tests.browser.conftest import PHONE, Company
from tests.browser.test_crew import AWAY, is_ready_for_no_network, phone, send_crew
from tests.browser.test_every_page import faults_of
from tests.store import builders as build

Report = Callable[..., dict]


def seen_at(company: Company, row: float, column: float, fix_id: str = "p1") -> None:
    """The crew was there a moment ago."""
    lon, lat = place(row, column)
    minutes = (company.clock.now - build.NOW).total_seconds() / 60
    with company.engine.begin() as c:
        PgStore(c).crews.record_fixes([build.a_fix(fix_id, "C1", minutes, lon=lon, lat=lat)])


@pytest.fixture
def sent(company: Company, report: Report) -> Company:
    """C1 stands 1.5 km up and 1.5 km beside the outage, by road, and is sent to it."""
    lay_roads(company.engine)
    report("A1")
    seen_at(company, 3, 3)
    send_crew(company)
    return company


def drawn(page: Page) -> str:
    return page.locator(".wayto path.way").get_attribute("d") or ""


@pytest.mark.parametrize(
    ("language", "theme", "said"),
    [("en", "light", "3.0 km by road, about 6 min"), ("zh-CN", "dark", "沿道路3.0公里，约6分钟")],
)
def test_the_phone_says_how_far_and_how_long_and_draws_the_way(
    sent: Company, language: str, theme: str, said: str
):
    page = phone(sent, language=language)
    page.locator("#theme").evaluate(
        "(pick, theme) => { pick.value = theme; pick.dispatchEvent(new Event('change')); }", theme
    )
    expect(page.locator(".wayto")).to_contain_text(said)
    expect(page.locator(".wayto svg")).to_be_visible()
    assert drawn(page).count("L") >= 2  # along the streets, not straight across
    assert faults_of(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_the_way_is_kept_without_a_network_and_drawn_anew_when_the_crew_has_moved(sent: Company):
    page = phone(sent)
    expect(page.locator(".wayto")).to_contain_text("3.0 km by road")
    is_ready_for_no_network(page)
    first = drawn(page)
    sent.expect_trouble(*AWAY)
    sent.server.stop()
    page.reload()
    expect(page.locator("#unreached")).to_be_visible()
    assert drawn(page) == first
    sent.clock.advance(2)
    seen_at(sent, 1, 3, "p2")
    sent.server.start()
    expect(page.locator(".wayto")).to_contain_text("2.0 km by road")
    assert drawn(page) != first


def test_a_crew_reads_no_other_crew_s_way(sent: Company):
    other = sent.screen(Role.CREW, "/login", crew_id="C2", viewport=PHONE)
    other.goto(sent.server.url + "/crew")
    expect(other.locator(".empty")).to_be_visible()
    assert other.locator(".wayto").count() == 0
    answer = other.request.get(f"{sent.server.url}/console/crews/C1/way")
    assert answer.status == 403


def test_who_has_arrived_is_shown_no_way(sent: Company):
    page = phone(sent)
    expect(page.locator(".wayto")).to_be_visible()
    for step in ("accept", "en_route", "arrive"):
        page.locator(f".steps.bar [data-action={step}]").click()
    expect(page.locator(".wayto")).to_have_count(0)
