"""Outages, planned or not, as clients read them."""

from datetime import datetime

from pydantic import BaseModel

from dispatch.domain.facts import OutageNearby, PlannedNearby
from dispatch.domain.outage import EstimatedRestoration, Outage, PlannedOutage, Prediction
from dispatch.store.reads.still_dark import DarkFor


class EstimateOut(BaseModel):
    """When supply is expected back, who says so and how surely.

    Once `passed`, `at` is when it *was* expected; nothing holds until somebody says anew. `between`
    holds eight times in ten and is null for what a person entered.
    """

    at: datetime
    source: str
    confidence: str
    between: tuple[datetime, datetime] | None = None
    basis: str | None = None
    said_at: datetime | None = None
    passed: bool = False

    @classmethod
    def of(cls, estimate: EstimatedRestoration | None, now: datetime) -> "EstimateOut | None":
        """Build from the estimate, if there is one, as it stands now."""
        if estimate is None:
            return None
        begin, end = estimate.from_at, estimate.to_at
        return cls(
            at=estimate.at,
            source=estimate.source.value,
            confidence=estimate.confidence.value,
            between=None if begin is None or end is None else (begin, end),
            basis=None if estimate.basis is None else estimate.basis.value,
            said_at=estimate.said_at,
            passed=estimate.has_passed(now),
        )


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
    def of(cls, outage: Outage | OutageNearby) -> "OutageBrief":
        """Build from the outage itself, or from what is on record around a caller."""
        return cls(
            id=outage.id,
            status=outage.status.value,
            level=outage.level.value,
            device_kind=outage.device.kind,
            device_name=outage.device.name,
            started_at=outage.started_at,
            restored_at=outage.restored_at,
            cause=outage.cause,
            reports=outage.reports if isinstance(outage, OutageNearby) else None,
        )


class DeviceChance(BaseModel):
    """A device and the probability that it has opened."""

    id: str
    probability: float


class PredictionOut(BaseModel):
    """What inference makes of an outage; devices the most probable first."""

    devices: list[DeviceChance]
    probability: float
    customers_out: float
    customers_between: tuple[int, int] | None

    @classmethod
    def of(cls, prediction: Prediction | None) -> "PredictionOut | None":
        """Build from the prediction, if inference was used."""
        if prediction is None:
            return None
        return cls(
            devices=[DeviceChance(id=i, probability=p) for i, p in prediction.devices],
            probability=prediction.probability,
            customers_out=prediction.customers_out,
            customers_between=prediction.customers_between,
        )


class OutageOut(OutageBrief):
    """An outage; `version` is what `If-Match` wants."""

    version: int
    district_id: str
    feeder_id: str | None
    device_id: str | None
    phases: str | None
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
    prediction: PredictionOut | None

    @classmethod
    def full(cls, outage: Outage, now: datetime) -> "OutageOut":
        """Build from the outage."""
        return cls(
            **OutageBrief.of(outage).model_dump(),
            version=outage.version,
            district_id=outage.district_id,
            feeder_id=outage.feeder_id,
            device_id=outage.device.id,
            phases=outage.phases,
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
            etr=EstimateOut.of(outage.estimate, now),
            prediction=PredictionOut.of(outage.prediction),
        )


class DarkForOut(BaseModel):
    """An outage that keeps customers dark whose own fault was repaired elsewhere."""

    outage_id: int
    device_name: str
    transformers: list[str]
    customers: int

    @classmethod
    def of(cls, dark: DarkFor) -> "DarkForOut":
        """Build from what was read."""
        return cls(
            outage_id=dark.id,
            device_name=dark.device_name,
            transformers=list(dark.transformers),
            customers=dark.customers,
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
