"""Major event days and indices put together, held against figures worked out by hand."""

import math

import pytest

from dispatch.majors import Sums, threshold


def test_the_limit_is_two_and_a_half_deviations_above_the_mean_of_the_logarithms():
    found = threshold([math.exp(1), math.exp(2), math.exp(3), 0.0])
    assert found is not None
    assert (found.alpha, found.beta, found.days) == pytest.approx((2, 1, 3))
    assert found.saidi_minutes == pytest.approx(math.exp(4.5))


@pytest.mark.parametrize("days", [[], [0.0, 0.0], [3.0, 0.0]])
def test_fewer_than_two_days_with_interruptions_give_no_limit(days: list[float]):
    assert threshold(days) is None


def test_nobody_served_or_interrupted_gives_no_figure_and_no_error():
    assert Sums().saidi(0) is None
    assert Sums().caidi is None
    assert Sums().availability(10) is None


def test_availability_is_the_share_of_customer_time_with_supply():
    month = Sums(within_minutes=30 * 1440, period_minutes=30 * 1440)
    assert month.availability(100) == pytest.approx(0.99)
