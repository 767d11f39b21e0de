"""What lies on the ground around a network, from OpenStreetMap: water, woods, houses, rails, names.

It is drawn below everything else, so that people know where they look. See docs/maps.md.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import osmium
from osmium.osm.types import Area, Node, Way

from gis.roads.osm import Tags, osm_objects

KEYS = ("natural", "water", "waterway", "landuse", "leisure", "building", "railway", "place")

_LAND = {
    # key and value of a tag, the kind that is drawn
    ("natural", "water"): ("water", "water"),
    ("waterway", "riverbank"): ("water", "water"),
    ("landuse", "reservoir"): ("water", "water"),
    ("landuse", "basin"): ("water", "water"),
    ("natural", "wood"): ("land", "wood"),
    ("landuse", "forest"): ("land", "wood"),
    ("leisure", "park"): ("land", "park"),
    ("leisure", "garden"): ("land", "park"),
    ("landuse", "cemetery"): ("land", "park"),
    ("landuse", "residential"): ("land", "built"),
    ("landuse", "commercial"): ("land", "built"),
    ("landuse", "retail"): ("land", "built"),
    ("landuse", "industrial"): ("land", "industry"),
    ("landuse", "railway"): ("land", "industry"),
}
_WATERCOURSES = frozenset({"river", "canal", "stream", "drain", "ditch"})
_SMALL = frozenset({"stream", "drain", "ditch"})
_RAILS = frozenset({"rail", "light_rail", "narrow_gauge", "subway", "tram"})
_SETTLEMENTS = {
    # from which zoom on the name of such a settlement is drawn
    "city": 5,
    "town": 8,
    "suburb": 11,
    "village": 11,
    "quarter": 12,
    "neighbourhood": 13,
    "hamlet": 13,
    "locality": 14,
}
_FROM_ZOOM = {"water": 5, "wood": 8, "park": 11, "built": 8, "industry": 10}
_BUILDINGS_FROM = 14
_RIVERS_FROM, _STREAMS_FROM, _RAILS_FROM = 8, 13, 9


@dataclass(frozen=True, slots=True)
class Ground:
    """One thing to draw: its layer, its kind, its name or '', the zoom from which on it is drawn.

    `geometry` is GeoJSON in EPSG:4326.
    """

    layer: str
    kind: str
    name: str
    from_zoom: int
    geometry: Mapping[str, Any]


def read_ground(path: Path) -> Iterator[Ground]:
    """Read what lies on the ground of an OpenStreetMap file.

    An area whose outline is broken, as at the edge of an extract, is left out. A file without any
    gives nothing.

    Raises
    ------
    UnreadableFile
        If the file is absent, damaged, cut off or no OpenStreetMap file.
    """
    shapes: Any = osmium.geom.GeoJSONFactory()
    for thing in osm_objects(Path(path), osmium.osm.ALL, KEYS, areas=True):
        tags = dict(thing.tags)
        if isinstance(thing, Area):
            found = _area(tags), shapes.create_multipolygon
        elif isinstance(thing, Way):
            found = _line(tags), shapes.create_linestring
        elif isinstance(thing, Node):
            found = _settlement(tags), shapes.create_point
        else:
            continue
        (kept, shape) = found
        geometry = None if kept is None else _shape(shape, thing)
        if kept is not None and geometry is not None:
            layer, kind, from_zoom = kept
            yield Ground(layer, kind, tags.get("name", ""), from_zoom, geometry)


def _area(tags: Tags) -> tuple[str, str, int] | None:
    for (key, value), (layer, kind) in _LAND.items():
        if tags.get(key) == value:
            return layer, kind, _FROM_ZOOM[kind]
    if tags.get("building", "no") != "no":
        return "buildings", "building", _BUILDINGS_FROM
    return None


def _line(tags: Tags) -> tuple[str, str, int] | None:
    course = tags.get("waterway", "")
    if course in _WATERCOURSES and tags.get("tunnel", "no") == "no":
        if course in _SMALL:
            return "water", "stream", _STREAMS_FROM
        return "water", "river", _RIVERS_FROM
    if tags.get("railway") in _RAILS and tags.get("service") is None:
        return "rails", "rail", _RAILS_FROM
    return None


def _settlement(tags: Tags) -> tuple[str, str, int] | None:
    kind = tags.get("place", "")
    if kind in _SETTLEMENTS and tags.get("name"):
        return "places", kind, _SETTLEMENTS[kind]
    return None


def _shape(
    make: Callable[[Area | Way | Node], str], thing: Area | Way | Node
) -> Mapping[str, Any] | None:
    """Make GeoJSON of a thing; None where the file lacks a part of its outline."""
    try:
        geometry: Mapping[str, Any] = json.loads(make(thing))
    except (RuntimeError, osmium.InvalidLocationError):
        return None
    return geometry
