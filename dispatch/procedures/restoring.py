"""Give customers their light back on record: all of them, or some."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.clock import StartsAt, StopsAt, start_clocks
from dispatch.domain.order import OVER, OrderStatus
from dispatch.domain.outage import Outage, Scope
from dispatch.domain.ticket import TicketStatus, TroubleTicket
from dispatch.errors import InvalidInput
from dispatch.journal import outage_event, ticket_event
from dispatch.ports import Store
from dispatch.procedures.handing_over import StillDark, find_dark, take_over
from dispatch.procedures.judging import (
    stop_order_clocks,
    stop_ticket_clocks,
    void_ticket_clocks,
)
from dispatch.procedures.merging import cancel_waiting_order
from dispatch.procedures.proposing import withdraw_all

CLOCK_SKEW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """The outage after a restoration, and the outages that keep some of its customers dark."""

    outage: Outage
    dark_for: tuple[Outage, ...] = ()


def restore(
    store: Store,
    outage: Outage,
    part: Scope | None,
    at: datetime,
    *,
    by: str,
    cause: str | None,
    now: datetime,
) -> Restoration:
    """Mark `part` (None: everybody still out) as supplied since `at`.

    The reporters among them are to be told. The outage is restored when nobody is left; then an
    order that waits is taken back, and a crew on the way goes on to make sure. Whom another
    confirmed outage keeps dark goes over to that one, untold.

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
    reporters = [t for t in tickets if t.status is TicketStatus.OPEN]
    dark = find_dark(store, outage, part, reporters)
    customers = _end_periods(store, outage, part, dark, at)
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
            still_dark={o.id: sorted(dark.kept_by(o).transformers) for o in dark.outages},
        )
    )
    _light_tickets(store, [t for t in reporters if not dark.keeper_of(t)], at, by=by, now=now)
    take_over(store, dark, reporters, at, by=by, now=now)
    if not left:
        withdraw_all(store, restored, now=now)
        _end_order_clocks(store, restored, at, by=by, now=now)
    return Restoration(outage=restored, dark_for=dark.outages)


def _end_periods(store: Store, outage: Outage, part: Scope, dark: StillDark, at: datetime) -> int:
    """Record how long `part` was out because of the outage; how many customers have light."""
    still = dark.scope
    lit = Scope(
        transformers=part.transformers - still.transformers,
        usage_points=part.usage_points - still.usage_points,
    )
    if still:
        store.outages.restore(outage.id, still, at)
    return store.outages.restore(outage.id, lit, at) if lit else 0


def _check_part(part: Scope, out: Scope) -> None:
    strangers = ", ".join(sorted(part.transformers - out.transformers))
    if strangers:
        raise InvalidInput("transformers", strangers, "only what is out because of this outage")
    homes = ", ".join(str(home) for home in sorted(part.usage_points - out.usage_points))
    if homes:
        raise InvalidInput(
            "usage_points",
            homes,
            "only single homes that are out because of this outage; who hangs on a transformer"
            " that is out comes back with it",
        )


def _is_in(ticket: TroubleTicket, part: Scope) -> bool:
    place = ticket.place
    if place is None:
        return False
    return place.transformer_id in part.transformers or place.usage_point_id in part.usage_points


def _light_tickets(
    store: Store, tickets: Sequence[TroubleTicket], at: datetime, *, by: str, now: datetime
) -> None:
    for ticket in tickets:
        restored = store.tickets.save(ticket.restore(at))
        store.events.append(ticket_event(restored, "restored", at=at, by=by))
    store.tickets.must_tell([t.id for t in tickets], due_at=now)
    ids = [t.id for t in tickets]
    stop_ticket_clocks(store, ids, StopsAt.RESTORED, earliest=at, latest=at, by=by, now=now)
    run_call_backs(store, tickets, at)


def run_call_backs(store: Store, tickets: Sequence[TroubleTicket], at: datetime) -> None:
    """Start the promises to call back that a restoration sets going."""
    if not tickets:
        return
    rules = store.clocks.rules_at(at)
    store.clocks.start(
        [
            clock
            for ticket in tickets
            for clock in start_clocks(
                rules,
                StartsAt.RESTORED,
                at,
                ticket.area.area_class,
                district_id=ticket.district_id,
                ticket_id=ticket.id,
                stops=(StopsAt.CALLED_BACK,),
            )
        ]
    )


def _end_order_clocks(
    store: Store, outage: Outage, at: datetime, *, by: str, now: datetime
) -> None:
    order = store.orders.find_open_of_outage(outage.id)
    if order is None:
        return
    stop_order_clocks(store, order, StopsAt.RESTORED, earliest=at, latest=at, by=by, now=now)
    if order.status is OrderStatus.ARRIVED:
        store.clocks.start(
            start_clocks(
                store.clocks.rules_at(at),
                StartsAt.RESTORED,
                at,
                order.area_class,
                district_id=order.district_id,
                order_id=order.id,
                stops=(StopsAt.REPAIR_FILLED_IN,),
            )
        )
    cancel_waiting_order(store, outage, by=by, reason="supply is back", now=now)
    if store.orders.get(order.id).status in OVER:
        tickets = [t.id for t in store.tickets.list_of_outage(outage.id)]
        void_ticket_clocks(store, tickets, by="supply came back before a crew was needed", now=now)
