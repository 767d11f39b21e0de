"""Positions on roads, and how a trip leaves the first edge and enters the last one.

A position lies somewhere along an edge. Where the street has a second direction, its twin edge lets
the trip leave, or arrive, the other way. Times are milliseconds, whole numbers held as floats so
that infinity can stand for "not this way".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gis.crs import Floats
from gis.errors import InvalidGraph
from gis.roads.graph import CLOSED_MS, Int32s, Ints, RoadGraph


@dataclass(frozen=True, slots=True)
class Snap:
    """A position on the road.

    Attributes
    ----------
    edge
        A directed edge.
    fraction
        How far along it, from 0 to 1.
    offset_m
        Distance from the place that was asked for to the road.
    """

    edge: int
    fraction: float
    offset_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Ends:
    """The w ways on or off the road for each of k positions.

    Attributes
    ----------
    node, ms, edge
        Shape (k, w): node reached or started from, time between it and the position (infinite where
        that way is shut or forbidden), and the edge driven in part. Driven with turns, a node is
        the edge about to be driven.
    """

    node: Ints
    ms: Floats
    edge: Ints


@dataclass(frozen=True, slots=True)
class Positions:
    """Positions as arrays: edge and its twin (-1 for none), fraction along the edge; shape (k,)."""

    edge: Ints
    twin: Ints
    fraction: Floats


def positions(graph: RoadGraph, snaps: Sequence[Snap]) -> Positions:
    """Turn snaps into arrays; raises InvalidGraph for one that is not on the graph."""
    edge = np.array([snap.edge for snap in snaps], np.int64)
    fraction = np.array([snap.fraction for snap in snaps], float)
    wrong = (edge < 0) | (edge >= graph.edge_count) | ~((fraction >= 0) & (fraction <= 1))
    if wrong.any():
        bad = snaps[int(np.flatnonzero(wrong)[0])]
        raise InvalidGraph(
            f"no position {bad.fraction} along edge {bad.edge} of {graph.edge_count}",
            edge=bad.edge,
            fraction=bad.fraction,
        )
    return Positions(edge, graph.twin[edge].astype(np.int64), fraction)


def exits(graph: RoadGraph, travel_ms: Int32s, at: Positions) -> Ends:
    """Say how trips leave the positions: ahead to the edge's end, or by the twin to its start."""
    ahead = part_ms(travel_ms, at.edge, 1 - at.fraction)
    back = part_ms(travel_ms, at.twin, at.fraction)
    nodes = np.column_stack([graph.edge_to[at.edge], graph.edge_from[at.edge]])
    return Ends(nodes.astype(np.int64), np.column_stack([ahead, back]), _edges(at))


def entries(graph: RoadGraph, travel_ms: Int32s, at: Positions) -> Ends:
    """Say how trips reach the positions: from the edge's start, or by the twin from its end."""
    ahead = part_ms(travel_ms, at.edge, at.fraction)
    back = part_ms(travel_ms, at.twin, 1 - at.fraction)
    nodes = np.column_stack([graph.edge_from[at.edge], graph.edge_to[at.edge]])
    return Ends(nodes.astype(np.int64), np.column_stack([ahead, back]), _edges(at))


def direct_ms(travel_ms: Int32s, start: Positions, end: Positions) -> Floats:
    """Give the times of trips that stay on one street, shape (n, m), infinite for all others."""
    found = np.full((len(start.edge), len(end.edge)), np.inf)
    first, first_at, first_edges = _along(start)
    last, last_at, _ = _along(end)
    for row, column in np.argwhere(np.equal.outer(first, last)):
        step = last_at[column] - first_at[row]
        edges = first_edges[row]
        times = [part_ms(travel_ms, edges[:1], np.array([step])) if step >= 0 else np.inf]
        times.append(part_ms(travel_ms, edges[1:], np.array([-step])) if step <= 0 else np.inf)
        found[row, column] = min(float(np.squeeze(ms)) for ms in times)
    return found


def combine(start: Ends, between: Floats, end: Ends) -> Floats:
    """Give the fastest times, shape (n, m), over the ways off and on; `between` is (n, v, m, w)."""
    whole = start.ms[:, :, None, None] + between + end.ms[None, None, :, :]
    fastest: Floats = whole.min(axis=(1, 3))
    return fastest


def _edges(at: Positions) -> Ints:
    return np.column_stack([at.edge, at.twin])


def _along(at: Positions) -> tuple[Ints, Floats, Ints]:
    """Tell each position by the lower of its street's two edges: that edge, how far, both edges."""
    swap = (at.twin >= 0) & (at.twin < at.edge)
    low = np.where(swap, at.twin, at.edge)
    high = np.where(swap, at.edge, at.twin)
    return low, np.where(swap, 1 - at.fraction, at.fraction), np.column_stack([low, high])


def part_ms(travel_ms: Int32s, edge: Ints, share: Floats) -> Floats:
    """Give the time of a part of each edge; infinite for no edge (-1) and for a closed one."""
    whole = np.where(edge >= 0, travel_ms[edge], CLOSED_MS).astype(float)
    return np.where(whole < CLOSED_MS, np.rint(whole * share), np.inf)
