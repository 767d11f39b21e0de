"""What the engines search over: the nodes of a graph, or its edges where turns count.

Both give arcs between states, and how a trip from the middle of a street gets to the first state
and from the last one to the middle of another.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from gis.crs import Floats
from gis.roads.ends import Ends, Positions, entries, exits, part_ms
from gis.roads.graph import CLOSED_MS, Int32s, Ints, RoadGraph, ranges
from gis.roads.turns import Turns


class States(Protocol):
    """States and arcs to search over; `lon` and `lat` say where each state is, shape (count,)."""

    count: int
    arc_from: Int32s
    arc_to: Int32s
    lon: Floats
    lat: Floats

    def arc_ms(self, now_ms: Int32s) -> Int32s:
        """Give the times of the arcs by those of the edges, CLOSED_MS on closed ones."""

    def exits(self, now_ms: Int32s, at: Positions) -> Ends:
        """Say how trips leave the positions."""

    def entries(self, now_ms: Int32s, at: Positions) -> Ends:
        """Say how trips reach the positions."""

    def edges_driven(
        self, first: int, last: int, states: Sequence[int], arcs: Sequence[int]
    ) -> list[int]:
        """List the edges of a trip off `first` and onto `last` over states and arcs between."""


class ByNode:
    """A state is a node, an arc an edge; turns cost nothing."""

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        self.count = graph.node_count
        self.arc_from, self.arc_to = graph.edge_from, graph.edge_to
        self.lon, self.lat = graph.node_lon, graph.node_lat

    def arc_ms(self, now_ms: Int32s) -> Int32s:
        """See `States`."""
        return now_ms

    def exits(self, now_ms: Int32s, at: Positions) -> Ends:
        """See `States`."""
        return exits(self.graph, now_ms, at)

    def entries(self, now_ms: Int32s, at: Positions) -> Ends:
        """See `States`."""
        return entries(self.graph, now_ms, at)

    def edges_driven(
        self,
        first: int,
        last: int,
        states: Sequence[int],  # noqa: ARG002 (the arcs say it)
        arcs: Sequence[int],
    ) -> list[int]:
        """See `States`."""
        return [first, *arcs, last]


class ByEdge:
    """A state is an edge about to be driven, an arc that drive and the turn after it."""

    def __init__(self, graph: RoadGraph, turns: Turns) -> None:
        self.graph = graph
        self.turns = turns
        self.count = graph.edge_count
        self.arc_from, self.arc_to = turns.turn_from, turns.turn_to
        self.lon, self.lat = graph.node_lon[graph.edge_from], graph.node_lat[graph.edge_from]

    def arc_ms(self, now_ms: Int32s) -> Int32s:
        """See `States`."""
        drive = now_ms[self.arc_from].astype(np.int64)
        whole = np.minimum(drive + self.turns.turn_ms, CLOSED_MS - 1)
        return np.where(drive < CLOSED_MS, whole, CLOSED_MS).astype(np.int32)

    def exits(self, now_ms: Int32s, at: Positions) -> Ends:
        """See `States`: to the end of the edge, or of its twin, and one turn further."""
        ahead = self._off(at.edge, part_ms(now_ms, at.edge, 1 - at.fraction))
        back = self._off(at.twin, part_ms(now_ms, at.twin, at.fraction))
        return Ends(
            np.hstack([ahead.node, back.node]),
            np.hstack([ahead.ms, back.ms]),
            np.hstack([ahead.edge, back.edge]),
        )

    def _off(self, edge: Ints, ms: Floats) -> Ends:
        """Give the turns off each edge (-1 for none), padded to the widest, after `ms`."""
        wide = (len(edge), max(self.turns.widest, 1))
        node, time = np.zeros(wide, np.int64), np.full(wide, np.inf)
        begin = self.turns.first[:-1][edge]
        count = np.where(edge >= 0, self.turns.first[1:][edge] - begin, 0)
        turn = ranges(begin, count)
        row = np.repeat(np.arange(len(edge)), count)
        column = ranges(np.zeros(len(edge), np.int64), count)
        node[row, column] = self.turns.turn_to[turn]
        time[row, column] = ms[row] + self.turns.turn_ms[turn]
        return Ends(node, time, np.repeat(edge[:, None], wide[1], axis=1))

    def entries(self, now_ms: Int32s, at: Positions) -> Ends:
        """See `States`: along the edge from its start, or along its twin."""
        ahead = part_ms(now_ms, at.edge, at.fraction)
        back = part_ms(now_ms, at.twin, 1 - at.fraction)
        edges = np.column_stack([at.edge, at.twin])
        return Ends(np.maximum(edges, 0), np.column_stack([ahead, back]), edges)

    def edges_driven(
        self,
        first: int,
        last: int,  # noqa: ARG002 (it is the last state)
        states: Sequence[int],
        arcs: Sequence[int],  # noqa: ARG002 (the states say it)
    ) -> list[int]:
        """See `States`."""
        return [first, *states]


def states_of(graph: RoadGraph, turns: Turns | None) -> States:
    """Search over edges where turns are given, else over nodes."""
    return ByNode(graph) if turns is None else ByEdge(graph, turns)
