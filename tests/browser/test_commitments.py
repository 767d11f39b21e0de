"""The month's promises on a supervisor's screen, and one clock judged again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from api.callers import Role
from api.worker import Work
from dispatch.domain.clock import ARRIVAL_COMMITMENT, DESK
from dispatch.domain.words import TicketId
from tests.browser.conftest import Company
from tests.browser.test_every_page import faults_of

Report = Callable[..., dict]


@pytest.fixture
def late(company: Company, report: Report) -> Company:
    """A report that was sent out and reached only after fifty minutes."""
    report("A1")
    company.clock.advance(50)
    now = company.clock.now
    with company.house.transaction() as store:
        clocks = store.clocks.list_of_ticket(TicketId("A1"))
        missed = [c for c in clocks if c.rule_id in {DESK, ARRIVAL_COMMITMENT}]
        store.clocks.judge([clock.judge(now, now, by="track", now=now) for clock in missed])
    return company


def test_a_figure_opens_the_tickets_behind_it_and_one_is_judged_again(late: Company):
    page = late.screen(Role.SUPERVISOR, "/commitments")
    row = page.locator("#line-dispatch_desk-urban")
    expect(row).to_contain_text("0.00 %")
    row.get_by_role("link", name="1").nth(1).click()
    expect(page.locator("tbody")).to_contain_text("Missed")
    page.get_by_role("link", name="A1").click()
    expect(page.locator("#verdict")).to_have_text("Missed")
    page.locator("#rejudge summary").click()
    began = page.locator("dd").nth(1).inner_text().replace(" ", "T")
    page.get_by_label("Reached, at the earliest").fill(began)
    page.get_by_label("Reached, at the latest").fill(began)
    page.get_by_label("Why").fill("the radio log shows it")
    page.get_by_role("button", name="Judge again").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#verdict")).to_have_text("Kept")
    expect(page.locator("#judgements li")).to_have_count(2)
    expect(page.locator("#judgements li").last).to_contain_text("the radio log shows it")


def test_the_promises_fit_a_desk_s_screen_to_the_last_column(late: Company):
    page = late.screen(Role.SUPERVISOR, "/commitments")
    wide = page.locator(".wide").filter(has_text="Headroom")
    expect(wide.get_by_role("columnheader").last).to_be_visible()
    assert wide.evaluate("each => each.scrollWidth - each.clientWidth") == 0


def test_a_warning_is_acknowledged_on_the_screen(company: Company, report: Report):
    report("A1")
    company.clock.advance(4)
    Work(company.house).tick()
    page = company.screen(Role.SUPERVISOR, "/commitments")
    alarm = page.locator("#alarms li")
    expect(alarm).to_contain_text("Dispatch")
    said, button = (alarm.locator(part).first.bounding_box() for part in ("> span", "button"))
    assert said and button
    middles = [box["y"] + box["height"] / 2 for box in (said, button)]
    assert abs(middles[0] - middles[1]) < 2
    alarm.get_by_label("What is done about it").fill("called the desk")
    alarm.get_by_role("button", name="Acknowledge").click()
    expect(alarm).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_serious_on_the_promises(late: Company, language: str):
    page = late.screen(Role.SUPERVISOR, "/commitments", language=language)
    expect(page.locator("#lines figure")).to_have_count(1)
    found = faults_of(page)
    page.goto(late.server.url + "/commitments/clocks?rule=dispatch_desk")
    found += faults_of(page)
    page.locator("tbody a").first.click()
    expect(page.locator("#story")).to_be_visible()
    assert found + faults_of(page) == []
