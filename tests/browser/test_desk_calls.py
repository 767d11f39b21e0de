"""The desk from call to call: danger, screen pops, a server that is gone, what was told."""

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
from playwright.sync_api import Page, Request, Route, expect
from sqlalchemy import insert, text

from api.callers import Role
from dispatch.store.tables.network import usage_point_phone as usage_point_phone_table
from tests.browser.conftest import Company
from tests.browser.test_every_page import NASTY, faults_of

Report = Callable[..., dict]


def stored(company: Company, what: str) -> list[tuple]:
    with company.engine.connect() as c:
        return [tuple(row) for row in c.execute(text(what))]


def ask(page: Page, typed: str) -> None:
    page.locator("#q").press_sequentially(typed)


def test_a_known_outage_is_answered_and_the_report_taken_by_keyboard_alone(
    company: Company, report: Report
):
    report("A1")
    page = company.screen(Role.AGENT, "/desk")
    page.keyboard.type("T1-1")
    expect(page.locator(".answer.known_fault .say")).to_contain_text("outage")
    expect(page.locator(".progress [aria-current]")).to_have_text("Reported")
    page.keyboard.press("F8")
    expect(page.locator(".taken")).to_contain_text("Added to a known outage")
    ((made,),) = stored(company, "SELECT id FROM ticket WHERE account = 'T1-1'")
    expect(page.locator(".taken .id")).to_have_text(made[-12:])
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("F2")
    expect(page.locator("#q")).to_have_value("")
    expect(page.locator("#answer .empty")).to_be_visible()
    expect(page.locator("#shelf")).to_be_hidden()
    assert stored(company, "SELECT count(*) FROM ticket WHERE account = 'T1-1'") == [(1,)]
    page.keyboard.type("T1-1")
    expect(page.locator(".told li")).to_have_count(1)
    kept = stored(company, "SELECT kind, tongue, ticket_id IS NOT NULL FROM answer_given")
    assert kept == [("known_fault", "en", True)]


def test_danger_is_taken_in_two_keys_where_no_place_was_found(company: Company):
    page = company.screen(Role.AGENT, "/desk")
    page.keyboard.press("Alt+1")
    expect(page.locator("#danger [data-kind=wire_down]")).to_be_visible()
    expect(page.locator("#danger .say p[lang=en]:visible")).to_contain_text("eight metres")
    expect(page.locator("#where")).to_be_focused()
    page.keyboard.type("behind the old mill")
    page.keyboard.press("Enter")
    expect(page.locator(".taken")).to_contain_text("the control room has to find the place first")
    found = stored(company, "SELECT hazards, address, disposition FROM ticket")
    assert found == [(["wire_down"], "behind the old mill", "incident")]


def test_danger_is_reported_for_the_customer_on_the_screen_unless_another_place_is_said(
    company: Company,
):
    page = company.screen(Role.AGENT, "/desk?q=T1-0")
    page.keyboard.press("Alt+2")
    page.keyboard.press("Enter")
    expect(page.locator(".taken")).to_contain_text("An incident was opened; a crew goes to look")
    page.keyboard.press("F2")
    ask(page, "T1-1")
    expect(page.locator(".caller")).to_contain_text("T1-1")
    page.keyboard.press("F4")
    page.keyboard.press("4")
    page.keyboard.type("at the corner")
    page.keyboard.press("Enter")
    expect(page.locator(".taken")).to_be_visible()
    found = stored(company, "SELECT hazards, account, address FROM ticket ORDER BY recorded_at, id")
    assert sorted(found, key=str) == [
        (["fire"], "T1-0", None),
        (["sparks"], None, "at the corner"),
    ]


def test_a_caller_who_comes_in_while_a_call_is_open_is_asked_about_first(company: Company):
    page = company.screen(Role.AGENT, "/desk?q=T2-0")
    page.get_by_label("What the caller sees").fill("half the house is dark")
    page.goto(company.server.url + "/desk?phone=13800001234")
    expect(page.locator("dialog.sure")).to_contain_text("13800001234 is calling")
    page.get_by_role("button", name="No, go back").click()
    expect(page.locator("#q")).to_have_value("T2-0")
    expect(page.get_by_label("What the caller sees")).to_have_value("half the house is dark")
    page.goto(company.server.url + "/desk?phone=13800001234")
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator(".caller h2")).to_have_text("west-phone")
    expect(page.get_by_label("What the caller sees")).to_have_value("")
    expect(page).to_have_url(company.server.url + "/desk")
    page.keyboard.press("F3")
    expect(page.locator("#q")).to_have_value("T2-0")
    expect(page.get_by_label("What the caller sees")).to_have_value("half the house is dark")


