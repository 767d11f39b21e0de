"""Send the nearest crew that can do the work to every order of a district that waits."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.assignment import AssignmentPolicy, RankedCrew, choose
from dispatch.domain.crew import CrewState
from dispatch.domain.order import DispatchStep, StepKind, TroubleOrder
from dispatch.domain.words import DistrictId
from dispatch.journal import SYSTEM, order_event
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.assigning import give
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
    *,
    policy: AssignmentPolicy,
    now: datetime,
) -> tuple[TroubleOrder, ...]:
    """Assign, or only propose where the district wants that; the orders that changed.

    Orders go by urgency, each to the soonest crew without a blocker; an order that no crew can
    take now stays waiting, however late.
    """
    automatic = store.directory.assigns_by_itself(command.district_id)
    states = list(store.crews.list_states(command.district_id, now))
    waiting = [
        order
        for order in store.orders.list_awaiting(command.district_id)
        if order.lon is not None and not order.is_held(now)
    ]
    declined = store.orders.declined([order.id for order in waiting])
    changed = []
    for order in waiting:
        ranked = rank_states(
            store,
            order,
            states,
            travel_times,
            declined=declined.get(order.id, frozenset()),
            policy=policy,
            now=now,
        )
        best = choose(ranked)
        if best is None:
            continue
        if automatic:
            changed.append(_assign(store, order, best, now))
        elif order.proposed_crew_id != best.state.crew.id:
            changed.append(_propose(store, order, best, now))
        states = [_taken(s, order) if s is best.state else s for s in states]
    return tuple(changed)


def _assign(store: Store, order: TroubleOrder, best: RankedCrew, now: datetime) -> TroubleOrder:
    why = (reason("nearest"), *best.reasons, *best.doubts)
    return give(
        store, order, best.state.crew.id, best.travel, why=why, by=SYSTEM, reason=None, now=now
    )


def _propose(store: Store, order: TroubleOrder, best: RankedCrew, now: datetime) -> TroubleOrder:
    why = (reason("nearest"), *best.reasons, *best.doubts)
    proposed = store.orders.save(replace(order, proposed_crew_id=best.state.crew.id, why=why))
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.PROPOSED,
            at=now,
            recorded_at=now,
            by=SYSTEM,
            crew_id=best.state.crew.id,
            facts={"why": list(why)},
        )
    )
    store.events.append(
        order_event(proposed, "proposed", at=now, by=SYSTEM, proposed=best.state.crew.id)
    )
    return proposed


def _taken(state: CrewState, order: TroubleOrder) -> CrewState:
    return replace(state, active_order_id=order.id)
