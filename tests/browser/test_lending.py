"""Crews lent on the console and the phone: an ask is noticed, answered by keyboard, and undone."""

from playwright.sync_api import expect
from sqlalchemy import text

from api.callers import Role
from tests.browser.conftest import PHONE, Company
from tests.browser.test_every_page import NASTY, faults_of


def test_a_crew_is_asked_for_noticed_lent_and_recalled(company: Company):
    with company.engine.begin() as c:
        c.execute(text("UPDATE district SET name = '青山湖区塘山镇供电所' WHERE id = 'east'"))
        c.execute(text("UPDATE crew SET name = '抢修九班' WHERE id = 'C9'"))
    page = company.screen(Role.DISPATCHER, "/console")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    expect(page.locator("#loans-waiting")).to_be_hidden()
    page.locator("#loans-fold > summary").press("Enter")
    page.locator("#act-ask > summary").press("Enter")
    form = page.locator("#act-ask form")
    form.get_by_label("For the district").select_option("west")
    form.get_by_label("Ask the district").select_option("east")
    form.get_by_label("Reason").fill(NASTY)
    form.get_by_role("button", name="Ask for crews").press("Enter")

    loan = page.locator("#loan-1")
    expect(loan.locator(".state")).to_have_text("Asked")
    expect(loan).to_contain_text(NASTY)
    expect(page.locator("#loans-waiting")).to_have_text("1")
    assert page.title() != "taken"
    loan.get_by_label("Crew to send").select_option("C9")
    loan.get_by_label("Terms").fill("back for supper")
    assert faults_of(page) == []
    phone = company.screen(Role.CREW, "/crew", crew_id="C9", viewport=PHONE)
    loan.get_by_role("button", name="Lend the crew").press("Enter")
    expect(loan.locator(".state")).to_have_text("Lent")
    expect(page.locator("#loans-waiting")).to_be_hidden()
    expect(phone.locator("#on-loan")).to_contain_text("You drive for West")
    expect(phone.locator("#on-loan")).to_contain_text("back for supper")

    page.locator("#act-recall-1 > summary").press("Enter")
    page.locator("#act-recall-1").get_by_label("Reason").fill("our own storm")
    page.locator("#act-recall-1").get_by_role("button", name="Call the crew back").press("Enter")
    expect(loan.locator(".state")).to_have_text("Over")
    expect(loan).to_contain_text("our own storm")
    expect(phone.locator("#on-loan")).to_have_count(0)
