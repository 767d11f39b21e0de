"""Supply cut on purpose."""

from fastapi import APIRouter
from fastapi.responses import Response

from api.access import API
from api.callers import Caller, Calling
from api.inputs.outages import EndIn, PlannedIn
from api.inputs.reports import recent
from api.routers.frame import Written, geojson
from api.routers.parts import (
    Working,
    in_one_go,
    planned_for,
)
from api.views.outages import PlannedOut
from dispatch.domain.outage import (
    PlannedOutage,
)
from dispatch.errors import InvalidInput
from dispatch.ports import Store
from dispatch.store.reads.planned import planned_at, planned_outages
from dispatch.store.transaction import reading
from dispatch.usecases.plan_outage import (
    CancelPlannedOutage,
    EndPlannedOutage,
    PlanOutage,
    RemindOfPlannedOutage,
    cancel_planned_outage,
    end_planned_outage,
    plan_outage,
    remind_of_planned_outage,
)
from maps import layers

router = APIRouter(tags=["dispatchers"])


@router.get(f"{API}/planned-outages")
def get_planned(caller: Calling, house: Working) -> list[PlannedOut]:
    """List planned outages: announced, under way, or over since yesterday."""
    with reading(house.engine) as connection:
        found = planned_outages(connection, caller.scope, house.now())
    return [PlannedOut.full(planned) for planned in found]


@router.post(f"{API}/planned-outages", status_code=201)
def post_planned(body: PlannedIn, caller: Calling, house: Working) -> PlannedOut:
    """Announce that supply will be cut on purpose."""

    def plan(store: Store) -> PlannedOutage:
        for transformer_id in body.transformers:
            _must_see_transformer(store, caller, transformer_id)
        command = PlanOutage(
            reason=body.reason,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            by=caller.name,
            transformers=body.transformers,
            device_id=body.device_id,
        )
        planned = plan_outage(store, command, now=house.now())
        caller.must_see(planned.district_id, "device", id=body.device_id)
        return planned

    return PlannedOut.full(in_one_go(house, plan))


def _must_see_transformer(store: Store, caller: Caller, transformer_id: str) -> None:
    found = store.directory.find_transformer(transformer_id)
    if found is None or not caller.sees(found.district_id):
        raise InvalidInput("transformers", transformer_id, "a transformer of the network")


@router.post(f"{API}/planned-outages/{{planned_id}}/cancel")
def post_cancel_planned(planned_id: int, caller: Calling, house: Working) -> PlannedOut:
    """Call planned work off before it begins."""

    def cancel(store: Store) -> PlannedOutage:
        planned = planned_for(store, caller, planned_id)
        command = CancelPlannedOutage(planned_id=planned.id, by=caller.name)
        return cancel_planned_outage(store, command, now=house.now())

    return PlannedOut.full(in_one_go(house, cancel))


@router.post(f"{API}/planned-outages/{{planned_id}}/remind")
def post_remind_planned(planned_id: int, caller: Calling, house: Working) -> PlannedOut:
    """Write down that important customers were reminded shortly before the cut."""

    def remind(store: Store) -> PlannedOutage:
        planned = planned_for(store, caller, planned_id)
        command = RemindOfPlannedOutage(planned_id=planned.id, by=caller.name)
        return remind_of_planned_outage(store, command, now=house.now())

    return PlannedOut.full(in_one_go(house, remind))


@router.post(f"{API}/planned-outages/{{planned_id}}/end")
def post_end_planned(planned_id: int, body: EndIn, caller: Calling, house: Working) -> PlannedOut:
    """Supply is back after planned work."""
    now = house.now()
    at = now if body.at is None else recent("at", body.at, now)

    def end(store: Store) -> PlannedOutage:
        planned = planned_for(store, caller, planned_id)
        command = EndPlannedOutage(planned_id=planned.id, by=caller.name, at=at)
        return end_planned_outage(store, command, now=now)

    return PlannedOut.full(in_one_go(house, end))


@router.get("/console/layers/planned", include_in_schema=False)
def get_layer(caller: Calling, house: Working, bbox: Written) -> Response:
    """The transformers within `bbox` under planned work now or within a day, as GeoJSON."""
    now = house.now()
    with reading(house.engine) as connection:
        found = planned_at(connection, layers.box_of(bbox), caller.scope, now)
    return geojson(layers.planned(found, now))
