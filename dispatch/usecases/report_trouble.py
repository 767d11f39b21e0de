"""Take a report: find the place, say whether it is known, and keep it whatever happens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.domain.clock import Clock
from dispatch.domain.facts import KnownFacts, OutageNearby
from dispatch.domain.notice import How
from dispatch.domain.outage import Outage
from dispatch.domain.ticket import AreaAtReport, Complaint, Place, TroubleTicket
from dispatch.domain.words import Disposition, DistrictId, KnownKind, Symptom, TicketId
from dispatch.journal import SYSTEM, ticket_event
from dispatch.known import CallerSays, KnownAnswer, answered_from, explain
from dispatch.location import ReportedPosition, Whereabouts, locate
from dispatch.notices import say_notice
from dispatch.ports import Store
from dispatch.procedures.attaching import Explained, attach, run_clocks, take_attached
from dispatch.procedures.opening import open_incident, open_outage, suspect
from dispatch.sayings import Clockface, Saying, reason

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
    """What became of it; `answer` is None for a report that could not be located.

    `say` is the sentence of the public notice that answered it, if one did.
    """

    ticket: TroubleTicket
    outage: Outage | None
    is_new: bool
    answer: KnownAnswer | None
    clocks: tuple[Clock, ...]
    whereabouts: Whereabouts | None = None
    say: Saying | None = None


def report_trouble(
    store: Store,
    command: ReportTrouble,
    *,
    now: datetime,
    clockface: Clockface,
    apart: bool = False,
) -> Reported:
    """Store one report and decide at once what it is.

    A hazard always opens an incident with an order of its own. A report that could not be located
    is kept for a dispatcher, its clocks running. The same `id` again changes nothing.

    `apart` touches no outage that is there, for a report that could not wait for one any longer:
    it is a home of its own until the feeder is looked at.
    """
    earlier = store.tickets.find(command.id)
    if earlier is not None:
        clocks = tuple(store.clocks.list_of_ticket(earlier.id))
        outage = None if earlier.outage_id is None else store.outages.get(earlier.outage_id)
        notice = store.notices.find_answering(earlier.id)
        return Reported(
            ticket=earlier,
            outage=outage,
            is_new=False,
            answer=None,
            clocks=clocks,
            say=None
            if notice is None
            else say_notice(notice.facts, notice.say_by, now=now, face=clockface),
        )
    found = locate(store.directory, command.complaint, command.position)
    ticket = _ticket(store, command, found.place, now)
    if found.place is None or ticket.district_id is None:
        answer = None
        taken = _keep_unlocated(store, ticket, now)
    else:
        facts = store.known.facts_at(found.place, command.complaint.phone, now)
        answer = explain(facts, _caller(command.complaint), now=now, clockface=clockface)
        taken = _Case(store, ticket, found.place, facts, answer, now, apart).dispose()
    outage = taken.outage
    if outage is not None and taken.ticket.received_at < outage.started_at:
        outage = store.outages.get(outage.id)  # a late report tells that it began earlier
    return Reported(
        ticket=taken.ticket,
        outage=outage,
        is_new=True,
        answer=answer,
        clocks=tuple(taken.clocks),
        whereabouts=found,
        say=taken.say,
    )


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


@dataclass(frozen=True, slots=True)
class _Taken:
    """A stored ticket, the outage that explains it, and the clocks that run for it."""

    ticket: TroubleTicket
    outage: Outage | None = None
    clocks: Sequence[Clock] = ()
    say: Saying | None = None


def _keep_unlocated(store: Store, ticket: TroubleTicket, now: datetime) -> _Taken:
    """Keep it before a dispatcher's eyes; a hazard gets its order even without a place."""
    if ticket.complaint.hazards:
        ticket = replace(ticket, disposition=Disposition.INCIDENT)
    clocks = _keep(store, ticket, now)
    if ticket.complaint.hazards:
        open_incident(store, ticket, ticket.district_id, now=now)
    return _Taken(ticket, clocks=clocks)


def _keep(store: Store, ticket: TroubleTicket, now: datetime) -> Sequence[Clock]:
    """Store a ticket that waits for somebody, and start its clocks."""
    _received(store, ticket, now)
    store.tickets.add(ticket)
    return run_clocks(store, ticket)


def _received(store: Store, ticket: TroubleTicket, now: datetime) -> None:
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


