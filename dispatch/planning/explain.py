"""Why a plan sends whom it sends: chances, the next best, who cannot go, what a choice breaks.

Everything is worked out by the plain evaluation on the routes concerned, not read from the search.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dispatch.domain.words import CrewId, OrderId
from dispatch.planning.chances import chance_in_time, quantile
from dispatch.planning.evaluate import TOLERANCE_MIN, Evaluation, evaluate
from dispatch.planning.plan import Plan, Sequences, Stop
from dispatch.planning.problem import Hands, Problem, Promise, Work, by_depot_min
from dispatch.sayings import reason

NEXT = 3
LOOK_AT = 16
LIKELY, RARE = 0.5, 0.9
WORSE_BY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The chance that one promise of an order is kept."""

    promise: Promise
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A promise of another order that a choice makes less likely to be kept."""

    order_id: OrderId
    promise: Promise
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One crew for an order, in the best place of its route.

    Attributes
    ----------
    arrive_p50_min, arrive_p90_min
        Minutes from now within which it arrives in half and in nine tenths of all cases.
    kept
        The order's own promises.
    cost
        How much more the whole plan costs than the chosen one, in weighted minutes late.
    broken
        Promises of other orders whose chance falls by more than a twentieth.
    told
        Where people were told when supply will be back: the chance that the work is done by then.
    by_way_of, fetches
        The depot on its way, and what it fetches there; empty where it drives straight.
    violations
        Rules that the choice breaks, in words for a log; empty for a crew that may go.
    against
        Why the plan would not give this crew this order, in reasons of the record.
    pushed_out
        Other orders of the crew that would not be done before it leaves any more.
    """

    crew_id: CrewId
    position: int
    arrive_p50_min: float
    arrive_p90_min: float
    kept: tuple[Kept, ...]
    cost: float
    broken: tuple[Broken, ...]
    violations: tuple[str, ...]
    told: Kept | None = None
    by_way_of: str = ""
    fetches: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    pushed_out: tuple[OrderId, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """The option in sentences of the record."""
        said = [
            reason(
                "arrives_within",
                likely=round(self.arrive_p50_min),
                surely=round(self.arrive_p90_min),
            )
        ]
        if self.by_way_of:
            said.append(reason("by_way_of", depot=self.by_way_of, parts=", ".join(self.fetches)))
        said += [_chance(each) for each in self.kept]
        if self.told is not None:
            said.append(_chance_of_told(self.told))
        if round(self.cost) > 0:
            said.append(reason("costs_more", minutes=round(self.cost)))
        said += [
            reason(
                "breaks",
                order=b.order_id,
                before=round(100 * b.before),
                after=round(100 * b.after),
            )
            for b in self.broken
        ]
        said += [reason("pushes_out", order=each) for each in self.pushed_out]
        return tuple(said)


def _chance(kept: Kept) -> str:
    """How likely a promise is kept; one that has run out cannot be any more."""
    due_min = round(kept.promise.due_min)
    if due_min < 0:
        return reason("ran_out", minutes=-due_min)
    return reason("keeps", percent=round(100 * kept.chance), minutes=due_min)


def _chance_of_told(told: Kept) -> str:
    """How likely supply is back by the time that was told."""
    due_min = round(told.promise.due_min)
    if due_min < 0:
        return reason("told_passed", minutes=-due_min)
    return reason("told_holds", percent=round(100 * told.chance), minutes=due_min)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An order in a plan: who goes, who would be next, and who cannot go and why."""

    order_id: OrderId
    chosen: tuple[Option, ...]
    next_best: tuple[Option, ...]
    excluded: tuple[tuple[CrewId, tuple[str, ...]], ...]


def explain(problem: Problem, plan: Plan, order_id: OrderId) -> Explanation:
    """Explain one order of `plan`; an unplaced one has nobody chosen.

    The next best are sought among the crews nearest to the order, and for orders that take one
    crew and wait for none.
    """
    work = problem.work_of[order_id]
    chosen = chosen_for(problem, plan, order_id)
    excluded = {crew.crew_id: why_not(problem, crew, work) for crew in problem.crews}
    going = {plan.crew_of(order_id)}
    free = [c for c in problem.crews if not excluded[c.crew_id] and c.crew_id not in going]
    options = [
        what_if(problem, plan, order_id, crew.crew_id) for crew in _near(problem, work, free)
    ]
    for option in options:
        excluded[option.crew_id] = option.against
    fit = [option for option in options if not option.against]
    fit.sort(key=lambda o: (bool(o.violations), o.cost, o.arrive_p50_min, o.crew_id))
    return Explanation(
        order_id=order_id,
        chosen=chosen,
        next_best=tuple(fit[:NEXT]) if _is_alone(problem, work) else (),
        excluded=tuple((crew, why) for crew, why in excluded.items() if why and crew not in going),
    )


def chosen_for(problem: Problem, plan: Plan, order_id: OrderId) -> tuple[Option, ...]:
    """Say who goes to an order by the plan; empty where it leaves the order out."""
    work = problem.work_of[order_id]
    return tuple(
        _option(problem, plan, work, stop, plan, cost=0.0, violations=())
        for stop in plan.stops
        if stop.order_id == order_id
    )


def why_not(problem: Problem, crew: Hands, work: Work) -> tuple[str, ...]:
    """What keeps a crew from an order whatever the plan; empty if it may go."""
    why = []
    if work.pinned not in {None, crew.crew_id}:
        why.append(reason("pinned_to", crew=work.pinned))
    if crew.crew_id in work.barred:
        why.append(reason("declined"))
    if not crew.has_skills(work):
        why.append(reason("missing_skill", skills=", ".join(sorted(work.needs - crew.can))))
    if not problem.can_supply(crew, work):
        why.append(reason("lacks_parts", parts=", ".join(sorted(crew.lacks(work)))))
    drive = _drive_min(problem, crew, work)
    if not math.isfinite(drive):
        why.append(reason("unreachable"))
    elif crew.free_min + drive + work.duration_min > crew.until_min:
        why.append(reason("shift_too_short"))
    return tuple(why)


def _drive_min(problem: Problem, crew: Hands, work: Work) -> float:
    """Minutes on free roads to an order, by the best depot where parts have to be fetched."""
    travel = problem.roads.travel_min
    if shelves := problem.fetched_at(crew, work):
        return by_depot_min(travel, crew, work, shelves, problem.load_min)
    return float(travel[crew.place, work.place])


def what_if(problem: Problem, plan: Plan, order_id: OrderId, crew_id: CrewId) -> Option:
    """What a dispatcher's own choice would give and break, before it is confirmed.

    The order is put where it costs least in that crew's route, which is not rearranged otherwise;
    positions that break no rule come first.
    """
    route = [order for order in plan.sequences.get(crew_id, ()) if order != order_id]
    return _with_order(problem, plan, order_id, crew_id, range(len(route) + 1))


def if_sent(problem: Problem, plan: Plan, order_id: OrderId, crew_id: CrewId) -> Option:
    """What it would give and break to send a crew now: the order comes first in its route."""
    return _with_order(problem, plan, order_id, crew_id, range(1))


def _with_order(
    problem: Problem, plan: Plan, order_id: OrderId, crew_id: CrewId, positions: Iterable[int]
) -> Option:
    """Put an order where it costs least among these positions of a crew's route."""
    work = problem.work_of[order_id]
    before = _without(problem, plan, order_id, crew_id)
    route = before.get(crew_id, ())
    tried = [
        (_part(problem, plan, {**before, crew_id: (*route[:k], order_id, *route[k:])}, crew_id), k)
        for k in positions
    ]
    (found, was), _ = min(
        tried, key=lambda t: (bool(t[0][0].violations), t[0][0].plan.costs.total, t[1])
    )
    stop = next(
        (s for s in found.plan.stops if s.order_id == order_id and s.crew_id == crew_id), None
    )
    against = _against(problem, work, stop, route)
    if stop is None:  # it would wait for ever
        stop = _never(order_id, crew_id)
    cost = found.plan.costs.total - was.plan.costs.total
    option = _option(
        problem, was.plan, work, stop, found.plan, cost=cost, violations=found.violations
    )
    late = _done_too_late(problem, found.plan, crew_id) - _done_too_late(problem, plan, crew_id)
    return replace(option, against=against, pushed_out=tuple(sorted(late - {order_id})))


def _without(problem: Problem, plan: Plan, order_id: OrderId, crew_id: CrewId) -> Sequences:
    """The routes before an order is put into a crew's.

    Where the crew was to do another order of the same work, whoever had this one does that.
    """
    others = {work.order_id for work in problem.team_of[order_id]} - {order_id}
    for_it = next((o for o in plan.sequences.get(crew_id, ()) if o in others), None)
    return {
        crew: tuple(
            for_it if order == order_id and for_it is not None else order
            for order in orders
            if order != (order_id if for_it is None else for_it)
        )
        for crew, orders in plan.sequences.items()
    }


def _against(
    problem: Problem, work: Work, stop: Stop | None, route: Sequence[OrderId]
) -> tuple[str, ...]:
    """What keeps a crew from an order there in its route: its shift, or what it has to do first."""
    if stop is None:
        first = [order for order in work.after if order in route] or work.after
        return tuple(reason("waits_for_order", order=order) for order in first)
    return (reason("shift_too_short"),) if _is_too_late(problem, stop) else ()


def _done_too_late(problem: Problem, plan: Plan, crew_id: CrewId) -> set[OrderId]:
    """What a crew would be done with only after it leaves."""
    stops = (stop for stop in plan.stops if stop.crew_id == crew_id)
    return {stop.order_id for stop in stops if _is_too_late(problem, stop)}


def _is_too_late(problem: Problem, stop: Stop) -> bool:
    pinned = stop.crew_id == problem.work_of[stop.order_id].pinned
    until_min = problem.crew_of[stop.crew_id].until_min
    return not pinned and stop.end_min > until_min + TOLERANCE_MIN


def _part(
    problem: Problem, plan: Plan, wanted: Sequences, crew_id: CrewId
) -> tuple[Evaluation, Evaluation]:
    """Evaluate the routes that a choice changes, as wanted and as they are.

    Where an order waits for another or takes several crews, that is all of them.
    """
    if all(_is_alone(problem, work) for work in problem.works):
        changed = {c for c in wanted if wanted[c] != plan.sequences.get(c, ())} | {crew_id}
        orders = {o for c in changed for o in (*wanted.get(c, ()), *plan.sequences.get(c, ()))}
        problem = replace(
            problem,
            works=tuple(w for w in problem.works if w.order_id in orders),
            crews=tuple(c for c in problem.crews if c.crew_id in changed),
        )
        wanted = {c: wanted[c] for c in changed if c in wanted}
    as_is = {c: orders for c, orders in plan.sequences.items() if c in problem.crew_of}
    return evaluate(problem, wanted), evaluate(problem, as_is)


def _option(
    problem: Problem,
    before: Plan,
    work: Work,
    stop: Stop,
    after: Plan,
    *,
    cost: float,
    violations: tuple[str, ...],
) -> Option:
    mean, sd = stop.arrive_min, stop.arrive_sd_min
    depot = next((each for each in problem.depots if each.place == stop.by_depot), None)
    return Option(
        crew_id=stop.crew_id,
        position=stop.position,
        arrive_p50_min=quantile(mean, sd, LIKELY),
        arrive_p90_min=quantile(mean, sd, RARE),
        kept=_kept(work, stop),
        told=_told(work, stop),
        cost=cost,
        broken=tuple(_broken(problem, before, after, work.order_id)),
        violations=violations,
        by_way_of="" if depot is None else depot.name,
        fetches=() if depot is None else tuple(sorted(problem.crew_of[stop.crew_id].lacks(work))),
    )


def _kept(work: Work, stop: Stop | None) -> tuple[Kept, ...]:
    return tuple(
        Kept(
            promise=p,
            chance=0.0
            if stop is None
            else chance_in_time(stop.arrive_min, stop.arrive_sd_min, p.due_min),
        )
        for p in work.promises
    )


def _told(work: Work, stop: Stop) -> Kept | None:
    if work.told is None:
        return None
    chance = chance_in_time(stop.end_min, stop.end_sd_min, work.told.due_min)
    return Kept(promise=work.told, chance=chance)


def _broken(problem: Problem, before: Plan, after: Plan, but: OrderId) -> Iterable[Broken]:
    """Promises of other orders that are less likely kept after than before."""
    was, now = _first_stops(before), _first_stops(after)
    for order_id in sorted(was.keys() - {but}):
        work = problem.work_of[order_id]
        pairs = zip(_kept(work, was[order_id]), _kept(work, now.get(order_id)), strict=True)
        for old, new in pairs:
            if old.chance - new.chance > WORSE_BY:
                yield Broken(
                    order_id=order_id, promise=old.promise, before=old.chance, after=new.chance
                )


def _first_stops(plan: Plan) -> dict[OrderId, Stop]:
    """The crew that is first at each order."""
    first: dict[OrderId, Stop] = {}
    for stop in plan.stops:
        if stop.order_id not in first or stop.arrive_min < first[stop.order_id].arrive_min:
            first[stop.order_id] = stop
    return first


def _near(problem: Problem, work: Work, crews: list[Hands]) -> list[Hands]:
    """The crews that are soonest there from where they are, and no more than a few."""
    if not _is_alone(problem, work):
        return []
    travel = problem.roads.travel_min
    return sorted(crews, key=lambda c: (c.free_min + travel[c.place, work.place], c.crew_id))[
        :LOOK_AT
    ]


def _is_alone(problem: Problem, work: Work) -> bool:
    return len(problem.team_of[work.order_id]) == 1 and not work.after


def _never(order_id: OrderId, crew_id: CrewId) -> Stop:
    return Stop(
        order_id=order_id, crew_id=crew_id, position=0, depart_min=math.inf, arrive_min=math.inf,
        arrive_sd_min=0.0, begin_min=math.inf, end_min=math.inf, end_sd_min=0.0, meal=False,
        by_depot=None,
    )  # fmt: skip
