"""The road graph: flat arrays of nodes, directed edges and the shapes that edges share.

Degrees are WGS-84, lengths metres, times whole milliseconds. An edge never spans two ways of its
source, so that closing a bridge closes the bridge. The two directions of a street are two edges,
each other's `twin`, on one shape.
"""

import io
import json
import zipfile
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gis.crs import MAX_LAT, MAX_LON, Floats
from gis.errors import InvalidGraph, UnreadableFile

Ints = NDArray[np.int64]
Int32s = NDArray[np.int32]
Codes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

CLOSED_MS = 2**31 - 1
"""The travel time that means an edge cannot be driven; no real one may reach it."""

_FORMAT = 1


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """A road network of n nodes, m directed edges and s shapes.

    Attributes
    ----------
    node_id, node_lon, node_lat
        Shape (n,): the source's id, and degrees.
    edge_from, edge_to
        Shape (m,): node indices.
    edge_length_m, edge_travel_ms
        Shape (m,): metres, and free-flow milliseconds of at least 1.
    edge_class, edge_way, edge_name
        Shape (m,): RoadClass code, the source's way id, index into `names`.
    edge_shape, edge_reversed
        Shape (m,): index of the shape, and whether the edge runs against it.
    shape_start
        Shape (s + 1,): where each shape's points begin; the last entry closes the last shape.
    shape_lon, shape_lat
        Points of all shapes, ends included, one after the other.
    names
        Street names; `names[0]` is the empty one.
    ban_from, ban_to
        Shape (b,): edges of which the second may not follow the first.
    """

    node_id: Ints
    node_lon: Floats
    node_lat: Floats
    edge_from: Int32s
    edge_to: Int32s
    edge_length_m: Floats
    edge_travel_ms: Int32s
    edge_class: Codes
    edge_way: Ints
    edge_name: Int32s
    edge_shape: Int32s
    edge_reversed: Flags
    shape_start: Ints
    shape_lon: Floats
    shape_lat: Floats
    names: tuple[str, ...] = ("",)
    ban_from: Int32s = field(default_factory=lambda: np.zeros(0, np.int32))
    ban_to: Int32s = field(default_factory=lambda: np.zeros(0, np.int32))

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.node_id)

    @property
    def edge_count(self) -> int:
        """Number of directed edges."""
        return len(self.edge_from)

    @property
    def shape_count(self) -> int:
        """Number of shapes, which is that of streets between junctions."""
        return len(self.shape_start) - 1

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays."""
        return sum(array.nbytes for array in self.arrays().values())

    @cached_property
    def shape_edges(self) -> Int32s:
        """Shape (s, 2): the edge along and the edge against each shape, -1 for none."""
        edges = np.full((self.shape_count, 2), -1, np.int32)
        edges[self.edge_shape, self.edge_reversed.astype(np.int8)] = np.arange(self.edge_count)
        return edges

    @cached_property
    def twin(self) -> Int32s:
        """Shape (m,): the edge of the opposite direction on the same street, -1 for none."""
        other = (~self.edge_reversed).astype(np.int8)
        twins: Int32s = self.shape_edges[self.edge_shape, other]
        return twins

    def line(self, edge: int) -> Floats:
        """Points of an edge in driving direction, shape (k, 2), lon and lat; k is at least 2."""
        shape = self.edge_shape[edge]
        part = slice(self.shape_start[shape], self.shape_start[shape + 1])
        points = np.column_stack([self.shape_lon[part], self.shape_lat[part]])
        return points[::-1] if self.edge_reversed[edge] else points

    def lines(self, edges: Ints) -> shapely.MultiLineString:
        """Edges, shape (k,), in driving direction as one WGS-84 multi-line; none give an empty one.

        The lines are those of `line`, all made at once.
        """
        first, last = (self.shape_start[self.edge_shape[edges] + more] for more in (0, 1))
        counts = last - first
        points, row = ranges(first, counts), np.repeat(np.arange(len(edges)), counts)
        against = (first + last - 1)[row] - points
        points = np.where(self.edge_reversed[edges][row], against, points)
        lonlat = np.column_stack([self.shape_lon[points], self.shape_lat[points]])
        return shapely.multilinestrings(shapely.linestrings(lonlat, indices=row))

    def street(self, edge: int) -> str:
        """Name of an edge's street; empty where it has none."""
        return self.names[int(self.edge_name[edge])]

    def edges_of_ways(self, ways: ArrayLike) -> Ints:
        """Edges that belong to any of the source's ways, in ascending order."""
        return np.flatnonzero(np.isin(self.edge_way, np.asarray(ways)))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All arrays by name."""
        return {name: getattr(self, name) for name in _ARRAYS}

    def strong_parts(self) -> tuple[int, Int32s]:
        """Count the strongly connected parts, and give each node's part, shape (n,)."""
        ones = np.ones(self.edge_count, np.int8)
        matrix = csr_array((ones, (self.edge_from, self.edge_to)), shape=(self.node_count,) * 2)
        count, part = connected_components(matrix, directed=True, connection="strong")
        return int(count), part

    def largest_part(self) -> "RoadGraph":
        """Keep the largest strongly connected part: there every place reaches every other."""
        if not self.node_count:
            return self
        _, part = self.strong_parts()
        return self.keep_nodes(part == np.bincount(part).argmax())

    def keep_nodes(self, keep: Flags) -> "RoadGraph":
        """Keep the nodes flagged (shape (n,)), the edges between them, and the shapes of those."""
        edges = np.flatnonzero(keep[self.edge_from] & keep[self.edge_to])
        new_node = np.cumsum(keep, dtype=np.int32) - 1
        shapes, edge_shape = np.unique(self.edge_shape[edges], return_inverse=True)
        counts = np.diff(self.shape_start)[shapes]
        points = ranges(self.shape_start[:-1][shapes], counts)
        kept = {
            name: array[edges] for name, array in self.arrays().items() if name.startswith("edge_")
        }
        kept["edge_from"] = new_node[self.edge_from[edges]]
        kept["edge_to"] = new_node[self.edge_to[edges]]
        kept["edge_shape"] = edge_shape.astype(np.int32)
        kept |= self._bans_kept(edges)
        return RoadGraph(
            node_id=self.node_id[keep],
            node_lon=self.node_lon[keep],
            node_lat=self.node_lat[keep],
            shape_start=starts(counts),
            shape_lon=self.shape_lon[points],
            shape_lat=self.shape_lat[points],
            names=self.names,
            **kept,  # type: ignore[arg-type]
        )

    def _bans_kept(self, edges: Ints) -> dict[str, NDArray[np.generic]]:
        new_edge = np.full(self.edge_count, -1, np.int32)
        new_edge[edges] = np.arange(len(edges))
        ban_from, ban_to = new_edge[self.ban_from], new_edge[self.ban_to]
        both = (ban_from >= 0) & (ban_to >= 0)
        return {"ban_from": ban_from[both], "ban_to": ban_to[both]}

    def with_travel_ms(self, travel_ms: Int32s) -> "RoadGraph":
        """Give the same roads with other travel times, shape (m,)."""
        return replace(self, edge_travel_ms=np.asarray(travel_ms, np.int32))


