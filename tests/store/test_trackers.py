"""Devices on record: enrolled, bound, revoked, counted."""

import pytest
from sqlalchemy import Connection, text

from dispatch.domain.tracking import Wire
from dispatch.domain.words import CrewId
from dispatch.errors import Forbidden, IdentityTaken, NotFound
from dispatch.ports import TrackerCount, UnknownTracker
from dispatch.store.trackers import UNKNOWN_KEPT
from dispatch.store.transaction import PgStore
from dispatch.usecases.bind_trackers import BindTrackers, bind_trackers
from dispatch.usecases.enrol_tracker import EnrolTracker, enrol_tracker
from dispatch.usecases.renew_tracker import RenewTracker, renew_tracker
from dispatch.usecases.revoke_tracker import RevokeTracker, revoke_tracker
from gis.crs import Datum
from tests.store import builders as build
from tests.store.builders import NOW, at

PHONE = "13800001234"
ID = f"jt808:{PHONE}"


@pytest.fixture
def store(connection: Connection) -> PgStore:
    build.add_district(connection)
    build.add_crew(connection, "C1")
    build.add_crew(connection, "C2")
    return PgStore(connection)


def enrol(store: PgStore, device: str = PHONE, minutes: float = 0, **fields: object):
    given = {"crew_id": CrewId("C1"), "digest": b"d", "by": "admin", **fields}
    command = EnrolTracker(wire=Wire.JT808, device=device, **given)
    return enrol_tracker(store, command, now=at(minutes))


def kinds(store: PgStore, connection: Connection) -> list[str]:
    store.finish()
    return list(connection.scalars(text("SELECT kind FROM event ORDER BY id")))


def test_a_device_is_read_as_it_was_enrolled(store: PgStore):
    tracker = enrol(store, vehicle="赣A12345", datum=Datum.GCJ02, label="the old van")
    assert store.trackers.get(ID) == tracker
    assert store.trackers.list_all() == [tracker]
    assert tracker.crew_id == "C1"
    with pytest.raises(NotFound):
        store.trackers.get("jt808:1")


def test_a_device_is_enrolled_once_and_for_a_crew_that_exists(store: PgStore):
    enrol(store)
    with pytest.raises(IdentityTaken):
        enrol(store)
    with pytest.raises(NotFound):
        enrol(store, "2", crew_id=CrewId("nobody"))


def test_a_vehicle_changes_hands_with_every_device_in_it(store: PgStore):
    enrol(store, vehicle="赣A12345")
    enrol(store, "2", vehicle="赣A12345", crew_id=None)
    enrol(store, "3")
    command = BindTrackers(crew_id=CrewId("C2"), by="li", vehicle="赣A12345")
    assert [t.id for t in bind_trackers(store, command, now=at(60))] == [ID, "jt808:2"]
    tracker = store.trackers.get(ID)
    assert [tracker.crew_at(at(m)) for m in (0, 59, 60)] == ["C1", "C1", "C2"]
    assert store.trackers.get("jt808:3").crew_id == "C1"


def test_binding_to_the_same_crew_again_changes_nothing(store: PgStore, connection: Connection):
    before = enrol(store)
    command = BindTrackers(crew_id=CrewId("C1"), by="li", tracker_id=ID)
    assert bind_trackers(store, command, now=at(60)) == [before]
    assert kinds(store, connection) == ["tracker.enrolled"]


def test_a_vehicle_without_a_device_is_not_there(store: PgStore):
    with pytest.raises(NotFound):
        bind_trackers(store, BindTrackers(crew_id=None, by="li", vehicle="赣A1"), now=NOW)


def test_a_revoked_device_comes_back_with_its_history(store: PgStore, connection: Connection):
    enrol(store)
    revoke_tracker(store, RevokeTracker(tracker_id=ID, by="li"), now=at(10))
    again = RevokeTracker(tracker_id=ID, by="li")
    assert revoke_tracker(store, again, now=at(20)).revoked_at == at(10)
    with pytest.raises(Forbidden):
        renew_tracker(store, RenewTracker(tracker_id=ID, digest=b"e", by="li"), now=at(20))
    tracker = enrol(store, minutes=30, crew_id=CrewId("C2"))
    assert [tracker.crew_at(at(m)) for m in (0, 29, 30)] == ["C1", "C1", "C2"]
    assert kinds(store, connection) == ["tracker.enrolled", "tracker.revoked", "tracker.enrolled"]


def test_the_first_unit_to_register_is_held_to(store: PgStore):
    enrol(store)
    first = RenewTracker(tracker_id=ID, digest=b"1", by="terminal A", terminal="A")
    other = RenewTracker(tracker_id=ID, digest=b"2", by="terminal B", terminal="B")
    renew_tracker(store, first, now=at(1))
    assert renew_tracker(store, first, now=at(2)).terminal == "A"
    with pytest.raises(Forbidden):
        renew_tracker(store, other, now=at(3))
    renew_tracker(store, RenewTracker(tracker_id=ID, digest=b"3", by="admin"), now=at(4))
    assert renew_tracker(store, other, now=at(5)).digest == b"2"


def test_counts_add_up_and_those_of_nobody_are_left_out(store: PgStore):
    enrol(store)
    taken = TrackerCount(tracker_id=ID, what="taken", count=3, last_at=at(1))
    gone = TrackerCount(tracker_id="jt808:9", what="taken", count=1, last_at=at(1))
    for _ in range(2):
        store.trackers.count([taken, gone], {ID: at(1), "jt808:9": at(1)})
    store.trackers.count([], {ID: at(-5)})
    (counted,) = store.trackers.list_counts()
    assert (counted.what, counted.count, counted.last_at) == ("taken", 6, at(1))
    assert store.trackers.list_seen() == {ID: at(1)}


def test_of_unknown_devices_the_latest_are_kept(store: PgStore):
    def unknown(first: int, last: int) -> list[UnknownTracker]:
        return [
            UnknownTracker(wire="jt808", device=str(n), count=1, first_at=at(n), last_at=at(n))
            for n in range(first, last)
        ]

    store.trackers.count_unknown(unknown(0, 600))
    store.trackers.count_unknown(unknown(500, UNKNOWN_KEPT + 100))
    found = store.trackers.list_unknown()
    assert len(found) == UNKNOWN_KEPT
    assert found[0].device == str(UNKNOWN_KEPT + 99)
    assert {each.device: each.count for each in found}["550"] == 2
    assert "99" not in {each.device for each in found}
