"""Find a plan: begin with the running one or with the cheapest places, then keep improving it.

Large neighbourhood search with simulated annealing. The same problem, seed and number of rounds
give the same plan; with a clock in their place it stops when the time is over, and is better the
longer it may go on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.words import CrewId, OrderId
from dispatch.planning.arrays import (
    DUE,
    MAY_NOT,
    ORDER,
    PROMISES,
    VISIT_FROM,
    WEIGHT,
    Fixed,
    Ints,
    fixed_of,
    visited,
)
from dispatch.planning.evaluate import evaluate
from dispatch.planning.moves import run
from dispatch.planning.plan import Plan, Sequences
from dispatch.planning.problem import Hands, Problem, Roads, Work
from dispatch.planning.timetable import BEST, BEST_SIZE, PLACED, State, empty_state

HOT_SHARE = 0.25
COLD_SHARE = 0.002
ROUNDS_AT_ONCE = 16
NONE: Ints = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Rounds:
    """Stop after so many rounds of ruin and recreate; the way to the same plan every time."""

    count: int


@dataclass(frozen=True, slots=True)
class Until:
    """Stop when the share of the time that is used up, as `used` tells it, reaches 1."""

    used: Callable[[], float]


Budget = Rounds | Until


class PlanBroken(AssertionError):
    """The search gave a plan that the independent evaluation does not accept: a defect here."""


def find_plan(
    problem: Problem, *, budget: Budget, seed: int, running: Sequences | None = None
) -> Plan:
    """Find a plan for everything in `problem`, checked by the independent evaluation.

    `running` is the plan to begin with; what it says of orders or crews that are no more is passed
    over. An order is left out only if no crew can take it; where orders wait for each other, only
    if the search found no crew that can.
    """
    if not problem.works or not problem.crews:
        return evaluate(problem, {}).plan
    fixed = fixed_of(problem)
    state = empty_state(fixed, seed)
    _insert_all(fixed, state, _numbers(problem, fixed, running or {}))
    _spend(fixed, state, budget)
    left_out = len(problem.teams) - _count_best(fixed, state)
    if left_out:
        best = _best_of(state)
        state = empty_state(fixed, seed)
        _insert_all(fixed, state, best)
    return _checked(problem, state)


def prepare() -> None:
    """Compile the search, or load it compiled: seconds once, so before the first order waits."""
    travel = np.ones((2, 2), np.float32)
    work = Work(order_id=OrderId(1), place=1, promises=(), restore_weight=1, duration_min=1)
    crew = Hands(crew_id=CrewId("1"), place=0)
    problem = Problem(works=(work,), crews=(crew,), roads=Roads(travel_min=travel))
    find_plan(problem, budget=Rounds(1), seed=0)


def _insert_all(fixed: Fixed, state: State, begin: tuple[Ints, Ints]) -> None:
    """Begin with some visits, and put everything else in by urgency."""
    waiting = np.ones(len(fixed.orders), np.bool_)
    waiting[fixed.visits[begin[0], ORDER]] = False
    run(fixed, state, *begin, _by_urgency(fixed, waiting), 0, 1.0, 1.0)
    if len(fixed.waiting):  # one that pushes a crew past its shift must not keep the others out
        for order in _by_urgency(fixed, state.orders[:, PLACED] == 0):
            run(fixed, state, NONE, NONE, np.array([order], np.int64), 0, 1.0, 1.0)


def _spend(fixed: Fixed, state: State, budget: Budget) -> None:
    """Improve until the budget is used up; the temperature falls with what is left of it."""
    out = int((state.orders[:, PLACED] == 0).sum())
    cost = float(state.sums[BEST]) - fixed.unplaced * out
    hot = max(HOT_SHARE * cost / len(fixed.orders), 1e-6)
    if isinstance(budget, Rounds):
        run(fixed, state, NONE, NONE, NONE, budget.count, hot, hot * COLD_SHARE)
        return
    while (used := budget.used()) < 1:
        now = hot * COLD_SHARE**used
        run(fixed, state, NONE, NONE, NONE, ROUNDS_AT_ONCE, now, now)


def _best_of(state: State) -> tuple[Ints, Ints]:
    """The visits of the best plan and their crews, each crew's in order."""
    sizes = state.crews[:, BEST_SIZE]
    routes = [state.route[BEST, c, :size] for c, size in enumerate(sizes)]
    return np.concatenate(routes), np.repeat(np.arange(len(sizes)), sizes)


def _count_best(fixed: Fixed, state: State) -> int:
    """How many teams are in the best plan."""
    return len(np.unique(fixed.visits[_best_of(state)[0], ORDER]))


def _by_urgency(fixed: Fixed, waiting: NDArray[np.bool_]) -> Ints:
    """The waiting teams, the heaviest and soonest due first."""
    which = np.flatnonzero(waiting)
    times = fixed.times[fixed.orders[which, VISIT_FROM]]
    order = np.lexsort((times[:, PROMISES + DUE], -times[:, PROMISES + WEIGHT]))
    return which[order].astype(np.int64)


def _numbers(problem: Problem, fixed: Fixed, running: Sequences) -> tuple[Ints, Ints]:
    """The visits and crews of a plan as numbers, each crew's in order."""
    works = visited(problem)
    crew_of: dict[OrderId, int] = {}
    for c, crew in enumerate(problem.crews):
        for order in running.get(crew.crew_id, ()):
            crew_of.setdefault(order, c)
    visit = {
        work.order_id: v
        for v, work in enumerate(works)
        if _comes_out(problem, work, crew_of) and fixed.may[v, crew_of[work.order_id]] != MAY_NOT
    }
    pairs = [
        (visit[order], c)
        for c, crew in enumerate(problem.crews)
        for order in dict.fromkeys(running.get(crew.crew_id, ()))
        if order in visit and crew_of[order] == c
    ]
    visits, crews = zip(*pairs, strict=True) if pairs else ((), ())
    return np.array(visits, np.int64), np.array(crews, np.int64)


def _comes_out(problem: Problem, work: Work, crew_of: Mapping[OrderId, int]) -> bool:
    """Whether every order of a team has a crew of its own."""
    team = [each.order_id for each in problem.team_of[work.order_id]]
    return len({crew_of[order] for order in team if order in crew_of}) == len(team)


def _checked(problem: Problem, state: State) -> Plan:
    """Read the best routes and let the independent evaluation work them out."""
    works = visited(problem)
    sequences: dict[CrewId, tuple[OrderId, ...]] = {}
    for c, crew in enumerate(problem.crews):
        visits = state.route[BEST, c, : state.crews[c, BEST_SIZE]]
        if len(visits):
            sequences[crew.crew_id] = tuple(works[v].order_id for v in visits)
    found = evaluate(problem, sequences)
    if found.violations:
        raise PlanBroken("; ".join(found.violations))
    return found.plan
