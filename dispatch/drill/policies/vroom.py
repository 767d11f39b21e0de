"""VROOM as a way of sending crews, where its Python package `pyvroom` is installed.

VROOM knows time windows that must be kept and leaves out what does not fit. Late must not become
never, so each look asks twice: first with a window for every order whose promise a crew could keep
from here, and none for those that are late anyway; then once more with the windows taken off the
orders that it left out. Priorities follow the weights of the plan. It lowers travel time.
"""

import importlib.util
from collections.abc import Collection

import numpy as np

from dispatch.domain.words import CrewId, OrderId
from dispatch.drill.policies.choosing import waiting_works
from dispatch.drill.policies.standing import Situation
from dispatch.drill.policies.vroom_apart import ENGINE, Job, Question, Vehicle
from dispatch.planning.acting import Move, held_orders
from dispatch.planning.problem import Hands, Problem, Work

SECONDS = 60
NEVER_S = 10**7
MOST_PRIORITY = 100


def is_installed() -> bool:
    """Whether pyvroom is there."""
    return importlib.util.find_spec("vroom") is not None


class Vroom:
    """Routes of VROOM over all crews and all that waits, made anew at each look."""

    def choose(self, situation: Situation) -> Collection[Move]:
        """See `Sender`."""
        problem = situation.problem
        works, held = waiting_works(problem), held_orders(problem)
        crews = [_after_its_order(problem, crew, held.get(crew.crew_id)) for crew in problem.crews]
        crews = [crew for crew in crews if crew.until_min > crew.free_min]
        if not works or not crews:
            return []
        windows = {work.order_id: _window(problem, work, crews) for work in works}
        first, left_out = _solve(problem, crews, works, windows)
        if left_out:
            first, _ = _solve(problem, crews, works, {**windows, **dict.fromkeys(left_out)})
        free = {c.crew_id for c in crews if c.free_min <= 0} - situation.at_work - held.keys()
        return [
            Move(crew_id=crew, order_id=order, leaves=None)
            for crew, order in first.items()
            if crew in free
        ]


def _after_its_order(problem: Problem, crew: Hands, order_id: OrderId | None) -> Hands:
    """The crew when it is done with what it holds; what it holds stays with it."""
    if order_id is None:
        return crew
    work = problem.work_of[order_id]
    drive = float(problem.roads.travel_min[crew.place, work.place])
    free = crew.free_min + drive + work.duration_min
    return Hands(
        crew_id=crew.crew_id,
        place=work.place,
        free_min=free,
        until_min=crew.until_min,
        can=crew.can,
    )


def _window(problem: Problem, work: Work, crews: Collection[Hands]) -> int | None:
    """The seconds until its promise, if some crew can keep it; else None."""
    if not work.promises:
        return None
    due = work.promises[0].due_min
    soonest = min(
        (
            crew.free_min + float(problem.roads.travel_min[crew.place, work.place])
            for crew in crews
            if crew.is_able(work)
        ),
        default=np.inf,
    )
    return int(due * SECONDS) if soonest <= due else None


def _solve(
    problem: Problem,
    crews: list[Hands],
    works: list[Work],
    windows: dict[OrderId, int | None],
) -> tuple[dict[CrewId, OrderId], list[OrderId]]:
    """Each crew's first order, and the orders that were left out."""
    skills: dict[str, int] = {}
    places = [crew.place for crew in crews] + [work.place for work in works]
    minutes = problem.roads.travel_min[np.ix_(places, places)]
    stops = ENGINE.routes(
        Question(
            durations=np.minimum(minutes * SECONDS, NEVER_S).astype(np.uint32),
            vehicles=[_vehicle(crew, works, skills) for crew in crews],
            jobs=[_job(work, windows[work.order_id], skills) for work in works],
        )
    )
    first: dict[CrewId, OrderId] = {}
    for vehicle, job in stops:
        first.setdefault(crews[vehicle].crew_id, works[job].order_id)
    placed = {job for _, job in stops}
    return first, [work.order_id for i, work in enumerate(works) if i not in placed]


def _vehicle(crew: Hands, works: list[Work], skills: dict[str, int]) -> Vehicle:
    """A crew from when it is free; one without listed skills has all that are asked for."""
    can = crew.can or {each for work in works for each in work.needs}
    return Vehicle(
        skills=_numbers(can, skills),
        free_s=int(max(0.0, crew.free_min) * SECONDS),
        until_s=NEVER_S,
    )


def _job(work: Work, within_s: int | None, skills: dict[str, int]) -> Job:
    return Job(
        service_s=int(work.duration_min * SECONDS),
        skills=_numbers(work.needs, skills),
        priority=min(MOST_PRIORITY, int(work.promises[0].weight) if work.promises else 0),
        within_s=within_s,
    )


def _numbers(names: Collection[str], skills: dict[str, int]) -> frozenset[int]:
    """The numbers of skills, which VROOM knows no names of."""
    return frozenset(skills.setdefault(each, len(skills)) for each in names)
