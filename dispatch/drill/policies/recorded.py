"""A day that was, to be played again: the same orders, work and drives, and what really came of it.

What was never known of an order is taken from the others: work that nobody completed lasts as long
as half of what was, and a drive that nobody timed is as long as the map says.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from dispatch.domain.clock import RuleSet
from dispatch.domain.crew import Crew
from dispatch.domain.order import PRIORITY_CRITICAL, PRIORITY_HAZARD
from dispatch.domain.words import CrewId, DistrictId, OrderId
from dispatch.drill.policies.day import Day, Job, duties_of, on_map
from dispatch.drill.policies.ground import DISTRICT, Drives, Ground, Shift
from dispatch.drill.policies.playing import Played
from dispatch.drill.policies.standing import Served
from dispatch.errors import InvalidInput
from dispatch.planning.district import PlanningPolicy
from dispatch.store.reads.recorded import RecordedOrder, RecordedShift
from gis.network.model import Network
from gis.roads.graph import RoadGraph

SLOW = (0.25, 4.0)
"""A drive that took less or more than this, over what was expected, was something else."""

HOUR_S = 3600.0
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A local day as it was; `begins_at` is its midnight."""

    begins_at: datetime
    orders: Sequence[RecordedOrder]
    shifts: Sequence[RecordedShift]
    rules: RuleSet

    def minute(self, at: datetime) -> float:
        """Minutes from its midnight."""
        return (at - self.begins_at).total_seconds() / MINUTE_S


def recorded_ground(name: str, roads: RoadGraph, recorded: Recorded) -> Ground:
    """Take the crews, shifts, districts and promises of the day, on these roads.

    A crew that a scenario adds is one of the district whose base is nearest. The second shift of a
    crew is a crew of its own, such as `C05 #2`.

    Raises
    ------
    InvalidInput
        Nothing came that day, or nobody was on shift.
    """
    if not recorded.orders or not recorded.shifts:
        raise InvalidInput("day", name, "one with orders and crews on shift")
    bases = [(each.base_lon, each.base_lat, each.district_id) for each in recorded.shifts]

    def district_of(lon: float, lat: float) -> DistrictId:
        return min(bases, key=lambda at: (at[0] - lon) ** 2 + (at[1] - lat) ** 2)[2]

    area = {(o.lon, o.lat): o.area_class for o in recorded.orders}
    return Ground(
        name=name,
        network=Network(name=name),
        drives=Drives(roads),
        class_of=lambda lon, lat: area[lon, lat],
        shifts=tuple(_shift(recorded, each, name) for each, name in _named(recorded.shifts)),
        faults={},
        rules=recorded.rules,
        district_of=district_of,
    )


def recorded_day(ground: Ground, recorded: Recorded, planning: PlanningPolicy) -> Day:
    """The day's orders on a ground, which may have other crews or promises by now."""
    duties = duties_of(ground)
    usual = work_of(recorded, planning)
    jobs = [
        _job(ground, recorded, order, place=len(duties) + number, work_min=usual[order.id])
        for number, order in enumerate(recorded.orders)
    ]
    return on_map(ground, duties, jobs, seed=0, storm=False, hours=(1.0,))


def as_it_was(day: Day, recorded: Recorded) -> Played:
    """What really came of the day; nobody knows its kilometres, nor how long who worked."""
    served = []
    for order, job in zip(recorded.orders, day.jobs, strict=True):
        arrived, done = order.arrived_at, order.completed_at
        if arrived is None:
            served.append(Served(job=job))
            continue
        there = recorded.minute(arrived)
        over = there + job.work_min if done is None else recorded.minute(done)
        served.append(Served(job=job, crew_id=order.crew_id, arrived_min=there, done_min=over))
    unknown = float("nan")
    return Played(day=day, served=tuple(served), km=unknown, overtime_min=unknown)


def work_of(recorded: Recorded, planning: PlanningPolicy) -> Mapping[OrderId, float]:
    """Minutes on site of every order: as they were, else the median, else what the plan takes."""
    known = {
        order.id: (order.completed_at - order.arrived_at).total_seconds() / MINUTE_S
        for order in recorded.orders
        if order.completed_at is not None
        and order.arrived_at is not None
        and order.completed_at > order.arrived_at
    }
    usual = median(known.values()) if known else planning.on_site_min
    return {order.id: known.get(order.id, usual) for order in recorded.orders}


def _job(
    ground: Ground, recorded: Recorded, order: RecordedOrder, *, place: int, work_min: float
) -> Job:
    own = order.district_id or ground.district_of(order.lon, order.lat)
    return Job(
        order_id=order.id,
        place=place,
        lon=order.lon,
        lat=order.lat,
        received_min=recorded.minute(order.received_at),
        area_class=order.area_class,
        customers=order.customers,
        hazard=_hazard(order),
        critical=order.priority >= PRIORITY_CRITICAL,
        needs=order.skills,
        work_min=work_min,
        slow=_slow(order),
        district_id=DISTRICT if ground.as_one else own,
    )


def _hazard(order: RecordedOrder) -> str | None:
    if order.hazards:
        return order.hazards[0]
    return "priority" if order.priority >= PRIORITY_HAZARD else None


def _slow(order: RecordedOrder) -> float:
    """How long the drive took over what was expected of it."""
    if order.en_route_at is None or order.arrived_at is None or not order.travel_s:
        return 1.0
    taken = (order.arrived_at - order.en_route_at).total_seconds()
    return min(max(taken / order.travel_s, SLOW[0]), SLOW[1])


def _named(shifts: Sequence[RecordedShift]) -> Iterator[tuple[RecordedShift, str]]:
    seen: Counter[str] = Counter()
    for shift in shifts:
        seen[shift.crew_id] += 1
        count = seen[shift.crew_id]
        yield shift, shift.crew_id if count == 1 else f"{shift.crew_id} #{count}"


def _shift(recorded: Recorded, shift: RecordedShift, name: str) -> Shift:
    begins_h = (shift.begins_at - recorded.begins_at).total_seconds() / HOUR_S
    ends_h = (shift.ends_at - recorded.begins_at).total_seconds() / HOUR_S
    crew = Crew(
        id=CrewId(name),
        name=shift.name,
        district_id=shift.district_id,
        skills=shift.skills,
        base_lon=shift.base_lon,
        base_lat=shift.base_lat,
    )
    return Shift(crew=crew, begins_h=begins_h, ends_h=ends_h)
