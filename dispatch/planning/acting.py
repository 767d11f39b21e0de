"""What is to be done now of a plan: who is sent where, and who is turned."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from dispatch.domain.words import CrewId, OrderId
from dispatch.planning.evaluate import evaluate
from dispatch.planning.plan import Plan, Sequences, Stop
from dispatch.planning.problem import Hold, Problem, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Send a crew to an order now; `leaves` is the order it has to give up for that."""

    crew_id: CrewId
    order_id: OrderId
    leaves: OrderId | None


def running(problem: Problem, before: Sequences) -> Sequences:
    """The sequences to begin with: what each crew holds, and then what it was to do before."""
    held = held_orders(problem)
    taken = set(held.values())
    crews = {**dict.fromkeys(held), **dict.fromkeys(before)}
    return {
        crew: (
            *((held[crew],) if crew in held else ()),
            *(order for order in before.get(crew, ()) if order not in taken),
        )
        for crew in crews
    }


def held_orders(problem: Problem) -> Mapping[CrewId, OrderId]:
    """Which crew was sent to which order and is not there yet."""
    return {
        work.holder: work.order_id
        for work in problem.works
        if work.hold is not Hold.PLANNED and work.holder is not None
    }


def moves_now(problem: Problem, plan: Plan, *, at_work: Collection[CrewId]) -> tuple[Move, ...]:
    """Say who sets out now, for an order that is not theirs yet.

    Crews `at_work` finish first; nobody is sent to an order that is on hold. A crew that was sent
    turns to another of its own orders only for a hazard, or for more than the change costs; one
    that a dispatcher sent never.
    """
    held = held_orders(problem)
    moves = []
    for crew, stop in _first_stops(plan).items():
        leaves = held.get(crew)
        work = problem.work_of[stop.order_id]
        if crew in at_work or work.release_min > 0 or leaves == stop.order_id:
            continue
        if leaves is None or _may_turn(problem, plan, crew, problem.work_of[leaves], work):
            moves.append(Move(crew_id=crew, order_id=stop.order_id, leaves=leaves))
    return tuple(moves)


def hazards_left(
    problem: Problem, moves: Collection[Move], *, at_work: Collection[CrewId]
) -> tuple[Move, ...]:
    """Send the nearest free crew to each hazard that nobody sets out for, whatever else it was for.

    A crew that `moves` send to another hazard, or that holds an order, is not free. A hazard whose
    crew is not bound to it, as it cannot get there any more, has nobody. Where it takes two crews
    the first one does not wait for the other.
    """
    works = problem.work_of
    gone = {move.order_id for move in moves}
    busy = {move.crew_id for move in moves if works[move.order_id].hazard}
    busy.update(held_orders(problem), at_work)
    free = [crew for crew in problem.crews if crew.crew_id not in busy and crew.until_min > 0]
    sent = []
    for work in problem.works:
        waits = work.hazard and not work.pinned and work.release_min <= 0
        if not waits or work.after or work.beside or work.order_id in gone:
            continue
        minutes = {
            crew: float(problem.roads.travel_min[crew.place, work.place])
            for crew in free
            if problem.may_send(crew, work)
        }
        crew = min(minutes, key=lambda each: (minutes[each], each.crew_id), default=None)
        if crew is not None and math.isfinite(minutes[crew]):
            free.remove(crew)
            sent.append(Move(crew_id=crew.crew_id, order_id=work.order_id, leaves=None))
    return tuple(sent)


def decided(problem: Problem, moves: Collection[Move]) -> Problem:
    """The same problem where the crews that set out keep what they set out for."""
    goes = {move.order_id: move.crew_id for move in moves}
    works = (replace(w, pinned=goes.get(w.order_id, w.pinned)) for w in problem.works)
    return replace(problem, works=tuple(works))


def _first_stops(plan: Plan) -> Mapping[CrewId, Stop]:
    return {stop.crew_id: stop for stop in plan.stops if stop.position == 0}


def _may_turn(problem: Problem, plan: Plan, crew: CrewId, held: Work, first: Work) -> bool:
    """Whether it is worth it that a crew leaves `held` for `first`.

    Where the order goes to another crew, or the crew is driving already, the plan has paid for the
    change. Doing two orders the other way round costs a plan nothing as long as nobody drives.
    """
    route = plan.sequences[crew]
    if crew == held.pinned:
        return False
    if first.hazard or held.hold is Hold.EN_ROUTE or held.order_id not in route:
        return True
    part = replace(
        problem,
        works=tuple(replace(problem.work_of[o], after=(), beside=None) for o in route),
        crews=(problem.crew_of[crew],),
    )
    stays = (held.order_id, *(order for order in route if order != held.order_id))
    as_sent, turned = evaluate(part, {crew: stays}), evaluate(part, {crew: route})
    gain = as_sent.plan.costs.total - turned.plan.costs.total
    return bool(as_sent.violations) or gain > problem.change.of(held.hold)
