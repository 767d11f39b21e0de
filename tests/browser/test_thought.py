"""What inference thinks, as a dispatcher sees it."""

from collections.abc import Callable

import httpx
from playwright.sync_api import Page, expect

from api.callers import Role
from tests.browser.conftest import Company
from tests.browser.street import add_street, look

Report = Callable[..., dict]


def a_blown_fuse(company: Company, report: Report) -> None:
    add_street(company.engine)
    for n, account in enumerate(("N1-0", "N2-3", "N1-7", "N3-2", "N2-9")):
        report(f"B{n}", account)
        company.clock.advance(1)
    look(company)


def prediction_of(company: Company, page: Page, outage_id: int) -> dict:
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    answer = httpx.get(f"{company.server.url}/api/v1/outages/{outage_id}", cookies=cookies)
    return answer.json()["prediction"]


def test_x(company: Company, report: Report):
    a_blown_fuse(company, report)
    page = company.screen(Role.DISPATCHER, "/console")
    page.locator("[role=option].outage").first.click()
    expect(page.locator("#shown")).to_be_visible()
    page.wait_for_timeout(1500)
    print(prediction_of(company, page, 1))
    page.screenshot(path="/tmp/s1.png")
    page.keyboard.press("s")
    page.wait_for_timeout(300)
    page.screenshot(path="/tmp/s2.png")
