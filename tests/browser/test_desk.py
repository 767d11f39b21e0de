"""The agent's desk: one box, one answer, a report in a few keys."""

import re
from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import insert, text

from api.callers import Role
from dispatch.store.tables.network import usage_point_phone as usage_point_phone_table
from tests.browser.conftest import Company

Report = Callable[..., dict]


def test_an_agent_answers_a_known_outage_from_a_phone_number(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.AGENT, "/desk")
    page.locator("#q").press_sequentially("13800001234")
    answer = page.locator(".answer.known_fault")
    expect(answer).to_contain_text("Known fault")
    expect(answer.locator(".say p[lang=zh-CN]")).to_contain_text("停电")
    expect(answer.locator(".say p[lang=en]")).to_contain_text("outage")
    expect(page.locator(".caller")).to_contain_text("west-phone")


def test_an_agent_registers_a_report_with_a_hazard(company: Company):
    page = company.screen(Role.AGENT, "/desk")
    page.locator("#q").press_sequentially("T1-0")
    expect(page.locator(".answer.unknown")).to_be_visible()
    page.get_by_label("What the caller sees").fill("sparks at the pole")
    page.keyboard.press("F4")
    page.keyboard.press("4")
    expect(page.locator("#where")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".taken")).to_contain_text("An incident was opened")
    with company.engine.connect() as c:
        row = c.execute(text("SELECT channel, account, hazards, description FROM ticket")).one()
    assert tuple(row) == ("phone", "T1-0", ["sparks"], "sparks at the pole")


def test_a_double_click_registers_once(company: Company):
    page = company.screen(Role.AGENT, "/desk?q=T1-0")
    page.get_by_role("button", name="Register the report").dblclick()
    expect(page.locator(".taken")).to_be_visible()
    with company.engine.connect() as c:
        assert c.scalar(text("SELECT count(*) FROM ticket")) == 1


def test_several_accounts_of_one_phone_are_a_choice_and_never_guessed(company: Company):
    with company.engine.begin() as c:
        home = c.scalar(text("SELECT id FROM usage_point WHERE account = 'T2-0'"))
        c.execute(insert(usage_point_phone_table).values(phone="13800001234", usage_point_id=home))
    page = company.screen(Role.AGENT, "/desk?phone=13800001234")
    expect(page.locator("#q")).to_have_value("13800001234")
    expect(page.locator(".choose button")).to_have_count(2)
    expect(page.locator(".answer")).to_have_count(0)
    page.locator(".choose button", has_text="T2-0").click()
    expect(page.locator(".caller h2")).to_have_text("T2-0")


def test_a_repeat_caller_urges(company: Company, report: Report):
    report("A1", phone="13800001234", account="west-phone")
    page = company.screen(Role.AGENT, "/desk?phone=13800001234")
    page.get_by_label("What the caller sees").fill("a baby is at home")
    page.keyboard.press("F9")
    expect(page.locator("#toasts")).to_contain_text("Done")
    with company.engine.connect() as c:
        assert c.scalar(text("SELECT urged FROM ticket WHERE id = 'A1'")) == 1


def test_what_an_agent_types_stays_while_the_answer_comes_anew(company: Company):
    page = company.screen(Role.AGENT, "/desk?q=T1-0")
    page.get_by_label("What the caller sees").fill("no light since noon")
    page.get_by_text("Neighbours have light", exact=True).click()
    expect(page.locator(".answer.internal_likely")).to_be_visible()
    expect(page.locator(".checks li").first).to_contain_text("Yes, they have light")
    expect(page.get_by_label("What the caller sees")).to_have_value("no light since noon")


def test_two_characters_are_not_searched_for(company: Company):
    page = company.screen(Role.AGENT, "/desk?q=T1")
    expect(page.locator("#answer")).to_contain_text("Three characters at least")


def test_the_answer_says_how_probable_it_is_and_why_and_asks_nothing_that_is_settled(
    company: Company, report: Report
):
    report("A1")
    page = company.screen(Role.AGENT, "/desk?q=T1-1")
    chance = page.locator(".answer .chance")
    expect(chance).to_contain_text("With 99 percent this home is out because of the known outage.")
    expect(chance).to_contain_text("reports so far: 1")
    expect(page.locator(".answer")).to_contain_text(re.compile(r"· 1 report\b"))
    assert float(chance.get_attribute("data-share") or "0") == 0.999
    expect(page.locator(".ask")).to_have_count(0)


def test_where_nothing_is_known_the_answer_says_so_and_asks(company: Company):
    page = company.screen(Role.AGENT, "/desk?q=T1-1")
    expect(page.locator(".answer .chance")).to_have_text("No outage on record explains this call.")
    expect(page.locator(".ask button")).to_have_count(2)
    expect(page.locator(".ask")).to_contain_text("Do your neighbours have light?")
    page.locator(".ask").get_by_role("button", name="No, they are out too").click()
    expect(page.locator(".ask")).to_have_count(0)
    expect(page.get_by_label("Neighbours are out too")).to_be_checked()
    expect(page.locator("#q")).to_be_focused()
