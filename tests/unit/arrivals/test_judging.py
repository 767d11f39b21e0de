"""What a track makes of an arrival: the interval, the verdict and the reasons."""

from dataclasses import replace
from datetime import timedelta
from math import sin

import pytest

from dispatch.domain.arrival import Verdict
from dispatch.domain.tracking import Doubt
from gis.crs import Datum, from_wgs84
from tests.unit.arrivals.tracks import (
    LAT,
    LON,
    POLICY,
    SITE,
    StraightRoads,
    at,
    codes,
    coming,
    companion,
    driving,
    judge,
    late_by,
    staying,
)
from tests.unit.core import after


def test_a_stay_confirms_and_bounds_the_arrival():
    evidence = judge(*coming(), claimed=0.5)
    assert evidence.verdict is Verdict.CONFIRMED
    assert evidence.earliest <= after(0) <= evidence.latest + timedelta(seconds=15)
    assert evidence.latest - evidence.earliest <= timedelta(seconds=45)


def test_first_touch_is_no_arrival():
    assert judge(at(0)) is None


def test_driving_past_is_no_arrival():
    assert judge(*driving(0, 5, -2500, 2500)) is None
    assert judge(*driving(0, 5, -2500, 2500), claimed=2.5).verdict is Verdict.CLAIMED_ONLY


def test_creeping_past_in_a_jam_is_no_arrival():
    jam = driving(0, 14, -400, 400)  # 3.4 km/h
    assert judge(*jam) is None
    assert judge(*jam, claimed=7).verdict is not Verdict.CONFIRMED


def test_ninety_seconds_at_a_light_are_no_arrival():
    light = [
        *driving(-4, 0, -2500, 0),
        *staying(0, 1.5, every=0.125),
        *driving(1.625, 5, 60, 2500, every=0.125),
    ]
    assert judge(*light) is None
    assert judge(*light, claimed=0.5).verdict is Verdict.CLAIMED_ONLY


def test_who_came_at_a_creep_has_to_stay_longer():
    def jammed(stays: float):
        return [*driving(-6, 0, -300, 0), *staying(0, stays)]

    assert judge(*jammed(3), claimed=0).verdict is Verdict.CLAIMED_ONLY
    assert judge(*jammed(10), claimed=0).verdict is Verdict.CONFIRMED


def test_what_nobody_claimed_has_to_be_nearer():
    crossing = staying(0, 10, 115)
    assert judge(*crossing) is None
    assert judge(*crossing, claimed=0).verdict is Verdict.CONFIRMED


def test_leaving_in_between_starts_the_stay_again():
    away = [*staying(-3, 0, 3000), *staying(1, 2), *staying(3, 4, 3000), *staying(6, 10)]
    assert judge(*away).latest == after(6)


def test_a_single_outlier_does_not_end_a_stay():
    fixes = coming()
    outlier = at(1.1, 400, accuracy_m=10)
    assert judge(*fixes, outlier).latest == judge(*fixes).latest


def test_what_was_not_seen_for_long_may_have_left_and_come_back():
    assert judge(at(0), at(0.25, 4), at(40, 3), at(40.25, 5)) is None


def test_a_claim_with_no_fix_near_it_is_only_a_claim():
    evidence = judge(claimed=0)
    assert evidence.verdict is Verdict.CLAIMED_ONLY
    assert codes(evidence) == {"arrival_no_fix"}


def test_a_claim_from_elsewhere_is_contradicted_with_its_distance():
    evidence = judge(*staying(-5, 5, 5000), claimed=0)
    assert evidence.verdict is Verdict.CONTRADICTED
    assert evidence.latest is None
    assert "metres=49" in evidence.reasons[0] or "metres=50" in evidence.reasons[0]


def test_a_claim_from_400_m_away_is_contradicted_at_once():
    assert judge(*staying(-5, 0, 400), claimed=0.05).verdict is Verdict.CONTRADICTED


def test_a_claim_in_a_dead_zone_is_not_contradicted_by_where_the_crew_was_before():
    assert judge(*staying(-20, -4, 3000), claimed=0).verdict is Verdict.CLAIMED_ONLY


