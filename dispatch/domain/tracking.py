"""Positions as evidence: which devices may speak for whom, when, and what is doubtful in it.

A device says where a crew is only while the crew is at work (on shift, or on an order); what it
says otherwise is nobody's business and is dropped. What cannot be true is kept and marked: a track
that leaves out its own errors proves less than one that shows them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntFlag, StrEnum
from itertools import pairwise
from math import cos, radians

from dispatch.domain.crew import PositionFix
from dispatch.domain.words import CrewId
from gis.crs import Datum, distance_m

Period = tuple[datetime, datetime]

METRES_A_DEGREE = 111_320.0
"""Of latitude at most, and of longitude at the equator (WGS-84)."""


class Wire(StrEnum):
    """How a device talks."""

    TRACCAR = "traccar"
    OSMAND = "osmand"
    OWNTRACKS = "owntracks"
    GPSLOGGER = "gpslogger"
    JT808 = "jt808"


class Doubt(IntFlag):
    """Why a fix is not believed; stored as their sum."""

    NULL_ISLAND = 1
    AHEAD = 2
    FAR = 4
    JUMP = 8
    FROZEN = 16

    @property
    def words(self) -> tuple[str, ...]:
        """The single doubts, as they are shown."""
        if not self:
            return ()
        return tuple(each.name.lower() for each in type(self) if each in self and each.name)


NO_DOUBT = Doubt(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """For whom a device speaks since a moment; None: for nobody."""

    since: datetime
    crew_id: CrewId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """An enrolled device.

    `device` is what it calls itself on its wire, `datum` the datum it gives positions in,
    `terminal` the terminal id of a JT/T 808 unit, held to since its first registration, and
    `bindings` say for which crew it speaks, oldest first.
    """

    wire: Wire
    device: str
    label: str
    vehicle: str | None
    datum: Datum
    digest: bytes
    terminal: str | None
    enrolled_at: datetime
    revoked_at: datetime | None
    bindings: tuple[Binding, ...]

    @property
    def id(self) -> str:
        """Its name in this house, such as `jt808:13800001234`."""
        return tracker_id(self.wire, self.device)

    @property
    def crew_id(self) -> CrewId | None:
        """For whom it speaks now."""
        return self.bindings[-1].crew_id if self.bindings else None

    def bound_to(self, crew_id: CrewId | None, since: datetime) -> "Tracker":
        """The same device, speaking for that crew from a moment on."""
        earlier = tuple(each for each in self.bindings if each.since < since)
        return replace(self, bindings=(*earlier, Binding(since=since, crew_id=crew_id)))

    def crew_at(self, at: datetime) -> CrewId | None:
        """For whom it spoke at a moment: a late fix belongs to whoever drove the vehicle then."""
        if self.bindings and self.bindings[-1].since <= at:  # as of nearly every fix
            return self.bindings[-1].crew_id
        place = bisect_right(self.bindings, at, key=lambda binding: binding.since)
        return self.bindings[place - 1].crew_id if place else None


def tracker_id(wire: Wire, device: str) -> str:
    """The name of a device in this house."""
    return f"{wire}:{device}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingPolicy:
    """What is believed of a device; assumptions until a utility sets its own.

    Attributes
    ----------
    oldest
        An older fix is dropped: its day's partition may be gone, and no order waits for it.
    ahead
        How far a device's clock may be ahead of ours.
    fastest_mps
        Nothing on the road is faster; 162 km/h.
    slack_m
        What is never called a jump: the error of two good fixes.
    far_m
        How far outside the box around its district a crew may work.
    frozen_m
        How far a device may say to have driven without its coordinates changing at all.
    longest_step
        Two fixes farther apart in time tell nothing about the way between.
    agreeing
        So many fixes in a row that fit each other, and not the last believed one, show that this
        one was wrong.
    on_duty_only
        Drop what a crew's device says while the crew is neither on shift nor on an order.
    """

    oldest: timedelta = timedelta(days=31)
    ahead: timedelta = timedelta(minutes=5)
    fastest_mps: float = 45.0
    slack_m: float = 150.0
    far_m: float = 100_000.0
    frozen_m: float = 300.0
    longest_step: timedelta = timedelta(minutes=2)
    agreeing: int = 3
    on_duty_only: bool = True


@dataclass(frozen=True, slots=True)
class Extent:
    """The box around a district, degrees EPSG:4326."""

    west: float
    south: float
    east: float
    north: float

    def away_m(self, lon: float, lat: float) -> float:
        """How far outside the box a position lies, metres; 0 inside. Good enough for `far`."""
        north = max(self.south - lat, 0.0, lat - self.north) * METRES_A_DEGREE
        degrees_east = max(self.west - lon, 0.0, lon - self.east)
        east = degrees_east * METRES_A_DEGREE * max(cos(radians(lat)), 0.0)
        return max(north, east)


class Duty:
    """When each crew is at work: periods, start included, end not."""

    def __init__(self, periods: Mapping[CrewId, Iterable[Period]]) -> None:
        self._periods = {crew_id: _joined(spans) for crew_id, spans in periods.items()}

    def covers(self, crew_id: CrewId, at: datetime) -> bool:
        """Whether the crew was at work at that moment."""
        spans = self._periods.get(crew_id, ())
        place = bisect_right(spans, at, key=lambda span: span[0])
        return place > 0 and at < spans[place - 1][1]


def _joined(spans: Iterable[Period]) -> tuple[Period, ...]:
    joined: list[Period] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def standing_doubt(fix: PositionFix, extent: Extent | None, policy: TrackingPolicy) -> Doubt:
    """What is wrong with a fix taken by itself."""
    doubt = NO_DOUBT
    if abs(fix.lon) < 1e-3 and abs(fix.lat) < 1e-3:  # noqa: PLR2004 (a hundred metres about 0/0)
        doubt |= Doubt.NULL_ISLAND
    if fix.fixed_at > fix.received_at + policy.ahead:
        doubt |= Doubt.AHEAD
    if extent is not None and extent.away_m(fix.lon, fix.lat) > policy.far_m:
        doubt |= Doubt.FAR
    return doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What is believed of one device: its last good fix, and the jumps since, newest last."""

    last: PositionFix | None = None
    unmoved_m: float = 0.0
    jumps: tuple[PositionFix, ...] = field(default=())

    def fits(self, fix: PositionFix, policy: TrackingPolicy) -> bool:
        """Whether a vehicle can have been at the last good fix and at this one."""
        return self.last is None or reachable(self.last, fix, policy)

    def after(self, fix: PositionFix, policy: TrackingPolicy) -> tuple["Track", Doubt]:
        """The track with one more fix, and what is doubtful about it; late fixes move nothing."""
        fits = self.fits(fix, policy)
        if self.last is None:
            return Track(last=fix), NO_DOUBT
        if fix.fixed_at <= self.last.fixed_at:
            return self, NO_DOUBT if fits else Doubt.JUMP
        if fits:
            unmoved_m = _unmoved_m(self, self.last, fix, policy)
            frozen = unmoved_m >= policy.frozen_m
            return Track(last=fix, unmoved_m=unmoved_m), Doubt.FROZEN if frozen else NO_DOUBT
        line = (*self.jumps[1 - policy.agreeing :], fix)
        if len(line) >= policy.agreeing and all(reachable(a, b, policy) for a, b in pairwise(line)):
            return Track(last=fix), NO_DOUBT
        return replace(self, jumps=line), Doubt.JUMP


