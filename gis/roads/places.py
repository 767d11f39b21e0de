"""Addresses, streets, named places, landmarks and poles of an OpenStreetMap file, to search by."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from gis.crs import EARTH_RADIUS_M, Floats
from gis.geocode.address import Entry, EntryKind
from gis.roads.osm import Tags, osm_objects

_KEYS = ("addr:housenumber", "highway", "place", "name", "power")
_LANDMARKS = (
    *("amenity", "shop", "tourism", "leisure", "office", "healthcare", "public_transport"),
    *("railway", "man_made", "historic", "building", "natural", "landuse"),
)
_EXTENT_M = {
    # assumption: how far a settlement of its kind reaches from the middle of its name
    "city": 5000.0,
    "town": 2000.0,
    "suburb": 1000.0,
    "quarter": 700.0,
    "village": 700.0,
    "neighbourhood": 500.0,
    "hamlet": 300.0,
    "locality": 300.0,
    "isolated_dwelling": 100.0,
    "farm": 100.0,
    "square": 100.0,
}
_EQUIPMENT = {
    "substation": EntryKind.SUBSTATION,
    "transformer": EntryKind.TRANSFORMER,
    "pole": EntryKind.POLE,
    "tower": EntryKind.POLE,
}
_SAME_STREET_M = 1000.0
"""Pieces of one name farther apart than this are two streets, as in two villages."""
_OUTER = {("w", "outer"), ("w", "")}
_OTHER_NAMES = ("name:zh", "name:en", "alt_name", "old_name", "short_name", "official_name")

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class OsmPlaces:
    """What was found, in WGS-84; `complete` counts addresses with house number, street and city."""

    entries: Sequence[Entry]
    addresses: int
    complete: int


def read_osm_places(path: Path) -> OsmPlaces:
    """Read what has an address or a name that people say when they tell where they are.

    An entry's id is `n`, `w` or `r` and the id in OpenStreetMap, with an `a` behind it where it is
    the address of the thing; a street is `street:` and its name. A building stands in the middle of
    the box around it. Other names follow the name in brackets. A file without any gives no entries.

    Raises
    ------
    UnreadableFile
        If the file is absent, damaged, cut off or no OpenStreetMap file.
    """
    found = _Found()
    what = osmium.osm.NODE | osmium.osm.WAY
    for thing in osm_objects(path, what, _KEYS, located=True):
        if isinstance(thing, osmium.osm.Node):
            found.take(f"n{thing.id}", dict(thing.tags), _placed([thing.location]))
        elif isinstance(thing, osmium.osm.Way):
            found.take(f"w{thing.id}", dict(thing.tags), _placed(thing.nodes))
    for id_, tags, ways in _read_relations(path):
        found.take(f"r{id_}", tags, ways)
    entries = [*found.entries.values(), *found.streets()]
    return OsmPlaces(entries, found.addresses, found.complete)


@dataclass(slots=True)
class _Found:
    entries: dict[str, Entry] = field(default_factory=dict)
    pieces: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    addresses: int = 0
    complete: int = 0

    def take(self, id_: str, tags: Tags, corners: Sequence[LonLat]) -> None:
        """Take what one thing says that has these corners; a way with a name may be a street."""
        if not corners:
            return
        street = tags.get("name") if "highway" in tags and len(corners) > 1 else None
        if street:
            self.pieces[street] += [corners[0], corners[len(corners) // 2], corners[-1]]
            return
        lon, lat = ((min(part) + max(part)) / 2 for part in zip(*corners, strict=True))
        if "addr:housenumber" in tags:
            self._take_address(f"{id_}a", tags, lon, lat)
        self._take_named(id_, tags, lon, lat)

    def _take_address(self, id_: str, tags: Tags, lon: float, lat: float) -> None:
        street = tags.get("addr:street") or tags.get("addr:place")
        self.addresses += 1
        self.complete += bool(tags.get("addr:street") and tags.get("addr:city"))
        if street is None:
            return
        name = f"{street} {tags['addr:housenumber']}"
        self._add(id_, EntryKind.PLACE, (name, _address(tags)), (lon, lat))

    def _take_named(self, id_: str, tags: Tags, lon: float, lat: float) -> None:
        name = _names(tags)
        equipment = _EQUIPMENT.get(tags.get("power", ""))
        if equipment is not None:
            name = name or tags.get("ref", "")
            if name:
                self._add(id_, equipment, (name, ""), (lon, lat))
        elif name and tags.get("place") in _EXTENT_M:
            extent_m = _EXTENT_M[tags["place"]]
            self._add(id_, EntryKind.PLACE, (name, tags["name"]), (lon, lat), extent_m)
        elif name and any(tags.get(key, "no") != "no" for key in _LANDMARKS):
            self._add(id_, EntryKind.LANDMARK, (name, _address(tags)), (lon, lat))

    def _add(
        self,
        id_: str,
        kind: EntryKind,
        called: tuple[str, str],
        at: LonLat,
        extent_m: float | None = None,
    ) -> None:
        (name, address), (lon, lat) = called, at
        self.entries[id_] = Entry(
            id=id_, kind=kind, name=name, address=address, lon=lon, lat=lat, extent_m=extent_m
        )

    def streets(self) -> Iterator[Entry]:
        """Give every street once; a name that comes in several villages, once in each."""
        for name, points in self.pieces.items():
            for number, part in enumerate(_apart(np.array(points))):
                lon, lat = part.mean(axis=0).tolist()
                reach = _metres(part - [lon, lat], lat)
                yield Entry(
                    id=f"street:{name}:{number}" if number else f"street:{name}",
                    kind=EntryKind.PLACE,
                    name=name,
                    address=name,
                    lon=lon,
                    lat=lat,
                    extent_m=round(float(np.hypot(reach[:, 0], reach[:, 1]).max()), 1),
                )


def _names(tags: Tags) -> str:
    """Give the name, and other ones in brackets, as `names_of` takes them apart; empty if none."""
    name = tags.get("name") or ""
    others = [each.strip() for key in _OTHER_NAMES for each in tags.get(key, "").split(";")]
    more = [each for each in dict.fromkeys(others) if each and each != name]
    return f"{name} ({' / '.join(more)})" if name and more else name


def _placed(corners: Iterable[Any]) -> list[LonLat]:
    places = (getattr(corner, "location", corner) for corner in corners)
    return [(place.lon, place.lat) for place in places if place.valid()]


def _read_relations(path: Path) -> Iterator[tuple[int, Tags, list[LonLat]]]:
    """Read the areas made of several ways that have an address or a name, by their outer walls."""
    found = [
        (each.id, dict(each.tags), [m.ref for m in each.members if (m.type, m.role) in _OUTER])
        for each in osm_objects(path, osmium.osm.RELATION, ("addr:housenumber", "name"))
        if isinstance(each, osmium.osm.Relation) and each.tags.get("type") == "multipolygon"
    ]
    wanted = {way for _, _, ways in found for way in ways}
    if not wanted:
        return
    what = osmium.osm.NODE | osmium.osm.WAY
    corners = {
        way.id: _placed(way.nodes)
        for way in osm_objects(path, what, located=True, only=wanted)
        if isinstance(way, osmium.osm.Way)
    }
    for id_, tags, ways in found:
        yield id_, tags, [corner for way in ways for corner in corners.get(way, [])]


def _address(tags: Tags) -> str:
    street = tags.get("addr:street") or tags.get("addr:place") or ""
    line = f"{street} {tags.get('addr:housenumber', '')}".strip()
    town = f"{tags.get('addr:postcode', '')} {tags.get('addr:city', '')}".strip()
    return ", ".join(part for part in (line, tags.get("addr:suburb", ""), town) if part)


def _metres(points: Floats, lat: float) -> Floats:
    per_degree = math.radians(1) * EARTH_RADIUS_M
    there: Floats = points * np.array([per_degree * math.cos(math.radians(lat)), per_degree])
    return there


def _apart(points: Floats) -> list[Floats]:
    """Split points, shape (k, 2), into groups that keep together; largest first."""
    plane = _metres(points, float(points[:, 1].mean()))
    pairs = KDTree(plane).query_pairs(_SAME_STREET_M, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2)
    count, group = connected_components(links, directed=False)
    parts = [points[group == number] for number in range(count)]
    return sorted(parts, key=lambda part: (-len(part), part[0].tolist()))
