"""Simpler ways to plan, for comparison: what a dispatcher does, and one round at a time.

They send one crew to each order and know no meals, parts or order of switching; what they give is
worked out by the same evaluation as the plan.
"""

import heapq
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from dispatch.domain.words import CrewId, OrderId
from dispatch.errors import InvalidInput
from dispatch.planning.evaluate import drive_min
from dispatch.planning.plan import Sequences
from dispatch.planning.problem import Hands, Minutes, Problem, Work

FAR = 1e9


def nearest_first(problem: Problem, near: Minutes | None = None) -> Sequences:
    """Whichever crew is free first takes the order nearest to it, until none is left.

    `near` says what is near, shape (p, p), where that is not the drive: the straight line.
    """
    near = problem.roads.travel_min if near is None else near
    return _as_crews_get_free(problem, lambda place, work: float(near[place, work.place]))


def _as_crews_get_free(problem: Problem, dislike: Callable[[int, Work], float]) -> Sequences:
    _check(problem)
    waiting = list(problem.works)
    free = [(crew.free_min, i, crew.place) for i, crew in enumerate(problem.crews)]
    heapq.heapify(free)
    taken: dict[CrewId, list[OrderId]] = {}
    while waiting and free:
        at, i, place = heapq.heappop(free)
        crew = problem.crews[i]
        able = [work for work in waiting if _ends(problem, crew, place, at, work) < math.inf]
        if not able:
            continue
        work = min(able, key=lambda each: (dislike(place, each), each.order_id))
        waiting.remove(work)
        taken.setdefault(crew.crew_id, []).append(work.order_id)
        heapq.heappush(free, (_ends(problem, crew, place, at, work), i, work.place))
    return {crew: tuple(orders) for crew, orders in taken.items()}


def soonest_by_urgency(problem: Problem) -> Sequences:
    """Each order in turn, the heaviest and soonest due first, to the crew that is there soonest."""
    _check(problem)
    at = {crew.crew_id: (crew.free_min, crew.place) for crew in problem.crews}
    taken: dict[CrewId, list[OrderId]] = {}
    for work in sorted(problem.works, key=urgency):
        ends = {
            crew.crew_id: _ends(problem, crew, at[crew.crew_id][1], at[crew.crew_id][0], work)
            for crew in problem.crews
        }
        best = min(ends, key=lambda crew: (ends[crew], crew))
        if ends[best] < math.inf:
            taken.setdefault(best, []).append(work.order_id)
            at[best] = (ends[best], work.place)
    return {crew: tuple(orders) for crew, orders in taken.items()}


def hungarian_rounds(problem: Problem) -> Sequences:
    """Round by round, one order to each crew so that the sum of the arrivals' costs is least."""
    _check(problem)
    waiting = list(problem.works)
    at = {crew.crew_id: (crew.free_min, crew.place) for crew in problem.crews}
    taken: dict[CrewId, list[OrderId]] = {}
    while waiting and problem.crews:
        table = np.array(
            [[_cost(problem, c, *at[c.crew_id], w) for w in waiting] for c in problem.crews]
        )
        pairs = [
            (c, w) for c, w in zip(*linear_sum_assignment(table), strict=True) if table[c, w] < FAR
        ]
        if not pairs:
            break
        for c, w in pairs:
            crew, work = problem.crews[c], waiting[w]
            taken.setdefault(crew.crew_id, []).append(work.order_id)
            end = _ends(problem, crew, at[crew.crew_id][1], at[crew.crew_id][0], work)
            at[crew.crew_id] = (end, work.place)
        gone = {w for _, w in pairs}
        waiting = [work for w, work in enumerate(waiting) if w not in gone]
    return {crew: tuple(orders) for crew, orders in taken.items()}


def straight_lines(metres: NDArray[np.float64], kmh: float) -> Minutes:
    """Minutes along straight lines, shape (p, p), from metres of the same shape."""
    return (metres / (kmh * 1000 / 60)).astype(np.float32)


def urgency(work: Work) -> tuple[float, float, OrderId]:
    """Sort key: the heaviest first, then the soonest due."""
    first = work.promises[0] if work.promises else None
    return (
        -(first.weight if first else 0.0),
        first.due_min if first else math.inf,
        work.order_id,
    )


def _ends(problem: Problem, crew: Hands, place: int, free_min: float, work: Work) -> float:
    """When a crew would be done with an order; infinite where it cannot take it."""
    depart = max(free_min, work.release_min)
    end = depart + drive_min(problem.roads, place, work.place, depart) + work.duration_min
    return end if crew.is_able(work) and end <= crew.until_min else math.inf


def _cost(problem: Problem, crew: Hands, free_min: float, place: int, work: Work) -> float:
    """What an order costs when a crew does it next, and a little for each minute of waiting."""
    end = _ends(problem, crew, place, free_min, work)
    if end == math.inf:
        return FAR
    arrive = end - work.duration_min
    late = sum(p.weight * max(0.0, arrive - p.due_min) for p in work.promises)
    return late + 0.01 * arrive


def _check(problem: Problem) -> None:
    for work in problem.works:
        if work.beside or work.after:
            raise InvalidInput("work", work.order_id, "one crew, and no order before it")
