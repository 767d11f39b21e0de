"""OpenStreetMap files: the roads a repair vehicle may drive, into flat arrays by pyosmium.

Barriers and turn bans are not seen; ferries and footpaths are left out. See docs/roads.md.
"""

from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import osmium
from osmium.osm.types import Area, Changeset, Node, Relation, Way

from gis.errors import EmptyInput, UnreadableFile
from gis.roads.build import RawNodes, RawWays, build_graph
from gis.roads.graph import Ints, RoadGraph, starts
from gis.roads.speeds import CLASS_BY_NAME, RoadClass, limit_kmh, speed_kmh

_SHUT = frozenset({"no", "private"})
_ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")  # the most specific first
_ONE_WAY = frozenset({"yes", "true", "1"})
_AGAINST = frozenset({"-1", "reverse"})
_BOTH_WAYS = frozenset({"no", "false", "0", "alternating"})
_ROUND = frozenset({"roundabout", "circular"})

Tags = Mapping[str, str]
OsmObject = Node | Way | Relation | Area | Changeset
Progress = Callable[[int], None]


def osm_format(path: Path) -> str | None:
    """Say which form of OpenStreetMap data a file holds, by its first bytes; None for another kind.

    Raises UnreadableFile where the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from None
    if head[4:16].find(b"OSMHeader") >= 0:
        return "pbf"
    if head.startswith(b"BZh"):
        return "osm.bz2"
    if head.startswith(b"\x1f\x8b"):
        return "osm.gz"
    return "osm" if b"<osm" in head else None


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError, OSError) as error:
        raise UnreadableFile(path, f"damaged or cut off: {error}") from None


def _source(path: Path) -> osmium.io.File:
    form = osm_format(path)
    if form is None:
        raise UnreadableFile(path, "it is no OpenStreetMap file")
    return osmium.io.File(str(path), form)


def osm_objects(
    path: Path,
    what: osmium.osm.osm_entity_bits,
    keys: Sequence[str] = (),
    *,
    located: bool = False,
    only: Collection[int] | None = None,
) -> Iterator[OsmObject]:
    """Run through the objects that have any of the keys, or all where there are no keys.

    `only` names the ids to give, of nodes as of ways.
    `located` gives ways the places of their nodes; it needs nodes among the objects asked for.

    Raises UnreadableFile where the file is damaged, cut off or of another kind.
    """
    source = _source(path)
    with _damage_named(path):
        objects = osmium.FileProcessor(source, what)
        if located:
            objects = objects.with_locations()
        if keys:
            objects = objects.with_filter(osmium.filter.KeyFilter(*keys))
        if only is not None:
            objects = objects.with_filter(osmium.filter.IdFilter(only))
        yield from objects


def read_osm(path: Path, progress: Progress | None = None) -> RoadGraph:
    """Read the drivable roads of an OpenStreetMap file (.osm, .osm.bz2, .osm.gz, .osm.pbf).

    Parameters
    ----------
    path
        The file; its content, not its name, says which form it has.
    progress
        Called now and then with the number of ways seen.

    Returns
    -------
    RoadGraph
        All parts, connected or not; `largest_part` gives the one that can be driven throughout.

    Raises
    ------
    UnreadableFile
        If it is absent, damaged, cut off or another kind of file.
    EmptyInput
        If it holds no drivable road whose nodes it also holds.
    """
    path = Path(path)
    gathered = _Gathered()
    for count, way in enumerate(osm_objects(path, osmium.osm.WAY, ["highway"])):
        assert isinstance(way, Way)
        gathered.take(way)
        if progress is not None and count % 1000 == 0:
            progress(count)
    ways = gathered.ways()
    graph = build_graph(ways, _read_nodes(path, np.unique(ways.refs)))
    if not graph.edge_count:
        raise EmptyInput(path, "roads a vehicle may drive, with their nodes")
    return graph


@dataclass(slots=True)
class _Gathered:
    """Drivable ways seen so far, in flat typed arrays."""

    refs: "array[int]" = field(default_factory=lambda: array("q"))
    counts: "array[int]" = field(default_factory=lambda: array("q"))
    way_id: "array[int]" = field(default_factory=lambda: array("q"))
    road_class: "array[int]" = field(default_factory=lambda: array("B"))
    name: "array[int]" = field(default_factory=lambda: array("i"))
    forward: "array[float]" = field(default_factory=lambda: array("d"))
    backward: "array[float]" = field(default_factory=lambda: array("d"))
    names: dict[str, int] = field(default_factory=lambda: {"": 0})

    def take(self, way: Way) -> None:
        """Take a way if a vehicle may drive it."""
        tags = dict(way.tags)
        road_class = drivable_class(tags)
        if road_class is None:
            return
        forward, backward = speeds(tags, road_class)
        refs = [node.ref for node in way.nodes]
        if (forward == 0 and backward == 0) or not refs:
            return
        self.refs.extend(refs)
        self.counts.append(len(refs))
        self.way_id.append(way.id)
        self.road_class.append(road_class)
        street = tags.get("name") or tags.get("ref") or ""
        self.name.append(self.names.setdefault(street, len(self.names)))
        self.forward.append(forward)
        self.backward.append(backward)

    def ways(self) -> RawWays:
        """Hand over what was gathered."""
        return RawWays(
            refs=np.array(self.refs, np.int64),
            start=starts(np.array(self.counts, np.int64)),
            way_id=np.array(self.way_id, np.int64),
            road_class=np.array(self.road_class, np.uint8),
            name=np.array(self.name, np.int32),
            forward_kmh=np.array(self.forward, float),
            backward_kmh=np.array(self.backward, float),
            names=tuple(self.names),
        )


def drivable_class(tags: Tags) -> RoadClass | None:
    """Say the class of a way a vehicle may drive; None where it is no road or shut to vehicles."""
    road_class = CLASS_BY_NAME.get(tags.get("highway", ""))
    if road_class is None or tags.get("area") == "yes":
        return None
    access = next((tags[key] for key in _ACCESS_KEYS if key in tags), "yes")
    return None if access in _SHUT else road_class


def speeds(tags: Tags, road_class: RoadClass) -> tuple[float, float]:
    """Give the planned km/h with and against a way; 0 where its one-way rule forbids it."""
    both = limit_kmh(tags.get("maxspeed"))
    forward = speed_kmh(road_class, limit_kmh(tags.get("maxspeed:forward")) or both)
    backward = speed_kmh(road_class, limit_kmh(tags.get("maxspeed:backward")) or both)
    rule = tags.get("oneway", "")
    if rule in _AGAINST:
        return 0.0, backward
    if rule == "reversible":
        return 0.0, 0.0  # its direction changes with the hour; nobody can plan on it
    implied = road_class is RoadClass.MOTORWAY or tags.get("junction") in _ROUND
    if rule in _ONE_WAY or (implied and rule not in _BOTH_WAYS):
        return forward, 0.0
    return forward, backward


def _read_nodes(path: Path, wanted: Ints) -> RawNodes:
    """Find the places of the nodes wanted (ids ascending); those the file lacks are left out."""
    index = osmium.index.create_map("flex_mem")
    remember = osmium.NodeLocationsForWays(index)
    remember.ignore_errors()
    with _damage_named(path):
        # ways too: the first one makes pyosmium sort the index of a file in no order
        osmium.apply(_reader(path), remember)
    found, lons, lats = array("q"), array("d"), array("d")
    for node in wanted.tolist():
        try:
            place = index.get(node)
        except KeyError:
            continue
        if place.valid():
            found.append(node)
            lons.append(place.lon)
            lats.append(place.lat)
    return RawNodes(np.array(found, np.int64), np.array(lons, float), np.array(lats, float))


def _reader(path: Path) -> osmium.io.Reader:
    return osmium.io.Reader(_source(path), osmium.osm.NODE | osmium.osm.WAY)
