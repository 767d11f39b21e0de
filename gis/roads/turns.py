"""Turns: which edge may follow which, and what it costs.

A street is left for another at a junction, so what a turn costs hangs on a pair of edges. The
engines then drive from edge to edge instead of from node to node: a state is an edge about to be
driven, an arc a turn. Costs are assumptions of the size open car-routing profiles use.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gis.crs import Floats
from gis.roads.graph import Flags, Int32s, Ints, RoadGraph, ranges, starts

FITS = 1_000_000
"""Up to so many edges a graph is driven with its turns; see docs/roads.md for what they take."""

STRAIGHT_DEG = 30.0
JUNCTION = 3


@dataclass(frozen=True, slots=True)
class TurnCosts:
    """Seconds a turn takes beside the drive (assumptions).

    Attributes
    ----------
    near_s, across_s
        A right angle to the near side, and across the oncoming traffic; less where it bends less.
    u_turn_s
        Turning round in the street.
    left_hand
        Whether one drives on the left, so that a turn to the right goes across.
    """

    near_s: float = 3.0
    across_s: float = 6.0
    u_turn_s: float = 20.0
    left_hand: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """The t turns that may be made on a graph of m edges.

    Attributes
    ----------
    turn_from, turn_to
        Shape (t,): edges, by `turn_from` and then `turn_to` ascending.
    turn_ms
        Shape (t,): what each costs, whole milliseconds.
    first
        Shape (m + 1,): where the turns off each edge begin.
    widest
        The most turns there are off one edge.
    """

    turn_from: Int32s
    turn_to: Int32s
    turn_ms: Int32s
    first: Ints
    widest: int

    def cost_ms(self, edges: Sequence[int]) -> int:
        """Give what the turns along a trip cost, taken together."""
        driven = np.asarray(edges, np.int64)
        count = len(self.first) - 1
        asked = driven[:-1] * count + driven[1:]
        known = self.turn_from.astype(np.int64) * count + self.turn_to
        at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        return int(self.turn_ms[at][known[at] == asked].sum()) if len(known) else 0


def turns_of(graph: RoadGraph, costs: TurnCosts | None = None) -> Turns:
    """List the turns of a graph, without those that its bans forbid.

    Turning round costs, and is always allowed: a dead end has no other way out. Where fewer than
    three streets meet, going on is no turn. Empty gives empty.
    """
    costs = costs or TurnCosts()
    by_start = np.argsort(graph.edge_from, kind="stable")
    begin = starts(np.bincount(graph.edge_from, minlength=graph.node_count))
    onward = np.diff(begin)[graph.edge_to]
    turn_from = np.repeat(np.arange(graph.edge_count), onward)
    turn_to = by_start[ranges(begin[:-1][graph.edge_to], onward)]
    allowed = ~_banned(graph, turn_from, turn_to)
    turn_from, turn_to = turn_from[allowed], turn_to[allowed]
    order = np.lexsort((turn_to, turn_from))
    turn_from, turn_to = turn_from[order], turn_to[order]
    off = np.bincount(turn_from, minlength=graph.edge_count)
    return Turns(
        turn_from.astype(np.int32),
        turn_to.astype(np.int32),
        _turn_ms(graph, turn_from, turn_to, costs),
        starts(off),
        int(off.max(initial=0)),
    )


def turns_that_fit(graph: RoadGraph, most_edges: int = FITS) -> Turns | None:
    """Give the turns of a graph that is small enough to be driven with them, else None."""
    return turns_of(graph) if graph.edge_count <= most_edges else None


def _banned(graph: RoadGraph, turn_from: Ints, turn_to: Ints) -> Flags:
    if not len(graph.ban_from):
        return np.zeros(len(turn_from), np.bool_)
    banned = graph.ban_from.astype(np.int64) * graph.edge_count + graph.ban_to
    return np.isin(turn_from.astype(np.int64) * graph.edge_count + turn_to, banned)


def _turn_ms(graph: RoadGraph, turn_from: Ints, turn_to: Ints, costs: TurnCosts) -> Int32s:
    """What each turn costs: nothing up to a bend of STRAIGHT_DEG, all of it from 90 degrees on."""
    into, out_of = _bearings(graph)
    bend = (out_of[turn_to] - into[turn_from] + 180.0) % 360.0 - 180.0  # right is positive
    across = bend > 0 if costs.left_hand else bend < 0
    share = np.clip((np.abs(bend) - STRAIGHT_DEG) / (90.0 - STRAIGHT_DEG), 0.0, 1.0)
    seconds = share * np.where(across, costs.across_s, costs.near_s)
    streets = _streets_at(graph)[graph.edge_to[turn_from]]
    seconds = np.where(streets < JUNCTION, 0.0, seconds)
    round_again = graph.twin[turn_from] == turn_to
    whole: Int32s = np.rint(np.where(round_again, costs.u_turn_s, seconds) * 1000).astype(np.int32)
    return whole


def _streets_at(graph: RoadGraph) -> Ints:
    """Count the street ends at each node, shape (n,)."""
    lead = (graph.twin < 0) | (graph.twin > np.arange(graph.edge_count))
    ends = np.concatenate([graph.edge_from[lead], graph.edge_to[lead]])
    return np.bincount(ends, minlength=graph.node_count)


def _bearings(graph: RoadGraph) -> tuple[Floats, Floats]:
    """Give the compass bearing at the end and at the start of each edge, shape (m,) each."""
    first, last = graph.shape_start[:-1][graph.edge_shape], graph.shape_start[1:][graph.edge_shape]
    back = graph.edge_reversed
    leaving = _bearing(graph, np.where(back, last - 1, first), np.where(back, last - 2, first + 1))
    arriving = _bearing(graph, np.where(back, first + 1, last - 2), np.where(back, first, last - 1))
    return arriving, leaving


def _bearing(graph: RoadGraph, start: Ints, end: Ints) -> Floats:
    east = (graph.shape_lon[end] - graph.shape_lon[start]) * np.cos(
        np.radians(graph.shape_lat[start])
    )
    north = graph.shape_lat[end] - graph.shape_lat[start]
    return np.degrees(np.arctan2(east, north))
