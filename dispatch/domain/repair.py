"""A repair as history keeps it, and what is known of one at a moment on its way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.words import AreaClass, DistrictId, OutageId


class Milestone(StrEnum):
    """How far a repair has come, in the order in which more is known."""

    OPENED = "opened"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    FOUND = "found"
    PARTLY = "partly"


BEFORE_ARRIVAL = (Milestone.OPENED, Milestone.ASSIGNED, Milestone.EN_ROUTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRepair:
    """An outage with the times of its repair; `restored_at` None: still out when it was read.

    `drive_s` is the drive that was foreseen when the crew was sent. `customers` were out at first,
    `customers_left` after the first of them had light again at `partly_at`.
    """

    outage_id: OutageId
    district_id: DistrictId
    kind: str
    area_class: AreaClass
    customers: int
    opened_at: datetime
    restored_at: datetime | None
    assigned_at: datetime | None = None
    drive_s: float | None = None
    en_route_at: datetime | None = None
    arrived_at: datetime | None = None
    found_at: datetime | None = None
    cause: str | None = None
    partly_at: datetime | None = None
    customers_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairMoment:
    """What is known of a repair when it reaches a milestone.

    Attributes
    ----------
    at
        The moment, in the time zone of the field: its hour and weekday count.
    customers
        Out at the moment.
    cause
        None as long as nobody has found it.
    stirring
        How many times more outages the district had in the last hours than it usually has; 1 is a
        calm day.
    queue
        Outages of the district that no crew has reached yet, for each of its crews.
    since_opened_min
        Minutes since the outage was opened.
    drive_min
        Minutes until the crew that was sent is due; None where none was sent, or it is there.
    on_site_min
        Minutes since the crew arrived; None before that.
    """

    milestone: Milestone
    at: datetime
    district_id: DistrictId
    kind: str
    area_class: AreaClass
    customers: int
    cause: str | None = None
    stirring: float = 1.0
    queue: float = 0.0
    since_opened_min: float = 0.0
    drive_min: float | None = None
    on_site_min: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRepairs:
    """Outages opened from `since` to `until`, and how many crews each district has."""

    since: datetime
    until: datetime
    repairs: tuple[PastRepair, ...] = ()
    crews: Mapping[DistrictId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictNow:
    """How busy a district is: outages opened in the last hours, not reached yet, and its crews."""

    opened_lately: int
    unreached: int
    crews: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastVersion:
    """What was learned of arrivals and restorations, as it is kept.

    `model` holds numbers only; `report` is how it did on weeks that it had not seen.
    """

    version: int
    made_at: datetime
    made_by: str
    reason: str
    since: datetime
    until: datetime
    repairs: int
    model: Mapping[str, object]
    report: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What people are told of what is foreseen; settings, and assumptions about people.

    Attributes
    ----------
    share
        The told time holds in so many cases. At one half every other promise would be broken; at
        nine tenths it is so late that nobody plans by it.
    round_to
        Told times are full steps of this.
    move_by, move_share
        A told time stays unless the new one is so far off, or off by this share of what was left.
    renew_within
        One that would pass within this is moved whatever the difference.
    ask_within
        A time that a person entered, and that passes within this, is asked about.
    high_spread, medium_spread
        How sure it is: half the width between P10 and P90 over the median, at most.
    """

    share: float = 0.8
    round_to: timedelta = timedelta(minutes=15)
    move_by: timedelta = timedelta(minutes=30)
    move_share: float = 0.25
    renew_within: timedelta = timedelta(minutes=10)
    ask_within: timedelta = timedelta(minutes=20)
    high_spread: float = 0.35
    medium_spread: float = 1.1
