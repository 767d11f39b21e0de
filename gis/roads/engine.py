"""Travel times by road: the port, and what a route is. Two engines stand behind it.

`CchTravelTimes` (customizable contraction hierarchies) is the fast one, `DijkstraTravelTimes` the
slow one that needs nothing but scipy; tests hold the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from gis.crs import Floats, distance_m
from gis.errors import InvalidGraph
from gis.roads.ends import Snap
from gis.roads.graph import CLOSED_MS, Int32s, RoadGraph


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A way to drive.

    Attributes
    ----------
    seconds, length_m
        Travel time and driven length.
    line
        WGS-84 points in driving order, shape (k, 2), lon and lat; k is at least 2.
    edges
        Edges driven, in order; the first and last in part.
    """

    seconds: float
    length_m: float
    line: Floats
    edges: tuple[int, ...]


class TravelTimes(Protocol):
    """Travel times over one road graph; safe to use from several threads.

    Positions not on the graph raise InvalidGraph. Unreachable is infinite, or None for a route.
    """

    @property
    def graph(self) -> RoadGraph:
        """The graph travelled on, with its free-flow times."""

    @property
    def closed(self) -> frozenset[int]:
        """Edges that cannot be driven now."""

    def seconds(self, sources: Sequence[Snap], targets: Sequence[Snap]) -> Floats:
        """Give the times from each of n sources to each of m targets, shape (n, m), in seconds."""

    def many_to_one(self, sources: Sequence[Snap], target: Snap) -> Floats:
        """Give the times from each of n sources to one target, shape (n,), in seconds."""

    def route(self, source: Snap, target: Snap) -> Route | None:
        """Give the fastest way to drive."""

    def reweight(self, travel_ms: ArrayLike) -> None:
        """Take new times for all edges, shape (m,), in milliseconds; closed edges stay closed."""

    def close_edges(self, edges: ArrayLike) -> None:
        """Shut edges on top of those shut already; directions are shut one by one."""

    def open_edges(self, edges: ArrayLike) -> None:
        """Open edges again, with the time they had."""

    def shut_only(self, edges: ArrayLike) -> None:
        """Shut these edges and no others, in one step; nothing is done where that holds already."""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Times of all edges when everything is open, and which are closed."""

    open_ms: Int32s
    closed: frozenset[int] = frozenset()

    def now_ms(self) -> Int32s:
        """Give the times with CLOSED_MS on closed edges, shape (m,)."""
        now = self.open_ms.copy()
        now[list(self.closed)] = CLOSED_MS
        return now

    def barred_ms(self, graph: RoadGraph) -> Int32s:
        """Give the times with CLOSED_MS only on the closed edges that an open one leads to.

        Shape (m,). A trip begins and ends on open edges, so it comes to any other closed edge over
        one of these; a closed area changes the times on its rim and none within.
        """
        times = self.now_ms()
        is_open = times < CLOSED_MS
        led_to = np.zeros(graph.node_count, np.bool_)
        led_to[graph.edge_to[is_open]] = True
        within = ~(is_open | led_to[graph.edge_from])
        times[within] = self.open_ms[within]
        return times

    def timed(self, travel_ms: ArrayLike) -> "Weights":
        """Give the same closures over other times; raises InvalidGraph for wrong ones."""
        wanted = np.asarray(travel_ms)
        if wanted.shape != self.open_ms.shape or not np.issubdtype(wanted.dtype, np.integer):
            raise InvalidGraph(
                f"travel times must be {len(self.open_ms)} whole numbers of milliseconds, "
                f"not {wanted.dtype} of shape {wanted.shape}"
            )
        if len(wanted) and not (wanted.min() >= 1 and wanted.max() < CLOSED_MS):
            raise InvalidGraph(f"travel times must be from 1 to {CLOSED_MS - 1} ms")
        return Weights(wanted.astype(np.int32), self.closed)

    def without(self, edges: ArrayLike) -> "Weights":
        """Give the same times with more edges closed; raises InvalidGraph for unknown ones."""
        return Weights(self.open_ms, self.closed | self._known(edges))

    def with_open(self, edges: ArrayLike) -> "Weights":
        """Give the same times with edges open again; raises InvalidGraph for unknown ones."""
        return Weights(self.open_ms, self.closed - self._known(edges))

    def with_only(self, edges: ArrayLike) -> "Weights":
        """Give the same times with exactly these edges closed; raises InvalidGraph."""
        return Weights(self.open_ms, self._known(edges))

    def _known(self, edges: ArrayLike) -> frozenset[int]:
        wanted = np.atleast_1d(np.asarray(edges))
        if not wanted.size:
            return frozenset()
        integral = np.issubdtype(wanted.dtype, np.integer)
        if not integral or wanted.min() < 0 or wanted.max() >= len(self.open_ms):
            raise InvalidGraph(f"no such edges among {len(self.open_ms)}", edges=wanted.tolist())
        return frozenset(wanted.tolist())


def make_route(
    graph: RoadGraph, ms: float, source: Snap, target: Snap, edges: Sequence[int]
) -> Route:
    """Put a route together from the edges it drives, the first and last in part."""
    begin = _share(edges[0], source)
    stop = _share(edges[-1], target)
    pieces = []
    length_m = 0.0
    for at, edge in enumerate(edges):
        low = begin if at == 0 else 0.0
        high = stop if at == len(edges) - 1 else 1.0
        pieces.append(_cut(graph.line(edge), low, high))
        length_m += float(graph.edge_length_m[edge]) * (high - low)
    line = np.concatenate(pieces)
    fresh = np.ones(len(line), np.bool_)
    fresh[1:] = (line[1:] != line[:-1]).any(axis=1)
    fresh[-1] |= fresh.sum() == 1
    return Route(ms / 1000, length_m, line[fresh], tuple(edges))


def direct_route(graph: RoadGraph, ms: float, source: Snap, target: Snap) -> Route | None:
    """Put a route together that stays on one street; None where `ms` is infinite."""
    if not np.isfinite(ms):
        return None
    along = _share(target.edge, source) <= target.fraction
    edge = target.edge if along else int(graph.twin[target.edge])
    return make_route(graph, ms, source, target, [edge])


def _share(edge: int, snap: Snap) -> float:
    """Say how far along `edge` a position lies that is given on it or on its twin."""
    return snap.fraction if edge == snap.edge else 1 - snap.fraction


def _cut(line: Floats, low: float, high: float) -> Floats:
    """Cut the part between two shares of its length out of a line; at least two points."""
    if (low, high) == (0.0, 1.0):
        return line
    lon, lat = line.T
    steps = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    reach = np.concatenate([[0.0], np.cumsum(steps)])
    total = reach[-1] or 1.0
    inner = line[(reach > low * total) & (reach < high * total)]
    ends = [
        [np.interp(share * total, reach, lon), np.interp(share * total, reach, lat)]
        for share in (low, high)
    ]
    return np.concatenate([[ends[0]], inner, [ends[1]]])
