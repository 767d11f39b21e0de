"""Travel times by customizable contraction hierarchies (routingkit-cch).

The library answers a wrong id or length with a panic that `except Exception` does not catch, so
everything is checked before it gets there; and it cannot take new weights while a query lives, so
there are two metrics: one answers while the other is prepared, then they change places. Both are
made at the start: making one holds up every thread of the process, preparing one does not.

Roads that are shut or opened change a few arcs, an area those on its rim, and only what hangs on
those is worked out anew in the spare metric: that takes milliseconds, where preparing it whole
takes a second and more on a busy machine. The library's object for it belongs to the thread that
made it and costs next to nothing, so there is a new one each time. New times for all edges are
given to both metrics, so that the next closure finds a spare that differs in a few arcs only.

On a graph on which that may take long all the same, and while new times for all edges are being
prepared, the plain engine answers from the closure on until it is done: slower, and just as right.
"""

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import routingkit_cch as rk
from numpy.typing import ArrayLike

from gis.crs import Floats
from gis.errors import InvalidGraph
from gis.roads.dijkstra import DijkstraTravelTimes
from gis.roads.ends import Ends, Snap, direct_ms, positions
from gis.roads.engine import Route, Weights, direct_route, make_route
from gis.roads.graph import Int32s, Ints, RoadGraph
from gis.roads.states import States, states_of
from gis.roads.turns import Turns, turns_that_fit

FEW_OF_ALL = 1 / 400
"""Up to this share of all arcs only what hangs on them is worked out anew, else everything.

Measured (ADR 21): on real roads so many arcs take half as long as all of them when far apart and a
twentieth side by side; on a plain grid, the worst there is, as long or 1.7 times, and a tenth.
"""

LONG_S, AT_ONCE = 0.25, 50
"""Where preparing everything takes longer, it is done beside the plain engine from more arcs on.

Preparing everything lets other threads run; a partial update holds up all of them.
"""

FEW_PLACES = 4
"""The plain engine is asked for tables from or to so many places; greater ones are waited for."""


@dataclass(slots=True, eq=False)
class _Metric:
    """One customized set of weights, and how many questions are being answered from it.

    `now_ms` are the times of the edges, `arc_ms` what the metric was given for the arcs. `is_whole`
    is False from the moment at which it is being prepared: `arc_ms` may be wrong then.
    """

    weights: Weights
    now_ms: Int32s
    arc_ms: Int32s
    metric: rk.CCHMetric
    readers: int = 0
    is_whole: bool = True


