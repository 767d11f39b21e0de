"""Waits for a crew and for its work before anything was learned: a table, and wide spreads.

All figures are assumptions. They stand where there is no history, and what little history there is
is drawn towards them.
"""

from collections.abc import Mapping
from functools import lru_cache

from dispatch.domain.repair import BEFORE_ARRIVAL, Milestone, RepairMoment
from dispatch.domain.words import AreaClass
from dispatch.learning.curves import Curve

WORK_MIN: Mapping[str, float] = {
    "service": 45.0,
    "transformer": 75.0,
    "fuse": 60.0,
    "sectionaliser": 90.0,
    "recloser": 100.0,
    "breaker": 120.0,
    "points": 75.0,
    "area": 90.0,
}
"""Median minutes of work by kind of device."""

ARRIVAL_MIN: Mapping[AreaClass, float] = {
    AreaClass.URBAN: 35.0,
    AreaClass.RURAL: 60.0,
    AreaClass.REMOTE: 100.0,
}
"""Median minutes until a crew is there, where none was sent yet."""

DRIVE_SPREAD, ARRIVAL_SPREAD, WORK_SPREAD = 0.25, 0.6, 0.7
"""Standard deviations of the logarithm of the minutes."""

LEFT_WHEN_PARTLY = 0.5
"""Share of the work that is left when the first customers have light again."""


def assumed_arrival(moment: RepairMoment) -> Curve:
    """The wait for a crew: the drive, once it is known."""
    return _arrival(moment.area_class, _rounded(moment.drive_min))


@lru_cache(maxsize=64)
def assumed_work(kind: str) -> Curve:
    """The work on a kind of device, counted from the arrival."""
    return Curve.lognormal(WORK_MIN.get(kind, WORK_MIN["transformer"]), WORK_SPREAD)


def assumed_restoration(moment: RepairMoment) -> Curve:
    """The wait for supply: a crew and then its work, or what is left of that."""
    if moment.milestone in BEFORE_ARRIVAL:
        return _both(moment.area_class, _rounded(moment.drive_min), moment.kind)
    if moment.milestone is Milestone.PARTLY:
        left = WORK_MIN.get(moment.kind, WORK_MIN["transformer"]) * LEFT_WHEN_PARTLY
        return Curve.lognormal(left, WORK_SPREAD)
    return assumed_work(moment.kind).after(moment.on_site_min or 0.0).from_now()


def _rounded(drive_min: float | None) -> float | None:
    return None if drive_min is None else 5.0 * round(drive_min / 5.0)


@lru_cache(maxsize=512)
def _arrival(area_class: AreaClass, drive_min: float | None) -> Curve:
    if drive_min is None:
        return Curve.lognormal(ARRIVAL_MIN[area_class], ARRIVAL_SPREAD)
    return Curve.lognormal(max(drive_min, 5.0), DRIVE_SPREAD)


@lru_cache(maxsize=2048)
def _both(area_class: AreaClass, drive_min: float | None, kind: str) -> Curve:
    return _arrival(area_class, drive_min).then(assumed_work(kind))
