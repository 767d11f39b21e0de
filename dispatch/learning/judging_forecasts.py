"""Hold what is learned of waits to weeks that it has not seen."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from dispatch.domain.repair import Milestone, PastRepairs
from dispatch.errors import TooLittleToLearn
from dispatch.learning.curves import LEVELS
from dispatch.learning.forecaster import Awaited, Forecaster, cells_of, table
from dispatch.learning.forecasting import LEAST_MIN, learn_waits, settled, wait_of
from dispatch.learning.moments import Seen, moments_of
from dispatch.rates import Floats

HELD_OUT = 0.2
"""Share of the record, the newest, that is only judged by."""

PASSED_MIN = (30.0, 90.0)
"""So long after it was opened, coverage is looked at among what is still out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How often quantiles held in one group, and how far off they were against plainer ways.

    `shares` are the shares of cases within P10, P50 and P90, `low` and `high` the intervals of
    those (Wilson, 95 %, counted in outages). `against_table` and `against_kinds` are pinball losses
    over those of the table and of the plain quantiles by kind of device; below 1 is better.
    """

    what: str
    group: str
    cases: int
    outages: int
    shares: tuple[float, float, float]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    pinball_min: float
    against_table: float
    against_kinds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How what was learned from older weeks did on the newest ones.

    `open_outages` of the weeks held out had not ended when the record was read: with them counted
    as longer than said, and as not, the share within P90 lies within `p90_between`.
    """

    learned_from: int
    held_out_since: datetime
    held_out_until: datetime
    outages: int
    open_outages: int
    p90_between: tuple[float, float]
    groups: tuple[Held, ...] = field(default_factory=tuple)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON takes them."""
        return {
            **asdict(self),
            "held_out_since": self.held_out_since.isoformat(),
            "held_out_until": self.held_out_until.isoformat(),
        }

    def holds(self, within: float = 0.05) -> bool:
        """Whether P50 and P90 of every wait are so near to what they say, over all cases."""
        overall = [each for each in self.groups if each.group == "all"]
        return bool(overall) and all(
            abs(each.shares[1] - 0.5) <= within and abs(each.shares[2] - 0.9) <= within
            for each in overall
        )


JUDGED = (0.1, 0.5, 0.9)
_JUDGED_AT = [LEVELS.index(level) for level in JUDGED]


def evaluate(past: PastRepairs, zone: str) -> Report:
    """Learn from the older weeks, and judge what is said of the newest fifth of the record.

    Raises
    ------
    TooLittleToLearn
        The older weeks hold too few restored outages, or the newest none.
    """
    border = past.until - max(timedelta(weeks=1), (past.until - past.since) * HELD_OUT)
    forecaster = learn_waits(_as_of(past, border), zone)
    usual = forecaster.usual
    tested = [
        each
        for each in moments_of(settled(past), usual, ZoneInfo(zone))
        if each.opened_at >= border
    ]
    ended = [each for each in tested if each.ended]
    if not ended:
        raise TooLittleToLearn("no outage of the newest weeks has been restored", outages=0)
    still = len({each.opened_at for each in tested if not each.ended})
    older = moments_of(settled(_as_of(past, border)), usual, ZoneInfo(zone))
    groups = []
    for what in Awaited:
        known = [
            (each, w) for each in older if each.ended and (w := wait_of(what, each)) is not None
        ]
        cases = [(each, w) for each in ended if (w := wait_of(what, each)) is not None]
        if cases and what in forecaster.learned:
            groups += list(_judged(what, forecaster, cases, _by_kind(known)))
    return Report(
        learned_from=forecaster.learned[Awaited.RESTORATION].repairs,
        held_out_since=border,
        held_out_until=past.until,
        outages=len({each.opened_at for each in ended}),
        open_outages=still,
        p90_between=_bounds(forecaster, tested),
        groups=tuple(groups),
    )


def _as_of(past: PastRepairs, at: datetime) -> PastRepairs:
    """What could have been read then: repairs that were not over yet were still open."""
    repairs = (
        replace(r, restored_at=r.restored_at if r.restored_at and r.restored_at < at else None)
        for r in past.repairs
        if r.opened_at < at
    )
    return replace(past, until=at, repairs=tuple(repairs))


def _bounds(forecaster: Forecaster, tested: Sequence[Seen]) -> tuple[float, float]:
    """The share within P90, with outages still open counted as late, and as in time."""
    said = forecaster.log_minutes(Awaited.RESTORATION, [each.moment for each in tested])
    waited = np.log([max(each.restoration_min, LEAST_MIN) for each in tested])
    within = waited <= said[:, LEVELS.index(0.9)]
    ended = np.array([each.ended for each in tested])
    return float((within & ended).mean()), float((within | ~ended).mean())


def _judged(
    what: Awaited,
    forecaster: Forecaster,
    cases: Sequence[tuple[Seen, float]],
    by_kind: Mapping[str, Floats],
) -> Iterator[Held]:
    moments = [seen.moment for seen, _ in cases]
    waited = np.array([minutes for _, minutes in cases])
    said = np.exp(forecaster.log_minutes(what, moments))[:, _JUDGED_AT]
    tables = np.exp([table(what, each).log_min for each in moments])[:, _JUDGED_AT]
    kinds = np.array(
        [by_kind.get(cells_of(m)[1], row) for m, row in zip(moments, tables, strict=True)]
    )
    for group, rows in _groups(cases).items():
        yield _held(
            what,
            group,
            waited[rows],
            said=said[rows],
            tables=tables[rows],
            kinds=kinds[rows],
            outages=len({cases[row][0].opened_at for row in rows}),
        )
    if what is Awaited.RESTORATION:
        yield from _held_later(forecaster, cases)


def _by_kind(waits: Sequence[tuple[Seen, float]]) -> dict[str, Floats]:
    """The plain quantiles at `JUDGED` of each milestone and kind of device, in minutes."""
    cells: dict[str, list[float]] = defaultdict(list)
    for seen, minutes in waits:
        cells[cells_of(seen.moment)[1]].append(minutes)
    return {cell: np.quantile(found, JUDGED) for cell, found in cells.items()}


def _groups(cases: Sequence[tuple[Seen, float]]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, (seen, _) in enumerate(cases):
        moment = seen.moment
        for group in (
            "all",
            moment.milestone.value,
            "storm" if seen.stormy else "calm",
            f"kind {moment.kind}",
            moment.area_class.value,
        ):
            rows[group].append(row)
    return {group: rows[group] for group in sorted(rows, key=_by_rank)}


def _by_rank(group: str) -> tuple[int, str]:
    ranks: Mapping[str, int] = {
        "all": 0,
        "calm": 1,
        "storm": 2,
        **{m: 3 + n for n, m in enumerate(Milestone)},
    }
    return ranks.get(group, 20), group


LEAST_LOSS_MIN = 1 / 60
"""What others foresaw without any error, as waits that are all alike, counts as missed by this."""


def _held(
    what: Awaited,
    group: str,
    waited: Floats,
    *,
    said: Floats,
    tables: Floats,
    kinds: Floats,
    outages: int,
) -> Held:
    shares = (waited[:, None] <= said).mean(axis=0)
    spans = [wilson(float(share), outages) for share in shares]
    loss = pinball(said, waited)
    first, second, third = map(float, shares)
    return Held(
        what=what.value,
        group=group,
        cases=len(waited),
        outages=outages,
        shares=(first, second, third),
        low=(spans[0][0], spans[1][0], spans[2][0]),
        high=(spans[0][1], spans[1][1], spans[2][1]),
        pinball_min=loss,
        against_table=loss / max(pinball(tables, waited), LEAST_LOSS_MIN),
        against_kinds=loss / max(pinball(kinds, waited), LEAST_LOSS_MIN),
    )


def _held_later(forecaster: Forecaster, cases: Sequence[tuple[Seen, float]]) -> Iterator[Held]:
    """What is said of an outage that is still out some time after it was opened."""
    opened = [(s, w) for s, w in cases if s.moment.milestone is Milestone.OPENED]
    for passed in PASSED_MIN:
        still = [(seen, waited) for seen, waited in opened if waited > passed]
        if not still:
            continue
        curves = [forecaster.restoration(seen.moment) for seen, _ in still]
        plain = [table(Awaited.RESTORATION, seen.moment) for seen, _ in still]
        said, tables = (
            np.array([curve.after(passed).quantiles(np.array(JUDGED)) for curve in each])
            for each in (curves, plain)
        )
        waited = np.array([minutes - passed for _, minutes in still])
        yield _held(
            Awaited.RESTORATION,
            f"still out after {passed:.0f} min",
            waited,
            said=said,
            tables=tables,
            kinds=tables,
            outages=len(still),
        )


def pinball(said: Floats, waited: Floats) -> float:
    """The mean loss of quantiles (cases, 3) at `JUDGED`, in minutes."""
    off = waited[:, None] - said
    levels = np.array(JUDGED)
    return float(np.maximum(levels * off, (levels - 1) * off).mean())


def wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share of so many cases (Wilson 1927)."""
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = (
        z
        / (1 + z * z / count)
        * float(np.sqrt(share * (1 - share) / count + z * z / (4 * count**2)))
    )
    return max(0.0, middle - half), min(1.0, middle + half)