def test_the_next_caller_does_not_lose_what_was_typed_for_the_last(company: Company):
    page = company.screen(Role.AGENT, "/desk")
    ask(page, "T2-0")
    page.get_by_label("What the caller sees").fill("smell in the stairway")
    page.keyboard.press("F2")
    expect(page.locator("#shelf")).to_contain_text("smell in the stairway")
    expect(page.locator("#q")).to_be_focused()
    page.reload()
    page.locator("#shelf button").click()
    expect(page.get_by_label("What the caller sees")).to_have_value("smell in the stairway")


def test_a_report_taken_while_the_server_is_gone_is_sent_when_it_is_back(company: Company):
    company.expect_trouble("ERR_CONNECTION_REFUSED", "/api/v1/live", "ERR_INCOMPLETE")
    page = company.screen(Role.AGENT, "/desk", live=False)
    company.server.stop()
    ask(page, "T1-0")
    expect(page.locator("#away")).to_be_visible()
    page.get_by_label("What the caller sees").fill("dark since noon")
    page.keyboard.press("F8")
    expect(page.locator(".keeping")).to_contain_text("Kept on this computer")
    expect(page.locator("#unsent")).to_contain_text("1 not sent yet")
    page.keyboard.press("F2")
    expect(page.locator("#unsent")).to_contain_text("1 not sent yet")
    company.server.start()
    expect(page.locator("#unsent")).to_be_hidden()
    found = stored(company, "SELECT account, address, description FROM ticket")
    assert [row[2] for row in found] == ["dark since noon"]
    assert "T1-0" in found[0]


def test_who_was_told_an_earlier_time_hears_sorry_first(company: Company, report: Report):
    outage = report("A1")["outage"]["id"]
    etr = company.clock.now + timedelta(minutes=30)
    with company.engine.begin() as c:
        c.execute(
            text(
                "INSERT INTO answer_given (id, at, by, kind, said, tongue, usage_point_id,"
                " outage_id, etr_at, checked) SELECT 'G1', :now, 'Li Na', 'known_fault',"
                " 'Power is expected at 20:30.', 'en', id, :outage, :etr, '{}'"
                " FROM usage_point WHERE account = 'T1-0'"
            ),
            {"now": company.clock.now, "etr": etr, "outage": outage},
        )
        c.execute(
            text(
                "UPDATE outage SET etr_at = :etr, etr_source = 'dispatcher',"
                " etr_confidence = 'high', etr_from = NULL, etr_to = NULL, etr_basis = NULL"
            ),
            {"etr": etr + timedelta(minutes=90)},
        )
    page = company.screen(Role.AGENT, "/desk?q=T1-0")
    expect(page.locator(".sorry")).to_contain_text("I am sorry: we told you 20:30")
    expect(page.locator(".sorry")).to_contain_text("22:00")
    row = page.locator(".told li")
    expect(row).to_contain_text("Li Na")
    expect(row).to_contain_text("that time is still to come")
    expect(page.locator(".facts .sure")).to_have_text("Firm: it can be promised.")


def test_what_was_read_out_is_kept_when_the_agent_takes_the_next_caller(
    company: Company, report: Report
):
    report("A1")
    page = company.screen(Role.AGENT, "/desk?phone=13800001234")
    expect(page.locator(".answer.known_fault")).to_be_visible()
    page.keyboard.press("F7")
    expect(page.locator("body")).to_have_attribute("data-tongue", "zh-CN")
    page.keyboard.press("F2")
    expect(page.locator("#answer .empty")).to_be_visible()
    ask(page, "13800001234")
    expect(page.locator(".told li")).to_have_count(1)
    (said,) = stored(company, "SELECT tongue, phone, said LIKE '%停电%' FROM answer_given")
    assert said == ("zh-CN", "13800001234", True)


