"""Travel times by Dijkstra's algorithm (scipy): slow, plain, the measure for the fast engine."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gis.crs import Floats
from gis.roads.ends import Snap, combine, direct_ms, entries, exits, positions
from gis.roads.engine import Route, Weights, direct_route, make_route
from gis.roads.graph import CLOSED_MS, Int32s, Ints, RoadGraph


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    """One state of the roads: times now, and the fastest edge between each pair of nodes."""

    weights: Weights
    now_ms: Int32s
    matrix: csr_array
    edge_of: Ints

    def edge(self, start: int, end: int) -> int:
        """Give the fastest open edge between two nodes that have one."""
        row = slice(self.matrix.indptr[start], self.matrix.indptr[start + 1])
        at = int(np.flatnonzero(self.matrix.indices[row] == end)[0])
        return int(self.edge_of[row][at])


class DijkstraTravelTimes:
    """`TravelTimes` without preparation: every question walks the graph."""

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        self._network = _network(graph, Weights(graph.edge_travel_ms))

    @property
    def closed(self) -> frozenset[int]:
        """See `TravelTimes`."""
        return self._network.weights.closed

    def seconds(self, sources: Sequence[Snap], targets: Sequence[Snap]) -> Floats:
        """See `TravelTimes`."""
        if not sources or not targets:
            return np.zeros((len(sources), len(targets)))
        network = self._network
        start, end = positions(self.graph, sources), positions(self.graph, targets)
        leave = exits(self.graph, network.now_ms, start)
        reach = entries(self.graph, network.now_ms, end)
        nodes, row = np.unique(leave.node, return_inverse=True)
        walked = np.atleast_2d(dijkstra(network.matrix, indices=nodes))
        between = walked[row.reshape(-1, 2)][:, :, reach.node]
        times = np.minimum(combine(leave, between, reach), direct_ms(network.now_ms, start, end))
        return times / 1000

    def many_to_one(self, sources: Sequence[Snap], target: Snap) -> Floats:
        """See `TravelTimes`."""
        if not sources:
            return np.zeros(0)
        network = self._network
        start, end = positions(self.graph, sources), positions(self.graph, [target])
        leave = exits(self.graph, network.now_ms, start)
        reach = entries(self.graph, network.now_ms, end)
        walked = np.atleast_2d(dijkstra(network.matrix.T.tocsr(), indices=reach.node[0]))
        between = walked[:, leave.node].transpose(1, 2, 0)[:, :, None, :]
        times = np.minimum(combine(leave, between, reach), direct_ms(network.now_ms, start, end))
        return times[:, 0] / 1000

    def route(self, source: Snap, target: Snap) -> Route | None:
        """See `TravelTimes`."""
        network = self._network
        start, end = positions(self.graph, [source]), positions(self.graph, [target])
        leave = exits(self.graph, network.now_ms, start)
        reach = entries(self.graph, network.now_ms, end)
        walked, before = dijkstra(network.matrix, indices=leave.node[0], return_predecessors=True)
        whole = leave.ms[0][:, None] + walked[:, reach.node[0]] + reach.ms[0][None, :]
        direct = float(direct_ms(network.now_ms, start, end)[0, 0])
        if direct <= whole.min():
            return direct_route(self.graph, direct, source, target)
        off, on = np.unravel_index(int(whole.argmin()), whole.shape)
        middle = _walk(network, before[off], int(leave.node[0, off]), int(reach.node[0, on]))
        edges = [int(leave.edge[0, off]), *middle, int(reach.edge[0, on])]
        return make_route(self.graph, float(whole.min()), source, target, edges)

    def reweight(self, travel_ms: ArrayLike) -> None:
        """See `TravelTimes`."""
        self._network = _network(self.graph, self._network.weights.timed(travel_ms))

    def close_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        self._network = _network(self.graph, self._network.weights.without(edges))

    def open_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        self._network = _network(self.graph, self._network.weights.with_open(edges))


def _network(graph: RoadGraph, weights: Weights) -> _Network:
    now = weights.now_ms()
    usable = np.flatnonzero((now < CLOSED_MS) & (graph.edge_from != graph.edge_to))
    order = usable[np.lexsort((now[usable], graph.edge_to[usable], graph.edge_from[usable]))]
    pair = graph.edge_from[order].astype(np.int64) * graph.node_count + graph.edge_to[order]
    fastest = order[np.unique(pair, return_index=True)[1]]
    rows = np.bincount(graph.edge_from[fastest], minlength=graph.node_count)
    matrix = csr_array(
        (now[fastest].astype(float), graph.edge_to[fastest], np.concatenate([[0], rows.cumsum()])),
        shape=(graph.node_count, graph.node_count),
    )
    return _Network(weights, now, matrix, fastest)


def _walk(network: _Network, before: Int32s, start: int, end: int) -> list[int]:
    """List the edges from `start` to `end` by the predecessors found."""
    edges = []
    while end != start:
        previous = int(before[end])
        edges.append(network.edge(previous, end))
        end = previous
    return edges[::-1]
