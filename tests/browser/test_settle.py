"""What would settle an outage, and whom to call back, in the outage's panel."""

from playwright.sync_api import expect

from api.callers import Role
from tests.browser.conftest import Company
from tests.browser.street import add_street
from tests.browser.test_thought import FUSE, Report, called, opened, read


def test_the_panel_names_the_place_whose_answer_tells_most(company: Company, report: Report):
    add_street(company.engine)
    called(company, report, "N1-0")
    page = opened(company)
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
    expect(page.locator("#settle")).to_contain_text("怎样才能确定？")
