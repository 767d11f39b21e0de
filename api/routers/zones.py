"""Storms, floods, fires and ground nobody may enter: declared, shown, prolonged and ended."""

from datetime import datetime
from typing import Any

import shapely
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.drawn import OutlineIn, ZoneEndIn, ZoneIn
from api.routers.frame import Written, geojson, page
from api.routers.parts import Working, in_one_go
from dispatch.domain.words import DistrictId, ZoneId
from dispatch.domain.zone import Zone
from dispatch.store.reads import zones as read
from dispatch.store.transaction import reading
from dispatch.store.zones import PgZones, zones_standing
from dispatch.usecases.declare_zone import DeclareZone, declare_zone, districts_reached
from dispatch.usecases.end_zone import EndZone, MoveZoneEnd, end_zone, move_zone_end
from gis.outlines import area_km2
from maps import layers

router = APIRouter(tags=["dispatchers"])


class WithinOut(BaseModel):
    """What an outline holds now; the `crews` named hold an order there, nobody a `waiting` one."""

    districts: list[str]
    km2: float
    customers: int
    outages: int
    waiting: int
    crews: list[str]

    @classmethod
    def of(cls, found: read.Within, area: shapely.Polygon, districts: list[str]) -> "WithinOut":
        """Build from what was counted; `districts` by name."""
        return cls(
            districts=districts,
            km2=round(area_km2(area), 1),
            customers=found.customers,
            outages=found.outages,
            waiting=found.waiting,
            crews=list(found.crews),
        )


class ZoneOut(BaseModel):
    """A zone; `area` is GeoJSON, `districts` are ids, `ends_at` null until somebody ends it."""

    id: int
    kind: str
    name: str
    districts: list[str]
    starts_at: datetime
    ends_at: datetime | None
    by: str
    area: dict[str, Any]
    ended_at: datetime | None

    @classmethod
    def of(cls, zone: Zone) -> "ZoneOut":
        """Build from the zone."""
        return cls(
            id=zone.id,
            kind=zone.kind.value,
            name=zone.name,
            districts=sorted(zone.districts),
            starts_at=zone.starts_at,
            ends_at=zone.ends_at,
            by=zone.by,
            area=shapely.geometry.mapping(zone.area),
            ended_at=zone.ended_at,
        )


@router.get(f"{API}/zones")
def get_zones(caller: Calling, house: Working) -> list[ZoneOut]:
    """List the zones that hold now or are announced."""
    with reading(house.engine) as connection:
        return [ZoneOut.of(z) for z in zones_standing(connection, caller.scope, house.now())]


@router.post(f"{API}/zones/preview")
def post_preview(body: OutlineIn, caller: Calling, house: Working) -> WithinOut:
    """Say what an outline holds, and declare nothing."""
    area = body.wgs84()
    with reading(house.engine) as connection:
        districts = districts_reached(PgZones(connection), area, caller.scope)
        return _within(connection, area, districts)


@router.post(f"{API}/zones", status_code=201)
def post_zone(body: ZoneIn, caller: Calling, house: Working) -> ZoneOut:
    """Declare a zone; in force at once, or from the time it is said to begin."""
    command = DeclareZone(
        kind=body.kind,
        name=body.name,
        area=body.wgs84(),
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        within=caller.scope,
        by=caller.name,
    )
    zone = in_one_go(house, lambda store: declare_zone(store, command, now=house.now()))
    return _in_force(house, zone)


@router.put(f"{API}/zones/{{zone_id}}/end")
def put_end(zone_id: int, body: ZoneEndIn, caller: Calling, house: Working) -> ZoneOut:
    """Let a zone hold longer, or not as long, as was said."""
    command = MoveZoneEnd(
        zone_id=ZoneId(zone_id), ends_at=body.ends_at, within=caller.scope, by=caller.name
    )
    zone = in_one_go(house, lambda store: move_zone_end(store, command, now=house.now()))
    return _in_force(house, zone)


@router.delete(f"{API}/zones/{{zone_id}}", status_code=204)
def delete_zone(zone_id: int, caller: Calling, house: Working) -> None:
    """End a zone now; doing so twice changes nothing."""
    command = EndZone(zone_id=ZoneId(zone_id), within=caller.scope, by=caller.name)
    _in_force(house, in_one_go(house, lambda store: end_zone(store, command, now=house.now())))


@router.get("/console/zones", include_in_schema=False)
def get_list(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The zones as a list, with what each holds now."""
    with reading(house.engine) as connection:
        found = zones_standing(connection, caller.scope, house.now())
        shown = [(zone, _within(connection, zone.area, _seen(caller, zone))) for zone in found]
    return page(
        request,
        "_zones.html",
        caller=caller,
        zones=[(zone, holds, caller.may_change(zone.districts)) for zone, holds in shown],
    )


@router.get("/console/layers/zones", include_in_schema=False)
def get_layer(caller: Calling, house: Working, bbox: Written) -> Response:
    """The zones as outlines with their names, as GeoJSON."""
    now = house.now()
    with reading(house.engine) as connection:
        standing = zones_standing(connection, caller.scope, now)
    return geojson(layers.zones(standing, layers.box_of(bbox), now))


def _seen(caller: Caller, zone: Zone) -> frozenset[DistrictId]:
    """The districts of a zone that the caller sees."""
    return frozenset(d for d in zone.districts if caller.sees(d))


def _within(
    connection: Connection, area: shapely.Polygon, districts: frozenset[DistrictId]
) -> WithinOut:
    names = read.names_by_id(connection, districts)
    return WithinOut.of(
        read.within(connection, area, districts), area, [names[d] for d in sorted(names)]
    )


def _in_force(house: House, zone: Zone) -> ZoneOut:
    """Let the districts be planned anew."""
    house.queue.assign(*zone.districts)
    return ZoneOut.of(zone)
