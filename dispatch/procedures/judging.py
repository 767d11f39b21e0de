"""Stop clocks when their milestone is reached, and write down how each was judged."""

from collections.abc import Iterable
from datetime import datetime

from dispatch.domain.clock import Clock, StopsAt
from dispatch.domain.event import Event
from dispatch.domain.order import TroubleOrder
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import Disposition, TicketId
from dispatch.ports import Store


def tickets_of(store: Store, order: TroubleOrder) -> list[TroubleTicket]:
    """The tickets whose promise an order has to keep; a hazard's is its own order's to keep."""
    if order.outage_id is not None:
        tickets = store.tickets.list_of_outage(order.outage_id)
        return [t for t in tickets if t.disposition is not Disposition.INCIDENT]
    if order.incident_id is not None:
        incident = store.orders.get_incident(order.incident_id)
        return [store.tickets.get(TicketId(incident.ticket_id))]
    return []


def stop_ticket_clocks(
    store: Store,
    ticket_ids: Iterable[TicketId],
    stops: StopsAt,
    *,
    earliest: datetime | None,
    latest: datetime | None,
    by: str,
    now: datetime,
) -> None:
    """Judge the tickets' clocks that end at `stops` on an interval of evidence."""
    running = store.clocks.list_unsettled_of_tickets(tuple(ticket_ids))
    _judge(store, running, stops, earliest=earliest, latest=latest, by=by, now=now)


def stop_order_clocks(
    store: Store,
    order: TroubleOrder,
    stops: StopsAt,
    *,
    earliest: datetime | None,
    latest: datetime | None,
    by: str,
    now: datetime,
) -> None:
    """Judge the order's own clocks that end at `stops`."""
    running = store.clocks.list_unsettled_of_order(order.id)
    _judge(store, running, stops, earliest=earliest, latest=latest, by=by, now=now)


def void_ticket_clocks(
    store: Store, ticket_ids: Iterable[TicketId], *, by: str, now: datetime
) -> None:
    """Let the promises fall away: nobody has to come for these tickets any more."""
    running = store.clocks.list_unsettled_of_tickets(tuple(ticket_ids))
    _write(store, [clock.void(by=by, now=now) for clock in running], now)


def _judge(
    store: Store,
    running: Iterable[Clock],
    stops: StopsAt,
    *,
    earliest: datetime | None,
    latest: datetime | None,
    by: str,
    now: datetime,
) -> None:
    judged = [
        clock.judge(earliest, latest, by=by, now=now)
        for clock in running
        if store.clocks.get_rules(clock.rule_version).get(clock.rule_id).stops is stops
    ]
    _write(store, judged, now)


def _write(store: Store, judged: list[Clock], now: datetime) -> None:
    if not judged:
        return
    store.clocks.save(judged)
    for clock in judged:
        subject = f"ticket:{clock.ticket_id}" if clock.ticket_id else f"order:{clock.order_id}"
        store.events.append(
            Event(
                stream=subject,
                kind="clock.judged",
                at=now,
                actor=clock.judged_by or "",
                district_id=clock.district_id,
                body={
                    "rule": clock.rule_id,
                    "rule_version": clock.rule_version,
                    "verdict": clock.verdict.value,
                    "due_at": clock.due_at.isoformat(),
                },
            )
        )
