"""The loaded roads and the names of settlements, to make a base map of; EPSG:4326."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

ROADS_FROM_ZOOM = {
    "motorway": 5,
    "trunk": 5,
    "primary": 8,
    "secondary": 10,
    "tertiary": 11,
    "unclassified": 12,
    "residential": 13,
    "living_street": 13,
}
OTHER_ROADS_FROM = 14
_AT_ONCE = 5_000
_SETTLEMENT_M = 300.0
_TOWN_M = 2_000.0

_ROADS = text(
    "SELECT CAST(ST_AsGeoJSON(line, 6) AS jsonb) AS geometry, road_class AS kind, name"
    " FROM road_line"
)
_NAMES = text(
    "SELECT CAST(ST_AsGeoJSON(point, 6) AS jsonb) AS geometry, name, extent_m FROM place"
    " WHERE kind = 'place' AND extent_m >= :least AND source_id NOT LIKE 'street:%'"
)


def roads(connection: Connection) -> Iterator[dict[str, Any]]:
    """Give every road with its `kind` (class), `name`, `geometry`, `from_zoom`; read in pieces."""
    rows = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(_ROADS)
    for row in rows:
        plain = row.kind.removesuffix("_link")
        from_zoom = ROADS_FROM_ZOOM.get(plain, OTHER_ROADS_FROM)
        yield {
            "kind": plain,
            "name": row.name,
            "geometry": row.geometry,
            "from_zoom": from_zoom,
        }


def settlements(connection: Connection) -> Iterator[dict[str, Any]]:
    """Give the settlements that are loaded as places, as `roads` gives roads; never an address."""
    for row in connection.execute(_NAMES, {"least": _SETTLEMENT_M}):
        town = row.extent_m >= _TOWN_M
        name = row.name.split(" (")[0]
        yield {
            "kind": "town" if town else "village",
            "name": name,
            "geometry": row.geometry,
            "from_zoom": 8 if town else 12,
        }