_ARRAYS = tuple(each.name for each in fields(RoadGraph) if each.name != "names")
_LATER = frozenset({"ban_from", "ban_to"})
"""Arrays that a graph stored without bans lacks."""


def starts(counts: NDArray[np.integer]) -> Ints:
    """Turn counts, shape (s,), into starts, shape (s + 1,)."""
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def ranges(first: NDArray[np.integer], counts: NDArray[np.integer]) -> Ints:
    """Concatenate the ranges first .. first + count of each pair; empty gives empty."""
    begin = starts(counts)
    within = np.arange(begin[-1]) - np.repeat(begin[:-1], counts)
    return np.asarray(np.repeat(first, counts) + within, np.int64)


def validate(graph: RoadGraph) -> RoadGraph:
    """Return the graph if its arrays agree; raises InvalidGraph naming the flaw."""
    for flaw, found in _flaws(graph):
        if found:
            raise InvalidGraph(f"road graph: {flaw}", flaw=flaw)
    return graph


def _flaws(graph: RoadGraph) -> list[tuple[str, bool]]:
    """Name each flaw and say whether it is there, from lengths to contents."""
    lengths = [
        ("node arrays differ in length", _ragged(graph, "node_")),
        ("edge arrays differ in length", _ragged(graph, "edge_")),
        ("shape points differ in length", len(graph.shape_lon) != len(graph.shape_lat)),
        ("shape starts do not end with the points", not _shapes_close(graph)),
        ("turn bans differ in length", _ragged(graph, "ban_")),
        ("the first name is not the empty one", graph.names[:1] != ("",)),
    ]
    if any(found for _, found in lengths):
        return lengths
    return [
        ("a node id is given twice", len(np.unique(graph.node_id)) != graph.node_count),
        ("a node lies off the planet", not _on_earth(graph.node_lon, graph.node_lat)),
        ("a shape leaves the planet", not _on_earth(graph.shape_lon, graph.shape_lat)),
        ("an edge starts at no node", not _within(graph.edge_from, graph.node_count)),
        ("an edge ends at no node", not _within(graph.edge_to, graph.node_count)),
        ("an edge has no shape", not _within(graph.edge_shape, graph.shape_count)),
        ("an edge has no name entry", not _within(graph.edge_name, len(graph.names))),
        ("a length is not finite or negative", not _lengths_ok(graph.edge_length_m)),
        ("a travel time is below 1 ms or too long", not _times_ok(graph.edge_travel_ms)),
        ("a turn ban starts at no edge", not _within(graph.ban_from, graph.edge_count)),
        ("a turn ban ends at no edge", not _within(graph.ban_to, graph.edge_count)),
        ("two edges run the same way on one shape", _shared_direction(graph)),
    ]


