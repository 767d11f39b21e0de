"""Give customers their light back on record: all of them, or some."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatch.domain.clock import StopsAt
from dispatch.domain.order import OVER
from dispatch.domain.outage import Outage, Scope
from dispatch.domain.ticket import TicketStatus, TroubleTicket
from dispatch.errors import InvalidInput
from dispatch.journal import outage_event, ticket_event
from dispatch.ports import Store
from dispatch.procedures.judging import stop_order_clocks, void_ticket_clocks
from dispatch.procedures.merging import cancel_waiting_order

CLOCK_SKEW = timedelta(minutes=2)


def restore(
    store: Store,
    outage: Outage,
    part: Scope | None,
    at: datetime,
    *,
    by: str,
    cause: str | None,
    now: datetime,
) -> Outage:
    """Mark `part` (None: everybody still out) as supplied since `at`.

    The reporters among them are to be told. The outage is restored when nobody is left; then an
    order that waits is taken back, and a crew on the way goes on to make sure.

    Raises
    ------
    InvalidInput
        `at` lies in the future or before the outage began, or `part` names somebody who is not
        out because of it.
    IllegalStep
        Nobody is out any more.
    """
    if at > now + CLOCK_SKEW or at < outage.started_at:
        raise InvalidInput(
            "restored_at",
            at.isoformat(),
            f"a time between {outage.started_at.isoformat()} and now",
        )
    out = store.outages.scope_out(outage.id)
    part = part or out
    _check_part(part, out)
    left = Scope(
        transformers=out.transformers - part.transformers,
        usage_points=out.usage_points - part.usage_points,
    )
    tickets = store.tickets.list_of_outage(outage.id)
    if left:
        moved = outage.restore_some()
        tickets = [t for t in tickets if _is_in(t, part)]
    else:
        moved = outage.restore_all(at, cause)
    customers = store.outages.restore(outage.id, part, at) if part else 0
    restored = store.outages.save(moved)
    store.events.append(
        outage_event(
            restored,
            restored.status.value,
            at=at,
            by=by,
            customers=customers,
            transformers=sorted(part.transformers),
            cause=cause,
        )
    )
    _light_tickets(store, tickets, at, by=by, now=now)
    if not left:
        _end_order_clocks(store, restored, at, by=by, now=now)
    return restored


def _check_part(part: Scope, out: Scope) -> None:
    strangers = part.transformers - out.transformers
    homes = part.usage_points - out.usage_points
    if strangers or homes:
        named = ", ".join([*sorted(strangers), *(str(h) for h in sorted(homes))])
        raise InvalidInput("transformers", named, "only what is out because of this outage")


def _is_in(ticket: TroubleTicket, part: Scope) -> bool:
    place = ticket.place
    if place is None:
        return False
    return place.transformer_id in part.transformers or place.usage_point_id in part.usage_points


def _light_tickets(
    store: Store, tickets: Sequence[TroubleTicket], at: datetime, *, by: str, now: datetime
) -> None:
    lit = [t for t in tickets if t.status is TicketStatus.OPEN]
    for ticket in lit:
        restored = store.tickets.save(ticket.restore(at))
        store.events.append(ticket_event(restored, "restored", at=at, by=by))
    store.tickets.must_tell([t.id for t in lit], due_at=now)


def _end_order_clocks(
    store: Store, outage: Outage, at: datetime, *, by: str, now: datetime
) -> None:
    order = store.orders.find_open_of_outage(outage.id)
    if order is None:
        return
    stop_order_clocks(store, order, StopsAt.RESTORED, earliest=at, latest=at, by=by, now=now)
    cancel_waiting_order(store, outage, by=by, reason="supply is back", now=now)
    if store.orders.get(order.id).status in OVER:
        tickets = [t.id for t in store.tickets.list_of_outage(outage.id)]
        void_ticket_clocks(store, tickets, by="supply came back before a crew was needed", now=now)
