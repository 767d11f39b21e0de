"""The crew's phone: accept, drive, arrive, also while the server is away."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Page, Response, expect
from sqlalchemy import insert, text

from api.callers import Role, issue
from api.worker import Work
from dispatch.store.tables.crews import depot
from tests.browser.conftest import PATIENCE_MS, PHONE, Company
from tests.browser.test_every_page import faults_of
from tests.store import builders as build

Report = Callable[..., dict]
AWAY = ("/api/v1/", "/crew", "ERR_", "htmx:sendError", "fetching the script")
"""What a browser complains of while no server answers."""


def dispatch(company: Company, verb: str, path: str, body: dict, etag: str = "") -> httpx.Response:
    """Do what a dispatcher's program would."""
    token = issue(company.engine, label="room", role=Role.DISPATCHER, now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {token}"} | ({"If-Match": etag} if etag else {})
    url = f"{company.server.url}/api/v1/{path}"
    return httpx.request(verb, url, json=body, headers=headers, timeout=60)


def send_crew(company: Company, crew_id: str = "C1") -> None:
    with company.engine.connect() as c:
        outage, version = c.execute(text("SELECT id, version FROM outage")).one()
    body = {"crew_id": crew_id, "reason": "near"}
    sent = dispatch(company, "PUT", f"outages/{outage}/assignment", body, f'"{version}"')
    assert sent.status_code == 200, sent.text


def phone(company: Company, **how: object) -> Page:
    page = company.screen(Role.CREW, "/login", crew_id="C1", viewport=PHONE, **how)
    page.goto(company.server.url + "/crew")
    return page


def is_ready_for_no_network(page: Page) -> None:
    """The worker has its files and answers for the page."""
    page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    page.reload()
    expect(page.locator("#sync")).to_contain_text("Everything is sent")
    assert page.evaluate("navigator.serviceWorker.controller !== null")


def actions(company: Company) -> list[tuple[str, str]]:
    with company.engine.connect() as c:
        rows = c.execute(text("SELECT kind, outcome FROM crew_action ORDER BY seq"))
        return [(row.kind, row.outcome) for row in rows]


def test_a_crew_works_an_order_from_accepting_to_complete(company: Company, report: Report):
    report("A1", phone="13800001234", description="dark", address="1 Long Street")
    report("A2", "T1-1", address="2 Long Street")
    send_crew(company)
    page = phone(company)
    job = page.locator(".job")
    expect(job).to_contain_text("transformer T1")
    expect(job.locator(".place small")).to_have_text("and 1 more place")
    for name, status in (("Accept", "accepted"), ("En route", "en_route"), ("Arrived", "arrived")):
        job.get_by_role("button", name=name).click()
        expect(page.locator(f".job.{status}")).to_be_visible()
    company.clock.advance(20)
    job.locator("summary", has_text="Findings").click()
    job.get_by_label("Cause").first.fill("a blown fuse")
    job.get_by_role("button", name="Send").first.click()
    job.locator("summary", has_text="Restore").click()
    job.get_by_role("button", name="Supply is back").click()
    expect(job).to_contain_text("Supply is back for everybody")
    job.locator("summary", has_text="Complete").click()
    job.get_by_role("button", name="Field work complete").click()
    expect(page.locator(".job")).to_have_count(0)
    expect(page.locator("#done")).to_contain_text("Done lately")
    assert actions(company) == [
        ("accept", "applied"),
        ("en_route", "applied"),
        ("arrive", "applied"),
        ("findings", "applied"),
        ("restore", "applied"),
        ("field_complete", "applied"),
    ]


def test_a_crew_says_that_the_device_it_was_sent_to_is_closed_and_has_no_voltage(
    company: Company, report: Report
):
    outage = report("A1")["outage"]["id"]
    tag = dispatch(company, "GET", f"outages/{outage}", {}).headers["ETag"]
    found = {"device": {"id": "transformer:T1", "kind": "transformer", "name": "T1"}}
    assert dispatch(company, "POST", f"outages/{outage}/confirm", found, tag).status_code == 200
    send_crew(company)
    page = phone(company)
    job = page.locator(".job")
    job.locator("summary", has_text="Found closed").click()
    expect(job.get_by_label("Device found closed")).to_have_value("transformer:T1")
    job.get_by_label("Voltage at the device").select_option("without voltage")
    job.locator("[id^='closed-']").get_by_role("button", name="Send").click()
    expect(page.locator("#sync")).to_contain_text("Everything is sent")
    assert actions(company) == [("findings", "applied")]
    with company.engine.connect() as c:
        seen = c.execute(text("SELECT device_id, is_open, is_live FROM device_sighting")).one()
    assert tuple(seen) == ("transformer:T1", False, False)


def test_the_crew_is_led_to_the_depot_until_the_parts_are_aboard(company: Company, report: Report):
    report("A1")
    with company.engine.begin() as c:
        c.execute(
            insert(depot).values(
                id="W1", name="yard", district_id="west", stock=["pole"], point=build.ewkt()
            )
        )
        c.execute(text("UPDATE trouble_order SET parts = ARRAY['pole']"))
    send_crew(company)
    page = phone(company)
    fetch = page.locator(".job [id^=fetch-]")
    expect(fetch).to_contain_text("Fetch at depot yard: pole")
    way = fetch.get_by_role("link", name="Navigate to the depot")
    expect(way).to_have_attribute("href", f"geo:{build.LAT},{build.LON}?q={build.LAT},{build.LON}")
    page.get_by_role("button", name="Accept").click()
    fetch.get_by_role("button", name="Parts are aboard").click()
    expect(fetch).to_have_count(0)
    assert actions(company) == [("accept", "applied"), ("fetched", "applied")]


def test_what_was_pressed_while_the_server_was_away_is_sent_in_order(
    company: Company, report: Report
):
    report("A1")
    send_crew(company)
    page = phone(company)
    expect(page.locator("#sync")).to_contain_text("Everything is sent")
    company.expect_trouble(*AWAY)
    company.server.stop()
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("button", name="Arrived").click()
    expect(page.locator("#sync")).to_contain_text("2 not sent yet")
    company.server.start()
    expect(page.locator(".job.arrived")).to_be_visible()
    expect(page.locator("#sync")).to_contain_text("Everything is sent")
    assert actions(company) == [("accept", "applied"), ("arrive", "applied")]


def test_a_second_crew_is_asked_for_without_a_network_too(company: Company, report: Report):
    report("A1")
    send_crew(company)
    page = phone(company)
    expect(page.locator("#sync")).to_contain_text("Everything is sent")
    company.expect_trouble(*AWAY)
    company.server.stop()
    page.get_by_role("button", name="Arrived").click()
    page.locator("summary", has_text="Needs a second crew").click()
    page.get_by_label("Why one crew is not enough").fill("a pole to set")
    page.get_by_role("button", name="Ask for a second crew").click()
    expect(page.locator("#sync")).to_contain_text("2 not sent yet")
    company.server.start()
    expect(page.locator("[id^=partner-]")).to_contain_text("takes two crews")
    assert actions(company) == [("arrive", "applied"), ("second_crew", "applied")]


def test_what_waits_is_still_there_after_the_page_was_closed(company: Company, report: Report):
    report("A1")
    send_crew(company)
    page = phone(company)
    company.expect_trouble("/api/v1/crew/actions")
    page.route("**/api/v1/crew/actions", lambda route: route.abort())
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("#sync")).to_contain_text("1 not sent yet")
    again = page.context.new_page()
    page.close()
    again.goto(company.server.url + "/crew")
    expect(again.locator(".job.accepted")).to_be_visible()
    assert actions(company) == [("accept", "applied")]


