"""Go to anything on the map, and follow a crew: where things are that somebody names."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.callers import Caller, Calling
from api.house import House
from api.routers.frame import Written, geojson, language_of
from api.routers.parts import Working
from dispatch.domain.words import CrewId
from dispatch.errors import NotFound
from dispatch.store.reads.anything import MOST, find_anything
from dispatch.store.transaction import reading
from gis.coordinates import read_coordinates
from gis.errors import GisError
from gis.geocode import EntryKind, UnusableAddress
from gis.roads.engine import Route
from maps.languages import marked
from maps.pages import Pages
from maps.words import WORDS

router = APIRouter(include_in_schema=False)

KINDS = {
    **WORDS["device"],
    "outage": marked("Outage"),
    "report": marked("Report"),
    "crew": marked("Crew"),
    "coordinates": marked("Coordinates"),
    "usage_point": marked("Customer's address"),
    "place": marked("Place"),
    "landmark": marked("Landmark"),
    "pole": marked("Pole"),
    "substation": marked("Substation"),
}
LEAST_LETTERS = 2


@router.get("/console/anything")
def get_anything(request: Request, caller: Calling, house: Working, q: Written) -> Response:
    """What was typed may mean: coordinates, numbers, names, addresses; the likeliest first."""
    words = q.strip()
    pages: Pages = request.app.state.pages
    language = language_of(request)
    return JSONResponse(
        [
            {**each, "says": pages.say(language, KINDS.get(each["kind"], each["kind"]))}
            for each in (_found(house, caller, words) if words else [])
        ]
    )


def _found(house: House, caller: Caller, words: str) -> list[dict[str, Any]]:
    pairs = [
        _thing("coordinates", f"{lon:.6f}, {lat:.6f}", (lon, lat))
        for lon, lat in read_coordinates(words)
    ]
    if pairs:
        return pairs
    with reading(house.engine) as connection:
        things = [
            _thing(each.kind, each.name, (each.lon, each.lat), each.key)
            for each in find_anything(connection, words, caller.scope)
        ]
    if len(words) < LEAST_LETTERS:
        return things
    return (things + _places(house, caller, words))[:MOST]


def _places(house: House, caller: Caller, words: str) -> list[dict[str, Any]]:
    """Addresses, streets, landmarks and poles; whoever has districts of their own sees no homes."""
    try:
        with house.transaction() as store:
            matches = store.directory.search_places(words, MOST)
    except (GisError, UnusableAddress):
        return []
    return [
        _thing(
            each.entry.kind.value,
            each.entry.name or each.entry.address,
            (each.entry.lon, each.entry.lat),
        )
        for each in matches
        if caller.scope is None or each.entry.kind is not EntryKind.USAGE_POINT
    ]


def _thing(kind: str, name: str, at: tuple[float, float], key: str = "") -> dict[str, Any]:
    return {"kind": kind, "name": name, "lon": at[0], "lat": at[1], "key": key}


@router.get("/console/crews/{crew_id}/way")
def get_way(crew_id: str, caller: Calling, house: Working) -> Response:
    """The way of a crew from where it was last seen to its order, with when it is expected there.

    No features where it has no order, has never been seen, or no road leads there.
    """
    with house.transaction() as store:
        try:
            state = store.crews.state(CrewId(crew_id), house.now())
        except NotFound:
            raise NotFound("crew", id=crew_id) from None
        caller.must_see(state.crew.district_id, "crew", id=crew_id)
        order = None if state.active_order_id is None else store.orders.get(state.active_order_id)
        eta = None if order is None else store.etas.find(order.id)
    fix, route = state.last_fix, None
    if fix is not None and order is not None and order.lon is not None and order.lat is not None:
        route = house.roads.way((fix.lon, fix.lat), (order.lon, order.lat))
    drawn = [] if route is None else [_way(route, None if eta is None else eta.arrives_at)]
    return geojson({"type": "FeatureCollection", "features": drawn})


def _way(route: Route, arrives_at: datetime | None) -> dict[str, Any]:
    line = [[round(x, 6), round(y, 6)] for x, y in route.line.tolist()]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": line},
        "properties": {
            "style": "way",
            "length_m": round(route.length_m),
            "arrives_at": None if arrives_at is None else arrives_at.isoformat(),
        },
    }
