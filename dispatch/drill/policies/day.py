"""One day as it truly goes: orders, how long drives and work take, and who is on shift."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from dispatch.coverage import Cells, CoveragePolicy, Places, cells_of
from dispatch.domain.clock import ARRIVAL_COMMITMENT, RuleSet
from dispatch.domain.crew import Crew
from dispatch.domain.month import MonthSoFar
from dispatch.domain.words import AreaClass, DistrictId, OrderId
from dispatch.drill.county import parameters as county
from dispatch.drill.county.day import Happening
from dispatch.drill.county.frame import Floats, Ints, stream
from dispatch.drill.elsewhere.on_network import day_on
from dispatch.drill.policies import parameters as p
from dispatch.drill.policies.ground import DISTRICT, Ground
from gis.crs import distance_m

MIDNIGHT = county.DAY
NEEDS = {
    "mv_line": frozenset({"mv"}),
    "transformer": frozenset({"mv"}),
    "lv_line": frozenset({"lv"}),
    "service": frozenset({"lv"}),
    "internal": frozenset({"lv"}),
}
DAY_MIN = 1440.0
NOWHERE = np.empty(0)
NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An order with what only the simulator knows: `work_min` on site, `slow` of the drive there.

    Times are minutes from midnight; `place` is a row of the day's tables.
    """

    order_id: OrderId
    place: int
    lon: float
    lat: float
    received_min: float
    area_class: AreaClass
    customers: int
    hazard: str | None
    critical: bool
    needs: frozenset[str]
    work_min: float
    slow: float
    district_id: DistrictId = DISTRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A crew's time on shift, from its base, in minutes from midnight."""

    crew: Crew
    place: int
    begins_min: float
    ends_min: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ward:
    """The customers of a district, in cells; `places` are rows of the day's tables."""

    cells: Cells
    places: Ints


