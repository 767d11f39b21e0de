"""The crew's phone: accept, drive, arrive, also while the server is away."""

from collections.abc import Callable

from playwright.sync_api import expect
from sqlalchemy import text

from api.callers import Role
from tests.browser.conftest import PHONE, Company

Report = Callable[..., dict]


def send_crew(company: Company) -> None:
    page = company.screen(Role.DISPATCHER, "/console")
    page.locator("[role=option]").first.click()
    page.locator("#crew-C1 .assign button").click()
    expect(page.locator("#crew-C1.mine")).to_be_visible()
    page.close()


def actions(company: Company) -> list[tuple[str, str]]:
    with company.engine.connect() as c:
        rows = c.execute(text("SELECT kind, outcome FROM crew_action ORDER BY seq"))
        return [(row.kind, row.outcome) for row in rows]


def test_a_crew_works_an_order_from_accepting_to_complete(company: Company, report: Report):
    report("A1", phone="13800001234", description="dark")
    send_crew(company)
    page = company.screen(Role.CREW, "/crew", crew_id="C1", viewport=PHONE)
    job = page.locator(".job")
    expect(job).to_contain_text("transformer T1")
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


def test_what_was_pressed_while_the_server_was_away_is_sent_in_order(
    company: Company, report: Report
):
    report("A1")
    send_crew(company)
    page = company.screen(Role.CREW, "/crew", crew_id="C1", viewport=PHONE)
    expect(page.locator("#sync")).to_contain_text("Everything is sent")
    company.expect_trouble("/api/v1/", "/crew/orders", "ERR_", "htmx:sendError")
    company.server.stop()
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("button", name="Arrived").click()
    expect(page.locator("#sync")).to_contain_text("2 not sent yet")
    company.server.start()
    expect(page.locator(".job.arrived")).to_be_visible(timeout=15_000)
    expect(page.locator("#sync")).to_contain_text("Everything is sent")
    assert actions(company) == [("accept", "applied"), ("arrive", "applied")]


def test_what_waits_is_still_there_after_the_page_was_closed(company: Company, report: Report):
    report("A1")
    send_crew(company)
    page = company.screen(Role.CREW, "/crew", crew_id="C1", viewport=PHONE)
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
    page = company.screen(Role.CREW, "/crew", crew_id="C1", viewport=PHONE)
    plain = page.get_by_role("link", name="Navigate").get_attribute("href") or ""
    amap = page.get_by_role("link", name="Amap").get_attribute("href") or ""
    assert plain.startswith("geo:28.68,115.9")
    lon, lat = amap.split("to=")[1].split(",")[:2]
    assert 0.003 < float(lon) - 115.9 < 0.008
    assert -0.005 < float(lat) - 28.68 < 0.005
