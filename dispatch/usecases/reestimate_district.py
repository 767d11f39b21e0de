"""Say anew when supply is expected back, for every open outage of a district."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.assignment import AssignmentPolicy
from dispatch.domain.outage import Outage
from dispatch.domain.words import DistrictId, OrderId, OutageId
from dispatch.planning.district import PlanningPolicy
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.expecting import (
    TABLE,
    around,
    expect_by,
    forecaster_of,
    in_storm,
    save_told,
)
from dispatch.procedures.planned_arrivals import planned_arrivals
from dispatch.procedures.planning import Planner, list_open
from dispatch.restoration import (
    PlannedArrival,
    Situation,
    forecast,
    goes_by_plan,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReestimateDistrict:
    """Which district is looked at."""

    district_id: DistrictId


def reestimate_district(
    store: Store,
    command: ReestimateDistrict,
    travel_times: TravelTimes,
    planner: Planner,
    *,
    assignment: AssignmentPolicy,
    planning: PlanningPolicy,
    now: datetime,
) -> tuple[Outage, ...]:
    """Tell what has become known since: milestones, time passed, the plan; those that changed.

    What a crew or a dispatcher said stays. Where orders wait in a storm, or nothing was learned,
    the running plan says when a crew is there. What somebody changed meanwhile is left for the next
    time.
    """
    district_id = command.district_id
    open_now = [
        each
        for each in store.outages.list_open(district_id)
        if each.estimate is None or not each.estimate.is_entered
    ]
    if not open_now:
        return ()
    forecaster = forecaster_of(store)
    busy = around(store, forecaster, district_id, now)
    waiting, under_way = list_open(store, district_id, now)
    orders = {
        o.outage_id: o
        for o in (*waiting, *under_way)
        if o.outage_id is not None and o.supports_id is None
    }
    stormy = frozenset(each.id for each in open_now if in_storm(store, each, now))
    planned: Mapping[OrderId, PlannedArrival] = {}
    if goes_by_plan(forecaster, district_id, busy, storm=bool(stormy)):
        planned = planned_arrivals(
            store,
            district_id,
            travel_times,
            planner,
            assignment=assignment,
            planning=planning,
            now=now,
            listed=(waiting, under_way),
        )
    ids = [each.id for each in open_now]
    customers = store.outages.customers_out(ids) if forecaster is not TABLE else {}
    lit = store.outages.lit_last(ids)
    changed = []
    for outage in open_now:
        order = orders.get(outage.id)
        situation = Situation(
            around=busy,
            customers=customers.get(outage.id, 1),
            partly_at=lit.get(outage.id),
            planned=None if order is None else planned.get(order.id),
            storm=outage.id in stormy,
        )
        foreseen = forecast(forecaster, outage, order, situation, now=now)
        expected = expect_by(outage, foreseen, telling=store.forecasts.telling, now=now)
        if expected is not outage and _is_as_seen(store, outage):
            changed.append(save_told(store, outage, expected, now=now))
    return tuple(changed)


def _is_as_seen(store: Store, seen: Outage) -> bool:
    """Keep others from an outage; False where it is not any more as it was looked at."""
    return store.outages.lock(OutageId(seen.id)).version == seen.version
