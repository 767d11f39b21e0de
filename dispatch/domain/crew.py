"""Crews: who they are, when they work, where they were last seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.words import CrewId, DistrictId, LoanId, OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A repair crew and what it can do; its base is EPSG:4326.

    Since `retired_at` it is out of service: it is on record, and nobody sends it. `carries` are the
    parts it has aboard, by name.
    """

    id: CrewId
    name: str
    district_id: DistrictId
    skills: frozenset[str]
    base_lon: float
    base_lat: float
    phone: str = ""
    retired_at: datetime | None = None
    carries: frozenset[str] = frozenset()

    def has_skills(self, needed: frozenset[str]) -> bool:
        """Whether it has all of these; one without any on record is taken to do everything."""
        return not self.skills or needed <= self.skills


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFix:
    """One fix of a crew's device, WGS-84; `fixed_at` is the device's time, never ours.

    `device` is the tracker it came from, empty for the crew's own phone; `doubts` the sum of the
    `Doubt`s about it, 0 for a good one. `battery` is what the device had left, in per cent; it is
    kept with the newest fix alone.
    """

    id: str
    crew_id: CrewId
    lon: float
    lat: float
    fixed_at: datetime
    received_at: datetime
    accuracy_m: float | None = None
    speed_mps: float | None = None
    mock: bool = False
    device: str = ""
    doubts: int = 0
    battery: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Where a crew was asked to stand by, EPSG:4326; it ends with an order, by word, or in time.

    `place` is what the place is called, empty for one in the street.
    """

    crew_id: CrewId
    lon: float
    lat: float
    place: str
    by: str
    asked_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A crew's break, such as its meal; an order that ran into it has put it off until it ended."""

    begins_at: datetime
    ends_at: datetime

    def holds_at(self, now: datetime) -> bool:
        """Whether the crew rests at that moment."""
        return self.begins_at <= now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """To whom a crew is lent at one moment, and until when at the latest."""

    loan_id: LoanId
    to_id: DistrictId
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewState:
    """A crew as the planner sees it at one moment.

    `rest` is the break that it has now, or the next of the coming twelve hours; `to_danger` whether
    the order that it holds is one with danger to life.
    """

    crew: Crew
    on_shift: bool
    shift_ends_at: datetime | None
    last_fix: PositionFix | None
    active_order_id: OrderId | None
    lent: Lent | None = None
    rest: Rest | None = None
    to_danger: bool = False

    def rests(self, now: datetime) -> bool:
        """Whether it has its break now; one that holds an order has not."""
        return self.rest is not None and self.active_order_id is None and self.rest.holds_at(now)

    @property
    def works_for(self) -> DistrictId:
        """The district in whose plan it is, and in no other's."""
        return self.crew.district_id if self.lent is None else self.lent.to_id

    @property
    def leaves_at(self) -> datetime | None:
        """When that district loses it: its shift ends, or its loan; None for never."""
        if self.lent is None:
            return self.shift_ends_at
        ends = self.lent.until
        return ends if self.shift_ends_at is None else min(ends, self.shift_ends_at)

    def leaves_before(self, at: datetime) -> bool:
        """Whether that district loses it before then."""
        return self.leaves_at is not None and self.leaves_at < at

    def fix_age(self, now: datetime) -> timedelta | None:
        """How old the last fix is; None when there never was one."""
        return None if self.last_fix is None else now - self.last_fix.fixed_at
