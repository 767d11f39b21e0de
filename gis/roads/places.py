"""Named places, addresses and points of interest of an OpenStreetMap file, for the gazetteer."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import osmium
from osmium.osm.types import Node, Relation, Way

from gis.errors import EmptyInput
from gis.roads.osm import OsmObject, Tags, osm_objects

POI_KEYS = (
    "amenity",
    "shop",
    "healthcare",
    "tourism",
    "office",
    "leisure",
    "public_transport",
    "railway",
    "historic",
    "craft",
    "man_made",
    "building",
)
"""Keys that make a named thing a landmark, the most telling first; `natural` and `power` do not."""

_OTHER_NAMES = ("name:zh", "name:en", "alt_name", "old_name", "short_name", "official_name")
_KEYS = ("place", "addr:housenumber", "name")


class PlaceKind(StrEnum):
    """What a gazetteer entry is."""

    SETTLEMENT = "settlement"
    ADDRESS = "address"
    POI = "poi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something people name when they say where they are.

    Attributes
    ----------
    source_id
        `n`, `w` or `r` and the id in OpenStreetMap.
    kind, category
        What it is; for settlements and landmarks in the source's words, such as `amenity=school`.
    name, other_names
        Its name, empty for a bare address, and further ones.
    housenumber, street, city, suburb, postcode
        Address, empty where unknown; where streets have no names, `addr:place` is the street.
    lon, lat
        WGS-84; for a building the middle of its outline's bounding box.
    """

    source_id: str
    kind: PlaceKind
    category: str
    name: str
    other_names: tuple[str, ...]
    housenumber: str
    street: str
    city: str
    suburb: str
    postcode: str
    lon: float
    lat: float

    @property
    def is_complete_address(self) -> bool:
        """Whether street, city and house number are all known."""
        return bool(self.housenumber and self.street and self.city)


def read_osm_places(path: Path) -> list[Place]:
    """Read settlements, addresses and named landmarks, in file order.

    Raises
    ------
    UnreadableFile
        If the file is absent, damaged, cut off or no OpenStreetMap file.
    EmptyInput
        If it holds none of them.
    """
    path = Path(path)
    things = osm_objects(path, osmium.osm.NODE | osmium.osm.WAY, _KEYS, located=True)
    found = [place for thing in things if (place := _place(thing, _middle(thing)))]
    found.extend(_relation_places(path))
    if not found:
        raise EmptyInput(path, "places, addresses or landmarks")
    return found


def _relation_places(path: Path) -> Iterator[Place]:
    """Give the places that are relations, such as a building with a courtyard, at an outer way."""
    outlines: dict[int, list[tuple[int, Tags]]] = {}
    for relation in osm_objects(path, osmium.osm.RELATION, _KEYS):
        assert isinstance(relation, Relation)
        tags = dict(relation.tags)
        outer = [part.ref for part in relation.members if part.type == "w" and part.role == "outer"]
        if outer and tags.get("type") == "multipolygon" and _kind(tags) is not None:
            outlines.setdefault(outer[0], []).append((relation.id, tags))
    if not outlines:
        return
    for way in osm_objects(path, osmium.osm.NODE | osmium.osm.WAY, (), located=True):
        middle = _middle(way) if isinstance(way, Way) and way.id in outlines else None
        if middle is not None:
            for number, described in outlines[way.id]:
                yield _described(f"r{number}", described, middle)


def _place(thing: OsmObject, middle: tuple[float, float] | None) -> Place | None:
    tags = dict(thing.tags)
    if middle is None or _kind(tags) is None:
        return None
    return _described(f"{thing.type_str()}{thing.id}", tags, middle)


def _middle(thing: OsmObject) -> tuple[float, float] | None:
    """Give the place of a node, or the middle of the box around a way; None where unknown."""
    if isinstance(thing, Node):
        return (thing.location.lon, thing.location.lat) if thing.location.valid() else None
    if not isinstance(thing, Way):
        return None
    known = [node.location for node in thing.nodes if node.location.valid()]
    if not known:
        return None
    lons, lats = [place.lon for place in known], [place.lat for place in known]
    return (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2


def _kind(tags: Tags) -> tuple[PlaceKind, str] | None:
    """Say what a thing is, and its category; None where nobody would look for it by name."""
    named = bool(tags.get("name"))
    if named and tags.get("place"):
        return PlaceKind.SETTLEMENT, f"place={tags['place']}"
    if named:
        for key in POI_KEYS:
            if tags.get(key, "no") != "no":
                return PlaceKind.POI, f"{key}={tags[key]}"
    if tags.get("addr:housenumber"):
        return PlaceKind.ADDRESS, ""
    return None


def _described(source_id: str, tags: Tags, middle: tuple[float, float]) -> Place:
    kind = _kind(tags)
    assert kind is not None
    name = tags.get("name", "")
    others = dict.fromkeys(tags[key] for key in _OTHER_NAMES if key in tags)
    return Place(
        source_id=source_id,
        kind=kind[0],
        category=kind[1],
        name=name,
        other_names=tuple(other for other in others if other != name),
        housenumber=tags.get("addr:housenumber", ""),
        street=tags.get("addr:street") or tags.get("addr:place", ""),
        city=tags.get("addr:city", ""),
        suburb=tags.get("addr:suburb", ""),
        postcode=tags.get("addr:postcode", ""),
        lon=middle[0],
        lat=middle[1],
    )
