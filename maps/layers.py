"""The layers of the map as GeoJSON, cut to what a screen shows of them at its zoom."""

import math
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from dispatch.domain.outage import OutageStatus
from dispatch.errors import InvalidInput
from dispatch.store.reads import field, map_layers
from dispatch.store.reads.details import AttachedTicket
from dispatch.store.reads.field import Box, CrewNow
from dispatch.store.reads.suspects import ThoughtOut
from dispatch.store.reads.worklist import WorkItem
from maps.judging import Lineup, percent
from maps.style import MAIN_ROADS

EAST, NORTH = 180, 90
TILE_PX = 256
DEEPEST = 22
ALL_ROADS_FROM = 13
LV_FROM = 14
SERVICE_FROM = 16
FRESH = timedelta(minutes=10)

GeoJson = dict[str, Any]


def box_of(written: str) -> Box:
    """Read `west,south,east,north` in degrees, EPSG:4326; InvalidInput for anything else."""
    expected = "west,south,east,north in degrees, west < east and south < north"
    try:
        west, south, east, north = (float(part) for part in written.split(","))
    except ValueError:
        raise InvalidInput("bbox", written, expected) from None
    if not (-EAST <= west < east <= EAST and -NORTH <= south < north <= NORTH):
        raise InvalidInput("bbox", written, expected)
    return Box(west, south, east, north)


def pixel_degrees(zoom: float) -> float:
    """The width of one screen pixel at the equator, in degrees."""
    return 360 / (TILE_PX * math.pow(2, min(max(zoom, 0.0), DEEPEST)))


def roads(connection: Connection, box: Box, zoom: float) -> GeoJson:
    """The roads in `box`: the main ones, and every one when looked at closely."""
    names = [*MAIN_ROADS, *(f"{name}_link" for name in MAIN_ROADS)]
    if zoom >= ALL_ROADS_FROM:
        names += ["unclassified", "residential", "living_street", "service", "track", "road"]
    drawn = map_layers.roads(connection, box, names, pixel_degrees(zoom))
    for feature in drawn["features"]:
        plain = str(feature["properties"]["class"]).removesuffix("_link")
        feature["properties"]["style"] = plain if plain in MAIN_ROADS else "other"
    return drawn


def network(
    connection: Connection, box: Box, districts: Collection[str] | None, zoom: float
) -> GeoJson:
    """The line sections in `box` by state; low voltage only when looked at closely."""
    levels = ["mv"]
    if zoom >= LV_FROM:
        levels.append("lv")
    if zoom >= SERVICE_FROM:
        levels.append("service")
    drawn = map_layers.network(connection, box, districts, levels, pixel_degrees(zoom))
    for feature in drawn["features"]:
        state, level = feature["properties"]["state"], feature["properties"]["level"]
        feature["properties"]["style"] = f"{level}-lit" if state == "lit" else state
    return drawn


def transformers(connection: Connection, box: Box, districts: Collection[str] | None) -> GeoJson:
    """The transformers in `box` that are out."""
    drawn = field.transformers_out(connection, box, districts)
    for feature in drawn["features"]:
        feature["properties"]["style"] = "transformer-out"
    return drawn


def reports(connection: Connection, box: Box, districts: Collection[str] | None) -> GeoJson:
    """The open reports in `box`."""
    drawn = map_layers.reports(connection, box, districts)
    for feature in drawn["features"]:
        feature["properties"]["style"] = "report"
    return drawn


def work(items: Iterable[WorkItem], box: Box) -> GeoJson:
    """The outages and incidents of the list that lie in `box`, the most urgent drawn last."""
    features = [
        _point(
            item.lon,
            item.lat,
            style=_work_style(item),
            key=f"{item.kind}-{item.id}",
            title=item.title,
            customers=item.customers_out,
        )
        for item in items
        if item.lon is not None and item.lat is not None and _holds(box, item.lon, item.lat)
    ]
    return {"type": "FeatureCollection", "features": features[::-1]}


def thought(
    lineup: Lineup | None,
    transformers: Iterable[ThoughtOut],
    callers: Iterable[AttachedTicket],
    weak: Collection[str],
) -> GeoJson:
    """What is thought of one outage: transformers with their chance, its callers, the devices.

    Callers have `ticket`, for the panel to ring; a device without a place is left to the list.
    """
    features = [
        _point(t.lon, t.lat, style="thought-out", title=t.name, **_share(t.probability))
        for t in transformers
    ]
    features += [
        _point(
            each.ticket.place.lon,
            each.ticket.place.lat,
            style="caller-weak" if each.ticket.id in weak else "caller",
            title=each.ticket.complaint.address or each.ticket.complaint.account or "",
            **_share(each.probability),
            ticket=each.ticket.id,
        )
        for each in callers
        if each.ticket.place is not None
    ]
    features += [
        _point(each.lon, each.lat, style="suspect", title=each.name, **_share(each.probability))
        for each in reversed(() if lineup is None else lineup.suspects)
        if each.lon is not None and each.lat is not None
    ]
    return {"type": "FeatureCollection", "features": features}


def _share(probability: float | None) -> dict[str, float | None]:
    if probability is None:
        return {"share": None, "percent": None}
    return {"share": round(probability, 4), "percent": percent(probability)}


def crews(standing: Iterable[CrewNow], now: datetime) -> GeoJson:
    """Where every crew on shift was last seen, or its base; `age_s` null for never seen."""
    return {
        "type": "FeatureCollection",
        "features": [_crew(each, now) for each in standing if each.state.on_shift],
    }


def _crew(each: CrewNow, now: datetime) -> GeoJson:
    state, fix = each.state, each.state.last_fix
    stale = each.fix_age is None or each.fix_age > FRESH
    busy = state.active_order_id is not None
    return _point(
        state.crew.base_lon if fix is None else fix.lon,
        state.crew.base_lat if fix is None else fix.lat,
        style="crew-stale" if stale else "crew-busy" if busy else "crew-free",
        key=f"crew-{state.crew.id}",
        title=state.crew.name,
        age_s=None if fix is None else round((now - fix.fixed_at).total_seconds()),
    )


def _work_style(item: WorkItem) -> str:
    if item.hazards:
        return "hazard"
    if item.kind != "outage":
        return "incident"
    if item.status == OutageStatus.RESTORED:
        return "outage-restored"
    return "outage-predicted" if item.status == OutageStatus.PREDICTED else "outage-confirmed"


def _holds(box: Box, lon: float, lat: float) -> bool:
    return box.west <= lon <= box.east and box.south <= lat <= box.north


def _point(lon: float, lat: float, **properties: object) -> GeoJson:
    geometry = {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
