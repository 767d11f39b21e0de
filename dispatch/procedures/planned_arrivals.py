"""When the plan of a district has its waiting orders reached."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from dispatch.assignment import AssignmentPolicy
from dispatch.domain.words import DistrictId, OrderId
from dispatch.planning.district import PlanningPolicy
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.planning import Planner, list_open, state_district


def expect_arrivals(
    store: Store,
    district_id: DistrictId,
    travel_times: TravelTimes,
    planner: Planner,
    *,
    assignment: AssignmentPolicy,
    planning: PlanningPolicy,
    now: datetime,
) -> Mapping[OrderId, datetime]:
    """The first crew's arrival at each order by the plan; without those no crew can take."""
    waiting, under_way = list_open(store, district_id, now)
    if not waiting:
        return {}
    stated = state_district(
        store,
        waiting,
        under_way,
        store.crews.list_states(district_id, now),
        planner.kept(district_id, travel_times),
        assignment=assignment,
        planning=planning,
        now=now,
    )
    plan = planner.sketch(district_id, stated.problem)
    if plan is None:
        return {}
    arrivals: dict[OrderId, float] = {}
    for stop in plan.stops:
        earlier = arrivals.get(stop.order_id, stop.arrive_min)
        arrivals[stop.order_id] = min(earlier, stop.arrive_min)
    return {order: now + timedelta(minutes=minutes) for order, minutes in arrivals.items()}