def test_positions_are_posted_while_a_job_is_active(company: Company, report: Report):
    report("A1")
    send_crew(company)
    page = company.screen(Role.CREW, "/login", crew_id="C1", viewport=PHONE)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 115.9, "latitude": 28.68, "accuracy": 8})
    page.goto(company.server.url + "/crew")
    with page.expect_response("**/api/v1/crew/positions") as posted:
        page.get_by_role("button", name="Accept").click()
    assert posted.value.json()["new"] == 1


def test_navigation_goes_to_gcj02_in_amap_and_wgs84_elsewhere(company: Company, report: Report):
    report("A1")
    send_crew(company)
    page = phone(company)
    plain = page.get_by_role("link", name="Navigate").get_attribute("href") or ""
    amap = page.get_by_role("link", name="Amap").get_attribute("href") or ""
    assert plain.startswith("geo:28.68,115.9")
    lon, lat = amap.split("to=")[1].split(",")[:2]
    assert 0.003 < float(lon) - 115.9 < 0.008
    assert -0.005 < float(lat) - 28.68 < 0.005


def test_a_phone_that_is_opened_without_a_network_shows_what_it_knew_and_keeps_what_is_pressed(
    company: Company, report: Report
):
    report("A1", address="here")
    send_crew(company)
    page = phone(company)
    expect(page.locator(".job.assigned")).to_be_visible()
    is_ready_for_no_network(page)
    company.expect_trouble(*AWAY)
    company.server.stop()
    page.reload()
    expect(page.locator("#unreached")).to_contain_text("These orders are")
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("#sync")).to_contain_text("1 not sent yet")
    again = page.context.new_page()
    page.close()
    again.goto(company.server.url + "/crew")
    again.get_by_role("button", name="En route").click()
    expect(again.locator("#sync")).to_contain_text("2 not sent yet")
    company.server.start()
    expect(again.locator(".job.en_route")).to_be_visible()
    expect(again.locator("#unreached")).to_be_hidden()
    assert actions(company) == [("accept", "applied"), ("en_route", "applied")]


