"""The public picture: what may be shown of who is out, so that no home can be told from it.

Counts are of areas that hold many customers. A number is a multiple of ten, and once told it stays
until ten customers more or fewer are out than when it was made. So no picture, and no difference
of two pictures, speaks of fewer than ten customers.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dispatch.domain.outage import EstimatedRestoration
from dispatch.domain.told import (
    AreaMemory,
    AreaTold,
    Expected,
    Progress,
    PublicArea,
    PublicCause,
    PublicCauseNow,
    PublicPolicy,
    ToldCount,
)

DEFAULT_POLICY = PublicPolicy()
MOST_CAUSES = 3
"""So many causes are listed for an area, those with the most customers first."""

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseNow:
    """A fault or planned work as it is on record; `key` tells it from every other."""

    key: str
    began_at: datetime
    planned: bool
    stated_cause: str | None
    progress: Progress
    estimate: EstimatedRestoration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutInCell:
    """How many customers of one square are out; `key` is the cause, None for all of them once."""

    cell: Cell
    key: str | None
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is shown, most customers first, and what the next picture has to remember of it."""

    areas: tuple[AreaTold, ...]
    memory: Mapping[str, AreaMemory]

    @property
    def customers(self) -> int:
        """The sum of the told numbers, and of nothing else."""
        return sum(each.customers or 0 for each in self.areas)


def paint(
    areas: Sequence[PublicArea],
    out: Sequence[OutInCell],
    causes: Sequence[CauseNow],
    before: Mapping[str, AreaMemory],
    *,
    now: datetime,
    policy: PublicPolicy = DEFAULT_POLICY,
) -> Picture:
    """Make the next picture from what is on record and what the last one told.

    Customers in a square of no area are not counted: their area comes when areas are made anew.
    """
    by_area = _counts(areas, out)
    known = {each.key: each for each in causes}
    told, memory = [], {}
    for area in areas:
        counts = by_area.get(area.id, {})
        kept = _remember(before.get(area.id), counts, now, policy)
        if kept is None:
            continue
        memory[area.id] = kept
        named = [(key, count) for key, count in kept.causes if count.number and key in known]
        named.sort(key=lambda each: (-(each[1].number or 0), each[0]))
        told.append(
            AreaTold(
                area=area,
                customers=kept.told.number,
                causes=tuple(_public(known[key], now, policy) for key, _ in named[:MOST_CAUSES])
                if kept.told.number
                else (),
            )
        )
    told.sort(key=lambda each: (-(each.customers or 0), each.area.name, each.area.id))
    return Picture(areas=tuple(told), memory=memory)


def tell(
    before: ToldCount | None,
    customers: int,
    *,
    now: datetime,
    policy: PublicPolicy = DEFAULT_POLICY,
) -> ToldCount | None:
    """The number to tell where `customers` are out and `before` was told; None for nothing.

    A number that fell under the least is told as "fewer, or none" for a fixed time, whatever
    happens behind it: when it vanishes tells nothing of when the last home got light.
    """
    masked = before is not None and before.number is None
    over = masked and before is not None and now - before.since >= policy.clears_after
    if before is not None and not over and abs(customers - before.behind) < policy.least:
        return before
    if customers >= policy.least:
        number = customers // policy.least * policy.least
        return ToldCount(number=number, behind=customers, since=now)
    if before is None or over:
        return None
    return before if masked else ToldCount(number=None, behind=customers, since=now)


def _counts(
    areas: Sequence[PublicArea], out: Sequence[OutInCell]
) -> Mapping[str, dict[str | None, int]]:
    home = {cell: area.id for area in areas for cell in area.cells}
    counts: dict[str, dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    for each in out:
        if each.cell in home:
            counts[home[each.cell]][each.key] += each.customers
    return counts


def _remember(
    before: AreaMemory | None,
    counts: Mapping[str | None, int],
    now: datetime,
    policy: PublicPolicy,
) -> AreaMemory | None:
    told = tell(
        None if before is None else before.told, counts.get(None, 0), now=now, policy=policy
    )
    if told is None:
        return None
    earlier = {} if before is None else dict(before.causes)
    causes = {
        key: tell(earlier.get(key), counts.get(key, 0), now=now, policy=policy)
        for key in {*earlier, *counts}
        if key is not None
    }
    kept = tuple(sorted((key, count) for key, count in causes.items() if count is not None))
    return AreaMemory(told=told, causes=kept)


# In words that name nobody ---------------------------------------------------------------------

_WORDS: Sequence[tuple[PublicCause, str]] = (
    (PublicCause.TREE, r"树|竹|\b(?:trees?|branch|branches|vegetation)\b"),
    (PublicCause.ANIMAL, r"鸟|蛇|鼠|猫|动物|\b(?:animals?|birds?|snakes?|squirrels?|rats?)\b"),
    (
        PublicCause.THIRD_PARTY,
        r"外力|施工|挖断|车辆|吊车|撞|盗|\b(?:vehicles?|cars?|trucks?|digger|excavat\w+|theft)\b",
    ),
    (
        PublicCause.WEATHER,
        r"风|雷|雨|冰|雪|洪|台风|\b(?:storms?|winds?|lightning|ice|snow|floods?|typhoon|weather)\b",
    ),
    (PublicCause.EQUIPMENT, r"设备|变压器|配变|电缆|绝缘|熔|断路|开关|线路|接头|老化|过载"),
    (
        PublicCause.EQUIPMENT,
        r"\b(?:equipment|transformers?|cables?|insulators?|fuses?|breakers?|overload\w*|joints?)\b",
    ),
)


def public_cause(stated: str | None) -> PublicCause:
    """The kind of cause behind what a crew wrote; the words themselves may name somebody."""
    if not (stated or "").strip():
        return PublicCause.LOOKED_FOR
    found = (kind for kind, words in _WORDS if re.search(words, stated or "", re.IGNORECASE))
    return next(found, PublicCause.FOUND)


def _public(cause: CauseNow, now: datetime, policy: PublicPolicy) -> PublicCauseNow:
    return PublicCauseNow(
        began_at=floored(cause.began_at, policy.rounded_to),
        cause=PublicCause.PLANNED if cause.planned else public_cause(cause.stated_cause),
        progress=cause.progress,
        expected=_expected(cause.estimate, now, policy.rounded_to),
    )


def _expected(estimate: EstimatedRestoration | None, now: datetime, step: timedelta) -> Expected:
    if estimate is None:
        return Expected()
    if estimate.has_passed(now):
        return Expected(by=raised(estimate.at, step), passed=True)
    spread = estimate.from_at is not None and estimate.to_at is not None
    return Expected(
        by=raised(estimate.at, step),
        from_at=floored(estimate.from_at, step) if spread and estimate.from_at else None,
        to_at=raised(estimate.to_at, step) if spread and estimate.to_at else None,
        confidence=estimate.confidence,
    )


_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def floored(at: datetime, step: timedelta) -> datetime:
    """The last round time before `at`, or `at` itself."""
    return _EPOCH + (at - _EPOCH) // step * step


def raised(at: datetime, step: timedelta) -> datetime:
    """The next round time after `at`, or `at` itself."""
    return _EPOCH - (_EPOCH - at) // step * step
