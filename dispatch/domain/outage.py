"""An outage: customers without supply for one cause, from a prediction to the archive."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.phases import open_phases
from dispatch.domain.words import (
    AreaClass,
    DistrictId,
    NetworkLevel,
    OutageId,
    PlannedOutageId,
    UsagePointId,
)
from dispatch.errors import IllegalStep, InvalidInput


class OutageStatus(StrEnum):
    """How far an outage has come."""

    PREDICTED = "predicted"
    CONFIRMED = "confirmed"
    PARTIALLY_RESTORED = "partially_restored"
    RESTORED = "restored"
    CLOSED = "closed"


NEXT_STATUS: Mapping[OutageStatus, frozenset[OutageStatus]] = {
    OutageStatus.PREDICTED: frozenset(
        {
            OutageStatus.CONFIRMED,
            OutageStatus.PARTIALLY_RESTORED,
            OutageStatus.RESTORED,
            OutageStatus.CLOSED,
        }
    ),
    OutageStatus.CONFIRMED: frozenset({OutageStatus.PARTIALLY_RESTORED, OutageStatus.RESTORED}),
    OutageStatus.PARTIALLY_RESTORED: frozenset(
        {OutageStatus.PARTIALLY_RESTORED, OutageStatus.RESTORED}
    ),
    OutageStatus.RESTORED: frozenset({OutageStatus.CLOSED}),
    OutageStatus.CLOSED: frozenset(),
}


class EstimateSource(StrEnum):
    """Who says when supply will be back: a table or what was learned, or a person."""

    RULE = "rule"
    MODEL = "model"
    DISPATCHER = "dispatcher"
    CREW = "crew"


_WEIGHT: Mapping[EstimateSource, int] = {
    EstimateSource.RULE: 0,
    EstimateSource.MODEL: 0,
    EstimateSource.DISPATCHER: 1,
    EstimateSource.CREW: 2,
}
"""How much each counts; table and model follow each other as versions come and go."""


class EstimateBasis(StrEnum):
    """What an estimate that nobody entered was worked out from."""

    ASSUMED = "assumed"
    HISTORY = "history"
    PLAN = "plan"
    STORM = "storm"


class EstimateAlarm(StrEnum):
    """What was raised about an estimate, each once: it is about to pass, it has passed."""

    NONE = "none"
    EXPIRING = "expiring"
    PASSED = "passed"


class Confidence(StrEnum):
    """How sure an estimate is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedRestoration:
    """When supply is expected back, who says so and how surely.

    `at` is what people are told. Where nobody entered it, supply is back between `from_at` and
    `to_at` eight times in ten, and `basis` says what that rests on.
    """

    at: datetime
    source: EstimateSource
    confidence: Confidence
    from_at: datetime | None = None
    to_at: datetime | None = None
    basis: EstimateBasis | None = None
    said_at: datetime | None = None
    alarm: EstimateAlarm = EstimateAlarm.NONE

    @property
    def is_entered(self) -> bool:
        """Whether a person said it; no model replaces that."""
        return self.source in {EstimateSource.DISPATCHER, EstimateSource.CREW}

    def has_passed(self, now: datetime) -> bool:
        """Whether the time has gone by: it does not hold any more, and is never told as if."""
        return self.at <= now

    def outweighs(self, other: "EstimatedRestoration | None") -> bool:
        """Whether this estimate may replace `other`: a guess never replaces a crew's word."""
        return other is None or _WEIGHT[self.source] >= _WEIGHT[other.source]


