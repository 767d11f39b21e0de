"""Make one outage a part of another: tickets move with their own clocks, one drive remains."""

from datetime import datetime

from dispatch.domain.outage import Outage
from dispatch.domain.ticket import TicketStatus
from dispatch.domain.words import Disposition
from dispatch.journal import outage_event
from dispatch.ports import Store
from dispatch.procedures.attaching import Explained, attach
from dispatch.procedures.judging import void_repair_clocks
from dispatch.procedures.needing import need_parts
from dispatch.procedures.supporting import NOT_BEGUN, ask_support, cancel, cancel_support


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

    A second crew that was asked for and has not said that it goes is asked for there, and the parts
    that the cancelled order needed are needed there.

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
    why = f"part of outage {whole.id}"
    first = store.orders.find_open_of_outage(part.id)
    if first is not None and cancel_support(store, first, by=by, reason=why, now=now):
        _ask_there(store, whole, by=by, reason=f"asked for outage {part.id}", now=now)
    if first is not None and first.parts and first.status in NOT_BEGUN:
        _need_there(store, whole, first.parts, by=by, reason=f"for outage {part.id}", now=now)
    cancel_waiting_order(store, part, by=by, reason=why, now=now)


def _ask_there(store: Store, whole: Outage, *, by: str, reason: str, now: datetime) -> None:
    order = store.orders.find_open_of_outage(whole.id)
    if order is not None and store.orders.find_open_support(order.id) is None:
        ask_support(store, store.orders.lock(order.id), by=by, reason=reason, now=now)


def _need_there(
    store: Store, whole: Outage, parts: frozenset[str], *, by: str, reason: str, now: datetime
) -> None:
    order = store.orders.find_open_of_outage(whole.id)
    if order is not None:
        order = store.orders.lock(order.id)
        need_parts(store, order, order.parts | parts, by=by, reason=reason, at=now, now=now)


def cancel_waiting_order(
    store: Store, outage: Outage, *, by: str, reason: str, now: datetime
) -> None:
    """Take back the outage's order unless a crew has accepted it, and so that of a second crew.

    Whoever has gone goes on; what was promised of the repair ends here, judged or not.
    """
    order = store.orders.find_open_of_outage(outage.id)
    if order is None:
        return
    void_repair_clocks(store, order, by=reason, now=now)
    cancel_support(store, order, by=by, reason=reason, now=now)
    if order.status not in NOT_BEGUN:
        return
    cancel(store, order, by=by, reason=reason, now=now)
