"""Give an order to a crew and start what follows from it."""

from datetime import datetime

from dispatch.domain.clock import StopsAt
from dispatch.domain.order import DispatchStep, StepKind, TroubleOrder
from dispatch.domain.words import CrewId
from dispatch.journal import crew_event, order_event
from dispatch.ports import Store, Travel
from dispatch.procedures.expecting import expect, save_told
from dispatch.procedures.judging import stop_ticket_clocks, tickets_of
from dispatch.procedures.supporting import end_needless


def give(
    store: Store,
    order: TroubleOrder,
    crew_id: CrewId,
    travel: Travel,
    *,
    why: tuple[str, ...],
    by: str,
    reason: str | None,
    now: datetime,
) -> TroubleOrder:
    """Assign `order` to a crew, taking it from another if need be; stops the desk clock."""
    again = order.is_under_way
    assigned = store.orders.save(
        order.assign(crew_id, now, travel_s=travel.seconds, travel_basis=travel.basis, why=why)
    )
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.REASSIGNED if again else StepKind.ASSIGNED,
            at=now,
            recorded_at=now,
            by=by,
            crew_id=crew_id,
            reason=reason,
            facts={"why": list(why), "travel_s": round(travel.seconds), "basis": travel.basis},
        )
    )
    store.events.append(
        order_event(
            assigned,
            "reassigned" if again else "assigned",
            at=now,
            by=by,
            from_crew=order.crew_id,
            reason=reason,
        )
    )
    stop_ticket_clocks(
        store,
        [ticket.id for ticket in tickets_of(store, order)],
        StopsAt.DISPATCHED,
        earliest=now,
        latest=now,
        by="the order was assigned",
        now=now,
    )
    _expect(store, assigned, travel, now)
    _tell_home(store, assigned, crew_id, "sent_away", by=by, now=now)
    end_posting(store, crew_id, by=by, why=f"order {order.id}", now=now)
    return assigned


def end_posting(store: Store, crew_id: CrewId, *, by: str, why: str, now: datetime) -> None:
    """Let a crew stand by no longer; nothing happens for one that does not."""
    posting = store.crews.find_posting(crew_id)
    if posting is None:
        return
    store.crews.unpost(crew_id)
    if posting.ends_at > now:
        crew = store.crews.get(crew_id)
        store.events.append(crew_event(crew, "released", at=now, by=by, reason=why))


def take_back(
    store: Store, order: TroubleOrder, *, by: str, reason: str, now: datetime
) -> TroubleOrder:
    """Let an order wait again that a crew holds; the crew is free.

    That of a second crew ends where the work is over.
    """
    waiting = store.orders.save(order.give_back())
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.AWAITING_ASSIGNMENT,
            at=now,
            recorded_at=now,
            by=by,
            crew_id=order.crew_id,
            reason=reason,
        )
    )
    store.events.append(
        order_event(waiting, "recalled", at=now, by=by, from_crew=order.crew_id, reason=reason)
    )
    if order.crew_id is not None:
        _tell_home(store, order, order.crew_id, "sent_no_more", by=by, now=now)
    return end_needless(store, waiting, by=by, now=now)


def _tell_home(
    store: Store, order: TroubleOrder, crew_id: CrewId, kind: str, *, by: str, now: datetime
) -> None:
    """Let the district that lent a crew, and the crew's phone, hear of another district's order.

    They hear its number, and nothing of who called.
    """
    crew = store.crews.get(crew_id)
    if crew.district_id != order.district_id:
        store.events.append(crew_event(crew, kind, at=now, by=by, order=order.id))


def _expect(store: Store, order: TroubleOrder, travel: Travel, now: datetime) -> None:
    """Refine the first estimate of restoration with the drive that is now known.

    The outage is saved in any case: its version tells dispatchers that its crew changed. A second
    crew says nothing of when supply is back.
    """
    if order.outage_id is None:
        return
    outage = store.outages.get(order.outage_id)
    expected = outage
    if outage.is_open and order.supports_id is None and travel.basis != "unreachable":
        expected = expect(store, outage, order, now=now)
    save_told(store, outage, expected, now=now)
