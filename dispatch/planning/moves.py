"""The search's moves, compiled: take some orders out, put them in again where they cost least.

Ruin and recreate after Schrimpf et al. (2000), with the strings of neighbouring visits and the
blinks of Christiaens and Vanden Berghe (2020), and the related, worst and whole-route removals of
Ropke and Pisinger (2006). A worse plan is kept with the chance that its cost and the temperature
give. `run` is the only entry from outside, and every function has few callers: each place that
calls one compiles it anew.
"""

import math

import numpy as np
from numpy.typing import NDArray

from dispatch.planning.arrays import (
    AFTER_FROM,
    AFTER_TO,
    COUPLED,
    DUE,
    DURATION,
    HOME,
    MAY_NOT,
    ORDER,
    PLACE,
    PROMISE_WIDTH,
    PROMISES,
    RESTORE,
    VISIT_FROM,
    VISIT_TO,
    WEIGHT,
    Fixed,
    Ints,
)
from dispatch.planning.compiling import compiled, inlined
from dispatch.planning.timetable import (
    BEST,
    BEST_SIZE,
    COST,
    CREW,
    DEP,
    EPS,
    FED,
    HERE,
    MARKED,
    N_TO_PLACE,
    OLD,
    PLACED,
    POS,
    READY,
    READY_VAR,
    SIZE,
    TO_PLACE,
    VAR,
    State,
    all_may,
    begin_change,
    draw,
    put,
    ready_of,
    settle,
    step,
    take,
    undo,
)

BLINK = 0.01
ALL_CREWS_UP_TO = 64
STRANGERS = 6
LOOK_EVERYWHERE = 0.02
STRING_MOST = 10
STRINGS_AVERAGE = 8.0
AT_RANDOM_MOST = 10
FROM_BANK = 3
WORST_OF = 6
SEEK_COSTLY = 0.5
NEAR_SEED, COSTLIEST = 1, 2
NEAR_BY, AT_END = 0, 2
BY_DUE, BY_WEIGHT, BY_FAR = range(3)
UP_TO_STRINGS, UP_TO_ROUTE = 0.7, 0.75


@compiled
def pick(rng: NDArray[np.uint64], n: int) -> int:
    """Draw a whole number below n."""
    return min(int(draw(rng) * n), n - 1)


@inlined
def cost_at_least(fx: Fixed, v: int, arrive: float) -> float:
    """What a visit costs at the least when its crew arrives then or later: as if without spread."""
    times = fx.times
    cost = times[v, RESTORE] * (arrive + times[v, DURATION])
    for i in range(PROMISES, times.shape[1], PROMISE_WIDTH):
        cost += times[v, i + WEIGHT] * max(0.0, arrive - times[v, i + DUE])
    return cost


@compiled
def place_cost(
    fx: Fixed, st: State, c: int, v: int, limit: float, blink: float, at_end: bool
) -> tuple[float, int]:
    """The cheapest position for a visit in a route: (added cost, position), or (limit, -1).

    What costs `limit` or more is given up early. A position is passed over with chance `blink`.
    """
    best, best_k = limit, -1
    size = st.crews[c, SIZE]
    if size + 1 >= st.times.shape[2]:
        return best, best_k
    times, route, place = st.times[HERE, c], st.route[HERE, c], fx.visits[v, PLACE]
    for k in range(size if at_end else 0, size + 1):
        if blink > 0 and draw(st.rng) < blink:
            continue
        at = fx.visits[route[k - 1], PLACE] if k else int(fx.crews[c, HOME])
        if k and cost_at_least(fx, v, times[k, DEP] + fx.quickest * fx.travel[at, place]) >= best:
            continue
        end, var, fed = times[k, DEP], times[k, VAR], times[k, FED]
        added, u = 0.0, v
        for i in range(k - 1, size):
            if i >= k:
                u = route[i]
                added -= times[i, COST]
            _, _, end, var, fed, cost, may = step(fx, st, u, c, at, end, var, fed, i < k and k == 0)
            added += cost
            if not may or (added >= best and i > 0):
                added = np.inf
                break
            at = fx.visits[u, PLACE]
        if added < best:
            best, best_k = added, k
    return best, best_k