NOBODY = Ward(
    cells=cells_of(
        Places(lon=NOWHERE, lat=NOWHERE, customers=NONE, critical=NONE, area=NONE), CoveragePolicy()
    ),
    places=NONE,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Day:
    """Everything that happens, the same whoever sends the crews.

    Attributes
    ----------
    map_min, km, line_min
        What the map says: minutes and kilometres by road, minutes along straight lines; shapes
        (p, p), crews' bases first, then orders' sites, then cells of customers.
    hours
        By how much all roads are slower, by the hour from midnight; the last one for good.
    wards
        The customers of each district, where there are several.
    month
        How the month of arrival commitments stands when the day begins.
    """

    seed: int
    storm: bool
    jobs: tuple[Job, ...]
    duties: tuple[Duty, ...]
    map_min: Floats
    km: Floats
    line_min: Floats
    hours: tuple[float, ...]
    rules: RuleSet
    wards: Mapping[DistrictId, Ward] = field(default_factory=dict)
    month: Mapping[AreaClass, MonthSoFar] = field(default_factory=dict)

    def districts(self) -> list[DistrictId]:
        """List the districts that have a crew or an order."""
        of_crews = {duty.crew.district_id for duty in self.duties}
        return sorted(of_crews | {job.district_id for job in self.jobs})

    def ward(self, district_id: DistrictId) -> Ward:
        """The customers of a district; nobody where that is not known."""
        return self.wards.get(district_id, NOBODY)

    def due_in(self, job: Job, rule: str = ARRIVAL_COMMITMENT) -> float:
        """Within how many minutes of its call somebody has to be at an order."""
        return self.rules.get(rule).minutes[job.area_class]

    def slow_at(self, at_min: float) -> float:
        """By how much roads are slower than the map says at a moment."""
        return self.hours[min(max(int(at_min // 60), 0), len(self.hours) - 1)]


def make_day(ground: Ground, seed: int, *, storm: bool, load: float = 1.0) -> Day:
    """Draw a day; the same ground, seed and figures give the same one.

    What breaks, and who calls when, is the simulated day of the network; an order comes with the
    first call about a fault, and faults that nobody calls about have none. `load` is how much
    breaks, over the usual.
    """
    duties = duties_of(ground)
    happened = day_on(
        ground.network,
        seed,
        begins=MIDNIGHT + timedelta(hours=p.BEGINS_H),
        hours=p.HOURS,
        faults=round(load * ground.faults[storm]),
        storm=storm,
    )
    rng = stream(seed, "dispatching")
    jobs = _jobs(ground, happened, rng, first_place=len(duties))
    mean, cv = p.HOUR_SLOW[storm]
    hours = mean * _lognormal(rng, cv, int(p.OVER_AFTER_H))
    return on_map(ground, duties, jobs, seed=seed, storm=storm, hours=tuple(hours.tolist()))


def on_map(
    ground: Ground,
    duties: Sequence[Duty],
    jobs: Sequence[Job],
    *,
    seed: int,
    storm: bool,
    hours: tuple[float, ...],
) -> Day:
    """Put crews and orders on the map: how far everything is from everything.

    The row of a duty or a job is its `place`: duties first, then jobs.
    """
    places = [(d.crew.base_lon, d.crew.base_lat) for d in duties]
    places += [(job.lon, job.lat) for job in jobs]
    wards = {}
    for district_id, cells in ground.cells.items():
        rows = np.arange(len(places), len(places) + len(cells))
        wards[district_id] = Ward(cells=cells, places=rows)
        places += cells.at()
    map_min, km = ground.drives.tables(places)
    lon, lat = np.array(places, float).T
    metres = distance_m(lon[:, None], lat[:, None], lon[None], lat[None])
    return Day(
        seed=seed,
        storm=storm,
        jobs=tuple(jobs),
        duties=tuple(duties),
        map_min=map_min,
        km=km,
        line_min=metres / (p.LINE_KMH * 1000 / 60),
        hours=hours,
        rules=ground.rules,
        wards=wards,
        month=ground.month,
    )


def duties_of(ground: Ground) -> tuple[Duty, ...]:
    """Each crew's shift of the day; one that goes past midnight begins in the evening."""
    return tuple(
        Duty(
            crew=ground.manned(shift.crew),
            place=row,
            begins_min=60 * shift.begins_h,
            ends_min=60 * shift.ends_h + (DAY_MIN if shift.ends_h <= shift.begins_h else 0),
        )
        for row, shift in enumerate(ground.shifts)
    )


def _jobs(
    ground: Ground, happened: list[Happening], rng: np.random.Generator, *, first_place: int
) -> tuple[Job, ...]:
    called: dict[str, datetime] = {}
    for each in happened:
        if each.kind == "ticket" and each.fault_id is not None:
            called.setdefault(each.fault_id, each.at)
    faults = {str(each.payload["id"]): each.payload for each in happened if each.kind == "fault"}
    jobs: list[Job] = []
    for fault_id in sorted(called, key=lambda f: (called[f], f)):
        fault = faults[fault_id]
        lon, lat = float(str(fault["lon"])), float(str(fault["lat"]))
        number = len(jobs)
        jobs.append(
            Job(
                order_id=OrderId(number + 1),
                place=first_place + number,
                lon=lon,
                lat=lat,
                received_min=(called[fault_id] - MIDNIGHT).total_seconds() / 60,
                area_class=ground.class_of(lon, lat),
                customers=int(str(fault["customers"])),
                hazard=None if fault["hazard"] is None else str(fault["hazard"]),
                critical=bool(rng.random() < p.CRITICAL_SHARE),
                needs=NEEDS[str(fault["kind"])],
                work_min=float(str(fault["repair_s"])) / 60,
                slow=float(_lognormal(rng, p.DRIVE_CV, 1)[0]),
                district_id=ground.answers_for(lon, lat),
            )
        )
    return tuple(jobs)


def _lognormal(rng: np.random.Generator, cv: float, count: int) -> Floats:
    """Draws with mean 1 and the given spread over the mean."""
    var = math.log1p(cv**2)
    drawn: Floats = rng.lognormal(-var / 2, math.sqrt(var), count)
    return drawn
