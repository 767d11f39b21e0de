"""Depots and what they stock."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel

from api.access import API
from api.callers import Calling
from api.inputs.crews import DepotIn
from api.inputs.fields import _identifier
from api.routers.parts import Working, in_one_go
from dispatch.domain.depot import Depot
from dispatch.domain.words import DepotId, DistrictId
from dispatch.errors import NotFound
from dispatch.ports import Store
from dispatch.usecases.keep_depot import CloseDepot, KeepDepot, close_depot, keep_depot

router = APIRouter(tags=["supervisors"])


Key = Annotated[str, Path(min_length=1, max_length=100), AfterValidator(_identifier)]


class DepotOut(BaseModel):
    """Where crews fetch parts, EPSG:4326, and which."""

    id: str
    name: str
    district_id: str
    lon: float
    lat: float
    stock: list[str]

    @classmethod
    def of(cls, depot: Depot) -> "DepotOut":
        """Build from the depot."""
        return cls(
            id=depot.id,
            name=depot.name,
            district_id=depot.district_id,
            lon=depot.lon,
            lat=depot.lat,
            stock=sorted(depot.stock),
        )


@router.get(f"{API}/depots", tags=["dispatchers"])
def get_depots(caller: Calling, house: Working) -> list[DepotOut]:
    """List the depots of the caller's districts."""
    seen = None if caller.scope is None else {DistrictId(each) for each in caller.scope}
    with house.transaction() as store:
        return [DepotOut.of(each) for each in store.depots.list_of(seen)]


@router.put(f"{API}/depots/{{depot_id}}")
def put_depot(depot_id: Key, body: DepotIn, caller: Calling, house: Working) -> DepotOut:
    """Open a depot, or say anew where it is and what it stocks."""
    caller.must_see(DistrictId(body.district_id), "district", id=body.district_id)

    def keep(store: Store) -> tuple[Depot, set[DistrictId]]:
        before = _district_of(store, depot_id)
        if before is not None:
            caller.must_see(before, "depot", depot_id=depot_id)
        command = KeepDepot(
            depot_id=DepotId(depot_id),
            name=body.name,
            district_id=DistrictId(body.district_id),
            lon=body.lon,
            lat=body.lat,
            stock=tuple(body.stock),
            by=caller.name,
        )
        kept = keep_depot(store, command, now=house.now())
        return kept, {each for each in (before, kept.district_id) if each is not None}

    depot, districts = in_one_go(house, keep)
    house.queue.assign(*sorted(districts))
    return DepotOut.of(depot)


@router.delete(f"{API}/depots/{{depot_id}}", status_code=HTTPStatus.NO_CONTENT)
def delete_depot(depot_id: Key, caller: Calling, house: Working) -> None:
    """Close a depot."""

    def close(store: Store) -> Depot:
        depot = store.depots.get(DepotId(depot_id))
        caller.must_see(depot.district_id, "depot", depot_id=depot_id)
        return close_depot(store, CloseDepot(depot_id=depot.id, by=caller.name), now=house.now())

    house.queue.assign(in_one_go(house, close).district_id)


def _district_of(store: Store, depot_id: str) -> DistrictId | None:
    try:
        return store.depots.get(DepotId(depot_id)).district_id
    except NotFound:
        return None
