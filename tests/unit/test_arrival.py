from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.arrival import ArrivalPolicy, Site, Verdict, judge_arrival
from tests.unit.core import NOW, a_fix, after

SITE = Site(lon=115.9, lat=28.7, accuracy_m=15.0)
POLICY = ArrivalPolicy()
EAST_1_KM = 115.9 + 0.01022
EAST_5_KM = 115.9 + 0.0511


def judge(*fixes, claimed=None, sent=-30.0, site=SITE):
    claimed_at = None if claimed is None else after(claimed)
    return judge_arrival(site, fixes, sent_at=after(sent), claimed_at=claimed_at, policy=POLICY)


def test_a_stay_inside_the_fence_confirms_and_bounds_the_arrival():
    evidence = judge(
        a_fix(-1, EAST_1_KM, 28.7),
        a_fix(0, 115.9, 28.7),
        a_fix(1, 115.9, 28.7),
        a_fix(2, 115.9, 28.7),
    )
    assert evidence.verdict is Verdict.CONFIRMED
    assert (evidence.earliest, evidence.latest) == (after(-1), NOW)


def test_first_touch_is_no_arrival():
    assert judge(a_fix(0, 115.9, 28.7)) is None


def test_driving_past_is_no_arrival():
    passing = [a_fix(m, 115.9 + (m - 1) * 0.01, 28.7) for m in (0, 0.5, 1, 1.5, 2, 2.5, 3)]
    assert judge(*passing) is None


def test_leaving_in_between_starts_the_stay_again():
    evidence = judge(
        a_fix(0, 115.9, 28.7),
        a_fix(1, EAST_1_KM, 28.7),
        a_fix(2, 115.9, 28.7),
        a_fix(4, 115.9, 28.7),
    )
    assert evidence.latest == after(2)


def test_order_of_delivery_does_not_matter():
    fixes = [a_fix(m, 115.9, 28.7) for m in (0, 1, 2, 3)]
    assert judge(*fixes) == judge(*reversed(fixes))


def test_a_claim_with_no_fix_near_it_is_only_a_claim():
    assert judge(claimed=0).verdict is Verdict.CLAIMED_ONLY


def test_a_claim_while_the_track_is_elsewhere_is_contradicted():
    evidence = judge(a_fix(-1, EAST_5_KM, 28.7), a_fix(1, EAST_5_KM, 28.7), claimed=0)
    assert evidence.verdict is Verdict.CONTRADICTED
    assert evidence.latest is None


def test_the_track_counts_where_nobody_pressed_the_button():
    evidence = judge(a_fix(0, 115.9, 28.7), a_fix(3, 115.9, 28.7))
    assert any("did not press" in reason for reason in evidence.reasons)


def test_mock_fixes_prove_nothing():
    fixes = [a_fix(m, 115.9, 28.7, mock=True) for m in (0, 1, 2, 3)]
    assert judge(*fixes) is None
    assert judge(*fixes, claimed=0).verdict is Verdict.CLAIMED_ONLY


def test_a_vague_fix_proves_nothing():
    assert judge(*[a_fix(m, 115.9, 28.7, accuracy_m=900.0) for m in (0, 1, 2, 3)]) is None


def test_a_fix_whose_circle_leaves_the_fence_does_not_prove_a_stay():
    assert judge(*[a_fix(m, 115.9, 28.7, accuracy_m=190.0) for m in (0, 1, 2, 3)]) is None


def test_a_site_known_only_vaguely_has_a_wider_fence():
    village = replace(SITE, accuracy_m=300.0)
    near = [a_fix(m, 115.9 + 0.0035, 28.7) for m in (0, 1, 2, 3)]
    assert judge(*near) is None
    assert judge(*near, site=village).verdict is Verdict.CONFIRMED


def test_a_jump_that_no_vehicle_can_make_is_left_out():
    fixes = [a_fix(0, EAST_5_KM, 28.7)] + [a_fix(0.1 * m, 115.9, 28.7) for m in range(1, 3)]
    evidence = judge(*fixes, claimed=0.2)
    assert evidence.verdict is not Verdict.CONFIRMED


def test_a_crew_that_was_there_before_it_was_sent_arrived_when_it_was_sent():
    evidence = judge(*[a_fix(m, 115.9, 28.7) for m in range(-10, 4)], sent=0)
    assert (evidence.earliest, evidence.latest) == (NOW, NOW)


def test_a_gap_in_the_track_widens_the_interval():
    evidence = judge(a_fix(-25, EAST_5_KM, 28.7), a_fix(0, 115.9, 28.7), a_fix(2, 115.9, 28.7))
    assert evidence.latest - evidence.earliest == timedelta(minutes=25)


@given(
    st.lists(
        st.tuples(st.integers(-60, 60), st.floats(-0.08, 0.08), st.floats(-0.08, 0.08)),
        max_size=30,
    ),
    st.none() | st.integers(-30, 30),
)
@pytest.mark.filterwarnings("ignore")
def test_an_interval_is_never_turned_round(track, claimed):
    fixes = [a_fix(m, 115.9 + dx, 28.7 + dy, id=str(i)) for i, (m, dx, dy) in enumerate(track)]
    evidence = judge(*fixes, claimed=claimed)
    if evidence is None:
        assert claimed is None
    elif evidence.verdict is Verdict.CONFIRMED:
        assert after(-30) <= evidence.earliest <= evidence.latest
    else:
        assert evidence.latest is None and evidence.claimed_at == after(claimed)
