"""Crews: who they are, when they work, where they were last seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.words import CrewId, DistrictId, OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A repair crew and what it can do; its base is EPSG:4326."""

    id: CrewId
    name: str
    district_id: DistrictId
    skills: frozenset[str]
    base_lon: float
    base_lat: float
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFix:
    """One fix of a crew's device, WGS-84; `fixed_at` is the device's time, never ours.

    `device` is the tracker it came from, empty for the crew's own phone; `doubts` the sum of the
    `Doubt`s about it, 0 for a good one.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewState:
    """A crew as the planner sees it at one moment."""

    crew: Crew
    on_shift: bool
    shift_ends_at: datetime | None
    last_fix: PositionFix | None
    active_order_id: OrderId | None

    def fix_age(self, now: datetime) -> timedelta | None:
        """How old the last fix is; None when there never was one."""
        return None if self.last_fix is None else now - self.last_fix.fixed_at
