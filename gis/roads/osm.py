"""OpenStreetMap files: the roads a repair vehicle may drive, into flat arrays by pyosmium.

Ferries and footpaths are left out; barriers part a road, and turn bans are kept. See docs/roads.md.
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
from gis.roads.bans import Restriction, with_bans
from gis.roads.build import RawNodes, RawWays, build_graph
from gis.roads.graph import Ints, RoadGraph, starts
from gis.roads.speeds import CLASS_BY_NAME, RoadClass, limit_kmh, speed_kmh

_SHUT = frozenset({"no", "use_sidepath"})
_WITH_REASON = frozenset(
    {
        *("private", "destination", "delivery", "customers", "permit", "residents"),
        *("agricultural", "forestry"),
    }
)
_WITH_REASON_SHARE = 0.5
_ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")  # the most specific first
_ONE_WAY = frozenset({"yes", "true", "1"})
_AGAINST = frozenset({"-1", "reverse"})
_BOTH_WAYS = frozenset({"no", "false", "0", "alternating"})
_ROUND = frozenset({"roundabout", "circular"})
_BLOCKING = frozenset(
    {"block", "bollard", "chain", "cycle_barrier", "debris", "jersey_barrier", "log", "wall"}
)

_MOTORS = frozenset({"motorcar", "motor_vehicle", "vehicle"})
_MOTOR_BANS = tuple(f"restriction:{motor}" for motor in ("motorcar", "motor_vehicle"))

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
    areas: bool = False,
    only: Collection[int] | None = None,
) -> Iterator[OsmObject]:
    """Run through the objects that have any of the keys, or all where there are no keys.

    `only` names the ids to give, of nodes as of ways.
    `located` gives ways the places of their nodes; it needs nodes among the objects asked for.
    `areas` gives closed ways and multipolygons as areas besides; it needs every kind of object.

    Raises UnreadableFile where the file is damaged, cut off or of another kind.
    """
    source = _source(path)
    with _damage_named(path):
        objects = osmium.FileProcessor(source, what)
        if located:
            objects = objects.with_locations()
        if areas:
            objects = objects.with_areas(osmium.filter.KeyFilter(*keys))
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
    gathered = _Gathered(blocked=_blocked_nodes(path))
    for count, way in enumerate(osm_objects(path, osmium.osm.WAY, ["highway"])):
        assert isinstance(way, Way)
        gathered.take(way)
        if progress is not None and count % 1000 == 0:
            progress(count)
    ways = gathered.ways()
    graph = build_graph(ways, _parted(_read_nodes(path, gathered.real_refs()), gathered.parted))
    if not graph.edge_count:
        raise EmptyInput(path, "roads a vehicle may drive, with their nodes")
    return with_bans(graph, read_restrictions(path))


def _blocked_nodes(path: Path) -> frozenset[int]:
    """Find the nodes no vehicle passes: a bollard or block that is not said to be passable."""
    return frozenset(
        node.id
        for node in osm_objects(path, osmium.osm.NODE, ["barrier"])
        if is_blocking(dict(node.tags))
    )


def is_blocking(tags: Tags) -> bool:
    """Say whether a barrier keeps vehicles out; a gate does only where access says so.

    Crews have keys or are let in, so `private` blocks nobody.
    """
    access = _access(tags)
    if access is not None:
        return access in _SHUT
    return tags.get("barrier") in _BLOCKING


def _parted(nodes: RawNodes, parted: Mapping[int, int]) -> RawNodes:
    """Add the ends of roads at barriers: new nodes (id) in the places of the blocked ones."""
    ends = sorted(
        (new, at) for new, old in parted.items() if (at := _place(nodes, old)) is not None
    )
    if not ends:
        return nodes
    places = np.array([at for _, at in ends])
    ids = np.array([new for new, _ in ends], np.int64)  # below zero: they come first
    return RawNodes(
        np.concatenate([ids, nodes.id]),
        np.concatenate([nodes.lon[places], nodes.lon]),
        np.concatenate([nodes.lat[places], nodes.lat]),
    )


def _place(nodes: RawNodes, node: int) -> int | None:
    at = int(np.searchsorted(nodes.id, node))
    return at if at < len(nodes.id) and nodes.id[at] == node else None


@dataclass(slots=True)
class _Gathered:
    """Drivable ways seen so far, in flat typed arrays; one that runs into a barrier in pieces.

    `parted` gives the blocked node of each end there is at a barrier, by the end's number below
    zero.
    """

    blocked: frozenset[int] = frozenset()
    parted: dict[int, int] = field(default_factory=dict)
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
        if forward == 0 and backward == 0:
            return
        street = tags.get("name") or tags.get("ref") or ""
        name = self.names.setdefault(street, len(self.names))
        for piece in self._pieces(refs):
            self.refs.extend(piece)
            self.counts.append(len(piece))
            self.way_id.append(way.id)
            self.road_class.append(road_class)
            self.name.append(name)
            self.forward.append(forward)
            self.backward.append(backward)

    def _pieces(self, refs: list[int]) -> Iterator[list[int]]:
        """Part a way at each barrier into pieces with ends of their own."""
        piece: list[int] = []
        for ref in refs:
            if ref not in self.blocked:
                piece.append(ref)
                continue
            if piece:
                yield [*piece, self._end_at(ref)]
            piece = [self._end_at(ref)]
        if len(piece) > 1 or (piece and piece[0] > 0):
            yield piece

    def _end_at(self, ref: int) -> int:
        end = -len(self.parted) - 1
        self.parted[end] = ref
        return end

    def real_refs(self) -> Ints:
        """Nodes of the file that are referred to, ascending."""
        refs = np.array([*self.refs, *self.parted.values()], np.int64)
        return np.unique(refs[refs > 0])

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


def read_restrictions(path: Path) -> list[Restriction]:
    """Read the turn restrictions for motor vehicles whose members join at one node.

    One with a way between, one that holds at some hours only, and one that excepts motor vehicles
    are left out. Raises UnreadableFile.
    """
    found = []
    for relation in osm_objects(path, osmium.osm.RELATION, ["restriction", *_MOTOR_BANS]):
        assert isinstance(relation, Relation)
        restriction = _restriction(relation)
        if restriction is not None:
            found.append(restriction)
    return found


def _restriction(relation: Relation) -> Restriction | None:
    tags = dict(relation.tags)
    word = next((tags[key] for key in (*_MOTOR_BANS, "restriction") if key in tags), "")
    spared = {each.strip() for each in tags.get("except", "").split(";")}
    verb = word.partition("_")[0]
    if verb not in {"no", "only"} or spared & _MOTORS:
        return None
    members = [(member.role, member.type, member.ref) for member in relation.members]
    via = [ref for role, kind, ref in members if role == "via" and kind == "n"]
    into = tuple(ref for role, kind, ref in members if role == "from" and kind == "w")
    out_of = tuple(ref for role, kind, ref in members if role == "to" and kind == "w")
    if len(via) != 1 or not into or not out_of:
        return None
    return Restriction(into, via[0], out_of, only=verb == "only", u_turn=word == "no_u_turn")


def drivable_class(tags: Tags) -> RoadClass | None:
    """Say the class of a way a vehicle may drive; None where it is no road or shut to vehicles."""
    road_class = CLASS_BY_NAME.get(tags.get("highway", ""))
    if road_class is None or tags.get("area") == "yes":
        return None
    return None if _access(tags) in _SHUT else road_class


def _access(tags: Tags) -> str | None:
    """What the most specific of the access keys says."""
    return next((tags[key] for key in _ACCESS_KEYS if key in tags), None)


def speeds(tags: Tags, road_class: RoadClass) -> tuple[float, float]:
    """Give the planned km/h with and against a way; 0 where its one-way rule forbids it.

    A road that may be entered only with a reason is driven at half its speed (assumption), which
    keeps through traffic off it and lets a crew reach the customer who lives there.
    """
    both = limit_kmh(tags.get("maxspeed"))
    share = _WITH_REASON_SHARE if _access(tags) in _WITH_REASON else 1.0
    forward = share * speed_kmh(road_class, limit_kmh(tags.get("maxspeed:forward")) or both)
    backward = share * speed_kmh(road_class, limit_kmh(tags.get("maxspeed:backward")) or both)
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
