"""Arrival and restoration as curves: learned trees over plain quantiles over a table.

With much history the trees speak. With less, the quantiles of how much longer or shorter than the
table repairs of a milestone and a kind of device took; with none, the table. Between them the
logarithms are averaged by how much each rests on, and what rests on little is widened. Last come
corrections, so that each quantile holds what it says on the newest weeks (split conformal
prediction, Romano, Patterson, Candes 2019, one side at a time and by groups).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np

from dispatch.domain.repair import DistrictNow, RepairMoment
from dispatch.domain.words import DistrictId
from dispatch.errors import InvalidInput
from dispatch.learning.assumed_waits import assumed_arrival, assumed_restoration
from dispatch.learning.curves import LEVELS, SCORES, Curve, rising
from dispatch.learning.moments import FEATURES, STORM, Usual, Words, numbers, queue_of
from dispatch.learning.trees import KeptSums, Trees
from dispatch.rates import Floats

SHIPPED = 1
"""The version that is nothing but the table."""

FORMAT = 1

TABLE_WEIGHS = 10.0
STAGE_WEIGHS = 15.0
PLAIN_WEIGHS = 150.0
"""As many repairs the table weighs against a milestone's own, the milestone against one of a kind
of device, and the plain quantiles against the trees (assumptions)."""

HOUR = FEATURES.index("hour")
DAY_MIN = 24 * 60
SOON = timedelta(minutes=10)
"""How long before a cell of the hour begins it is summed, and how old a question may be for it."""

GROUP_WEIGHS = 80.0
"""As many cases a correction of everybody weighs against that of a group."""


class Awaited(StrEnum):
    """What is waited for."""

    ARRIVAL = "arrival"
    RESTORATION = "restoration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Quantiles of one group from so many repairs.

    They are of the logarithm of the minutes over the median of the table, at `LEVELS`.
    """

    count: int
    log_min: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned of one wait.

    `plain` is by milestone, and by milestone and kind (`arrived/fuse`); `offsets` are added to the
    logarithms, by group (`all`, `arrived`, `arrived/storm`). `sums` are those of the trees, kept;
    `asked` are the moments that each district's plan last asked about.
    """

    repairs: int
    words: Words
    plain: Mapping[str, Plain] = field(default_factory=dict)
    trees: Trees | None = None
    offsets: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    sums: KeptSums | None = field(init=False, compare=False, repr=False)
    asked: dict[DistrictId, tuple[RepairMoment, ...]] = field(
        init=False, compare=False, repr=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        sums = None if self.trees is None else KeptSums(self.trees)
        object.__setattr__(self, "sums", sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecaster:
    """Gives curves for moments of repairs; without anything learned it is the table.

    `zone` is the IANA zone whose hours and weekdays it was learned by.
    """

    version: int = SHIPPED
    zone: str = "UTC"
    usual: Usual = field(default_factory=Usual)
    learned: Mapping[Awaited, Learned] = field(default_factory=dict)

    @property
    def is_learned(self) -> bool:
        """Whether it is more than the table."""
        return bool(self.learned)

    def stirring(self, district_id: DistrictId, now: DistrictNow) -> float:
        """How many times more outages than usual a district has."""
        return self.usual.stirring(district_id, now.opened_lately)

    def queue(self, now: DistrictNow) -> float:
        """Outages not reached yet for each crew."""
        return queue_of(now)

    def restoration(self, moment: RepairMoment) -> Curve:
        """Minutes from the moment until the last customer has light."""
        return self._curve(Awaited.RESTORATION, moment)

    def arrival(self, moment: RepairMoment) -> Curve:
        """Minutes from the moment until a crew is there; for moments before it arrived."""
        return self._curve(Awaited.ARRIVAL, moment)

    def log_minutes(self, what: Awaited, moments: Sequence[RepairMoment]) -> Floats:
        """Logarithms of the minutes at `LEVELS`, shape (moments, levels), rising."""
        raw = self.uncorrected(what, moments)
        learned = self.learned.get(what)
        if learned is None or not learned.offsets:
            return raw
        return rising(raw + np.array([_offset(learned.offsets, each) for each in moments]))

    def work_ahead(self, moments: Mapping[DistrictId, Sequence[RepairMoment]]) -> None:
        """Remember what plans ask about, so that it can be summed before it is asked again."""
        learned = self.learned.get(Awaited.RESTORATION)
        if learned is not None and learned.sums is not None:
            learned.asked.update((each, tuple(asked)) for each, asked in moments.items())

    def sum_ahead(self, now: datetime, most: int) -> int:
        """Sum what plans asked about lately as it will stand when the hour's next cell begins.

        The hour moves all orders to other cells of the trees at once, and a plan then would have to
        sum them all. At most `most` are summed; how many are left.
        """
        learned = self.learned.get(Awaited.RESTORATION)
        if learned is None or learned.sums is None:
            return 0
        coming = [
            _later(each, wait)
            for asked in list(learned.asked.values())
            for wait in _until_next(asked, learned.sums.borders(HOUR), now)
            for each in asked
        ]
        missing = learned.sums.missing(numbers(coming, learned.words))
        if len(missing):
            learned.sums.of(missing[:most])
        return max(0, len(missing) - most)

    def uncorrected(self, what: Awaited, moments: Sequence[RepairMoment]) -> Floats:
        """The same before the corrections."""
        assumed = np.array([table(what, each).log_min for each in moments]).reshape(-1, len(LEVELS))
        learned = self.learned.get(what)
        if learned is None:
            return assumed
        drawn = np.array(
            [_drawn(learned.plain, each, row) for each, row in zip(moments, assumed, strict=True)]
        ).reshape(-1, len(LEVELS))
        if learned.sums is None:
            return rising(drawn)
        share = learned.repairs / (learned.repairs + PLAIN_WEIGHS)
        grown = rising(learned.sums.of(numbers(moments, learned.words)))
        return rising((1 - share) * drawn + share * grown)

    def _curve(self, what: Awaited, moment: RepairMoment) -> Curve:
        if what not in self.learned:
            return table(what, moment)
        return Curve.of(self.log_minutes(what, [moment])[0])

    def to_dict(self) -> dict[str, Any]:
        """Numbers and words only, as JSON takes them."""
        return {
            "format": FORMAT,
            "levels": list(LEVELS),
            "features": list(FEATURES),
            "zone": self.zone,
            "usual": dict(self.usual.a_day),
            "learned": {what.value: _written(each) for what, each in self.learned.items()},
        }

    @classmethod
    def from_dict(cls, written: Mapping[str, Any], version: int) -> "Forecaster":
        """Read what `to_dict` gave.

        Raises
        ------
        InvalidInput
            It was made by a release that knows other features or levels, or is damaged.
        """
        made_for = (written.get("format"), written.get("levels"), written.get("features"))
        if made_for != (FORMAT, list(LEVELS), list(FEATURES)):
            raise InvalidInput("forecaster", made_for, "a version that this release can read")
        return cls(
            version=version,
            zone=str(written["zone"]),
            usual=Usual(dict(written["usual"])),
            learned={Awaited(what): _read(each) for what, each in written["learned"].items()},
        )


def _until_next(
    asked: Sequence[RepairMoment], borders: Floats, now: datetime
) -> Iterator[timedelta]:
    """How long after they were asked about the hour is in its next cell, if both are near."""
    first = asked[0].at if asked else None
    if first is None or now - first > SOON:
        return
    local = now.astimezone(first.tzinfo)
    minutes = local.hour * 60 + local.minute
    ahead = [math.floor(60 * border) + 1 for border in (*borders, 24.0) if 60 * border >= minutes]
    wait = timedelta(minutes=min(ahead[0], DAY_MIN) - minutes, seconds=-local.second)
    if wait <= SOON:
        yield now + wait - first


def _later(moment: RepairMoment, wait: timedelta) -> RepairMoment:
    """The same work when so much time has gone by without anybody there."""
    since = moment.since_opened_min + wait.total_seconds() / 60
    return replace(moment, at=moment.at + wait, since_opened_min=since)


def table(what: Awaited, moment: RepairMoment) -> Curve:
    """What is assumed without any history."""
    return (assumed_arrival if what is Awaited.ARRIVAL else assumed_restoration)(moment)


def groups_of(moment: RepairMoment) -> Iterator[str]:
    """The groups whose corrections count, the widest first."""
    milestone = moment.milestone.value
    weather = "storm" if moment.stirring >= STORM else "calm"
    yield from ("all", milestone, f"{milestone}/{weather}")


def cells_of(moment: RepairMoment) -> tuple[str, str]:
    """The milestone, and the milestone with the kind of device."""
    return moment.milestone.value, f"{moment.milestone.value}/{moment.kind}"


def _drawn(plain: Mapping[str, Plain], moment: RepairMoment, assumed: Floats) -> Floats:
    """The table, drawn to the milestone's quantiles, and those to the kind's.

    The fewer repairs, the more is added to the spread: as a mean of so many is itself uncertain.
    """
    drawn, behind = assumed, 0.0
    median = assumed[len(LEVELS) // 2]
    for cell, weighs in zip(cells_of(moment), (TABLE_WEIGHS, STAGE_WEIGHS), strict=True):
        found = plain.get(cell)
        if found is not None:
            share = found.count / (found.count + weighs)
            drawn = (1 - share) * drawn + share * (median + np.array(found.log_min))
            behind = max(behind, found.count)
    middle = drawn[len(LEVELS) // 2]
    return np.asarray(middle + (drawn - middle) * np.sqrt(1 + 1 / (1 + behind / 4)))


def _offset(offsets: Mapping[str, tuple[float, ...]], moment: RepairMoment) -> tuple[float, ...]:
    found = (0.0,) * len(LEVELS)
    for group in groups_of(moment):
        found = offsets.get(group, found)
    return found


def _written(learned: Learned) -> dict[str, Any]:
    return {
        "repairs": learned.repairs,
        "words": {name: dict(each) for name, each in learned.words.effects.items()},
        "plain": {
            cell: {"count": each.count, "log_min": list(each.log_min)}
            for cell, each in learned.plain.items()
        },
        "trees": None if learned.trees is None else learned.trees.to_dict(),
        "offsets": {group: list(each) for group, each in learned.offsets.items()},
    }


def _read(written: Mapping[str, Any]) -> Learned:
    trees = written["trees"]
    made = Learned(
        repairs=int(written["repairs"]),
        words=Words({name: dict(each) for name, each in written["words"].items()}),
        plain={
            cell: Plain(count=int(each["count"]), log_min=tuple(map(float, each["log_min"])))
            for cell, each in written["plain"].items()
        },
        trees=None if trees is None else Trees.from_dict(trees, len(FEATURES)),
        offsets={group: tuple(map(float, each)) for group, each in written["offsets"].items()},
    )
    rows = [each.log_min for each in made.plain.values()] + list(made.offsets.values())
    if any(len(row) != SCORES.size or not np.isfinite(row).all() for row in rows):
        raise InvalidInput("forecaster", "quantiles", "a finite number for each level")
    if made.trees is not None and made.trees.outputs != SCORES.size:
        raise InvalidInput("forecaster", "trees", "an output for each level")
    return made
