"""The public notice on the console: one click lets it out, and it shows what it answered."""

from collections.abc import Callable

from playwright.sync_api import expect

from api.callers import Role
from tests.browser.conftest import Company

Report = Callable[..., dict]


def test_a_notice_is_released_with_one_click_counts_and_is_withdrawn(
    company: Company, report: Report
):
    for n in range(5):  # the fourth and the fifth are repeats
        report(f"r{n}", f"T1-{n % 3}", multiple_premises=True)
    page = company.screen(Role.DISPATCHER, "/console")
    page.locator("[role=option][data-key=outage-1]").click()
    notice = page.locator("#notice")
    expect(notice).to_contain_text("Calls burst: 5 in 10 minutes.")
    expect(notice).to_contain_text("This is not confirmed yet")
    page.get_by_role("button", name="Release the notice").click()
    expect(page.locator("#notice-out")).to_contain_text("Notice 1 is out")
    expect(page.locator("#notice-draft")).to_have_count(0)

    said = report("later", "west-phone", channel="app")["say"]["en"]
    expect(page.locator("#notice-out blockquote")).to_have_text(said)
    expect(page.locator("#avoided-1")).to_contain_text("1 of them without an agent")

    page.locator("#act-withdraw summary").click()
    page.locator("#act-withdraw").get_by_label("Reason").fill("wrong street")
    page.get_by_role("button", name="Withdraw the notice").click()
    expect(page.locator("#notice-out")).to_have_count(0)
    expect(page.locator("#notice-draft")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("Public notice withdrawn")
    assert report("last", "T1-2", channel="app")["say"] is None
