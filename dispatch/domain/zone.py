"""A part of the map that somebody declares: storm, flood, fire, or ground nobody may enter."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import shapely

from dispatch.domain.words import DistrictId, ZoneId
from dispatch.errors import IllegalStep, InvalidInput


class ZoneKind(StrEnum):
    """What holds within a zone."""

    STORM = "storm"
    FLOOD = "flood"
    FIRE = "fire"
    NO_GO = "no_go"

    @property
    def breaks_things(self) -> bool:
        """Whether more fails there than in calm weather."""
        return self is not ZoneKind.NO_GO


EARLIER = timedelta(days=1)
AHEAD = timedelta(days=7)
LONGEST = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone, as it was declared.

    Attributes
    ----------
    area
        Its outline, EPSG:4326.
    districts
        Where it holds: those it reaches among the districts of whoever declared it.
    ends_at
        None for ground that stays shut until somebody opens it.
    ended_at
        When somebody ended it before its time.
    """

    id: ZoneId
    kind: ZoneKind
    name: str
    area: shapely.Polygon
    districts: frozenset[DistrictId]
    starts_at: datetime
    ends_at: datetime | None
    by: str
    declared_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None

    def holds_at(self, at: datetime) -> bool:
        """Whether it is in force at a time."""
        return self.starts_at <= at and not self.is_over(at)

    def is_over(self, at: datetime) -> bool:
        """Whether it has ended, by itself or by somebody's word."""
        ends = [end for end in (self.ends_at, self.ended_at) if end is not None]
        return any(end <= at for end in ends)

    def holds(self, district_id: DistrictId | None, lon: float | None, lat: float | None) -> bool:
        """Whether a place of a district lies in it, EPSG:4326; nothing without a place does."""
        if district_id not in self.districts or lon is None or lat is None:
            return False
        return bool(shapely.intersects_xy(self.area, lon, lat))

    def move_end(self, ends_at: datetime | None, *, now: datetime) -> "Zone":
        """The zone with another end; `IllegalStep` once it is over."""
        if self.is_over(now):
            raise IllegalStep("the zone is over; declare another one", zone_id=self.id)
        check_end(self.kind, self.starts_at, ends_at, now=now)
        return replace(self, ends_at=ends_at)

    def end(self, *, at: datetime, by: str) -> "Zone":
        """The zone, ended by somebody; itself where it is over already."""
        return self if self.is_over(at) else replace(self, ended_at=at, ended_by=by)


def check_start(starts_at: datetime, *, now: datetime) -> None:
    """Raise `InvalidInput` for a beginning that nobody who declares a zone now can mean."""
    if not now - EARLIER <= starts_at <= now + AHEAD:
        raise InvalidInput(
            "starts_at", starts_at.isoformat(), "a time within a day back and a week ahead"
        )


def check_end(
    kind: ZoneKind, starts_at: datetime, ends_at: datetime | None, *, now: datetime
) -> None:
    """Raise `InvalidInput` for an end that cannot be meant.

    A storm that nobody ended would colour every estimate for ever, so it has an end; ground that is
    shut must not open by itself because nobody thought of it.
    """
    if ends_at is None:
        if kind is not ZoneKind.NO_GO:
            raise InvalidInput("ends_at", "nothing", "a time; only a no-go zone has none")
    elif not max(starts_at, now) < ends_at <= max(starts_at, now) + LONGEST:
        raise InvalidInput(
            "ends_at",
            ends_at.isoformat(),
            f"a time ahead, after it begins and within {LONGEST.days} days",
        )


def first_there(
    zones: Iterable[Zone],
    district_id: DistrictId | None,
    lon: float | None,
    lat: float | None,
    *,
    no_go: bool,
) -> Zone | None:
    """The first zone that bars a place or, without `no_go`, that lets more fail there."""
    return next(
        (
            zone
            for zone in zones
            if zone.kind.breaks_things is not no_go and zone.holds(district_id, lon, lat)
        ),
        None,
    )
