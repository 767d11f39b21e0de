"""Supply cut on purpose, and roads that cannot be driven."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.inputs import (
    ClosureIn,
    EndIn,
    PlannedIn,
    recent,
)
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
from dispatch.store import roads
from dispatch.store.constraints import in_our_words
from dispatch.store.reads.planned import planned_outages
from dispatch.store.transaction import reading
from dispatch.usecases.plan_outage import (
    CancelPlannedOutage,
    EndPlannedOutage,
    PlanOutage,
    cancel_planned_outage,
    end_planned_outage,
    plan_outage,
)

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


class ClosureOut(BaseModel):
    """A road that cannot be driven."""

    id: int
    district_id: str | None
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    by: str
    line: list[tuple[float, float]]
    lifted_at: datetime | None

    @classmethod
    def of(cls, closure: roads.RoadClosure) -> "ClosureOut":
        """Build from the closure."""
        return cls(
            id=closure.id,
            district_id=closure.district_id,
            reason=closure.reason,
            starts_at=closure.starts_at,
            ends_at=closure.ends_at,
            by=closure.by,
            line=list(closure.line),
            lifted_at=closure.lifted_at,
        )


@router.get(f"{API}/road-closures")
def get_closures(caller: Calling, house: Working) -> list[ClosureOut]:
    """List roads closed now or announced."""
    with reading(house.engine) as connection:
        closures = roads.list_closures(connection, house.now())
    return [ClosureOut.of(c) for c in closures if caller.sees(c.district_id)]


@router.post(f"{API}/road-closures", status_code=201)
def post_closure(body: ClosureIn, caller: Calling, house: Working) -> ClosureOut:
    """Close a road to every crew until a time, or until it is lifted."""
    line = body.wgs84()
    starts_at = body.starts_at or house.now()
    if body.ends_at is not None and body.ends_at <= starts_at:
        raise InvalidInput("ends_at", body.ends_at.isoformat(), "a time after starts_at")
    with house.transaction() as store:
        district_id = store.directory.find_district(*line[0])
    caller.must_see(district_id, "road", lon=line[0][0], lat=line[0][1])
    with in_our_words(), house.engine.begin() as connection:
        closure = roads.add_closure(
            connection,
            district_id=district_id,
            reason=body.reason,
            line=line,
            starts_at=starts_at,
            ends_at=body.ends_at,
            by=caller.name,
        )
    return ClosureOut.of(closure)


@router.delete(f"{API}/road-closures/{{closure_id}}", status_code=204)
def delete_closure(closure_id: int, caller: Calling, house: Working) -> None:
    """Open the road again."""
    with in_our_words(), house.engine.begin() as connection:
        closure = roads.find_closure(connection, closure_id)
        caller.must_see(closure.district_id, "road closure", id=closure_id)
        roads.lift_closure(connection, closure_id, house.now())
