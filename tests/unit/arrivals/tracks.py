"""Tracks around one site for tests of arrivals: metres east and north of it, minutes after NOW."""

from dataclasses import replace
from datetime import timedelta
from math import sin

from dispatch.domain.arrival import ArrivalPolicy, Companion, Site, judge_arrival
from dispatch.domain.crew import PositionFix
from dispatch.domain.trail import METRES_A_RADIAN
from dispatch.domain.words import CrewId
from tests.unit.core import a_fix, after

LON, LAT = 115.9, 28.7
SITE = Site(lon=LON, lat=LAT, accuracy_m=15.0)
POLICY = ArrivalPolicy()
EAST_M = METRES_A_RADIAN * 0.877  # the cosine of 28.7 degrees


def at(minutes: float, east_m: float = 0.0, north_m: float = 0.0, **facts) -> PositionFix:
    """A fix so far from the site."""
    where = (LON + east_m / EAST_M, LAT + north_m / METRES_A_RADIAN)
    return a_fix(minutes, *where, **facts)


def staying(begin: float, end: float, east_m: float = 0.0, every: float = 0.25, **facts):
    """Fixes at a place from one minute to another, trembling by a few metres as receivers do."""
    count = round((end - begin) / every) + 1
    minutes = [begin + n * every for n in range(count)]
    return [at(m, east_m + 3 * sin(7 * m), 3 * sin(11 * m + 1), **facts) for m in minutes]


def driving(begin: float, end: float, start_m: float, stop_m: float, every: float = 0.25, **facts):
    """Fixes on the way between two places east of the site, at an uneven pace."""
    count = round((end - begin) / every)
    fixes = []
    for n in range(count):
        share = n / count
        east_m = start_m + (stop_m - start_m) * (share + 0.06 * sin(9 * share))
        fixes.append(at(begin + n * every, east_m, 3 * sin(5 * n), **facts))
    return fixes


def coming(until: float = 15.0, **facts) -> list[PositionFix]:
    """From 5 km away, where it stood; there at minute 0."""
    return [
        *staying(-15, -8, 5000, **facts),
        *driving(-7.75, 0, 5000, 10, **facts),
        *staying(0, until, **facts),
    ]


def judge(*fixes: PositionFix, claimed: float | None = None, sent: float = -30.0, **facts):
    given = {"site": SITE, "policy": POLICY} | facts
    return judge_arrival(
        fixes=fixes,
        sent_at=after(sent),
        claimed_at=None if claimed is None else after(claimed),
        **given,
    )


def codes(evidence) -> set[str]:
    """The codes of its reasons."""
    return {reason.partition("?")[0] for reason in evidence.reasons}


def of_crew(crew: str, fixes) -> tuple[PositionFix, ...]:
    return tuple(replace(fix, crew_id=CrewId(crew)) for fix in fixes)


def companion(crew: str, fixes, east_m: float | None) -> Companion:
    """Another crew with such a track, whose order lies so far east of the site."""
    place = None if east_m is None else (LON + east_m / EAST_M, LAT)
    return Companion(crew_id=crew, fixes=of_crew(crew, fixes), order_place=place)


def late_by(fix: PositionFix, minutes: float) -> PositionFix:
    """The fix as a device gives it whose clock is so far behind."""
    return replace(fix, fixed_at=fix.fixed_at - timedelta(minutes=minutes))


class StraightRoads:
    """A usual drive at so many metres a second, and so far from any road as asked."""

    def __init__(self, mps: float = 10.0, off_m: float | None = None) -> None:
        self.mps, self.off_m = mps, off_m

    def least_s(self, start, end):
        return max(0.0, abs(start[0] - end[0]) * EAST_M - start[2] - end[2]) / self.mps

    def off_road_m(self, places):
        return None if self.off_m is None else [self.off_m] * len(places)
