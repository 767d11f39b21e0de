"""A caller asks to hurry (催办): recorded, and the order rises in every list."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.desk import DeskAction, DeskActionKind
from dispatch.domain.order import DispatchStep, StepKind, TroubleOrder
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import TicketId
from dispatch.journal import order_event, ticket_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgeTicket:
    """Whose report, who took the call, what was said.

    `id` is the desk's own name for this call, under which it may be sent again; `at` is when the
    caller asked, None: now.
    """

    ticket_id: TicketId
    by: str
    note: str = ""
    id: str | None = None
    at: datetime | None = None


def urge_ticket(store: Store, command: UrgeTicket, *, now: datetime) -> TroubleTicket:
    """Count the call on the ticket and on the orders that serve it; the same `id` only once."""
    at = command.at or now
    ticket = store.tickets.get(command.ticket_id)
    if command.id is not None:
        action = DeskAction(
            id=command.id, ticket_id=ticket.id, kind=DeskActionKind.URGED, at=at, by=command.by
        )
        if not store.tickets.is_new(action, now):
            return store.tickets.get(ticket.id)
    urged = store.tickets.save(ticket.urge())
    store.events.append(
        ticket_event(urged, "urged", at=at, by=command.by, note=command.note, times=urged.urged)
    )
    for order in _orders_for(store, urged):
        raised = store.orders.save(replace(order, urged=order.urged + 1))
        store.orders.record(
            DispatchStep(
                order_id=order.id,
                kind=StepKind.URGED,
                at=at,
                recorded_at=now,
                by=command.by,
                crew_id=order.crew_id,
                reason=command.note or None,
                facts={"ticket": urged.id},
            )
        )
        store.events.append(order_event(raised, "urged", at=at, by=command.by, ticket=urged.id))
    return urged


def _orders_for(store: Store, ticket: TroubleTicket) -> list[TroubleOrder]:
    orders = []
    if ticket.outage_id is not None:
        orders.append(store.orders.find_open_of_outage(ticket.outage_id))
    incident = store.orders.find_incident_of(ticket.id)
    if incident is not None:
        orders.append(store.orders.find_open_of_incident(incident.id))
    urged = [order for order in orders if order is not None]
    seconds = [store.orders.find_open_support(order.id) for order in urged]
    return [*urged, *(second for second in seconds if second is not None)]
