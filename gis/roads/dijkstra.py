"""Travel times by Dijkstra's algorithm (scipy): slow, plain, the measure for the fast engine."""

from collections.abc import Sequence
from copy import copy
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


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """The pairs of states that arcs connect; whatever the arcs weigh, those stay the same.

    Attributes
    ----------
    arc, of
        Arcs that lead to another state, pair by pair, and the number of the pair of each.
    begin, start, end
        Where the arcs of each pair begin, and its two states.
    """

    arc: Ints
    of: Ints
    begin: Ints
    start: Int32s
    end: Int32s


class DijkstraTravelTimes:
    """`TravelTimes` without preparation: every question walks the graph."""

    def __init__(self, graph: RoadGraph, turns: Turns | None = None) -> None:
        self.graph = graph
        self._states = states_of(graph, turns)
        self._pairs = _pairs_of(self._states)
        self._network = _network(self._states, self._pairs, Weights(graph.edge_travel_ms))

    def weighed(self, weights: Weights) -> "DijkstraTravelTimes":
        """The same roads by other weights; the ones here stay as they are."""
        other = copy(self)
        other.weigh(weights)
        return other

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
        self.weigh(self._network.weights.timed(travel_ms))

    def close_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        self.weigh(self._network.weights.without(edges))

    def open_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        self.weigh(self._network.weights.with_open(edges))

    def shut_only(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        self.weigh(self._network.weights.with_only(edges))

    def weigh(self, weights: Weights) -> None:
        """Drive by these weights from now on."""
        self._network = _network(self._states, self._pairs, weights)


def _pairs_of(states: States) -> _Pairs:
    arc = np.flatnonzero(states.arc_from != states.arc_to)
    arc = arc[np.lexsort((states.arc_to[arc], states.arc_from[arc]))]
    start, end = states.arc_from[arc], states.arc_to[arc]
    is_new = np.append(True, (start[1:] != start[:-1]) | (end[1:] != end[:-1]))[: len(arc)]
    begin = np.flatnonzero(is_new)
    return _Pairs(arc, is_new.cumsum() - 1, begin, start[begin], end[begin])


def _network(states: States, pairs: _Pairs, weights: Weights) -> _Network:
    now = weights.now_ms()
    ms = states.arc_ms(now)[pairs.arc]
    least = np.minimum.reduceat(ms, pairs.begin) if len(ms) else ms
    at = np.flatnonzero(ms == least[pairs.of])
    fastest = at[np.append(True, np.diff(pairs.of[at]) > 0)[: len(at)]]  # one of each pair's
    is_open = least < CLOSED_MS
    rows = np.bincount(pairs.start[is_open], minlength=states.count)
    matrix = csr_array(
        (least[is_open].astype(float), pairs.end[is_open], np.append(0, rows.cumsum())),
        shape=(states.count, states.count),
    )
    return _Network(weights, now, matrix, pairs.arc[fastest[is_open]])


def _walk(network: _Network, before: Int32s, start: int, end: int) -> tuple[list[int], list[int]]:
    """List the states from `start` to `end`, both included, and the arcs between them."""
    states, arcs = [end], []
    while end != start:
        previous = int(before[end])
        arcs.append(network.arc(previous, end))
        states.append(previous)
        end = previous
    return states[::-1], arcs[::-1]