def test_the_replies_about_a_home_are_given_by_key_and_kept_on_the_report(company: Company):
    page = company.screen(Role.AGENT, "/desk")
    ask(page, "T1-0")
    expect(page.locator(".ask")).to_contain_text("Do your neighbours have light?")
    page.keyboard.press("Alt+y")
    expect(page.locator(".ask")).to_contain_text("main switch")
    page.keyboard.press("Alt+n")
    expect(page.locator(".ask")).to_have_count(0)
    expect(page.locator(".answer .say")).to_contain_text("the meter")
    page.keyboard.press("F8")
    expect(page.locator(".taken")).to_be_visible()
    (symptoms,) = stored(company, "SELECT symptoms FROM ticket")
    assert symptoms == (["neighbours_lit", "main_switch_on"],)


def test_one_of_several_accounts_is_picked_by_its_digit(company: Company):
    with company.engine.begin() as c:
        home = c.scalar(text("SELECT id FROM usage_point WHERE account = 'T2-0'"))
        c.execute(insert(usage_point_phone_table).values(phone="13800001234", usage_point_id=home))
    page = company.screen(Role.AGENT, "/desk")
    ask(page, "１３８００００１２３４")
    expect(page.locator(".choose button")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.locator(".choose button").first).to_be_focused()
    page.keyboard.press("1")
    expect(page.locator(".caller h2")).to_have_text("T2-0")


def test_words_under_composition_are_not_searched_for(company: Company):
    page = company.screen(Role.AGENT, "/desk")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/desk/answer" in r.url else None)
    box = page.locator("#q")
    box.evaluate(
        "box => { box.value = 'xing fu lu'; box.dispatchEvent("
        "new InputEvent('input', {isComposing: true, bubbles: true})); }"
    )
    box.evaluate(
        "box => { box.value = '幸福路'; box.dispatchEvent("
        "new CompositionEvent('compositionend', {bubbles: true})); }"
    )
    expect(page.locator("#caller")).to_contain_text("Place not settled")
    assert len(set(asked)) == 1  # a stream that just opened has the same asked once more


def test_an_older_answer_never_stands_over_a_newer_one(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.AGENT, "/desk")
    held: list = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/desk/answer?q=T1-0*", hold)
    ask(page, "T1-0")
    page.wait_for_event("request", lambda r: "q=T1-0" in r.url)
    page.locator("#q").fill("T2-0")
    expect(page.locator(".caller h2")).to_have_text("T2-0")
    for route in held:
        route.abort()
    expect(page.locator(".caller h2")).to_have_text("T2-0")


def test_callers_are_told_that_supply_is_back_with_one_key_each(company: Company, report: Report):
    outage = report("A1", phone="13811112222")["outage"]["id"]
    report("A2", "T1-1", phone="13811113333")
    restore(company, outage)
    page = company.screen(Role.AGENT, "/desk")
    expect(page.locator("#callbacks-count")).to_have_text("2")
    page.keyboard.press("F6")
    expect(page.locator("#callbacks li").first).to_be_focused()
    page.keyboard.press("1")
    expect(page.locator("#callbacks li")).to_have_count(1)
    expect(page.locator("#callbacks li")).to_be_focused()
    page.keyboard.press("2")
    expect(page.locator("#callbacks .empty")).to_be_visible()
    told = stored(company, "SELECT power_on FROM told ORDER BY power_on")
    assert told == [(False,), (True,)]
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_be_focused()


def test_two_agents_are_given_different_customers_and_see_who_calls_whom(
    company: Company, report: Report
):
    outage = report("A1", phone="13811112222")["outage"]["id"]
    report("A2", "T1-1", phone="13811113333")
    restore(company, outage)
    page = company.screen(Role.AGENT, "/desk")
    other = company.screen(Role.DISPATCHER, "/desk")
    page.keyboard.press("F6")
    expect(page.locator("[data-held=mine]")).to_have_attribute("data-ticket", "A1")
    other.keyboard.press("F6")
    expect(other.locator("[data-held=mine]")).to_have_attribute("data-ticket", "A2")
    expect(other.locator("[data-held=mine]")).to_be_focused()
    expect(other.locator("[data-ticket=A1]")).to_contain_text("agent calls, until")
    expect(page.locator("[data-ticket=A2]")).to_contain_text("dispatcher calls, until")
    other.keyboard.press("k")
    other.keyboard.press("1")
    expect(other.locator("#toasts")).to_contain_text("Take this caller first")
    company.expect_trouble("409")
    other.keyboard.press("Enter")
    expect(other.locator("#toasts")).to_contain_text("A colleague is calling this customer now")
    assert faults_of(other) == []
    page.keyboard.press("Escape")
    expect(other.locator("[data-ticket=A1]")).to_contain_text("I call")


