"""What is to be planned: orders, crews, roads, and what being late costs.

All times are minutes from the moment of planning; what lies in the past is negative. Places are
numbers: rows and columns of one table of travel times.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.words import CrewId, OrderId
from dispatch.errors import InvalidInput

Minutes = NDArray[np.float32]
HOUR_MIN = 60.0
LOAD_MIN = 10.0
"""How long it takes to load parts at a depot (assumption)."""
MAX_PROMISES = 2


class Hold(StrEnum):
    """What a crew has already to do with an order, the weakest first."""

    PLANNED = "planned"
    SENT = "sent"
    EN_ROUTE = "en_route"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One clock of an order: arrive by `due_min`, or pay.

    `weight` is the cost of each minute late, `charge` the cost of being late at all.
    """

    rule: str
    due_min: float
    weight: float
    charge: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """An open order as the planner sees it.

    Attributes
    ----------
    promises
        Clocks that the first arrival stops; at most two.
    told
        When supply was said to be back: being done later costs its weight for each minute.
    restore_weight
        Cost of each minute until the work is done: customers without supply.
    duration_min, duration_cv
        Mean time on site, and its standard deviation over the mean.
    needs
        Skills and equipment, of which the crew must have all.
    parts
        What is fetched from a depot on the way unless the crew carries it.
    beside
        The order whose crew this one's works with: work that takes several crews is an order for
        each, all but the first beside it. They begin together with different crews, or none does.
    after
        Orders whose work must be done before this one's begins.
    release_min
        No crew is sent earlier.
    hazard
        A danger to life; goes before meal breaks, and may turn a crew that is on its way.
    pinned, holder
        The crew that a dispatcher decided on, and the one that has it in the running plan.
    hold
        What the holder has to do with it.
    barred
        Crews that must not be sent, as they gave it back.
    """

    order_id: OrderId
    place: int
    promises: tuple[Promise, ...]
    restore_weight: float
    duration_min: float
    duration_cv: float = 0.0
    needs: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    beside: OrderId | None = None
    after: tuple[OrderId, ...] = ()
    release_min: float = 0.0
    hazard: bool = False
    pinned: CrewId | None = None
    holder: CrewId | None = None
    hold: Hold = Hold.PLANNED
    barred: frozenset[CrewId] = frozenset()
    told: Promise | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meal:
    """A break that begins before the first drive at or after `from_min`.

    It comes earlier when the next job would otherwise end after `until_min`.
    """

    from_min: float
    until_min: float
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """A crew as the planner sees it.

    Attributes
    ----------
    place, free_min, free_sd_min
        Where and when it is ready for its next drive; the spread is that of the work under way.
    until_min
        Work that would end later is not given to it; infinite where no shift is known.
    can
        Skills and equipment; a crew without any listed is taken to do everything.
    carries
        Parts it has aboard.
    """

    crew_id: CrewId
    place: int
    free_min: float = 0.0
    free_sd_min: float = 0.0
    until_min: float = float("inf")
    can: frozenset[str] = frozenset()
    carries: frozenset[str] = frozenset()
    meal: Meal | None = None

    def has_skills(self, work: Work) -> bool:
        """Whether it has the skills and equipment that an order needs."""
        return not self.can or work.needs <= self.can

    def is_able(self, work: Work) -> bool:
        """Whether it has the skills and equipment, and did not give the order back."""
        return self.has_skills(work) and self.crew_id not in work.barred

    def lacks(self, work: Work) -> frozenset[str]:
        """The parts of an order that it has not aboard."""
        return work.parts - self.carries


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A depot as the planner sees it: where it is, what it is called and what it has."""

    place: int
    name: str
    stock: frozenset[str]


def with_all(shelves: Sequence[Shelf], parts: frozenset[str]) -> tuple[Shelf, ...]:
    """The depots that have all of these parts; a crew goes by one depot at most."""
    return tuple(shelf for shelf in shelves if parts <= shelf.stock)


def by_depot_min(
    travel_min: Minutes, crew: "Hands", work: "Work", shelves: Iterable[Shelf], load_min: float
) -> float:
    """Minutes on free roads from a crew to an order by the best of some depots; inf without one."""
    ways = (travel_min[crew.place, s.place] + travel_min[s.place, work.place] for s in shelves)
    return min(map(float, ways), default=math.inf) + load_min


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roads:
    """How long drives take.

    Attributes
    ----------
    travel_min
        Mean minutes between places on free roads, shape (p, p); infinite where no road leads.
    cv
        Standard deviation of a drive over its mean.
    rough, rough_cv
        Places in a storm, and the same for drives to them.
    factors
        By how much roads are slower, by the hour: `factors[0]` from `first_hour_min` minutes
        before now, each for an hour, the last one for good.
    """

    travel_min: Minutes
    cv: float = 0.0
    rough: frozenset[int] = frozenset()
    rough_cv: float = 0.0
    factors: tuple[float, ...] = (1.0,)
    first_hour_min: float = 0.0

    def cv_to(self, place: int) -> float:
        """Standard deviation of a drive to a place over its mean."""
        return self.rough_cv if place in self.rough else self.cv


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCosts:
    """What a change of the running plan costs, in weighted minutes late.

    A crew that is on its way is turned for a gain above `turn`, or for a hazard above
    `turn_for_hazard`; an order that was sent or only planned moves for a gain above the others.
    """

    planned: float = 1.0
    sent: float = 50.0
    turn: float = 300.0
    turn_for_hazard: float = 5.0

    def of(self, hold: Hold) -> float:
        """The cost of taking an order that is held like that from its crew."""
        return {Hold.PLANNED: self.planned, Hold.SENT: self.sent, Hold.EN_ROUTE: self.turn}[hold]


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Everything a plan is made from.

    `unplaced_cost` is what an order costs that no crew can take; it is far above any lateness, so
    that an order is left out only where shifts, skills or roads leave no crew.

    Raises
    ------
    InvalidInput
        An id twice, a place that is not in the table, more than two promises, an order after
        itself or after one that is not there, one beside itself, beside one that is not there or
        beside one that is beside another, or a crew on its way to two orders.
    """

    works: tuple[Work, ...]
    crews: tuple[Hands, ...]
    roads: Roads
    depots: tuple[Shelf, ...] = ()
    load_min: float = LOAD_MIN
    change: ChangeCosts = field(default_factory=ChangeCosts)
    unplaced_cost: float = 100_000.0

    def __post_init__(self) -> None:
        _check_ids([w.order_id for w in self.works], "order")
        _check_ids([c.crew_id for c in self.crews], "crew")
        places = self.roads.travel_min.shape[0]
        for place in (
            *(work.place for work in self.works),
            *(crew.place for crew in self.crews),
            *(shelf.place for shelf in self.depots),
        ):
            if not 0 <= place < places:
                raise InvalidInput("place", place, f"a place below {places}")
        for work in self.works:
            self._check(work)
        self._check_circles()
        on_way = [w.holder for w in self.works if w.hold is Hold.EN_ROUTE and w.holder]
        _check_ids(on_way, "crew en route")

    @cached_property
    def work_of(self) -> dict[OrderId, Work]:
        """Each order's work."""
        return {work.order_id: work for work in self.works}

    @cached_property
    def crew_of(self) -> dict[CrewId, Hands]:
        """Each crew."""
        return {crew.crew_id: crew for crew in self.crews}

    @cached_property
    def teams(self) -> tuple[tuple[Work, ...], ...]:
        """The orders that are worked on together, most of them alone, the first one in front."""
        teams = {work.order_id: [work] for work in self.works if work.beside is None}
        for work in self.works:
            if work.beside is not None:
                teams[work.beside].append(work)
        return tuple(map(tuple, teams.values()))

    @cached_property
    def team_of(self) -> dict[OrderId, tuple[Work, ...]]:
        """Each order's team."""
        return {work.order_id: team for team in self.teams for work in team}

    def previous_of(self, work: Work) -> CrewId | None:
        """Who has an order so far; nobody where a pin pushed the holder out."""
        return work.holder if work.pinned in {None, work.holder} else None

    def fetched_at(self, crew: Hands, work: Work) -> tuple[Shelf, ...]:
        """The depots by one of which a crew has to go; empty where it drives there straight.

        One that a dispatcher sends without a part that no depot has drives there straight, too.
        """
        lacks = crew.lacks(work)
        return with_all(self.depots, lacks) if lacks else ()

    def can_supply(self, crew: Hands, work: Work) -> bool:
        """Whether the crew carries what an order needs, or some depot has all that it lacks."""
        return not crew.lacks(work) or bool(self.fetched_at(crew, work))

    def may_send(self, crew: Hands, work: Work) -> bool:
        """Whether the crew is able to do an order, and can have its parts."""
        return crew.is_able(work) and self.can_supply(crew, work)

    def _check(self, work: Work) -> None:
        if len(work.promises) > MAX_PROMISES:
            raise InvalidInput("promises", len(work.promises), f"at most {MAX_PROMISES}")
        first = work if work.beside is None else self.work_of.get(work.beside)
        if first is None or first.beside is not None:
            raise InvalidInput("beside", work.beside, "an order of the same plan, beside no other")
        for other in work.after:
            if other not in self.work_of:
                raise InvalidInput("after", other, "an order of the same plan")

    def _check_circles(self) -> None:
        done: set[OrderId] = set()
        waiting = self.teams
        while waiting:
            ready = [team for team in waiting if done.issuperset(o for w in team for o in w.after)]
            if not ready:
                stuck = [work.order_id for team in waiting for work in team if work.after]
                raise InvalidInput("after", stuck, "orders that do not wait for each other")
            done.update(work.order_id for team in ready for work in team)
            waiting = tuple(team for team in waiting if team[0].order_id not in done)


def _check_ids(ids: Sequence[object], what: str) -> None:
    if len(set(ids)) != len(ids):
        raise InvalidInput(what, len(ids), "each of them once")
