"""Where crews are, what says so, and how long they drive."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.crew import PositionFix
from dispatch.domain.eta import DoorEta, OnTheWay
from dispatch.domain.tracking import Duty, Extent, Tracker
from dispatch.domain.words import (
    CrewId,
    DistrictId,
    OrderId,
)


class Positions(Protocol):
    """What is known of positions beside the fixes themselves."""

    def duty(self, crew_ids: Collection[CrewId], since: datetime, until: datetime) -> Duty:
        """When these crews were at work: on shift, or on an order."""
        ...

    def extents(self, crew_ids: Collection[CrewId]) -> Mapping[CrewId, Extent]:
        """The boxes around the crews' districts, of those that have a boundary."""
        ...

    def last_of_devices(
        self, keys: Collection[tuple[CrewId, str]]
    ) -> Mapping[tuple[CrewId, str], PositionFix]:
        """The newest good fix of each of these crews' devices."""
        ...

    def list_jumps(
        self, crew_id: CrewId, device: str, since: datetime, until: datetime, most: int
    ) -> Sequence[PositionFix]:
        """A device's latest fixes between two moments that were taken for jumps, by time."""
        ...

    def list_last(self, districts: Collection[DistrictId] | None) -> Sequence[PositionFix]: ...
    def with_orders(self, crew_ids: Collection[CrewId], since: datetime) -> Sequence[CrewId]:
        """Those of the crews that hold an order, or completed or passed one on after `since`."""
        ...


class Etas(Protocol):
    """When crews on their way are expected at the door."""

    def list_on_the_way(self, crew_ids: Collection[CrewId]) -> Sequence[OnTheWay]:
        """Those of the crews that drive and were seen since the last reckoning."""
        ...

    def save(self, eta: DoorEta, district_id: DistrictId | None) -> None:
        """Keep it in the place of the last one, and tell live screens."""
        ...

    def find(self, order_id: OrderId) -> DoorEta | None:
        """The one that holds; None while nobody is on the way or has been seen on it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerCount:
    """How many messages of an enrolled device met one fate (`taken`, or why not), and when last."""

    tracker_id: str
    what: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownTracker:
    """A device that is not enrolled, and how often it called."""

    wire: str
    device: str
    count: int
    first_at: datetime
    last_at: datetime


class Trackers(Protocol):
    """Devices that may say where a crew is."""

    def find(self, tracker_id: str) -> Tracker | None: ...
    def get(self, tracker_id: str) -> Tracker: ...
    def list_all(self) -> Sequence[Tracker]: ...
    def list_of_vehicle(self, vehicle: str) -> Sequence[Tracker]: ...
    def save(self, tracker: Tracker) -> None:
        """Add or change a device with its bindings."""
        ...

    def count(self, counts: Sequence[TrackerCount], seen: Mapping[str, datetime]) -> None: ...
    def count_unknown(self, unknown: Sequence[UnknownTracker]) -> None: ...
    def list_counts(self) -> Sequence[TrackerCount]: ...
    def list_seen(self) -> Mapping[str, datetime]: ...
    def list_unknown(self) -> Sequence[UnknownTracker]: ...


@dataclass(frozen=True, slots=True)
class Travel:
    """How long a crew drives: `basis` is `road`, `straight_line` (declared) or `unreachable`.

    `on_foot_m` lie between a road and the places at both ends; the walk is in the time.
    """

    seconds: float
    metres: float | None
    basis: str
    on_foot_m: float = 0.0


class TravelTimes(Protocol):
    """Road times between places, each (lon, lat)."""

    @property
    def version(self) -> Hashable:
        """Changes whenever any time may have changed: other roads, closures, hours."""
        ...

    def travel_to(
        self, lon: float, lat: float, origins: Sequence[tuple[float, float]]
    ) -> Sequence[Travel]:
        """How long it takes from each place to one, and what that rests on."""
        ...

    def minutes(
        self, starts: Sequence[tuple[float, float]], ends: Sequence[tuple[float, float]]
    ) -> NDArray[np.float32]:
        """The minutes from each of n places to each of m, shape (n, m), as `travel_to` has them.

        Infinite where no road leads. Which of them rest on a straight line `travel_to` says, and it
        is asked before a crew is sent.
        """
        ...

    def least_s(
        self, start: tuple[float, float, float], end: tuple[float, float, float]
    ) -> float | None:
        """The least drive from anywhere in one circle (lon, lat, metres) to anywhere in another.

        Seconds; infinite where no open way joins them, None where roads are not known.
        """
        ...

    def off_road_m(self, places: Sequence[tuple[float, float]]) -> Sequence[float] | None:
        """How far each place is from the nearest road, metres; None where no roads are known."""
        ...