def held_until(company: Company, ticket: str = "A1") -> datetime | None:
    (row,) = stored(company, f"SELECT held_until FROM told WHERE ticket_id = '{ticket}'")
    return row[0]


def desk_with_a_caller(company: Company, report: Report) -> Page:
    """A desk whose time is moved by hand, with one customer to call on the screen."""
    restore(company, report("A1", phone="13811112222")["outage"]["id"])
    page = company.screen(Role.AGENT, "/desk")
    page.clock.install()
    page.reload()
    page.keyboard.press("F6")
    expect(page.locator("[data-held=mine]")).to_have_attribute("data-ticket", "A1")
    return page


def pass_minutes(company: Company, page: Page, minutes: int) -> None:
    company.clock.advance(minutes)
    page.clock.fast_forward(minutes * 60_000)


def is_prolonging(asked: Request) -> bool:
    return asked.method == "PUT" and asked.url.endswith("/callback/hold")


def prolongings(page: Page) -> list[Request]:
    """The requests that a page sends from now on to keep a caller."""
    asked: list[Request] = []

    def heard(request: Request) -> None:
        if is_prolonging(request):
            asked.append(request)

    page.on("request", heard)
    return asked


def test_a_caller_on_the_screen_stays_with_the_agent_until_the_agent_goes_on(
    company: Company, report: Report
):
    page = desk_with_a_caller(company, report)
    first = held_until(company)
    with page.expect_response(lambda answer: is_prolonging(answer.request)) as kept:
        pass_minutes(company, page, 4)
    assert kept.value.status == 200
    assert first is not None
    assert held_until(company) == first + timedelta(minutes=4)
    company.clock.advance(2)  # the first five minutes are over
    other = company.screen(Role.DISPATCHER, "/desk")
    other.keyboard.press("F6")
    expect(other.locator("[data-ticket=A1]")).to_contain_text("agent calls, until")
    expect(page.locator("#toasts")).to_be_empty()
    page.keyboard.press("Escape")
    expect(other.locator("[data-ticket=A1]")).to_contain_text("I call")
    asked = prolongings(page)
    with page.expect_request("**/desk/callbacks"):
        pass_minutes(company, page, 4)
        other.keyboard.press("Enter")
    expect(other.locator("[data-held=mine]")).to_have_attribute("data-ticket", "A1")
    assert asked == []


def test_while_the_server_is_away_nothing_is_said_and_the_caller_is_kept_when_it_is_back(
    company: Company, report: Report
):
    company.expect_trouble("ERR_CONNECTION_REFUSED", "/api/v1/live", "ERR_INCOMPLETE")
    page = desk_with_a_caller(company, report)
    first = held_until(company)
    company.server.stop()
    with page.expect_event("requestfailed", is_prolonging):
        pass_minutes(company, page, 6)
        page.clock.run_for(16_000)  # to the next look, should the jump have met a list being read
    expect(page.locator("[data-held=mine]")).to_have_attribute("data-ticket", "A1")
    company.server.start()
    with page.expect_response(lambda answer: is_prolonging(answer.request)) as kept:
        pass_minutes(company, page, 1)
    assert kept.value.status == 200
    assert first is not None
    assert held_until(company) == first + timedelta(minutes=7)
    expect(page.locator("#toasts")).to_be_empty()


def test_a_desk_that_was_left_open_keeps_nobody_for_ever(company: Company, report: Report):
    page = desk_with_a_caller(company, report)
    first = held_until(company)
    asked = prolongings(page)
    with page.expect_response("**/desk/callbacks"):
        pass_minutes(company, page, 31)
        page.clock.run_for(2_000)
    assert asked == []
    assert held_until(company) == first


