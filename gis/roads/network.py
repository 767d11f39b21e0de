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
from gis.roads.snapping import MAX_SNAP_M, Snapper
from gis.roads.speeds import OffRoad

KMH_MPS = 1 / 3.6


class Basis(StrEnum):
    """What a travel time rests on."""

    ROAD = "road"
    STRAIGHT_LINE = "straight_line"
    UNREACHABLE = "unreachable"


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

    The straight line is used, and said to be used, only where one of the two places has no open
    road within `max_snap_m`. Where both have one and no way joins them, the answer is unreachable.
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
        (target,) = self.snap_all([to_lon], [to_lat])
        sources = self.snap_all(lons, lats)
        metres = distance_m(lons, lats, to_lon, to_lat)
        if target is None:
            return [self._straight(line_m) for line_m in metres.tolist()]
        on_road = [snap for snap in sources if snap is not None]
        driven = iter(self.engine.many_to_one(on_road, target).tolist())
        return [
            self._straight(line_m)
            if source is None
            else self._by_road(next(driven), source.offset_m + target.offset_m)
            for source, line_m in zip(sources, metres.tolist(), strict=True)
        ]

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
        return [
            [
                self._straight(distance_m(*start, *end))
                if source is None or target is None
                else self._by_road(float(table[row, column]), source.offset_m + target.offset_m)
                for end, target, column in zip(to_places, ends, columns, strict=True)
            ]
            for start, source, row in zip(from_places, starts, rows, strict=True)
        ]

    def table(
        self, from_places: Sequence[tuple[float, float]], to_places: Sequence[tuple[float, float]]
    ) -> Floats:
        """Give the seconds from each of n to each of m (lon, lat) places, shape (n, m).

        The same times as `matrix`, for thousands of places: infinite where both have a road and no
        way joins them, along the straight line where one has none.
        """
        starts, ends = self._snaps(from_places), self._snaps(to_places)
        at = np.array(from_places, float).reshape(-1, 1, 2)
        to = np.array(to_places, float).reshape(1, -1, 2)
        metres: Floats = distance_m(at[..., 0], at[..., 1], to[..., 0], to[..., 1])
        table = metres / (self.off_road.line_kmh * KMH_MPS)
        rows, leave = _on_road(starts)
        columns, reach = _on_road(ends)
        walk_m = np.add.outer([s.offset_m for s in leave], [s.offset_m for s in reach])
        driven = self.engine.seconds(leave, reach)
        table[np.ix_(rows, columns)] = driven + walk_m / (self.off_road.walk_kmh * KMH_MPS)
        return table

    def route(self, start: tuple[float, float], end: tuple[float, float]) -> Route | None:
        """Give the way to drive between two (lon, lat) places; None where there is none by road.

        Its time and line are those on the road, without the walk at the ends.
        """
        source, target = self._snaps([start, end])
        if source is None or target is None:
            return None
        return self.engine.route(source, target)

    def _snaps(self, places: Sequence[tuple[float, float]]) -> list[Snap | None]:
        checked = np.array([checked_lon_lat(*place) for place in places]).reshape(-1, 2)
        return self.snap_all(checked[:, 0], checked[:, 1])

    def _straight(self, metres: float) -> Travel:
        seconds = metres / (self.off_road.line_kmh * KMH_MPS)
        return Travel(seconds, metres, Basis.STRAIGHT_LINE, 0.0)

    def _by_road(self, seconds: float, offset_m: float) -> Travel:
        if math.isinf(seconds):
            return Travel(math.inf, None, Basis.UNREACHABLE, offset_m)
        walk_s = offset_m / (self.off_road.walk_kmh * KMH_MPS)
        return Travel(seconds + walk_s, None, Basis.ROAD, offset_m)


def _on_road(snaps: Sequence[Snap | None]) -> tuple[list[int], list[Snap]]:
    """Those that are on a road, and which ones they are."""
    found = [(at, snap) for at, snap in enumerate(snaps) if snap is not None]
    return [at for at, _ in found], [snap for _, snap in found]


def _ranks(snaps: Sequence[Snap | None]) -> list[int]:
    """Number those that are on a road, in order."""
    return [rank - 1 for rank in itertools.accumulate(snap is not None for snap in snaps)]
