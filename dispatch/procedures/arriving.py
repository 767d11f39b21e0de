"""Weigh a crew's track against the site of its order, and judge the promises on it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatch.domain.arrival import (
    ArrivalEvidence,
    ArrivalPolicy,
    Site,
    Verdict,
    judge_arrival,
)
from dispatch.domain.clock import StartsAt, StopsAt, start_clocks
from dispatch.domain.crew import PositionFix
from dispatch.domain.order import DispatchStep, OrderStatus, StepKind, TroubleOrder
from dispatch.domain.words import CrewId
from dispatch.journal import SYSTEM, order_event
from dispatch.ports import Store
from dispatch.procedures.judging import stop_ticket_clocks, tickets_of

BEFORE_SENT = timedelta(minutes=10)
"""How far back the track shows where the crew came from."""

ON_ITS_WAY = frozenset({OrderStatus.ASSIGNED, OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE})


def weigh_touched(
    store: Store,
    crew_id: CrewId,
    fixes: Sequence[PositionFix],
    *,
    policy: ArrivalPolicy,
    now: datetime,
) -> None:
    """Weigh those of a crew's orders that new fixes of it may tell something about."""
    oldest = min(fix.fixed_at for fix in fixes)
    for order in store.orders.list_of_crew(crew_id, since=oldest):
        if _may_tell(order, fixes):
            weigh_track(store, order, policy=policy, now=now)


def _may_tell(order: TroubleOrder, fixes: Sequence[PositionFix]) -> bool:
    """Whether any of the fixes lies within the time that counts for the order."""
    if order.assigned_at is None:
        return False
    begins = order.assigned_at - BEFORE_SENT
    ends = order.completed_at or max(fix.fixed_at for fix in fixes) + timedelta(seconds=1)
    return any(begins <= fix.fixed_at <= ends for fix in fixes)


def weigh_track(
    store: Store,
    order: TroubleOrder,
    *,
    policy: ArrivalPolicy,
    now: datetime,
    claimed_at: datetime | None = None,
) -> TroubleOrder:
    """Judge the arrival again with what is known now; the order as it stands afterwards.

    A proven arrival moves the order on even if nobody pressed the button, and stops the tickets'
    arrival clocks on the interval of evidence.
    """
    if order.crew_id is None or order.assigned_at is None or order.lon is None or order.lat is None:
        return order
    known = store.orders.find_arrival(order.id, order.crew_id)
    if known is not None and known.verdict is Verdict.CONFIRMED and claimed_at is None:
        return order
    claimed_at = claimed_at or (known.claimed_at if known else None)
    evidence = judge_arrival(
        Site(lon=order.lon, lat=order.lat, accuracy_m=order.accuracy_m or 0.0),
        store.crews.list_fixes(
            order.crew_id, order.assigned_at - BEFORE_SENT, order.completed_at or now
        ),
        sent_at=order.assigned_at,
        claimed_at=claimed_at,
        policy=policy,
    )
    if evidence is None or evidence == known:
        return order
    store.orders.save_arrival(order.id, order.crew_id, evidence, now)
    store.events.append(
        order_event(
            order,
            f"arrival_{evidence.verdict.value}",
            at=evidence.latest or claimed_at or now,
            by=SYSTEM,
            reasons=list(evidence.reasons),
        )
    )
    if evidence.verdict is not Verdict.CONFIRMED or evidence.latest is None:
        return order
    if order.status in ON_ITS_WAY:
        order = arrive(store, order, evidence.latest, by="track", now=now)
    settle_arrival(store, order, evidence, now=now)
    return order


def arrive(
    store: Store, order: TroubleOrder, at: datetime, *, by: str, now: datetime
) -> TroubleOrder:
    """Move the order to arrived, by word or by track, and start the clocks of the repair."""
    arrived = store.orders.save(order.arrive(at))
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.ARRIVED,
            at=at,
            recorded_at=now,
            by=by,
            crew_id=order.crew_id,
        )
    )
    store.events.append(order_event(arrived, "arrived", at=at, by=by))
    if order.outage_id is not None:
        store.clocks.start(
            start_clocks(
                store.clocks.rules_at(order.received_at),
                StartsAt.ARRIVED,
                at,
                order.area_class,
                district_id=order.district_id,
                order_id=order.id,
            )
        )
    return arrived


def settle_arrival(
    store: Store, order: TroubleOrder, evidence: ArrivalEvidence | None, *, now: datetime
) -> None:
    """Judge the tickets' arrival clocks on what there is.

    With a mere claim the promise is missed if even the claim is late, and open to doubt if not.
    """
    if evidence is not None and evidence.verdict is Verdict.CONFIRMED:
        earliest, latest = evidence.earliest, evidence.latest
    else:
        earliest, latest = (evidence.claimed_at if evidence else None), None
    stop_ticket_clocks(
        store,
        [ticket.id for ticket in tickets_of(store, order)],
        StopsAt.ARRIVED,
        earliest=earliest,
        latest=latest,
        by=f"arrival {evidence.verdict.value if evidence else 'unknown'} of order {order.id}",
        now=now,
    )
