"""The ways of sending crews that are compared: what dispatchers do, one round at a time, the plan.

All here but the plan send a hazard before anything else, send only crews that hold nothing and
whose shift has half an hour to go, and never turn one.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from dispatch.domain.words import CrewId, OrderId
from dispatch.drill.county.frame import Floats
from dispatch.drill.policies import parameters as p
from dispatch.drill.policies.playing import Sender
from dispatch.drill.policies.standing import Situation
from dispatch.planning.acting import Move, held_orders
from dispatch.planning.policies import hungarian_rounds, urgency
from dispatch.planning.problem import Hands, Hold, Problem, Work
from dispatch.procedures.planning import Planner, Stated, plan_moves
from dispatch.restoration import PlannedArrival

LINE, ROAD = "nearest by line", "nearest by road"
HUNGARIAN, URGENT = "Hungarian", "most urgent first"
VROOM, OURS = "VROOM", "ours"


class Nearest:
    """The nearest of all pairs of a free crew and a waiting order, until either is used up."""

    def __init__(self, *, by_road: bool) -> None:
        self._by_road = by_road

    def choose(self, situation: Situation) -> Collection[Move]:
        """See `Sender`."""
        problem = situation.problem
        near = problem.roads.travel_min if self._by_road else situation.line_min
        crews, waiting = list(free_crews(problem, situation.at_work)), waiting_works(problem)
        moves = []
        for group in _hazards_first(waiting):
            left = list(group)
            while pair := _nearest_pair(problem, crews, left, near):
                crew, work = pair
                crews.remove(crew)
                left.remove(work)
                moves.append(_move(crew, work))
        return moves


class MostUrgentFirst:
    """Each waiting order, the heaviest and soonest due first, to the free crew soonest there."""

    def choose(self, situation: Situation) -> Collection[Move]:
        """See `Sender`."""
        problem = situation.problem
        crews = list(free_crews(problem, situation.at_work))
        moves = []
        for work in sorted(waiting_works(problem), key=urgency):
            if pair := _nearest_pair(problem, crews, [work], problem.roads.travel_min):
                crews.remove(pair[0])
                moves.append(_move(*pair))
        return moves


class Hungarian:
    """Free crews and waiting orders matched so that all arrivals together are least late."""

    def choose(self, situation: Situation) -> Collection[Move]:
        """See `Sender`."""
        problem = situation.problem
        crews = list(free_crews(problem, situation.at_work))
        moves: list[Move] = []
        for group in _hazards_first(waiting_works(problem)):
            able = tuple(replace(crew, until_min=float("inf")) for crew in crews)
            part = Problem(works=_alone(group), crews=able, roads=problem.roads)
            first = {crew: orders[0] for crew, orders in hungarian_rounds(part).items()}
            moves += [Move(crew_id=c, order_id=o, leaves=None) for c, o in first.items()]
            crews = [crew for crew in crews if crew.crew_id not in first]
        return moves


class Ours:
    """The rolling plan as the product carries it out: its first stops, and nobody left behind."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self._expected: dict[OrderId, PlannedArrival] = {}

    def choose(self, situation: Situation) -> Collection[Move]:
        """See `Sender`."""
        stated = Stated(problem=situation.problem, at_work=situation.at_work, doubtful=frozenset())
        planned = plan_moves(self.planner, situation.district_id, stated)
        self._expected = {}
        if planned is None:
            return MostUrgentFirst().choose(situation)
        problem, plan, now = planned
        for stop in plan.stops:
            self._expected[stop.order_id] = PlannedArrival(
                mean_min=stop.arrive_min, sd_min=stop.arrive_sd_min
            )
        moves = list(now)
        sent, gone = {m.order_id for m in moves}, {m.crew_id for m in moves}
        crews = [c for c in free_crews(problem, situation.at_work) if c.crew_id not in gone]
        for work in sorted(waiting_works(problem), key=urgency):
            stranded = work.hazard or work.order_id in plan.unplaced
            if work.order_id in sent or not stranded:
                continue
            if pair := _nearest_pair(problem, crews, [work], problem.roads.travel_min):
                crews.remove(pair[0])
                moves.append(_move(*pair))
        return moves

    def expected(self) -> Mapping[OrderId, PlannedArrival]:
        """See `Foresees`."""
        return self._expected


def simple_ways() -> dict[str, Callable[[], Sender]]:
    """Give all ways but VROOM's and ours, by name; each makes a new sender for a day."""
    return {
        LINE: lambda: Nearest(by_road=False),
        ROAD: lambda: Nearest(by_road=True),
        HUNGARIAN: Hungarian,
        URGENT: MostUrgentFirst,
    }


def free_crews(problem: Problem, at_work: Collection[CrewId]) -> Iterator[Hands]:
    """Give the crews that hold nothing and whose shift does not end within half an hour."""
    held = held_orders(problem)
    for crew in problem.crews:
        free = crew.crew_id not in held and crew.crew_id not in at_work
        if free and crew.until_min >= p.SHIFT_RESERVE_MIN:
            yield crew


def waiting_works(problem: Problem) -> list[Work]:
    """List the orders that nobody was sent to."""
    return [work for work in problem.works if work.hold is Hold.PLANNED]


def _hazards_first(works: Sequence[Work]) -> tuple[list[Work], list[Work]]:
    return [w for w in works if w.hazard], [w for w in works if not w.hazard]


def _alone(works: Sequence[Work]) -> tuple[Work, ...]:
    return tuple(replace(work, holder=None, pinned=None) for work in works)


def _nearest_pair(
    problem: Problem, crews: Sequence[Hands], works: Sequence[Work], near: Floats | np.ndarray
) -> tuple[Hands, Work] | None:
    """The nearest able crew and order that a road joins; ties by number."""
    travel = problem.roads.travel_min
    pairs = [
        (float(near[crew.place, work.place]), work.order_id, crew.crew_id, crew, work)
        for crew in crews
        for work in works
        if crew.is_able(work) and np.isfinite(travel[crew.place, work.place])
    ]
    return min(pairs, key=lambda pair: pair[:3])[3:] if pairs else None


def _move(crew: Hands, work: Work) -> Move:
    return Move(crew_id=crew.crew_id, order_id=work.order_id, leaves=None)