def test_a_claim_that_nothing_can_have_brought_the_crew_to_is_contradicted_however_rare_its_fixes():
    far = judge(*staying(-40, -10, 60_000, every=10), claimed=0)
    assert far.verdict is Verdict.CONTRADICTED
    assert "metres=33" in far.reasons[0] or "metres=32" in far.reasons[0]
    near = judge(*staying(-40, -10, 20_000, every=10), claimed=0)
    assert near.verdict is Verdict.CLAIMED_ONLY


def test_a_dead_zone_too_short_for_the_drive_there_and_back_contradicts():
    gap = [*staying(-10, -2.5, 3000), *staying(2.5, 10, 3000)]
    assert judge(*gap, claimed=0, roads=StraightRoads()).verdict is Verdict.CONTRADICTED
    assert judge(*gap, claimed=0).verdict is Verdict.CLAIMED_ONLY  # no roads: 162 km/h


def test_a_claim_made_too_early_does_not_undo_the_arrival():
    evidence = judge(*coming(), claimed=-9)
    assert evidence.verdict is Verdict.CONFIRMED
    assert "arrival_said_early" in codes(evidence)


def test_a_forgotten_button_is_filled_in_and_marked():
    evidence = judge(*coming())
    assert evidence.is_filled_in
    assert "arrival_unsaid" in codes(evidence)
    assert not judge(*coming(), claimed=0).is_filled_in


def test_a_crew_that_was_there_before_it_was_sent_arrived_when_it_was_sent():
    evidence = judge(*staying(-10, 5), sent=0)
    assert (evidence.earliest, evidence.latest) == (after(0), after(0))


def test_a_gap_in_the_track_widens_the_interval_and_roads_narrow_it():
    gap = [*staying(-30, -25, 5000), *staying(0, 5)]
    without, with_roads = judge(*gap), judge(*gap, roads=StraightRoads(mps=10))
    assert without.latest == with_roads.latest == after(0)
    by_line = timedelta(seconds=(5000 - 215) / 45)
    assert without.earliest - after(-25) == pytest.approx(by_line, abs=timedelta(seconds=1))
    assert with_roads.earliest - after(-25) > timedelta(minutes=4)


def test_there_sooner_than_any_road_allows_is_no_arrival():
    leap = [*staying(-10, -0.5, 5000), *staying(0, 10)]
    evidence = judge(*leap, claimed=0)
    assert evidence.verdict is Verdict.CLAIMED_ONLY
    assert "arrival_no_such_drive" in codes(evidence)


def test_gone_sooner_than_any_road_allows_is_no_arrival():
    fixes = [*coming(until=5), *staying(5.25, 12, 5000)]
    assert "arrival_no_such_drive" in codes(judge(*fixes, claimed=0))


def test_a_vague_place_is_never_sure():
    village = replace(SITE, accuracy_m=300.0)
    for east_m in (0, 150, 300):
        evidence = judge(*staying(-1, 20, east_m), claimed=0, site=village)
        assert evidence.verdict is Verdict.CLAIMED_ONLY
        assert codes(evidence) == {"arrival_vague_site"}


def test_a_place_known_to_fifty_metres_is_confirmed_from_near():
    assert judge(*coming(), claimed=0, site=replace(SITE, accuracy_m=50.0)).latest is not None


def test_vague_and_doubtful_fixes_prove_nothing_and_are_counted():
    vague = judge(*staying(0, 5, accuracy_m=900.0), claimed=0)
    doubtful = judge(*staying(0, 5, doubts=int(Doubt.JUMP)), claimed=0)
    assert (vague.verdict, doubtful.verdict) == (Verdict.CLAIMED_ONLY, Verdict.CLAIMED_ONLY)
    assert "arrival_left_out_vague" in codes(vague)
    assert "arrival_left_out_doubtful" in codes(doubtful)


def test_a_device_set_by_hand_proves_nothing_even_where_it_hides_the_mark():
    marked = [replace(fix, mock=fix.fixed_at < after(-0.5)) for fix in coming()]
    evidence = judge(*marked, claimed=0)
    assert evidence.verdict is Verdict.CLAIMED_ONLY
    assert "arrival_mock_near" in codes(evidence)
    assert judge(*staying(0, 5, mock=True)) is None


def test_a_phone_that_repeats_its_place_proves_nothing():
    held = [*coming(until=-0.25), *[at(n / 4) for n in range(20)]]
    assert "arrival_frozen" in codes(judge(*held, claimed=0))


