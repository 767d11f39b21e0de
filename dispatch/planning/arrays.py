"""The problem as arrays, which the compiled search reads: orders become visits.

What the search calls an order is a team of them, most of one: those that crews work on together.
Visits of one team lie next to each other. What a problem says in words is turned into numbers here
and nowhere else.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.words import OrderId
from dispatch.planning.problem import MAX_PROMISES, Hands, Hold, Meal, Problem, Work

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEAR_ORDERS = 30
NEAR_CREWS = 16
NEVER = 1e15


# Columns of `Fixed.visits`, of `Fixed.times`, of `Fixed.orders` and of `Fixed.crews`.
ORDER, PLACE, HAZARD, EXEMPT, PREVIOUS, ON_WAY = range(6)
RELEASE, DURATION, DURATION_VAR, RESTORE, CHANGE, TOLD_DUE, TOLD_WEIGHT, PROMISES = range(8)
DUE, WEIGHT, CHARGE, PROMISE_WIDTH = range(4)
VISIT_FROM, VISIT_TO, AFTER_FROM, AFTER_TO, FOLLOW_FROM, FOLLOW_TO, COUPLED = range(7)
HOME, FREE, FREE_VAR, UNTIL, MEAL_FROM, MEAL_UNTIL, MEAL, REBATE = range(8)
# Values of `Fixed.may`; the last and those above it say which row of `Fixed.stocks` holds.
MAY_NOT, MAY, MAY_BY_DEPOT = range(3)


class Fixed(NamedTuple):
    """What does not change while a plan is searched: few arrays, as each one costs compile time.

    p places, v visits, n orders, c crews. Whole numbers are 64 bits wide throughout, so that every
    function is compiled for one kind of number only.

    Attributes
    ----------
    travel, factors, depots
        Mean minutes, shape (p, p); by how much roads are slower by the hour; places.
    stocks
        Which depots have all that crews lack for orders, one row for each set of parts lacked,
        shape (k, d).
    travel_cv2
        The coefficient of variation of drives to each place squared, shape (p,).
    first_hour, quickest, load, unplaced
        As in the problem; the least factor.
    visits, times
        Whole numbers, shape (v, 6), with -1 for nobody before, and times and costs of each visit,
        shape (v, 14), with two promises of three figures behind them.
    may
        Whether and how a crew may make a visit, shape (v, c).
    orders, links
        Ranges of a team's visits, and of the orders before and after it in `links`, (n, 7).
    waiting
        Teams of several crews, or that wait for others or are waited for.
    near, near_crews
        The nearest orders, itself first, and crews; shapes (n, k) and (n, k').
    crews
        Shape (c, 8).
    """

    travel: NDArray[np.float32]
    factors: Floats
    depots: Ints
    stocks: Bools
    first_hour: float
    quickest: float
    travel_cv2: Floats
    load: float
    unplaced: float
    visits: Ints
    times: Floats
    may: NDArray[np.uint16]
    orders: Ints
    links: Ints
    waiting: Ints
    near: Ints
    near_crews: Ints
    crews: Floats


def fixed_of(problem: Problem) -> Fixed:
    """Turn a problem into arrays."""
    works = visited(problem)
    visits, times = _visits(problem, works)
    orders, links = _orders(problem)
    near, near_crews = _neighbours(problem)
    roads = problem.roads
    may, stocks = _who_may(problem, works)
    return Fixed(
        travel=np.ascontiguousarray(problem.roads.travel_min, np.float32),
        factors=np.array(problem.roads.factors, np.float64),
        depots=np.array([shelf.place for shelf in problem.depots], np.int64),
        stocks=stocks,
        first_hour=float(problem.roads.first_hour_min),
        quickest=float(min(problem.roads.factors)),
        travel_cv2=np.array([roads.cv_to(place) ** 2 for place in range(len(roads.travel_min))]),
        load=float(problem.load_min),
        unplaced=float(problem.unplaced_cost),
        visits=visits,
        times=times,
        may=may,
        orders=orders,
        links=links,
        waiting=np.flatnonzero(orders[:, COUPLED]).astype(np.int64),
        near=near,
        near_crews=near_crews,
        crews=_crews(problem, visits),
    )


def visited(problem: Problem) -> list[Work]:
    """The orders in the sequence of their visits."""
    return [work for team in problem.teams for work in team]


def _visits(problem: Problem, works: list[Work]) -> tuple[Ints, Floats]:
    number = {crew.crew_id: i for i, crew in enumerate(problem.crews)}
    index = _team_numbers(problem)
    visits = np.zeros((len(works), 6), np.int64)
    times = np.zeros((len(works), PROMISES + MAX_PROMISES * PROMISE_WIDTH))
    for v, work in enumerate(works):
        previous = problem.previous_of(work)
        visits[v] = (
            index[work.order_id],
            work.place,
            work.hazard,
            work.pinned is not None,
            -1 if previous is None else number.get(previous, -1),
            work.hold is Hold.EN_ROUTE,
        )
        promised = [
            figure
            for promise in work.promises
            for figure in (min(promise.due_min, NEVER), promise.weight, promise.charge)
        ]
        times[v, : PROMISES + len(promised)] = (
            work.release_min,
            work.duration_min,
            (work.duration_cv * work.duration_min) ** 2,
            work.restore_weight,
            problem.change.of(work.hold),
            NEVER if work.told is None else min(work.told.due_min, NEVER),
            0.0 if work.told is None else work.told.weight,
            *promised,
        )
    return visits, times


def _orders(problem: Problem) -> tuple[Ints, Ints]:
    """Each team's visits, and which teams wait for which."""
    index, teams = _team_numbers(problem), problem.teams
    after = [list({index[o]: 0 for work in team for o in work.after}) for team in teams]
    follow: list[list[int]] = [[] for _ in teams]
    for i, before in enumerate(after):
        for j in before:
            follow[j].append(i)
    ends = [_ends([len(team) for team in teams])]
    ends.append(_ends([len(each) for each in after]))
    ends.append(_ends([len(each) for each in follow]) + ends[1][-1])
    columns = [column for each in ends for column in (each[:-1], each[1:])]
    coupled = [len(team) > 1 or bool(after[i] or follow[i]) for i, team in enumerate(teams)]
    links = [j for each in (*after, *follow) for j in each]
    orders = np.column_stack([*columns, np.array(coupled, np.int64)])
    return np.ascontiguousarray(orders), np.array(links, np.int64)


def _team_numbers(problem: Problem) -> dict[OrderId, int]:
    return {work.order_id: i for i, team in enumerate(problem.teams) for work in team}


def _ends(lengths: list[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _crews(problem: Problem, visits: Ints) -> Floats:
    """Crews as figures; those on their way get money back when they turn to a hazard."""
    table = np.zeros((len(problem.crews), 8))
    for c, crew in enumerate(problem.crews):
        meal = crew.meal or Meal(from_min=NEVER, until_min=NEVER, minutes=0)
        table[c] = (
            crew.place,
            crew.free_min,
            crew.free_sd_min**2,
            min(crew.until_min, NEVER),
            meal.from_min,
            meal.until_min,
            meal.minutes,
            0,
        )
    on_way = visits[(visits[:, ON_WAY] > 0) & (visits[:, PREVIOUS] >= 0), PREVIOUS]
    table[on_way, REBATE] = problem.change.turn - problem.change.turn_for_hazard
    return table


def _who_may(problem: Problem, works: list[Work]) -> tuple[NDArray[np.uint16], Bools]:
    """Which crews may make which visit, and by which depots they would go.

    Shapes (v, c) and, for `Fixed.stocks`, (k, d).
    """
    crews = problem.crews
    number = {crew.crew_id: c for c, crew in enumerate(crews)}
    allowed = np.zeros((len(works), len(crews)), np.bool_)
    how, stocks = _ways(problem, works)
    able: dict[frozenset[str], Bools] = {}
    for v, work in enumerate(works):
        if work.pinned is not None:
            only = number.get(work.pinned, -1)
            if only >= 0:
                allowed[v, only] = True
            continue
        if work.needs not in able:
            able[work.needs] = np.array([c.has_skills(work) for c in crews], np.bool_)
        allowed[v] = able[work.needs] & (how[v] != MAY_NOT)
        for crew_id in work.barred:
            if crew_id in number:
                allowed[v, number[crew_id]] = False
    # Whom a dispatcher sends without a part that no depot has drives there straight.
    may = np.where(allowed, np.where(how == MAY_NOT, MAY, how), MAY_NOT)
    return may.astype(np.uint16), stocks


def _ways(problem: Problem, works: list[Work]) -> tuple[Ints, Bools]:
    """How each crew comes to what each visit needs, shape (v, c), and `Fixed.stocks`."""
    how = np.full((len(works), len(problem.crews)), MAY, np.int64)
    rows: dict[frozenset[str], int] = {}
    ways: dict[frozenset[str], Ints] = {}
    for v, work in enumerate(works):
        if not work.parts:
            continue
        if work.parts not in ways:
            found = [_way(problem, crew, work, rows) for crew in problem.crews]
            ways[work.parts] = np.array(found, np.int64)
        how[v] = ways[work.parts]
    stocks = [[parts <= shelf.stock for shelf in problem.depots] for parts in rows]
    table = np.array(stocks, np.bool_).reshape(len(rows), len(problem.depots))
    return how, np.ascontiguousarray(table)


def _way(problem: Problem, crew: Hands, work: Work, rows: dict[frozenset[str], int]) -> int:
    """How a crew comes to what an order needs; each set of parts lacked gets a row."""
    lacks = crew.lacks(work)
    if not lacks:
        return MAY
    if not problem.fetched_at(crew, work):
        return MAY_NOT
    return MAY_BY_DEPOT + rows.setdefault(lacks, len(rows))


def _neighbours(problem: Problem) -> tuple[Ints, Ints]:
    """The nearest teams and crews of every team, itself first; shapes (n, k) and (n, k')."""
    travel = problem.roads.travel_min
    works = np.array([team[0].place for team in problem.teams], np.int64)
    crews = np.array([c.place for c in problem.crews], np.int64)
    between = travel[np.ix_(works, works)].copy()
    np.fill_diagonal(between, -1.0)
    return (
        _nearest(between, NEAR_ORDERS + 1),
        _nearest(travel[np.ix_(crews, works)].T, NEAR_CREWS),
    )


def _nearest(table: NDArray[np.float32], count: int) -> Ints:
    """The columns with the least values of each row, in order; ties by number."""
    count = min(count, table.shape[1])
    if not table.size:
        return np.zeros((table.shape[0], count), np.int64)
    some = np.sort(np.argpartition(table, count - 1, axis=1)[:, :count], axis=1)
    order = np.argsort(np.take_along_axis(table, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1).astype(np.int64)
