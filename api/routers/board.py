"""The screen on the wall of the control room: figures and a map that need no hands."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.basemap import OSM_FILES
from api.callers import Caller, Calling, Role
from api.routers.frame import Written, geojson, page
from api.routers.parts import Working
from api.wall import HOURS, Picture, Wall
from dispatch.domain.zone import Zone
from dispatch.store.reads import map_layers
from dispatch.store.transaction import reading
from dispatch.store.zones import zones_at
from maps import layers, style
from maps import wall as drawn
from maps.assets import edition
from maps.shell import shell

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SAID_BEFORE = {Role.WALL: timedelta(days=7)}
USUALLY_BEFORE = timedelta(hours=3)
"""So long before a login ends the wall says so."""


@router.get("/board")
def get_board(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The whole wall; its promises are asked for afterwards, for they take a moment."""
    wall: Wall = request.app.state.wall
    with reading(house.engine) as connection:
        view = map_layers.extent(connection, caller.scope)
        source = map_layers.road_source(connection)
        zones = zones_at(connection, caller.scope, house.now())
    return page(
        request,
        "board.html",
        caller=caller,
        map=shell(view).with_nonce(request.state.csp_nonce),
        style=json.dumps(style.themes()),
        attribution=(source or "").lower().endswith(OSM_FILES),
        **_values(wall.picture(caller.scope), zones, caller),
    )


@router.get("/board/parts")
def get_parts(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """What changes from moment to moment."""
    wall: Wall = request.app.state.wall
    with reading(house.engine) as connection:
        zones = zones_at(connection, caller.scope, house.now())
    values = _values(wall.picture(caller.scope), zones, caller)
    return page(request, "_board.html", caller=caller, **values)


@router.get("/board/promises")
def get_promises(request: Request, caller: Calling) -> HTMLResponse:
    """The month's arrival promises, with what the open orders will use."""
    wall: Wall = request.app.state.wall
    promises = wall.promises(caller.scope)
    return page(request, "_board_promises.html", caller=caller, promises=promises)


@router.get("/board/layers/{layer}")
def get_layer(
    layer: Literal["roads", "network", "outages", "crews", "zones"],
    request: Request,
    caller: Calling,
    house: Working,
    bbox: Written,
    zoom: float = 13,
) -> Response:
    """One layer of the wall's map, as GeoJSON; nothing on it has a name."""
    wall: Wall = request.app.state.wall
    box, districts = layers.box_of(bbox), caller.scope
    if layer == "outages":
        return geojson(drawn.outage_marks(wall.picture(districts).outages))
    if layer == "crews":
        return geojson(drawn.crew_marks(wall.picture(districts).crews, house.now()))
    with reading(house.engine) as connection:
        if layer == "zones":
            now = house.now()
            return geojson(layers.zones(zones_at(connection, districts, now), box, now))
        if layer == "roads":
            return geojson(layers.roads(connection, box, zoom))
        return geojson(layers.network(connection, box, districts, zoom, house.now()))


def _values(picture: Picture, zones: Sequence[Zone], caller: Caller) -> dict[str, Any]:
    called = drawn.is_storm(picture.calls, picture.open, drawn.StormSigns())
    return {
        "zones": zones,
        "zone_signs": style.ZONE_SIGNS,
        "picture": picture,
        "rows": drawn.by_state_and_age(picture.outages, picture.as_of),
        "crews": drawn.count_crews(picture.crews),
        "curve": drawn.curve(picture.course),
        "wide": drawn.WIDE,
        "high": drawn.HIGH,
        "hours": round(HOURS / timedelta(hours=1)),
        "called": called,
        "storm": called or any(zone.kind.breaks_things for zone in zones),
        "edition": edition(),
        "login_ends": caller.ends_at,
        "said_before": SAID_BEFORE.get(caller.role, USUALLY_BEFORE).total_seconds(),
    }
