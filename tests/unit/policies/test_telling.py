"""What the plan of a played day knows of the month, and what its people are told of supply."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from dispatch.domain.clock import ARRIVAL_COMMITMENT
from dispatch.domain.month import MonthSoFar
from dispatch.domain.words import AreaClass, OrderId
from dispatch.drill.policies.choosing import Nearest, Ours
from dispatch.drill.policies.playing import play
from dispatch.drill.policies.scores import figures
from dispatch.drill.policies.standing import Served, Situation, Standings
from dispatch.planning.district import PlanningPolicy
from dispatch.restoration import PlannedArrival
from tests.unit.policies.days import a_day, a_duty, a_job
from tests.unit.policies.test_playing import a_planner

PLANNING = PlanningPolicy()
BAD = MonthSoFar(ended=100, target_minutes=45, saved_minutes=0, judged=100, kept=80)


@dataclass
class Listener:
    """Sends by road and says by which minute of the day it expects one; keeps what it was told."""

    expects: list[float] = field(default_factory=list)
    heard: list[Situation] = field(default_factory=list)

    def choose(self, situation: Situation):
        self.heard.append(situation)
        return Nearest(by_road=True).choose(situation)

    def expected(self) -> Mapping[OrderId, PlannedArrival]:
        at = self.expects[min(len(self.heard), len(self.expects)) - 1]
        mean = max(0.0, at - self.heard[-1].now_min)
        return {OrderId(2): PlannedArrival(mean_min=mean, sd_min=5.0)}


def two_orders():
    """The second waits for the first, for a good hour."""
    return a_day([(0, a_duty("A"))], [(10, a_job(500)), (10, a_job(501))])


def weights(day) -> list[float]:
    listener = Listener([570.0])
    play(day, listener, PLANNING)
    return [
        promise.weight
        for work in listener.heard[0].problem.works
        for promise in work.promises
        if promise.rule == ARRIVAL_COMMITMENT
    ]


def test_a_month_that_is_about_to_be_missed_weighs_on_a_played_day():
    day = a_day([(0, a_duty("A"))], [(10, a_job(500))])
    (plain,), (pressed,) = weights(day), weights(replace(day, month={AreaClass.URBAN: BAD}))
    assert pressed == pytest.approx(plain * (1 + PLANNING.month_share))


def test_what_a_day_kept_and_missed_is_added_to_its_month():
    day = replace(two_orders(), month={AreaClass.URBAN: BAD})
    state = Standings.at_first(day, PLANNING)
    for job, arrived in zip(day.jobs, (510.0, 571.0), strict=True):
        state.served[job.order_id] = Served(job=job, arrived_min=arrived)
    month = state.month()[AreaClass.URBAN]
    assert (month.ended, month.judged, month.kept) == (102, 102, 81)
    assert month.saved_minutes == pytest.approx((45 - 10) + (45 - 70))
    assert month.target_minutes == pytest.approx(45)


def test_people_are_told_a_time_and_the_plan_knows_it():
    listener = Listener([570.0])
    play(two_orders(), listener, PLANNING)
    first, later = listener.heard[0].problem.works, listener.heard[-1].problem.works
    assert [work.told for work in first] == [None]
    assert [work.told is not None for work in later if work.order_id == 2] == [True]


@pytest.mark.parametrize(("expects", "times"), [([570.0], 0), ([570.0, 570.0, 900.0], 1)])
def test_a_time_that_is_put_off_counts(expects, times):
    day = two_orders()
    found = play(day, Listener(expects), PLANNING)
    assert found.put_off == times
    assert figures(found)["put_off"] == times / 2


def test_who_expects_nothing_tells_nothing_and_the_plan_does():
    day = two_orders()
    assert play(day, Nearest(by_road=True), PLANNING).put_off is None
    assert play(day, Ours(a_planner()), PLANNING).put_off is not None
