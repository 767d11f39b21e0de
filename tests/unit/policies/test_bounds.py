"""The bound is one: nobody keeps more promises, and it is reached where it is easy to see."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.words import AreaClass
from dispatch.drill.policies.bounds import as_driven, hindsight, most_kept
from dispatch.drill.policies.playing import play
from dispatch.drill.policies.running import ways
from dispatch.drill.policies.scores import count_kept
from dispatch.planning.district import PlanningPolicy
from tests.unit.policies.days import a_day, a_duty, a_job, some_day
from tests.unit.policies.test_playing import a_planner

PLANNING = PlanningPolicy()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 12))
def test_nobody_keeps_more_than_the_bound_even_in_hindsight(seed, crews, orders):
    day = some_day(seed, crews=crews, orders=orders)
    most = most_kept(day) + 1e-6
    played = [play(day, make(), PLANNING) for make in ways(a_planner).values()]
    best = max(played, key=count_kept)
    assert count_kept(best) <= most
    assert count_kept(hindsight(day, as_driven(best), rounds=50)) <= most


def test_one_crew_cannot_be_at_two_long_jobs_at_once():
    jobs = [(30, a_job(500, work_min=90)), (35, a_job(500, work_min=90))]
    assert most_kept(a_day([(0, a_duty("A"))], jobs)) == pytest.approx(1)
    two = [(0, a_duty("A")), (0, a_duty("B"))]
    assert most_kept(a_day(two, jobs)) == pytest.approx(2)


def test_crews_without_the_skill_do_not_raise_the_bound():
    duties = [(0, a_duty(skill, skills=frozenset({skill}))) for skill in ("lv", "mv")]
    needs = frozenset({"mv"})
    jobs = [(30, a_job(500, work_min=90, needs=needs)) for _ in range(2)]
    assert most_kept(a_day(duties, jobs)) == pytest.approx(1)


def test_what_is_too_far_for_every_crew_is_not_in_the_bound():
    day = a_day([(0, a_duty("A"))], [(100, a_job(500, area_class=AreaClass.URBAN))])
    assert most_kept(day) == 0


def test_hindsight_keeps_what_chance_hides():
    """A job that turns out to be short lets one crew keep both promises."""
    jobs = [(10, a_job(500, work_min=15)), (20, a_job(501, work_min=15))]
    day = a_day([(0, a_duty("A"))], jobs)
    assert count_kept(hindsight(day, {})) == 2
