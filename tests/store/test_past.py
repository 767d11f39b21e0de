"""What learning reads of the record: closed outages, their callers, what could have failed."""

import pytest
from sqlalchemy import Connection, text

from dispatch.domain.outage import OutageStatus, PredictedDevice
from dispatch.domain.past import PastPart
from dispatch.domain.words import Symptom
from dispatch.store.past import recorded_since
from tests.store import builders as build
from tests.store.past_record import Record, a_fuse


@pytest.fixture
def record(connection: Connection) -> Record:
    return a_fuse(connection)


def test_a_closed_outage_comes_with_its_parts_and_first_calls(record: Record):
    outage = record.outage(0, ("T1", 60), ("T2", 90))
    record.call(5, "T1", 0, outage)
    record.call(9, "T1", 0, outage)
    record.call(7, "T2", 1, outage)
    found = record.only()
    assert (found.kind, found.device_id, found.district_id) == ("fuse", "fuse", "west")
    assert (found.restored_at, found.confirmed, found.began_at) == (build.at(90), True, None)
    assert found.parts == (
        PastPart(customers=5, lit_at=build.at(60), called_at=(build.at(5),)),
        PastPart(customers=5, lit_at=build.at(90), called_at=(build.at(7),)),
    )
    assert found.heard_at == build.at(5)


def test_who_calls_after_the_light_is_back_or_about_something_else_does_not_count(record: Record):
    outage = record.outage(0, ("T1", 60))
    record.call(70, "T1", 0, outage)
    record.call(10, "T1", 1, outage, symptoms=(Symptom.FLICKER.value,))
    record.call(12, "T2", 1, outage)
    assert [part.called_at for part in record.only().parts] == [()]


def test_open_merged_and_other_times_outages_are_left_out(record: Record):
    kept = record.outage(0, ("T1", 60))
    record.outage(200, ("T1", 260), status=OutageStatus.RESTORED)
    record.outage(300, ("T1", 360), merged_into_id=kept)
    record.outage(200_000, ("T1", 200_060))
    assert record.only().id == kept


def test_a_prediction_that_came_to_nothing_was_never_restored(record: Record):
    record.outage(0, device=PredictedDevice(id=None, kind="service", name=""))
    found = record.only()
    assert (found.kind, found.restored_at, found.parts) == ("service", None, ())


def test_switchgear_tells_when_an_outage_began(record: Record):
    outage = record.outage(0, ("T1", 60))
    record.call(0, "T1", 0, outage)
    record.sighting(-6)
    record.sighting(-300)
    record.gasp(-2, "T1", 1)
    record.gasp(-2, "T1", 2)
    assert record.only().began_at == build.at(-6)


def test_a_crew_that_finds_a_device_open_does_not_tell_when_it_opened(record: Record):
    record.outage(0, ("T1", 60))
    record.sighting(40, "crew")
    assert record.only().began_at is None


def test_two_last_gasps_tell_when_an_outage_began_and_one_does_not(record: Record):
    record.outage(0, ("T1", 60))
    record.gasp(-7, "T1", 1)
    record.gasp(-7, "T2", 1)
    assert record.only().began_at is None, "the other meter is elsewhere"
    record.gasp(-6.5, "T1", 2)
    assert record.only().began_at == build.at(-7)


def test_devices_come_with_what_fails_on_them(record: Record):
    c = record.connection
    c.execute(text("UPDATE device SET length_m = 1500, customers = 10 WHERE id = 'fuse'"))
    record.sighting(0)
    devices = {d.id: d for d in record.past().devices}
    assert set(devices) == {"head", "fuse", "own-T1", "own-T2"}
    assert (devices["fuse"].km, devices["fuse"].customers) == (1.5, 10)
    assert (devices["fuse"].parent_id, devices["head"].parent_id) == ("head", None)
    assert [d.id for d in devices.values() if d.watched] == ["fuse"]


def test_where_no_line_is_measured_one_is_assumed_for_each_transformer(record: Record):
    devices = {d.id: d for d in record.past().devices}
    assert devices["fuse"].km == pytest.approx(0.6)
    assert devices["head"].km == 0


def test_meters_watch_the_devices_above_them(record: Record):
    record.gasp(0, "T1", 1)
    assert not any(d.watched for d in record.past().devices)
    record.gasp(0, "T1", 2)
    watched = {d.id for d in record.past().devices if d.watched}
    assert watched == {"head", "fuse", "own-T1"}


def test_who_is_cut_off_on_purpose_is_no_customer_to_count(record: Record):
    build.add_home(record.connection, "unpaid", "T1", disconnected_for="arrears")
    assert record.past().customers == {build.WEST: 10}


def test_the_record_begins_with_its_first_report(record: Record):
    assert recorded_since(record.connection) is None
    outage = record.outage(0, ("T1", 60))
    record.call(-3, "T1", 0, outage)
    assert recorded_since(record.connection) == build.at(-3)
