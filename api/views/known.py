"""What is known of a caller, as clients read it."""

from datetime import datetime

from pydantic import BaseModel

from api.callers import Caller
from api.views.outages import EstimateOut, OutageBrief, PlannedBrief
from api.views.sayings import SayingOut, reasons_of
from dispatch.domain.facts import CrewProgress, ServicePoint
from dispatch.domain.words import KnownKind
from dispatch.known import KnownAnswer
from dispatch.usecases.ask_known import Known
from gis.geocode import Match

SUREST = 0.999
"""No caller is told with certainty why their light is out."""


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
    address: str
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
            address=entry.address,
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
    notice: int | None = None
    planned: PlannedBrief | None
    etr: EstimateOut | None
    crew: ProgressOut | None
    usage_point: UsagePointOut | None
    repeats: str | None
    say: SayingOut | None
    ask: SayingOut | None
    ask_bits: float | None = None
    checks: list[SayingOut]
    accounts: list[UsagePointOut] = []
    places: list[PlaceCandidate] = []

    @classmethod
    def of(cls, answer: KnownAnswer, point: ServicePoint | None, now: datetime) -> "KnownOut":
        """Build from an answer and the customer it is for."""
        outage = answer.outage
        back = answer.kind is KnownKind.RESTORED_RECENTLY  # what is still told is for the others
        return cls(
            answer=answer.kind.value,
            probability=min(round(answer.probability, 3), SUREST),
            basis=answer.basis.value,
            reasons=reasons_of(answer.reasons),
            outage=None if outage is None else OutageBrief.of(outage),
            notice=None if answer.notice is None else answer.notice.id,
            planned=None if answer.planned is None else PlannedBrief.of(answer.planned),
            etr=EstimateOut.of(outage.estimate if outage and not back else None, now),
            crew=ProgressOut.of(outage.crew if outage else None),
            usage_point=UsagePointOut.of(point),
            repeats=answer.repeats.id if answer.repeats else None,
            say=SayingOut.of(answer.say),
            ask=None if answer.ask is None else SayingOut.of(answer.ask),
            ask_bits=None if answer.ask_bits is None else round(answer.ask_bits, 3),
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
