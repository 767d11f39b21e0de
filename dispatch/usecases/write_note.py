"""Somebody writes down what the next dispatcher should know; a note is an entry of the journal."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.event import Event
from dispatch.domain.words import IncidentId, OutageId, TicketId
from dispatch.errors import InvalidInput
from dispatch.journal import incident_event, outage_event, ticket_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteNote:
    """About one of the three, who writes and what."""

    text: str
    by: str
    outage_id: OutageId | None = None
    incident_id: IncidentId | None = None
    ticket_id: TicketId | None = None


def write_note(store: Store, command: WriteNote, *, now: datetime) -> Event:
    """Add the note to the thing's story; nobody can change it afterwards.

    Raises
    ------
    InvalidInput
        There is nothing in it, or nothing it is about.
    NotFound
        There is no such thing.
    """
    words = command.text.strip()
    if not words:
        raise InvalidInput("text", command.text, "something to read")
    at, by = now, command.by
    if command.outage_id is not None:
        entry = outage_event(
            store.outages.get(command.outage_id), "noted", at=at, by=by, reason=words
        )
    elif command.incident_id is not None:
        entry = incident_event(
            store.orders.get_incident(command.incident_id), "noted", at=at, by=by, reason=words
        )
    elif command.ticket_id is not None:
        entry = ticket_event(
            store.tickets.get(command.ticket_id), "noted", at=at, by=by, reason=words
        )
    else:
        raise InvalidInput("outage_id", None, "what the note is about")
    store.events.append(entry)
    return entry
