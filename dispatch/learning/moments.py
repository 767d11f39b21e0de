"""Past repairs as moments with what came of them, and a moment as numbers for a model."""

import bisect
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

import numpy as np

from dispatch.domain.repair import (
    BEFORE_ARRIVAL,
    DistrictNow,
    Milestone,
    PastRepair,
    PastRepairs,
    RepairMoment,
)
from dispatch.domain.words import DistrictId
from dispatch.rates import Floats, stirred

LATELY = timedelta(hours=6)
"""Over so long it shows whether a district is stirred; longer is slower to notice a storm."""

STORM = 3.0
"""With so many times the usual outages a district counts as stormy."""

STAGES: Mapping[Milestone, int] = {each: n for n, each in enumerate(Milestone)}
ORDER = ("area_class", "kind", "cause", "district")
FEATURES = (
    *ORDER,
    "stage",
    "log_customers",
    "log_stirring",
    "log_queue",
    "hour",
    "weekday",
    "log_since_opened_min",
    "drive_min",
    "log_on_site_min",
)
"""Columns of `numbers`; the first four are effects of words on the logarithm of the minutes."""

UNKNOWN = -1.0
"""A duration that does not apply; real ones are not negative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A moment of a past repair, and how many minutes from it the wait took.

    `arrival_min` is None after the arrival and where none is on record; `ended` says that supply
    came back; until the record was read it had been `restoration_min` without.
    """

    moment: RepairMoment
    opened_at: datetime
    restoration_min: float
    arrival_min: float | None
    ended: bool = True

    @property
    def stormy(self) -> bool:
        """Whether the district was in a storm."""
        return self.moment.stirring >= STORM


@dataclass(frozen=True, slots=True)
class Usual:
    """How many outages a day a district usually has."""

    a_day: Mapping[str, float] = field(default_factory=dict)

    def stirring(self, district_id: DistrictId, opened_lately: int) -> float:
        """How many times more than usual were opened `LATELY`; 1 where the usual is not known."""
        a_day = self.a_day.get(district_id)
        if a_day is None:
            return 1.0
        return stirred(opened_lately, round(a_day * (LATELY / timedelta(days=1)), 3))


def usual_of(past: PastRepairs) -> Usual:
    """Outages a day of each district: the median week counts, so that storms do not."""
    weeks = max(1, round((past.until - past.since) / timedelta(weeks=1)))
    counts: dict[DistrictId, Floats] = defaultdict(lambda: np.zeros(weeks))
    for repair in past.repairs:
        week = min(weeks - 1, int((repair.opened_at - past.since) / timedelta(weeks=1)))
        counts[repair.district_id][week] += 1
    return Usual({d: max(float(np.median(n)), 0.5) / 7 for d, n in counts.items()})


def queue_of(now: DistrictNow) -> float:
    """Outages not reached yet, for each crew."""
    return now.unreached / max(1, now.crews)


def moments_of(past: PastRepairs, usual: Usual, zone: tzinfo) -> list[Seen]:
    """Every milestone of every repair, by the time the outage was opened."""
    districts = _districts(past)
    seen = [
        each
        for repair in past.repairs
        for each in _moments(repair, districts[repair.district_id], usual, past, zone)
    ]
    return sorted(seen, key=lambda each: (each.opened_at, STAGES[each.moment.milestone]))


@dataclass(frozen=True, slots=True)
class _District:
    """When a district's outages were opened and reached, each sorted."""

    opened: Sequence[datetime]
    reached: Sequence[datetime]
    crews: int

    def at(self, moment: datetime) -> DistrictNow:
        opened = bisect.bisect_right(self.opened, moment)
        lately = opened - bisect.bisect_right(self.opened, moment - LATELY)
        unreached = opened - bisect.bisect_right(self.reached, moment)
        return DistrictNow(opened_lately=lately, unreached=unreached, crews=self.crews)


def _districts(past: PastRepairs) -> Mapping[DistrictId, _District]:
    mine: dict[DistrictId, list[PastRepair]] = defaultdict(list)
    for repair in past.repairs:
        mine[repair.district_id].append(repair)
    return {
        district: _District(
            sorted(each.opened_at for each in repairs),
            sorted(_reached(each) or past.until for each in repairs),
            past.crews.get(district, 1),
        )
        for district, repairs in mine.items()
    }


def _reached(repair: PastRepair) -> datetime | None:
    times = [at for at in (repair.arrived_at, repair.restored_at) if at is not None]
    return min(times, default=None)


