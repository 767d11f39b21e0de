"""Roads as nodes and ways: drafting them, joining what crosses, keeping what hangs together."""

from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from dispatch.drill.county import parameters as p
from dispatch.drill.county.frame import Floats, Ints

SNAP_M = 3.0  # crossings nearer to an end than this use the end


@dataclass(frozen=True, slots=True)
class Way:
    """One way of the road map; `place` is the settlement it serves, -1 between settlements."""

    nodes: tuple[int, ...]
    highway: str
    name: str
    place: int
    maxspeed: int
    ref: str = ""
    oneway: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Roads:
    """Node positions in metres, shape (n, 2), the settlement of each node (-1: none), the ways."""

    xy: Floats
    place: Ints
    ways: tuple[Way, ...]

    def edges(self) -> Ints:
        """Every pair of consecutive nodes, shape (m, 2), as drawn."""
        return np.array(
            [pair for way in self.ways for pair in zip(way.nodes, way.nodes[1:], strict=False)],
            dtype=np.int64,
        ).reshape(-1, 2)

    def lengths(self, edges: Ints) -> Floats:
        """Lengths of `edges` in metres."""
        return np.asarray(np.hypot(*(self.xy[edges[:, 0]] - self.xy[edges[:, 1]]).T))

    def junctions(self) -> Ints:
        """Nodes where three or more road pieces meet."""
        degree = np.bincount(self.edges().ravel(), minlength=len(self.xy))
        return np.flatnonzero(degree > 2)  # noqa: PLR2004


@dataclass(slots=True)
class Draft:
    """Roads being drawn."""

    points: list[tuple[float, float]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)

    def node(self, xy: Floats, place: int = -1) -> int:
        """Add a node and return its index."""
        self.points.append((float(xy[0]), float(xy[1])))
        self.places.append(place)
        return len(self.points) - 1

    def nodes(self, xy: Floats, place: int = -1) -> list[int]:
        """Add several nodes, shape (n, 2)."""
        return [self.node(point, place) for point in xy]

    def way(self, nodes: list[int], highway: str, name: str, place: int = -1) -> None:
        """Add a way at the limit of its class."""
        self.ways.append(Way(tuple(nodes), highway, name, place, p.MAXSPEED_KMH[highway]))

    def finish(self) -> Roads:
        """Join crossing ways, then drop what is not connected to the rest."""
        xy = np.array(self.points, dtype=np.float64)
        joined, ways = _join_crossings(xy, self.ways)
        place = np.r_[np.array(self.places, dtype=np.int64), np.full(len(joined) - len(xy), -1)]
        for way in ways:
            if way.place >= 0:
                inner = np.array(way.nodes)
                place[inner[place[inner] < 0]] = way.place
        return _largest_part(Roads(joined, place, tuple(ways)))


def _join_crossings(xy: Floats, ways: list[Way]) -> tuple[Floats, list[Way]]:
    """Put a shared node wherever two pieces cross between their ends."""
    owner = np.array([(w, i) for w, way in enumerate(ways) for i in range(len(way.nodes) - 1)])
    ends = np.array([ways[w].nodes[i : i + 2] for w, i in owner])
    pieces = shapely.linestrings(xy[ends])
    left, right = shapely.STRtree(pieces).query(pieces, predicate="intersects")
    keep = left < right
    left, right = left[keep], right[keep]
    apart = (ends[left][:, :, None] != ends[right][:, None, :]).all(axis=(1, 2))
    left, right = left[apart], right[apart]
    a, b = xy[ends[left]], xy[ends[right]]
    da, db, gap = a[:, 1] - a[:, 0], b[:, 1] - b[:, 0], b[:, 0] - a[:, 0]
    det = da[:, 0] * db[:, 1] - da[:, 1] * db[:, 0]
    true = np.abs(det) > 1e-6  # noqa: PLR2004 - parallel pieces share a stretch, not a point
    left, right, a, da, db, gap, det = (v[true] for v in (left, right, a, da, db, gap, det))
    t = (gap[:, 0] * db[:, 1] - gap[:, 1] * db[:, 0]) / det
    u = (gap[:, 0] * da[:, 1] - gap[:, 1] * da[:, 0]) / det
    points = [tuple(point) for point in xy]
    inserts: dict[int, list[tuple[float, int]]] = {}
    size = np.hypot(*da.T), np.hypot(*db.T)
    for k in range(len(left)):
        one, two = int(left[k]), int(right[k])
        node = _end_near(ends[one], t[k], size[0][k])
        if node is None:
            node = _end_near(ends[two], u[k], size[1][k])
        if node is None:
            points.append(tuple(a[k, 0] + t[k] * da[k]))
            node = len(points) - 1
        inserts.setdefault(one, []).append((float(t[k]), node))
        inserts.setdefault(two, []).append((float(u[k]), node))
    return np.array(points, dtype=np.float64), _with_inserts(ways, owner, inserts)


def _end_near(ends: Ints, t: float, length: float) -> int | None:
    if t * length < SNAP_M:
        return int(ends[0])
    if (1 - t) * length < SNAP_M:
        return int(ends[1])
    return None


def _with_inserts(
    ways: list[Way], owner: Ints, inserts: dict[int, list[tuple[float, int]]]
) -> list[Way]:
    longer: dict[int, list[int]] = {}
    offset = {int(w): k for k, (w, i) in enumerate(owner) if i == 0}
    for w in sorted({int(owner[k][0]) for k in inserts}):
        nodes: list[int] = []
        for i, node in enumerate(ways[w].nodes):
            nodes.append(node)
            nodes += [extra for _, extra in sorted(inserts.get(offset[w] + i, []))] * (
                i < len(ways[w].nodes) - 1
            )
        longer[w] = [n for k, n in enumerate(nodes) if k == 0 or n != nodes[k - 1]]
    return [replace(way, nodes=tuple(longer.get(w, way.nodes))) for w, way in enumerate(ways)]


def _largest_part(roads: Roads) -> Roads:
    edges = roads.edges()
    n = len(roads.xy)
    graph = csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    used = np.bincount(part[edges[:, 0]])
    main = int(np.argmax(used))
    keep = np.zeros(n, dtype=bool)
    keep[edges.ravel()] = True
    keep &= part == main
    new = np.cumsum(keep) - 1
    ways = tuple(
        replace(way, nodes=tuple(int(new[i]) for i in way.nodes))
        for way in roads.ways
        if part[way.nodes[0]] == main and len(way.nodes) > 1
    )
    return Roads(np.round(roads.xy[keep], 2), roads.place[keep], ways)