def _ragged(graph: RoadGraph, prefix: str) -> bool:
    arrays = graph.arrays().items()
    return len({len(array) for name, array in arrays if name.startswith(prefix)}) > 1


def _shapes_close(graph: RoadGraph) -> bool:
    start = graph.shape_start
    if not len(start) or start[0] != 0 or start[-1] != len(graph.shape_lon):
        return False
    return bool((np.diff(start) > 1).all())


def _on_earth(lon: Floats, lat: Floats) -> bool:
    return bool((np.abs(lon) <= MAX_LON).all() and (np.abs(lat) <= MAX_LAT).all())


def _within(index: NDArray[np.integer], count: int) -> bool:
    return bool(((index >= 0) & (index < count)).all())


def _lengths_ok(length_m: Floats) -> bool:
    return bool((np.isfinite(length_m) & (length_m >= 0)).all())


def _times_ok(travel_ms: NDArray[np.integer]) -> bool:
    return bool(((travel_ms >= 1) & (travel_ms < CLOSED_MS)).all())


def _shared_direction(graph: RoadGraph) -> bool:
    keys = graph.edge_shape.astype(np.int64) * 2 + graph.edge_reversed
    return len(np.unique(keys)) != graph.edge_count


def to_bytes(graph: RoadGraph) -> bytes:
    """Pack a graph, to be stored and read back with `from_bytes`."""
    packed = io.BytesIO()
    names = np.frombuffer(json.dumps(graph.names).encode(), np.uint8)
    np.savez_compressed(packed, format=np.array(_FORMAT), names=names, **graph.arrays())  # type: ignore[arg-type]
    return packed.getvalue()


def from_bytes(packed: bytes, source: str = "stored road graph") -> RoadGraph:
    """Unpack a graph; raises UnreadableFile where it is damaged or of another format."""
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
            if int(stored["format"]) != _FORMAT:
                raise UnreadableFile(source, f"it is of format {int(stored['format'])}")
            names = tuple(json.loads(stored["names"].tobytes()))
            there = [name for name in _ARRAYS if name not in _LATER or name in stored]
            arrays = {name: stored[name] for name in there}
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise UnreadableFile(source, f"damaged: {error}") from None
    return validate(RoadGraph(names=names, **arrays))
