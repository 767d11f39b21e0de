"""Make one outage a part of another: tickets move with their own clocks, one drive remains."""

from datetime import datetime

from dispatch.domain.order import DispatchStep, OrderStatus, StepKind
from dispatch.domain.outage import Outage
from dispatch.domain.ticket import TicketStatus
from dispatch.domain.words import Disposition
from dispatch.journal import order_event, outage_event
from dispatch.ports import Store
from dispatch.procedures.attaching import Explained, attach


def merge(
    store: Store,
    part: Outage,
    whole: Outage,
    *,
    probability: float,
    reasons: tuple[str, ...],
    by: str,
    now: datetime,
) -> None:
    """End `part` inside `whole`: move its tickets and who is out, cancel its waiting order.

    One device opened, so all went out together: with the earliest report of either.
    An order whose crew has accepted it goes on; only the dispatcher or the crew can end it.
    """
    scope = store.outages.scope_out(part.id)
    store.outages.release(part.id)
    ended = store.outages.save(part.merge_into(whole, now, f"part of outage {whole.id}"))
    store.events.append(
        outage_event(ended, "merged", at=now, by=by, into=whole.id, reasons=list(reasons))
    )
    store.outages.widen(whole.id, scope, out_from=min(part.started_at, whole.started_at))
    for ticket in store.tickets.list_of_outage(part.id):
        if ticket.status is TicketStatus.CLOSED:
            continue
        hazard = ticket.disposition is Disposition.INCIDENT
        attach(
            store,
            ticket,
            whole,
            Explained(
                probability=probability,
                reasons=reasons,
                by=by,
                disposition=Disposition.INCIDENT if hazard else Disposition.ATTACHED,
            ),
            now=now,
        )
    cancel_waiting_order(store, part, by=by, reason=f"part of outage {whole.id}", now=now)


def cancel_waiting_order(
    store: Store, outage: Outage, *, by: str, reason: str, now: datetime
) -> None:
    """Take back the outage's order unless a crew has accepted it."""
    order = store.orders.find_open_of_outage(outage.id)
    if order is None or order.status not in {
        OrderStatus.AWAITING_ASSIGNMENT,
        OrderStatus.ASSIGNED,
    }:
        return
    cancelled = store.orders.save(order.cancel())
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.CANCELLED,
            at=now,
            recorded_at=now,
            by=by,
            crew_id=order.crew_id,
            reason=reason,
        )
    )
    store.events.append(order_event(cancelled, "cancelled", at=now, by=by, reason=reason))
