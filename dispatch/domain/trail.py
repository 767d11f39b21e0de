"""A device's track as seen from a site: in metres, in order, its clock set right, spikes left out.

The plane touches the Earth at the site: x metres east, y metres north of it, true to a few metres
within tens of kilometres, which is all that an arrival asks.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, hypot, radians
from statistics import median

from dispatch.domain.crew import PositionFix
from dispatch.domain.tracking import Doubt
from gis.crs import EARTH_RADIUS_M

METRES_A_RADIAN = radians(1.0) * EARTH_RADIUS_M


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailPolicy:
    """What a track is read with; assumptions until a utility sets its own.

    Attributes
    ----------
    plain_accuracy_m, least_accuracy_m, worst_accuracy_m
        The radius of a fix that names none, the least that is believed, and from which on a fix
        says nothing.
    fastest_mps
        Nothing on the road is faster; 162 km/h.
    skew_from
        A clock less wrong than this is not worth naming.
    lag_to
        A clock behind by less may as well be a device that sends late: the interval holds both.
    skew_spread
        So evenly must a clock be wrong to be taken for wrong.
    fewest_deliveries, shortest_spell
        Fewer, or less time, say nothing of the clock.
    """

    plain_accuracy_m: float = 20.0
    least_accuracy_m: float = 3.0
    worst_accuracy_m: float = 200.0
    fastest_mps: float = 45.0
    skew_from: timedelta = timedelta(seconds=20)
    lag_to: timedelta = timedelta(minutes=3)
    skew_spread: timedelta = timedelta(seconds=15)
    fewest_deliveries: int = 4
    shortest_spell: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a device was: metres from the site, within `radius_m`.

    It was there at `at`, by its clock as far as that could be set right: certainly not before
    `early` nor after `late`.
    """

    at: datetime
    early: datetime
    late: datetime
    x: float
    y: float
    radius_m: float
    fix: PositionFix

    @property
    def away_m(self) -> float:
        """The distance from the site."""
        return hypot(self.x, self.y)

    def apart_m(self, other: "Sighting") -> float:
        """The distance from another sighting."""
        return hypot(self.x - other.x, self.y - other.y)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """One device's sightings in order of time, what was left out by reason, and its clock.

    `skews` are the errors of its clock that were set right, behind positive, in seconds.
    """

    device: str
    seen: tuple[Sighting, ...]
    left_out: Counter[str]
    skews: tuple[float, ...]
    mocked: tuple[datetime, ...]


def trails(
    lon: float, lat: float, fixes: Iterable[PositionFix], policy: TrailPolicy
) -> list[Trail]:
    """Read the fixes of a crew, any order and device, as tracks around a site (EPSG:4326).

    A fix that is given twice counts once. Empty gives empty.
    """
    of_device: dict[str, dict[object, PositionFix]] = defaultdict(dict)
    for fix in fixes:
        of_device[fix.device].setdefault((fix.fixed_at, fix.lon, fix.lat), fix)
    return [
        _trail(lon, lat, device, list(of_device[device].values()), policy)
        for device in sorted(of_device)
    ]


def _trail(
    lon: float, lat: float, device: str, fixes: list[PositionFix], policy: TrailPolicy
) -> Trail:
    left_out: Counter[str] = Counter()
    good: list[PositionFix] = []
    for fix in fixes:
        wrong = _wrong(fix, policy)
        if wrong is None:
            good.append(fix)
        else:
            left_out[wrong] += 1
    skews = _skews(good, policy)
    seen = sorted(
        (_sighting(lon, lat, fix, skews.get(fix.received_at, 0.0), policy) for fix in good),
        key=lambda each: (each.at, each.fix.id),
    )
    possible = [s for s in seen if s.at <= s.fix.received_at + policy.skew_from]
    left_out["clock_ahead"] += len(seen) - len(possible)
    smooth = _without_spikes(possible, policy)
    left_out["spikes"] += len(possible) - len(smooth)
    return Trail(
        device=device,
        seen=tuple(smooth),
        left_out=+left_out,
        skews=tuple(sorted({skew for skew in skews.values() if skew})),
        mocked=tuple(sorted(fix.fixed_at for fix in fixes if fix.mock)),
    )


