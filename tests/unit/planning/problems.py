"""Problems for tests: small ones by hand, and random ones with everything at once."""

import numpy as np
from hypothesis import strategies as st

from dispatch.domain.words import CrewId, OrderId
from dispatch.planning.problem import (
    ChangeCosts,
    Hands,
    Hold,
    Meal,
    Problem,
    Promise,
    Roads,
    Shelf,
    Work,
)


def on_a_line(*at_min: float) -> Roads:
    """Places along one straight road, by the minutes from its beginning."""
    at = np.array(at_min)
    return Roads(travel_min=np.abs(at[:, None] - at[None]).astype(np.float32))


def a_work(order_id: int, place: int, *, due: float = 45.0, weight: float = 1.0, **more) -> Work:
    given = {
        "promises": (Promise(rule="arrival", due_min=due, weight=weight),),
        "restore_weight": 0.0,
        "duration_min": 30.0,
    } | more
    return Work(order_id=OrderId(order_id), place=place, **given)


def a_crew(name: str, place: int, **more) -> Hands:
    return Hands(crew_id=CrewId(name), place=place, **more)


def a_problem(works, crews, roads, **more) -> Problem:
    return Problem(works=tuple(works), crews=tuple(crews), roads=roads, **more)


def a_shelf(place: int, *stock: str) -> Shelf:
    return Shelf(place=place, name=f"depot {place}", stock=frozenset(stock))


SKILLS = ("mv", "lv", "lift")


@st.composite
def problems(draw) -> Problem:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    crews, orders = draw(st.integers(1, 6)), draw(st.integers(1, 14))
    places = crews + orders + 2
    at = rng.random((places, 2)) * 40
    travel = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) * rng.uniform(1, 2)
    if rng.random() < 0.3:
        travel[rng.random((places, places)) < 0.05] = np.inf
        np.fill_diagonal(travel, 0)
    names = [CrewId(f"C{i}") for i in range(crews)]

    def some(things, share):
        return [thing for thing in things if rng.random() < share]

    on_way = list(names)
    works = []
    for i in range(orders):
        leads = [work.order_id for work in works if work.beside is None]
        beside = OrderId(rng.choice(leads)) if leads and rng.random() < 0.15 else None
        hold, holder = Hold.PLANNED, next(iter(some(names, 0.15)), None)
        if holder and rng.random() < 0.4 and holder in on_way:
            on_way.remove(holder)
            hold = Hold.EN_ROUTE
        received = -60 * rng.random()
        works.append(
            Work(
                order_id=OrderId(i + 1),
                place=crews + i,
                promises=(
                    Promise(rule="a", due_min=received + 45, weight=rng.choice([1, 5]), charge=20),
                    Promise(rule="b", due_min=received + 60, weight=0.5),
                )[: int(rng.integers(0, 3))],
                restore_weight=rng.random() * 0.2,
                told=Promise(rule="told", due_min=rng.uniform(-30, 240), weight=0.25)
                if rng.random() < 0.4
                else None,
                duration_min=rng.uniform(5, 90),
                duration_cv=rng.choice([0.0, 0.5]),
                needs=frozenset(some(SKILLS, 0.2)),
                parts=frozenset(some(["fuse", "pole"], 0.2)),
                beside=beside,
                after=()
                if beside
                else tuple(OrderId(j) for j in range(1, i) if rng.random() < 0.06),
                release_min=30 * float(rng.random() < 0.2),
                hazard=bool(rng.random() < 0.1),
                pinned=next(iter(some(names, 0.08)), None),
                holder=holder,
                hold=hold,
                barred=frozenset(some(names, 0.05)),
            )
        )
    hands = [
        Hands(
            crew_id=name,
            place=i,
            free_min=60 * float(rng.random()) * float(rng.random() < 0.5),
            free_sd_min=float(rng.choice([0, 10])),
            until_min=float(rng.choice([np.inf, 240, 480])),
            can=frozenset(some(SKILLS, 0.7)),
            carries=frozenset(some(["fuse", "pole"], 0.5)),
            meal=Meal(from_min=60, until_min=150, minutes=30) if rng.random() < 0.4 else None,
        )
        for i, name in enumerate(names)
    ]
    return Problem(
        works=tuple(works),
        crews=tuple(hands),
        roads=Roads(
            travel_min=travel.astype(np.float32),
            cv=float(rng.choice([0, 0.3])),
            rough=frozenset(rng.integers(0, places, places // 3).tolist()),
            rough_cv=0.5,
            factors=tuple(float(f) for f in rng.uniform(0.8, 2, int(rng.integers(1, 5)))),
            first_hour_min=float(rng.uniform(0, 60)),
        ),
        depots=tuple(
            Shelf(place=place, name=str(place), stock=frozenset(some(["fuse", "pole"], 0.7)))
            for place in (places - 1, places - 2)[: int(rng.integers(0, 3))]
        ),
        change=ChangeCosts(planned=float(rng.uniform(0, 30))),
    )
