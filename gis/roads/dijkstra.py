"""Travel times by Dijkstra's algorithm (scipy): slow, plain, the measure for the fast engine."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gis.crs import Floats
from gis.roads.ends import Snap, combine, direct_ms, positions
from gis.roads.engine import Route, Weights, direct_route, make_route
from gis.roads.graph import CLOSED_MS, Int32s, Ints, RoadGraph
from gis.roads.states import States, states_of
from gis.roads.turns import Turns


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    """The roads at one time: times now, and the fastest arc between each pair of states."""

    weights: Weights
    now_ms: Int32s
    matrix: csr_array
    arc_of: Ints

    def arc(self, start: int, end: int) -> int:
        """Give the fastest open arc between two states that have one."""
        row = slice(self.matrix.indptr[start], self.matrix.indptr[start + 1])
        at = int(np.flatnonzero(self.matrix.indices[row] == end)[0])
        return int(self.arc_of[row][at])


class DijkstraTravelTimes:
    """`TravelTimes` without preparation: every question walks the graph."""

    def __init__(
        self, graph: RoadGraph, turns: Turns | None = None, weights: Weights | None = None
    ) -> None:
        self.graph = graph
        self._states = states_of(graph, turns)
        self._network = _network(self._states, weights or Weights(graph.edge_travel_ms))

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
        leave = self._states.exits(network.now_ms, start)
        reach = self._states.entries(network.now_ms, end)
        nodes, row = np.unique(leave.node, return_inverse=True)
        walked = np.atleast_2d(dijkstra(network.matrix, indices=nodes))
        between = walked[row.reshape(leave.node.shape)][:, :, reach.node]
        times = np.minimum(combine(leave, between, reach), direct_ms(network.now_ms, start, end))
        return times / 1000

    def many_to_one(self, sources: Sequence[Snap], target: Snap) -> Floats:
        """See `TravelTimes`."""
        if not sources:
            return np.zeros(0)
        network = self._network
        start, end = positions(self.graph, sources), positions(self.graph, [target])
        leave = self._states.exits(network.now_ms, start)
        reach = self._states.entries(network.now_ms, end)
        walked = np.atleast_2d(dijkstra(network.matrix.T.tocsr(), indices=reach.node[0]))
        between = walked[:, leave.node].transpose(1, 2, 0)[:, :, None, :]
        times = np.minimum(combine(leave, between, reach), direct_ms(network.now_ms, start, end))
        return times[:, 0] / 1000

    def route(self, source: Snap, target: Snap) -> Route | None:
        """See `TravelTimes`."""
        network = self._network
        start, end = positions(self.graph, [source]), positions(self.graph, [target])
        leave = self._states.exits(network.now_ms, start)
        reach = self._states.entries(network.now_ms, end)
        walked, before = dijkstra(network.matrix, indices=leave.node[0], return_predecessors=True)
        whole = leave.ms[0][:, None] + walked[:, reach.node[0]] + reach.ms[0][None, :]
        direct = float(direct_ms(network.now_ms, start, end)[0, 0])
        if direct <= whole.min():
            return direct_route(self.graph, direct, source, target)
        off, on = np.unravel_index(int(whole.argmin()), whole.shape)
        states, arcs = _walk(network, before[off], int(leave.node[0, off]), int(reach.node[0, on]))
        first, last = int(leave.edge[0, off]), int(reach.edge[0, on])
        edges = self._states.edges_driven(first, last, states, arcs)
        return make_route(self.graph, float(whole.min()), source, target, edges)

    def reweight(self, travel_ms: ArrayLike) -> None:
        """See `TravelTimes`."""
        self._network = _network(self._states, self._network.weights.timed(travel_ms))

    def close_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        self._network = _network(self._states, self._network.weights.without(edges))

    def open_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        self._network = _network(self._states, self._network.weights.with_open(edges))

    def shut_only(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        self._network = _network(self._states, self._network.weights.with_only(edges))


def _network(states: States, weights: Weights) -> _Network:
    now = weights.now_ms()
    ms = states.arc_ms(now)
    usable = np.flatnonzero((ms < CLOSED_MS) & (states.arc_from != states.arc_to))
    order = usable[np.lexsort((ms[usable], states.arc_to[usable], states.arc_from[usable]))]
    pair = states.arc_from[order].astype(np.int64) * states.count + states.arc_to[order]
    fastest = order[np.unique(pair, return_index=True)[1]]
    rows = np.bincount(states.arc_from[fastest], minlength=states.count)
    matrix = csr_array(
        (ms[fastest].astype(float), states.arc_to[fastest], np.concatenate([[0], rows.cumsum()])),
        shape=(states.count, states.count),
    )
    return _Network(weights, now, matrix, fastest)


def _walk(network: _Network, before: Int32s, start: int, end: int) -> tuple[list[int], list[int]]:
    """List the states from `start` to `end`, both included, and the arcs between them."""
    states, arcs = [end], []
    while end != start:
        previous = int(before[end])
        arcs.append(network.arc(previous, end))
        states.append(previous)
        end = previous
    return states[::-1], arcs[::-1]
