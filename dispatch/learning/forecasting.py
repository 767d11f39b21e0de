"""Learn waits for crews and for supply from past repairs."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from dispatch.domain.repair import Milestone, PastRepairs
from dispatch.errors import TooLittleToLearn
from dispatch.learning.curves import LEVELS, Curve
from dispatch.learning.forecaster import (
    GROUP_WEIGHS,
    Awaited,
    Forecaster,
    Learned,
    Plain,
    cells_of,
    groups_of,
    table,
)
from dispatch.learning.moments import Seen, Words, moments_of, numbers, usual_of
from dispatch.learning.trees import grow

FEWEST_REPAIRS = 30
"""With fewer nothing would come out but the table."""

FEWEST_FOR_TREES = 300
FEWEST_TO_CORRECT = 60
CALIBRATED_ON = 0.25
"""Share of the repairs, the newest, by which the quantiles are corrected; trees do not see them."""

SETTLED = timedelta(days=3)
"""Outages opened later than this before the end of a record do not count: of those, only the short
ones are over."""

LEAST_MIN = 0.1


def learn_waits(past: PastRepairs, zone: str) -> Forecaster:
    """Learn arrivals and restorations from a record, in an IANA time zone.

    Raises
    ------
    TooLittleToLearn
        Fewer than `FEWEST_REPAIRS` outages have been restored.
    """
    usual = usual_of(past)
    seen = [each for each in moments_of(settled(past), usual, ZoneInfo(zone)) if each.ended]
    repairs = sum(each.moment.milestone is Milestone.OPENED for each in seen)
    if repairs < FEWEST_REPAIRS:
        raise TooLittleToLearn(
            f"{repairs} outages restored between {past.since:%Y-%m-%d} and {past.until:%Y-%m-%d};"
            f" at least {FEWEST_REPAIRS} are needed to learn from",
            outages=repairs,
        )
    learned = {}
    for what in Awaited:
        waits = [(each, w) for each in seen if (w := wait_of(what, each)) is not None]
        if waits:
            learned[what] = _learned(what, waits)
    return Forecaster(zone=zone, usual=usual, learned=learned)


def settled(past: PastRepairs) -> PastRepairs:
    """The record without what was opened too shortly before its end."""
    last = past.until - SETTLED
    return replace(past, repairs=tuple(r for r in past.repairs if r.opened_at < last))


def wait_of(what: Awaited, seen: Seen) -> float | None:
    """The minutes that were waited; None where there was nothing to wait for, or it is unknown."""
    minutes = seen.arrival_min if what is Awaited.ARRIVAL else seen.restoration_min
    return None if minutes is None else max(minutes, LEAST_MIN)


def _learned(what: Awaited, waits: Sequence[tuple[Seen, float]]) -> Learned:
    """Grow on the older repairs, correct on the newer."""
    begun = sorted({seen.opened_at for seen, _ in waits})
    enough = len(begun) >= FEWEST_TO_CORRECT
    border = begun[int(len(begun) * (1 - CALIBRATED_ON))] if enough else None
    older = [each for each in waits if border is None or each[0].opened_at < border]
    newer = [] if border is None else [each for each in waits if each[0].opened_at >= border]
    moments = [seen.moment for seen, _ in older]
    log_min = np.log([minutes for _, minutes in older])
    words = Words.learned(moments, log_min)
    repairs = len({seen.opened_at for seen, _ in older})
    grown = None
    if repairs >= FEWEST_FOR_TREES:
        grown = grow(numbers(moments, words), log_min, LEVELS)
    raw = Learned(repairs=repairs, words=words, plain=_plain(what, older), trees=grown)
    return replace(raw, offsets=_offsets(what, raw, newer))


def _plain(what: Awaited, waits: Sequence[tuple[Seen, float]]) -> dict[str, Plain]:
    """How much longer than the table repairs of each milestone took, and of each kind at it."""
    cells: dict[str, list[float]] = defaultdict(list)
    for seen, minutes in waits:
        median = np.exp(table(what, seen.moment).log_min[len(LEVELS) // 2])
        for cell in cells_of(seen.moment):
            cells[cell].append(minutes / median)
    return {
        cell: Plain(count=len(found), log_min=Curve.of_ratios(np.array(found)))
        for cell, found in sorted(cells.items())
    }


def _offsets(
    what: Awaited, raw: Learned, waits: Sequence[tuple[Seen, float]]
) -> dict[str, tuple[float, ...]]:
    """By how much each quantile has to be moved, by group, the small ones drawn to the larger."""
    if not waits:
        return {}
    moments = [seen.moment for seen, _ in waits]
    said = Forecaster(learned={what: raw}).uncorrected(what, moments)
    over = np.log([minutes for _, minutes in waits])[:, None] - said
    rows: dict[str, list[int]] = defaultdict(list)
    above: dict[str, str | None] = {}
    for row, moment in enumerate(moments):
        before = None
        for group in groups_of(moment):
            rows[group].append(row)
            above[group] = before
            before = group
    found: dict[str, tuple[float, ...]] = {}
    for group in sorted(rows, key=lambda name: (name != "all", name.count("/"))):
        mine = over[rows[group]]
        count, wider = len(mine), above[group]
        own = [np.quantile(mine[:, n], min(1.0, p * (count + 1) / count)) for n, p in _levels()]
        share = 1.0 if wider is None else count / (count + GROUP_WEIGHS)
        drawn_to = np.zeros(len(LEVELS)) if wider is None else np.array(found[wider])
        found[group] = tuple(map(float, (1 - share) * drawn_to + share * np.array(own)))
    return found


def _levels() -> Iterator[tuple[int, float]]:
    return enumerate(LEVELS)
