"""What goes out: things of the core as clients read them, by the rights of the caller."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel

from api.callers import Caller
from dispatch.assignment import RankedCrew
from dispatch.domain.clock import ARRIVAL_COMMITMENT, Clock
from dispatch.domain.facts import CrewProgress, OutageNearby, PlannedNearby, ServicePoint
from dispatch.domain.order import DispatchStep, Incident, TroubleOrder
from dispatch.domain.outage import EstimatedRestoration, Outage, PlannedOutage
from dispatch.domain.ticket import TroubleTicket
from dispatch.known import KnownAnswer
from dispatch.sayings import Saying, say_reason
from dispatch.usecases.ask_known import Known
from dispatch.usecases.report_trouble import Reported
from gis.geocode import Match


class SayingOut(BaseModel):
    """One sentence in both languages."""

    zh: str
    en: str

    @classmethod
    def of(cls, saying: Saying) -> "SayingOut":
        """Build from the sentence."""
        return cls(zh=saying.zh, en=saying.en)


def reasons_of(written: Iterable[str]) -> list[SayingOut]:
    """Reasons as people read them."""
    return [SayingOut.of(say_reason(each)) for each in written]


class EstimateOut(BaseModel):
    """When supply is expected back, who says so and how surely."""

    at: datetime
    source: str
    confidence: str

    @classmethod
    def of(cls, estimate: EstimatedRestoration | None) -> "EstimateOut | None":
        """Build from the estimate, if there is one."""
        if estimate is None:
            return None
        return cls(
            at=estimate.at, source=estimate.source.value, confidence=estimate.confidence.value
        )


class ProgressOut(BaseModel):
    """How far the crew is."""

    name: str
    status: str
    expected_at: datetime | None

    @classmethod
    def of(cls, crew: CrewProgress | None) -> "ProgressOut | None":
        """Build from the crew's progress, if one was sent."""
        if crew is None:
            return None
        return cls(name=crew.name, status=crew.status.value, expected_at=crew.expected_at)


class OutageBrief(BaseModel):
    """An outage in a few words."""

    id: int
    status: str
    level: str
    device_kind: str
    device_name: str
    started_at: datetime
    restored_at: datetime | None
    cause: str | None
    reports: int | None = None

    @classmethod
    def near(cls, outage: OutageNearby) -> "OutageBrief":
        """Build from what is on record around a caller."""
        return cls(
            id=outage.id,
            status=outage.status.value,
            level=outage.level.value,
            device_kind=outage.device.kind,
            device_name=outage.device.name,
            started_at=outage.started_at,
            restored_at=outage.restored_at,
            cause=outage.cause,
            reports=outage.reports,
        )

    @classmethod
    def of(cls, outage: Outage) -> "OutageBrief":
        """Build from the outage itself."""
        return cls(
            id=outage.id,
            status=outage.status.value,
            level=outage.level.value,
            device_kind=outage.device.kind,
            device_name=outage.device.name,
            started_at=outage.started_at,
            restored_at=outage.restored_at,
            cause=outage.cause,
        )


class PlannedBrief(BaseModel):
    """A planned outage in a few words."""

    id: int
    reason: str
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, planned: PlannedNearby | PlannedOutage) -> "PlannedBrief":
        """Build from either form."""
        return cls(
            id=planned.id,
            reason=planned.reason,
            starts_at=planned.starts_at,
            ends_at=planned.ends_at,
        )


class PlannedOut(PlannedBrief):
    """A planned outage with its scope."""

    district_id: str
    feeder_id: str | None
    transformers: list[str]
    cancelled_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def full(cls, planned: PlannedOutage) -> "PlannedOut":
        """Build from the planned outage."""
        return cls(
            **PlannedBrief.of(planned).model_dump(),
            district_id=planned.district_id,
            feeder_id=planned.feeder_id,
            transformers=sorted(planned.transformers),
            cancelled_at=planned.cancelled_at,
            ended_at=planned.ended_at,
        )


class UsagePointOut(BaseModel):
    """Where a customer is supplied."""

    id: int
    account: str
    name: str
    address: str
    lon: float | None
    lat: float | None
    transformer_id: str | None
    transformer_name: str | None
    feeder_id: str | None
    feeder_name: str | None
    critical: str | None

    @classmethod
    def of(cls, point: ServicePoint | None) -> "UsagePointOut | None":
        """Build from the customer's point, if it is known."""
        if point is None:
            return None
        return cls(
            id=point.id,
            account=point.account,
            name=point.name,
            address=point.address,
            lon=point.lon,
            lat=point.lat,
            transformer_id=point.transformer_id,
            transformer_name=point.transformer_name,
            feeder_id=point.feeder_id,
            feeder_name=point.feeder_name,
            critical=point.critical,
        )