def test_a_phone_reloaded_without_a_network_sends_at_its_first_try_in_a_new_session(
    company: Company, report: Report
):
    report("A1")
    send_crew(company)
    page = phone(company)
    page.clock.install()
    is_ready_for_no_network(page)
    company.expect_trouble(*AWAY)
    company.server.stop()
    page.reload()
    page.get_by_role("button", name="Accept").click()
    expect(page.locator("#sync")).to_contain_text("1 not sent yet")
    page.locator("summary", has_text="Findings").click()  # who writes is not reloaded
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=20))  # no second try follows
    company.log_in(page.context, Role.CREW, "C1", "crew")
    company.server.start()
    with page.expect_response(is_taken):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#entries [data-state=stored]")).to_have_count(1)
    expect(page.locator("#sync")).to_contain_text("Everything is sent")
    assert actions(company) == [("accept", "applied")]


def test_what_waits_is_not_sent_in_the_session_of_another_crew(company: Company, report: Report):
    report("A1")
    send_crew(company)
    page = phone(company)
    page.clock.install()
    is_ready_for_no_network(page)
    company.expect_trouble(*AWAY)
    page.route("**/crew/orders", lambda _: None)  # or the list may become that of the other crew
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=20))
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    company.log_in(page.context, Role.CREW, "C2", "crew-2")
    with page.expect_response("**/api/v1/me"):
        page.get_by_role("button", name="Accept").dispatch_event("click")  # no frame of the clock
    expect(page.locator("#entries [data-state=waiting]")).to_have_count(1)
    company.log_in(page.context, Role.CREW, "C1", "crew")
    with page.expect_response(is_taken):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    assert actions(company) == [("accept", "applied")]


def is_taken(answer: Response) -> bool:
    """Whether the server took what the phone sent."""
    return answer.ok and answer.url.endswith("/crew/actions")


def test_a_refused_entry_says_why_holds_up_no_other_and_stays_until_it_was_read(
    company: Company, report: Report
):
    report("A1")
    send_crew(company)
    page = phone(company)
    page.get_by_role("button", name="Arrived").click()
    expect(page.locator(".job.arrived")).to_be_visible()
    page.locator("summary", has_text="Complete").click()
    page.get_by_role("button", name="Field work complete").click()
    refused = page.locator("#entries [data-state=refused]")
    expect(refused).to_contain_text("customers are still out")
    expect(page.locator("#sync")).to_contain_text("1 refused")
    page.locator("summary", has_text="Restore").click()
    page.get_by_role("button", name="Supply is back").click()
    expect(page.locator("#entries [data-state=stored]")).to_have_count(2)
    page.reload()
    refused.get_by_role("button", name="Send again").click()
    expect(page.locator("#entries [data-state=stored]")).to_have_count(3)
    expect(refused).to_have_count(0)
    assert actions(company)[-1] == ("field_complete", "applied")


def test_orders_are_forgotten_by_a_phone_that_is_logged_out_and_shown_to_no_other_crew(
    company: Company, report: Report
):
    report("A1", address="a secret address")
    send_crew(company)
    page = phone(company)
    is_ready_for_no_network(page)
    company.expect_trouble(*AWAY, "401")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    company.server.stop()
    page.goto(company.server.url + "/crew")
    expect(page.locator("#unreached")).to_contain_text("Nothing is kept on this phone")
    assert "secret" not in page.content()
    company.server.start()


