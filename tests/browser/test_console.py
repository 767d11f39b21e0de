"""The dispatcher's console: by keyboard, live, and with two people at once."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import text

from api.callers import Role
from api.worker import Work
from dispatch.usecases.write_access_note import WriteAccessNote, write_access_note
from tests.browser.conftest import Company, keep_moving

Report = Callable[..., dict]


def crew_of(company: Company) -> str | None:
    with company.engine.connect() as c:
        return c.scalar(text("SELECT crew_id FROM trouble_order"))


def open_first(page: Page) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#ranking li").first).to_be_visible()


def test_a_dispatcher_assigns_a_crew_by_keyboard_alone(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    page.keyboard.press("1")
    expect(page.locator("#ranking li.mine")).to_contain_text("crew C1")
    expect(page.locator("[role=option]")).to_contain_text("Assigned")
    assert crew_of(company) == "C1"


def test_an_order_is_given_to_another_crew_by_keyboard_alone(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    page.keyboard.press("1")
    expect(page.locator("#ranking li.mine")).to_contain_text("crew C1")
    other = page.locator("#crew-C2")
    expect(other).to_be_visible()
    other.locator("input[name=reason]").fill("nearer by the bridge")
    other.locator("input[name=reason]").press("Enter")
    expect(page.locator("#ranking li.mine")).to_contain_text("crew C2")
    assert crew_of(company) == "C2"


def test_a_dispatcher_keeps_the_crew_that_the_plan_has_sent(company: Company, report: Report):
    report("A1")
    with company.engine.begin() as c:
        c.execute(text("UPDATE district SET assignment_mode = 'automatic'"))
        c.execute(text("UPDATE trouble_order SET hold_until = NULL"))
    Work(company.house).assign("west")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    mine = page.locator("#ranking li.mine")
    mine.get_by_role("button", name="Keep this crew").click()
    expect(page.locator(".timeline")).to_contain_text("crew C1 chosen by")
    expect(mine.get_by_role("button", name="Keep this crew")).to_have_count(0)
    with company.engine.connect() as c:
        (why,) = c.scalars(text("SELECT why[1] FROM trouble_order"))
    assert why.startswith("chosen_by")


def test_a_crew_that_the_system_would_not_send_needs_a_reason(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    page.keyboard.press("2")
    expect(page.locator("#crew-C2 input[name=reason]")).to_be_focused()
    assert crew_of(company) is None
    page.keyboard.type("knows the place")
    page.keyboard.press("Enter")
    expect(page.locator("#ranking li.mine")).to_contain_text("crew C2")
    assert crew_of(company) == "C2"


def test_a_number_does_nothing_while_another_row_is_selected_than_shown(
    company: Company, report: Report
):
    report("A1")
    report("A2", "T2-0")
    page = company.screen(Role.DISPATCHER, "/console")
    expect(page.locator("[role=option]")).to_have_count(2)
    open_first(page)
    page.keyboard.press("j")
    page.keyboard.press("1")
    expect(page.locator("#toasts")).to_contain_text("Press Enter")
    assert crew_of(company) is None


def test_what_was_typed_for_one_outage_is_not_carried_to_another(company: Company, report: Report):
    report("A1")
    report("A2", "T2-0")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    page.locator("#crew-C2 input[name=reason]").fill("for the first one")
    page.locator("[role=option]").nth(1).click()
    expect(page.locator("#shown[data-key=outage-2]")).to_be_visible()
    expect(page.locator("#crew-C2 input[name=reason]")).to_have_value("")


def test_of_two_dispatchers_the_second_is_shown_what_changed(company: Company, report: Report):
    report("A1")
    second = company.screen(Role.DISPATCHER, "/console", name="dispatcher-2", live=False)
    second.locator("[role=option]").click()
    expect(second.locator(".ranked > li")).to_have_count(2)
    company.clock.advance(1)
    first = company.screen(Role.DISPATCHER, "/console")
    open_first(first)
    first.keyboard.press("1")
    expect(first.locator("#ranking li.mine")).to_be_visible()
    company.expect_trouble("/assignment")  # the browser writes every 412 down
    second.keyboard.press("2")
    second.keyboard.type("it is nearer")
    second.keyboard.press("Enter")
    expect(second.locator(".changed")).to_contain_text("Assigned")
    expect(second.locator(".changed")).to_contain_text("crew C1")
    assert crew_of(company) == "C1"


def test_a_new_report_appears_by_itself_and_leaves_typed_text_alone(
    company: Company, report: Report
):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    page.locator("#act-confirm summary").click()
    cause = page.get_by_label("Cause, if known")
    cause.fill("a tree on the li")
    report("A2", "T1-1")
    expect(page.locator("[role=option]")).to_contain_text("2 reports")
    expect(page.locator(".callers > li")).to_have_count(2)
    expect(cause).to_be_focused()
    reason = page.locator("#crew-C2 input[name=reason]")
    reason.fill("not sent yet")
    cause.focus()
    report("A3", "T1-2")
    expect(page.locator(".callers > li")).to_have_count(3)
    expect(reason).to_have_value("not sent yet")
    page.keyboard.press("End")
    page.keyboard.type("ne")
    expect(cause).to_have_value("a tree on the line")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Yes, do it").press("Enter")
    expect(page.locator("#shown .state")).to_have_text("Confirmed")


def test_an_outage_is_estimated_restored_and_closed(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    page.locator("#act-estimate summary").click()
    page.locator("#detail").get_by_label("Minutes from now").fill("30")
    page.get_by_role("button", name="Set the estimate").click()
    expect(page.locator("#shown")).to_contain_text("by the dispatcher")
    company.clock.advance(20)
    page.locator("#act-restore summary").click()
    page.get_by_role("button", name="Supply is back").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#shown .state")).to_have_text("Restored")
    page.locator("#act-close summary").click()
    company.expect_trouble("/close")  # a refusal is written down by the browser
    page.get_by_role("button", name="Close the outage").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("#toasts")).to_contain_text("Not every caller")
    page.get_by_label("Reason, where not every").fill("seen by the meter")
    page.get_by_role("button", name="Close the outage").click()
    page.get_by_role("button", name="Yes, do it").click()
    expect(page.locator("[role=option]")).to_have_count(0)


def press(page: Page, selector: str) -> None:
    """Hold the button down in the middle of something."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()


