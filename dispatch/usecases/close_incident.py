"""Close an incident that no crew needs to see any more."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.order import Incident
from dispatch.domain.ticket import TicketStatus
from dispatch.domain.words import IncidentId, TicketId
from dispatch.journal import incident_event, ticket_event
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.procedures.judging import void_ticket_clocks
from dispatch.procedures.supporting import cancel


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseIncident:
    """Which, who and why."""

    incident_id: IncidentId
    by: str
    reason: str


def close_incident(store: Store, command: CloseIncident, *, now: datetime) -> Incident:
    """Close it with its order and, unless it is part of an outage, its ticket."""
    why = need_reason(command.reason, "closing an incident")
    incident = store.orders.get_incident(command.incident_id)
    if incident.closed_at is None:
        incident = store.orders.save_incident(incident.close(now, why))
        store.events.append(incident_event(incident, "closed", at=now, by=command.by, reason=why))
    first = store.orders.find_open_of_incident(incident.id)
    second = None if first is None else store.orders.find_open_support(first.id)
    for order in filter(None, (first, second)):
        cancel(store, order, by=command.by, reason=why, now=now)
    ticket = store.tickets.get(TicketId(incident.ticket_id))
    if ticket.outage_id is None and ticket.status is not TicketStatus.CLOSED:
        closed = store.tickets.save(ticket.close(now))
        store.events.append(ticket_event(closed, "closed", at=now, by=command.by, reason=why))
        void_ticket_clocks(store, [ticket.id], by="the incident was closed", now=now)
    return incident
