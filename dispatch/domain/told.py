"""What the public is shown of who is without supply: areas, round numbers, words for causes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.outage import Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPolicy:
    """How coarse the public picture is.

    Attributes
    ----------
    least
        No number under this is told, and no told number moves by less.
    area_customers
        So many customers an area holds at least.
    clears_after
        So long an area that fell under `least` stays on the picture as just that.
    rounded_to
        Times are told in steps of this.
    old_after
        A picture of this age says so in large letters.
    """

    least: int = 10
    area_customers: int = 100
    clears_after: timedelta = timedelta(hours=1)
    rounded_to: timedelta = timedelta(minutes=10)
    old_after: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCount:
    """A number as the public sees it: a multiple of ten, or None for "fewer than ten, or none".

    `behind` is the count that it was made from, kept to know when it may move; it is never told.
    """

    number: int | None
    behind: int
    since: datetime


class PublicCause(StrEnum):
    """Why supply is off, in words that name nobody."""

    LOOKED_FOR = "looked_for"
    FOUND = "found"
    PLANNED = "planned"
    TREE = "tree"
    WEATHER = "weather"
    ANIMAL = "animal"
    THIRD_PARTY = "third_party"
    EQUIPMENT = "equipment"


class Progress(StrEnum):
    """How far the repair has come."""

    REPORTED = "reported"
    CONFIRMED = "confirmed"
    CREW_SENT = "crew_sent"
    CREW_THERE = "crew_there"
    PARTLY_BACK = "partly_back"
    UNDER_WAY = "under_way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """When supply is expected back; all times rounded, `by` upwards.

    `by` is None where nothing can be said; `passed` says that the time has gone by unkept.
    """

    by: datetime | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    confidence: Confidence | None = None
    passed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicCauseNow:
    """One fault, or one piece of planned work, as an area's line shows it."""

    began_at: datetime
    cause: PublicCause
    progress: Progress
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicArea:
    """An area of the picture; `cells` are the squares it is made of, `name` names no home."""

    id: str
    name: str
    district: str
    cells: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaTold:
    """What is shown of one area: about how many are out (None: fewer than ten, or none), why."""

    area: PublicArea
    customers: int | None
    causes: tuple[PublicCauseNow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaMemory:
    """What was told of an area, and of which of its causes, when the picture was last made."""

    told: ToldCount
    causes: tuple[tuple[str, ToldCount], ...] = ()