class PlaceCandidate(BaseModel):
    """One of several equal places, which nobody may guess between."""

    id: str
    kind: str
    name: str
    score: float
    lon: float
    lat: float

    @classmethod
    def of(cls, match: Match) -> "PlaceCandidate":
        """Build from a search match."""
        entry = match.entry
        return cls(
            id=entry.id,
            kind=str(entry.kind),
            name=entry.name,
            score=round(match.score, 3),
            lon=entry.lon,
            lat=entry.lat,
        )


class KnownOut(BaseModel):
    """Whether it is known: the answer, what to say, and the one question that would settle it."""

    answer: str
    probability: float
    basis: str
    reasons: list[SayingOut]
    outage: OutageBrief | None
    planned: PlannedBrief | None
    etr: EstimateOut | None
    crew: ProgressOut | None
    usage_point: UsagePointOut | None
    repeats: str | None
    say: SayingOut | None
    ask: SayingOut | None
    checks: list[SayingOut]
    accounts: list[UsagePointOut] = []
    places: list[PlaceCandidate] = []

    @classmethod
    def of(cls, answer: KnownAnswer, point: ServicePoint | None) -> "KnownOut":
        """Build from an answer and the customer it is for."""
        outage = answer.outage
        return cls(
            answer=answer.kind.value,
            probability=round(answer.probability, 3),
            basis=answer.basis.value,
            reasons=reasons_of(answer.reasons),
            outage=None if outage is None else OutageBrief.near(outage),
            planned=None if answer.planned is None else PlannedBrief.of(answer.planned),
            etr=EstimateOut.of(outage.estimate if outage else None),
            crew=ProgressOut.of(outage.crew if outage else None),
            usage_point=UsagePointOut.of(point),
            repeats=answer.repeats.id if answer.repeats else None,
            say=SayingOut.of(answer.say),
            ask=None if answer.ask is None else SayingOut.of(answer.ask),
            checks=[SayingOut.of(each) for each in answer.checks],
        )

    @classmethod
    def nowhere(cls, known: Known, caller: Caller) -> "KnownOut":
        """Build for a caller whose place has to be asked for first."""
        accounts = [p for p in known.whereabouts.accounts if caller.sees(p.district_id)]
        return cls(
            answer="unknown",
            probability=0.0,
            basis="points",
            reasons=[],
            outage=None,
            planned=None,
            etr=None,
            crew=None,
            usage_point=None,
            repeats=None,
            say=None,
            ask=None if known.ask is None else SayingOut.of(known.ask),
            checks=[],
            accounts=[out for p in accounts if (out := UsagePointOut.of(p)) is not None],
            places=[PlaceCandidate.of(match) for match in known.whereabouts.addresses],
        )


