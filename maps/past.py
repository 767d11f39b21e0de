"""The layers of the map as they stood at a moment that has passed, as GeoJSON in EPSG:4326."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dispatch.domain.outage import OutageStatus
from dispatch.errors import NotFound
from dispatch.store.reads import history
from dispatch.store.reads.field import Box
from dispatch.store.reads.history import CrewThen, OutageThen
from dispatch.store.zones import zones_at
from maps.layers import (
    FRESH,
    OUTAGE_STYLES,
    GeoJson,
    holds,
    levels_at,
    pixel_degrees,
    placed,
    styled_lines,
    zones,
)


def layer_then(
    connection: Connection,
    layer: str,
    box: Box,
    districts: Collection[str] | None,
    at: datetime,
    zoom: float,
) -> GeoJson:
    """One layer within `box` at `at`; NotFound for a layer that has no past."""
    if layer == "network":
        tolerance = pixel_degrees(zoom)
        drawn = history.network(
            connection, box, districts, at, levels=levels_at(zoom), tolerance=tolerance
        )
        return styled_lines(drawn)
    if layer == "transformers":
        return _styled(history.transformers(connection, box, districts, at), "transformer-out")
    if layer == "reports":
        return _styled(history.reports(connection, box, districts, at), "report")
    if layer == "work":
        return outages(history.outages(connection, districts, at), box)
    if layer == "crews":
        return crews(history.crews(connection, districts, at), at)
    if layer == "zones":
        return zones(zones_at(connection, districts, at), box, at)
    raise NotFound("layer", layer=layer)


def outages(stood: Iterable[OutageThen], box: Box) -> GeoJson:
    """The outages in `box`, those with the most customers drawn last."""
    features = [
        placed(
            each.lon,
            each.lat,
            style=OUTAGE_STYLES[OutageStatus(each.status)],
            key=f"outage-{each.id}",
            title=each.title,
            customers=each.customers_out,
        )
        for each in stood
        if holds(box, each.lon, each.lat)
    ]
    return {"type": "FeatureCollection", "features": features[::-1]}


def crews(stood: Iterable[CrewThen], at: datetime) -> GeoJson:
    """Where the crews had last been seen."""
    return {
        "type": "FeatureCollection",
        "features": [_crew(each, at - each.fixed_at) for each in stood],
    }


def _crew(each: CrewThen, age: timedelta) -> GeoJson:
    style = "crew-stale" if age > FRESH else "crew-busy" if each.busy else "crew-free"
    return placed(
        each.lon,
        each.lat,
        style=style,
        key=f"crew-{each.id}",
        title=each.name,
        age_s=round(age.total_seconds()),
    )


def _styled(drawn: GeoJson, style: str) -> GeoJson:
    for feature in drawn["features"]:
        feature["properties"]["style"] = style
    return drawn
