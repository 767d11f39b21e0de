"""Reliability indices of IEEE 1366 over recorded interruptions.

An interruption is sustained when it lasts more than five minutes, momentary otherwise. Periods of
one usage point that touch are one interruption: a nested outage goes on where the first one ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

MOMENTARY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Interrupted:
    """One usage point without supply from `began` to `ended`; `lasts`: so far, it goes on."""

    usage_point_id: int
    began: datetime
    ended: datetime
    lasts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Indices:
    """SAIDI in minutes, SAIFI in interruptions, CAIDI in minutes (None without interruptions).

    `momentary` counts momentary interruptions of usage points per customer served; what goes on is
    none yet. `customers_still_out` are in the figures with their minutes so far.
    """

    customers_served: int
    customers_interrupted: int
    customers_still_out: int
    customer_minutes: float
    saidi_minutes: float
    saifi: float
    caidi_minutes: float | None
    momentary: float


def reliability(interruptions: Iterable[Interrupted], customers_served: int) -> Indices:
    """Compute the indices of a period whose interruptions are given whole.

    Parameters
    ----------
    interruptions
        By usage point and, of each, by when they began.
    customers_served
        How many customers the company, or the part of it that is asked for, has.

    Raises
    ------
    ValueError
        `customers_served` is not above zero, or the interruptions are in another order.
    """
    if customers_served <= 0:
        raise ValueError(f"customers_served is {customers_served}; expected more than 0")
    sustained = momentary = 0
    minutes = 0.0
    touched: set[int] = set()
    still_out: set[int] = set()
    for joined in _joined(interruptions):
        length = joined.ended - joined.began
        if length <= MOMENTARY:
            momentary += not joined.lasts
            continue
        if joined.lasts:
            still_out.add(joined.usage_point_id)
        sustained += 1
        minutes += length.total_seconds() / 60
        touched.add(joined.usage_point_id)
    return Indices(
        customers_served=customers_served,
        customers_interrupted=len(touched),
        customers_still_out=len(still_out),
        customer_minutes=minutes,
        saidi_minutes=minutes / customers_served,
        saifi=sustained / customers_served,
        caidi_minutes=minutes / sustained if sustained else None,
        momentary=momentary / customers_served,
    )


def frequent(interruptions: Iterable[Interrupted], at_least: int) -> Mapping[int, int]:
    """Usage points with `at_least` sustained interruptions, and how many each had; same order."""
    counts: dict[int, int] = {}
    for joined in _joined(interruptions):
        if joined.ended - joined.began > MOMENTARY:
            counts[joined.usage_point_id] = counts.get(joined.usage_point_id, 0) + 1
    return {point: count for point, count in counts.items() if count >= at_least}


def _joined(interruptions: Iterable[Interrupted]) -> Iterable[Interrupted]:
    """The interruptions of each usage point with touching periods made one."""
    current: Interrupted | None = None
    for following in interruptions:
        if current is None:
            current = following
        elif (following.usage_point_id, following.began) < (current.usage_point_id, current.began):
            raise ValueError(f"{following} comes after {current}; expected the other order")
        elif (
            following.usage_point_id == current.usage_point_id and following.began <= current.ended
        ):
            ended = max(current.ended, following.ended)
            lasts = current.lasts or following.lasts
            current = Interrupted(current.usage_point_id, current.began, ended, lasts)
        else:
            yield current
            current = following
    if current is not None:
        yield current
