"""Positions on PostGIS: by COPY, doubted, only of crews at work, the newest of each device."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.dialects.postgresql import Range

from dispatch.domain.order import DispatchStep, Sending, StepKind
from dispatch.domain.outage import Scope
from dispatch.domain.tracking import Doubt, TrackingPolicy
from dispatch.domain.words import CrewId
from dispatch.procedures.tracking import keep_fixes
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.positions import _LAST_OF_DEVICES
from dispatch.store.tables.crews import shift, shift_pattern
from dispatch.store.transaction import PgStore
from tests.store import builders as build
from tests.store.builders import LAT, LON, NOW, a_fix, an_order, an_outage, at

C1 = CrewId("C1")
POLICY = TrackingPolicy()


@pytest.fixture
def store(connection: Connection) -> PgStore:
    build.add_district(connection, boundary=build.square())
    build.add_crew(connection, "C1")
    build.add_crew(connection, "C2")
    works(connection, "00:00", "00:00")
    return PgStore(connection)


def works(connection: Connection, starts: str, ends: str, zone: str = "UTC") -> None:
    for crew_id in ("C1", "C2"):
        connection.execute(
            insert(shift_pattern).values(crew_id=crew_id, starts=starts, ends=ends, zone=zone)
        )


def tracked(offset: float, **fields: object):
    """A fix of a tracker: known by its device and its time."""
    return a_fix("jt808:1", offset=offset, device="jt808:1", **fields)


def stored(store: PgStore, crew_id: CrewId = C1):
    return list(store.crews.list_fixes(crew_id, at(-(10**6)), at(10**6)))


def test_texts_of_any_kind_survive_the_copy(store: PgStore):
    odd = a_fix("tab\there\\N \\. 电", device='"quoted\\"', accuracy_m=None, speed_mps=1e-7)
    assert store.crews.record_fixes([odd]) == 1
    assert stored(store) == [odd]


def test_the_last_positions_of_thousands_of_devices_are_looked_up_once_each(
    connection: Connection, store: PgStore
):
    for n in range(40):
        build.add_crew(connection, f"K{n}")
    connection.exec_driver_sql(
        "INSERT INTO device_position"
        " (crew_id, device, fix_id, lon, lat, fixed_at, received_at, mock)"
        " SELECT 'K' || n %% 40, 'd' || n, 'f', 1, 1, now(), now(), false"
        " FROM generate_series(0, 3999) AS n"
    )
    connection.exec_driver_sql("ANALYZE device_position")
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # as processes have it
    connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")  # in the end
    asked = _LAST_OF_DEVICES.named.replace("%(crews)s", "$1").replace("%(devices)s", "$2")
    connection.exec_driver_sql(f"PREPARE asked (text[], text[]) AS {asked}")
    crews = ",".join(f"K{n % 40}" for n in range(4000))
    devices = ",".join(f"d{n}" for n in range(4000))
    plan = connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE asked ('{{{crews}}}', '{{{devices}}}')"
    ).scalar()
    connection.exec_driver_sql("DEALLOCATE asked")
    root = plan[0]["Plan"]
    assert root["Actual Rows"] == 4000
    assert root["Shared Hit Blocks"] + root["Shared Read Blocks"] < 10 * 4000


def test_a_device_has_one_fix_at_a_time(store: PgStore):
    kept = keep_fixes(store, [tracked(0), tracked(0, lon=LON + 0.001), tracked(1)], POLICY)
    assert (kept.new, len(kept.taken)) == (2, 3)
    assert keep_fixes(store, [tracked(0), tracked(1)], POLICY).new == 0


def test_each_device_of_a_crew_has_a_last_position_and_the_crew_the_newest(store: PgStore):
    store.crews.record_fixes([tracked(5), a_fix("p", offset=2, lon=LON + 0.01)])
    assert set(store.positions.last_of_devices([(C1, ""), (C1, "jt808:1")])) == {
        ("C1", "jt808:1"),
        ("C1", ""),
    }
    assert [fix.device for fix in store.positions.list_last(None)] == ["jt808:1"]
    assert store.crews.state(C1, at(5)).last_fix == tracked(5)
    assert store.positions.list_last({"elsewhere"}) == []


def test_a_doubtful_fix_is_kept_and_is_no_last_position(store: PgStore):
    kept = keep_fixes(store, [tracked(0), tracked(1, lon=LON + 0.4)], POLICY)
    assert kept.doubts == {"jump": 1}
    assert [fix.doubts for fix in stored(store)] == [0, Doubt.JUMP]
    assert store.crews.state(C1, at(1)).last_fix == tracked(0)


def test_jumps_of_earlier_batches_are_remembered(store: PgStore):
    """One batch after the other, as they come from several processes."""
    track = [tracked(0), *(tracked(n, lon=LON + 0.4) for n in (1, 2, 3))]
    doubts = [keep_fixes(store, [fix], POLICY).taken[0].doubts for fix in track]
    assert doubts == [0, Doubt.JUMP, Doubt.JUMP, 0]
    assert store.crews.state(C1, at(3)).last_fix == track[-1]


def test_two_devices_of_a_crew_do_not_make_each_other_jump(store: PgStore):
    phone = [a_fix(str(n), offset=n, lon=LON + 0.3) for n in range(4)]
    truck = [tracked(n + 0.5) for n in range(4)]
    assert keep_fixes(store, [*phone, *truck], POLICY).doubts == {}


def test_far_outside_the_district_and_in_the_future_is_doubted(store: PgStore):
    kept = keep_fixes(
        store, [tracked(0, lon=LON + 5), tracked(30, received_at=at(0), lat=LAT + 0.001)], POLICY
    )
    assert kept.doubts == {"far": 1, "ahead": 1}
    assert store.positions.list_last(None) == []


def test_late_fixes_land_in_their_place(store: PgStore):
    keep_fixes(store, [tracked(60)], POLICY)
    late = [tracked(n, received_at=at(61)) for n in (2, 1, 3)]
    assert keep_fixes(store, late, POLICY).new == 3
    assert [fix.fixed_at for fix in stored(store)] == [at(1), at(2), at(3), at(60)]
    assert store.crews.state(C1, at(61)).last_fix == tracked(60)


def test_a_month_old_is_too_old(store: PgStore):
    kept = keep_fixes(store, [tracked(-60 * 24 * 32, received_at=NOW)], POLICY)
    assert [why for _, why in kept.dropped] == ["too_old"]
    assert stored(store) == []


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def by_day(connection: Connection) -> PgStore:
    """A crew that works from eight to half past five in Shanghai: 0:00 to 9:30 UTC."""
    build.add_district(connection)
    build.add_crew(connection, "C1")
    build.add_crew(connection, "C2")
    works(connection, "08:00", "17:30", zone="Asia/Shanghai")
    return PgStore(connection)


def followed(store: PgStore, *times: datetime) -> list[datetime]:
    fixes = [a_fix(str(t), fixed_at=t, received_at=utc(3, 23)) for t in times]
    return [fix.fixed_at for fix in keep_fixes(store, fixes, POLICY).taken]


def test_a_crew_is_followed_on_shift_only(by_day: PgStore):
    on = [utc(2, 0), utc(2, 9, 29), utc(3, 4)]
    off = [utc(1, 23, 59), utc(2, 9, 30), utc(2, 23)]
    assert followed(by_day, *off, *on) == on
    assert len(stored(by_day)) == 3


def test_off_duty_is_said_and_nothing_is_kept(by_day: PgStore):
    kept = keep_fixes(by_day, [a_fix("x", fixed_at=utc(2, 12), received_at=utc(2, 12))], POLICY)
    assert [why for _, why in kept.dropped] == ["off_duty"]
    assert by_day.positions.list_last(None) == []


def test_a_dated_shift_counts_besides(connection: Connection, by_day: PgStore):
    connection.execute(insert(shift).values(crew_id="C1", period=Range(utc(2, 12), utc(2, 14))))
    assert followed(by_day, utc(2, 11, 59), utc(2, 13)) == [utc(2, 13)]


def test_a_crew_on_an_order_is_followed_until_it_is_done(connection: Connection, by_day: PgStore):
    outage = an_outage(connection)
    PgOutages(connection).add(outage, Scope())
    assigned = an_order(1, outage.id).assign(
        "C1", utc(2, 9), travel_s=1.0, travel_basis="x", why=()
    )
    PgOrders(connection).add(assigned)
    assert followed(by_day, utc(2, 9, 40), utc(2, 22)) == [utc(2, 9, 40), utc(2, 22)]


def test_a_fix_dated_ahead_is_judged_by_the_shift_at_its_receipt(by_day: PgStore):
    far_ahead = a_fix("x", fixed_at=NOW + timedelta(days=20_000), received_at=utc(2, 4))
    assert keep_fixes(by_day, [far_ahead], POLICY).doubts == {"ahead": 1}
    at_night = a_fix("y", fixed_at=NOW + timedelta(days=20_000), received_at=utc(2, 12))
    assert keep_fixes(by_day, [at_night], POLICY).taken == ()


def test_what_was_recorded_elsewhere_can_be_kept_whole(by_day: PgStore):
    fix = a_fix("x", fixed_at=utc(2, 12), received_at=utc(2, 12))
    assert keep_fixes(by_day, [fix], TrackingPolicy(on_duty_only=False)).new == 1


def test_only_crews_with_orders_are_weighed(connection: Connection, store: PgStore):
    assert store.positions.with_orders(["C1", "C2"], NOW) == []
    outage = an_outage(connection)
    PgOutages(connection).add(outage, Scope())
    PgOrders(connection).add(
        an_order(1, outage.id).assign("C2", NOW, travel_s=1.0, travel_basis="road", why=())
    )
    assert store.positions.with_orders(["C1", "C2"], NOW) == ["C2"]


def test_a_crew_that_passed_its_order_on_is_weighed_by_what_comes_late(
    connection: Connection, store: PgStore
):
    outage = an_outage(connection)
    PgOutages(connection).add(outage, Scope())
    waiting = an_order(1, outage.id)
    PgOrders(connection).add(waiting)
    for kind, minutes, crew_id in (
        (StepKind.ASSIGNED, 0, "C1"),
        (StepKind.REASSIGNED, 5, "C2"),
        (StepKind.RETURNED, 9, "C2"),
    ):
        store.orders.record(
            DispatchStep(
                order_id=waiting.id,
                kind=kind,
                at=at(minutes),
                recorded_at=at(minutes),
                by="x",
                crew_id=crew_id,
            )
        )
    heard = {since: store.positions.with_orders(["C1", "C2"], at(since)) for since in (4, 6, 10)}
    assert {since: sorted(crews) for since, crews in heard.items()} == {
        4: ["C1", "C2"],
        6: ["C2"],
        10: [],
    }
    passed = store.orders.list_passed_on("C1", at(4))
    assert [sending for _, sending in passed] == [
        Sending(crew_id="C1", sent_at=at(0), ended_at=at(5))
    ]
    assert store.orders.list_passed_on("C1", at(6)) == []
