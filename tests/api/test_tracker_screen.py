"""The screen of devices: who stands first, whose clock is wrong, who may bind and revoke."""

from datetime import timedelta

from dispatch.domain.crew import PositionFix
from dispatch.domain.words import CrewId
from dispatch.ports import UnknownTracker
from dispatch.store.transaction import PgStore
from tests.api.conftest import Town
from tests.store import builders as build

NASTY = "<script>alert(1)</script>"


def enrol(town: Town, device: str, crew_id: str | None, **more: object) -> str:
    body = {"wire": "traccar", "device": device, "crew_id": crew_id, **more}
    answer = town.post("trackers", "admin", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["tracker"]["id"])


def heard(town: Town, tracker_id: str, crew_id: str, *, lag_s: float = 2.0) -> None:
    """One position now, by a clock that is so much behind."""
    now = town.clock.now
    fix = PositionFix(
        id=f"{tracker_id} {now}",
        crew_id=CrewId(crew_id),
        lon=build.LON,
        lat=build.LAT,
        fixed_at=now - timedelta(seconds=lag_s),
        received_at=now,
        device=tracker_id,
    )
    with town.engine.begin() as connection:
        store = PgStore(connection)
        store.crews.record_fixes([fix])
        store.trackers.count([], {tracker_id: now})


def screen(town: Town, who: str = "supervisor", query: str = "", path: str = "/trackers/parts"):
    headers = town.headers(who, **{"Accept-Language": "en"})
    return town.client.get(path, params={"q": query}, headers=headers)


def order_of(page: str, *names: str) -> list[str]:
    return sorted(names, key=page.index)


def test_what_needs_somebody_stands_first_and_says_what_is_wrong(town: Town):
    silent, fine = enrol(town, "silent", "C1"), enrol(town, "fine", "C2")
    wrong, loose = enrol(town, "wrong", "C9"), enrol(town, "loose", None)
    heard(town, silent, "C1")
    town.clock.advance(11)
    heard(town, fine, "C2")
    heard(town, wrong, "C9", lag_s=-240)
    page = screen(town).text
    assert order_of(page, fine, loose, silent, wrong) == [silent, wrong, loose, fine]
    assert "4:00 ahead" in page and "11:00 ago" in page
    assert "Silent 1 · Wrong clock 1 · For nobody 1 · Heard 1" in page


def test_a_device_that_sends_late_has_no_wrong_clock(town: Town):
    tracker = enrol(town, "late", "C1")
    heard(town, tracker, "C1", lag_s=3)
    town.clock.advance(1)
    heard(town, tracker, "C1", lag_s=600)
    assert "Wrong clock" not in screen(town).text


def test_a_device_is_found_by_its_name_its_vehicle_or_its_crew(town: Town):
    first, other = enrol(town, "alpha", "C1", vehicle="赣A12345"), enrol(town, "beta", "C2")
    for wanted in ("ALPHA", "a12345", "crew c1"):
        page = screen(town, query=wanted).text
        assert first in page and other not in page, wanted
    assert "No device is like that." in screen(town, query="nobody").text


def test_a_supervisor_binds_and_revokes_and_a_dispatcher_does_not_revoke(town: Town):
    tracker = enrol(town, "alpha", None)
    bound = town.put(f"trackers/{tracker}/crew", "supervisor", {"crew_id": "C1"})
    assert (bound.status_code, bound.json()["crew_id"]) == (200, "C1")
    path = f"/api/v1/trackers/{tracker}"
    assert town.client.delete(path, headers=town.headers("dispatcher")).status_code == 403
    assert "Revoke traccar:alpha?" not in screen(town, "dispatcher").text
    assert "Revoke traccar:alpha?" in screen(town).text
    assert town.client.delete(path, headers=town.headers("supervisor")).status_code == 204
    assert "Revoked 1" in screen(town).text


def test_a_district_sees_its_own_devices_and_nothing_of_unknown_ones(town: Town):
    mine, theirs = enrol(town, "mine", "C1"), enrol(town, "theirs", "C9")
    now = town.clock.now
    stranger = UnknownTracker(wire="osmand", device=NASTY, count=3, first_at=now, last_at=now)
    with town.engine.begin() as connection:
        PgStore(connection).trackers.count_unknown([stranger])
    page = screen(town, "west-dispatcher").text
    assert mine in page and theirs not in page and "Not enrolled" not in page
    whole = screen(town).text
    assert "3 messages refused" in whole
    assert NASTY not in whole and "&lt;script&gt;" in whole


def test_an_agent_has_no_such_screen(town: Town):
    assert screen(town, "agent", path="/trackers").status_code == 403
    assert screen(town, path="/trackers").status_code == 200
