"""What is believed of a device: jumps, frozen coordinates, clocks ahead, and whose fix it is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.crew import PositionFix
from dispatch.domain.tracking import (
    Binding,
    Doubt,
    Duty,
    Extent,
    Track,
    Tracker,
    TrackingPolicy,
    Wire,
    doubted,
    reachable,
)
from dispatch.domain.words import CrewId
from gis.crs import Datum, distance_m
from tests.unit.core import a_fix, after

POLICY = TrackingPolicy()
LON, LAT = 115.9, 28.7
KM = 1 / 97.7  # of longitude, there


def doubts(*fixes: PositionFix, track: Track | None = None, extent: Extent | None = None):
    marked, _ = doubted(fixes, track or Track(), extent, POLICY)
    return [Doubt(fix.doubts) for fix in marked]


def drive(*kilometres: float, every_min: float = 0.5, **facts) -> list[PositionFix]:
    """A fix every so often, so far east of where it began."""
    return [a_fix(n * every_min, LON + km * KM, LAT, **facts) for n, km in enumerate(kilometres)]


def test_a_drive_raises_no_doubt():
    assert set(doubts(*drive(0, 0.5, 1.0, 1.6, 1.6, 1.5))) == {Doubt(0)}


def test_a_jump_and_back_is_one_doubt():
    assert doubts(*drive(0, 0.5, 80, 1.0, 1.5)) == [0, 0, Doubt.JUMP, 0, 0]


def test_three_fixes_that_fit_each_other_show_that_the_first_was_wrong():
    assert doubts(*drive(0, 80, 80.2, 80.4, 80.8)) == [0, Doubt.JUMP, Doubt.JUMP, 0, 0]


def test_jumps_that_do_not_fit_each_other_show_nothing():
    assert doubts(*drive(0, 80, 160, 240, 320, 0.5)) == [0, *[Doubt.JUMP] * 4, 0]


def test_what_jumped_before_counts_on():
    (home,) = drive(0)
    before = drive(0, 80, 80.2)[1:]
    (now,) = drive(0, 80, 80.2, 80.3)[3:]
    assert doubts(now, track=Track(last=home, jumps=tuple(before))) == [0]


def test_a_late_fix_moves_nothing_but_has_to_fit():
    track = Track(last=a_fix(60, LON, LAT))
    near, far = a_fix(58, LON + KM, LAT), a_fix(59, LON + 80 * KM, LAT)
    marked, after_them = doubted([near, far], track, None, POLICY)
    assert [fix.doubts for fix in marked] == [0, Doubt.JUMP]
    assert after_them == track


def test_fixes_of_one_moment_have_to_lie_together():
    here, there = a_fix(0, LON, LAT), a_fix(0, LON + KM, LAT)
    assert doubts(here, there) == [0, Doubt.JUMP]


def test_coordinates_that_do_not_change_at_speed_are_frozen():
    fixes = drive(0, 0, 0, 0, 0, speed_mps=8.0)  # 240 m between two
    assert doubts(*fixes) == [0, 0, Doubt.FROZEN, Doubt.FROZEN, Doubt.FROZEN]


def test_standing_still_is_not_frozen():
    assert set(doubts(*drive(0, 0, 0, 0, 0, speed_mps=0.0))) == {Doubt(0)}
    assert set(doubts(*drive(0, 0, 0, 0, 0, speed_mps=None))) == {Doubt(0)}
    pulling_away = [*drive(0, 0, every_min=60), a_fix(60.1, LON, LAT, speed_mps=5.0)]
    assert set(doubts(*pulling_away)) == {Doubt(0)}


def test_zero_zero_a_clock_ahead_and_another_country_are_told_together():
    nowhere = a_fix(30, 0.0, 0.0, received_at=after(0))
    extent = Extent(115, 28, 116, 29)
    assert doubts(nowhere, extent=extent) == [Doubt.NULL_ISLAND | Doubt.AHEAD | Doubt.FAR]
    assert (Doubt.NULL_ISLAND | Doubt.FAR).words == ("null_island", "far")


def test_a_fix_in_doubt_by_itself_does_not_move_the_track():
    assert doubts(a_fix(0, LON, LAT), a_fix(1, 0.0, 0.0), a_fix(2, LON, LAT)) == [
        0,
        Doubt.NULL_ISLAND,
        0,
    ]


@pytest.mark.parametrize(("lon", "doubt"), [(115.0, 0), (114.1, 0), (113.7, Doubt.FAR)])
def test_a_neighbouring_district_is_not_far(lon: float, doubt: int):
    assert doubts(a_fix(0, lon, 28.5), extent=Extent(115, 28, 116, 29)) == [doubt]


@given(
    steps=st.lists(
        st.tuples(st.floats(0, 10), st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=8
    ),
    shuffle=st.randoms(),
)
def test_the_order_in_which_fixes_come_does_not_matter(steps, shuffle):
    fixes = [
        a_fix(minutes + n * 10, LON + x, LAT + y, id=str(n))
        for n, (minutes, x, y) in enumerate(steps)
    ]
    shuffled = list(fixes)
    shuffle.shuffle(shuffled)
    assert doubted(shuffled, Track(), None, POLICY) == doubted(fixes, Track(), None, POLICY)


@given(x=st.floats(-1, 1), y=st.floats(-1, 1), minutes=st.floats(-60, 60))
def test_the_quick_look_at_a_distance_agrees_with_the_exact_one(x, y, minutes):
    one, other = a_fix(0, LON, LAT), a_fix(minutes, LON + x, LAT + y)
    allowed = POLICY.slack_m + 16.0 + POLICY.fastest_mps * abs(minutes) * 60
    exact = distance_m(one.lon, one.lat, other.lon, other.lat)
    if abs(exact - allowed) > 1:
        assert reachable(one, other, POLICY) == (exact <= allowed)


def test_duty_joins_periods_and_ends_before_their_end():
    duty = Duty(
        {CrewId("C1"): [(after(60), after(90)), (after(0), after(30)), (after(20), after(50))]}
    )
    covered = [minute for minute in range(-10, 100, 5) if duty.covers(CrewId("C1"), after(minute))]
    assert covered == [*range(0, 50, 5), *range(60, 90, 5)]
    assert not duty.covers(CrewId("C2"), after(5))


def test_a_device_speaks_for_whoever_had_it_at_that_time():
    tracker = Tracker(
        wire=Wire.JT808,
        device="13800001234",
        label="",
        vehicle="赣A12345",
        datum=Datum.WGS84,
        digest=b"",
        terminal=None,
        enrolled_at=after(0),
        revoked_at=None,
        bindings=(
            Binding(since=after(0), crew_id=CrewId("C1")),
            Binding(since=after(60), crew_id=None),
            Binding(since=after(90), crew_id=CrewId("C2")),
        ),
    )
    times = [-1, 0, 59, 60, 90, 1000]
    assert [tracker.crew_at(after(m)) for m in times] == [None, "C1", "C1", None, "C2", "C2"]
    assert tracker.crew_id == "C2"
    assert replace(tracker, bindings=()).crew_at(after(5)) is None
    assert tracker.crew_at(after(60) - timedelta(microseconds=1)) == "C1"
