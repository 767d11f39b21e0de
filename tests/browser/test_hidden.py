"""A fault suspected behind another: an alarm in the strip, one click on the panel."""

from collections.abc import Callable

from playwright.sync_api import expect

from api.callers import Role
from dispatch.procedures.confirming import confirm
from tests.browser.conftest import Company
from tests.browser.street import add_street, look
from tests.store.builders import adopt_rates

Report = Callable[..., dict]


def test_a_suspected_fault_is_an_alarm_is_dismissed_with_a_reason_or_split_off_with_a_click(
    company: Company, report: Report
):
    add_street(company.engine)
    outage_id = report("first", "N1-0")["outage"]["id"]
    with company.house.transaction() as store:
        adopt_rates(store, straggling=0.0)
        outage = store.outages.lock(outage_id)
        fuse = store.directory.find_device("F2-north")
        confirm(
            store, outage, fuse, cause=None, at=company.clock.now, by="C1", now=company.clock.now
        )
    company.clock.advance(650)
    report("late", "N2-3")
    report("alone", "N3-4")
    look(company)

    page = company.screen(Role.DISPATCHER, "/console")
    alarms = page.locator("#alarm-all li.hidden_fault")
    expect(alarms).to_have_count(2)
    page.locator("#alarm-all summary").click()
    alarms.locator(".go", has_text="N3-4").click()
    expect(page.locator("#shown")).to_have_attribute("data-key", f"outage-{outage_id}")
    expect(page.locator(".suspected")).to_have_count(2)
    expect(page.locator("#hidden-1")).to_contain_text("650 minutes after the outage began")

    page.locator("#act-dismiss-2 summary").click()
    page.locator("#act-dismiss-2").get_by_label("Reason").fill("he was asleep")
    page.get_by_role("button", name="Dismiss the proposal").click()
    expect(page.locator(".suspected")).to_have_count(1)

    page.locator("#hidden-1").get_by_role("button", name="Split it off").click()
    expect(page.locator(".suspected")).to_have_count(0)
    expect(page.locator("#alarms .hidden_fault")).to_have_count(0)
    expect(page.locator(".timeline")).to_contain_text("Proposal to split accepted")
    expect(page.locator(f"[role=option][data-key=outage-{outage_id + 1}]")).to_be_visible()
