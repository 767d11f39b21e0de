"""Steps of the console taken with the mouse: some transformers lit, a second crew, crews lent."""

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import text

from api.callers import Role
from tests.browser.conftest import Company
from tests.browser.test_thought import (
    blown_fuse,  # noqa: F401 (a fixture)
    opened,
)

Report = Callable[..., dict]


def lit(company: Company) -> set[str]:
    """The transformers of outage 1 that have light again."""
    with company.engine.connect() as c:
        found = c.scalars(
            text(
                "SELECT transformer_id FROM outage_transformer"
                " WHERE outage_id = 1 AND restored_at IS NOT NULL"
            )
        )
        return set(found)


def second_crew(company: Company) -> tuple[str, str | None]:
    """How the second order of outage 1 stands, and whose it is."""
    with company.engine.connect() as c:
        row = c.execute(
            text("SELECT status, crew_id FROM trouble_order WHERE supports_id IS NOT NULL")
        ).one()
    return row.status, row.crew_id


def sure(page: Page) -> None:
    page.locator("dialog.sure button[value=yes]").click()


def test_only_the_chosen_transformers_are_restored(blown_fuse: Company):  # noqa: F811
    page = opened(blown_fuse)
    page.locator("#act-confirm > summary").click()
    page.get_by_role("button", name="Confirm the outage").click()
    sure(page)
    expect(page.locator("#shown p.over")).to_contain_text("Confirmed")
    form = page.locator("#act-restore form")
    page.locator("#act-restore > summary").click()
    expect(form.locator("input[name=transformers]")).to_have_count(3)
    form.locator("input[value=N1]").check()
    form.locator("input[value=N3]").check()
    form.get_by_label("Cause").fill("a branch")
    form.get_by_role("button", name="Supply is back").click()
    sure(page)
    expect(page.locator("#shown p.over")).to_contain_text("Partly restored")
    assert lit(blown_fuse) == {"N1", "N3"}
    page.locator("#act-restore > summary").click()
    expect(form.locator("input[name=transformers]")).to_have_count(0)  # one is left: it is meant
    form.get_by_role("button", name="Supply is back").click()
    sure(page)
    expect(page.locator("#act-restore")).to_have_count(0)
    assert lit(blown_fuse) == {"N1", "N2", "N3"}


def test_a_second_crew_is_asked_for_and_called_off_with_a_reason(company: Company, report: Report):
    report("A1")
    page = opened(company)
    page.locator("#crew-C1 .assign button").click()
    expect(page.locator("#crew-C1.mine")).to_be_visible()
    page.locator("#second > summary").click()
    asking = page.locator("#second form[data-url$='/support']")
    asking.get_by_label("Reason").fill("two poles down")
    asking.get_by_role("button", name="Ask for a second crew").click()
    sending = page.locator("#second form[data-url$='/assignment']")
    sending.get_by_label("Crew").select_option("C2")
    sending.get_by_label("Reason").fill("they are near")
    sending.get_by_role("button", name="Send this crew as the second").click()
    expect(sending).to_have_count(0)
    assert second_crew(company) == ("assigned", "C2")
    asking.get_by_label("Reason").fill("one will do")
    asking.get_by_role("button", name="One crew is enough").click()
    expect(asking.get_by_role("button", name="Ask for a second crew")).to_be_visible()
    assert second_crew(company) == ("cancelled", "C2")
    expect(page.locator("#shown .timeline")).to_contain_text("one will do")


def test_a_district_consents_beforehand_a_crew_comes_at_once_and_is_given_back(company: Company):
    page = company.screen(Role.DISPATCHER, "/console")
    page.locator("#loans-fold > summary").click()
    page.locator("#act-allow > summary").click()
    allow = page.locator("#act-allow form")
    allow.get_by_label("The district that lends").select_option("east")
    allow.get_by_label("Free crews to keep").fill("0")
    allow.get_by_label("Reason").fill("the season of storms")
    allow.get_by_role("button", name="Consent beforehand").click()
    expect(page.locator("#rule-1")).to_contain_text("the season of storms")
    page.locator("#act-ask > summary").click()
    ask = page.locator("#act-ask form")
    ask.get_by_label("For the district").select_option("west")
    ask.get_by_label("Ask the district").select_option("east")
    ask.get_by_label("Reason").fill("four lines down")
    ask.get_by_role("button", name="Ask for crews").click()
    loan = page.locator("#loan-1")
    expect(loan.locator(".state")).to_have_text("Lent")
    expect(loan).to_contain_text("by standing consent")
    page.locator("#act-return-1 > summary").click()
    back = page.locator("#act-return-1 form")
    back.get_by_label("Reason").fill("our own suffice")
    back.get_by_role("button").click()
    expect(loan.locator(".state")).to_have_text("Over")
    page.locator("#act-revoke-1 > summary").click()
    page.locator("#act-revoke-1").get_by_label("Reason").fill("the season is over")
    page.locator("#act-revoke-1").get_by_role("button").click()
    expect(page.locator("#rule-1")).to_have_count(0)
