"""What a plan comes to, worked out slowly and plainly, one crew and one stop after the other.

The search keeps its own books in arrays; this module shares nothing with it but the statement of
the problem, and every plan passes through here before anybody acts on it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from dispatch.domain.words import CrewId, OrderId
from dispatch.planning.chances import chance_late, expected_lateness
from dispatch.planning.plan import Costs, Plan, Sequences, Stop
from dispatch.planning.problem import HOUR_MIN, Hands, Hold, Problem, Roads, Work

TOLERANCE_MIN = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A plan with its times and costs, and every rule it breaks, in words for a log."""

    plan: Plan
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Time:
    mean: float
    var: float

    @property
    def sd(self) -> float:
        return math.sqrt(self.var)


@dataclass(slots=True)
class _Crew:
    """A crew while its sequence is walked through."""

    hands: Hands
    todo: list[OrderId]
    place: int
    ready: _Time
    fed: bool
    done: int = 0


@dataclass(frozen=True, slots=True)
class _Coming:
    """A crew that stands at an order and may have to wait there."""

    crew: _Crew
    depart_min: float
    arrive: _Time
    meal: bool
    by_depot: int | None


@dataclass(slots=True)
class _Walk:
    """Who stands at which team's orders, by the first of them, and when orders have ended."""

    problem: Problem
    waiting: dict[OrderId, list[_Coming]] = field(default_factory=dict)
    ended: dict[OrderId, _Time] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)


def evaluate(problem: Problem, sequences: Sequences) -> Evaluation:
    """Work out when everything in `sequences` happens, what it costs and which rules it breaks.

    Orders that are in no sequence are unplaced. Where crews or orders wait for each other in a
    circle, what cannot begin is reported as a violation and has no stop.
    """
    broken = _wrong_ids(problem, sequences)
    known = {
        crew: tuple(o for o in orders if o in problem.work_of)
        for crew, orders in sequences.items()
        if crew in problem.crew_of
    }
    walk = _Walk(problem)
    stuck = _walk_through(walk, known)
    broken += [f"order {order} waits in a circle" for order in stuck]
    for stop in walk.stops:
        broken += _wrong_with(problem, stop)
    broken += _wrong_counts(problem, known)
    placed = {order for orders in known.values() for order in orders}
    unplaced = tuple(w.order_id for w in problem.works if w.order_id not in placed)
    stops = sorted(walk.stops, key=lambda stop: (stop.crew_id, stop.position))
    plan = Plan(
        sequences={crew: tuple(orders) for crew, orders in sequences.items() if orders},
        stops=tuple(stops),
        unplaced=unplaced,
        costs=_costs(problem, stops, known, unplaced),
    )
    return Evaluation(plan=plan, violations=tuple(broken))


def drive_min(roads: Roads, start: int, end: int, depart_min: float) -> float:
    """How long a drive takes that begins at `depart_min`, through the hours it crosses."""
    left, at = float(roads.travel_min[start, end]), depart_min
    if not math.isfinite(left):
        return math.inf
    last, hour = len(roads.factors) - 1, math.floor((at + roads.first_hour_min) / HOUR_MIN)
    while True:
        factor = roads.factors[min(max(hour, 0), last)]
        until = math.inf if hour >= last else (hour + 1) * HOUR_MIN - roads.first_hour_min
        if at + left * factor <= until:
            return at + left * factor - depart_min
        left -= max(until - at, 0.0) / factor
        at, hour = until, hour + 1


def way(
    problem: Problem, crew: Hands, work: Work, place: int, depart: _Time
) -> tuple[_Time, int | None]:
    """When a crew that sets out from `place` is at an order, and by which depot."""
    roads, cv = problem.roads, problem.roads.cv_to(work.place)
    shelves = problem.fetched_at(crew, work)
    if not shelves:
        minutes = drive_min(roads, place, work.place, depart.mean)
        return _Time(depart.mean + minutes, depart.var + (cv * minutes) ** 2), None
    best: tuple[float, float, int] | None = None
    for depot in (shelf.place for shelf in shelves):
        there = drive_min(roads, place, depot, depart.mean)
        loaded = depart.mean + there + problem.load_min
        on = drive_min(roads, depot, work.place, loaded) if math.isfinite(there) else math.inf
        if best is None or loaded + on < best[0]:
            best = (loaded + on, cv**2 * (there**2 + on**2), depot)
    assert best is not None
    return _Time(best[0], depart.var + best[1]), best[2]


