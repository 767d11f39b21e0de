"""Send crews to the orders of a district that wait, by one plan of everything that is open."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dispatch.assignment import AssignmentPolicy, RankedCrew, choose
from dispatch.domain.crew import CrewState
from dispatch.domain.order import PRIORITY_HAZARD, DispatchStep, OrderStatus, StepKind, TroubleOrder
from dispatch.domain.words import CrewId, DistrictId, OrderId
from dispatch.errors import CrewUnavailable
from dispatch.journal import SYSTEM, order_event
from dispatch.planning.acting import Move
from dispatch.planning.district import PlanningPolicy
from dispatch.planning.explain import chosen_for
from dispatch.planning.plan import Plan
from dispatch.planning.problem import Problem
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.assigning import give, take_back
from dispatch.procedures.planning import Planner, Stated, list_open, plan_moves, state_district
from dispatch.procedures.ranking import rank_states
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignOrders:
    """Which district has work or a crew that became free."""

    district_id: DistrictId


def assign_orders(
    store: Store,
    command: AssignOrders,
    travel_times: TravelTimes,
    planner: Planner,
    *,
    policy: AssignmentPolicy,
    planning: PlanningPolicy,
    now: datetime,
) -> tuple[TroubleOrder, ...]:
    """Assign, or only propose where the district wants that; the orders that changed.

    Crews set out as the plan says; an order may wait for one that is there sooner than a free one.
    Where none waits, one that its crew has not accepted yet may go to a better crew for more than
    the change costs, and one that no road leads its crew to any more to one that can reach it.
    Hazards do not wait, and what no crew can take by the plan, or all orders where there is no
    plan, goes by urgency to the soonest crew without a blocker, unless its work has to wait for
    that on another. An order that no crew can take now stays waiting, however late. What changed
    while the plan was made is left for the next one.
    """
    waiting, under_way = list_open(store, command.district_id, now)
    if not waiting and all(order.status is OrderStatus.ARRIVED for order in under_way):
        return ()
    sending = _Sending(
        store=store,
        district_id=command.district_id,
        travel_times=travel_times,
        policy=policy,
        automatic=store.directory.assigns_by_itself(command.district_id),
        now=now,
    )
    if not waiting and not sending.automatic:  # where crews are only proposed, nobody is turned
        return ()
    left = _by_plan(sending, waiting, under_way, planner, planning)
    _by_urgency(sending, [order for order in left if not order.after])
    return tuple(sending.changed)


@dataclass(slots=True, kw_only=True)
class _Sending:
    """What one run works with, and what it has changed so far."""

    store: Store
    district_id: DistrictId
    travel_times: TravelTimes
    policy: AssignmentPolicy
    automatic: bool
    now: datetime
    before: list[CrewState] = field(default_factory=list)
    states: list[CrewState] = field(default_factory=list)
    orders: dict[OrderId, TroubleOrder] = field(default_factory=dict)
    declined: dict[OrderId, frozenset[CrewId]] = field(default_factory=dict)
    changed: list[TroubleOrder] = field(default_factory=list)

    def read(self, orders: Sequence[TroubleOrder]) -> None:
        """Read how the crews stand now, and who gave these orders back."""
        self.before = list(self.store.crews.list_states(self.district_id, self.now))
        self.states = list(self.before)
        self.orders = {order.id: order for order in orders}
        self.declined = dict(self.store.orders.declined(list(self.orders)))

    def holds(self, crew_id: CrewId) -> OrderId | None:
        """Give the order that a crew holds."""
        return next((s.active_order_id for s in self.states if s.crew.id == crew_id), None)

    def has_crew_for(self, order: TroubleOrder) -> bool:
        """Whether any crew is free that might do an order; the rest shows when they are ranked."""
        declined = self.declined.get(order.id, frozenset())
        return any(
            state.on_shift
            and state.active_order_id is None
            and not state.rests(self.now)
            and state.crew.id not in declined
            and state.crew.has_skills(order.skills)
            for state in self.states
        )

    def rank(
        self, order: TroubleOrder, states: Sequence[CrewState] | None = None
    ) -> tuple[RankedCrew, ...]:
        """Rank all crews for an order, as they stand now or as they are given."""
        return rank_states(
            self.store,
            order,
            self.states if states is None else states,
            self.travel_times,
            declined=self.declined.get(order.id, frozenset()),
            policy=self.policy,
            now=self.now,
        )

    def send(self, order: TroubleOrder, best: RankedCrew, why: tuple[str, ...]) -> None:
        """Assign or propose; the crew is taken for the rest of this run."""
        crew_id = best.state.crew.id
        why = (*why, *best.reasons, *best.doubts)
        try:
            self.store.crews.must_serve(crew_id)
        except CrewUnavailable:  # retired since its state was read; the next run goes without it
            return
        if self.automatic:
            given = give(
                self.store,
                order,
                crew_id,
                best.travel,
                why=why,
                by=SYSTEM,
                reason=None,
                now=self.now,
            )
            self.changed.append(given)
        elif order.proposed_crew_id != crew_id:
            self.changed.append(_propose(self.store, order, crew_id, why, self.now))
        self.frees(order.crew_id)
        self.states = [
            replace(s, active_order_id=order.id) if s.crew.id == crew_id else s for s in self.states
        ]

    def frees(self, crew_id: CrewId | None) -> None:
        """Note that a crew holds nothing any more."""
        self.states = [
            replace(s, active_order_id=None) if s.crew.id == crew_id else s for s in self.states
        ]

    def lock(self, order_id: OrderId) -> TroubleOrder | None:
        """Keep others from an order; None where it is not any more as it was planned with.

        The outage first, as dispatchers do, so that two do not wait for each other.
        """
        seen = self.orders[order_id]
        if seen.outage_id is not None:
            self.store.outages.lock(seen.outage_id)
        order = self.store.orders.lock(order_id)
        return order if order.version == seen.version else None


def _by_plan(
    sending: _Sending,
    waiting: Sequence[TroubleOrder],
    under_way: Sequence[TroubleOrder],
    planner: Planner,
    planning: PlanningPolicy,
) -> Sequence[TroubleOrder]:
    """Do what the plan says for now; gives what is to go by urgency."""
    store, now = sending.store, sending.now
    stated = state_district(
        store,
        waiting,
        under_way,
        store.crews.list_states(sending.district_id, now),
        planner.kept(sending.district_id, sending.travel_times),
        assignment=sending.policy,
        planning=planning,
        now=now,
    )
    if not waiting:
        if not stated.cut_off and all(o.status is not OrderStatus.ASSIGNED for o in under_way):
            return ()
        stated = _accepted_stay(stated, under_way)
    planned = plan_moves(planner, sending.district_id, stated)
    sending.read((*waiting, *under_way))
    if planned is None:
        return waiting
    problem, plan, moves = planned
    for move in _in_turn(sending, moves):
        _send_by_plan(sending, move, problem, plan)
    sent = {order.id for order in sending.changed} | {
        s.active_order_id for s in sending.states if s.active_order_id is not None
    }
    stranded = {*plan.unplaced, *(move.order_id for move in moves)}
    return [
        order
        for order in waiting
        if order.id not in sent
        and (order.id in stranded or order.hazards or order.priority >= PRIORITY_HAZARD)
    ]


def _accepted_stay(stated: Stated, under_way: Sequence[TroubleOrder]) -> Stated:
    """Leave what a crew has accepted with it: nothing waits for which it would be turned."""
    accepted = {order.id for order in under_way if order.status is OrderStatus.ACCEPTED}
    accepted -= stated.cut_off
    works = tuple(
        replace(work, pinned=work.holder) if work.order_id in accepted else work
        for work in stated.problem.works
    )
    return replace(stated, problem=replace(stated.problem, works=works))


def _in_turn(sending: _Sending, moves: Sequence[Move]) -> list[Move]:
    """The moves in an order in which crews are free when theirs comes, as far as there is one.

    Where crews only propose, nobody is turned.
    """
    if not sending.automatic:
        return [
            move
            for move in moves
            if move.leaves is None and sending.orders[move.order_id].crew_id is None
        ]
    taken_by = {move.order_id: move for move in moves}
    done: list[Move] = []
    for move in moves:
        chain = [move]
        while (leaves := chain[-1].leaves) in taken_by and taken_by[leaves] not in chain:
            chain.append(taken_by[leaves])
        done += [each for each in reversed(chain) if each not in done]
    return done


def _send_by_plan(sending: _Sending, move: Move, problem: Problem, plan: Plan) -> None:
    """Send one crew as planned, if the order and the crew are still as they were."""
    order = sending.lock(move.order_id)
    if order is None or sending.holds(move.crew_id) not in {None, move.leaves}:
        return
    as_it_was = [
        replace(now, active_order_id=None) if now.crew.id == move.crew_id else was
        for now, was in zip(sending.states, sending.before, strict=True)
    ]
    ranked = sending.rank(order, as_it_was)
    best = next((r for r in ranked if r.state.crew.id == move.crew_id), None)
    if best is None or best.blockers or not _is_free_for(sending, move):
        return
    expected = [why for each in chosen_for(problem, plan, order.id) for why in each.reasons]
    nearest = choose(ranked) is best
    sending.send(order, best, (reason("nearest" if nearest else "by_plan"), *expected))


def _is_free_for(sending: _Sending, move: Move) -> bool:
    """Take back what the crew has to leave and still holds; False where that has changed."""
    if move.leaves is None or sending.holds(move.crew_id) is None:
        return True
    held = sending.lock(move.leaves)
    if held is None or held.crew_id != move.crew_id or held.status is OrderStatus.ARRIVED:
        return False
    why = reason("turned_to", order=move.order_id)
    waiting = take_back(sending.store, held, by=SYSTEM, reason=why, now=sending.now)
    sending.orders[waiting.id] = waiting
    sending.changed.append(waiting)
    sending.frees(move.crew_id)
    return True


def _by_urgency(sending: _Sending, orders: Sequence[TroubleOrder]) -> None:
    """Send the soonest crew without a blocker to each, the most urgent first.

    In a storm hundreds of orders may find no crew: they are not ranked.
    """
    for seen in orders:
        best = choose(sending.rank(seen)) if sending.has_crew_for(seen) else None
        order = None if best is None else sending.lock(seen.id)
        if best is not None and order is not None:
            sending.send(order, best, (reason("nearest"),))


def _propose(
    store: Store, order: TroubleOrder, crew_id: CrewId, why: tuple[str, ...], now: datetime
) -> TroubleOrder:
    proposed = store.orders.save(replace(order, proposed_crew_id=crew_id, why=why))
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.PROPOSED,
            at=now,
            recorded_at=now,
            by=SYSTEM,
            crew_id=crew_id,
            facts={"why": list(why)},
        )
    )
    store.events.append(order_event(proposed, "proposed", at=now, by=SYSTEM, proposed=crew_id))
    return proposed
