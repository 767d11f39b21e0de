"""From a place to the nearest position on a road that can be driven."""

from collections.abc import Collection

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from gis.crs import EARTH_RADIUS_M, Floats, checked_lon_lat
from gis.roads.ends import Snap
from gis.roads.graph import Ints, RoadGraph

MAX_SNAP_M = 1_000.0
"""Farther from every road than this, a place is off the road network (a setting)."""


class Snapper:
    """Finds the nearest road of a graph, by a tree over its shapes in a plane of metres.

    The plane keeps east-west distances true at the graph's middle latitude, which over two degrees
    of latitude is a few per cent: it may prefer the wrong one of two roads nearly as near.

    Parameters
    ----------
    graph
        The roads; with none, nothing is ever found.
    """

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph
        middle = (
            float(np.mean([graph.shape_lat.min(), graph.shape_lat.max()]))
            if (graph.shape_count)
            else 0.0
        )
        self._scale = np.radians(EARTH_RADIUS_M) * np.array([np.cos(np.radians(middle)), 1.0])
        points = np.column_stack([graph.shape_lon, graph.shape_lat]) * self._scale
        owner = np.repeat(np.arange(graph.shape_count), np.diff(graph.shape_start))
        self._lines = shapely.linestrings(points, indices=owner)
        self._tree = shapely.STRtree(self._lines)

    def snap(
        self, lon: float, lat: float, max_m: float = MAX_SNAP_M, avoid: Collection[int] = ()
    ) -> Snap | None:
        """Find the nearest position on a road; None where none is within `max_m` metres.

        `avoid` are edges not to be used, such as those closed. Raises OffPlanet.
        """
        return self.snap_all([lon], [lat], max_m, avoid)[0]

    def snap_all(
        self,
        lon: ArrayLike,
        lat: ArrayLike,
        max_m: float = MAX_SNAP_M,
        avoid: Collection[int] = (),
    ) -> list[Snap | None]:
        """Do the same for WGS-84 places, shape (k,) each; empty gives empty."""
        places = [
            checked_lon_lat(x, y)
            for x, y in zip(np.asarray(lon, float), np.asarray(lat, float), strict=True)
        ]
        found: list[Snap | None] = [None] * len(places)
        if not places or not self.graph.shape_count:
            return found
        points = shapely.points(np.array(places) * self._scale)
        usable = self._usable(avoid)
        which, shape = self._tree.query_nearest(points, max_distance=max_m, all_matches=False)
        shut = ~(usable[shape] >= 0).any(axis=1)
        for at in which[shut].tolist():
            found[at] = self._nearest_open(points[at], max_m, usable)
        for at, snap in zip(
            which[~shut].tolist(),
            self._placed(points[which[~shut]], shape[~shut], usable),
            strict=True,
        ):
            found[at] = snap
        return found

    def nearest_shapes(self, lon: ArrayLike, lat: ArrayLike, max_m: float) -> Ints:
        """Give the shape nearest to each WGS-84 place, shape (k,), open or shut; -1 beyond `max_m`.

        Of several as near the lowest is taken. Raises OffPlanet.
        """
        places = [
            checked_lon_lat(x, y)
            for x, y in zip(np.asarray(lon, float), np.asarray(lat, float), strict=True)
        ]
        found = np.full(len(places), -1, np.int64)
        if not places or not self.graph.shape_count:
            return found
        points = shapely.points(np.array(places) * self._scale)
        which, shape = self._tree.query_nearest(points, max_distance=max_m)
        order = np.lexsort((-shape, which))
        found[which[order]] = shape[order]  # the last one written is the lowest
        return found

    def near_all(
        self, lon: ArrayLike, lat: ArrayLike, within_m: ArrayLike, most: int
    ) -> list[list[Snap]]:
        """Give positions on the `most` nearest roads within reach of each WGS-84 place.

        `within_m` is one reach or one for each place. A street of two directions counts once.
        Raises OffPlanet.
        """
        places = np.array(
            [
                checked_lon_lat(x, y)
                for x, y in zip(np.asarray(lon, float), np.asarray(lat, float), strict=True)
            ]
        ).reshape(-1, 2)
        found: list[list[Snap]] = [[] for _ in places]
        if not len(places) or not self.graph.shape_count:
            return found
        points = shapely.points(places * self._scale)
        reach = np.broadcast_to(np.asarray(within_m, float), len(points))
        which, shape = self._tree.query(points, predicate="dwithin", distance=reach)
        placed = self._placed(points[which], shape, self.graph.shape_edges)
        for at, snap in sorted(
            zip(which.tolist(), placed, strict=True),
            key=lambda each: (each[1].offset_m, each[1].edge),
        ):
            if len(found[at]) < most:
                found[at].append(snap)
        return found

    def shapes_within(self, area: BaseGeometry) -> Ints:
        """Give the shapes that a WGS-84 area holds in whole or in part, ascending."""
        plane = shapely.transform(shapely.make_valid(area), lambda points: points * self._scale)
        touched = self._tree.query(plane, predicate="intersects")
        return np.unique(touched).astype(np.int64)

    def _usable(self, avoid: Collection[int]) -> NDArray[np.int32]:
        """Give the edges along and against each shape, -1 for none or one to avoid."""
        edges = self.graph.shape_edges
        if not avoid:
            return edges
        return np.where(np.isin(edges, list(avoid)), np.int32(-1), edges)

    def _nearest_open(
        self, point: shapely.Point, max_m: float, usable: NDArray[np.int32]
    ) -> Snap | None:
        near = self._tree.query(point, predicate="dwithin", distance=max_m)
        near = near[(usable[near] >= 0).any(axis=1)]
        if not len(near):
            return None
        best = near[np.argmin(shapely.distance(self._lines[near], point))]
        return self._placed(np.array([point]), np.array([best]), usable)[0]

    def _placed(
        self, points: NDArray[np.object_], shape: Ints, usable: NDArray[np.int32]
    ) -> list[Snap]:
        lines = self._lines[shape]
        along: Floats = shapely.line_locate_point(lines, points, normalized=True)
        offset: Floats = shapely.distance(lines, points)
        ahead = usable[shape, 0] >= 0
        edge = np.where(ahead, usable[shape, 0], usable[shape, 1])
        share = np.clip(np.where(ahead, along, 1 - along), 0.0, 1.0)
        return [
            Snap(*parts)
            for parts in zip(edge.tolist(), share.tolist(), offset.tolist(), strict=True)
        ]
