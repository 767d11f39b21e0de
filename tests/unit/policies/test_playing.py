"""Days are played by the rules of the road and the shift, whoever sends the crews."""

import math
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.planner import RollingPlanner, by_rounds
from dispatch.domain.words import CrewId, OrderId
from dispatch.drill.policies.choosing import Nearest, Ours
from dispatch.drill.policies.playing import play
from dispatch.drill.policies.running import ways
from dispatch.errors import InvalidInput
from dispatch.planning.acting import Move
from dispatch.planning.district import PlanningPolicy
from tests.unit.policies.days import MORNING, a_day, a_duty, a_job, some_day

PLANNING = PlanningPolicy()


def a_planner() -> RollingPlanner:
    return RollingPlanner(by_rounds, ready=True)


def played(day, sender=None):
    return play(day, sender or Nearest(by_road=True), PLANNING)


def arrivals(day, sender=None):
    return [served.arrived_min for served in played(day, sender).served]


@dataclass
class AsTold:
    """Sends crews as written down: for each minute of the day, the moves."""

    told: dict[float, list[Move]]

    def choose(self, situation):
        return self.told.pop(situation.now_min, [])


def move(crew: str, order: int, leaves: int | None = None) -> Move:
    held = None if leaves is None else OrderId(leaves)
    return Move(crew_id=CrewId(crew), order_id=OrderId(order), leaves=held)


def test_a_crew_drives_as_long_as_the_map_the_hour_and_the_site_make_it():
    day = a_day([(0, a_duty("A"))], [(10, a_job(500, slow=1.5))], hours=(1.0,) * 8 + (2.0,))
    assert arrivals(day) == [pytest.approx(530)]


def test_an_order_waits_until_a_crew_is_done():
    day = a_day([(0, a_duty("A"))], [(10, a_job(500)), (10, a_job(501))])
    assert arrivals(day) == [pytest.approx(510), pytest.approx(570)]


def test_a_night_order_waits_for_the_morning_shift():
    day = a_day([(0, a_duty("A"))], [(10, a_job(100))])
    assert arrivals(day) == [pytest.approx(MORNING + 10)]


def test_what_nobody_on_shift_can_do_is_never_reached():
    crew = a_duty("A", skills=frozenset({"lv"}))
    day = a_day([(0, crew)], [(10, a_job(500, needs=frozenset({"mv"})))])
    assert arrivals(day) == [math.inf]


def test_work_after_the_shift_is_overtime_and_the_way_counts_kilometres():
    day = a_day([(0, a_duty("A", ends=540))], [(10, a_job(505, work_min=60))])
    found = played(day)
    assert found.overtime_min == pytest.approx(35)
    assert found.km == pytest.approx(10)


def test_a_crew_that_is_turned_goes_on_from_where_it_is():
    day = a_day([(20, a_duty("A"))], [(40, a_job(500)), (0, a_job(505))])
    told = {500.0: [move("A", 1)], 505.0: [move("A", 2, leaves=1)]}
    found = played(day, AsTold(told))
    assert found.served[1].arrived_min == pytest.approx(505 + 5 + 20)
    assert found.km == pytest.approx(5 + 25)


def test_an_order_that_another_crew_takes_over_frees_its_crew():
    """It drives 5 minutes back and 30 on: where it can leave its road between, nobody knows."""
    day = a_day([(0, a_duty("A")), (50, a_duty("B"))], [(40, a_job(500)), (30, a_job(505))])
    told = {500.0: [move("A", 1)], 505.0: [move("B", 1), move("A", 2)]}
    found = played(day, AsTold(told))
    assert [served.crew_id for served in found.served] == ["B", "A"]
    assert [served.arrived_min for served in found.served] == [
        pytest.approx(515),
        pytest.approx(540),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        [move("A", 2)],
        [move("A", 1), move("B", 3)],
        [move("A", 1, leaves=2), move("A", 1)],
    ],
    ids=["at work elsewhere", "no such order yet", "has it already"],
)
def test_a_move_that_cannot_be_is_refused(wrong):
    jobs = [(5, a_job(500)), (5, a_job(510)), (5, a_job(900))]
    day = a_day([(0, a_duty("A")), (0, a_duty("B"))], jobs)
    with pytest.raises(InvalidInput):
        played(day, AsTold({500.0: [move("A", 1)], 510.0: wrong}))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_whoever_sends_them_crews_are_in_one_place_at_a_time(seed):
    day = some_day(seed)
    for make in ways(a_planner).values():
        found = play(day, make(), PLANNING)
        for crew in {served.crew_id for served in found.served} - {None}:
            mine = sorted(
                (s for s in found.served if s.crew_id == crew), key=lambda s: s.arrived_min
            )
            for before, after in pairwise(mine):
                assert before.done_min <= after.arrived_min + 1e-6
        for served in found.served:
            assert served.arrived_min >= served.job.received_min


def test_the_same_day_goes_the_same_way_twice():
    day = some_day(5)
    assert arrivals(day, Ours(a_planner())) == arrivals(day, Ours(a_planner()))


def test_a_free_crew_next_door_goes_at_once_with_every_way_of_sending():
    day = a_day([(0, a_duty("A")), (30, a_duty("B"))], [(31, a_job(500))])
    for name, make in ways(a_planner).items():
        assert arrivals(day, make()) == [pytest.approx(501)], name
