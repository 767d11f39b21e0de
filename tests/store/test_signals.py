"""Meter signals and device sightings: kept once, under the names that senders use."""

import pytest
from sqlalchemy import Connection, select

from dispatch.domain.facts import MeterSignalKind
from dispatch.domain.signal import SightingSource
from dispatch.store.tables.journal import event as event_table
from dispatch.store.tables.network import switch as switch_table
from dispatch.store.tables.signals import device_sighting as device_sighting_table
from dispatch.store.tables.signals import meter_signal as meter_signal_table
from dispatch.store.tables.tickets import feeder_news as feeder_news_table
from dispatch.store.transaction import PgStore
from dispatch.usecases.record_signals import (
    RecordMeterSignals,
    RecordSightings,
    SightingSent,
    SignalSent,
    record_meter_signals,
    record_sightings,
)
from tests.store import builders as build
from tests.store.builders import NOW, at


@pytest.fixture
def store(connection: Connection) -> PgStore:
    build.add_district(connection)
    build.add_feeder(connection)
    build.add_device(connection, "switch:K1", 0, 2, kind="breaker")
    build.add_device(connection, "transformer:T1", 1, 2, parent_id="switch:K1", kind="transformer")
    build.add_transformer(connection, "T1", 2, device_id="transformer:T1", pre=1)
    build.add_home(connection, "metered", "T1", meter="M-1")
    return PgStore(connection)


def gasp(signal_id: str = "s1", **fields: object) -> SignalSent:
    named = fields or {"meter": "M-1"}
    return SignalSent(id=signal_id, kind=MeterSignalKind.LAST_GASP, at=at(-1), **named)


def send(store: PgStore, *signals: SignalSent, districts: frozenset[str] | None = None):
    command = RecordMeterSignals(signals=signals, districts=districts)
    return record_meter_signals(store, command, now=NOW)


def see(store: PgStore, device: str, sighting_id: str = "d1", *, is_open: bool = True):
    sent = SightingSent(id=sighting_id, device=device, is_open=is_open, at=at(-1))
    command = RecordSightings(sightings=[sent], source=SightingSource.SCADA, by="scada")
    return record_sightings(store, command, now=NOW)


def news(connection: Connection) -> list[str]:
    return list(connection.scalars(select(feeder_news_table.c.feeder_id)))


def test_a_signal_is_kept_where_its_meter_is_supplied(store: PgStore, connection: Connection):
    taken = send(store, gasp())
    row = connection.execute(select(meter_signal_table)).mappings().one()
    assert (taken.new, taken.unknown, taken.feeders) == (1, (), ("F1",))
    assert (row["transformer_id"], row["feeder_id"], row["district_id"]) == ("T1", "F1", "west")
    assert (row["kind"], row["at"], row["received_at"]) == ("last_gasp", at(-1), NOW)


def test_a_meter_may_be_named_by_its_account(store: PgStore):
    assert send(store, gasp(account="T1-0")).new == 1


def test_an_unknown_meter_with_a_known_account_is_found(store: PgStore):
    taken = send(store, gasp(meter="M-none", account="T1-0"))
    assert (taken.new, taken.unknown) == (1, ())


def test_a_batch_sent_twice_is_kept_once_and_asks_for_grouping_once(
    store: PgStore, connection: Connection
):
    batch = (gasp("s1"), gasp("s2", account="T1-0"))
    assert send(store, *batch).new == 2
    again = send(store, *batch)
    assert (again.new, again.feeders) == (0, ())
    assert news(connection) == ["F1"]


def test_an_id_twice_in_one_batch_is_one_signal(store: PgStore):
    assert send(store, gasp("s1"), gasp("s1")).new == 1


def test_unknown_meters_are_named_once_and_hold_up_no_other(store: PgStore):
    taken = send(store, gasp("s1", meter="X"), gasp("s2"), gasp("s3", meter="X"))
    assert (taken.new, taken.unknown) == (1, ("X",))


def test_a_meter_of_another_district_is_unknown_to_the_sender(store: PgStore):
    taken = send(store, gasp(), districts=frozenset({"east"}))
    assert (taken.new, taken.unknown) == (0, ("M-1",))


def test_an_empty_batch_does_nothing(store: PgStore, connection: Connection):
    assert send(store).new == 0
    assert news(connection) == []


@pytest.mark.parametrize(
    ("name", "device_id"),
    [
        ("switch:K1", "switch:K1"),
        ("K1", "switch:K1"),
        ("breaker switch:K1", "switch:K1"),
        ("T1", "transformer:T1"),
    ],
)
def test_a_device_goes_by_our_id_its_own_or_its_name(store: PgStore, name: str, device_id: str):
    assert store.signals.named_devices({name})[name].id == device_id


def test_a_switch_that_protects_nothing_is_known_too(store: PgStore, connection: Connection):
    connection.execute(
        switch_table.insert().values(
            id="K9",
            kind="load_break",
            from_node="a",
            to_node="b",
            phases="ABC",
            normal_open=False,
            current_open=False,
            feeder_id="F1",
        )
    )
    for name in ("K9", "switch:K9"):
        found = store.signals.named_devices({name})[name]
        assert (found.id, found.feeder_id) == ("switch:K9", "F1")


def test_a_name_of_several_devices_names_none(store: PgStore, connection: Connection):
    build.add_device(connection, "transformer:K1", 2, 3, parent_id="switch:K1", kind="transformer")
    assert store.signals.named_devices({"K1"}) == {}
    assert store.signals.named_devices({"switch:K1"})["switch:K1"].id == "switch:K1"


def test_a_sighting_is_kept_once_journalled_and_news_of_its_feeder(
    store: PgStore, connection: Connection
):
    assert see(store, "K1").feeders == ("F1",)
    assert see(store, "K1").new == 0
    store.finish()
    kept = connection.execute(select(device_sighting_table)).mappings().one()
    told = connection.execute(select(event_table)).mappings().one()
    assert (kept["device_id"], kept["is_open"], kept["source"]) == ("switch:K1", True, "scada")
    assert (told["stream"], told["kind"]) == ("device:switch:K1", "device.sighted")
    assert told["body"]["is_open"] is True
    assert news(connection) == ["F1"]


def test_an_unknown_device_is_named(store: PgStore):
    taken = see(store, "K404")
    assert (taken.new, taken.unknown) == (0, ("K404",))
