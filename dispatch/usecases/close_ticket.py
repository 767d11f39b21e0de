"""Close a report that nobody has to come for: a wrong number, a question about a bill."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.ticket import TicketStatus, TroubleTicket
from dispatch.domain.words import Disposition, TicketId
from dispatch.errors import IllegalStep
from dispatch.journal import ticket_event
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.procedures.judging import void_ticket_clocks


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTicket:
    """Which, who and why."""

    ticket_id: TicketId
    by: str
    reason: str


def close_ticket(store: Store, command: CloseTicket, *, now: datetime) -> TroubleTicket:
    """Close it, and let its promises fall away; doing so twice changes nothing.

    Only a report without a place ends here. One with a place ends with its outage or incident,
    and so does a danger, whose order is out already: `IllegalStep`.
    """
    why = need_reason(command.reason, "closing a report")
    ticket = store.tickets.get(command.ticket_id)
    if ticket.status is TicketStatus.CLOSED:
        return ticket
    followed = ticket.disposition is not Disposition.UNLOCATED
    if followed or store.orders.find_incident_of(ticket.id) is not None:
        raise IllegalStep("the report ends with its outage or incident", ticket_id=ticket.id)
    closed = store.tickets.save(ticket.close(now))
    store.events.append(ticket_event(closed, "closed", at=now, by=command.by, reason=why))
    void_ticket_clocks(store, [ticket.id], by="the report was closed", now=now)
    return closed
