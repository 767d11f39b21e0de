"""Districts drawn towards their company, and the company towards what was assumed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.learning.pooling import PRIOR_EVENTS, Counts, pool_counts, pool_curves

GRID = np.linspace(-3.0, 3.0, 121)


def bells(centres: list[float], width: float) -> np.ndarray:
    return np.array([-0.5 * ((GRID - c) / width) ** 2 for c in centres])


def counted(events: list[float], years: list[float], assumed: float = 0.1):
    """One cause, one thing for each district."""
    size = len(events)
    counts = Counts(
        events=np.array(events, dtype=float),
        exposure=np.array(years, dtype=float),
        load=np.ones((size, 1)),
        district=np.arange(size),
        districts=size,
    )
    return pool_counts(counts, np.array([assumed]))


def test_one_district_without_data_leaves_the_company_as_assumed():
    pooled = pool_curves(np.zeros((1, GRID.size)), GRID, 0.4, 0.5)
    assert pooled.mean == pytest.approx(0.4, abs=0.01)
    assert pooled.sd == pytest.approx(0.5, abs=0.01)


def test_much_data_outweighs_what_was_assumed():
    pooled = pool_curves(bells([1.0] * 30, 0.1), GRID, 0.0, 0.7)
    assert pooled.mean == pytest.approx(1.0, abs=0.05)


@settings(deadline=None, max_examples=30)
@given(st.floats(-1, 1), st.floats(0.15, 1.0))
def test_a_district_lies_between_its_own_data_and_the_company(centre: float, width: float):
    centres = [0.0, 0.1, -0.1, 0.05, centre]
    curves = np.vstack((bells(centres[:4], 0.1), bells([centre], width)))
    pooled = pool_curves(curves, GRID, 0.0, 0.7)
    low, high = sorted((pooled.mean, centre))
    assert low - 0.06 <= pooled.district_mean[4] <= high + 0.06


def test_the_less_a_district_tells_the_nearer_it_stays_to_the_company():
    others = bells([0.0] * 6, 0.1)
    away = [
        pool_curves(np.vstack((others, bells([1.0], width))), GRID, 0.0, 0.7).district_mean[6]
        for width in (0.1, 0.4, 1.6)
    ]
    assert away[0] > away[1] > away[2] > 0
    assert away[0] > 0.8 and away[2] < 0.3


def test_districts_that_differ_are_left_to_differ():
    alike = pool_curves(bells([0.0, 0.05, -0.05, 0.0, 0.4], 0.3), GRID, 0.0, 0.7)
    unlike = pool_curves(bells([-1.5, 1.5, -0.9, 1.1, 0.4], 0.3), GRID, 0.0, 0.7)
    assert unlike.district_mean[4] > alike.district_mean[4] + 0.05


@given(st.integers(0, 400), st.floats(1, 4000), st.floats(0.005, 2))
def test_a_rate_lies_between_what_was_assumed_and_what_was_counted(
    events: int, years: float, assumed: float
):
    rate = counted([events], [years], assumed).rate[0]
    low, high = sorted((assumed, events / years))
    assert low * 0.999 <= rate <= high * 1.001
    weight = PRIOR_EVENTS / assumed
    assert rate == pytest.approx((PRIOR_EVENTS + events) / (weight + years), rel=1e-4)


def test_a_small_district_takes_the_companys_rate_and_a_large_one_its_own():
    pooled = counted([200, 210, 190, 0, 600], [1000, 1000, 1000, 0.5, 1000])
    small, large = pooled.district_rate[3, 0], pooled.district_rate[4, 0]
    assert small == pytest.approx(pooled.rate[0], rel=0.2)
    assert large == pytest.approx(0.6, rel=0.1)
    assert pooled.district_log_sd[3, 0] > 2 * pooled.district_log_sd[4, 0]


def test_two_causes_are_told_apart_by_who_carries_them():
    rng = np.random.default_rng(1)
    km = rng.uniform(0, 3, 4000)
    events = rng.poisson((0.05 + 0.2 * km) * 3)
    counts = Counts(
        events=events.astype(float),
        exposure=np.full(4000, 3.0),
        load=np.column_stack((np.ones(4000), km)),
        district=np.zeros(4000, dtype=np.intp),
        districts=1,
    )
    pooled = pool_counts(counts, np.array([0.1, 0.1]))
    assert np.all(np.abs(np.log(pooled.rate / [0.05, 0.2])) < 2.5 * pooled.log_sd)
    assert pooled.log_sd[1] < 0.1
    assert pooled.events.sum() == pytest.approx(events.sum())
