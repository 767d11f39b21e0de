"""A dispatcher sends a crew of their choice, and says why if the system would not."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.assignment import AssignmentPolicy, RankedCrew, choose
from dispatch.domain.order import DispatchStep, OrderStatus, StepKind, TroubleOrder
from dispatch.domain.words import CrewId, OrderId, OutageId
from dispatch.errors import CrewUnavailable, IllegalStep, NotFound, ReasonRequired
from dispatch.journal import order_event
from dispatch.planning.district import is_chosen
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.assigning import give, take_back
from dispatch.procedures.checking import check_version, lock_order
from dispatch.procedures.ranking import rank_for
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseCrew:
    """The order, by its outage or itself, the crew, and the version the dispatcher looked at."""

    crew_id: CrewId
    by: str
    seen_version: int
    outage_id: OutageId | None = None
    order_id: OrderId | None = None
    reason: str | None = None


def choose_crew(
    store: Store,
    command: ChooseCrew,
    travel_times: TravelTimes,
    *,
    policy: AssignmentPolicy,
    now: datetime,
) -> TroubleOrder:
    """Assign or reassign as the dispatcher says.

    A crew that holds the order already keeps it: from then on the plan does not take it away.

    Raises
    ------
    StaleVersion
        The outage, or the order of an incident, changed since the dispatcher looked.
    ReasonRequired
        The crew is not the one proposed, or something stands against it, and no reason came.
    CrewUnavailable
        The crew holds another order; take it from there first. Or it was retired meanwhile.
    NotFound
        No such crew in the district, or nothing to send a crew to.
    """
    order = _locked(store, command)
    if order.lon is None:
        raise IllegalStep("the order has no place yet; locate its report", order_id=order.id)
    if order.crew_id == command.crew_id:
        return order if is_chosen(order) else _keep(store, order, command, now=now)
    ranked = rank_for(store, order, travel_times, policy=policy, now=now)
    chosen = next((r for r in ranked if r.state.crew.id == command.crew_id), None)
    if chosen is None:
        raise NotFound("crew in this district", crew_id=command.crew_id)
    _check(command, order, chosen, choose(ranked))
    store.crews.must_serve(command.crew_id)
    why = (reason("chosen_by", name=command.by), *chosen.reasons, *chosen.doubts)
    if command.reason:
        why = (*why, reason("by_hand", reason=command.reason))
    return give(
        store,
        order,
        command.crew_id,
        chosen.travel,
        why=why,
        by=command.by,
        reason=command.reason,
        now=now,
    )


def _keep(store: Store, order: TroubleOrder, command: ChooseCrew, *, now: datetime) -> TroubleOrder:
    """Write down that a dispatcher decided what the plan had done."""
    chosen = reason("chosen_by", name=command.by)
    kept = store.orders.save(replace(order, why=(chosen, *order.why)))
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.NOTED,
            at=now,
            recorded_at=now,
            by=command.by,
            crew_id=order.crew_id,
            reason=chosen,
        )
    )
    store.events.append(
        order_event(kept, "kept", at=now, by=command.by, reason=command.reason or None)
    )
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallCrew:
    """Take an order back from its crew."""

    order_id: OrderId
    by: str
    reason: str


def recall_crew(store: Store, command: RecallCrew, *, now: datetime) -> TroubleOrder:
    """Let the order wait again; `ReasonRequired` without a reason."""
    if not command.reason.strip():
        raise ReasonRequired("taking an order from a crew needs a reason")
    order = store.orders.lock(command.order_id)
    return take_back(store, order, by=command.by, reason=command.reason, now=now)


def _locked(store: Store, command: ChooseCrew) -> TroubleOrder:
    if command.outage_id is not None:
        outage = store.outages.lock(command.outage_id)
        check_version(outage, command.seen_version)
        order = store.orders.find_open_of_outage(outage.id)
        if order is None:
            raise IllegalStep("nothing is left to do in the field", outage_id=outage.id)
        return store.orders.lock(order.id)
    if command.order_id is None:
        raise NotFound("order")
    return lock_order(store, command.order_id, command.seen_version)


def _check(
    command: ChooseCrew, order: TroubleOrder, chosen: RankedCrew, best: RankedCrew | None
) -> None:
    if chosen.state.active_order_id not in {None, order.id}:
        raise CrewUnavailable(
            "the crew holds another order; take it from there first",
            crew_id=command.crew_id,
            order_id=chosen.state.active_order_id,
        )
    if chosen.travel.basis == "unreachable":
        raise CrewUnavailable("no road leads the crew there", crew_id=command.crew_id)
    proposed = order.proposed_crew_id or (best.state.crew.id if best else None)
    expected = command.crew_id in {proposed, best.state.crew.id if best else None}
    again = order.status is not OrderStatus.AWAITING_ASSIGNMENT
    if (chosen.blockers or not expected or again) and not (command.reason or "").strip():
        raise ReasonRequired(
            "this is not the crew that the system would send; say why",
            crew_id=command.crew_id,
            proposed=proposed,
            blockers=list(chosen.blockers),
        )
