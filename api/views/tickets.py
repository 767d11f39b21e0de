"""Tickets and their clocks, by the rights of the caller."""

from datetime import datetime

from pydantic import BaseModel

from api.callers import Caller
from api.views.outages import OutageBrief
from api.views.sayings import SayingOut
from dispatch.domain.clock import ARRIVAL_COMMITMENT, Clock
from dispatch.domain.ticket import TroubleTicket
from dispatch.usecases.report_trouble import Reported


class ClockOut(BaseModel):
    """A promise and how it stands, with the rule version and district's figures it is judged by.

    `due_at` is later by `paused_s`, the time it stood still; since `paused_since` it does again.
    `without_pauses` is the verdict had it never stood still.
    """

    id: int | None
    rule: str
    rule_version: int
    area_class: str
    started_from: str
    started_at: datetime
    due_at: datetime
    verdict: str
    stopped_earliest: datetime | None
    stopped_latest: datetime | None
    judged_at: datetime | None
    judged_by: str | None
    override: str | None
    warned: int
    paused_s: float
    paused_since: datetime | None
    without_pauses: str | None
    rejudged: int

    @classmethod
    def of(cls, clock: Clock) -> "ClockOut":
        """Build from the clock."""
        return cls(
            id=clock.id,
            rule=clock.rule_id,
            rule_version=clock.rule_version,
            area_class=clock.area_class.value,
            started_from=clock.started_from.value,
            started_at=clock.started_at,
            due_at=clock.due_at,
            verdict=clock.verdict.value,
            stopped_earliest=clock.stopped_earliest,
            stopped_latest=clock.stopped_latest,
            judged_at=clock.judged_at,
            judged_by=clock.judged_by,
            override=clock.override_id,
            warned=clock.warned,
            paused_s=clock.paused_s,
            paused_since=clock.paused_since,
            without_pauses=None if clock.without_pauses is None else clock.without_pauses.value,
            rejudged=max(0, clock.judgements - 1),
        )


class TicketOut(BaseModel):
    """A ticket; the telephone number whole only for those who need it."""

    id: str
    status: str
    disposition: str
    channel: str
    received_at: datetime
    district_id: str | None = None
    area_class: str | None = None
    area_covered: bool | None = None
    account: str | None = None
    phone: str | None = None
    meter: str | None = None
    address: str | None = None
    description: str = ""
    hazards: list[str] = []
    symptoms: list[str] = []
    multiple_premises: bool | None = None
    found_by: str | None = None
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    usage_point_id: int | None = None
    transformer_id: str | None = None
    feeder_id: str | None = None
    outage_id: int | None = None
    planned_outage_id: int | None = None
    repeats_id: str | None = None
    urged: int = 0
    restored_at: datetime | None = None
    closed_at: datetime | None = None

    @classmethod
    def of(cls, ticket: TroubleTicket, caller: Caller) -> "TicketOut":
        """Build from the ticket, for one caller."""
        said, place = ticket.complaint, ticket.place
        return cls(
            id=ticket.id,
            status=ticket.status.value,
            disposition=ticket.disposition.value,
            channel=said.channel.value,
            received_at=ticket.received_at,
            district_id=ticket.district_id,
            area_class=ticket.area.area_class.value,
            area_covered=ticket.area.covered,
            account=said.account,
            phone=caller.phone(said.phone),
            meter=said.meter,
            address=said.address,
            description=said.description,
            hazards=list(said.hazards),
            symptoms=list(said.symptoms),
            multiple_premises=said.multiple_premises,
            found_by=None if place is None else place.found_by.value,
            lon=None if place is None else place.lon,
            lat=None if place is None else place.lat,
            accuracy_m=None if place is None else place.accuracy_m,
            usage_point_id=None if place is None else place.usage_point_id,
            transformer_id=None if place is None else place.transformer_id,
            feeder_id=None if place is None else place.feeder_id,
            outage_id=ticket.outage_id,
            planned_outage_id=ticket.planned_outage_id,
            repeats_id=ticket.repeats_id,
            urged=ticket.urged,
            restored_at=ticket.restored_at,
            closed_at=ticket.closed_at,
        )


class TicketFull(TicketOut):
    """A ticket with its clocks."""

    clocks: list[ClockOut]


class ReportedOut(BaseModel):
    """What became of a report; the same again gives the same.

    `say` is the sentence of the public notice that answered it, if one did.
    """

    ticket: TicketOut
    disposition: str
    outage: OutageBrief | None
    commitment: ClockOut | None
    say: SayingOut | None = None

    @classmethod
    def of(cls, reported: Reported, caller: Caller) -> "ReportedOut":
        """Build from what the core did."""
        promised = (c for c in reported.clocks if c.rule_id == ARRIVAL_COMMITMENT)
        clock, outage = next(promised, None), reported.outage
        return cls(
            ticket=TicketOut.of(reported.ticket, caller),
            disposition=reported.ticket.disposition.value,
            outage=None if outage is None else OutageBrief.of(outage),
            commitment=None if clock is None else ClockOut.of(clock),
            say=None if reported.say is None else SayingOut.of(reported.say),
        )

    @classmethod
    def elsewhere(cls, ticket: TroubleTicket) -> "ReportedOut":
        """Build for a report that another district keeps: stored, and nothing said of it."""
        return cls(
            ticket=TicketOut(
                id=ticket.id,
                status="open",
                disposition="unlocated",
                channel=ticket.complaint.channel.value,
                received_at=ticket.received_at,
            ),
            disposition="unlocated",
            outage=None,
            commitment=None,
        )
