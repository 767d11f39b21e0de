"""One device's trail as seen from a site: inside, outside, how soon, and what speaks against it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from math import hypot, isfinite
from statistics import median
from typing import Protocol

from dispatch.domain import forgery
from dispatch.domain.crew import PositionFix
from dispatch.domain.forgery import Companion, ForgeryPolicy, Place
from dispatch.domain.reasons import written
from dispatch.domain.stay import Stay, StayPolicy, first_stay
from dispatch.domain.trail import Sighting, Trail, TrailPolicy, plane
from gis.crs import Datum, to_wgs84

Circle = tuple[float, float, float]
"""Somewhere within so many metres of a place: lon, lat (EPSG:4326), metres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the work is, EPSG:4326, and how far off that may be."""

    lon: float
    lat: float
    accuracy_m: float


class Roads(Protocol):
    """What is known of the roads around a site."""

    def least_s(self, start: Circle, end: Circle) -> float | None:
        """Give the least usual drive from anywhere in one circle to anywhere in another, seconds.

        None where it is not known, infinite where no way is.
        """
        ...

    def off_road_m(self, places: Sequence[Place]) -> Sequence[float] | None:
        """Say how far each place is from the nearest road; None where no roads are known."""
        ...


class NoRoads:
    """Nothing is known of the roads: straight lines at top speed, and no look at the datum."""

    def least_s(self, start: Circle, end: Circle) -> float | None:  # noqa: ARG002
        """Know no drive."""
        return None

    def off_road_m(self, places: Sequence[Place]) -> Sequence[float] | None:  # noqa: ARG002
        """Know no road."""
        return None


NO_ROADS = NoRoads()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalPolicy:
    """The settings of the fence; all are assumptions until a utility sets its own.

    Attributes
    ----------
    fence_m
        Whoever stays so near the site, and says so, is there.
    unsaid_m
        Whoever did not say so has to stay so near: a level crossing is near many sites.
    contradict_within
        A claim is held against fixes so near to it in time.
    closing_mps
        How fast a crew may drive up from its last fix before the claim.
    fastest_share, spare_s
        The least of the least usual drive that a crew may need, and what is forgiven besides:
        sirens and short cuts, and that the fence is reached before the site.
    spare_m
        What is forgiven of the straight line for the errors of two fixes.
    impossible_s
        An arrival so much sooner than any drive is none.
    street_m
        A fix lies anywhere on a street so wide, at least: on either carriageway.
    followed_s, plain_mps
        Who was seen at both ends of a step so short, at no more than that pace, needs no map: a
        road may be missing from it, or shut for all but the crew.
    off_times
        A fix counts as elsewhere only beyond so many times its own radius: what is called accuracy
        is what two fixes in three keep to.
    """

    fence_m: float = 150.0
    unsaid_m: float = 100.0
    contradict_within: timedelta = timedelta(minutes=5)
    closing_mps: float = 20.0
    fastest_share: float = 0.6
    spare_s: float = 15.0
    impossible_s: float = 10.0
    street_m: float = 40.0
    followed_s: float = 45.0
    plain_mps: float = 30.0
    spare_m: float = 50.0
    off_times: float = 2.0
    trail: TrailPolicy = field(default_factory=TrailPolicy)
    stay: StayPolicy = field(default_factory=StayPolicy)
    forgery: ForgeryPolicy = field(default_factory=ForgeryPolicy)


@dataclass(frozen=True)
class Look:
    """One device's trail as seen from the site."""

    site: Site
    trail: Trail
    sent_at: datetime
    claimed_at: datetime | None
    policy: ArrivalPolicy
    roads: Roads

    def inside(self, seen: Sighting, fence_m: float) -> bool:
        """Whether it was certainly within the fence."""
        return seen.away_m + seen.radius_m + self.site.accuracy_m <= fence_m

    def outside(self, seen: Sighting) -> bool:
        """Whether it was certainly not within the fence."""
        error_m = self.policy.off_times * seen.radius_m + self.site.accuracy_m
        return seen.away_m - error_m > self.policy.fence_m

    @cached_property
    def stay(self) -> Stay | None:
        """The first stay at the site; one that was not claimed has to be nearer to it."""
        return self._stay_since(self.sent_at)

    def stay_on_return(self, refused: Stay) -> Stay | None:
        """The next stay after the device had left, with a way to it that is all of a later time.

        Who stays on where a stay was refused is refused on: what spoke against it was not undone.
        """
        left = next(
            (s for s in self.trail.seen if s.at > refused.last.at and self.outside(s)), None
        )
        return None if left is None else self._stay_since(left.at + self.policy.forgery.approach)

    def stay_at_another_spot(self, refused: Stay) -> Stay | None:
        """The next stay at a spot certainly apart from that one, be it within the same fence."""
        x, y = refused.middle
        moved = (
            seen.at
            for seen in self.trail.seen
            if seen.at > refused.last.at
            and hypot(seen.x - x, seen.y - y) > 2 * self.policy.stay.still_m + seen.radius_m
        )
        since = next(moved, None)
        return None if since is None else self._stay_since(since)

    def _stay_since(self, since: datetime) -> Stay | None:
        unsaid = self._first_stay(self.policy.unsaid_m, since)
        if self.claimed_at is None:
            return unsaid
        said = self._first_stay(self.policy.fence_m, since)
        if said is None or self.claimed_at < said.first.at - self.policy.contradict_within:
            return unsaid
        return said

    def _first_stay(self, fence_m: float, since: datetime) -> Stay | None:
        return first_stay(
            self.trail.seen,
            lambda seen: self.inside(seen, fence_m),
            self.outside,
            since,
            self.policy.stay,
        )

    def against(self, stay: Stay, earlier: Collection[PositionFix]) -> str | None:
        """What of the device's own track speaks against the stay, if anything does."""
        policy, trail = self.policy.forgery, self.trail
        return (
            forgery.mocked(trail, stay, policy)
            or forgery.frozen(trail, stay, policy)
            or forgery.ruled(trail, stay, policy)
            or forgery.replayed(trail, stay, earlier, policy)
            or self._no_such_drive(stay)
            or self._other_datum(stay)
        )

    def of_another_crew(
        self, stay: Stay, others: Collection[Companion]
    ) -> tuple[str | None, list[str]]:
        """Whether the stay is rather another crew's, and whom the device travelled with."""
        place = (self.site.lon, self.site.lat)
        return forgery.of_another_crew(self.trail, stay, place, others, self.policy.forgery)

    def soonest_s(self, seen: Sighting, *, by_road: bool, back: bool = False) -> float:
        """The least time from a sighting to anywhere that counts as the site, or `back`."""
        reach_m = self.policy.fence_m + self.site.accuracy_m + self.policy.spare_m
        line_s = max(0.0, seen.away_m - reach_m) / self.policy.trail.fastest_mps
        if not by_road:
            return line_s
        street_m = max(self.policy.street_m, self.policy.off_times * seen.radius_m)
        here = (seen.fix.lon, seen.fix.lat, street_m)
        there = (self.site.lon, self.site.lat, self.policy.fence_m + self.site.accuracy_m)
        drive_s = self.roads.least_s(*((there, here) if back else (here, there)))
        if drive_s is None or not isfinite(drive_s):
            return line_s
        return max(line_s, self.policy.fastest_share * drive_s - self.policy.spare_s)

    def not_before(self, until: datetime) -> datetime:
        """Before which moment it cannot have been at the site, by what was seen before `until`."""
        elsewhere = [s for s in self.trail.seen if s.at < until and self.outside(s)]
        followed = timedelta(seconds=self.policy.followed_s)
        bounds = [
            seen.early
            + timedelta(
                seconds=self.soonest_s(
                    seen, by_road=seen is elsewhere[-1] and until - seen.at > followed
                )
            )
            for seen in elsewhere
        ]
        return max([self.sent_at, *bounds])

    def no_time_between(self, before: Sighting, after: Sighting) -> bool:
        """Whether it was elsewhere at both, and cannot have stayed at the site in between."""
        if not (self.outside(before) and self.outside(after)):
            return False
        drives_s = self.soonest_s(before, by_road=True) + self.soonest_s(
            after, by_road=True, back=True
        )
        return after.late - before.early - timedelta(seconds=drives_s) < self.policy.stay.dwell

    def _no_such_drive(self, stay: Stay) -> str | None:
        """Whether it would have had to fly, to the stay or away from it."""
        before = [s for s in self.trail.seen if s.at < stay.first.at and self.outside(s)]
        after = [s for s in self.trail.seen if s.at > stay.last.at and self.outside(s)]
        forgiven = timedelta(seconds=self.policy.impossible_s)
        for far, near, turned in (
            (before[-1:], stay.first, False),
            (after[:1], self._last_inside(after[:1], stay), True),
        ):
            for each in far:
                had = each.late - near.early if turned else near.late - each.early
                by_road = not self._followed(each, near, had)
                needed = timedelta(seconds=self.soonest_s(each, by_road=by_road, back=turned))
                if needed > had + forgiven:
                    return written(
                        "arrival_no_such_drive",
                        metres=round(each.away_m),
                        seconds=max(0, round(had.total_seconds())),
                    )
        return None

    def _followed(self, one: Sighting, other: Sighting, had: timedelta) -> bool:
        """Whether the step was seen as it was made, so that no map is needed to believe it."""
        seconds = had.total_seconds()
        least_m = one.apart_m(other) - one.radius_m - other.radius_m
        return seconds <= self.policy.followed_s and least_m <= self.policy.plain_mps * seconds

    def _last_inside(self, gone: Sequence[Sighting], stay: Stay) -> Sighting:
        """Its last sighting at the site before it was gone."""
        if not gone:
            return stay.last
        within = [
            s
            for s in self.trail.seen
            if stay.last.at <= s.at < gone[0].at and self.inside(s, self.policy.fence_m)
        ]
        return within[-1] if within else stay.last

    def _other_datum(self, stay: Stay) -> str | None:
        """Whether the way to the stay fits the roads only in another datum."""
        way = [seen for seen in self.trail.seen if seen.at <= stay.first.at]
        found = forgery.misread(way, self.roads.off_road_m, self.policy.forgery)
        if found is None:
            return None
        away = self._reread_away_m(stay.seen, found.datum)
        return written(
            "arrival_datum",
            datum=found.datum.value,
            off_road=round(found.off_road_m),
            reread=round(found.reread_m),
            metres=round(away),
        )

    def _reread_away_m(self, seen: Sequence[Sighting], datum: Datum) -> float:
        """How far from the site the sightings lie if they are read in another datum."""
        lon, lat = self.site.lon, self.site.lat
        return median(
            hypot(*plane(lon, lat, *to_wgs84(each.fix.lon, each.fix.lat, datum))) for each in seen
        )

    def datum_at_claim(self, near: Sequence[Sighting]) -> str | None:
        """Whether sightings that lie elsewhere lie at the site in another datum."""
        if len(near) < 3:  # noqa: PLR2004 (two may be chance)
            return None
        for datum in (Datum.GCJ02, Datum.BD09):
            away = self._reread_away_m(near, datum)
            if away <= self.policy.unsaid_m:
                return written("arrival_datum_site", datum=datum.value, metres=round(away))
        return None