@compiled
def mark_candidates(fx: Fixed, st: State, o: int, everywhere: bool) -> None:
    """Mark the crews worth a look for an order: near it, at work near it, and a few others."""
    crews = len(st.crews)
    if everywhere or crews <= ALL_CREWS_UP_TO:
        for c in range(crews):
            st.crews[c, MARKED] = 1
        return
    for c in fx.near_crews[o]:
        st.crews[c, MARKED] = 1
    for other in fx.near[o]:
        c = st.where[fx.orders[other, VISIT_FROM], CREW]
        if c >= 0:
            st.crews[c, MARKED] = 1
    for _ in range(STRANGERS):
        st.crews[pick(st.rng, crews), MARKED] = 1


@compiled
def place_visit(
    fx: Fixed, st: State, o: int, v: int, everywhere: bool, blink: float, at_end: bool
) -> bool:
    """Put a visit where it costs least; whether there was a place."""
    best, best_c, best_k = np.inf, -1, -1
    mark_candidates(fx, st, o, everywhere)
    for u in range(fx.orders[o, VISIT_FROM], fx.orders[o, VISIT_TO]):
        if st.where[u, CREW] >= 0:
            st.crews[st.where[u, CREW], MARKED] = 0
    for c in range(len(st.crews)):
        if st.crews[c, MARKED] > 0:
            st.crews[c, MARKED] = 0
            if fx.may[v, c] != MAY_NOT:
                added, k = place_cost(fx, st, c, v, best, blink, at_end)
                if k >= 0:
                    best, best_c, best_k = added, c, k
    if best_c >= 0:
        put(fx, st, v, best_c, best_k)
    return best_c >= 0


@compiled
def take_order(fx: Fixed, st: State, o: int) -> None:
    """Take all visits of an order out."""
    for v in range(fx.orders[o, VISIT_FROM], fx.orders[o, VISIT_TO]):
        if st.where[v, CREW] >= 0:
            take(fx, st, v)
        st.ready[v, READY], st.ready[v, READY_VAR] = 0.0, 0.0
    if st.orders[o, PLACED] > 0:
        st.orders[o, PLACED] = 0
        st.sums[HERE] += fx.unplaced


@compiled
def place_order(fx: Fixed, st: State, o: int, everywhere: bool, blink: float) -> bool:
    """Put all visits of an order in or none: near by, else anywhere, else at the end of routes."""
    for i in range(fx.orders[o, AFTER_FROM], fx.orders[o, AFTER_TO]):
        if st.orders[fx.links[i], PLACED] == 0:
            return False
    coupled = fx.orders[o, COUPLED] > 0
    for attempt in range(AT_END + 1):
        if attempt == AT_END and not coupled:
            break
        fine = True
        for v in range(fx.orders[o, VISIT_FROM], fx.orders[o, VISIT_TO]):
            if fine:
                if coupled:
                    st.ready[v, READY], st.ready[v, READY_VAR] = ready_of(fx, st, o, v)
                fine = place_visit(
                    fx,
                    st,
                    o,
                    v,
                    everywhere or attempt > NEAR_BY,
                    blink * (attempt == NEAR_BY),
                    attempt == AT_END,
                )
        if fine:
            st.orders[o, PLACED] = 1
            st.sums[HERE] -= fx.unplaced
            if not coupled or settle(fx, st):
                return True
        take_order(fx, st, o)
    return False


@compiled
def list_order(fx: Fixed, st: State, o: int) -> None:
    """List an order to be taken out, and what waits for it, unless it is listed already."""
    first = st.counts[N_TO_PLACE]
    for candidate in range(-1, len(fx.waiting)):
        other = o if candidate < 0 else fx.waiting[candidate]
        wanted = candidate < 0
        if candidate >= 0 and fx.orders[o, COUPLED] == 0:
            break
        for i in range(fx.orders[other, AFTER_FROM], fx.orders[other, AFTER_TO]):
            for j in range(first, st.counts[N_TO_PLACE]):
                wanted = wanted or st.orders[j, TO_PLACE] == fx.links[i]
        for j in range(st.counts[N_TO_PLACE]):
            wanted = wanted and st.orders[j, TO_PLACE] != other
        if wanted and st.orders[other, PLACED] > 0:
            st.orders[st.counts[N_TO_PLACE], TO_PLACE] = other
            st.counts[N_TO_PLACE] += 1


