"""Travel times by customizable contraction hierarchies (routingkit-cch).

The library answers a wrong id or length with a panic that `except Exception` does not catch, so
everything is checked before it gets there; and it cannot take new weights while a query lives, so
there are two metrics: one answers while the other is prepared, then they change places.
"""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import routingkit_cch as rk
from numpy.typing import ArrayLike

from gis.crs import Floats
from gis.errors import InvalidGraph
from gis.roads.ends import Ends, Snap, direct_ms, entries, exits, positions
from gis.roads.engine import Route, Weights, direct_route, make_route
from gis.roads.graph import Int32s, Ints, RoadGraph


@dataclass(slots=True, eq=False)
class _Metric:
    """One customized set of weights, and how many questions are being answered from it."""

    weights: Weights
    now_ms: Int32s
    metric: rk.CCHMetric
    readers: int = 0


class CchTravelTimes:
    """`TravelTimes` over a contraction hierarchy.

    Parameters
    ----------
    graph
        The roads.
    order
        Bytes of an earlier `order_bytes` of the same graph, which spare computing it again.

    Raises
    ------
    InvalidGraph
        If the graph is empty, or the order is that of another graph.
    """

    def __init__(self, graph: RoadGraph, order: bytes | None = None) -> None:
        if not graph.node_count or not graph.edge_count:
            raise InvalidGraph("there is no road to travel on")
        self.graph = graph
        tail, head = graph.edge_from.tolist(), graph.edge_to.tolist()
        self._order = _compute_order(graph) if order is None else _unpack_order(graph, order)
        self._cch = rk.CCH(self._order.tolist(), tail, head, filter_always_inf_arcs=False)
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._spare: _Metric | None = None
        self._current = self._prepare(Weights(graph.edge_travel_ms))

    @property
    def closed(self) -> frozenset[int]:
        """See `TravelTimes`."""
        return self._current.weights.closed

    def order_bytes(self) -> bytes:
        """Pack the node order, to be given to the constructor next time."""
        return _fingerprint(self.graph) + self._order.astype("<i4").tobytes()

    def seconds(self, sources: Sequence[Snap], targets: Sequence[Snap]) -> Floats:
        """See `TravelTimes`."""
        if not sources or not targets:
            return np.zeros((len(sources), len(targets)))
        start, end = positions(self.graph, sources), positions(self.graph, targets)
        with self._reading() as state:
            leave = exits(self.graph, state.now_ms, start)
            reach = entries(self.graph, state.now_ms, end)
            if len(sources) <= len(targets):
                times = _last_leg(_from_each(state.metric, leave, reach), reach)
            else:
                times = _last_leg(_to_each(state.metric, reach, leave), leave).T
            return np.minimum(times, direct_ms(state.now_ms, start, end)) / 1000

    def many_to_one(self, sources: Sequence[Snap], target: Snap) -> Floats:
        """See `TravelTimes`."""
        return self.seconds(sources, [target])[:, 0]

    def route(self, source: Snap, target: Snap) -> Route | None:
        """See `TravelTimes`."""
        start, end = positions(self.graph, [source]), positions(self.graph, [target])
        with self._reading() as state:
            leave = exits(self.graph, state.now_ms, start)
            reach = entries(self.graph, state.now_ms, end)
            direct = float(direct_ms(state.now_ms, start, end)[0, 0])
            (off,), (on,) = _pairs(leave), _pairs(reach)
            if not off or not on:
                return direct_route(self.graph, direct, source, target)
            found = rk.CCHQuery(state.metric).run_multi(off, on)
        if found.distance is None or direct <= found.distance:
            return direct_route(self.graph, direct, source, target)
        first = _edge_at(leave, found.node_path[0])
        last = _edge_at(reach, found.node_path[-1])
        edges = [first, *found.arc_path, last]
        return make_route(self.graph, found.distance, source, target, edges)

    def reweight(self, travel_ms: ArrayLike) -> None:
        """See `TravelTimes`."""
        with self._writing:
            self._swap(self._current.weights.timed(travel_ms))

    def close_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        with self._writing:
            self._swap(self._current.weights.without(edges))

    def open_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        with self._writing:
            self._swap(self._current.weights.with_open(edges))

    def _swap(self, weights: Weights) -> None:
        fresh = self._prepare(weights)
        with self._guard:
            self._spare, self._current = self._current, fresh

    def _prepare(self, weights: Weights) -> _Metric:
        """Customize the spare metric if nobody reads from it, else a new one."""
        now = weights.now_ms()
        with self._guard:
            spare, self._spare = self._spare, None
        if spare is None or spare.readers:
            return _Metric(weights, now, rk.CCHMetric(self._cch, now.tolist()))
        spare.metric.reset(now.tolist())
        return _Metric(weights, now, spare.metric)

    @contextmanager
    def _reading(self) -> Iterator[_Metric]:
        with self._guard:
            state = self._current
            state.readers += 1
        try:
            yield state
        finally:
            with self._guard:
                state.readers -= 1