class CchTravelTimes:
    """`TravelTimes` over a contraction hierarchy.

    Parameters
    ----------
    graph
        The roads.
    order
        Bytes of an earlier `order_bytes` of the same graph, which spare computing it again.
    turns
        Those of the graph, to be kept to and paid for; without, every turn is free.
    long_s
        How many seconds a whole preparation may take for a closure to wait for it.

    Raises
    ------
    InvalidGraph
        If the graph is empty, or the order is that of another graph.
    """

    def __init__(
        self,
        graph: RoadGraph,
        order: bytes | None = None,
        turns: Turns | None = None,
        *,
        long_s: float = LONG_S,
    ) -> None:
        if not graph.node_count or not graph.edge_count:
            raise InvalidGraph("there is no road to travel on")
        self.graph = graph
        self._turns = turns
        self._states = states = states_of(graph, turns)
        self._order = _compute_order(states) if order is None else _unpack_order(states, order)
        self._cch = rk.CCH(
            self._order.tolist(),
            states.arc_from.tolist(),
            states.arc_to.tolist(),
            filter_always_inf_arcs=False,
        )
        self._guard = threading.Condition()
        self._writing = threading.Lock()
        self._wanted = weights = Weights(graph.edge_travel_ms)
        self._plain: DijkstraTravelTimes | None = None
        self._meanwhile: DijkstraTravelTimes | None = None
        self._preparing: threading.Event | None = None
        self._current = self._made(weights)
        began = time.monotonic()
        self._spare = self._made(weights)
        self._takes_long = time.monotonic() - began > long_s
        share = int(len(self._current.arc_ms) * FEW_OF_ALL)
        self._few = min(share, AT_ONCE) if self._takes_long else share

    @property
    def closed(self) -> frozenset[int]:
        """See `TravelTimes`."""
        return self._wanted.closed

    def settle(self) -> None:
        """Wait until no preparation is under way."""
        if (preparing := self._preparing) is not None:
            preparing.wait()

    def order_bytes(self) -> bytes:
        """Pack the node order, to be given to the constructor next time."""
        return _fingerprint(self._states) + self._order.astype("<i4").tobytes()

    def seconds(self, sources: Sequence[Snap], targets: Sequence[Snap]) -> Floats:
        """See `TravelTimes`."""
        if not sources or not targets:
            return np.zeros((len(sources), len(targets)))
        if self._meanwhile is not None and min(len(sources), len(targets)) > FEW_PLACES:
            self.settle()
        if (meanwhile := self._meanwhile) is not None:
            if len(sources) <= len(targets):
                return meanwhile.seconds(sources, targets)
            return np.column_stack([meanwhile.many_to_one(sources, to) for to in targets])
        start, end = positions(self.graph, sources), positions(self.graph, targets)
        with self._reading() as state:
            leave = self._states.exits(state.now_ms, start)
            reach = self._states.entries(state.now_ms, end)
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
        if (meanwhile := self._meanwhile) is not None:
            return meanwhile.route(source, target)
        start, end = positions(self.graph, [source]), positions(self.graph, [target])
        with self._reading() as state:
            leave = self._states.exits(state.now_ms, start)
            reach = self._states.entries(state.now_ms, end)
            direct = float(direct_ms(state.now_ms, start, end)[0, 0])
            (off,), (on,) = _pairs(leave), _pairs(reach)
            if not off or not on:
                return direct_route(self.graph, direct, source, target)
            found = rk.CCHQuery(state.metric).run_multi(off, on)
        if found.distance is None or direct <= found.distance:
            return direct_route(self.graph, direct, source, target)
        first = _edge_at(leave, found.node_path[0])
        last = _edge_at(reach, found.node_path[-1])
        edges = self._states.edges_driven(first, last, found.node_path, found.arc_path)
        return make_route(self.graph, found.distance, source, target, edges)

    def reweight(self, travel_ms: ArrayLike) -> None:
        """See `TravelTimes`; roads may be shut, and are in force, while this prepares."""
        with self._alone():
            self._wanted = self._wanted.timed(travel_ms)
            self._preparing = done = threading.Event()
        self._prepare_all(done)

    def close_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        with self._alone():
            self._wanted = self._wanted.without(edges)
            self._swap(self._wanted)

    def open_edges(self, edges: ArrayLike) -> None:
        """See `TravelTimes`."""
        with self._alone():
            self._wanted = self._wanted.with_open(edges)
            self._swap(self._wanted)

    def shut_only(self, edges: ArrayLike) -> None:
        """See `TravelTimes`; in force when it returns, also while everything is still prepared."""
        with self._writing:
            weights = self._wanted.with_only(edges)
            if weights.closed == self._wanted.closed:
                return
            self._wanted = weights
            if self._preparing is None and not (self._takes_long and self._changes_many(weights)):
                self._swap(weights)
                return
            if self._plain is None:
                self._plain = DijkstraTravelTimes(self.graph, self._turns)
            self._meanwhile = self._plain.weighed(weights)
            if self._preparing is None:
                self._preparing = done = threading.Event()
                threading.Thread(target=self._prepare_all, args=[done], daemon=True).start()

    def _prepare_all(self, done: threading.Event) -> None:
        """Prepare what is wanted until nothing else is; then the plain engine has done its work."""
        try:
            weights = None
            while not self._is_done(weights):
                weights = self._wanted
                self._swap(weights)
        except BaseException:  # the plain engine goes on, and the next change tries again
            self._preparing = None
            raise
        finally:
            done.set()

    def _is_done(self, weights: Weights | None) -> bool:
        """Whether what was prepared is wanted, and both metrics have its times of open roads."""
        with self._writing:
            if weights is not self._wanted or weights.open_ms is not self._spare.weights.open_ms:
                return False
            self._meanwhile = self._preparing = None
            return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Change the weights while nobody else does and no preparation is under way."""
        while True:
            with self._writing:
                if self._preparing is None:
                    yield
                    return
            self.settle()

    def _changes_many(self, weights: Weights) -> bool:
        changed = np.count_nonzero(self._arc_ms(weights) != self._spare.arc_ms)
        return not self._spare.is_whole or bool(changed > self._few)

    def _made(self, weights: Weights) -> _Metric:
        arcs = self._arc_ms(weights)
        return _Metric(weights, weights.now_ms(), arcs, rk.CCHMetric(self._cch, arcs.tolist()))

    def _arc_ms(self, weights: Weights) -> Int32s:
        return self._states.arc_ms(weights.barred_ms(self.graph))

    def _swap(self, weights: Weights) -> None:
        """Prepare the spare metric and let it change places with the current one.

        Its last readers are waited for; they began before the last change.
        """
        arcs = self._arc_ms(weights)
        with self._guard:
            self._guard.wait_for(lambda: not self._spare.readers)
            spare = self._spare
        self._prepare(spare, arcs)
        fresh = _Metric(weights, weights.now_ms(), arcs, spare.metric)
        with self._guard:
            self._spare, self._current = self._current, fresh

    def _prepare(self, spare: _Metric, arcs: Int32s) -> None:
        """Give the spare metric new times of all arcs; of few that differ, those alone."""
        was_whole, spare.is_whole = spare.is_whole, False
        changed = np.flatnonzero(arcs != spare.arc_ms)
        if not was_whole or len(changed) > self._few:
            spare.metric.reset(arcs.tolist())
        elif len(changed):
            updates = dict(zip(changed.tolist(), arcs[changed].tolist(), strict=True))
            rk.CCHMetricPartialUpdater(self._cch).apply(spare.metric, updates)

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
                if not state.readers:
                    self._guard.notify_all()


def engine_for(graph: RoadGraph, order: bytes | None = None) -> CchTravelTimes:
    """Drive a graph as a company does: with its turns where it is small enough to fit.

    An order that is not that of the graph is computed anew, which takes longest of all.
    """
    turns = turns_that_fit(graph)
    try:
        return CchTravelTimes(graph, order, turns)
    except InvalidGraph:
        if order is None:
            raise
        return CchTravelTimes(graph, None, turns)


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
    """Give the times from each way-off pair to all ways on, shape (n, m, w).

    A function of its own, so that the query is gone before the reader counts as gone.
    """
    nodes, at = np.unique(reach.node, return_inverse=True)
    query = rk.CCHOneToMany(metric, nodes.tolist())
    nowhere: list[int | None] = [None] * len(nodes)
    rows = [query.distances_from_multi(ends) if ends else nowhere for ends in _pairs(leave)]
    return _times(rows)[:, at.reshape(reach.node.shape)]


def _to_each(metric: rk.CCHMetric, reach: Ends, leave: Ends) -> Floats:
    """Give the times to each way-on pair from all ways off, shape (m, n, w); see `_from_each`."""
    nodes, at = np.unique(leave.node, return_inverse=True)
    query = rk.CCHManyToOne(metric, nodes.tolist())
    nowhere: list[int | None] = [None] * len(nodes)
    rows = [query.distances_to_multi(ends) if ends else nowhere for ends in _pairs(reach)]
    return _times(rows)[:, at.reshape(leave.node.shape)]


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


def _compute_order(states: States) -> Ints:
    return np.array(
        rk.compute_order_inertial(
            states.count,
            states.arc_from.tolist(),
            states.arc_to.tolist(),
            states.lat.tolist(),
            states.lon.tolist(),
        ),
        np.int64,
    )


def _fingerprint(states: States) -> bytes:
    """Digest what an order of states depends on."""
    digest = hashlib.sha256(str(states.count).encode())
    for part in (states.arc_from, states.arc_to):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.digest()


def _unpack_order(states: States, packed: bytes) -> Ints:
    own = _fingerprint(states)
    if not packed.startswith(own) or len(packed) != len(own) + 4 * states.count:
        raise InvalidGraph("the node order is that of another graph")
    order = np.frombuffer(packed[len(own) :], "<i4").astype(np.int64)
    if not np.array_equal(np.sort(order), np.arange(states.count)):
        raise InvalidGraph("the node order does not name every node once")
    return order
