"""Take a report: find the place, say whether it is known, and keep it whatever happens."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.domain.clock import Clock
from dispatch.domain.facts import KnownFacts
from dispatch.domain.outage import Outage
from dispatch.domain.ticket import AreaAtReport, Complaint, Place, TroubleTicket
from dispatch.domain.words import Disposition, DistrictId, KnownKind, Symptom, TicketId
from dispatch.journal import SYSTEM, ticket_event
from dispatch.known import CallerSays, KnownAnswer, explain
from dispatch.location import ReportedPosition, Whereabouts, locate
from dispatch.ports import Store
from dispatch.procedures.attaching import attach, run_clocks
from dispatch.procedures.opening import open_incident, open_outage, suspect
from dispatch.sayings import Clockface, reason

DISMISSED = frozenset({KnownKind.PLANNED, KnownKind.ARREARS})
"""What is answered and needs no crew."""

STILL_OUT_WITHIN = timedelta(minutes=60)
"""A report so soon after a restoration is a caller who never got light (assumption)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTrouble:
    """A report as it came in; `id` is the client's, so that it may be sent twice."""

    id: TicketId
    complaint: Complaint
    position: ReportedPosition | None
    received_at: datetime
    by: str
    district_id: DistrictId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What became of it; `answer` is None for a report that could not be located."""

    ticket: TroubleTicket
    is_new: bool
    answer: KnownAnswer | None
    clocks: tuple[Clock, ...]
    whereabouts: Whereabouts | None = None


def report_trouble(
    store: Store, command: ReportTrouble, *, now: datetime, clockface: Clockface
) -> Reported:
    """Store one report and decide at once what it is.

    A hazard always opens an incident with an order of its own. A report that could not be located
    is kept for a dispatcher, its clocks running. The same `id` again changes nothing.
    """
    earlier = store.tickets.find(command.id)
    if earlier is not None:
        clocks = tuple(store.clocks.list_of_ticket(earlier.id))
        return Reported(ticket=earlier, is_new=False, answer=None, clocks=clocks)

    found = locate(store.directory, command.complaint, command.position)
    ticket = _ticket(store, command, found.place, now)
    if found.place is None or ticket.district_id is None:
        ticket = _keep_unlocated(store, ticket, now)
        answer = None
    else:
        facts = store.known.facts_at(found.place, command.complaint.phone, now)
        answer = explain(facts, _caller(command.complaint), now=now, clockface=clockface)
        ticket = _dispose(store, ticket, found.place, facts, answer, now)
    clocks = tuple(store.clocks.list_of_ticket(ticket.id))
    return Reported(ticket=ticket, is_new=True, answer=answer, clocks=clocks, whereabouts=found)


def _ticket(
    store: Store, command: ReportTrouble, place: Place | None, now: datetime
) -> TroubleTicket:
    area: AreaAtReport = (
        store.directory.area_at(place.lon, place.lat)
        if place is not None
        else store.directory.strictest_area()
    )
    return TroubleTicket(
        id=command.id,
        complaint=command.complaint,
        place=place,
        area=area,
        district_id=place.district_id if place is not None else command.district_id,
        received_at=command.received_at,
        recorded_at=now,
        disposition=Disposition.UNLOCATED,
    )


def _keep_unlocated(store: Store, ticket: TroubleTicket, now: datetime) -> TroubleTicket:
    """Keep it before a dispatcher's eyes; a hazard gets its order even without a place."""
    if ticket.complaint.hazards:
        ticket = replace(ticket, disposition=Disposition.INCIDENT)
    _add(store, ticket, now)
    run_clocks(store, ticket)
    if ticket.complaint.hazards:
        open_incident(store, ticket, ticket.district_id, now=now)
    return ticket


def _dispose(
    store: Store,
    ticket: TroubleTicket,
    place: Place,
    facts: KnownFacts,
    answer: KnownAnswer,
    now: datetime,
) -> TroubleTicket:
    if ticket.complaint.hazards:
        return _take_hazard(store, ticket, place, facts, answer, now)
    if answer.kind in DISMISSED:
        return _answer_only(store, ticket, answer, now)
    if not ticket.complaint.loses_supply:
        return _take_incident(store, ticket, now)
    if _is_repeat(answer):
        return _answer_repeat(store, ticket, answer, now)
    return _take_loss(store, ticket, place, facts, answer, now)


def _is_repeat(answer: KnownAnswer) -> bool:
    """Whether the customer's loss of supply is on record; a complaint of another kind is not it."""
    own = answer.repeats
    return (
        own is not None
        and own.outage_id is not None
        and answer.kind is not KnownKind.RESTORED_RECENTLY
    )


def _take_hazard(
    store: Store,
    ticket: TroubleTicket,
    place: Place,
    facts: KnownFacts,
    answer: KnownAnswer,
    now: datetime,
) -> TroubleTicket:
    """Danger first: an order of its own; the loss of supply is still counted where it belongs."""
    ticket = replace(ticket, disposition=Disposition.INCIDENT)
    _add(store, ticket, now)
    run_clocks(store, ticket)
    open_incident(store, ticket, place.district_id, now=now)
    if answer.kind is KnownKind.KNOWN_FAULT and ticket.complaint.loses_supply:
        return _attach_known(store, ticket, answer, now, Disposition.INCIDENT)
    dark = Symptom.NO_POWER in ticket.complaint.symptoms
    if dark and answer.kind not in DISMISSED and not _is_repeat(answer):
        return _open_and_attach(store, ticket, place, facts, answer, now)
    return ticket


