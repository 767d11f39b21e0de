"""Attach and detach by hand: a person knows better, says why, and it stays so."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import Disposition, OutageId, TicketId
from dispatch.errors import IllegalStep
from dispatch.journal import SYSTEM, outage_event, ticket_event
from dispatch.ports import Store
from dispatch.procedures.attaching import Explained, attach, leave_home
from dispatch.procedures.checking import need_reason
from dispatch.procedures.opening import open_outage, suspect
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachTicket:
    """Make a ticket one more caller of an outage."""

    ticket_id: TicketId
    outage_id: OutageId
    by: str
    reason: str


def attach_ticket(store: Store, command: AttachTicket, *, now: datetime) -> TroubleTicket:
    """Attach it, taking it from another outage; its hazard, if any, keeps its own order."""
    why = need_reason(command.reason, "attaching a ticket")
    outage = store.outages.lock(command.outage_id)
    if not outage.is_open:
        raise IllegalStep(f"the outage is {outage.status}", outage_id=outage.id)
    ticket = store.tickets.get(command.ticket_id)
    if ticket.outage_id == outage.id:
        return ticket
    hazard = ticket.disposition is Disposition.INCIDENT
    attached = attach(
        store,
        ticket,
        outage,
        Explained(
            probability=1.0,
            reasons=(reason("by_hand", reason=why),),
            by=command.by,
            disposition=Disposition.INCIDENT if hazard else Disposition.ATTACHED,
        ),
        now=now,
    )
    store.outages.save(store.outages.get(outage.id))
    return attached


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachTicket:
    """Take a ticket out of its outage."""

    ticket_id: TicketId
    by: str
    reason: str


def detach_ticket(store: Store, command: DetachTicket, *, now: datetime) -> TroubleTicket:
    """Take it out and open an outage of its own; the separation is remembered.

    The ticket keeps its clocks: the drive is no longer shared.
    """
    why = need_reason(command.reason, "detaching a ticket")
    ticket = store.tickets.get(command.ticket_id)
    detached = store.tickets.save(ticket.detach())
    store.tickets.detach(ticket.id, by=command.by, reason=why, at=now)
    store.events.append(
        ticket_event(detached, "detached", at=now, by=command.by, reason=why, was=ticket.outage_id)
    )
    if ticket.outage_id is not None:
        left = store.outages.save(store.outages.lock(ticket.outage_id))
        leave_home(store, ticket, left)
        store.events.append(
            outage_event(left, "caller_left", at=now, by=command.by, ticket=ticket.id)
        )
    place, district_id = detached.place, detached.district_id
    if place is None or district_id is None:
        return detached
    store.outages.ask_grouping(place.feeder_id, place.district_id, now)
    suspicion = suspect(store, detached, place).alone(place, store.outages)
    outage = open_outage(store, detached, place, district_id, suspicion, now=now)
    return attach(
        store,
        detached,
        outage,
        Explained(
            probability=1.0,
            reasons=(reason("by_hand", reason=why),),
            by=SYSTEM,
            disposition=Disposition.NEW_OUTAGE,
        ),
        now=now,
    )