@compiled
def costliest_of(fx: Fixed, st: State) -> int:
    """The order with the costliest visit among a few drawn."""
    best, worst = pick(st.rng, len(st.orders)), -1.0
    for _ in range(WORST_OF):
        o = pick(st.rng, len(st.orders))
        v = fx.orders[o, VISIT_FROM]
        c, k = st.where[v, CREW], st.where[v, POS]
        if c >= 0 and st.times[HERE, c, k, COST] > worst:
            best, worst = o, st.times[HERE, c, k, COST]
    return best


@compiled
def choose_out(fx: Fixed, st: State) -> None:
    """List what is to be taken out, in one of the ways."""
    orders, way = len(st.orders), draw(st.rng)
    seed = costliest_of(fx, st) if draw(st.rng) < SEEK_COSTLY else pick(st.rng, orders)
    if way < UP_TO_STRINGS:
        average = max(1.0, orders / len(st.crews))
        longest = min(float(STRING_MOST), average + 1.0)
        strings = int(draw(st.rng) * (4 * STRINGS_AVERAGE / (1 + longest)) + 1)
        for o in fx.near[seed]:
            v = fx.orders[o, VISIT_FROM]
            c = st.where[v, CREW]
            if strings > 0 and c >= 0 and st.crews[c, MARKED] == 0:
                st.crews[c, MARKED] = 1
                strings -= 1
                size = st.crews[c, SIZE]
                length = min(size, int(draw(st.rng) * min(longest, float(size)) + 1))
                first = min(max(0, st.where[v, POS] - pick(st.rng, length)), size - length)
                for k in range(first, first + length):
                    list_visit(fx, st, c, k)
        for c in range(len(st.crews)):
            st.crews[c, MARKED] = 0
    elif way < UP_TO_ROUTE:
        c = pick(st.rng, len(st.crews))
        for k in range(min(st.crews[c, SIZE], STRING_MOST)):
            list_visit(fx, st, c, k)
    else:
        for _ in range(1 + pick(st.rng, min(AT_RANDOM_MOST, orders))):
            kind = pick(st.rng, COSTLIEST + 1)
            o = pick(st.rng, orders)
            if kind == NEAR_SEED:
                o = fx.near[seed, int(draw(st.rng) ** 2 * fx.near.shape[1])]
            elif kind == COSTLIEST:
                o = costliest_of(fx, st)
            list_order(fx, st, o)


@compiled
def list_visit(fx: Fixed, st: State, c: int, k: int) -> None:
    """List the order of a visit."""
    list_order(fx, st, fx.visits[st.route[HERE, c, k], ORDER])


@compiled
def call_from_bank(st: State) -> None:
    """Let a few orders that no crew could take so far try again."""
    for _ in range(FROM_BANK):
        o = pick(st.rng, len(st.orders))
        if st.orders[o, PLACED] == 0:
            listed = False
            for j in range(st.counts[N_TO_PLACE]):
                listed = listed or st.orders[j, TO_PLACE] == o
            if not listed:
                st.orders[st.counts[N_TO_PLACE], TO_PLACE] = o
                st.counts[N_TO_PLACE] += 1


@compiled
def sort_to_place(fx: Fixed, st: State, way: int) -> None:
    """Put what is to be inserted in order."""
    n = st.counts[N_TO_PLACE]
    keys = st.keys
    for i in range(n):
        o = st.orders[i, TO_PLACE]
        v = fx.orders[o, VISIT_FROM]
        if way == BY_DUE:
            keys[i] = fx.times[v, PROMISES]
        elif way == BY_WEIGHT:
            keys[i] = -fx.times[v, PROMISES + WEIGHT] * (0.5 + draw(st.rng))
        elif way == BY_FAR:
            nearest = int(fx.crews[fx.near_crews[o, 0], HOME])
            keys[i] = -fx.travel[nearest, fx.visits[v, PLACE]]
        else:
            keys[i] = draw(st.rng)
    for i in range(1, n):  # by insertion: short lists, and no library's sort to compile
        key, o, j = keys[i], st.orders[i, TO_PLACE], i
        while j > 0 and keys[j - 1] > key:
            keys[j], st.orders[j, TO_PLACE] = keys[j - 1], st.orders[j - 1, TO_PLACE]
            j -= 1
        keys[j], st.orders[j, TO_PLACE] = key, o