def _take_incident(store: Store, ticket: TroubleTicket, now: datetime) -> TroubleTicket:
    ticket = replace(ticket, disposition=Disposition.INCIDENT)
    _add(store, ticket, now)
    run_clocks(store, ticket)
    open_incident(store, ticket, ticket.district_id, now=now)
    return ticket


def _answer_only(
    store: Store, ticket: TroubleTicket, answer: KnownAnswer, now: datetime
) -> TroubleTicket:
    """Planned work and arrears are answered; nobody is sent, no clock runs."""
    if answer.planned is not None:
        ticket = replace(
            ticket, disposition=Disposition.PLANNED, planned_outage_id=answer.planned.id
        )
    else:
        ticket = replace(ticket, disposition=Disposition.ENQUIRY).close(now)
    _add(store, ticket, now)
    return ticket


def _answer_repeat(
    store: Store, ticket: TroubleTicket, answer: KnownAnswer, now: datetime
) -> TroubleTicket:
    """The same customer again: an enquiry on the report that is already being worked on."""
    if answer.repeats is None:
        raise ValueError("a repeat needs the ticket it repeats")
    ticket = replace(
        ticket,
        disposition=Disposition.ENQUIRY,
        repeats_id=answer.repeats.id,
        outage_id=answer.repeats.outage_id,
    ).close(now)
    _add(store, ticket, now)
    return ticket


def _take_loss(
    store: Store,
    ticket: TroubleTicket,
    place: Place,
    facts: KnownFacts,
    answer: KnownAnswer,
    now: datetime,
) -> TroubleTicket:
    if answer.kind is KnownKind.KNOWN_FAULT:
        ticket = replace(ticket, disposition=Disposition.ATTACHED)
        _add(store, ticket, now)
        run_clocks(store, ticket)
        return _attach_known(store, ticket, answer, now, Disposition.ATTACHED)
    ticket = replace(ticket, disposition=Disposition.NEW_OUTAGE)
    _add(store, ticket, now)
    run_clocks(store, ticket)
    return _open_and_attach(store, ticket, place, facts, answer, now)


def _open_and_attach(
    store: Store,
    ticket: TroubleTicket,
    place: Place,
    facts: KnownFacts,
    answer: KnownAnswer,
    now: datetime,
) -> TroubleTicket:
    outage, why = _open(store, ticket, place, facts, answer, now)
    return attach(
        store,
        ticket,
        outage,
        probability=1.0,
        reasons=(reason(why),),
        by=SYSTEM,
        now=now,
        disposition=ticket.disposition,
    )


def _open(
    store: Store,
    ticket: TroubleTicket,
    place: Place,
    facts: KnownFacts,
    answer: KnownAnswer,
    now: datetime,
) -> tuple[Outage, str]:
    """Open the outage; who is still out after a restoration keeps the time it began."""
    if ticket.district_id is None:
        raise ValueError("a located ticket has a district")
    suspicion = suspect(store, ticket, place)
    why = "first_report"
    before = answer.outage if answer.kind is KnownKind.RESTORED_RECENTLY else None
    if before and before.restored_at and now - before.restored_at > STILL_OUT_WITHIN:
        before = None
    taken = any(o.restored_at is None and o.touches != "near" for o in facts.outages)
    if before is not None or taken:
        # The neighbours have light, or are out for another cause: this home stands alone.
        suspicion = suspicion.one_home(place)
    if before is not None:
        suspicion = replace(suspicion, started_at=before.started_at, parent_id=before.id)
        why = "still_out"
    outage = open_outage(store, ticket, place, ticket.district_id, suspicion, now=now)
    return outage, why


def _attach_known(
    store: Store,
    ticket: TroubleTicket,
    answer: KnownAnswer,
    now: datetime,
    disposition: Disposition,
) -> TroubleTicket:
    if answer.outage is None:
        raise ValueError("a known fault has an outage")
    return attach(
        store,
        ticket,
        store.outages.get(answer.outage.id),
        probability=answer.probability,
        reasons=answer.reasons,
        by=SYSTEM,
        now=now,
        disposition=disposition,
    )


def _add(store: Store, ticket: TroubleTicket, now: datetime) -> None:
    store.tickets.add(ticket)
    store.events.append(
        ticket_event(
            ticket,
            "received",
            at=ticket.received_at,
            by=ticket.complaint.channel.value,
            disposition=ticket.disposition.value,
            hazards=list(ticket.complaint.hazards),
            recorded_at=now.isoformat(),
        )
    )


def _caller(complaint: Complaint) -> CallerSays:
    return CallerSays(
        symptoms=frozenset(complaint.symptoms), multiple_premises=complaint.multiple_premises
    )