def test_an_urge_and_a_call_back_made_while_the_server_is_gone_count_once_when_it_is_back(
    company: Company, report: Report
):
    outage = report("A1", phone="13811112222")["outage"]["id"]
    restore(company, outage)
    report("B1", "T2-0")
    company.expect_trouble("ERR_CONNECTION_REFUSED", "/api/v1/live", "ERR_INCOMPLETE")
    page = company.screen(Role.AGENT, "/desk?q=T2-0", live=False)
    expect(page.locator(".repeat")).to_be_visible()
    page.keyboard.press("F6")
    expect(page.locator("[data-held=mine]")).to_be_focused()
    company.server.stop()
    page.keyboard.press("1")
    unsent = page.locator("#unsent li")
    expect(unsent).to_contain_text(["Call-back · T1-0: has light · kept on this computer"])
    expect(page.locator("#callbacks [data-ticket=A1]")).to_contain_text("Kept on this computer")
    page.keyboard.press("Escape")
    page.keyboard.press("F9")
    expect(unsent).to_have_count(2)
    expect(unsent.last).to_contain_text("Urge · T2-0")
    company.server.start()
    expect(page.locator("#unsent")).to_be_hidden()
    assert stored(company, "SELECT power_on FROM told WHERE ticket_id = 'A1'") == [(True,)]
    assert stored(company, "SELECT urged FROM ticket WHERE id = 'B1'") == [(1,)]
    kinds = stored(company, "SELECT kind FROM desk_action ORDER BY kind")
    assert kinds == [("called_back",), ("urged",)]


def test_what_the_server_refused_holds_up_nothing_that_comes_after_it(company: Company):
    company.expect_trouble("404")
    page = company.screen(Role.AGENT, "/desk")
    page.evaluate(
        """async () => {
          const { Letters } = await import("/static/js/letters.js");
          const letters = new Letters();
          const url = "/api/v1/tickets/gone/urge";
          const gone = { kind: "urge", url, late: {}, pressed: Date.now(), ticket: "gone" };
          for (let n = 0; n < 60; n += 1)
            await letters.add({ ...gone, body: { id: `U${n}`, note: "" }, who: `caller ${n}` });
        }"""
    )
    ask(page, "T1-0")
    page.keyboard.press("F8")
    expect(page.locator(".taken")).to_be_visible()
    expect(page.locator("#unsent h2")).to_have_text("60 could not be taken")
    expect(page.locator("#unsent li").first).to_contain_text("It does not exist any more.")
    page.locator("#unsent button").first.click()
    expect(page.locator("#unsent li")).to_have_count(59)


def restore(company: Company, outage: int) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    from api.callers import issue  # noqa: PLC0415

    token = issue(company.engine, label="x", role=Role.DISPATCHER, now=datetime.now(UTC))
    for step in ("confirm", "restore"):
        answer = httpx.post(
            f"{company.server.url}/api/v1/outages/{outage}/{step}",
            json={},
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        assert answer.status_code == 200, answer.text


def test_scripts_in_what_was_told_are_shown_as_text_and_axe_finds_nothing(
    company: Company, report: Report
):
    report("A1", phone="13811112222", description=NASTY)
    with company.engine.begin() as c:
        c.execute(text("UPDATE usage_point SET name = :n, address = :n"), {"n": NASTY})
        c.execute(
            text(
                "INSERT INTO answer_given (id, at, by, kind, said, tongue, phone, checked)"
                " VALUES ('G1', :now, :n, 'known_fault', :n, 'en', '13811112222', ARRAY[:n])"
            ),
            {"now": company.clock.now, "n": NASTY},
        )
    page = company.screen(Role.AGENT, "/desk?q=13811112222 T1-0")
    expect(page.locator(".told li")).to_contain_text("<script>")
    page.get_by_label("What the caller sees").fill(NASTY)
    page.keyboard.press("F2")
    expect(page.locator("#shelf button")).to_contain_text("<script>")
    expect(page).to_have_title("Desk · Relight")
    assert page.locator("img").count() == 0
    assert faults_of(page) == []
    page.keyboard.press("Alt+1")
    assert faults_of(page) == []