def _unmoved_m(track: Track, last: PositionFix, fix: PositionFix, policy: TrackingPolicy) -> float:
    """How far the device says to have driven while it gave the very same coordinates."""
    if (fix.lon, fix.lat) != (last.lon, last.lat) or not fix.speed_mps:
        return 0.0
    step = min(fix.fixed_at - last.fixed_at, policy.longest_step)
    return track.unmoved_m + fix.speed_mps * step.total_seconds()


def reachable(one: PositionFix, other: PositionFix, policy: TrackingPolicy) -> bool:
    """Whether a vehicle can have been at both, in whichever order of time."""
    slack_m = policy.slack_m + (one.accuracy_m or 0.0) + (other.accuracy_m or 0.0)
    seconds = abs((other.fixed_at - one.fixed_at).total_seconds())
    allowed_m = slack_m + policy.fastest_mps * seconds
    degrees = abs(other.lon - one.lon) + abs(other.lat - one.lat)
    if degrees * METRES_A_DEGREE <= allowed_m:  # never less than the true distance
        return True
    return distance_m(one.lon, one.lat, other.lon, other.lat) <= allowed_m


def doubted(
    fixes: Sequence[PositionFix], track: Track, extent: Extent | None, policy: TrackingPolicy
) -> tuple[list[PositionFix], Track]:
    """One device's fixes with what is doubtful about each, in order of device time.

    Parameters
    ----------
    fixes
        Of one device, any order.
    track
        What was believed before them.
    extent
        Of the crew's district; None where it has no boundary.
    policy
        The limits.

    Returns
    -------
    fixes, track
        The fixes with `doubts`, and what is believed after them.
    """
    marked: list[PositionFix] = []
    for fix in sorted(fixes, key=lambda each: (each.fixed_at, each.id)):
        doubt = standing_doubt(fix, extent, policy)
        if not doubt:
            track, doubt = track.after(fix, policy)
        marked.append(replace(fix, doubts=doubt) if doubt else fix)
    return marked, track
