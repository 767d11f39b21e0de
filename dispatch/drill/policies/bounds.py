"""What nobody could do better than, and the best plan found by somebody who knows everything.

`most_kept` is a true bound on the promises that any way of sending can keep; `hindsight` is one
plan, and there may be better ones.
"""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from dispatch.domain.words import CrewId, OrderId
from dispatch.drill.county.frame import Bools, Floats
from dispatch.drill.policies.day import Day, Duty, Job
from dispatch.drill.policies.playing import Played
from dispatch.drill.policies.standing import Served
from dispatch.planning.plan import Plan, Sequences
from dispatch.planning.problem import Hands, Minutes, Problem, Promise, Roads, Work
from dispatch.planning.search import Rounds, find_plan

GRID_MIN = 5.0
LOOKED_AT_MIN = 120.0
"""So much of each job's time counts at most: crews may work on after their shift."""

LATE = 100.0
MINUTE = 0.01


def most_kept(day: Day) -> float:
    """Give a number of arrival commitments that cannot be exceeded, whoever sends the crews.

    A linear programme in which time is counted in steps. Each promise that is kept takes a crew
    from when it sets out, which is after the order came and early enough, for the shortest drive
    to the site from any base or any site that is known by then, and for its work. At no moment are
    more crews at it than are on shift, or were a while ago, of all and of those with the skills.
    What is given away: drives are the shortest possible, orders may be split among starts, late
    orders take no time at all.
    """
    quick = _quickest(day)
    starts: list[tuple[int, int, float]] = []
    for i, job in enumerate(day.jobs):
        last = job.received_min + day.due_in(job) - quick[i]
        taken = min(quick[i] + job.work_min, LOOKED_AT_MIN)
        if last >= job.received_min:
            slots = range(int(job.received_min // GRID_MIN), int(last // GRID_MIN) + 1)
            starts += [(i, slot, taken) for slot in slots]
    if not starts:
        return 0.0
    rows, columns, limits = _limits(day, starts)
    matrix = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(limits), len(starts)))
    found = linprog(-np.ones(len(starts)), A_ub=matrix.toarray(), b_ub=limits, bounds=(0, 1))
    assert found.fun is not None  # doing nothing is always allowed
    return -float(found.fun)


def hindsight(day: Day, begin: Sequences, *, rounds: int = 4000, seed: int = 1) -> Played:
    """The best plan found for a day of which everything is known beforehand.

    The search begins with `begin`, what one way of sending did. No crew sets out before the order
    came, and none works after its shift, so a day that was played may have kept more.
    """
    slow = np.ones(len(day.map_min))
    slow[[job.place for job in day.jobs]] = [job.slow for job in day.jobs]
    travel: Minutes = (day.map_min * slow).astype(np.float32)
    problem = Problem(
        works=tuple(_known(day, job) for job in day.jobs),
        crews=tuple(_hands(duty) for duty in day.duties),
        roads=Roads(travel_min=travel, factors=day.hours),
        unplaced_cost=2 * LATE,
    )
    plan = find_plan(problem, budget=Rounds(rounds), seed=seed, running=begin)
    return _as_played(day, plan)


def as_driven(played: Played) -> Sequences:
    """Which crew went to which orders, one after the other."""
    driven: dict[CrewId, list[OrderId]] = {}
    for served in sorted(played.served, key=lambda s: s.arrived_min):
        if served.crew_id is not None:
            driven.setdefault(served.crew_id, []).append(served.job.order_id)
    return {crew: tuple(orders) for crew, orders in driven.items()}


def _known(day: Day, job: Job) -> Work:
    due = job.received_min + day.due_in(job)
    promise = Promise(rule="arrival", due_min=due, weight=MINUTE, charge=LATE)
    return Work(
        order_id=job.order_id,
        place=job.place,
        promises=(promise,),
        restore_weight=0.0,
        duration_min=job.work_min,
        needs=job.needs,
        release_min=job.received_min,
    )


def _hands(duty: Duty) -> Hands:
    return Hands(
        crew_id=duty.crew.id,
        place=duty.place,
        free_min=duty.begins_min,
        until_min=duty.ends_min,
        can=duty.crew.skills,
    )


def _as_played(day: Day, plan: Plan) -> Played:
    stop_of = {stop.order_id: stop for stop in plan.stops}
    served = []
    for job in day.jobs:
        stop = stop_of.get(job.order_id)
        if stop is None:
            served.append(Served(job=job))
            continue
        arrived, done = stop.arrive_min, stop.end_min
        served.append(Served(job=job, crew_id=stop.crew_id, arrived_min=arrived, done_min=done))
    place = {job.order_id: job.place for job in day.jobs}
    at = {duty.crew.id: duty.place for duty in day.duties}
    km = 0.0
    for crew, orders in plan.sequences.items():
        ways = [at[crew], *(place[order] for order in orders)]
        km += float(day.km[ways[:-1], ways[1:]].sum())
    return Played(day=day, served=tuple(served), km=km, overtime_min=0.0)


def _quickest(day: Day) -> Floats:
    """The least minutes of a drive to each order's site, in any hour, shape (n,)."""
    bases = [duty.place for duty in day.duties]
    quick = np.zeros(len(day.jobs))
    for i, job in enumerate(day.jobs):
        due = job.received_min + day.due_in(job)
        known = [j.place for j in day.jobs if j.received_min < due and j is not job]
        nearest = float(day.map_min[[*bases, *known], job.place].min())
        hours = range(int(job.received_min // 60), int(due // 60) + 1)
        quick[i] = nearest * job.slow * min(day.slow_at(60.0 * hour) for hour in hours)
    return quick


def _limits(day: Day, starts: list[tuple[int, int, float]]) -> tuple[list[int], list[int], Floats]:
    """Rows and columns of ones, and what each row may come to.

    A row for each order, for each moment, and for each moment and set of skills.
    """
    rows: list[int] = []
    columns: list[int] = []
    limits = [1.0] * len(day.jobs)
    number: dict[tuple[int, frozenset[str]], int] = {}
    for column, (i, slot, taken) in enumerate(starts):
        rows.append(i)
        columns.append(column)
        moment = slot + 1
        while moment * GRID_MIN < slot * GRID_MIN + taken:
            for needs in {frozenset[str](), day.jobs[i].needs}:
                key = (moment, needs)
                if key not in number:
                    number[key] = len(limits)
                    limits.append(float(_at_work(day, moment * GRID_MIN, needs).sum()))
                rows.append(number[key])
                columns.append(column)
            moment += 1
    return rows, columns, np.array(limits)


def _at_work(day: Day, at_min: float, needs: frozenset[str]) -> Bools:
    """Which crews may be busy at a moment: on shift, or a while after it."""
    return np.array(
        [
            duty.begins_min <= at_min < duty.ends_min + LOOKED_AT_MIN
            and duty.crew.has_skills(needs)
            for duty in day.duties
        ],
        np.bool_,
    )
