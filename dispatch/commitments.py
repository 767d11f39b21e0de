"""What is left of a promise: the budget of an average, and whether a cut was told in time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.month import MonthSoFar
from dispatch.domain.rules import AheadRule
from dispatch.domain.words import AreaClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The minutes that a running average has left, before and after the open orders.

    Attributes
    ----------
    ended
        Jobs that count in the average by now.
    saved_minutes
        What their targets gave and they did not use; negative where they used more.
    open_jobs, open_saved_minutes
        Jobs under way with an expected arrival, and what those will save, or use.
    unforeseen_jobs
        Open jobs that no crew is foreseen for; they count in nothing here.
    rest_jobs
        How many jobs the rest of the period will bring at its pace so far.
    """

    ended: int
    saved_minutes: float
    open_jobs: int
    open_saved_minutes: float
    unforeseen_jobs: int
    rest_jobs: float

    @property
    def headroom_minutes(self) -> float | None:
        """By how much the average is below its target now; None while nothing has ended."""
        return self.saved_minutes / self.ended if self.ended else None

    @property
    def headroom_after_open_minutes(self) -> float | None:
        """The same, once the open orders have arrived as foreseen."""
        jobs = self.ended + self.open_jobs
        return (self.saved_minutes + self.open_saved_minutes) / jobs if jobs else None

    @property
    def rest_may_be_late_minutes(self) -> float | None:
        """By how much each job of the rest may be late on average, and the promise still hold."""
        if self.rest_jobs <= 0:
            return None
        return (self.saved_minutes + self.open_saved_minutes) / self.rest_jobs


def jobs_to_come(so_far: int, since: datetime, until: datetime, now: datetime) -> float:
    """How many jobs the rest of a period will bring if it goes on as it began.

    Within the first hour of a period nothing can be said: 0.
    """
    passed = min(now, until) - since
    if passed < timedelta(hours=1) or now >= until:
        return 0.0
    return so_far * ((until - now) / passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Running clocks of one order: how many, their minutes as promised and as foreseen.

    `minutes` is None where no crew is foreseen.
    """

    clocks: int
    target_minutes: float
    minutes: float | None


def budget(
    ended: int, saved_minutes: float, open_orders: Iterable[Expected], rest_jobs: float
) -> Budget:
    """Add the open orders to what has ended."""
    foreseen, unforeseen, saved = 0, 0, 0.0
    for each in open_orders:
        if each.minutes is None:
            unforeseen += each.clocks
        else:
            foreseen += each.clocks
            saved += each.target_minutes - each.minutes
    return Budget(
        ended=ended,
        saved_minutes=saved_minutes,
        open_jobs=foreseen,
        open_saved_minutes=saved,
        unforeseen_jobs=unforeseen,
        rest_jobs=rest_jobs,
    )


ENOUGH = 20
"""With fewer clocks a month says nothing yet (assumption)."""

FROM_USED = 0.8
"""From this share of its target on a running average presses (assumption)."""

SHORT_BY = 0.1
"""So far below its goal a share of promises kept presses by one (assumption)."""


def pressure(month: MonthSoFar, goal: float | None) -> float:
    """How much a promise presses: 0 while it holds with room to spare, 1 where it breaks, or more.

    The greater of two: the average, from four fifths of its target to all of it and on, and the
    share kept, from its `goal` to a tenth below that and on.
    """
    by_average = by_share = 0.0
    if month.ended >= ENOUGH and month.target_minutes > 0:
        used = 1 - month.saved_minutes / month.ended / month.target_minutes
        by_average = (used - FROM_USED) / (1 - FROM_USED)
    if goal is not None and month.judged >= ENOUGH:
        by_share = (goal - month.kept / month.judged) / SHORT_BY
    return max(0.0, by_average, by_share)


def pressures_between(
    months: Mapping[AreaClass, MonthSoFar], goal: float | None
) -> Mapping[AreaClass, float]:
    """How much more the month of each area class presses than that of the class with most room.

    From 0 to 1. What presses everywhere leaves nothing to choose; a class of which too little is
    known does not press.
    """
    pressing = {area: pressure(month, goal) for area, month in months.items()}
    least = min(pressing.get(area, 0.0) for area in AreaClass)
    return {area: min(1.0, each - least) for area, each in pressing.items()}


class Told(StrEnum):
    """How a planned cut was told ahead, or reminded of."""

    IN_TIME = "in_time"
    LATE = "late"
    NOT_TOLD = "not_told"
    TO_COME = "to_come"
    NOT_NEEDED = "not_needed"


def told_ahead(
    rule: AheadRule, planned_minutes: float, starts_at: datetime, at: datetime | None, now: datetime
) -> Told:
    """Whether a cut was told of as long ahead as a rule wants.

    Parameters
    ----------
    planned_minutes
        What was told at least this long ahead is planned work; the rest is temporary, and only
        that is measured by rules for temporary work.
    at
        When it was told of, or reminded of.
    """
    lead = None if at is None else (starts_at - at) / timedelta(minutes=1)
    if rule.temporary and not rule.reminder and lead is not None and lead >= planned_minutes:
        return Told.NOT_NEEDED
    if lead is None:
        last = starts_at - timedelta(minutes=rule.minutes_ahead)
        return Told.TO_COME if now <= last else Told.NOT_TOLD
    return Told.IN_TIME if lead >= rule.minutes_ahead else Told.LATE


def running_averages(days: Iterable[tuple[int, float]]) -> list[float | None]:
    """The average since the first day, after each day of (jobs ended, their minutes in sum)."""
    jobs, minutes = 0, 0.0
    found: list[float | None] = []
    for ended, used in days:
        jobs, minutes = jobs + ended, minutes + used
        found.append(minutes / jobs if jobs else None)
    return found
