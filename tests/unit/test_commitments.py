"""Budgets of an average, and how long ahead somebody was told."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.commitments import (
    Expected,
    Told,
    budget,
    jobs_to_come,
    pressure,
    pressures_between,
    running_averages,
    told_ahead,
)
from dispatch.domain.month import MonthSoFar
from dispatch.domain.published import PUBLISHED_AHEAD
from dispatch.domain.words import AreaClass
from tests.unit.core import NOW, after

RULES = {rule.id: rule for rule in PUBLISHED_AHEAD}
PLANNED = RULES["planned_notice"].minutes_ahead


def test_open_orders_use_what_was_saved():
    open_orders = [
        Expected(clocks=2, target_minutes=90, minutes=150),
        Expected(clocks=3, target_minutes=135, minutes=None),
    ]
    left = budget(10, 100.0, open_orders, rest_jobs=20)
    assert left.headroom_minutes == 10
    assert left.headroom_after_open_minutes == pytest.approx(40 / 12)
    assert left.rest_may_be_late_minutes == 2
    assert (left.open_jobs, left.unforeseen_jobs) == (2, 3)


def test_where_nothing_has_ended_nothing_is_claimed():
    left = budget(0, 0.0, (), rest_jobs=0)
    assert (left.headroom_minutes, left.headroom_after_open_minutes) == (None, None)
    assert left.rest_may_be_late_minutes is None


@given(st.lists(st.floats(0, 500), min_size=1, max_size=50), st.integers(1, 200))
def test_if_the_rest_uses_its_whole_allowance_the_average_meets_its_target(took, rest):
    target = 45.0
    left = budget(len(took), sum(target - each for each in took), (), rest_jobs=rest)
    allowance = left.rest_may_be_late_minutes
    assert allowance is not None
    total = sum(took) + rest * (target + allowance)
    assert total / (len(took) + rest) == pytest.approx(target)


def test_the_rest_of_a_month_goes_on_as_it_began():
    end = NOW + timedelta(days=30)
    assert jobs_to_come(100, NOW, end, NOW + timedelta(days=10)) == 200
    assert jobs_to_come(100, NOW, end, NOW + timedelta(minutes=10)) == 0
    assert jobs_to_come(100, NOW, end, end) == 0


@pytest.mark.parametrize(
    ("rule", "lead", "now", "told"),
    [
        ("planned_notice", 8 * 1440, 0, Told.IN_TIME),
        ("planned_notice", 60, 0, Told.LATE),
        ("temporary_notice", 8 * 1440, 0, Told.NOT_NEEDED),
        ("temporary_notice", 2 * 1440, 0, Told.IN_TIME),
        ("temporary_notice", 60, 0, Told.LATE),
        ("temporary_reminder", None, -31, Told.TO_COME),
        ("temporary_reminder", None, -29, Told.NOT_TOLD),
        ("temporary_reminder", 30, 0, Told.IN_TIME),
        ("temporary_reminder", 29, 0, Told.LATE),
    ],
)
def test_a_cut_is_told_in_time_or_not(rule, lead, now, told):
    at = None if lead is None else after(-lead)
    assert told_ahead(RULES[rule], PLANNED, NOW, at, after(now)) is told


def test_the_average_runs_over_all_days_so_far():
    assert running_averages([(0, 0.0), (2, 100.0), (2, 20.0)]) == [None, 50, 30]


def month(**facts):
    given = {"ended": 100, "target_minutes": 60.0, "saved_minutes": 3000.0}
    return MonthSoFar(**{**given, "judged": 100, "kept": 100, **facts})


@pytest.mark.parametrize(
    ("facts", "goal", "presses"),
    [
        ({}, 0.9999, 0.0),
        ({"saved_minutes": 600.0}, None, 0.5),
        ({"saved_minutes": -600.0}, None, 1.5),
        ({"kept": 95}, 1.0, 0.5),
        ({"kept": 50}, 1.0, 5.0),
        ({"ended": 19, "judged": 19, "saved_minutes": -600.0, "kept": 0}, 1.0, 0.0),
    ],
)
def test_a_month_presses_more_the_nearer_its_promise_is_to_being_missed(facts, goal, presses):
    assert pressure(month(**facts), goal) == pytest.approx(presses, abs=2e-3)


@pytest.mark.parametrize(
    ("kept", "press"),
    [
        ({"urban": 50, "rural": 85, "remote": 85}, {"urban": 1.0, "rural": 0.0, "remote": 0.0}),
        ({"urban": 70, "rural": 65, "remote": 70}, {"urban": 0.0, "rural": 0.5, "remote": 0.0}),
        ({"urban": 40, "rural": 40, "remote": 40}, {"urban": 0.0, "rural": 0.0, "remote": 0.0}),
        ({"urban": 40}, {"urban": 1.0}),
    ],
    ids=["one is worse", "one is a little worse", "all alike", "the others are not known"],
)
def test_in_a_month_that_is_bad_everywhere_what_is_worse_than_elsewhere_presses(kept, press):
    months = {AreaClass(area): month(kept=count) for area, count in kept.items()}
    assert pressures_between(months, 1.0) == pytest.approx(press)
