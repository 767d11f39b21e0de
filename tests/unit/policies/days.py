"""Days for tests: along one straight road by hand, and on streets in a square by lot."""

import numpy as np

from dispatch.domain.crew import Crew
from dispatch.domain.words import AreaClass, CrewId, DistrictId, OrderId
from dispatch.drill.policies.day import Day, Duty, Job
from dispatch.drill.policies.ground import published

MORNING = 480.0
EVENING = 1200.0


def a_duty(
    name: str,
    *,
    ends: float = EVENING,
    skills: frozenset[str] = frozenset(),
    district: str = "drill",
) -> Duty:
    crew = Crew(
        id=CrewId(name),
        name=name,
        district_id=DistrictId(district),
        skills=skills,
        base_lon=114.0,
        base_lat=27.0,
    )
    return Duty(crew=crew, place=0, begins_min=MORNING, ends_min=ends)


def a_job(received: float, **facts: object) -> Job:
    given = {
        "order_id": OrderId(1),
        "place": 0,
        "lon": 114.0,
        "lat": 27.0,
        "received_min": received,
        "area_class": AreaClass.URBAN,
        "customers": 10,
        "hazard": None,
        "critical": False,
        "needs": frozenset(),
        "work_min": 60.0,
        "slow": 1.0,
    }
    return Job(**{**given, **facts})


def a_day(
    duties: list[tuple[float, Duty]],
    jobs: list[tuple[float, Job]],
    *,
    hours: tuple[float, ...] = (1.0,),
) -> Day:
    """Crews' bases and orders' sites by their minute along the road; a kilometre a minute."""
    at = np.array([minute for minute, _ in (*duties, *jobs)], float)
    apart = np.abs(at[:, None] - at[None])
    base = len(duties)
    return Day(
        seed=1,
        storm=False,
        jobs=tuple(_at(job, base + i, OrderId(i + 1)) for i, (_, job) in enumerate(jobs)),
        duties=tuple(
            Duty(crew=d.crew, place=i, begins_min=d.begins_min, ends_min=d.ends_min)
            for i, (_, d) in enumerate(duties)
        ),
        map_min=apart,
        km=apart,
        line_min=apart,
        hours=hours,
        rules=published(),
    )


def _at(job: Job, place: int, order_id: OrderId) -> Job:
    facts = {name: getattr(job, name) for name in job.__slots__}
    return Job(**{**facts, "place": place, "order_id": order_id})


def some_day(seed: int, *, crews: int = 3, orders: int = 9) -> Day:
    """Orders by lot along the road within three hours, work and drives with spread."""
    rng = np.random.default_rng(seed)
    duties = [
        (float(rng.uniform(0, 60)), a_duty(f"C{i}", ends=float(rng.uniform(700, 1100))))
        for i in range(crews)
    ]
    classes = list(AreaClass)
    jobs = [
        (
            float(rng.uniform(0, 60)),
            a_job(
                float(received),
                area_class=classes[int(rng.integers(3))],
                hazard="wire_down" if rng.random() < 0.2 else None,
                work_min=float(rng.gamma(3, 20)),
                slow=float(rng.uniform(0.7, 1.5)),
            ),
        )
        for received in np.sort(rng.uniform(MORNING - 30, MORNING + 180, orders))
    ]
    return a_day(duties, jobs, hours=tuple(rng.uniform(0.9, 1.2, 24).tolist()))
