"""One order, one drive to its place, and what is asked of the evidence afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from dispatch.domain.arrival import Companion, Site
from dispatch.domain.crew import PositionFix
from dispatch.drill.arrivals.city import City
from dispatch.drill.arrivals.devices import Device, track
from dispatch.drill.arrivals.driving import Ride
from gis.crs import Floats

SENT_S = 60.0
FARTHEST_M, NEAREST_M = 9_000.0, 1_500.0


class Asked(StrEnum):
    """What the evidence has to make of a kind of case.

    `confirm` it within two minutes of dwell; `refuse` it at every moment; `late`: a true arrival
    that may take longer; `silent`: a true arrival that positions cannot prove, so that to refuse
    it is right; `beyond`: a false one that positions cannot tell from a true one.
    """

    CONFIRM = "confirm"
    REFUSE = "refuse"
    LATE = "late"
    SILENT = "silent"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Fixes and a claim, and the truth; seconds of the drill.

    `arrived_s` is when the crew came to the place, None if it never did; `settled_s` when it stood
    there, if that was later.
    """

    site: Site
    fixes: Sequence[PositionFix]
    arrived_s: float | None
    claimed_s: float | None
    settled_s: float | None = None
    sent_s: float = SENT_S
    others: tuple[Companion, ...] = ()
    earlier: tuple[PositionFix, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of case: what it is called, what is asked, why if not plainly, and how it is made."""

    name: str
    asked: Asked
    make: "Callable[[Scene], Case]"
    why: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A drive to a place in a city: from standing somewhere to standing there, and on."""

    rng: np.random.Generator
    city: City
    line: Floats
    usual_s: float
    pace_mps: float
    onward: Floats
    waits_s: float
    works_s: float

    @property
    def parked(self) -> Floats:
        """Where the vehicle stops, metres."""
        return np.asarray(self.line[-1])

    def ride(self, *, works_s: float | None = None, walking_m: float = 8.0) -> tuple[Ride, float]:
        """The honest ride, and the second at which it stood at the place."""
        ride = Ride(self.rng, 0.0).stand(self.line[0], self.waits_s)
        ride.drive(self.line, self.pace_mps)
        arrived_s = ride.now_s
        ride.stand(self.parked, self.works_s if works_s is None else works_s, walking_m=walking_m)
        ride.drive(self.onward, self.pace_mps)
        return ride, arrived_s

    def site(self, *, off_m: tuple[float, float] = (5.0, 35.0), accuracy_m: float = 15.0) -> Site:
        """The place of the order as it is on record, so far from where the vehicle stops."""
        return self.site_at(self.parked, off_m=off_m, accuracy_m=accuracy_m)

    def site_at(
        self, place: Floats, *, off_m: tuple[float, float], accuracy_m: float = 15.0
    ) -> Site:
        """A place so far from another one, in any direction."""
        angle, off = self.rng.uniform(0, 2 * np.pi), self.rng.uniform(*off_m)
        xy = place + off * np.array([np.cos(angle), np.sin(angle)])
        ((lon, lat),) = self.city.lon_lat(xy[None, :]).tolist()
        return Site(lon=lon, lat=lat, accuracy_m=accuracy_m)

    def track(self, ride: Ride, crew: str = "C1", **device: Any) -> list[PositionFix]:  # noqa: ANN401 (fields of Device)
        """What a device on the ride sends."""
        return track(self.rng, self.city, ride, Device(**device), crew)

    def presses(self, arrived_s: float) -> float:
        """When the crew presses the button: as it stops, or a little later."""
        return arrived_s + float(self.rng.uniform(-15, 90))

    def case(self, **facts: Any) -> Case:  # noqa: ANN401 (fields of Case)
        """A case in this scene."""
        return Case(**facts)

    def lon_lat(self, xy: Floats) -> tuple[float, float]:
        """One place of the plane in degrees."""
        ((lon, lat),) = self.city.lon_lat(np.asarray(xy)[None, :]).tolist()
        return lon, lat


def a_scene(city: City, rng: np.random.Generator) -> Scene:
    """A drive of some kilometres between two random places, and one on from there."""
    while True:
        start, end, away = (city.somewhere(rng) for _ in range(3))
        near_m = float(np.hypot(*(city.xy(start) - city.xy(end))))
        there, on = city.way(start, end), city.way(end, away)
        if there is None or on is None or not NEAREST_M < near_m < FARTHEST_M:
            continue
        if float(np.hypot(*(city.xy(away) - city.xy(end)))) < NEAREST_M / 2 or len(on[0]) < 3:  # noqa: PLR2004
            continue
        line, seconds = there
        metres = float(np.hypot(*np.diff(line, axis=0).T).sum())
        return Scene(
            rng=rng,
            city=city,
            line=line,
            usual_s=seconds,
            pace_mps=metres / seconds * float(rng.uniform(0.7, 1.0)),
            onward=on[0],
            waits_s=float(rng.uniform(120, 300)),
            works_s=float(rng.uniform(900, 2100)),
        )