def _wrong(fix: PositionFix, policy: TrailPolicy) -> str | None:
    """Why a fix may not speak at all; one dated ahead may, if its clock can be set right."""
    if fix.mock:
        return "mock"
    if Doubt(fix.doubts) & ~Doubt.AHEAD:
        return "doubtful"
    if (fix.accuracy_m or 0.0) > policy.worst_accuracy_m:
        return "vague"
    return None


def _sighting(
    lon: float, lat: float, fix: PositionFix, skew_s: float, policy: TrailPolicy
) -> Sighting:
    said = policy.plain_accuracy_m if fix.accuracy_m is None else fix.accuracy_m
    lag = timedelta(seconds=skew_s)
    corrected = lag > policy.lag_to or lag < timedelta(0)
    at = fix.fixed_at + lag if corrected else fix.fixed_at
    x, y = plane(lon, lat, fix.lon, fix.lat)
    return Sighting(
        at=at,
        early=at - policy.skew_spread if corrected else at,
        late=at + (policy.skew_spread if corrected else lag),
        x=x,
        y=y,
        radius_m=max(said, policy.least_accuracy_m),
        fix=fix,
    )


def plane(lon: float, lat: float, at_lon: float, at_lat: float) -> tuple[float, float]:
    """Metres east and north of (lon, lat), all EPSG:4326."""
    return (
        (at_lon - lon) * METRES_A_RADIAN * cos(radians(lat)),
        (at_lat - lat) * METRES_A_RADIAN,
    )


def _skews(fixes: Sequence[PositionFix], policy: TrailPolicy) -> dict[datetime, float]:
    """By how many seconds the device's clock was behind, for each delivery; 0 for right.

    A delivery is what was received at one moment. Its newest fix was on its way for so long, plus
    or minus the error of the clock. What waited in a dead zone waited unequally long; only a
    wrong clock is wrong by the same in delivery after delivery.
    """
    newest: dict[datetime, datetime] = {}
    for fix in fixes:
        newest[fix.received_at] = max(fix.fixed_at, newest.get(fix.received_at, fix.fixed_at))
    found: dict[datetime, float] = {}
    for spell in _spells(sorted(newest.items()), policy):
        delays = [delay for _, delay in spell]
        steady = (
            len(spell) >= policy.fewest_deliveries
            and spell[-1][0] - spell[0][0] >= policy.shortest_spell
        )
        skew_s = median(delays) if steady else 0.0
        wrong = abs(skew_s) > policy.skew_from.total_seconds()
        found.update(dict.fromkeys((at for at, _ in spell), skew_s if wrong else 0.0))
    return found


def _spells(
    deliveries: Sequence[tuple[datetime, datetime]], policy: TrailPolicy
) -> list[list[tuple[datetime, float]]]:
    """Deliveries in order of receipt, with their delays, in runs of much the same delay."""
    spells: list[list[tuple[datetime, float]]] = []
    for received_at, fixed_at in deliveries:
        delay = (received_at - fixed_at).total_seconds()
        if spells and abs(delay - spells[-1][-1][1]) <= policy.skew_spread.total_seconds():
            spells[-1].append((received_at, delay))
        else:
            spells.append([(received_at, delay)])
    return spells


def _without_spikes(seen: Sequence[Sighting], policy: TrailPolicy) -> list[Sighting]:
    """Leave out single sightings that neither neighbour can have led to while they fit."""
    return [
        each
        for n, each in enumerate(seen)
        if not (
            0 < n < len(seen) - 1
            and _fits(seen[n - 1], seen[n + 1], policy)
            and not _fits(seen[n - 1], each, policy)
            and not _fits(each, seen[n + 1], policy)
        )
    ]


def _fits(one: Sighting, other: Sighting, policy: TrailPolicy) -> bool:
    seconds = (other.at - one.at).total_seconds()
    return one.apart_m(other) - one.radius_m - other.radius_m <= policy.fastest_mps * seconds
