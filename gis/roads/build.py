"""From raw ways, as OpenStreetMap holds them, to a road graph: split where streets meet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.crs import Floats, distance_m
from gis.roads.graph import CLOSED_MS, Codes, Int32s, Ints, RoadGraph, ranges, starts, validate


@dataclass(frozen=True, slots=True)
class RawWays:
    """Ways with the nodes they run through; w ways, r node references in all.

    Attributes
    ----------
    refs, start
        Shapes (r,) and (w + 1,): node ids of all ways one after the other, and where each begins.
    way_id, road_class, name
        Shape (w,); `name` is an index into `names`.
    forward_kmh, backward_kmh
        Shape (w,): speed with and against the way; 0 where driving is not allowed.
    """

    refs: Ints
    start: Ints
    way_id: Ints
    road_class: Codes
    name: Int32s
    forward_kmh: Floats
    backward_kmh: Floats
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawNodes:
    """Places of nodes: ids ascending, degrees; shape (k,)."""

    id: Ints
    lon: Floats
    lat: Floats


def build_graph(ways: RawWays, nodes: RawNodes) -> RoadGraph:
    """Split the ways at junctions and keep everything between as shape.

    A node is a junction where it ends a way or is referred to more than once. A way is interrupted
    where the file lacks a node it refers to, as at the rim of an extract. Empty gives empty.
    """
    place, run, way = _located(ways, nodes)
    first, last = _cuts(place, run)
    counts = last - first + 1
    begin = starts(counts)
    points = place[ranges(first, counts)]
    lon, lat = nodes.lon[points], nodes.lat[points]
    street = way[first]
    shape, against = _directions(ways, street)
    length_m = polyline_lengths_m(lon, lat, begin)[shape]
    speed = np.where(against, ways.backward_kmh[street[shape]], ways.forward_kmh[street[shape]])
    start, end = place[first[shape]], place[last[shape]]
    used = np.unique(np.concatenate([start, end]))
    return validate(
        RoadGraph(
            node_id=nodes.id[used],
            node_lon=nodes.lon[used],
            node_lat=nodes.lat[used],
            edge_from=np.searchsorted(used, np.where(against, end, start)).astype(np.int32),
            edge_to=np.searchsorted(used, np.where(against, start, end)).astype(np.int32),
            edge_length_m=length_m,
            edge_travel_ms=travel_ms(length_m, speed),
            edge_class=ways.road_class[street[shape]],
            edge_way=ways.way_id[street[shape]],
            edge_name=ways.name[street[shape]],
            edge_shape=shape.astype(np.int32),
            edge_reversed=against,
            shape_start=begin,
            shape_lon=lon,
            shape_lat=lat,
            names=ways.names,
        )
    )


def travel_ms(length_m: Floats, speed_kmh: Floats) -> Int32s:
    """Give whole milliseconds, at least 1, for lengths at speeds above 0; shapes alike."""
    exact = np.rint(np.asarray(length_m) * 3600.0 / np.asarray(speed_kmh))
    return np.clip(exact, 1, CLOSED_MS - 1).astype(np.int32)


def polyline_lengths_m(lon: Floats, lat: Floats, begin: Ints) -> Floats:
    """Give the length of each polyline; `begin` has one entry more than there are lines."""
    if len(begin) == 1:
        return np.zeros(0)
    steps = np.zeros(len(lon))
    steps[1:] = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
    steps[begin[:-1]] = 0.0
    return np.add.reduceat(steps, begin[:-1])


def _located(ways: RawWays, nodes: RawNodes) -> tuple[Ints, Ints, Ints]:
    """Give node index, unbroken run and way of every reference whose node is there."""
    way = np.repeat(np.arange(len(ways.way_id)), np.diff(ways.start))
    if not len(nodes.id):
        return (np.zeros(0, np.int64),) * 3
    place = np.minimum(np.searchsorted(nodes.id, ways.refs), len(nodes.id) - 1)
    there = nodes.id[place] == ways.refs
    breaks = np.ones(len(way), np.bool_)
    breaks[1:] = (way[1:] != way[:-1]) | ~there[:-1]
    run = np.cumsum(breaks)
    place, run, way = place[there], run[there], way[there]
    repeated = np.zeros(len(place), np.bool_)
    repeated[1:] = (place[1:] == place[:-1]) & (run[1:] == run[:-1])
    return place[~repeated], run[~repeated], way[~repeated]


def _cuts(place: Ints, run: Ints) -> tuple[Ints, Ints]:
    """Give the positions of the first and the last reference of every piece between junctions."""
    if not len(place):
        return place, place
    cut = np.bincount(place)[place] > 1
    ends = run[1:] != run[:-1]
    cut[0] = cut[-1] = True
    cut[1:] |= ends
    cut[:-1] |= ends
    at = np.flatnonzero(cut)
    whole = run[at[:-1]] == run[at[1:]]
    return at[:-1][whole], at[1:][whole]


def _directions(ways: RawWays, street: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Give piece and direction of every edge, the two directions of a piece side by side."""
    allowed = np.column_stack([ways.forward_kmh[street] > 0, ways.backward_kmh[street] > 0])
    piece, direction = np.nonzero(allowed)
    return piece, direction.astype(np.bool_)