DEVICE_KINDS = frozenset(
    {
        "feeder_head",
        "breaker",
        "recloser",
        "sectionaliser",
        "fuse",
        "load_break",
        "disconnector",
        "transformer",
        "service",
        "points",
        "area",
    }
)
"""What can be open, or broken where nothing opens: one home's line, or a place on no network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedDevice:
    """The device thought to have opened; `id` is None where only points are known."""

    id: str | None
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """How the customers of an outage were thought to call, when inference last looked at it.

    `share` of them will; `usual_share` do in any outage. `delay` are the parameters of how soon,
    in minutes. `single` and `transformer` are the faults a year of one home and of one transformer
    in the weather of that time. `astray` is the share of the callers filed under each other
    customer. `neighbours_out` and `neighbours_lit` are the likelihood ratios of what a caller says
    of the neighbours. `by_kind` is how many mean customers one of a kind counts for, of those kinds
    that call otherwise than the mean. `devices` may have opened, as probably as decisions take it:
    those that are told are less sure.
    """

    began_at: datetime
    share: float
    usual_share: float
    delay: Mapping[str, float]
    single: float
    transformer: float
    astray: float
    neighbours_out: float
    neighbours_lit: float
    devices: tuple[tuple[str, float], ...] = ()
    by_kind: Mapping[str, float] = field(default_factory=dict)

    def differs_from(self, other: "Calling | None", times: float = 3.0) -> bool:
        """Whether an answer to a caller would be another: a rate is so many times what it was."""
        return other is None or any(
            max(mine, theirs) > times * min(mine, theirs)
            for mine, theirs in (
                (self.share, other.share),
                (self.single, other.single),
                (self.transformer, other.transformer),
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What inference makes of an outage: each device's probability to have opened, highest first.

    `probability` is that of the outage as it is shown, `customers_out` the expected number; eight
    times in ten it is `customers_between`, None where that was not looked at. `calling` is what
    somebody who calls now is judged by.
    """

    devices: tuple[tuple[str, float], ...]
    probability: float
    customers_out: float
    customers_between: tuple[int, int] | None = None
    calling: Calling | None = None

    def differs_from(self, other: "Prediction | None", by: float = 0.05) -> bool:
        """Whether somebody would notice the change."""
        if other is None or (self.calling and self.calling.differs_from(other.calling)):
            return True
        mine, theirs = self.calling, other.calling
        held = mine is not None and theirs is not None and _differ(mine.devices, theirs.devices, by)
        apart = abs(self.probability - other.probability)
        return apart > by or held or _differ(self.devices, other.devices, by)


