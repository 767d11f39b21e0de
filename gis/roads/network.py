"""Roads as the rest of the system asks for them: times between places, and what they rest on."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from gis.crs import Floats, checked_lon_lat, distance_m
from gis.roads.ends import Snap
from gis.roads.engine import Route, TravelTimes
from gis.roads.graph import Codes, Flags
from gis.roads.snapping import MAX_SNAP_M, Snapper
from gis.roads.speeds import OffRoad

KMH_MPS = 1 / 3.6

Circle = tuple[float, float, float]
"""Somewhere within so many metres of a place: lon, lat (EPSG:4326), metres."""

MOST_ROADS = 64
"""Of the roads within a circle so many are tried at most, the nearest ones to its middle."""


class Basis(StrEnum):
    """What a travel time rests on."""

    ROAD = "road"
    STRAIGHT_LINE = "straight_line"
    UNREACHABLE = "unreachable"


BY_ROAD, UNREACHABLE, STRAIGHT_LINE = range(3)
"""What a cell of a `Table` rests on."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Seconds and what they rest on (`BY_ROAD`, ...), both of shape (n, m)."""

    seconds: Floats
    basis: Codes


@dataclass(frozen=True, slots=True)
class Travel:
    """How long it takes from one place to another.

    Attributes
    ----------
    seconds
        Driving, and walking between place and road at both ends; infinite where unreachable.
    metres
        Length, known for a straight line only; a road's is in its route.
    basis
        What the time rests on.
    snap_offset_m
        Distances from both places to their roads, added; 0 for a straight line.
    """

    seconds: float
    metres: float | None
    basis: Basis
    snap_offset_m: float


