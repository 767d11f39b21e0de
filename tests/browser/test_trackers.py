"""The screen of devices: found by name, bound and revoked by keyboard, nothing executed."""

from playwright.sync_api import expect

from api.callers import Role
from dispatch.domain.tracking import Wire
from dispatch.ports import UnknownTracker
from dispatch.store.transaction import PgStore
from dispatch.usecases.enrol_tracker import EnrolTracker, enrol_tracker
from gis.crs import Datum
from tests.browser.conftest import Company
from tests.browser.test_every_page import NASTY, faults_of


def enrol(company: Company, device: str, label: str) -> None:
    command = EnrolTracker(
        wire=Wire.TRACCAR,
        device=device,
        digest=b"0" * 32,
        by="test",
        label=label,
        vehicle="赣A·12345",
        datum=Datum.WGS84,
        crew_id=None,
    )
    with company.house.transaction() as store:
        enrol_tracker(store, command, now=company.clock())


def test_a_device_is_found_bound_and_revoked(company: Company):
    enrol(company, "alpha", NASTY)
    enrol(company, "beta", "青山湖区塘山镇供电所抢修一班车载终端")
    now = company.clock()
    stranger = UnknownTracker(wire="osmand", device=NASTY, count=7, first_at=now, last_at=now)
    with company.engine.begin() as connection:
        PgStore(connection).trackers.count_unknown([stranger])
    page = company.screen(Role.SUPERVISOR, "/trackers")
    rows = page.locator("#devices section").first.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(page.locator("#devices")).to_contain_text("7 messages refused")
    assert page.title() != "taken"
    assert faults_of(page) == []

    page.get_by_label("Device, vehicle or crew").fill("beta")
    expect(rows).to_have_count(1)
    rows.locator("summary").press("Enter")
    rows.get_by_label("Crew").select_option("C1")
    rows.get_by_role("button", name="Bind to this crew").press("Enter")
    expect(rows.locator(".state")).to_have_text("Never heard")
    expect(rows).to_contain_text("crew C1")
    rows.locator("summary").press("Enter")
    rows.get_by_role("button", name="Revoke").press("Enter")
    page.get_by_role("button", name="Yes, do it").press("Enter")
    expect(rows.locator(".state")).to_have_text("Revoked")