def _differ(
    some: Iterable[tuple[str, float]], others: Iterable[tuple[str, float]], by: float
) -> bool:
    """Whether the probability of any device is another."""
    mine, theirs = dict(some), dict(others)
    return any(
        abs(mine.get(device, 0.0) - theirs.get(device, 0.0)) > by
        for device in mine.keys() | theirs.keys()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Who is out: whole transformers, and single homes besides."""

    transformers: frozenset[str] = frozenset()
    usage_points: frozenset[UsagePointId] = frozenset()

    def __bool__(self) -> bool:
        """Whether anybody is in it."""
        return bool(self.transformers or self.usage_points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An unplanned outage; `lon, lat` is EPSG:4326, `started_at` its earliest report or trip."""

    id: OutageId
    district_id: DistrictId
    level: NetworkLevel
    feeder_id: str | None
    device: PredictedDevice
    lon: float
    lat: float
    accuracy_m: float
    area_class: AreaClass
    started_at: datetime
    opened_at: datetime
    status: OutageStatus = OutageStatus.PREDICTED
    confirmed_at: datetime | None = None
    restored_at: datetime | None = None
    closed_at: datetime | None = None
    cause: str | None = None
    phases: str | None = None
    close_reason: str | None = None
    parent_id: OutageId | None = None
    merged_into_id: OutageId | None = None
    estimate: EstimatedRestoration | None = None
    prediction: Prediction | None = None
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether somebody is, as far as known, still without supply."""
        return self.status not in {OutageStatus.RESTORED, OutageStatus.CLOSED}

    def confirm(
        self,
        at: datetime,
        device: PredictedDevice,
        cause: str | None,
        phases: str | None = None,
    ) -> "Outage":
        """Somebody saw it; what was confirmed is never overruled by a prediction.

        Without `phases`, those that are open stay what was said before of the same device; of
        another one nobody said anything yet.
        """
        if self.status is OutageStatus.PREDICTED:
            confirmed = replace(self._move(OutageStatus.CONFIRMED), confirmed_at=at)
        elif self.is_open:
            confirmed = self
        else:
            raise IllegalStep(f"a {self.status} outage cannot be confirmed", outage_id=self.id)
        of_same = self.phases if device.id == self.device.id else None
        return replace(
            confirmed,
            device=device,
            cause=cause or self.cause,
            phases=of_same if phases is None else open_phases(phases),
        )

    def predict(
        self, device: PredictedDevice, lon: float, lat: float, prediction: Prediction | None = None
    ) -> "Outage":
        """Move the prediction to another device; a confirmed one stays."""
        if self.status is not OutageStatus.PREDICTED:
            raise IllegalStep("only a prediction can be moved", outage_id=self.id)
        return replace(self, device=device, lon=lon, lat=lat, prediction=prediction)

    def expect(self, estimate: EstimatedRestoration) -> "Outage":
        """Take over a new estimate unless the one held outweighs it."""
        if not self.is_open:
            raise IllegalStep("the outage is over; nothing to estimate", outage_id=self.id)
        return replace(self, estimate=estimate) if estimate.outweighs(self.estimate) else self

    def raise_alarm(self, alarm: EstimateAlarm) -> "Outage":
        """Note that it was said of the estimate that it is about to pass, or that it has."""
        if self.estimate is None or self.estimate.alarm is alarm or not self.is_open:
            raise IllegalStep("there is no estimate to raise this about", outage_id=self.id)
        return replace(self, estimate=replace(self.estimate, alarm=alarm))

    def restore_some(self) -> "Outage":
        """Part of the customers have light again."""
        return self._move(OutageStatus.PARTIALLY_RESTORED)

    def restore_all(self, at: datetime, cause: str | None = None) -> "Outage":
        """The last customers have light again."""
        if at < self.started_at:
            raise InvalidInput(
                "restored_at", at.isoformat(), f"a time after {self.started_at.isoformat()}"
            )
        moved = self._move(OutageStatus.RESTORED)
        return replace(moved, restored_at=at, cause=cause or self.cause)

    def close(self, at: datetime, reason: str | None = None) -> "Outage":
        """Archive it."""
        return replace(self._move(OutageStatus.CLOSED), closed_at=at, close_reason=reason)

    def is_same_fault_as(self, other: "Outage") -> bool:
        """Whether two open outages were confirmed with one device: it can be open only once."""
        seen = {self.status, other.status} <= {
            OutageStatus.CONFIRMED,
            OutageStatus.PARTIALLY_RESTORED,
        }
        return seen and self.device.id is not None and self.device.id == other.device.id

    def merge_into(self, other: "Outage", at: datetime, reason: str) -> "Outage":
        """End this prediction, or second sight of the same open device, as a part of `other`.

        What has given some customers light again has a story of its own and does not end so.
        """
        twin = self.status is OutageStatus.CONFIRMED and self.is_same_fault_as(other)
        if not other.is_open or not (self.status is OutageStatus.PREDICTED or twin):
            raise IllegalStep(
                "only a prediction, or an outage confirmed with the same device, can become part"
                " of another",
                outage_id=self.id,
                into=other.id,
            )
        return replace(
            self,
            status=OutageStatus.CLOSED,
            closed_at=at,
            close_reason=reason,
            merged_into_id=other.id,
        )

    def _move(self, to: OutageStatus) -> "Outage":
        if to not in NEXT_STATUS[self.status]:
            raise IllegalStep(
                f"an outage that is {self.status} cannot become {to}",
                outage_id=self.id,
                status=self.status.value,
            )
        return replace(self, status=to)


PLANNED_LATE = timedelta(hours=4)
"""Assumption: so long past its planned end, work still explains who is out by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOutage:
    """Supply cut on purpose, announced before."""

    id: PlannedOutageId
    district_id: DistrictId
    feeder_id: str | None
    reason: str
    starts_at: datetime
    ends_at: datetime
    transformers: frozenset[str]
    notified_at: datetime | None = None
    cancelled_at: datetime | None = None
    ended_at: datetime | None = None
    overdue_at: datetime | None = None
    reminded_at: datetime | None = None
    version: int = 0

    def remind(self, at: datetime) -> "PlannedOutage":
        """Important customers were told again, shortly before the cut."""
        if self.cancelled_at or self.reminded_at or at >= self.starts_at:
            raise IllegalStep("only before planned work begins, and once, is anybody reminded")
        return replace(self, reminded_at=at)

    def run_late(self, at: datetime) -> "PlannedOutage":
        """Its planned end has passed and nobody has said that supply is back."""
        if self.cancelled_at or self.ended_at or self.overdue_at or at <= self.ends_at:
            raise IllegalStep("only a planned outage under way can run late, and only once")
        return replace(self, overdue_at=at)

    def cancel(self, at: datetime) -> "PlannedOutage":
        """Call it off before it starts."""
        if self.cancelled_at or self.ended_at or at >= self.starts_at:
            raise IllegalStep("only a planned outage that has not begun can be cancelled")
        return replace(self, cancelled_at=at)

    def end(self, at: datetime) -> "PlannedOutage":
        """Supply is back."""
        if self.cancelled_at or self.ended_at or at <= self.starts_at:
            raise IllegalStep("only a planned outage under way can end")
        return replace(self, ended_at=at)