class ClockOut(BaseModel):
    """A promise and how it stands, with the rule version it is judged by."""

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

    @classmethod
    def of(cls, clock: Clock) -> "ClockOut":
        """Build from the clock."""
        return cls(
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
    """What became of a report; the same again gives the same."""

    ticket: TicketOut
    disposition: str
    outage: OutageBrief | None
    commitment: ClockOut | None

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


class StepOut(BaseModel):
    """One row of an order's history."""

    kind: str
    at: datetime
    recorded_at: datetime
    by: str
    crew_id: str | None
    reason: SayingOut | None
    why: list[SayingOut]

    @classmethod
    def of(cls, step: DispatchStep) -> "StepOut":
        """Build from the step."""
        why = step.facts.get("why")
        return cls(
            kind=step.kind.value,
            at=step.at,
            recorded_at=step.recorded_at,
            by=step.by,
            crew_id=step.crew_id,
            reason=None if step.reason is None else SayingOut.of(say_reason(step.reason)),
            why=reasons_of(str(each) for each in why) if isinstance(why, list | tuple) else [],
        )


class OrderOut(BaseModel):
    """A trouble order."""

    id: int
    version: int
    status: str
    district_id: str | None
    outage_id: int | None
    incident_id: int | None
    crew_id: str | None
    proposed_crew_id: str | None
    hazards: list[str]
    skills: list[str]
    priority: int
    urged: int
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    area_class: str
    received_at: datetime
    assigned_at: datetime | None
    accepted_at: datetime | None
    en_route_at: datetime | None
    arrived_at: datetime | None
    completed_at: datetime | None
    travel_s: float | None
    travel_basis: str | None
    why: list[SayingOut]

    @classmethod
    def of(cls, order: TroubleOrder) -> "OrderOut":
        """Build from the order."""
        return cls(
            id=order.id,
            version=order.version,
            status=order.status.value,
            district_id=order.district_id,
            outage_id=order.outage_id,
            incident_id=order.incident_id,
            crew_id=order.crew_id,
            proposed_crew_id=order.proposed_crew_id,
            hazards=list(order.hazards),
            skills=sorted(order.skills),
            priority=order.priority,
            urged=order.urged,
            lon=order.lon,
            lat=order.lat,
            accuracy_m=order.accuracy_m,
            area_class=order.area_class.value,
            received_at=order.received_at,
            assigned_at=order.assigned_at,
            accepted_at=order.accepted_at,
            en_route_at=order.en_route_at,
            arrived_at=order.arrived_at,
            completed_at=order.completed_at,
            travel_s=order.travel_s,
            travel_basis=order.travel_basis,
            why=reasons_of(order.why),
        )


class OrderFull(OrderOut):
    """An order with its history and, for an incident, what was reported."""

    steps: list[StepOut]
    incident: "IncidentOut | None" = None
    tickets: list[TicketOut] = []


class IncidentOut(BaseModel):
    """Trouble in the field with an order of its own."""

    id: int
    ticket_id: str
    district_id: str | None
    kind: str
    hazards: list[str]
    lon: float | None
    lat: float | None
    received_at: datetime
    closed_at: datetime | None
    close_reason: str | None

    @classmethod
    def of(cls, incident: Incident) -> "IncidentOut":
        """Build from the incident."""
        return cls(
            id=incident.id,
            ticket_id=incident.ticket_id,
            district_id=incident.district_id,
            kind=incident.kind,
            hazards=list(incident.hazards),
            lon=incident.lon,
            lat=incident.lat,
            received_at=incident.received_at,
            closed_at=incident.closed_at,
            close_reason=incident.close_reason,
        )


class OutageOut(OutageBrief):
    """An outage; `version` is what `If-Match` wants."""

    version: int
    district_id: str
    feeder_id: str | None
    device_id: str | None
    lon: float
    lat: float
    accuracy_m: float
    area_class: str
    opened_at: datetime
    confirmed_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    parent_id: int | None
    merged_into_id: int | None
    etr: EstimateOut | None

    @classmethod
    def full(cls, outage: Outage) -> "OutageOut":
        """Build from the outage."""
        return cls(
            **OutageBrief.of(outage).model_dump(),
            version=outage.version,
            district_id=outage.district_id,
            feeder_id=outage.feeder_id,
            device_id=outage.device.id,
            lon=outage.lon,
            lat=outage.lat,
            accuracy_m=outage.accuracy_m,
            area_class=outage.area_class.value,
            opened_at=outage.opened_at,
            confirmed_at=outage.confirmed_at,
            closed_at=outage.closed_at,
            close_reason=outage.close_reason,
            parent_id=outage.parent_id,
            merged_into_id=outage.merged_into_id,
            etr=EstimateOut.of(outage.estimate),
        )


class OutageDetail(OutageOut):
    """An outage with its callers, its scope and its order."""

    transformers_out: list[str]
    usage_points_out: list[int]
    customers_out: int
    tickets: list[TicketOut]
    order: OrderFull | None


class RankedOut(BaseModel):
    """A crew for an order: how soon, why, and what stands against it."""

    crew_id: str
    name: str
    minutes: float | None
    metres: float | None
    basis: str
    on_shift: bool
    shift_ends_at: datetime | None
    fix_age_s: float | None
    fixed_at: datetime | None
    active_order_id: int | None
    reasons: list[SayingOut]
    blockers: list[SayingOut]
    doubts: list[SayingOut]

    @classmethod
    def of(cls, ranked: RankedCrew) -> "RankedOut":
        """Build from the ranking; minutes are null where no road leads."""
        state, travel = ranked.state, ranked.travel
        reachable = travel.basis != "unreachable"
        return cls(
            crew_id=state.crew.id,
            name=state.crew.name,
            minutes=round(ranked.minutes, 1) if reachable else None,
            metres=round(travel.metres) if reachable and travel.metres is not None else None,
            basis=travel.basis,
            on_shift=state.on_shift,
            shift_ends_at=state.shift_ends_at,
            fix_age_s=None if ranked.fix_age is None else ranked.fix_age.total_seconds(),
            fixed_at=None if state.last_fix is None else state.last_fix.fixed_at,
            active_order_id=state.active_order_id,
            reasons=reasons_of(ranked.reasons),
            blockers=reasons_of(ranked.blockers),
            doubts=reasons_of(ranked.doubts),
        )


def ranked_out(ranked: Sequence[RankedCrew]) -> list[RankedOut]:
    """The ranking as clients read it."""
    return [RankedOut.of(each) for each in ranked]