def _moments(
    repair: PastRepair, district: _District, usual: Usual, past: PastRepairs, zone: tzinfo
) -> Iterator[Seen]:
    end = repair.restored_at or past.until
    for milestone, at in _milestones(repair):
        if not repair.opened_at <= at < end:
            continue
        around = district.at(at)
        arrived = repair.arrived_at
        before = milestone in BEFORE_ARRIVAL
        left = repair.customers_left if milestone is Milestone.PARTLY else None
        yield Seen(
            moment=RepairMoment(
                milestone=milestone,
                at=at.astimezone(zone),
                district_id=repair.district_id,
                kind=repair.kind,
                area_class=repair.area_class,
                customers=repair.customers if left is None else left,
                cause=repair.cause if _knows_cause(repair, milestone, at) else None,
                stirring=usual.stirring(repair.district_id, around.opened_lately),
                queue=queue_of(around),
                since_opened_min=_minutes(repair.opened_at, at),
                drive_min=_drive(repair, at) if before else None,
                on_site_min=_minutes(arrived, at) if not before and arrived else None,
            ),
            opened_at=repair.opened_at,
            restoration_min=_minutes(at, end),
            arrival_min=_minutes(at, arrived) if before and arrived and arrived > at else None,
            ended=repair.restored_at is not None,
        )


def _milestones(repair: PastRepair) -> Iterator[tuple[Milestone, datetime]]:
    """Those on record that come after each other; an arrival that was given up is not told."""
    yield Milestone.OPENED, repair.opened_at
    latest = repair.opened_at
    for milestone, at in (
        (Milestone.ASSIGNED, repair.assigned_at),
        (Milestone.EN_ROUTE, repair.en_route_at),
        (Milestone.ARRIVED, repair.arrived_at),
        (Milestone.FOUND, repair.found_at if repair.cause else None),
        (Milestone.PARTLY, repair.partly_at),
    ):
        if at is not None and at >= latest:
            latest = at
            yield milestone, at


def _knows_cause(repair: PastRepair, milestone: Milestone, at: datetime) -> bool:
    found = repair.found_at
    return milestone in {Milestone.FOUND, Milestone.PARTLY} and found is not None and found <= at


def _drive(repair: PastRepair, at: datetime) -> float | None:
    if repair.assigned_at is None or repair.drive_s is None or at < repair.assigned_at:
        return None
    due = repair.assigned_at + timedelta(seconds=repair.drive_s)
    return max(0.0, _minutes(at, due))


def _minutes(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 60


@dataclass(frozen=True, slots=True)
class Words:
    """The effect of words on the logarithm of the minutes, drawn towards none; unknown ones: 0."""

    effects: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    DRAWN = 20.0

    @classmethod
    def learned(cls, moments: Sequence[RepairMoment], log_min: Floats) -> "Words":
        """Mean deviation of each word, as if `DRAWN` more cases had shown none."""
        stages = np.array([STAGES[each.milestone] for each in moments])
        means = {stage: log_min[stages == stage].mean() for stage in set(stages.tolist())}
        rest = log_min - np.array([means[stage] for stage in stages.tolist()])
        effects: dict[str, Mapping[str, float]] = {}
        for name, words in zip(ORDER, zip(*map(_words, moments), strict=True), strict=True):
            sums: dict[str, float] = defaultdict(float)
            counts: dict[str, int] = defaultdict(int)
            for word, value in zip(words, rest.tolist(), strict=True):
                sums[word] += value
                counts[word] += 1
            effects[name] = {w: s / (counts[w] + cls.DRAWN) for w, s in sorted(sums.items())}
        return cls(effects)

    def of(self, moment: RepairMoment) -> tuple[float, ...]:
        """The effects of a moment's words, in the order of `ORDER`."""
        return tuple(
            self.effects.get(name, {}).get(word, 0.0)
            for name, word in zip(ORDER, _words(moment), strict=True)
        )


def _words(moment: RepairMoment) -> tuple[str, str, str, str]:
    return (moment.area_class.value, moment.kind, moment.cause or "", moment.district_id)


def numbers(moments: Sequence[RepairMoment], words: Words) -> Floats:
    """The columns of `FEATURES`, shape (moments, features)."""
    return np.array([_row(each, words) for each in moments]).reshape(-1, len(FEATURES))


def _row(moment: RepairMoment, words: Words) -> tuple[float, ...]:
    on_site = moment.on_site_min
    return (
        *words.of(moment),
        float(STAGES[moment.milestone]),
        float(np.log1p(moment.customers)),
        float(np.log(moment.stirring)),
        float(np.log1p(moment.queue)),
        moment.at.hour + moment.at.minute / 60,
        float(moment.at.weekday()),
        float(np.log1p(moment.since_opened_min)),
        UNKNOWN if moment.drive_min is None else moment.drive_min,
        UNKNOWN if on_site is None else float(np.log1p(on_site)),
    )