def test_a_terminal_may_hold_its_place_once_it_was_seen_to_drive_up():
    way = [replace(fix, device="jt808:1") for fix in coming(until=-0.25)]
    held = [at(n / 4, device="jt808:1") for n in range(20)]
    assert judge(*way, *held, claimed=0).verdict is Verdict.CONFIRMED
    assert "arrival_frozen" in codes(judge(*held, claimed=0))
    still_driving = [replace(fix, speed_mps=12.0) for fix in held]
    assert "arrival_frozen" in codes(judge(*way, *still_driving, claimed=0))


def test_a_way_drawn_by_ruler_is_no_way():
    way = [at(-5 + n / 4, 3000 - 150 * n) for n in range(20)]
    evidence = judge(*way, *staying(0, 10), claimed=0)
    assert evidence.verdict is Verdict.CLAIMED_ONLY
    assert "arrival_ruled" in codes(evidence)


def test_equal_steps_around_corners_are_no_way_either():
    east_m = north_m = 0.0
    steps = []
    for n in range(24):  # backwards from the place: three steps east, three north, and so on
        east_m += 90.0 * (n // 3 % 2 == 0)
        north_m += 90.0 * (n // 3 % 2 == 1)
        steps.append(at(-0.25 * (n + 1), east_m + 1.2 * (n % 2), north_m + 1.2 * (n % 2)))
    assert "arrival_ruled" in codes(judge(*steps, *staying(0, 10), claimed=0))


def test_a_drive_of_yesterday_played_again_is_no_arrival():
    today = coming()
    day = timedelta(days=1)
    yesterday = [
        replace(f, fixed_at=f.fixed_at - day, received_at=f.received_at - day) for f in today
    ]
    assert "arrival_replayed" in codes(judge(*today, claimed=0, earlier=yesterday))
    other = [replace(fix, lon=fix.lon + 2e-6) for fix in yesterday]
    assert judge(*today, claimed=0, earlier=other).verdict is Verdict.CONFIRMED


def test_of_two_phones_in_one_vehicle_only_the_order_at_hand_is_reached():
    ours, theirs = coming(), coming()
    reached = judge(*ours, claimed=0, others=[companion("C2", theirs, 900)])
    assert reached.verdict is Verdict.CONFIRMED
    assert "arrival_together" in codes(reached)
    aside = [replace(fix, lon=fix.lon + 1e-3) for fix in ours]  # 98 m east of our place
    there = [replace(fix, lon=fix.lon + 1e-3) for fix in theirs]
    evidence = judge(*aside, claimed=0, others=[companion("C2", there, 100)])
    assert evidence.verdict is Verdict.CLAIMED_ONLY
    assert "arrival_others_place" in codes(evidence)


def test_two_crews_that_came_each_on_its_own_way_are_not_one_vehicle():
    other = [*driving(-7.75, 0, -4000, 5), *staying(0, 15)]
    evidence = judge(*coming(), claimed=0, others=[companion("C2", other, 0)])
    assert "arrival_together" not in codes(evidence)


def test_another_device_of_the_crew_elsewhere_leaves_it_open():
    vehicle = staying(-10, 10, 4000, device="jt808:1")
    evidence = judge(*coming(), *vehicle, claimed=0)
    assert evidence.verdict is Verdict.CLAIMED_ONLY
    assert "arrival_elsewhere" in codes(evidence)


def test_a_device_seen_elsewhere_before_and_after_was_not_here_in_between():
    vehicle = [at(m, 4000 + 3 * m, device="jt808:1") for m in (-6, -3, -0.5, 2.5, 6)]
    evidence = judge(*coming(), *vehicle, claimed=0)
    assert "arrival_elsewhere" in codes(evidence)


def test_two_phones_are_known_together_by_the_stay_alone_where_the_way_was_not_seen():
    ours = [replace(fix, lon=fix.lon + 1e-3) for fix in staying(0, 15)]
    evidence = judge(*ours, claimed=0, others=[companion("C2", ours, 100)])
    assert "arrival_others_place" in codes(evidence)


def test_a_clock_an_hour_behind_is_set_right_and_named():
    evidence = judge(*[late_by(fix, 60) for fix in coming()], claimed=0, sent=-90)
    assert evidence.verdict is Verdict.CONFIRMED
    assert evidence.earliest <= after(0) <= evidence.latest + timedelta(seconds=15)
    assert "arrival_clock_behind" in codes(evidence)


def test_a_clock_ahead_is_set_right_and_named():
    evidence = judge(*[late_by(fix, -12) for fix in coming()], claimed=0)
    assert evidence.earliest <= after(0) <= evidence.latest + timedelta(seconds=15)
    assert "arrival_clock_fast" in codes(evidence)


def test_a_clock_little_behind_may_as_well_be_a_slow_sender():
    evidence = judge(*[late_by(fix, 2) for fix in coming()], claimed=0)
    assert evidence.earliest <= after(-2) and after(0) <= evidence.latest + timedelta(seconds=15)


def test_what_waited_in_a_dead_zone_is_not_taken_for_a_wrong_clock():
    sent_late = [replace(fix, received_at=after(90)) for fix in coming()]
    assert judge(*sent_late).latest == judge(*coming()).latest


def test_a_track_in_another_datum_is_named_and_not_moved():
    def gcj(fix):
        lon, lat = from_wgs84(fix.lon, fix.lat, Datum.GCJ02)
        return replace(fix, lon=lon, lat=lat)

    evidence = judge(*map(gcj, coming()), claimed=1)
    assert evidence.verdict is Verdict.CLAIMED_ONLY
    assert "arrival_datum_site" in codes(evidence)
    assert "datum=gcj02" in evidence.reasons[0]


def test_a_place_reached_only_in_the_wrong_datum_is_not_reached():
    class Beside(StraightRoads):
        """Roads half a kilometre beside the track: where it truly ran."""

        def off_road_m(self, places):
            return [40.0 if abs(lat - LAT) < 1e-3 else 4.0 for _, lat in places]

    evidence = judge(*coming(), claimed=0, roads=Beside())
    assert evidence.verdict is Verdict.CLAIMED_ONLY
    assert "arrival_datum" in codes(evidence)


def test_a_track_on_the_roads_is_believed():
    assert judge(*coming(), claimed=0, roads=StraightRoads(mps=20, off_m=4)).latest is not None


def test_a_claimed_place_that_may_only_be_reached_late_says_not_before():
    evidence = judge(*staying(-20, -4, 3000), claimed=0)
    assert evidence.earliest > after(-4)


def test_fixes_of_the_whole_world_are_weighed_without_complaint():
    assert judge(at(0), replace(at(1), lon=-LON, lat=-LAT)) is None


class ByTheBridge(StraightRoads):
    """A map that lacks the street the crew came by: every drive leads over a far bridge."""

    def least_s(self, start, end):
        return 300.0


def test_a_step_seen_as_it_was_made_needs_no_map():
    evidence = judge(*coming(), claimed=0, roads=ByTheBridge())
    assert evidence.verdict is Verdict.CONFIRMED
    assert evidence.earliest >= after(-1)


def test_an_unseen_step_needs_a_way_on_the_map():
    seen_until = [fix for fix in coming() if not after(-1.5) < fix.fixed_at < after(0)]
    evidence = judge(*seen_until, claimed=0, roads=ByTheBridge())
    assert "arrival_no_such_drive" in codes(evidence)


def test_the_roads_are_asked_for_all_that_a_position_and_the_fence_leave_open():
    asked = []

    class Asked(StraightRoads):
        def least_s(self, start, end):
            asked.append((start, end))
            return super().least_s(start, end)

    there = (*staying(-15, -10, 5000, accuracy_m=30), *staying(0, 5), *staying(15, 20, 5000))
    assert judge(*there, claimed=0, roads=Asked()).verdict is Verdict.CONFIRMED
    site = (LON, LAT, POLICY.fence_m + SITE.accuracy_m)
    assert {start[2] for start, end in asked if end == site} == {60.0}  # twice its accuracy
    assert {end[2] for start, end in asked if start == site} == {POLICY.street_m}  # and away again


def test_a_refused_stay_does_not_hide_a_later_good_one():
    leaps = [*staying(-10, -0.25, 5000), *staying(0, 5)]
    away = [*driving(5.25, 10, 10, 4000), *staying(10, 30, 4000)]
    back = [*driving(30.25, 35, 4000, 10), *staying(35, 45)]
    evidence = judge(*leaps, *away, *back, claimed=1)
    assert evidence.verdict is Verdict.CONFIRMED
    assert {"arrival_refused_before", "arrival_no_such_drive"} <= codes(evidence)
    assert after(34) < evidence.latest <= after(35)
    assert evidence.earliest <= after(0)  # a stay that proves nothing may yet have been one


def test_who_stays_on_after_a_leap_is_refused_on():
    leaps = [*staying(-10, -0.25, 5000), *staying(0, 90)]
    assert judge(*leaps, claimed=1).verdict is Verdict.CLAIMED_ONLY


def test_who_steps_out_after_a_leap_and_in_again_is_refused_on():
    leaps = [*staying(-10, -0.25, 5000), *staying(0, 5)]
    out_and_in = [*driving(5.25, 6, 10, 400), *driving(6, 7, 400, 10), *staying(7, 12)]
    assert judge(*leaps, *out_and_in, claimed=1).verdict is Verdict.CLAIMED_ONLY


def test_who_halted_at_another_crews_place_first_arrives_at_the_next_spot():
    ride = [
        *staying(-15, -8, 5000),
        *driving(-7.75, 0, 5000, 120),
        *staying(0, 6, 120),
        *driving(6.25, 7, 120, 5),
        *staying(7, 15, 5),
    ]
    evidence = judge(*ride, claimed=0.5, others=[companion("C2", ride, 125)])
    assert evidence.verdict is Verdict.CONFIRMED
    assert {"arrival_others_place", "arrival_together"} <= codes(evidence)
    assert after(6.5) < evidence.latest <= after(7.25)


def test_a_stay_begins_when_the_device_no_longer_says_that_it_drives():
    rolling = [replace(fix, speed_mps=9.0) for fix in driving(-1, 0, 60, 20)]
    whole = [*staying(-15, -8, 5000), *driving(-7.75, -1, 5000, 200), *rolling, *staying(0, 5, 15)]
    assert judge(*whole, claimed=0).latest == after(0)


def test_a_turn_in_a_jam_is_no_arrival():
    """Out, round, and back on the same street, within forty metres of one spot for two minutes."""
    seen = (
        *((794, -196, -157, 11.3), (804, -86, -72, 16.4), (813, 41, 16, 7.8), (822, 55, 28, 1.6)),
        *((831, 62, 29, 0.1), (841, 72, 37, 2.7), (851, 72, 42, 0.1), (862, 81, 47, 2.9)),
        *((871, 96, 56, 0.2), (881, 100, 59, 0.1), (891, 101, 57, 0.1), (901, 97, 50, 0.2)),
        *((911, 109, 66, 0.3), (922, 106, 65, 0.4), (931, 102, 61, 1.0), (942, 90, 48, 0.1)),
        *((951, 91, 54, 0.0), (961, 83, 42, 0.0), (972, 86, 41, 0.3), (981, 78, 35, 3.1)),
    )
    jam = [at((s - 804) / 60, x, y, speed_mps=mps, accuracy_m=7) for s, x, y, mps in seen]
    past = [*driving(-8, -0.25, 5000, -250), *jam]
    assert judge(*past, claimed=2).verdict is not Verdict.CONFIRMED


def drifting(**facts):
    """Errors of twenty metres that hang together for minutes, between high buildings."""
    tremble = [at(n / 6, -26 + 4 * n, 2 * sin(5 * n), accuracy_m=24, **facts) for n in range(14)]
    return [*staying(-15, -8, 5000), *driving(-7.75, 0, 5000, 10), *tremble]


def test_a_device_first_heard_of_at_the_place_is_named():
    first_heard = judge(*staying(0, 5), claimed=0)
    assert first_heard.verdict is Verdict.CONFIRMED
    assert "arrival_way_unseen" in codes(first_heard)
    assert "arrival_way_unseen" not in codes(judge(*coming(), claimed=0))


def test_what_drifts_between_high_buildings_stays_if_it_says_that_it_stands():
    assert judge(*drifting(speed_mps=0.3), claimed=0).verdict is Verdict.CONFIRMED
    assert judge(*drifting(), claimed=0).verdict is Verdict.CLAIMED_ONLY
    assert judge(*drifting(speed_mps=1.6), claimed=0).verdict is Verdict.CLAIMED_ONLY
