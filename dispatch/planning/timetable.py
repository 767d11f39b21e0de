"""The search's books, compiled: routes as arrays, their times, and how to take a change back.

A route is the visits of one crew in order; entry k of its times says when the crew is ready to
leave after k visits, so visit k ends at entry k + 1. Before a route is changed `touch` puts it
aside; `undo` brings back exactly what was put aside, whatever happened since.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.planning.arrays import (
    AFTER_FROM,
    AFTER_TO,
    CHANGE,
    CHARGE,
    DUE,
    DURATION,
    DURATION_VAR,
    EXEMPT,
    FREE,
    FREE_VAR,
    HAZARD,
    HOME,
    MAY_BY_DEPOT,
    MEAL,
    MEAL_FROM,
    MEAL_UNTIL,
    NEVER,
    ON_WAY,
    PLACE,
    PREVIOUS,
    PROMISE_WIDTH,
    PROMISES,
    REBATE,
    RELEASE,
    RESTORE,
    TOLD_DUE,
    TOLD_WEIGHT,
    UNTIL,
    VISIT_FROM,
    VISIT_TO,
    WEIGHT,
    Fixed,
    Floats,
    Ints,
)
from dispatch.planning.compiling import compiled, inlined

EPS = 1e-9
SURE_Z = 6.0
ROOT_HALF = math.sqrt(0.5)
ROOT_TAU = math.sqrt(2 * math.pi)
HOUR = 60.0

# Layers of `State.route` and `State.times`, and columns of the others.
HERE, OLD, BEST = range(3)
DEP, VAR, FED, ARRIVE, ARRIVE_VAR, COST = range(6)
SIZE, OLD_SIZE, BEST_SIZE, IS_DIRTY, MARKED, DIRTY = range(6)
CREW, POS = range(2)
READY, READY_VAR, OLD_READY, OLD_READY_VAR = range(4)
PLACED, OLD_PLACED, TO_PLACE = range(3)
N_DIRTY, N_TO_PLACE = range(2)


class State(NamedTuple):
    """A plan under change, as it was when the change began, and the best one found.

    Attributes
    ----------
    route, times
        Visits, shape (3, c, cap), and times, shape (2, c, cap + 1, 6): here, before the change,
        and (visits only) at best.
    crews, totals
        Lengths of the routes and marks, shape (c, 6); costs of the routes, shape (c, 2).
    where, ready
        Crew, -1 for none, and position of each visit, shape (v, 2); the earliest begin that others
        allow and its variance, shape (v, 4).
    orders, counts
        Whether each is placed, and a list of those taken out, shape (n, 3); lengths of lists.
    sums, keys, rng
        Cost here, before, and at best; room to sort in; the state of the generator.
    """

    route: Ints
    times: Floats
    crews: Ints
    totals: Floats
    where: Ints
    ready: Floats
    orders: Ints
    counts: Ints
    sums: Floats
    keys: Floats
    rng: NDArray[np.uint64]


def empty_state(fixed: Fixed, seed: int) -> State:
    """A plan without any visit."""
    crews, visits, orders = len(fixed.crews), len(fixed.visits), len(fixed.orders)
    cap = max(1, min(visits, max(64, 8 * -(-visits // max(1, crews)))))
    times = np.zeros((2, crews, cap + 1, 6))
    times[HERE, :, 0, DEP] = fixed.crews[:, FREE]
    times[HERE, :, 0, VAR] = fixed.crews[:, FREE_VAR]
    times[HERE, :, 0, FED] = fixed.crews[:, MEAL] <= 0
    where = np.zeros((visits, 2), np.int64)
    where[:, CREW] = -1
    return State(
        route=np.full((3, crews, cap), -1, np.int64),
        times=times,
        crews=np.zeros((crews, 6), np.int64),
        totals=np.zeros((crews, 2)),
        where=where,
        ready=np.zeros((visits, 4)),
        orders=np.zeros((orders, 3), np.int64),
        counts=np.zeros(2, np.int64),
        sums=np.array([fixed.unplaced * orders, 0.0, np.inf]),
        keys=np.zeros(orders),
        rng=np.array([(seed * 2 + 1) * 0x9E3779B97F4A7C15 % 2**64], np.uint64),
    )


@inlined
def draw(rng: NDArray[np.uint64]) -> float:
    """Draw a number from 0 up to 1 (xorshift, 64 bits)."""
    x = rng[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    rng[0] = x
    return (x >> np.uint64(11)) / 9007199254740992.0


@inlined
def drive(
    travel: NDArray[np.float32],
    factors: Floats,
    first_hour: float,
    start: int,
    end: int,
    depart: float,
) -> float:
    """Minutes of a drive that begins at `depart`, through the hours it crosses."""
    left = np.float64(travel[start, end])
    last = len(factors) - 1
    if last == 0 or not left < NEVER:
        return left * factors[last]
    at, hour = depart, math.floor((depart + first_hour) / HOUR)
    while True:
        if hour >= last:
            return at + left * factors[last] - depart
        until = (hour + 1) * HOUR - first_hour
        factor = factors[max(hour, 0)]
        if at + left * factor <= until:
            return at + left * factor - depart
        left -= max(until - at, 0.0) / factor
        at, hour = until, hour + 1


@inlined
def reach(fx: Fixed, v: int, c: int, start: int, depart: float) -> tuple[float, float]:
    """When a crew that leaves `start` at `depart` is at a visit, and the variance that adds."""
    place = fx.visits[v, PLACE]
    row = np.int64(fx.may[v, c]) - MAY_BY_DEPOT
    best, best_var = np.inf, 0.0
    for i in range(len(fx.depots) if row >= 0 else 1):
        at, here, var = depart, start, 0.0
        if row >= 0:
            if not fx.stocks[row, i]:
                continue
            here = fx.depots[i]
            there = drive(fx.travel, fx.factors, fx.first_hour, start, here, depart)
            var = there * there
            at = depart + there + fx.load
        if at < NEVER:
            on = drive(fx.travel, fx.factors, fx.first_hour, here, place, at)
            if at + on < best:
                best, best_var = at + on, fx.travel_cv2[place] * (var + on * on)
    return best, best_var


@inlined
def late_cost(mean: float, var: float, due: float, weight: float, charge: float) -> float:
    """What arriving then is expected to cost against one promise."""
    over = mean - due
    if var < EPS * EPS:
        return weight * over + charge if over > 0 else 0.0
    sd = math.sqrt(var)
    z = over / sd
    if z >= SURE_Z:
        return weight * over + charge
    if z <= -SURE_Z:
        return 0.0
    late = 0.5 * math.erfc(-z * ROOT_HALF)
    return weight * (sd * math.exp(-0.5 * z * z) / ROOT_TAU + over * late) + charge * late


@inlined
def visit_cost(
    fx: Fixed,
    v: int,
    c: int,
    first: bool,
    arrive: float,
    arrive_var: float,
    end: float,
    end_var: float,
) -> float:
    """What one visit costs: lateness, customers without supply, and change of the plan."""
    times = fx.times
    cost = times[v, RESTORE] * end
    if times[v, TOLD_WEIGHT] > 0:
        cost += late_cost(end, end_var, times[v, TOLD_DUE], times[v, TOLD_WEIGHT], 0.0)
    for i in range(PROMISES, times.shape[1], PROMISE_WIDTH):
        if times[v, i + WEIGHT] > 0 or times[v, i + CHARGE] > 0:
            cost += late_cost(
                arrive, arrive_var, times[v, i + DUE], times[v, i + WEIGHT], times[v, i + CHARGE]
            )
    before, on_way = fx.visits[v, PREVIOUS], fx.visits[v, ON_WAY] > 0
    if before >= 0 and (before != c or (on_way and not first)):
        cost += times[v, CHANGE]
    if first and fx.visits[v, HAZARD] > 0 and not (on_way and before == c):
        cost -= fx.crews[c, REBATE]
    return cost


@inlined
def step(
    fx: Fixed,
    st: State,
    v: int,
    c: int,
    start: int,
    depart: float,
    var: float,
    fed: float,
    first: bool,
) -> tuple[float, float, float, float, float, float, bool]:
    """Let crew c make visit v next.

    Gives the arrival and its variance, the end and its variance, whether the crew has eaten, what
    it costs, and whether it may be.
    """
    leave = max(depart, fx.times[v, RELEASE])
    arrive, arrive_var = np.inf, 0.0
    for _ in range(2):
        arrive, arrive_var = reach(fx, v, c, start, leave)
        hungry = leave >= fx.crews[c, MEAL_FROM]
        hungry = hungry or arrive + fx.times[v, DURATION] > fx.crews[c, MEAL_UNTIL]
        if fed > 0 or fx.visits[v, HAZARD] > 0 or not hungry:
            break
        fed = 1.0
        leave += fx.crews[c, MEAL]
    arrive_var += var
    begin, end_var = arrive, arrive_var + fx.times[v, DURATION_VAR]
    if st.ready[v, READY] > begin:
        begin, end_var = st.ready[v, READY], st.ready[v, READY_VAR] + fx.times[v, DURATION_VAR]
    end = begin + fx.times[v, DURATION]
    may = fx.visits[v, EXEMPT] > 0 or end <= fx.crews[c, UNTIL] + EPS
    cost = visit_cost(fx, v, c, first, arrive, arrive_var, end, end_var)
    return arrive, arrive_var, end, end_var, fed, cost, may and arrive < NEVER


@compiled
def walk(fx: Fixed, st: State, c: int, begin: int) -> bool:
    """Work out a route anew from its `begin`-th visit on; whether everything in it may be."""
    fine = True
    times = st.times[HERE, c]
    total = 0.0
    for k in range(begin):
        total += times[k, COST]
    at = fx.visits[st.route[HERE, c, begin - 1], PLACE] if begin else int(fx.crews[c, HOME])
    for k in range(begin, st.crews[c, SIZE]):
        v = st.route[HERE, c, k]
        arrive, arrive_var, end, end_var, fed, cost, may = step(
            fx, st, v, c, at, times[k, DEP], times[k, VAR], times[k, FED], k == 0
        )
        times[k, ARRIVE], times[k, ARRIVE_VAR], times[k, COST] = arrive, arrive_var, cost
        times[k + 1, DEP], times[k + 1, VAR], times[k + 1, FED] = end, end_var, fed
        st.where[v, CREW], st.where[v, POS] = c, k
        at = fx.visits[v, PLACE]
        total += cost
        fine = fine and may
    st.sums[HERE] += total - st.totals[c, HERE]
    st.totals[c, HERE] = total
    return fine


@compiled
def copy_route(st: State, c: int, into: int, size: int, out_of: int) -> None:
    """Copy a route with its times from one layer to another."""
    st.totals[c, into] = st.totals[c, out_of]
    for k in range(size):
        st.route[into, c, k] = st.route[out_of, c, k]
    for k in range(size + 1):
        for i in range(6):
            st.times[into, c, k, i] = st.times[out_of, c, k, i]


@compiled
def touch(st: State, c: int) -> None:
    """Put a route aside before it is changed for the first time."""
    if st.crews[c, IS_DIRTY] == 0:
        st.crews[c, IS_DIRTY] = 1
        st.crews[st.counts[N_DIRTY], DIRTY] = c
        st.counts[N_DIRTY] += 1
        st.crews[c, OLD_SIZE] = st.crews[c, SIZE]
        copy_route(st, c, OLD, st.crews[c, SIZE], HERE)


@compiled
def begin_change(fx: Fixed, st: State) -> None:
    """Take down what `undo` is to bring back."""
    for i in range(st.counts[N_DIRTY]):
        st.crews[st.crews[i, DIRTY], IS_DIRTY] = 0
    st.counts[N_DIRTY] = 0
    st.counts[N_TO_PLACE] = 0
    for o in range(len(st.orders)):
        st.orders[o, OLD_PLACED] = st.orders[o, PLACED]
    st.sums[OLD] = st.sums[HERE]
    for o in fx.waiting:
        for v in range(fx.orders[o, VISIT_FROM], fx.orders[o, VISIT_TO]):
            st.ready[v, OLD_READY] = st.ready[v, READY]
            st.ready[v, OLD_READY_VAR] = st.ready[v, READY_VAR]


@compiled
def undo(fx: Fixed, st: State) -> None:
    """Bring every route back that was put aside, with its times."""
    for i in range(st.counts[N_DIRTY]):
        c = st.crews[i, DIRTY]
        for k in range(st.crews[c, SIZE]):
            st.where[st.route[HERE, c, k], CREW] = -1
    for i in range(st.counts[N_DIRTY]):
        c = st.crews[i, DIRTY]
        size = st.crews[c, OLD_SIZE]
        st.crews[c, SIZE] = size
        copy_route(st, c, HERE, size, OLD)
        for k in range(size):
            v = st.route[HERE, c, k]
            st.where[v, CREW], st.where[v, POS] = c, k
    for o in range(len(st.orders)):
        st.orders[o, PLACED] = st.orders[o, OLD_PLACED]
    st.sums[HERE] = st.sums[OLD]
    for o in fx.waiting:
        for v in range(fx.orders[o, VISIT_FROM], fx.orders[o, VISIT_TO]):
            st.ready[v, READY] = st.ready[v, OLD_READY]
            st.ready[v, READY_VAR] = st.ready[v, OLD_READY_VAR]


@compiled
def ready_of(fx: Fixed, st: State, o: int, v: int) -> tuple[float, float]:
    """The earliest begin that orders before this one and its other crews allow, and its variance.

    Infinite while an order before it is in no route; crews that are in none are not waited for.
    """
    ready, ready_var = 0.0, 0.0
    for i in range(fx.orders[o, AFTER_FROM], fx.orders[o, AFTER_TO]):
        before = fx.links[i]
        if st.orders[before, PLACED] == 0:
            return np.inf, 0.0
        for u in range(fx.orders[before, VISIT_FROM], fx.orders[before, VISIT_TO]):
            c, k = st.where[u, CREW], st.where[u, POS]
            if st.times[HERE, c, k + 1, DEP] > ready:
                ready, ready_var = st.times[HERE, c, k + 1, DEP], st.times[HERE, c, k + 1, VAR]
    for u in range(fx.orders[o, VISIT_FROM], fx.orders[o, VISIT_TO]):
        c, k = st.where[u, CREW], st.where[u, POS]
        if u != v and c >= 0 and st.times[HERE, c, k, ARRIVE] > ready:
            ready, ready_var = st.times[HERE, c, k, ARRIVE], st.times[HERE, c, k, ARRIVE_VAR]
    return ready, ready_var


@compiled
def settle(fx: Fixed, st: State) -> bool:
    """Let crews and orders that wait for each other agree on times; False where they cannot.

    Times start from nothing and only grow, round by round, until none changes: the earliest times
    there are. They grow for ever where the waiting runs in a circle.
    """
    for o in fx.waiting:
        for v in range(fx.orders[o, VISIT_FROM], fx.orders[o, VISIT_TO]):
            st.ready[v, READY], st.ready[v, READY_VAR] = 0.0, 0.0
            if st.where[v, CREW] >= 0:
                st.crews[st.where[v, CREW], MARKED] = 1
    rounds = 2 * len(fx.waiting) + 2
    moved = True
    while moved and rounds > 0:
        rounds -= 1
        moved = False
        for c in range(len(st.crews)):
            if st.crews[c, MARKED] > 0:
                st.crews[c, MARKED] = 0
                touch(st, c)
                walk(fx, st, c, 0)
        for o in fx.waiting:
            if st.orders[o, PLACED] == 0:
                continue
            for v in range(fx.orders[o, VISIT_FROM], fx.orders[o, VISIT_TO]):
                ready, ready_var = ready_of(fx, st, o, v)
                if (
                    abs(ready - st.ready[v, READY]) > EPS
                    or abs(ready_var - st.ready[v, READY_VAR]) > EPS
                ) and ready < NEVER:
                    st.ready[v, READY], st.ready[v, READY_VAR] = ready, ready_var
                    st.crews[st.where[v, CREW], MARKED] = 1
                    moved = True
                elif not ready < NEVER:
                    rounds = -1
    for c in range(len(st.crews)):
        st.crews[c, MARKED] = 0
    return rounds >= 0 and not moved and all_may(fx, st)


@compiled
def all_may(fx: Fixed, st: State) -> bool:
    """Whether every changed visit is reached, and ends before its crew's shift does."""
    for i in range(st.counts[N_DIRTY]):
        c = st.crews[i, DIRTY]
        for k in range(st.crews[c, SIZE]):
            v = st.route[HERE, c, k]
            late = st.times[HERE, c, k + 1, DEP] > fx.crews[c, UNTIL] + EPS
            if not st.times[HERE, c, k, ARRIVE] < NEVER or (late and fx.visits[v, EXEMPT] == 0):
                return False
    return True


@compiled
def put(fx: Fixed, st: State, v: int, c: int, k: int) -> None:
    """Make v the k-th visit of crew c, and work the rest of the route out anew."""
    touch(st, c)
    for i in range(st.crews[c, SIZE], k, -1):
        st.route[HERE, c, i] = st.route[HERE, c, i - 1]
    st.route[HERE, c, k] = v
    st.crews[c, SIZE] += 1
    walk(fx, st, c, k)


@compiled
def take(fx: Fixed, st: State, v: int) -> None:
    """Take a visit out of its route, and work the rest of it out anew."""
    c, k = st.where[v, CREW], st.where[v, POS]
    touch(st, c)
    for i in range(k, st.crews[c, SIZE] - 1):
        st.route[HERE, c, i] = st.route[HERE, c, i + 1]
    st.crews[c, SIZE] -= 1
    st.where[v, CREW] = -1
    walk(fx, st, c, k)