@compiled
def recreate(fx: Fixed, st: State, everywhere: bool, blink: float) -> None:
    """Put every listed order in; those that wait for others when these are in."""
    n = st.counts[N_TO_PLACE]
    moved = True
    while moved:
        moved = False
        for i in range(n):
            o = st.orders[i, TO_PLACE]
            if o >= 0 and place_order(fx, st, o, everywhere, blink):
                st.orders[i, TO_PLACE] = -1
                moved = fx.orders[o, COUPLED] > 0 or moved


@compiled
def keep_best(st: State) -> None:
    """Remember the plan as it is."""
    st.sums[BEST] = st.sums[HERE]
    for c in range(len(st.crews)):
        st.crews[c, BEST_SIZE] = st.crews[c, SIZE]
        for k in range(st.crews[c, SIZE]):
            st.route[BEST, c, k] = st.route[HERE, c, k]


@compiled
def begin_with(fx: Fixed, st: State, visits: Ints, crews: Ints) -> None:
    """Begin with a given plan: append each visit to its crew's route where that may be."""
    for i in range(len(visits)):
        v, c = visits[i], crews[i]
        k = st.crews[c, SIZE]
        if st.where[v, CREW] < 0 and fx.may[v, c] != MAY_NOT and k + 1 < st.times.shape[2]:
            times, at = st.times[HERE, c], int(fx.crews[c, HOME])
            if k:
                at = fx.visits[st.route[HERE, c, k - 1], PLACE]
            may = step(fx, st, v, c, at, times[k, DEP], times[k, VAR], times[k, FED], k == 0)[6]
            if may:
                put(fx, st, v, c, k)
    for o in range(len(st.orders)):
        whole = True
        for v in range(fx.orders[o, VISIT_FROM], fx.orders[o, VISIT_TO]):
            whole = whole and st.where[v, CREW] >= 0
        st.orders[o, PLACED] = 1
        st.sums[HERE] -= fx.unplaced
        if not whole:
            take_order(fx, st, o)
    if len(fx.waiting) > 0 and not settle(fx, st):
        for o in fx.waiting:
            take_order(fx, st, o)


@compiled
def run(
    fx: Fixed,
    st: State,
    visits: Ints,
    crews: Ints,
    orders: Ints,
    count: int,
    hot: float,
    cold: float,
) -> None:
    """Begin with given visits, put given orders in, then change the plan `count` times.

    The temperature falls from `hot` to `cold`. Orders that find no place stay out.
    """
    coupled = len(fx.waiting) > 0
    if len(visits) > 0:
        begin_change(fx, st)
        begin_with(fx, st, visits, crews)
    for i in range(-1, count):
        begin_change(fx, st)
        blink, everywhere = 0.0, False
        if i < 0:
            for j in range(len(orders)):
                st.orders[j, TO_PLACE] = orders[j]
            st.counts[N_TO_PLACE] = len(orders)
        else:
            blink, everywhere = BLINK, draw(st.rng) < LOOK_EVERYWHERE
            choose_out(fx, st)
            for j in range(st.counts[N_TO_PLACE] - 1, -1, -1):
                take_order(fx, st, st.orders[j, TO_PLACE])
            call_from_bank(st)
            sort_to_place(fx, st, pick(st.rng, 4))
        recreate(fx, st, everywhere, blink)
        fine = settle(fx, st) if coupled else all_may(fx, st)
        limit = np.inf
        if i >= 0:
            limit = -hot * (cold / hot) ** (i / count) * math.log(draw(st.rng) + 1e-300)
        if not fine or not st.sums[HERE] - st.sums[OLD] < limit:
            undo(fx, st)
        elif st.sums[HERE] < st.sums[BEST] - EPS:
            keep_best(st)
