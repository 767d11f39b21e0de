"""Looking back: the map and its numbers as they stood at a moment that has passed."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from api.access import API
from api.callers import Calling
from api.house import House
from api.inputs.fields import Moment
from api.routers.frame import Written, geojson
from api.routers.parts import Working
from dispatch.errors import InvalidInput
from dispatch.store.reads import history
from dispatch.store.transaction import reading
from maps.layers import box_of
from maps.past import layer_then

router = APIRouter(tags=["supervisors"])

FURTHEST = timedelta(days=90)
At = Annotated[Moment, Query(description="a moment that has passed, of the last ninety days")]


class OutageThenOut(BaseModel):
    """An outage as it stood."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    district_id: str
    title: str
    status: str
    started_at: datetime
    lon: float
    lat: float
    customers_out: int
    reports: int


class HistoryOut(BaseModel):
    """The numbers of a moment; what is known now of it, not what a screen showed then."""

    at: datetime
    customers_out: int
    open_outages: int
    reports: int
    crews_seen: int
    crews_busy: int
    outages: list[OutageThenOut]


@router.get(f"{API}/history")
def get_history(caller: Calling, house: Working, at: At) -> HistoryOut:
    """How many customers were out, in which outages, and who was at work, at a moment."""
    _must_have_passed(house, at)
    with reading(house.engine) as connection:
        stood = history.outages(connection, caller.scope, at)
        crews = history.crews(connection, caller.scope, at)
    return HistoryOut(
        at=at,
        customers_out=sum(each.customers_out for each in stood),
        open_outages=len(stood),
        reports=sum(each.reports for each in stood),
        crews_seen=len(crews),
        crews_busy=sum(each.busy for each in crews),
        outages=[OutageThenOut(**asdict(each)) for each in stood],
    )


@router.get("/console/then/{layer}", include_in_schema=False)
def get_layer_then(
    layer: str, caller: Calling, house: Working, at: At, bbox: Written, zoom: float = 13
) -> Response:
    """One layer of the map as it stood, within `bbox` (west,south,east,north), as GeoJSON."""
    _must_have_passed(house, at)
    box = box_of(bbox)
    with reading(house.engine) as connection:
        drawn = layer_then(connection, layer, box, caller.scope, at, zoom)
    return geojson(drawn)


def _must_have_passed(house: House, at: datetime) -> None:
    now = house.now()
    if not now - FURTHEST <= at <= now:
        raise InvalidInput(
            "at", at.isoformat(), "a moment that has passed, of the last ninety days"
        )
