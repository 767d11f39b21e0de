"""From what somebody drew on a map to the edges that cannot be driven.

A line shuts the streets it runs along, both ways or only the way it was drawn; an area shuts every
street that enters it. The same drawing on the same graph gives the same edges in every process.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import Floats, distance_m
from gis.roads.graph import Int32s, Ints, RoadGraph
from gis.roads.snapping import Snapper

STEP_M = 15.0
"""A drawn line is looked at this often."""

WITHIN_M = 25.0
"""How far beside a street a line may be drawn and still mean it."""


@dataclass(frozen=True, slots=True)
class Shut:
    """What a drawing shuts.

    Attributes
    ----------
    edges
        Directed edges, ascending.
    sections
        How many pieces of street between junctions, both directions counted once.
    length_m
        Their length, both directions counted once.
    names
        The streets' names in alphabetical order, each once; nameless ones are left out.
    lines
        The pieces as one WGS-84 multi-line, in the direction that is shut where only one is.
    """

    edges: tuple[int, ...]
    sections: int
    length_m: float
    names: tuple[str, ...]
    lines: shapely.MultiLineString


def shut_by(snapper: Snapper, drawn: BaseGeometry, *, one_way: bool = False) -> Shut:
    """Find what a WGS-84 line or area shuts; nothing gives no edges.

    Parameters
    ----------
    snapper
        Over the graph that is driven.
    drawn
        A LineString or a Polygon, lon and lat.
    one_way
        Only the direction in which the line was drawn; an area shuts both always.
    """
    if isinstance(drawn, shapely.LineString):
        shapes = _shapes_along(snapper, shapely.get_coordinates(drawn))
        edges = (
            [_agreeing(snapper.graph, shape, hits) for shape, hits in shapes.items()]
            if one_way
            else _edges_of(snapper.graph, shapes)
        )
    else:
        edges = _edges_of(snapper.graph, snapper.shapes_within(drawn).tolist())
    return _shut(snapper.graph, np.unique([edge for edge in edges if edge >= 0]))


def _edges_of(graph: RoadGraph, shapes: Collection[int]) -> list[int]:
    edges: list[int] = graph.shape_edges[sorted(shapes)].ravel().tolist()
    return edges


def _shapes_along(snapper: Snapper, line: Floats) -> dict[int, Floats]:
    """Give the shapes a line runs along, each with the line's points nearest to it.

    A street that the line only crosses is touched by one point of it and stays open, unless the
    line touches no other.
    """
    points = _stepped(line)
    shapes = snapper.nearest_shapes(points[:, 0], points[:, 1], WITHIN_M)
    near = {shape: points[shapes == shape] for shape in np.unique(shapes[shapes >= 0]).tolist()}
    along = {shape: hits for shape, hits in near.items() if len(hits) > 1}
    return along or {shape: line[[0, -1]] for shape in near}


def _agreeing(graph: RoadGraph, shape: int, hits: Floats) -> int:
    """Give the edge of a shape that runs the way the line was drawn; -1 where none does."""
    ahead, against = graph.shape_edges[shape].tolist()
    part = slice(graph.shape_start[shape], graph.shape_start[shape + 1])
    street = shapely.LineString(np.column_stack([graph.shape_lon[part], graph.shape_lat[part]]))
    first, last = (shapely.line_locate_point(street, shapely.Point(hits[at])) for at in (0, -1))
    return int(ahead if last >= first else against)


def _stepped(line: Floats) -> Floats:
    """Give the line's points with others between them, no further apart than the step."""
    pieces = [line[:1]]
    for start, end in pairwise(line):
        count = max(1, int(np.ceil(distance_m(*start, *end) / STEP_M)))
        share = np.arange(1, count + 1)[:, None] / count
        pieces.append(start + (end - start) * share)
    return np.concatenate(pieces)


def _shut(graph: RoadGraph, edges: Ints) -> Shut:
    edges = edges.astype(np.int64)
    sections, first = np.unique(graph.edge_shape[edges], return_index=True)
    shown = edges[first]
    named = {graph.names[name] for name in np.unique(graph.edge_name[edges]).tolist()} - {""}
    return Shut(
        edges=tuple(edges.tolist()),
        sections=len(sections),
        length_m=float(graph.edge_length_m[shown].sum()),
        names=tuple(sorted(named)),
        lines=graph.lines(shown),
    )


def edges_shut(all_shut: Iterable[Shut]) -> Int32s:
    """Put the edges of several drawings together, ascending, each once."""
    return np.array(sorted({edge for shut in all_shut for edge in shut.edges}), np.int32)
