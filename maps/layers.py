"""The layers of the map as GeoJSON, cut to what a screen shows of them at its zoom."""

import math
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

import shapely
from sqlalchemy import Connection

from dispatch.coverage import Coverage
from dispatch.domain.outage import OutageStatus
from dispatch.domain.zone import Zone
from dispatch.errors import InvalidInput
from dispatch.store.reads import field, map_layers
from dispatch.store.reads.details import AttachedTicket
from dispatch.store.reads.field import Box, CrewNow
from dispatch.store.reads.planned import PlannedAt
from dispatch.store.reads.suspects import ThoughtOut
from dispatch.store.reads.worklist import WorkItem
from dispatch.store.roads import RoadClosure
from maps.judging import Lineup, percent
from maps.style import MAIN_AND_LINKS, MAIN_ROADS, SMALL_ROADS, ZONE_SIGNS

EAST, NORTH = 180, 90
TILE_PX = 256
DEEPEST = 22
ALL_ROADS_FROM = 13
LV_FROM = 14
SERVICE_FROM = 16
FRESH = timedelta(minutes=10)

GeoJson = dict[str, Any]
OUTAGE_STYLES = {
    OutageStatus.PREDICTED: "outage-predicted",
    OutageStatus.CONFIRMED: "outage-confirmed",
    OutageStatus.PARTIALLY_RESTORED: "outage-partial",
    OutageStatus.RESTORED: "outage-restored",
}


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
    names = list(MAIN_AND_LINKS)
    if zoom >= ALL_ROADS_FROM:
        names += [*SMALL_ROADS, "track"]
    drawn = map_layers.roads(connection, box, names, pixel_degrees(zoom))
    for feature in drawn["features"]:
        plain = str(feature["properties"]["class"]).removesuffix("_link")
        feature["properties"]["style"] = plain if plain in MAIN_ROADS else "other"
    return drawn


def network(
    connection: Connection,
    box: Box,
    districts: Collection[str] | None,
    zoom: float,
    now: datetime,
) -> GeoJson:
    """The line sections in `box` by state; low voltage only when looked at closely."""
    levels, tolerance = levels_at(zoom), pixel_degrees(zoom)
    return styled_lines(map_layers.network(connection, box, districts, levels, tolerance, now))


def levels_at(zoom: float) -> list[str]:
    """The voltage levels that are drawn at a zoom."""
    levels = ["mv"]
    if zoom >= LV_FROM:
        levels.append("lv")
    if zoom >= SERVICE_FROM:
        levels.append("service")
    return levels


def styled_lines(drawn: GeoJson) -> GeoJson:
    """Give the line sections the style of their state."""
    for feature in drawn["features"]:
        state, level = feature["properties"]["state"], feature["properties"]["level"]
        styles = {"lit": f"{level}-lit", "planned": "planned-line"}
        feature["properties"]["style"] = styles.get(state, state)
    return drawn


def closures(
    shut: Iterable[tuple[RoadClosure, shapely.MultiLineString]], box: Box, now: datetime
) -> GeoJson:
    """The streets in `box` that are closed now or will be; everybody's, as everybody drives."""
    view = shapely.box(box.west, box.south, box.east, box.north)
    features = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(lines),
            "properties": {
                "style": "road-closed" if closure.holds_at(now) else "road-announced",
                "id": closure.id,
            },
        }
        for closure, lines in shut
        if lines.intersects(view)
    ]
    return {"type": "FeatureCollection", "features": features}


def zones(standing: Iterable[Zone], box: Box, now: datetime) -> GeoJson:
    """The outlines of zones that reach into `box`, each with its sign, name and districts."""
    view = shapely.box(box.west, box.south, box.east, box.north)
    features = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(shapely.LineString(zone.area.exterior)),
            "properties": {
                "style": f"zone-{zone.kind.value.replace('_', '-')}",
                "title": f"{ZONE_SIGNS[zone.kind]} {zone.name}",
                "id": zone.id,
                "name": zone.name,
                "breaks_things": zone.kind.breaks_things,
                "announced": not zone.holds_at(now),
                "districts": sorted(zone.districts),
            },
        }
        for zone in standing
        if zone.area.intersects(view)
    ]
    return {"type": "FeatureCollection", "features": features}


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
        placed(
            item.lon,
            item.lat,
            style=_work_style(item),
            key=f"{item.kind}-{item.id}",
            title=item.title,
            customers=item.customers_out,
            due_at=None if item.due_at is None else item.due_at.isoformat(),
            crew=item.crew_id,
        )
        for item in items
        if item.lon is not None and item.lat is not None and holds(box, item.lon, item.lat)
    ]
    return {"type": "FeatureCollection", "features": features[::-1]}