class RoadNetwork:
    """Travel between WGS-84 places over roads.

    The straight line is used, and said to be used, only where one of the two places has no road
    within `max_snap_m`, open or shut. Where every road near a place is shut, and where both places
    have an open one and no way joins them, the answer is unreachable.
    """

    def __init__(
        self,
        engine: TravelTimes,
        *,
        max_snap_m: float = MAX_SNAP_M,
        off_road: OffRoad | None = None,
    ) -> None:
        self.engine = engine
        self.snapper = Snapper(engine.graph)
        self.max_snap_m = max_snap_m
        self.off_road = off_road or OffRoad()

    def snap_all(self, lon: ArrayLike, lat: ArrayLike) -> list[Snap | None]:
        """Find the nearest open road of each place, shape (k,); None where it is too far."""
        return self.snapper.snap_all(lon, lat, self.max_snap_m, self.engine.closed)

    def travel(
        self, from_lon: ArrayLike, from_lat: ArrayLike, to_lon: float, to_lat: float
    ) -> list[Travel]:
        """Give the travel from each of n places to one, in order; empty gives empty.

        Raises OffPlanet.
        """
        lons, lats = np.atleast_1d(from_lon).astype(float), np.atleast_1d(from_lat).astype(float)
        places = list(zip(lons.tolist(), lats.tolist(), strict=True))
        return [row[0] for row in self.matrix(places, [(to_lon, to_lat)])]

    def matrix(
        self, from_places: Sequence[tuple[float, float]], to_places: Sequence[tuple[float, float]]
    ) -> list[list[Travel]]:
        """Give the travel from each of n to each of m (lon, lat) places, as `travel` does."""
        starts, ends = self._snaps(from_places), self._snaps(to_places)
        table = self.engine.seconds(
            [snap for snap in starts if snap is not None],
            [snap for snap in ends if snap is not None],
        )
        rows, columns = _ranks(starts), _ranks(ends)
        no_start, no_end = self._cut_off(from_places, starts), self._cut_off(to_places, ends)
        return [
            [
                self._by_road(float(table[row, column]), source.offset_m + target.offset_m)
                if source is not None and target is not None
                else _nowhere()
                if cut or lost
                else self._straight(distance_m(*start, *end))
                for end, target, column, lost in zip(to_places, ends, columns, no_end, strict=True)
            ]
            for start, source, row, cut in zip(from_places, starts, rows, no_start, strict=True)
        ]

    def table(
        self, from_places: Sequence[tuple[float, float]], to_places: Sequence[tuple[float, float]]
    ) -> Floats:
        """Give the seconds from each of n to each of m (lon, lat) places, shape (n, m).

        The same times as `matrix`, for thousands of places: infinite where no open road leads,
        along the straight line where a place has no road.
        """
        return self.weighed_table(from_places, to_places).seconds

    def weighed_table(
        self, from_places: Sequence[tuple[float, float]], to_places: Sequence[tuple[float, float]]
    ) -> Table:
        """Give the same seconds with what each rests on, both of shape (n, m)."""
        starts, ends = self._snaps(from_places), self._snaps(to_places)
        at = np.array(from_places, float).reshape(-1, 1, 2)
        to = np.array(to_places, float).reshape(1, -1, 2)
        metres: Floats = distance_m(at[..., 0], at[..., 1], to[..., 0], to[..., 1])
        seconds = metres / (self.off_road.line_kmh * KMH_MPS)
        basis = np.full(seconds.shape, STRAIGHT_LINE, np.uint8)
        cut = np.logical_or.outer(
            self._cut_off(from_places, starts), self._cut_off(to_places, ends)
        )
        seconds[cut], basis[cut] = np.inf, UNREACHABLE
        rows, leave = _on_road(starts)
        columns, reach = _on_road(ends)
        walk_m = np.add.outer([s.offset_m for s in leave], [s.offset_m for s in reach])
        driven = self.engine.seconds(leave, reach)
        cells = np.ix_(rows, columns)
        seconds[cells] = driven + walk_m / (self.off_road.walk_kmh * KMH_MPS)
        basis[cells] = np.where(np.isinf(driven), UNREACHABLE, BY_ROAD)
        return Table(seconds, basis)

    def route(self, start: tuple[float, float], end: tuple[float, float]) -> Route | None:
        """Give the way to drive between two (lon, lat) places; None where there is none by road.

        Its time and line are those on the road, without the walk at the ends.
        """
        source, target = self._snaps([start, end])
        if source is None or target is None:
            return None
        return self.engine.route(source, target)

    def least_s(self, start: Circle, end: Circle) -> float | None:
        """Give the least drive from anywhere in one circle to anywhere in another, seconds.

        What a position leaves open is taken as is quickest: either carriageway, or a side street.
        Where a circle holds no road, the way to the nearest one is taken off as driven along the
        straight line: the map may lack a track. Infinite where no open way joins them, None where
        one of them has no road near. Raises OffPlanet.
        """
        starts, ends = self._roads_in(start), self._roads_in(end)
        if not starts or not ends:
            return None
        beyond_m = np.add.outer(
            [max(0.0, snap.offset_m - start[2]) for snap in starts],
            [max(0.0, snap.offset_m - end[2]) for snap in ends],
        )
        seconds = self.engine.seconds(starts, ends) - beyond_m / (self.off_road.line_kmh * KMH_MPS)
        return max(0.0, float(seconds.min()))

    def off_road_m(self, places: Sequence[tuple[float, float]]) -> list[float]:
        """Say how far each (lon, lat) place is from the nearest road, open or shut, metres.

        As far as places are snapped at most; empty gives empty. Raises OffPlanet.
        """
        lon, lat = np.array(places, float).reshape(-1, 2).T
        snaps = self.snapper.snap_all(lon, lat, self.max_snap_m)
        return [self.max_snap_m if snap is None else snap.offset_m for snap in snaps]

    def _roads_in(self, circle: Circle) -> list[Snap]:
        """Positions on the roads within a circle, or on the nearest one where it holds none."""
        lon, lat, within_m = circle
        (within,) = self.snapper.near_all([lon], [lat], within_m, MOST_ROADS)
        return within or [snap for snap in self._snaps([(lon, lat)]) if snap is not None]

    def _snaps(self, places: Sequence[tuple[float, float]]) -> list[Snap | None]:
        checked = np.array([checked_lon_lat(*place) for place in places]).reshape(-1, 2)
        return self.snap_all(checked[:, 0], checked[:, 1])

    def _cut_off(
        self, places: Sequence[tuple[float, float]], snaps: Sequence[Snap | None]
    ) -> Flags:
        """Say of each place whether it has roads near and every one is shut, shape (k,)."""
        cut = np.zeros(len(places), np.bool_)
        lost = [at for at, snap in enumerate(snaps) if snap is None]
        if lost and self.engine.closed:
            lon, lat = np.array([places[at] for at in lost], float).T
            cut[lost] = self.snapper.nearest_shapes(lon, lat, self.max_snap_m) >= 0
        return cut

    def _straight(self, metres: float) -> Travel:
        seconds = metres / (self.off_road.line_kmh * KMH_MPS)
        return Travel(seconds, metres, Basis.STRAIGHT_LINE, 0.0)

    def _by_road(self, seconds: float, offset_m: float) -> Travel:
        if math.isinf(seconds):
            return _nowhere(offset_m)
        walk_s = offset_m / (self.off_road.walk_kmh * KMH_MPS)
        return Travel(seconds + walk_s, None, Basis.ROAD, offset_m)


def _nowhere(offset_m: float = 0.0) -> Travel:
    return Travel(math.inf, None, Basis.UNREACHABLE, offset_m)


def _on_road(snaps: Sequence[Snap | None]) -> tuple[list[int], list[Snap]]:
    """Those that are on a road, and which ones they are."""
    found = [(at, snap) for at, snap in enumerate(snaps) if snap is not None]
    return [at for at, _ in found], [snap for _, snap in found]


def _ranks(snaps: Sequence[Snap | None]) -> list[int]:
    """Number those that are on a road, in order."""
    return [rank - 1 for rank in itertools.accumulate(snap is not None for snap in snaps)]
