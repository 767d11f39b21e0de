"""Crews, shifts and positions on PostGIS."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects.postgresql import Range

from dispatch.domain.outage import Scope
from dispatch.errors import InvalidInput, NotFound
from dispatch.store.constraints import in_our_words
from dispatch.store.crews import PgCrews
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.partitions import drop_fix_partitions, ensure_fix_partitions
from dispatch.store.positions import PgPositions
from dispatch.store.tables.crews import shift, shift_pattern
from tests.store.builders import (
    LAT,
    LON,
    NOW,
    WEST,
    a_fix,
    add_crew,
    add_district,
    an_order,
    an_outage,
    at,
)


@pytest.fixture
def crews(connection: Connection) -> PgCrews:
    add_district(connection)
    add_crew(connection)
    return PgCrews(connection)


def works(connection, starts, ends, zone="Asia/Shanghai"):
    connection.execute(
        insert(shift_pattern).values(crew_id="C1", starts=starts, ends=ends, zone=zone)
    )


def utc(day, hour, minute=0, month=3):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_a_crew_can_be_read(crews):
    crew = crews.get("C1")
    assert (crew.base_lon, crew.base_lat) == (LON, LAT)
    assert crew.skills == {"mv", "lv"}
    with pytest.raises(NotFound):
        crews.get("nobody")
    with pytest.raises(NotFound):
        crews.state("nobody", NOW)


def test_a_crew_without_a_shift_is_off(crews):
    state = crews.state("C1", NOW)
    assert not state.on_shift
    assert state.shift_ends_at is None
    assert state.last_fix is None
    assert state.active_order_id is None


@pytest.mark.parametrize(
    ("now", "ends_at"),
    [
        (utc(2, 0, 0), utc(2, 9, 30)),
        (utc(2, 9, 29), utc(2, 9, 30)),
        (utc(2, 9, 30), None),
        (utc(1, 23, 59), None),
    ],
)
def test_a_day_shift_is_on_the_wall_clock_of_its_zone(connection, crews, now, ends_at):
    works(connection, "08:00", "17:30")
    state = crews.state("C1", now)
    assert (state.on_shift, state.shift_ends_at) == (ends_at is not None, ends_at)


@pytest.mark.parametrize(
    ("now", "ends_at"),
    [
        (utc(2, 13, 59), None),
        (utc(2, 14, 0), utc(2, 22, 0)),
        (utc(2, 17, 0), utc(2, 22, 0)),
        (utc(2, 21, 59), utc(2, 22, 0)),
        (utc(2, 22, 0), None),
    ],
)
def test_a_night_shift_runs_over_midnight(connection, crews, now, ends_at):
    works(connection, "22:00", "06:00")
    state = crews.state("C1", now)
    assert (state.on_shift, state.shift_ends_at) == (ends_at is not None, ends_at)


def test_a_shift_follows_summer_time(connection, crews):
    works(connection, "22:00", "06:00", zone="Europe/Berlin")
    # The clocks go forward at 01:00 UTC on 29 March 2026: this night has seven hours.
    state = crews.state("C1", utc(28, 22))
    assert state.shift_ends_at == utc(29, 4)


def test_equal_times_mean_round_the_clock(connection, crews):
    works(connection, "08:00", "08:00")
    state = crews.state("C1", NOW)
    assert state.on_shift
    assert state.shift_ends_at is None


def test_a_dated_shift_counts_besides_the_daily_one(connection, crews):
    works(connection, "08:00", "17:30")
    connection.execute(insert(shift).values(crew_id="C1", period=Range(utc(2, 9), utc(2, 13))))
    assert crews.state("C1", utc(2, 9, 15)).shift_ends_at == utc(2, 13)
    assert crews.state("C1", utc(2, 12)).on_shift
    assert not crews.state("C1", utc(2, 13)).on_shift


def test_a_shift_that_follows_on_without_a_break_is_the_same_one(connection, crews):
    works(connection, "08:00", "17:30")
    overtime = [Range(utc(2, 9, 30), utc(2, 13)), Range(utc(2, 13), utc(3, 0))]
    connection.execute(insert(shift), [{"crew_id": "C1", "period": period} for period in overtime])
    assert crews.state("C1", utc(2, 9, 15)).shift_ends_at == utc(3, 9, 30)
    assert crews.state("C1", utc(2, 12, 45)).shift_ends_at == utc(3, 9, 30)


def test_a_shift_that_summer_time_swallows_is_none_and_hides_no_crew(connection, crews):
    works(connection, "02:30", "03:00", zone="Europe/Berlin")
    assert not crews.state("C1", utc(29, 1, 15)).on_shift


def test_shifts_of_one_crew_never_overlap(connection, crews):
    period = Range(utc(2, 9), utc(2, 13))
    connection.execute(insert(shift).values(crew_id="C1", period=period))
    with pytest.raises(InvalidInput), in_our_words(), connection.begin_nested():
        connection.execute(insert(shift).values(crew_id="C1", period=Range(utc(2, 12), utc(2, 14))))


def test_only_working_crews_of_the_district_are_listed(connection, crews):
    add_district(connection, "east")
    add_crew(connection, "C2", district_id="east")
    add_crew(connection, "C0")
    connection.execute(text("UPDATE crew SET retired_at = now() WHERE id = 'C0'"))
    assert [state.crew.id for state in crews.list_states(WEST, NOW)] == ["C1"]


def test_a_crew_with_an_order_under_way_says_which(connection, crews):
    outage = an_outage(connection)
    PgOutages(connection).add(outage, Scope())
    order = an_order(1, outage.id).assign("C1", NOW, travel_s=1.0, travel_basis="road", why=())
    PgOrders(connection).add(order)
    assert crews.state("C1", NOW).active_order_id == 1


def test_the_same_fixes_again_store_nothing(crews):
    fixes = [a_fix(str(n), offset=n, accuracy_m=5.0, speed_mps=12.5) for n in range(3)]
    assert crews.record_fixes(fixes) == 3
    assert crews.record_fixes([*fixes, a_fix("3", offset=3)]) == 1
    assert crews.record_fixes([]) == 0
    assert list(crews.list_fixes("C1", at(0), at(2))) == fixes


def test_a_late_fix_does_not_move_the_last_position_back(crews):
    crews.record_fixes([a_fix("new", offset=10, lon=LON + 0.01)])
    crews.record_fixes([a_fix("old", offset=2, received_at=at(20))])
    assert crews.state("C1", at(20)).last_fix == a_fix("new", offset=10, lon=LON + 0.01)


def test_a_fix_from_the_future_is_kept_but_is_no_last_position(crews):
    ahead = a_fix("ahead", fixed_at=at(100_000), received_at=NOW)
    assert crews.record_fixes([ahead, a_fix("now")]) == 2
    assert crews.state("C1", NOW).last_fix.id == "now"


def test_fixes_of_an_unknown_crew_are_refused(connection, crews):
    with pytest.raises(NotFound), in_our_words(), connection.begin_nested():
        crews.record_fixes([a_fix("x", crew_id="nobody")])


def test_partitions_are_made_once_and_take_over_what_came_before(connection, crews):
    crews.record_fixes([a_fix("early", offset=-60), a_fix("far", offset=60 * 24 * 90)])
    made = ensure_fix_partitions(connection, NOW, back=1, ahead=1)
    assert made == ["position_fix_20260301", "position_fix_20260302", "position_fix_20260303"]
    assert ensure_fix_partitions(connection, NOW, back=1, ahead=1) == []
    count = text("SELECT count(*) FROM position_fix_20260302")
    assert connection.scalar(count) == 1
    assert crews.record_fixes([a_fix("early", offset=-60), a_fix("next")]) == 1
    assert connection.scalar(count) == 2


def test_old_days_are_dropped_with_their_fixes(connection, crews):
    ensure_fix_partitions(connection, NOW, back=1, ahead=1)
    crews.record_fixes([a_fix("yesterday", offset=-60 * 20), a_fix("today")])
    crews.record_fixes([a_fix("ancient", offset=-60 * 24 * 400)])
    assert drop_fix_partitions(connection, NOW) == ["position_fix_20260301"]
    left = crews.list_fixes("C1", at(-(10**6)), at(10**6))
    assert [fix.id for fix in left] == ["today"]


def test_where_somebody_was_last_seen_is_forgotten_with_the_positions(connection, crews):
    add_crew(connection, "C2")
    crews.record_fixes([a_fix("old", offset=-60 * 24 * 3), a_fix("new", "C2", device="jt808:1")])
    drop_fix_partitions(connection, NOW)
    assert [fix.crew_id for fix in PgPositions(connection).list_last(None)] == ["C2"]
    kept = connection.scalars(text("SELECT crew_id FROM device_position")).all()
    assert kept == ["C2"]