def _pairs(ends: Ends) -> list[list[tuple[int, int]]]:
    """List the ways off or on that are open, each node once with its lesser time."""
    listed = []
    for nodes, times in zip(ends.node.tolist(), ends.ms.tolist(), strict=True):
        best: dict[int, int] = {}
        for node, ms in zip(nodes, times, strict=True):
            if ms < best.get(node, np.inf):
                best[node] = int(ms)
        listed.append(list(best.items()))
    return listed


def _from_each(metric: rk.CCHMetric, leave: Ends, reach: Ends) -> Floats:
    """Give the times from each way-off pair to all ways on, shape (n, m, 2).

    A function of its own, so that the query is gone before the reader counts as gone.
    """
    nodes, at = np.unique(reach.node, return_inverse=True)
    query = rk.CCHOneToMany(metric, nodes.tolist())
    nowhere: list[int | None] = [None] * len(nodes)
    rows = [query.distances_from_multi(ends) if ends else nowhere for ends in _pairs(leave)]
    return _times(rows)[:, at.reshape(-1, 2)]


def _to_each(metric: rk.CCHMetric, reach: Ends, leave: Ends) -> Floats:
    """Give the times to each way-on pair from all ways off, shape (m, n, 2); see `_from_each`."""
    nodes, at = np.unique(leave.node, return_inverse=True)
    query = rk.CCHManyToOne(metric, nodes.tolist())
    nowhere: list[int | None] = [None] * len(nodes)
    rows = [query.distances_to_multi(ends) if ends else nowhere for ends in _pairs(reach)]
    return _times(rows)[:, at.reshape(-1, 2)]


def _times(rows: list[list[int | None]]) -> Floats:
    found = np.array(rows, float)
    found[np.isnan(found)] = np.inf
    return found


def _last_leg(found: Floats, pinned: Ends) -> Floats:
    """Add the pinned side's own parts to the times found, and take the lesser."""
    fastest: Floats = (found + pinned.ms).min(axis=2)
    return fastest


def _edge_at(ends: Ends, node: int) -> int:
    """Give the edge by which the one position of `ends` is left or reached at a node."""
    times = np.where(ends.node[0] == node, ends.ms[0], np.inf)
    return int(ends.edge[0, times.argmin()])


def _compute_order(graph: RoadGraph) -> Ints:
    return np.array(
        rk.compute_order_inertial(
            graph.node_count,
            graph.edge_from.tolist(),
            graph.edge_to.tolist(),
            graph.node_lat.tolist(),
            graph.node_lon.tolist(),
        ),
        np.int64,
    )


def _fingerprint(graph: RoadGraph) -> bytes:
    """Digest what a node order depends on."""
    digest = hashlib.sha256()
    for part in (graph.node_id, graph.edge_from, graph.edge_to):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.digest()


def _unpack_order(graph: RoadGraph, packed: bytes) -> Ints:
    own = _fingerprint(graph)
    if not packed.startswith(own) or len(packed) != len(own) + 4 * graph.node_count:
        raise InvalidGraph("the node order is that of another graph")
    order = np.frombuffer(packed[len(own) :], "<i4").astype(np.int64)
    if not np.array_equal(np.sort(order), np.arange(graph.node_count)):
        raise InvalidGraph("the node order does not name every node once")
    return order
