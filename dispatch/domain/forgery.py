"""Why a track may not be what it says: set by hand, made up, played again, or another crew's.

Each test asks one question of the sightings around a stay and answers with a reason, or with None.
A forger who makes up honest-looking errors is not found out by these; a second device is.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise, repeat
from math import hypot
from statistics import median

from dispatch.domain.crew import PositionFix
from dispatch.domain.reasons import written
from dispatch.domain.stay import Stay
from dispatch.domain.trail import Sighting, Trail, plane
from gis.crs import Datum, to_wgs84

Place = tuple[float, float]
OffRoad = Callable[[Sequence[Place]], Sequence[float] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeryPolicy:
    """From when on a track is not believed; assumptions until a utility sets its own.

    Attributes
    ----------
    approach
        How long before a stay the way to it is looked at.
    moved_m
        A step shorter than this is no driving.
    even_m, even_share, even_fewest, even_over_s
        A way made by ruler and clock: its places lie so near to the middle between their
        neighbours, in so large a share of at least so many pairs of steps, each pair at least so
        long. A driver who changes speed by 0.1 m/s in ten seconds is off by a metre, and the
        receiver's error comes on top.
    pace_within, pace_share, pace_fewest
        The same where it follows the roads: such a share of at least so many steps at one pace.
    frozen_fewest, frozen_share
        A phone that gives the very same coordinates so often stands still by setting; they are
        looked at where they make up such a share of a stay.
    came_within
        So shortly before its place is held a terminal has to be seen.
    driving_mps
        A device that says it drives faster is not standing.
    replayed_fewest
        So many steps that were made before, to the last digit and in the same time, are no chance.
    together_m, together_share
        Two devices that were so near each other at such a share of the sightings on the way and of
        the stay were in one vehicle.
    same_moment_s, usual_mps, together_within_s
        Fixes so near in time are of one moment, but for so many metres a second between them; who
        stood still between two fixes so near in time was there all the while.
    off_road_fewest, off_road_share
        The datum is asked of at least so many sightings on the way. Most of them lie within some
        distance of roads; a shifted track may lie on a road here and there, so the share is large.
    off_road_m, on_road_m, clearer
        It is another one if they lie off the roads by more than the first and less than half as
        far in that, or nearer than the second and nearer by this factor: half a kilometre aside,
        no track lies on all its roads by chance.
    """

    approach: timedelta = timedelta(minutes=15)
    moved_m: float = 15.0
    even_m: float = 1.0
    even_share: float = 0.25
    even_fewest: int = 6
    even_over_s: float = 10.0
    pace_within: float = 0.025
    pace_share: float = 0.55
    pace_fewest: int = 10
    frozen_fewest: int = 4
    frozen_share: float = 0.6
    came_within: timedelta = timedelta(minutes=3)
    driving_mps: float = 2.0
    replayed_fewest: int = 4
    together_m: float = 30.0
    together_share: float = 0.8
    together_within_s: float = 130.0
    same_moment_s: float = 8.0
    usual_mps: float = 10.0
    off_road_fewest: int = 8
    off_road_m: float = 20.0
    off_road_share: float = 0.9
    on_road_m: float = 12.0
    clearer: float = 1.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """Another crew that was near: its fixes, WGS-84, and where its own order has it go, if any."""

    crew_id: str
    fixes: tuple[PositionFix, ...]
    order_place: Place | None


def on_the_way(trail: Trail, stay: Stay, policy: ForgeryPolicy) -> list[Sighting]:
    """The sightings shortly before a stay."""
    since = stay.first.at - policy.approach
    return [each for each in trail.seen if since <= each.at < stay.first.at]


def mocked(trail: Trail, stay: Stay, policy: ForgeryPolicy) -> str | None:
    """Whether the device was set by hand about the time of the stay."""
    since, until = stay.first.fix.fixed_at - policy.approach, stay.last.fix.fixed_at
    count = sum(since <= at <= until + policy.approach for at in trail.mocked)
    return written("arrival_mock_near", count=count) if count else None


def frozen(trail: Trail, stay: Stay, policy: ForgeryPolicy) -> str | None:
    """Whether the coordinates stand still as no receiver's do.

    A terminal in a vehicle may hold its place while it stands. It is believed if it was seen to
    drive up; a phone's place always moves a little.
    """
    (place, count), *_ = Counter((s.fix.lon, s.fix.lat) for s in stay.seen).most_common()
    if count < 2 or count < policy.frozen_share * len(stay.seen):  # noqa: PLR2004 (one is no two)
        return None
    held = [each for each in stay.seen if (each.fix.lon, each.fix.lat) == place]
    driving = any((each.fix.speed_mps or 0.0) > policy.driving_mps for each in held[1:])
    set_by_hand = trail.device == "" and count >= policy.frozen_fewest
    if driving or set_by_hand or not _drove_up(trail, stay, held[0], policy):
        return written("arrival_frozen", count=count)
    return None


def _drove_up(trail: Trail, stay: Stay, held: Sighting, policy: ForgeryPolicy) -> bool:
    """Whether the device was seen on its way shortly before."""
    until = [each for each in stay.seen if each.at <= held.at]
    way = [*on_the_way(trail, stay, policy), *until]
    if len(way) < 3 or way[-1].at - way[-2].at > policy.came_within:  # noqa: PLR2004
        return False
    return sum(_moves(a, b, policy) for a, b in pairwise(way)) > 1


def _moves(one: Sighting, other: Sighting, policy: ForgeryPolicy) -> bool:
    return one.apart_m(other) >= policy.moved_m


def ruled(trail: Trail, stay: Stay, policy: ForgeryPolicy) -> str | None:
    """Whether the way was drawn by ruler and clock: no error, or no change of pace."""
    way = [*on_the_way(trail, stay, policy), stay.first]
    straight = [
        off_m <= policy.even_m
        for off_m in map(_off_the_chord, way, way[1:], way[2:], repeat(policy))
        if off_m is not None
    ]
    paces = [
        a.apart_m(b) / (b.at - a.at).total_seconds()
        for a, b in pairwise(way)
        if a.at < b.at and _moves(a, b, policy)
    ]
    usual = median(paces) if paces else 0.0
    steady = [abs(pace - usual) <= policy.pace_within * usual for pace in paces]
    for even, fewest, least in (
        (straight, policy.even_fewest, policy.even_share),
        (steady, policy.pace_fewest, policy.pace_share),
    ):
        if len(even) >= fewest and sum(even) >= least * len(even):
            return written(
                "arrival_ruled", percent=round(100 * sum(even) / len(even)), count=len(even)
            )
    return None


def _off_the_chord(
    before: Sighting, each: Sighting, after: Sighting, policy: ForgeryPolicy
) -> float | None:
    """How far a place on the way lies from where an even pace would have it; None: hardly moved."""
    seconds = (after.at - before.at).total_seconds()
    if seconds < policy.even_over_s or not (
        _moves(before, each, policy) and _moves(each, after, policy)
    ):
        return None
    share = (each.at - before.at).total_seconds() / seconds
    off_x = before.x + share * (after.x - before.x) - each.x
    off_y = before.y + share * (after.y - before.y) - each.y
    return hypot(off_x, off_y)


def replayed(
    trail: Trail, stay: Stay, earlier: Iterable[PositionFix], policy: ForgeryPolicy
) -> str | None:
    """Whether the device went the same steps, to the last digit and in the same time, before."""
    way = [each.fix for each in (*on_the_way(trail, stay, policy), *stay.seen)]
    made = _steps(way)
    old: dict[str, list[PositionFix]] = {}
    for fix in earlier:
        old.setdefault(fix.device, []).append(fix)
    before = {step for fixes in old.values() for step in _steps(fixes)}
    again = len(made & before)
    return written("arrival_replayed", count=again) if again >= policy.replayed_fewest else None


Step = tuple[float, float, float, float, int]


def _steps(fixes: Iterable[PositionFix]) -> set[Step]:
    """From where to where, in how many seconds, where the place changed."""
    ordered = sorted(fixes, key=lambda fix: (fix.fixed_at, fix.id))
    return {
        (a.lon, a.lat, b.lon, b.lat, round((b.fixed_at - a.fixed_at).total_seconds()))
        for a, b in pairwise(ordered)
        if (a.lon, a.lat) != (b.lon, b.lat)
    }


def of_another_crew(
    trail: Trail, stay: Stay, site: Place, others: Iterable[Companion], policy: ForgeryPolicy
) -> tuple[str | None, list[str]]:
    """Whether the stay is rather another crew's, and notes on whom the device travelled with.

    Two phones in one vehicle make two tracks of one stay. It belongs to the crew whose order's
    place is nearer to it.
    """
    notes = []
    for other in others:
        shared = _together(trail, stay, site, other, policy)
        if shared is None:
            continue
        notes.append(written("arrival_together", crew=other.crew_id, count=shared))
        if other.order_place is None:
            continue
        x, y = stay.middle
        to_x, to_y = plane(*site, *other.order_place)
        theirs_m = hypot(to_x - x, to_y - y)
        if theirs_m < stay.away_m:
            metres = {"metres": round(theirs_m), "ours": round(stay.away_m)}
            return written("arrival_others_place", crew=other.crew_id, **metres), notes
    return None, notes


def _together(
    trail: Trail, stay: Stay, site: Place, other: Companion, policy: ForgeryPolicy
) -> int | None:
    """At how many sightings both were in one place, if they came and stayed together.

    Where nothing was seen of the way, the stay alone decides.
    """
    way = on_the_way(trail, stay, policy)
    moving = [b for a, b in pairwise([*way, stay.first]) if _moves(a, b, policy)]
    theirs = sorted(other.fixes, key=lambda fix: fix.fixed_at)
    times = [fix.fixed_at for fix in theirs]
    count = 0
    for ours in (moving, stay.seen):
        met = [_beside(each, site, theirs, times, policy) for each in ours]
        known = [each for each in met if each is not None]
        if sum(known) < policy.together_share * len(known) or not (known or ours is moving):
            return None
        count += sum(known)
    return count


def _beside(
    seen: Sighting,
    site: Place,
    theirs: Sequence[PositionFix],
    times: Sequence[datetime],
    policy: ForgeryPolicy,
) -> bool | None:
    """Whether the other was beside it at that moment; None where it was not seen then.

    Its place is that of its nearest fix, if that is of the same moment or it stood still.
    """
    at = bisect_left(times, seen.fix.fixed_at)
    near = [
        (abs((fix.fixed_at - seen.fix.fixed_at).total_seconds()), fix)
        for fix in theirs[max(0, at - 1) : at + 1]
    ]
    if not near:
        return None
    gap_s, nearest = min(near, key=lambda each: each[0])
    places = [plane(*site, fix.lon, fix.lat) for _, fix in near]
    stood = (
        len(near) == 2  # noqa: PLR2004 (one before, one after)
        and max(gap for gap, _ in near) <= policy.together_within_s
        and hypot(places[0][0] - places[1][0], places[0][1] - places[1][1]) <= policy.together_m
    )
    if gap_s > policy.same_moment_s and not stood:
        return None
    x, y = plane(*site, nearest.lon, nearest.lat)
    moved_m = 0.0 if stood else gap_s * max(seen.fix.speed_mps or 0.0, policy.usual_mps)
    error_m = seen.radius_m + (nearest.accuracy_m or 0.0) + moved_m
    return hypot(x - seen.x, y - seen.y) <= policy.together_m + error_m


@dataclass(frozen=True, slots=True)
class Misread:
    """The datum a track seems to be in; within what of roads it lies as given, and read so."""

    datum: Datum
    off_road_m: float
    reread_m: float


def misread(seen: Sequence[Sighting], off_road: OffRoad, policy: ForgeryPolicy) -> Misread | None:
    """Whether a track lies beside the roads as it is given, and on them in another datum.

    Nothing is moved: who reads a track in the datum that suits can make it say anything.
    """
    moving = [b for a, b in pairwise(seen) if _moves(a, b, policy)]
    if len(moving) < policy.off_road_fewest:
        return None
    given = [(each.fix.lon, each.fix.lat) for each in moving]
    raw_m = _most_within(off_road(given), policy)
    if raw_m is None:
        return None
    found = [
        Misread(datum, raw_m, reread_m)
        for datum in (Datum.GCJ02, Datum.BD09)
        if (reread_m := _most_within(off_road([to_wgs84(*p, datum) for p in given]), policy))
        is not None
    ]
    best = min(found, key=lambda each: each.reread_m, default=None)
    if best is None:
        return None
    off_the_roads = raw_m > policy.off_road_m and best.reread_m < raw_m / 2
    fits = best.reread_m <= policy.on_road_m and best.reread_m * policy.clearer < raw_m
    return best if off_the_roads or fits else None


def _most_within(off_m: Sequence[float] | None, policy: ForgeryPolicy) -> float | None:
    """Within how many metres of roads all but a few lie; None where no roads are known."""
    return None if not off_m else sorted(off_m)[int(policy.off_road_share * (len(off_m) - 1))]