def test_a_job_is_done_although_the_server_dies_twice_and_the_tab_once(
    company: Company, report: Report
):
    report("A1", phone="13800001234")
    send_crew(company)
    page = phone(company)
    is_ready_for_no_network(page)
    company.expect_trouble(*AWAY)
    company.server.stop()
    page.get_by_role("button", name="Accept").click()
    company.server.start()
    expect(page.locator(".job.accepted")).to_be_visible()
    company.server.stop()
    page.get_by_role("button", name="Arrived").click()
    expect(page.locator("#unreached")).to_be_visible()
    again = page.context.new_page()
    page.close()
    again.goto(company.server.url + "/crew")
    again.locator("summary", has_text="Findings").click()
    again.get_by_label("Cause").first.fill("a fallen tree")
    again.get_by_label("Damage").fill("two wires")
    again.get_by_role("button", name="Send").first.click()
    again.locator("summary", has_text="Restore").click()
    again.get_by_role("button", name="Supply is back").click()
    expect(again.locator("#sync")).to_contain_text("3 not sent yet")
    company.server.start()
    expect(again.locator(".job.arrived")).to_contain_text("Supply is back for everybody")
    again.locator("summary", has_text="Who is affected").click()
    again.get_by_role("button", name="Power is on").click()
    expect(again.locator(".callers")).to_contain_text("Power is on")
    again.locator("summary", has_text="Complete").click()
    again.get_by_role("button", name="Field work complete").click()
    expect(again.locator("#done")).to_contain_text("Done lately")
    kinds = ("accept", "arrive", "findings", "restore", "call_back", "field_complete")
    assert actions(company) == [(kind, "applied") for kind in kinds]


def test_a_check_in_that_is_missed_rings_on_the_phone_and_stands_among_the_alarms(
    company: Company, report: Report
):
    report("A1")
    send_crew(company)
    page = phone(company)
    page.get_by_role("button", name="Arrived").click()
    expect(page.locator(".checkin")).to_contain_text("Check in within")
    stored = page.locator("#entries [data-state=stored]")
    expect(stored).to_have_count(1)  # the phone shows a press at once, the office once it has it
    company.clock.advance(36)
    Work(company.house).tick()
    page.reload()
    expect(page.locator(".checkin[data-state=over]")).to_contain_text("Are you well?")
    room = company.screen(Role.DISPATCHER, "/login")
    room.goto(company.server.url + "/console")
    alarm = room.locator("[id^='alarm-first-check_in_missed']")
    expect(alarm).to_contain_text("last heard at")
    page.get_by_role("button", name="I am well").click()
    expect(page.locator(".checkin[data-state=well]")).to_be_visible()
    expect(stored).to_have_count(2)
    Work(company.house).tick()
    expect(alarm).to_have_count(0)


def test_a_photograph_is_made_small_on_the_phone_and_shown_to_the_dispatcher(
    company: Company, report: Report
):
    report("A1")
    send_crew(company)
    page = phone(company)
    picture = page.screenshot()
    file = {"name": "<script>.png", "mimeType": "image/png", "buffer": picture}
    page.locator("input[type=file]").set_input_files(file)
    page.locator("#sync").click()
    expect(page.locator("#entries [data-state=stored]")).to_contain_text("Photograph")
    room = company.screen(Role.DISPATCHER, "/login")
    room.goto(company.server.url + "/console")
    expect(room.locator("#live")).to_have_attribute("data-state", "live")
    room.locator("[role=option].outage").first.click()
    shown = room.locator("#photos img")
    expect(shown).to_be_visible(timeout=2 * PATIENCE_MS)  # the first plan of a process takes long
    assert shown.evaluate("img => img.decode().then(() => img.naturalWidth)") == PHONE["width"]


@pytest.mark.parametrize("size", [PHONE, {"width": 360, "height": 640}])
def test_everything_that_is_pressed_is_large_enough_for_a_glove(
    company: Company, report: Report, size: dict[str, int]
):
    report("A1", phone="13800001234")
    send_crew(company)
    page = phone(company)
    page.set_viewport_size(size)
    expect(page.locator(".job")).to_be_visible()
    for fold in page.locator("details > summary").all():
        fold.click()
    targets = page.locator("button:visible, a:visible, summary:visible, select:visible").all()
    small = [
        (target.inner_text(), box)
        for target in targets
        if (box := target.bounding_box()) and (box["height"] < 48 or box["width"] < 44)
    ]
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert faults_of(page) == []
