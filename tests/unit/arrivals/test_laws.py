"""What holds of every track: order, repeats, more fixes, and the ends of the interval."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.arrival import Verdict
from tests.unit.arrivals.tracks import StraightRoads, at, coming, judge
from tests.unit.core import after

TRACK = st.lists(
    st.builds(
        lambda minute, east, north, radius, mock, device: at(
            minute,
            east,
            north,
            accuracy_m=radius,
            mock=mock,
            device=device,
            id=f"{minute}{east}{north}{device}",
        ),
        st.integers(-240, 240).map(lambda quarter: quarter / 4),
        st.integers(-80, 80).map(lambda step: step * 5.0) | st.floats(-6000, 6000),
        st.floats(-300, 300),
        st.none() | st.floats(0, 400),
        st.sampled_from([False, False, False, True]),
        st.sampled_from(["", "", "jt808:1"]),
    ),
    max_size=40,
)
CLAIM = st.none() | st.integers(-30, 30)


@settings(max_examples=150, deadline=None)
@given(TRACK, CLAIM)
def test_an_interval_is_never_turned_round_nor_before_the_order(track, claimed):
    evidence = judge(*track, claimed=claimed, roads=StraightRoads(off_m=5))
    if evidence is None:
        assert claimed is None
        return
    if evidence.earliest is not None:
        assert evidence.earliest >= after(-30)
    if evidence.verdict is Verdict.CONFIRMED:
        assert evidence.earliest <= evidence.latest
    else:
        assert evidence.latest is None and evidence.claimed_at == after(claimed)


@settings(max_examples=80, deadline=None)
@given(TRACK, CLAIM, st.randoms(use_true_random=False))
def test_order_and_repeats_change_nothing(track, claimed, random):
    again = [*track, *random.sample(track, len(track) // 2)]
    random.shuffle(again)
    assert judge(*again, claimed=claimed) == judge(*track, claimed=claimed)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, len(coming()) - 1), max_size=50), st.booleans())
def test_of_a_true_track_a_fix_more_never_widens_the_interval(missing, by_road):
    whole = coming()
    roads = StraightRoads(mps=12, off_m=5) if by_road else StraightRoads(mps=1e9)
    fewer = [fix for n, fix in enumerate(whole) if n not in missing]
    with_all = judge(*whole, claimed=0, roads=roads)
    without = judge(*fewer, claimed=0, roads=roads)
    if without.verdict is Verdict.CONFIRMED:
        assert without.earliest <= with_all.earliest
        assert with_all.latest <= without.latest


@pytest.mark.parametrize("hours", [1, 5, 24])
def test_a_batch_that_comes_late_says_the_same_as_one_in_time(hours):
    late = [replace(fix, received_at=after(60 * hours)) for fix in coming()]
    assert judge(*late, claimed=0).latest == judge(*coming(), claimed=0).latest