@dataclass(frozen=True, slots=True)
class _Case:
    """A located report, what is on record around it, and what that makes of it."""

    store: Store
    ticket: TroubleTicket
    place: Place
    facts: KnownFacts
    answer: KnownAnswer
    now: datetime
    apart: bool

    def dispose(self) -> _Taken:
        """Store the report as what it is."""
        if self.ticket.complaint.hazards:
            return self._take_hazard()
        if self.answer.kind in DISMISSED:
            return self._answer_only()
        if not self.ticket.complaint.loses_supply:
            return self._take_incident()
        if self._is_repeat:
            return self._answer_repeat()
        return self._take_loss()

    @property
    def _is_repeat(self) -> bool:
        """Whether the customer's loss of supply is on record; another complaint is not it."""
        own = self.answer.repeats
        return (
            own is not None
            and own.outage_id is not None
            and self.answer.kind is not KnownKind.RESTORED_RECENTLY
            and not self.apart
        )

    @property
    def _joins(self) -> bool:
        return self.answer.kind is KnownKind.KNOWN_FAULT and not self.apart

    def _take_hazard(self) -> _Taken:
        """Danger first: an order of its own; the loss of supply is counted where it belongs."""
        taken = self._take_incident()
        complaint, dark = self.ticket.complaint, Symptom.NO_POWER in self.ticket.complaint.symptoms
        if self._joins and complaint.loses_supply:
            outage, why = self._known_outage(Disposition.INCIDENT)
        elif dark and self.answer.kind not in DISMISSED and not self._is_repeat:
            outage, why = self._new_outage(Disposition.INCIDENT)
        else:
            return taken
        ticket = attach(self.store, taken.ticket, outage, why, now=self.now)
        return _Taken(ticket, outage, taken.clocks)

    def _take_incident(self) -> _Taken:
        ticket = replace(self.ticket, disposition=Disposition.INCIDENT)
        clocks = _keep(self.store, ticket, self.now)
        open_incident(self.store, ticket, ticket.district_id, now=self.now)
        return _Taken(ticket, clocks=clocks)

    def _answer_only(self) -> _Taken:
        """Planned work and arrears are answered; nobody is sent, no clock runs."""
        planned = self.answer.planned
        if planned is not None:
            ticket = replace(
                self.ticket, disposition=Disposition.PLANNED, planned_outage_id=planned.id
            )
        else:
            ticket = replace(self.ticket, disposition=Disposition.ENQUIRY).close(self.now)
        _received(self.store, ticket, self.now)
        self.store.tickets.add(ticket)
        return _Taken(ticket)

    def _answer_repeat(self) -> _Taken:
        """The same customer again: an enquiry on the report that is already worked on."""
        own = self.answer.repeats
        if own is None or own.outage_id is None:
            raise ValueError("a repeat needs the ticket it repeats, and that ticket's outage")
        ticket = replace(
            self.ticket,
            disposition=Disposition.ENQUIRY,
            repeats_id=own.id,
            outage_id=own.outage_id,
        ).close(self.now)
        _received(self.store, ticket, self.now)
        self.store.tickets.add(ticket)
        said = self._from_notice(How.REPEAT)
        return _Taken(ticket, self.store.outages.get(own.outage_id), say=said)

    def _take_loss(self) -> _Taken:
        disposition = Disposition.ATTACHED if self._joins else Disposition.NEW_OUTAGE
        ticket = replace(self.ticket, disposition=disposition)
        _received(self.store, ticket, self.now)
        outage, why = (self._known_outage if self._joins else self._new_outage)(disposition)
        ticket, clocks = take_attached(self.store, ticket, outage, why, now=self.now)
        return _Taken(ticket, outage, clocks, say=self._from_notice(How.ATTACHED))

    def _from_notice(self, how: How) -> Saying | None:
        """Where a public notice gives the answer, count that; the sentence to say."""
        answer = answered_from(self.answer, self.facts, how, key=self.ticket.id, now=self.now)
        if answer is None:
            return None
        self.store.notices.answered(answer)
        return self.answer.say

    def _known_outage(self, disposition: Disposition) -> tuple[Outage, Explained]:
        if self.answer.outage is None:
            raise ValueError("a known fault has an outage")
        why = Explained(
            probability=self.answer.probability,
            reasons=self.answer.reasons,
            by=SYSTEM,
            disposition=disposition,
        )
        return self.store.outages.join(self.answer.outage.id), why

    def _new_outage(self, disposition: Disposition) -> tuple[Outage, Explained]:
        """Open one; who is still out after a restoration keeps the time it began."""
        ticket, place = self.ticket, self.place
        if ticket.district_id is None:
            raise ValueError("a located ticket has a district")
        suspicion = suspect(self.store, ticket, place)
        why = "first_report"
        before = self._restored_lately
        taken = any(o.restored_at is None and o.touches != "near" for o in self.facts.outages)
        if before is not None or taken or self.apart:
            # The neighbours have light, or are out for another cause: this home stands alone.
            suspicion = suspicion.one_home(place)
        if before is not None:
            suspicion = replace(suspicion, started_at=before.started_at, parent_id=before.id)
            why = "still_out"
        outage = open_outage(self.store, ticket, place, ticket.district_id, suspicion, now=self.now)
        explained = Explained(
            probability=1.0, reasons=(reason(why),), by=SYSTEM, disposition=disposition
        )
        return outage, explained

    @property
    def _restored_lately(self) -> OutageNearby | None:
        """The outage that ended so lately that this caller never got light from its end."""
        ended = self.answer.outage if self.answer.kind is KnownKind.RESTORED_RECENTLY else None
        if ended is None or ended.restored_at is None:
            return ended
        return None if self.now - ended.restored_at > STILL_OUT_WITHIN else ended


def _caller(complaint: Complaint) -> CallerSays:
    return CallerSays(
        symptoms=frozenset(complaint.symptoms),
        hazards=frozenset(complaint.hazards),
        multiple_premises=complaint.multiple_premises,
    )