def test_what_is_pressed_does_not_move_away_under_the_pointer(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    page.locator("#act-close summary").click()
    page.locator("#act-close button").scroll_into_view_if_needed()
    with page.expect_response("**/console/outages/*") as read:
        press(page, "#act-close button")
        report("A2", "T1-1", description="the whole street is dark")
    read.value.finished()
    expect(page.locator("[role=option]").first).to_contain_text("2 reports")
    expect(page.locator(".callers > li")).to_have_count(1)
    page.mouse.up()
    expect(page.get_by_role("button", name="Yes, do it")).to_be_visible()
    expect(page.locator(".callers > li")).to_have_count(2)


def test_a_mouse_that_goes_on_moving_holds_nothing_back(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    with page.expect_response("**/console/outages/*") as read:
        press(page, "#shown h2")
        report("A2", "T1-1")
    read.value.finished()
    page.mouse.up()
    keep_moving(page, 500, 400, lambda: page.locator(".callers > li").count() == 2)


def test_a_row_that_is_pressed_is_the_row_that_opens(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    with page.expect_response("**/console/rows") as read:
        press(page, "[role=option]")
        report("A2", "T2-0", hazards=["fire"])
    read.value.finished()
    expect(page.locator("#alarms")).to_contain_text("1 alarm")
    expect(page.locator("[role=option]")).to_have_count(1)
    page.mouse.up()
    expect(page.locator("#shown h2")).to_be_visible()
    expect(page.locator("#shown")).to_have_attribute("data-key", re.compile("^outage-"))
    expect(page.locator("[role=option]")).to_have_count(2)


def test_a_report_without_a_place_is_located_from_the_list(company: Company, report: Report):
    report("A1", None, address="nowhere in particular")
    page = company.screen(Role.DISPATCHER, "/console")
    page.locator("[role=option].unlocated").click()
    page.get_by_label("Account").fill("T2-0")
    page.get_by_role("button", name="Locate", exact=True).click()
    expect(page.locator("[role=option].outage")).to_contain_text("transformer T2")


def test_a_wrong_number_leaves_the_list_by_keyboard(company: Company, report: Report):
    report("A1", None, description="wrong number")
    page = company.screen(Role.DISPATCHER, "/console")
    page.locator("[role=option].unlocated").click()
    expect(page.locator("#act-close")).to_be_visible()
    page.keyboard.press("x")
    page.get_by_label("Reason, such as a wrong number").fill("dialled wrong")
    page.get_by_role("button", name="Close the report").press("Enter")
    page.locator("dialog.sure button[value=yes]").click()
    expect(page.locator("[role=option]")).to_have_count(0)
    expect(page.locator("#shown")).to_contain_text("Closed")
    expect(page.locator("#shown form.locate")).to_have_count(0)


def test_the_header_says_when_the_stream_is_late_or_gone(company: Company):
    page = company.screen(Role.DISPATCHER, "/login")
    page.clock.install()
    page.goto(company.server.url + "/console")
    live = page.locator("#live")
    expect(live).to_have_attribute("data-state", "live")
    page.clock.fast_forward(6000)
    expect(live).to_have_attribute("data-state", "late")
    company.expect_trouble("/api/v1/live", "/console/", "ERR_", "htmx:sendError")
    company.server.stop()
    expect(live).to_have_attribute("data-state", "down")
    expect(live).to_contain_text("No connection")
    company.server.start()
    page.clock.fast_forward(4000)
    expect(live).to_have_attribute("data-state", "live")


def test_a_supervisor_sees_and_cannot_command(company: Company, report: Report):
    report("A1")
    page = company.screen(Role.SUPERVISOR, "/console")
    page.locator("[role=option]").click()
    expect(page.locator("#ranking li").first).to_be_visible()
    expect(page.locator("#shown form")).to_have_count(0)
    expect(page.get_by_role("link", name="Desk")).to_have_count(0)


def test_an_access_note_written_elsewhere_stands_in_the_open_detail_at_once(
    company: Company, report: Report
):
    report("A1")
    page = company.screen(Role.DISPATCHER, "/console")
    open_first(page)
    expect(page.locator("#detail")).not_to_contain_text("key at the gate")
    with company.house.transaction() as store:
        home = store.directory.find_by_account("T1-0")
        command = WriteAccessNote(usage_point_id=home.id, text="key at the gate", by="desk")
        write_access_note(store, command, now=company.clock())
    expect(page.locator("#detail")).to_contain_text("key at the gate")


def test_asking_for_a_second_crew_leaves_no_button_that_says_what_it_does_no_more(
    company: Company, report: Report
):
    report("A1", "T1-0")
    page = company.screen(Role.DISPATCHER, "/console")
    page.locator("[role=option]").click()
    page.locator("#second > summary").click()
    page.locator("#second input[name=reason]").fill("a pole to set")
    page.get_by_role("button", name="Ask for a second crew").click()
    expect(page.get_by_role("button", name="One crew is enough")).to_be_visible()
    expect(page.get_by_role("button", name="Send this crew as the second")).to_be_visible()
    expect(page.get_by_role("button", name="Ask for a second crew")).to_have_count(0)
