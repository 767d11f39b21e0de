"""Years of repairs made up from a known law, so that what was learned can be held to the truth.

The wait for a crew and the work are lognormal, given what is known of an outage; the law's figures
are assumptions and no utility's. Storms come on some days, raise the number of outages and slow the
crews. Everything follows from the seed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from dispatch.domain.repair import PastRepair, PastRepairs
from dispatch.domain.words import AreaClass, DistrictId, OutageId
from dispatch.rates import Floats

SINCE = datetime(2024, 1, 1, tzinfo=UTC)

WORK_MIN: Mapping[str, float] = {
    "service": 35.0,
    "transformer": 70.0,
    "fuse": 50.0,
    "recloser": 85.0,
    "breaker": 110.0,
}
OFTEN = (0.35, 0.2, 0.25, 0.1, 0.1)
SPREAD: Mapping[str, float] = {
    "service": 0.45,
    "transformer": 0.7,
    "fuse": 0.5,
    "recloser": 0.6,
    "breaker": 0.65,
}
CAUSES: Mapping[str, float] = {
    "tree": 1.3,
    "animal": 0.7,
    "equipment": 1.2,
    "dig-in": 2.0,
    "overload": 0.6,
}
DRIVE_MIN = {AreaClass.URBAN: 18.0, AreaClass.RURAL: 35.0, AreaClass.REMOTE: 60.0}
CREWS = 4
NIGHT = (22, 23, 0, 1, 2, 3, 4, 5)
IN_PARTS, PARTLY = 40, 0.3
"""Outages of more customers are restored in parts so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """How the made-up world goes.

    Attributes
    ----------
    outages_a_day, storm_share, storm_times
        Outages of a district on a calm day, the share of stormy days, and how many times more they
        bring.
    drift
        By how much repairs take longer at the end of the record than at its beginning, as a factor.
    """

    districts: int = 3
    outages_a_day: float = 4.0
    storm_share: float = 0.05
    storm_times: float = 8.0
    drift: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An outage with what its waits are drawn from: medians in minutes and logarithmic spreads."""

    repair: PastRepair
    wait_min: float
    wait_spread: float
    drive_min: float
    drive_spread: float
    work_min: float
    work_spread: float


def made_up(seed: int, weeks: int, law: Law | None = None) -> tuple[PastRepairs, tuple[Made, ...]]:
    """A record of so many weeks, and the truth behind each of its repairs."""
    law = law or Law()
    rng = np.random.default_rng(seed)
    names = [DistrictId(f"D{n + 1}") for n in range(law.districts)]
    made: list[Made] = []
    for place, name in enumerate(names):
        for day in range(weeks * 7):
            storm = bool(rng.random() < law.storm_share)
            count = rng.poisson(law.outages_a_day * (law.storm_times if storm else 1.0))
            slower = law.drift ** (day / (weeks * 7))
            for minute in np.sort(_minutes_of_day(rng, count, storm=storm)).tolist():
                at = SINCE + timedelta(days=day, minutes=minute)
                load = _load(made, name, at)
                made.append(_made(rng, name, place, at, load, storm=storm, slower=slower))
    made = [
        replace(each, repair=replace(each.repair, outage_id=OutageId(n + 1)))
        for n, each in enumerate(sorted(made, key=lambda each: each.repair.opened_at))
    ]
    past = PastRepairs(
        since=SINCE,
        until=SINCE + timedelta(weeks=weeks),
        repairs=tuple(each.repair for each in made),
        crews=dict.fromkeys(names, CREWS),
    )
    return as_read(past), tuple(made)


def as_read(past: PastRepairs) -> PastRepairs:
    """The record as somebody would read it at its end: what happens after that is not in it."""

    def known(at: datetime | None) -> datetime | None:
        return at if at is not None and at < past.until else None

    repairs = tuple(
        replace(
            each,
            restored_at=known(each.restored_at),
            assigned_at=known(each.assigned_at),
            en_route_at=known(each.en_route_at),
            arrived_at=known(each.arrived_at),
            found_at=known(each.found_at),
            partly_at=known(each.partly_at),
        )
        for each in past.repairs
        if each.opened_at < past.until
    )
    return replace(past, repairs=repairs)


def _minutes_of_day(rng: np.random.Generator, count: int, *, storm: bool) -> Floats:
    """Storms are over within hours; else more happens by day than at night."""
    if storm:
        begin = rng.uniform(0, 1080)
        return np.asarray(np.clip(begin + rng.gamma(3.0, 60.0, count), 0, 1439))
    return np.asarray(np.clip(rng.normal(840, 300, count), 0, 1439))


def _load(made: list[Made], district: DistrictId, at: datetime) -> float:
    """Outages of the district that no crew has reached, for each crew."""
    open_now = 0
    for each in reversed(made):
        if each.repair.district_id != district or at - each.repair.opened_at > timedelta(days=1):
            break
        arrived = each.repair.arrived_at
        open_now += arrived is not None and arrived > at
    return open_now / CREWS


def _made(
    rng: np.random.Generator,
    district: DistrictId,
    place: int,
    at: datetime,
    load: float,
    *,
    storm: bool,
    slower: float,
) -> Made:
    kind = str(rng.choice(list(WORK_MIN), p=OFTEN))
    area = (AreaClass.URBAN, AreaClass.RURAL, AreaClass.REMOTE)[min(2, int(rng.geometric(0.5) - 1))]
    cause = str(rng.choice(list(CAUSES), p=(0.5, 0.1, 0.25, 0.1, 0.05) if storm else (0.2,) * 5))
    customers = 1 if kind == "service" else 1 + int(rng.lognormal(3.5, 1.0))
    night = at.hour in NIGHT
    wait_min = 6.0 * math.exp(0.55 * min(load, 6.0)) * (1.6 if night else 1.0) * slower
    drive_min = DRIVE_MIN[area] * (1.3 if storm else 1.0)
    work_min = WORK_MIN[kind] * CAUSES[cause] * customers**0.06 * slower
    work_min *= (1.25 if night else 1.0) * (1.2 if storm else 1.0) * (1.0, 1.1, 0.9)[place % 3]
    wait, drive = rng.lognormal(math.log(wait_min), 0.5), rng.lognormal(math.log(drive_min), 0.25)
    work = rng.lognormal(math.log(work_min), SPREAD[kind])
    assigned = at + timedelta(minutes=wait)
    arrived = assigned + timedelta(minutes=drive)
    restored = arrived + timedelta(minutes=work)
    found = arrived + timedelta(minutes=work * rng.uniform(0.1, 0.4))
    partly = customers > IN_PARTS and rng.random() < PARTLY
    return Made(
        repair=PastRepair(
            outage_id=OutageId(0),
            district_id=district,
            kind=kind,
            area_class=area,
            customers=customers,
            opened_at=at,
            restored_at=restored,
            assigned_at=assigned,
            drive_s=drive_min * 60,
            en_route_at=assigned + timedelta(minutes=min(3.0, drive / 2)),
            arrived_at=arrived,
            found_at=found,
            cause=cause,
            partly_at=arrived + timedelta(minutes=work * rng.uniform(0.5, 0.9)) if partly else None,
            customers_left=customers // 3 if partly else None,
        ),
        wait_min=wait_min,
        wait_spread=0.5,
        drive_min=drive_min,
        drive_spread=0.25,
        work_min=work_min,
        work_spread=SPREAD[kind],
    )
