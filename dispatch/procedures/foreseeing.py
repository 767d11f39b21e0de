"""What sending each crew to an order would give, and what it would break."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isfinite

from dispatch.assignment import AssignmentPolicy, RankedCrew
from dispatch.domain.crew import CrewState
from dispatch.domain.order import TroubleOrder
from dispatch.domain.words import CrewId
from dispatch.planning.district import PlanningPolicy
from dispatch.planning.explain import Option, chosen_for, if_sent, what_if, why_not
from dispatch.planning.problem import Problem
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.planning import Planner, list_open, sketched, state_district

LOOK_AT = 60
"""How many crews, the soonest first, are gone through for one order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """An order's crews against the plan; empty where there is no plan, or nothing to plan.

    Attributes
    ----------
    chosen
        Whom the plan sends, now or later.
    options
        What each crew would give. One that holds nothing is sent now, out of its break too; one
        that holds another order comes where that costs least. None for a crew that would never
        arrive.
    excluded
        Why the plan would not send a crew, in reasons of the record; a dispatcher may.
    """

    chosen: frozenset[CrewId] = frozenset()
    options: Mapping[CrewId, Option] = field(default_factory=dict)
    excluded: Mapping[CrewId, tuple[str, ...]] = field(default_factory=dict)


def foresee(
    store: Store,
    order: TroubleOrder,
    ranked: Sequence[RankedCrew],
    travel_times: TravelTimes,
    planner: Planner,
    *,
    assignment: AssignmentPolicy,
    planning: PlanningPolicy,
    now: datetime,
) -> Foreseen:
    """Hold the ranked crews of an order's district against the plan of that district."""
    if order.district_id is None or not ranked:
        return Foreseen()
    waiting, under_way = list_open(store, order.district_id, now, also=order.id)
    stated = state_district(
        store,
        waiting,
        under_way,
        [each.state for each in ranked],
        planner.kept(order.district_id, travel_times),
        assignment=assignment,
        planning=planning,
        now=now,
    )
    if order.id not in stated.problem.work_of:
        return Foreseen()
    found = sketched(planner, order.district_id, stated)
    if found is None:
        return Foreseen()
    problem, plan = found
    work = problem.work_of[order.id]
    chosen = {option.crew_id: option for option in chosen_for(problem, plan, order.id)}
    excluded = {crew.crew_id: why_not(problem, crew, work) for crew in problem.crews}
    options = dict(chosen)
    for state in [each.state for each in ranked][:LOOK_AT]:
        crew_id = state.crew.id
        if crew_id in chosen or crew_id not in problem.crew_of:
            continue
        if state.active_order_id is None:
            option = if_sent(_at_once(problem, state, now), plan, order.id, crew_id)
        else:
            option = what_if(problem, plan, order.id, crew_id)
        if isfinite(option.arrive_p50_min):
            options[crew_id] = option
        excluded[crew_id] = excluded[crew_id] or option.against
    return Foreseen(
        chosen=frozenset(chosen),
        options=options,
        excluded={crew: why for crew, why in excluded.items() if why and crew not in chosen},
    )


def _at_once(problem: Problem, state: CrewState, now: datetime) -> Problem:
    """The same problem where a dispatcher sends a crew out of the break that it has."""
    if not state.rests(now):
        return problem
    crews = [replace(c, free_min=0.0) if c.crew_id == state.crew.id else c for c in problem.crews]
    return replace(problem, crews=tuple(crews))