def planned(drawn: Iterable[PlannedAt], now: datetime) -> GeoJson:
    """The transformers whose supply is cut on purpose, now or soon."""
    features = [
        placed(
            each.lon,
            each.lat,
            style="planned" if each.starts_at <= now else "planned-soon",
            title=f"{each.name} · {each.reason}",
        )
        for each in drawn
    ]
    return {"type": "FeatureCollection", "features": features}


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
        placed(t.lon, t.lat, style="thought-out", title=t.name, **_share(t.probability))
        for t in transformers
    ]
    features += [
        placed(
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
        placed(each.lon, each.lat, style="suspect", title=each.name, **_share(each.probability))
        for each in reversed(() if lineup is None else lineup.suspects)
        if each.lon is not None and each.lat is not None
    ]
    return {"type": "FeatureCollection", "features": features}


def _share(probability: float | None) -> dict[str, float | None]:
    if probability is None:
        return {"share": None, "percent": None}
    return {"share": round(probability, 4), "percent": percent(probability)}


def crews(standing: Iterable[CrewNow], now: datetime) -> GeoJson:
    """Where every crew on shift was last seen, or its base.

    `age_s` is null for never seen, `heading` (degrees from north, clockwise) for who stands,
    `arrives_at` for who is not on its way or has not been seen since it set out.
    """
    return {
        "type": "FeatureCollection",
        "features": [_crew(each, now) for each in standing if each.state.on_shift],
    }


def coverage(covered: Iterable[Coverage], box: Box | None = None) -> GeoJson:
    """The cells of customers, those in `box` if there is one, by the soonest free crew.

    Each is a square with `minutes` (null: nobody) and `customers`.
    """
    features = [_cell(each, at) for each in covered for at in _cells_in(each, box)]
    return {"type": "FeatureCollection", "features": features}


def _cells_in(covered: Coverage, box: Box | None) -> list[int]:
    cells = covered.cells
    if box is None:
        return list(range(len(cells)))
    inside = (cells.west <= box.east) & (cells.east >= box.west)
    inside &= (cells.south <= box.north) & (cells.north >= box.south)
    return [int(at) for at in inside.nonzero()[0]]


def _cell(covered: Coverage, at: int) -> GeoJson:
    cells, minutes = covered.cells, float(covered.soonest[at])
    edges = (cells.west[at], cells.south[at], cells.east[at], cells.north[at])
    w, s, e, n = (round(float(each), 6) for each in edges)
    square = [[[w, s], [e, s], [e, n], [w, n], [w, s]]]
    properties = {
        "style": _cover_style(covered, minutes),
        "minutes": round(minutes, 1) if math.isfinite(minutes) else None,
        "customers": int(cells.customers[at]),
    }
    geometry = {"type": "Polygon", "coordinates": square}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _cover_style(covered: Coverage, minutes: float) -> str:
    if math.isinf(minutes):
        return "cover-nobody"
    if minutes <= covered.policy.within_min:
        return "cover-near"
    return "cover-far" if minutes <= covered.policy.then_min else "cover-over"


def _crew(each: CrewNow, now: datetime) -> GeoJson:
    state, fix = each.state, each.state.last_fix
    stale = each.fix_age is None or each.fix_age > FRESH
    busy = state.active_order_id is not None
    return placed(
        state.crew.base_lon if fix is None else fix.lon,
        state.crew.base_lat if fix is None else fix.lat,
        style="crew-stale" if stale else "crew-busy" if busy else "crew-free",
        key=f"crew-{state.crew.id}",
        title=state.crew.name,
        age_s=None if fix is None else round((now - fix.fixed_at).total_seconds()),
        heading=None if stale or each.heading is None else round(each.heading),
        arrives_at=None if each.arrives_at is None else each.arrives_at.isoformat(),
    )


def _work_style(item: WorkItem) -> str:
    if item.hazards:
        return "hazard"
    if item.kind != "outage":
        return "incident"
    return OUTAGE_STYLES.get(OutageStatus(item.status or ""), "outage-confirmed")


def holds(box: Box, lon: float, lat: float) -> bool:
    """Whether a place lies in `box`."""
    return box.west <= lon <= box.east and box.south <= lat <= box.north


def placed(lon: float, lat: float, **properties: object) -> GeoJson:
    """A point with its properties."""
    geometry = {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