def _come(problem: Problem, crew: _Crew, work: Work) -> _Coming:
    """Let a crew drive to its next order, eating first where it is time for it."""
    meal = crew.hands.meal
    depart = _Time(max(crew.ready.mean, work.release_min), crew.ready.var)
    arrive, depot = way(problem, crew.hands, work, crew.place, depart)
    eats = (
        meal is not None
        and not crew.fed
        and not work.hazard
        and (depart.mean >= meal.from_min or arrive.mean + work.duration_min > meal.until_min)
    )
    if eats:
        assert meal is not None
        crew.fed = True
        depart = _Time(depart.mean + meal.minutes, depart.var)
        arrive, depot = way(problem, crew.hands, work, crew.place, depart)
    return _Coming(crew, depart.mean, arrive, eats, depot)


def _walk_through(walk: _Walk, sequences: Sequences) -> list[OrderId]:
    """Move crews on as long as any can; the orders at which the rest stand still."""
    crews = [
        _Crew(
            hands=hands,
            todo=list(sequences.get(hands.crew_id, ())),
            place=hands.place,
            ready=_Time(hands.free_min, hands.free_sd_min**2),
            fed=hands.meal is None,
        )
        for hands in walk.problem.crews
    ]
    driving = {crew.hands.crew_id for crew in crews}
    moved = True
    while moved:
        moved = False
        for crew in crews:
            if crew.hands.crew_id in driving and crew.todo:
                work = walk.problem.work_of[crew.todo[0]]
                driving.discard(crew.hands.crew_id)
                first = work.beside or work.order_id
                walk.waiting.setdefault(first, []).append(_come(walk.problem, crew, work))
                moved = True
        for first in [o for o in walk.waiting if _complete(walk, o)]:
            for coming in _work_on(walk, first):
                driving.add(coming.crew.hands.crew_id)
            moved = True
    return sorted({crew.todo[0] for crew in crews if crew.todo})


def _complete(walk: _Walk, first: OrderId) -> bool:
    team = walk.problem.team_of[first]
    before = (order for work in team for order in work.after)
    return len(walk.waiting[first]) >= len(team) and all(order in walk.ended for order in before)


def _work_on(walk: _Walk, first: OrderId) -> list[_Coming]:
    """Let everybody who stands at the orders of a team begin together."""
    here = walk.waiting.pop(first)
    begin = max((c.arrive for c in here), key=_mean)
    team = walk.problem.team_of[first]
    for other in (order for work in team for order in work.after):
        ended = max((walk.ended[w.order_id] for w in walk.problem.team_of[other]), key=_mean)
        begin = max(begin, ended, key=_mean)
    for coming in here:
        crew = coming.crew
        work = walk.problem.work_of[crew.todo[0]]
        spent = _Time(work.duration_min, (work.duration_cv * work.duration_min) ** 2)
        end = _Time(begin.mean + spent.mean, begin.var + spent.var)
        walk.ended[work.order_id] = end
        walk.stops.append(
            Stop(
                order_id=work.order_id,
                crew_id=crew.hands.crew_id,
                position=crew.done,
                depart_min=coming.depart_min,
                arrive_min=coming.arrive.mean,
                arrive_sd_min=coming.arrive.sd,
                begin_min=begin.mean,
                end_min=end.mean,
                end_sd_min=end.sd,
                meal=coming.meal,
                by_depot=coming.by_depot,
            )
        )
        crew.todo.pop(0)
        crew.done += 1
        crew.place, crew.ready = work.place, end
    return here


def _mean(time: _Time) -> float:
    return time.mean


