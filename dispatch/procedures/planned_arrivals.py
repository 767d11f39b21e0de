"""When the plan of a district has its waiting orders reached."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dispatch.assignment import AssignmentPolicy
from dispatch.domain.order import TroubleOrder
from dispatch.domain.words import DistrictId, OrderId
from dispatch.planning.district import PlanningPolicy
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.planning import Planner, list_open, sketched, state_district
from dispatch.restoration import PlannedArrival


def planned_arrivals(
    store: Store,
    district_id: DistrictId,
    travel_times: TravelTimes,
    planner: Planner,
    *,
    assignment: AssignmentPolicy,
    planning: PlanningPolicy,
    now: datetime,
    listed: tuple[Sequence[TroubleOrder], Sequence[TroubleOrder]] | None = None,
) -> Mapping[OrderId, PlannedArrival]:
    """When each order is reached by the plan; without those no crew can take.

    Nothing where no order waits. `listed` is what waits and what is under way, if it was read.
    """
    waiting, under_way = listed or list_open(store, district_id, now)
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
    found = sketched(planner, district_id, stated)
    return {
        stop.order_id: PlannedArrival(mean_min=stop.arrive_min, sd_min=stop.arrive_sd_min)
        for stop in (() if found is None else found[1].stops)
    }
