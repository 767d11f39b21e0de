"""What would settle an outage, and whom to call back, in the outage's panel."""

import httpx
from playwright.sync_api import Page, expect

from api.callers import Role
from tests.browser.conftest import Company
from tests.browser.street import add_street
from tests.browser.test_thought import FUSE, Report, called, opened, read


def test_the_panel_names_the_place_whose_answer_tells_most(company: Company, report: Report):
    add_street(company.engine)
    called(company, report, "N1-0")
    page = opened(company)
    page.get_by_text("What would settle it?").click()
    told = read(company, page, "outages/1/next-evidence")["questions"]
    asks = page.locator("#settle .asks > li")
    expect(asks).to_have_count(len(told))
    expect(asks.first).to_contain_text(f"Ping a meter of {told[0]['transformer_name']}")
    expect(asks.first).to_contain_text("Lit: more likely only the homes that report.")


def test_after_a_restoration_an_answer_is_taken_down_in_the_panel(company: Company, report: Report):
    add_street(company.engine)
    called(company, report, *FUSE)
    page = opened(company)
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#shown .state").first).to_have_text("Confirmed")
    page.locator("#act-restore summary").click()
    page.get_by_role("button", name="Supply is back").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#shown .state").first).to_have_text("Restored")
    panel = page.locator("#verified")
    told = read(company, page, "outages/1/call-backs")
    expect(panel.locator(".asks > li")).to_have_count(len(told["to_ask"]))
    panel.get_by_role("button", name="not reached").first.click()
    expect(panel).to_contain_text("Asked already")
    company.clock.advance(1)
    panel.get_by_role("button", name="has light").first.click()
    expect(panel.locator(".parts > li")).to_have_count(2)
    after = read(company, page, "outages/1/call-backs")
    assert after["sure"] > told["sure"]
    assert [each["lit"] for each in after["asked"]] == [None, True]


def test_the_panel_asks_in_chinese_as_well(company: Company, report: Report):
    add_street(company.engine)
    called(company, report, "N1-0")
    page = company.screen(Role.DISPATCHER, "/console", language="zh-CN")
    page.locator("[role=option].outage").click()
    page.get_by_text("怎样才能确定？").click()
    expect(page.locator("#settle .asks > li").first).to_contain_text("召测")


def asked_for(page: Page) -> list[tuple[int, str]]:
    """Status of each answer to what the panel asks for, from now on."""
    seen: list[tuple[int, str]] = []
    page.on(
        "response",
        lambda each: seen.append((each.status, each.url)) if "/settle" in each.url else None,
    )
    return seen


def test_nothing_is_worked_out_before_somebody_opens_it(company: Company, report: Report):
    add_street(company.engine)
    called(company, report, "N1-0")
    page = company.screen(Role.DISPATCHER, "/console")
    seen = asked_for(page)
    page.locator("[role=option].outage").click()
    expect(page.locator("#settle-fold")).to_be_visible()
    page.keyboard.press("Escape")
    assert seen == []
    page.get_by_text("What would settle it?").click()
    expect(page.locator("#settle .asks > li").first).to_be_visible()
    assert [status for status, _ in seen if status != 204] == [200]  # worked out once


def test_an_open_panel_is_worked_out_anew_only_with_a_new_prediction(
    company: Company, report: Report
):
    add_street(company.engine)
    called(company, report, "N1-0")
    page = opened(company)
    page.get_by_text("What would settle it?").click()
    asks = page.locator("#settle .asks > li")
    expect(asks.first).to_be_visible()
    mark = page.locator("#settle").get_attribute("data-mark") or ""
    seen = asked_for(page)
    with page.expect_response("**/settle?**"):
        report("elsewhere", "T1-0")
    assert {status for status, _ in seen} == {204}
    expect(asks.first).to_be_visible()
    called(company, report, "N2-3")
    expect(page.locator("#settle")).not_to_have_attribute("data-mark", mark)
    worked_out = [url for status, url in seen if status == 200]  # the address says what was known
    assert worked_out and len(set(worked_out)) == len(worked_out)


def test_who_may_not_see_the_outage_is_told_nothing_of_it(company: Company, report: Report):
    add_street(company.engine)
    called(company, report, "N1-0")
    page = opened(company)
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    url = f"{company.server.url}/console/outages/999/settle"
    assert httpx.get(url, cookies=cookies).status_code == 404
    agent = company.screen(Role.AGENT, "/desk")
    cookies = {c["name"]: c["value"] for c in agent.context.cookies()}
    url = f"{company.server.url}/console/outages/1/settle"
    assert httpx.get(url, cookies=cookies).status_code == 403