def _wrong_ids(problem: Problem, sequences: Sequences) -> list[str]:
    strangers = [f"crew {crew} is unknown" for crew in sequences if crew not in problem.crew_of]
    orders = {order for sequence in sequences.values() for order in sequence}
    return strangers + [f"order {o} is unknown" for o in orders if o not in problem.work_of]


def _wrong_with(problem: Problem, stop: Stop) -> list[str]:
    work, crew = problem.work_of[stop.order_id], problem.crew_of[stop.crew_id]
    pinned = stop.crew_id == work.pinned
    what = f"order {work.order_id} with crew {crew.crew_id}"
    broken = []
    if not pinned and not crew.is_able(work):
        broken.append(f"{what}: not able to, or gave it back")
    if not pinned and not problem.can_supply(crew, work):
        broken.append(f"{what}: lacks parts that no depot has")
    if not math.isfinite(stop.arrive_min):
        broken.append(f"{what}: no road leads there")
    if not pinned and stop.end_min > crew.until_min + TOLERANCE_MIN:
        broken.append(f"{what}: ends after the shift")
    if stop.depart_min < work.release_min - TOLERANCE_MIN:
        broken.append(f"{what}: sent too early")
    return broken


def _wrong_counts(problem: Problem, sequences: Sequences) -> list[str]:
    """Each order with one crew, or none; the one that was pinned; teams whole, of other crews."""
    visits: dict[OrderId, list[CrewId]] = {}
    for crew, orders in sequences.items():
        for order in orders:
            visits.setdefault(order, []).append(crew)
    broken = []
    for order, crews in visits.items():
        work, team = problem.work_of[order], problem.team_of[order]
        if len(crews) > 1:
            broken.append(f"order {order} has {len(crews)} crews")
        if work.pinned not in {None, crews[0]}:
            broken.append(f"order {order} lacks the crew that was pinned to it")
        if len(team) > len({crew for each in team for crew in visits.get(each.order_id, ())}):
            broken.append(f"order {order} lacks a crew of its own beside it")
        if any(before not in visits for before in work.after):
            broken.append(f"order {order} waits for an order that is not in the plan")
    return broken


def _costs(
    problem: Problem, stops: Sequence[Stop], sequences: Sequences, unplaced: Sequence[OrderId]
) -> Costs:
    shares = [_share_of(problem.work_of[stop.order_id], stop) for stop in stops]
    shares.append((0.0, 0.0, 0.0))  # so that an empty plan has its three columns as well
    minutes, charges, restoration = (math.fsum(column) for column in zip(*shares, strict=True))
    return Costs(
        late_minutes=minutes,
        late_charges=charges,
        restoration=restoration,
        change=sum(_change_of(problem, work, sequences) for work in problem.works),
        unplaced=problem.unplaced_cost * sum(problem.work_of[o].beside is None for o in unplaced),
    )


def _share_of(work: Work, stop: Stop) -> tuple[float, float, float]:
    """Lateness, charges and restoration of one order."""
    mean, sd = stop.arrive_min, stop.arrive_sd_min
    minutes = sum(p.weight * expected_lateness(mean, sd, p.due_min) for p in work.promises)
    charges = sum(p.charge * chance_late(mean, sd, p.due_min) for p in work.promises if p.charge)
    restoration = work.restore_weight * stop.end_min
    if work.told is not None:
        late = expected_lateness(stop.end_min, stop.end_sd_min, work.told.due_min)
        restoration += work.told.weight * late
    return minutes, charges, restoration


def _change_of(problem: Problem, work: Work, sequences: Sequences) -> float:
    crew = problem.previous_of(work)
    if crew is None or crew not in problem.crew_of:
        return 0.0
    orders = sequences.get(crew, ())
    if work.hold is not Hold.EN_ROUTE:
        return 0.0 if work.order_id in orders else problem.change.of(work.hold)
    if orders and orders[0] == work.order_id:
        return 0.0
    to_hazard = bool(orders) and problem.work_of[orders[0]].hazard
    return problem.change.turn_for_hazard if to_hazard else problem.change.turn
