"""State a district's work as one problem, and find the plan of it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.assignment import AssignmentPolicy, origin_of
from dispatch.domain.clock import RuleSet
from dispatch.domain.crew import CrewState
from dispatch.domain.depot import Depot
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.words import CrewId, DistrictId, OrderId
from dispatch.planning.acting import Move, decided, hazards_left, moves_now
from dispatch.planning.district import Known, PlanningPolicy, is_chosen, problem_of
from dispatch.planning.pairs import Pairs, but, joined, left_out, pairs_of
from dispatch.planning.plan import Plan
from dispatch.planning.problem import Hold, Problem
from dispatch.planning.travel_table import Between
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.expecting import around_each, forecaster_of
from dispatch.procedures.fetching import depots_for
from dispatch.procedures.homing import bases_of, leave_in_time, longest_home
from dispatch.procedures.pressing import pressures
from dispatch.procedures.ranking import barring
from dispatch.procedures.sequencing import open_only
from dispatch.procedures.weather import stormy
from dispatch.procedures.working import told_of, with_outages, work_of


class Planner(Protocol):
    """Finds plans, and remembers the last one of each district to begin with."""

    def find(self, district_id: DistrictId, problem: Problem) -> Plan | None:
        """The plan; None while the planner is not ready, or if what it found does not hold."""
        ...

    def sketch(self, district_id: DistrictId, problem: Problem) -> Plan | None:
        """A plan for somebody who looks: found quickly, and not remembered."""
        ...

    def kept(self, district_id: DistrictId, travel_times: TravelTimes) -> Between:
        """The same times, those of the last look at the district kept as long as they hold."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A district's open work as a problem.

    Attributes
    ----------
    at_work
        Crews that have arrived somewhere, or have their break; they finish first.
    doubtful
        Free crews whose position is not known now: they are counted from their base, and sent only
        where nobody else is.
    ending
        Crews whose shift or loan is about to end: nobody sends them to danger beside the plan.
    cut_off
        Orders that their crew cannot reach any more by the roads as they are, and another can.
    pairs
        Orders of one work that takes two crews; in `problem` each stands by itself.
    """

    problem: Problem
    at_work: frozenset[CrewId]
    doubtful: frozenset[CrewId]
    ending: frozenset[CrewId] = frozenset()
    cut_off: frozenset[OrderId] = frozenset()
    pairs: Pairs = field(default_factory=dict)


def list_open(
    store: Store, district_id: DistrictId, now: datetime, *, also: OrderId | None = None
) -> tuple[list[TroubleOrder], list[TroubleOrder]]:
    """List a district's orders that wait and may be sent, most urgent first, and those under way.

    `also` is listed though it is on hold or barred. Each stands after the orders only that are
    still open (`TroubleOrder.after`), and is left out where one of those cannot be planned. An
    order given to a crew between the two reads is under way; one in a no-go zone waits for a
    dispatcher. That of a second crew is left out with the one that it supports.
    """
    awaiting = store.orders.list_awaiting(district_id)
    under_way = list(store.orders.list_under_way(district_id))
    given = {order.id for order in under_way}
    awaiting, under_way = open_only(store.orders, awaiting), open_only(store.orders, under_way)
    waiting = [
        order
        for order in awaiting
        if order.lon is not None
        and order.crew_id is None
        and order.id not in given
        and (order.id == also or not (order.is_held(now) or barring(store, order, now)))
    ]
    known = {order.id: order for order in (*waiting, *under_way)}
    waiting = [
        _beside(order, known)
        for order in waiting
        if order.supports_id is None or order.supports_id in known or order.id == also
    ]
    under_way = [_beside(order, known) for order in under_way]
    return _with_those_before(waiting, under_way, also), under_way


def _beside(order: TroubleOrder, known: Mapping[OrderId, TroubleOrder]) -> TroubleOrder:
    """A second crew's work waits for what the first one's waits for."""
    first = None if order.supports_id is None else known.get(order.supports_id)
    return order if first is None else replace(order, after=first.after)


def _with_those_before(
    waiting: list[TroubleOrder], under_way: Sequence[TroubleOrder], also: OrderId | None
) -> list[TroubleOrder]:
    """Leave out what waits for an order that nobody can be planned for, such as one on hold."""
    while True:
        there = {order.id for order in (*waiting, *under_way) if order.lon is not None}
        kept = [o for o in waiting if o.id == also or there.issuperset(o.after)]
        if len(kept) == len(waiting):
            return kept
        waiting = kept


def state_district(
    store: Store,
    waiting: Sequence[TroubleOrder],
    under_way: Sequence[TroubleOrder],
    states: Sequence[CrewState],
    travel_times: Between,
    *,
    assignment: AssignmentPolicy,
    planning: PlanningPolicy,
    now: datetime,
) -> Stated:
    """State what is to be planned of one district: what waits, what crews hold, and the crews.

    Orders without a place take no part, nor do crews that hold one of those or one of another
    district. Nor does an order that no road leads its crew to any more, with that crew and what has
    to wait for the order, unless another crew may have it.
    """
    known = {state.crew.id for state in states}
    orders = [order for order in (*waiting, *under_way) if order.lon is not None]
    orders = [order for order in orders if order.crew_id is None or order.crew_id in known]
    ids = [order.id for order in orders]
    crews = [s for s in states if s.active_order_id is None or s.active_order_id in set(ids)]
    depots = depots_for(store, orders)
    travel, home = _travel(orders, crews, depots, travel_times, assignment, now)
    cut_off = _cut_off(orders, crews, travel)
    seen = {s.crew.id for s in crews if s.last_fix and origin_of(s, assignment, now).fresh}
    if stuck := cut_off - _for_others(orders, crews, travel, seen):
        cut_off -= stuck
        orders = _without(orders, stuck)
        crews = [s for s in crews if s.active_order_id not in stuck]
        travel, home = _travel(orders, crews, depots, travel_times, assignment, now)
    ids = [order.id for order in orders]
    crews = leave_in_time(crews, home)
    customers = _customers(store, orders)
    pairs = with_outages(store, orders)
    forecaster = forecaster_of(store)
    districts = [*(o.district_id for o in orders), *(outage.district_id for _, outage in pairs)]
    lately = around_each(store, forecaster, filter(None, districts), now)
    problem = problem_of(
        orders,
        crews,
        travel,
        rules_of=_rules_of(store, orders),
        known=Known(
            declined=store.orders.declined(ids),
            customers=customers,
            on_site=work_of(store, pairs, customers, forecaster, lately, policy=planning, now=now),
            stormy=stormy(store, orders, forecaster, lately, now),
            told=told_of(pairs),
            month=pressures(store, now) if orders else {},
            cut_off=cut_off,
        ),
        policy=planning,
        now=now,
        depots=depots,
    )
    doubtful = (
        state.crew.id
        for state in crews
        if state.active_order_id is None and not origin_of(state, assignment, now).fresh
    )
    busy = {o.crew_id for o in orders if o.status is OrderStatus.ARRIVED and o.crew_id is not None}
    busy.update(state.crew.id for state in crews if state.rests(now))
    return Stated(
        problem=problem,
        at_work=frozenset(busy),
        doubtful=frozenset(doubtful),
        ending=frozenset(
            s.crew.id for s in crews if s.leaves_before(now + assignment.shift_reserve)
        ),
        cut_off=cut_off,
        pairs=pairs_of(orders),
    )


def plan_moves(
    planner: Planner, district_id: DistrictId, stated: Stated
) -> tuple[Problem, Plan, tuple[Move, ...]] | None:
    """Plan a district and say who sets out now; None where there is no plan.

    Work that takes two crews is one piece of work in the problem that was planned, unless no two
    crews can be found for it: then each of its orders stands by itself, so that one goes at least.
    A hazard that the plan lets wait gets the nearest free crew, and the rest is planned around it.
    Crews whose position is not known are asked last: only for what is left when the others have
    been sent.
    """
    found = _moves(planner, district_id, stated, joined(stated.problem, stated.pairs))
    if found is None or not (alone := left_out(found[1], stated.pairs)):
        return found
    return _moves(planner, district_id, stated, joined(stated.problem, but(stated.pairs, alone)))


def sketched(
    planner: Planner, district_id: DistrictId, stated: Stated
) -> tuple[Problem, Plan] | None:
    """The same plan for somebody who looks, found quickly and not remembered."""
    problem = joined(stated.problem, stated.pairs)
    plan = planner.sketch(district_id, problem)
    if plan is not None and (alone := left_out(plan, stated.pairs)):
        problem = joined(stated.problem, but(stated.pairs, alone))
        plan = planner.sketch(district_id, problem)
    return None if plan is None else (problem, plan)


def _moves(
    planner: Planner, district_id: DistrictId, stated: Stated, problem: Problem
) -> tuple[Problem, Plan, tuple[Move, ...]] | None:
    doubtful = stated.doubtful
    sure = replace(problem, crews=tuple(c for c in problem.crews if c.crew_id not in doubtful))
    found = _hazards_first(planner, district_id, stated, sure, ())
    if found is None:
        return None
    _, _, moves = found
    sent = {move.order_id for move in moves}
    left = {work.order_id for work in problem.works if work.hold is Hold.PLANNED} - sent
    if not doubtful or not left:
        return found
    to_danger = tuple(move for move in moves if problem.work_of[move.order_id].hazard)
    return _hazards_first(planner, district_id, stated, decided(problem, moves), to_danger)


def _hazards_first(
    planner: Planner,
    district_id: DistrictId,
    stated: Stated,
    problem: Problem,
    going: tuple[Move, ...],
) -> tuple[Problem, Plan, tuple[Move, ...]] | None:
    """Plan, and send the nearest free crew to each hazard that would wait, beside those `going`."""
    plan = planner.find(district_id, problem)
    if plan is None:
        return None
    moves = _beside_those(going, moves_now(problem, plan, at_work=stated.at_work))
    urgent = hazards_left(problem, moves, at_work=stated.at_work | stated.ending)
    if not urgent:
        return problem, plan, moves
    problem = decided(problem, urgent)
    plan = planner.find(district_id, problem)
    if plan is None:
        return None
    others = moves_now(problem, plan, at_work=stated.at_work)
    return problem, plan, _beside_those((*going, *urgent), others)


def _beside_those(going: tuple[Move, ...], moves: Sequence[Move]) -> tuple[Move, ...]:
    """The moves of those who go anyway, and of the other crews."""
    crews = {move.crew_id for move in going}
    return (*going, *(move for move in moves if move.crew_id not in crews))


def _cut_off(
    orders: Sequence[TroubleOrder], states: Sequence[CrewState], travel: NDArray[np.float32]
) -> frozenset[OrderId]:
    """Orders to which no road leads from where their crew is counted from."""
    at = {state.crew.id: i for i, state in enumerate(states)}
    return frozenset(
        order.id
        for n, order in enumerate(orders, start=len(states))
        if order.crew_id in at
        and order.status is not OrderStatus.ARRIVED
        and np.isinf(travel[at[order.crew_id], n])
    )


def _for_others(
    orders: Sequence[TroubleOrder],
    states: Sequence[CrewState],
    travel: NDArray[np.float32],
    seen: Collection[CrewId],
) -> frozenset[OrderId]:
    """Orders that another crew on shift can reach and do, if their own cannot.

    None that a dispatcher decided, and none whose crew was not `seen` lately: that may be anywhere.
    """
    return frozenset(
        order.id
        for n, order in enumerate(orders, start=len(states))
        if order.crew_id in seen
        and not is_chosen(order)
        and any(
            state.on_shift and np.isfinite(travel[i, n]) and state.crew.has_skills(order.skills)
            for i, state in enumerate(states)
        )
    )


def _without(orders: Sequence[TroubleOrder], gone: frozenset[OrderId]) -> list[TroubleOrder]:
    """The other orders, but for what waits without a crew until one of these is done."""
    while True:
        kept = [o for o in orders if o.id not in gone and (o.crew_id or gone.isdisjoint(o.after))]
        left = gone | ({o.id for o in orders} - {o.id for o in kept})
        if left == gone:
            return kept
        gone = left


def _travel(
    orders: Sequence[TroubleOrder],
    states: Sequence[CrewState],
    depots: Sequence[Depot],
    travel_times: Between,
    assignment: AssignmentPolicy,
    now: datetime,
) -> tuple[NDArray[np.float32], list[float]]:
    """Minutes between crews, orders and depots, shape (c + n + d, c + n + d), and home.

    Nobody drives to a crew. The drive home is that of each borrowed crew, from the farthest order;
    it is asked together with the others, so that all of them are kept for the next plan.
    """
    origins = [origin_of(state, assignment, now) for state in states]
    sites = [(o.lon, o.lat) for o in orders if o.lon is not None and o.lat is not None]
    sites += [(depot.lon, depot.lat) for depot in depots]
    places = [*((o.lon, o.lat) for o in origins), *sites]
    travel = np.full((len(places), len(places)), np.inf, np.float32)
    np.fill_diagonal(travel, 0.0)
    if not orders:
        return travel, [0.0 for _ in bases_of(states)]
    asked = travel_times.minutes(places, [*sites, *bases_of(states)])
    travel[:, len(states) :] = asked[:, : len(sites)]
    from_orders = slice(len(states), len(states) + len(orders))
    return travel, longest_home(asked[from_orders, len(sites) :])


def _rules_of(store: Store, orders: Sequence[TroubleOrder]) -> Callable[[TroubleOrder], RuleSet]:
    """The rules that held for an order's district when it was received, mostly one set for all."""
    moments = sorted({order.received_at for order in orders})
    found = {at: store.clocks.rules_at(at) for at in (*moments[:1], *moments[-1:])}
    if len({rules.version for rules in found.values()}) > 1:
        found = {at: store.clocks.rules_at(at) for at in moments}

    plain: dict[int, RuleSet] = {}

    def of(order: TroubleOrder) -> RuleSet:
        rules = found.get(order.received_at) or found[moments[0]]
        if rules.overrides:
            return rules.of_district(order.district_id, order.received_at)
        if rules.version not in plain:
            plain[rules.version] = rules.of_district(None, order.received_at)
        return plain[rules.version]

    return of


def _customers(store: Store, orders: Sequence[TroubleOrder]) -> Mapping[OrderId, int]:
    outages = {o.id: o.outage_id for o in orders if o.outage_id is not None}
    out = store.outages.customers_out(set(outages.values()))
    return {order: out[outage] for order, outage in outages.items() if outage in out}
