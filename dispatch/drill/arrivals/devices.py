"""What devices say of a ride: errors that hang together, sampling, clocks, and late deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from dispatch.domain.crew import PositionFix
from dispatch.domain.words import CrewId
from dispatch.drill.arrivals.city import City
from dispatch.drill.arrivals.driving import Ride
from dispatch.drill.county.frame import Ints
from gis.crs import Floats

NOON = datetime(2026, 6, 18, 4, 0, tzinfo=UTC)
Spell = tuple[float, float]


def moment(seconds: float) -> datetime:
    """A second of the drill as a time."""
    return NOON + timedelta(seconds=float(seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """How a device measures and sends.

    Attributes
    ----------
    every_s
        Between two fixes; each comes a little early or late.
    error_m
        Of a fix, one sigma in each direction; it drifts over `drift_s`.
    honest
        The radius it names, in its own error.
    pins
        Holds its place while it stands, as terminals in vehicles do.
    dark
        Spells without any fix, as in a tunnel.
    offline
        Spells without network: what was measured is sent at their end.
    clock_s
        How far its clock is ahead, negative behind.
    """

    name: str = ""
    every_s: float = 10.0
    error_m: float = 4.0
    drift_s: float = 45.0
    honest: float = 1.6
    pins: bool = False
    dark: tuple[Spell, ...] = ()
    offline: tuple[Spell, ...] = ()
    clock_s: float = 0.0


def track(
    rng: np.random.Generator, city: City, ride: Ride, device: Device, crew: str = "C1"
) -> list[PositionFix]:
    """What a device on a ride sends, WGS-84, in the order in which it measured."""
    xy = ride.xy
    times = _times(rng, len(xy), device)
    error = _errors(rng, times, device)
    pace = np.hypot(*np.gradient(xy, axis=0).T)
    places = xy[times] + error
    if device.pins:
        places = _pinned(places, pace[times])
    degrees = city.lon_lat(places).round(7)
    radius = device.error_m * device.honest * rng.uniform(0.7, 1.5, len(times))
    fixes = []
    for n, (second, (lon, lat)) in enumerate(zip(times.tolist(), degrees.tolist(), strict=True)):
        at = ride.begins_s + second
        fixes.append(
            PositionFix(
                id=f"{device.name}{crew}{n}",
                crew_id=CrewId(crew),
                lon=lon,
                lat=lat,
                fixed_at=moment(at + device.clock_s),
                received_at=moment(_delivered(at, device) + float(rng.uniform(0.3, 2.5))),
                accuracy_m=None if device.name else round(float(radius[n]), 1),
                speed_mps=round(float(abs(pace[second] + rng.normal(0, 0.2))), 1),
                device=device.name,
            )
        )
    return fixes


def _times(rng: np.random.Generator, count: int, device: Device) -> Ints:
    step = np.arange(rng.uniform(0, device.every_s), count, device.every_s)
    moved = step + rng.uniform(-0.1, 0.1, len(step)) * device.every_s
    times = np.unique(np.clip(moved, 0, count - 1).astype(np.int64))
    seen = np.ones(len(times), bool)
    for begin, end in device.dark:
        seen &= (times < begin) | (times > end)
    return times[seen]


def _errors(rng: np.random.Generator, times: Ints, device: Device) -> Floats:
    """Errors that hang together: what is off now is off by much the same in ten seconds."""
    error = np.zeros((len(times), 2))
    last = rng.normal(0, device.error_m, 2)
    for n in range(len(times)):
        gap = times[n] - times[n - 1] if n else 0.0
        keep = float(np.exp(-gap / device.drift_s))
        last = keep * last + np.sqrt(1 - keep**2) * rng.normal(0, device.error_m, 2)
        error[n] = last + rng.normal(0, 0.8, 2)
    return error


def _pinned(places: Floats, pace: Floats) -> Floats:
    held = places.copy()
    for n in range(1, len(held)):
        if pace[n] < 0.2:  # noqa: PLR2004 (it stands)
            held[n] = held[n - 1] if pace[n - 1] < 0.2 else places[n]  # noqa: PLR2004
    return held


def _delivered(at: float, device: Device) -> float:
    for begin, end in device.offline:
        if begin <= at < end:
            return end
    return at


def moved(fixes: Sequence[PositionFix], by_s: float) -> list[PositionFix]:
    """The same track so many seconds later, as if it were of another time."""
    by = timedelta(seconds=by_s)
    return [
        replace(fix, id=f"{fix.id}+", fixed_at=fix.fixed_at + by, received_at=fix.received_at + by)
        for fix in fixes
    ]
