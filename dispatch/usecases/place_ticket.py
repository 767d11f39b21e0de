"""A dispatcher says where an unlocated report comes from."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.ticket import Complaint, Place, TicketStatus, TroubleTicket
from dispatch.domain.words import Disposition, KnownKind, TicketId
from dispatch.errors import IllegalStep, InvalidInput
from dispatch.journal import ticket_event
from dispatch.known import CallerSays, explain
from dispatch.location import ReportedPosition, locate
from dispatch.ports import Store
from dispatch.procedures.attaching import Explained, attach
from dispatch.procedures.opening import open_incident, open_outage, suspect
from dispatch.procedures.supporting import follow
from dispatch.sayings import Clockface, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTicket:
    """The place, by account, meter, address or position."""

    ticket_id: TicketId
    by: str
    account: str | None = None
    meter: str | None = None
    address: str | None = None
    position: ReportedPosition | None = None


def place_ticket(
    store: Store, command: PlaceTicket, *, now: datetime, clockface: Clockface
) -> TroubleTicket:
    """Locate it, and treat it as if it had come in with that place.

    The area class is that of the place; clocks that ran with the strictest class keep running,
    for a promise is never loosened afterwards.
    """
    ticket = store.tickets.get(command.ticket_id)
    if ticket.place is not None:
        raise IllegalStep("the report has a place already", ticket_id=ticket.id)
    if ticket.status is TicketStatus.CLOSED:
        raise IllegalStep("the report is closed", ticket_id=ticket.id)
    asked = Complaint(
        channel=ticket.complaint.channel,
        account=command.account,
        meter=command.meter,
        address=command.address,
    )
    place = locate(store.directory, asked, command.position).place
    if place is None or place.district_id is None:
        raise InvalidInput("place", command.account or command.address, "exactly one place")
    placed = replace(
        ticket,
        place=place,
        district_id=place.district_id,
        area=store.directory.area_at(place.lon, place.lat),
    )
    placed = store.tickets.save(placed)
    store.events.append(
        ticket_event(placed, "placed", at=now, by=command.by, lon=place.lon, lat=place.lat)
    )
    if placed.complaint.hazards:
        return _place_incident(store, placed, place)
    if not placed.complaint.loses_supply:
        open_incident(store, placed, placed.district_id, now=now)
        return store.tickets.save(replace(placed, disposition=Disposition.INCIDENT))
    return _place_loss(store, placed, place, by=command.by, now=now, clockface=clockface)


def _place_incident(store: Store, ticket: TroubleTicket, place: Place) -> TroubleTicket:
    """Give the hazard's order, open already, its place."""
    incident = store.orders.find_incident_of(ticket.id)
    if incident is None:
        raise IllegalStep("the report has no incident", ticket_id=ticket.id)
    lon, lat, accuracy_m = place.lon, place.lat, place.accuracy_m
    district_id = ticket.district_id
    store.orders.save_incident(
        replace(incident, district_id=district_id, lon=lon, lat=lat, accuracy_m=accuracy_m)
    )
    order = store.orders.find_open_of_incident(incident.id)
    if order is not None:
        placed = replace(order, district_id=district_id, lon=lon, lat=lat, accuracy_m=accuracy_m)
        follow(store, store.orders.save(placed))
    return ticket


def _place_loss(
    store: Store,
    ticket: TroubleTicket,
    place: Place,
    *,
    by: str,
    now: datetime,
    clockface: Clockface,
) -> TroubleTicket:
    if ticket.district_id is None:
        raise ValueError("a placed ticket has a district")
    facts = store.known.facts_at(place, None, now)
    caller = CallerSays(
        symptoms=frozenset(ticket.complaint.symptoms),
        multiple_premises=ticket.complaint.multiple_premises,
    )
    answer = explain(facts, caller, now=now, clockface=clockface)
    if answer.kind is KnownKind.PLANNED and answer.planned is not None:
        return store.tickets.save(
            replace(ticket, disposition=Disposition.PLANNED, planned_outage_id=answer.planned.id)
        )
    if answer.kind is KnownKind.KNOWN_FAULT and answer.outage is not None:
        outage = store.outages.get(answer.outage.id)
        why = Explained(probability=answer.probability, reasons=answer.reasons, by=by)
    else:
        suspicion = suspect(store, ticket, place).alone(place, store.outages)
        outage = open_outage(store, ticket, place, ticket.district_id, suspicion, now=now)
        why = Explained(
            probability=1.0,
            reasons=(reason("first_report"),),
            by=by,
            disposition=Disposition.NEW_OUTAGE,
        )
    store.outages.ask_grouping(place.feeder_id, place.district_id, now)
    return attach(store, ticket, outage, why, now=now)
