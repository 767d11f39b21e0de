"""Curves of waits: their quantiles rise, and what has passed is left out and never said again."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.learning.curves import LEVELS, Curve, means_and_sds, rising

minutes = st.floats(0.5, 5_000.0)
spreads = st.floats(0.05, 2.0)
shares = st.floats(0.01, 0.99)
any_levels = st.lists(st.floats(-3.0, 9.0), min_size=len(LEVELS), max_size=len(LEVELS))


@given(any_levels, st.floats(0.0, 20_000.0), st.lists(shares, min_size=2, max_size=6))
def test_quantiles_never_cross_and_never_lie_in_the_past(
    log_min: list[float], passed: float, asked: list[float]
):
    found = Curve.of(log_min).after(passed).quantiles(np.sort(asked))
    assert (np.diff(found) >= -1e-9).all()
    assert (found >= 0.0).all()


@given(any_levels)
def test_levels_that_cross_are_made_to_rise(log_min: list[float]):
    risen = rising(np.array(log_min))
    assert (np.diff(risen) > 0).all()
    assert risen.min() == pytest.approx(min(log_min))


@given(minutes, spreads, shares)
def test_a_lognormal_wait_has_the_quantiles_of_its_law(median: float, spread: float, share: float):
    expected = median * math.exp(spread * NormalDist().inv_cdf(share))
    assert Curve.lognormal(median, spread).quantile(share) == pytest.approx(expected, rel=1e-6)


def test_the_longer_it_has_taken_the_longer_it_is_expected_to_take_in_all():
    wait = Curve.lognormal(60.0, 0.7)
    totals = [passed + wait.after(passed).quantile(0.8) for passed in (0, 30, 60, 120, 400, 5_000)]
    assert totals == sorted(totals)
    assert totals[0] == pytest.approx(wait.quantile(0.8))


def test_what_is_still_out_agrees_with_the_cases_that_took_longer():
    rng = np.random.default_rng(3)
    waits = rng.lognormal(math.log(60), 0.8, 400_000)
    left = waits[waits > 90] - 90
    curve = Curve.lognormal(60.0, 0.8).after(90.0)
    for share in (0.1, 0.5, 0.9):
        assert curve.quantile(share) == pytest.approx(np.quantile(left, share), rel=0.03)


def test_one_wait_after_another_is_their_sum():
    rng = np.random.default_rng(4)
    sums = rng.lognormal(math.log(30), 0.4, 200_000) + rng.lognormal(math.log(70), 0.6, 200_000)
    both = Curve.lognormal(30.0, 0.4).then(Curve.lognormal(70.0, 0.6))
    for share in LEVELS:
        assert both.quantile(share) == pytest.approx(np.quantile(sums, share), rel=0.03)


def test_a_mean_and_a_spread_give_the_lognormal_wait_that_has_them():
    curve = Curve.of_mean(100.0, 50.0)
    rng = np.random.default_rng(5)
    drawn = curve.quantiles(rng.random(200_000))
    assert drawn.mean() == pytest.approx(100.0, rel=0.02)
    assert drawn.std() == pytest.approx(50.0, rel=0.05)


@given(minutes, st.floats(0.05, 0.8))
def test_the_mean_and_spread_of_a_lognormal_wait_are_those_of_its_law(median: float, spread: float):
    mean, sd = Curve.lognormal(median, spread).mean_and_sd()
    law = median * math.exp(spread**2 / 2)
    assert mean == pytest.approx(law, rel=0.03)
    assert sd == pytest.approx(law * math.sqrt(math.expm1(spread**2)), rel=0.2)


@given(st.lists(any_levels, min_size=1, max_size=4))
def test_many_waits_have_the_same_means_as_each_alone(many: list[list[float]]):
    curves = [Curve.of(each) for each in many]
    means, sds = means_and_sds(np.array([each.log_min for each in curves]))
    assert [*zip(means, sds, strict=True)] == [pytest.approx(c.mean_and_sd()) for c in curves]
