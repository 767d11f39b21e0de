"""Several road graphs side by side, as one network: neighbouring districts' extracts.

A trip is driven on a graph that has both of its places; where extracts overlap, on whichever is
faster. Two places that no graph has both are joined by the straight line, and it is said.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from gis.crs import Floats
from gis.roads.engine import Route
from gis.roads.network import Basis, Circle, RoadNetwork, Table, Travel

_WORTH = {Basis.ROAD: 0, Basis.UNREACHABLE: 1, Basis.STRAIGHT_LINE: 2}
"""What one graph's answer is worth beside another's: knowing no way is more than knowing none."""


class RoadNetworks:
    """Travel over one or more road networks; at least one.

    `travel`, `matrix`, `table`, `least_s`, `off_road_m` and `route` are those of `RoadNetwork`.
    """

    def __init__(self, networks: Sequence[RoadNetwork]) -> None:
        self.networks = tuple(networks)

    def travel(
        self, from_lon: ArrayLike, from_lat: ArrayLike, to_lon: float, to_lat: float
    ) -> list[Travel]:
        """See `RoadNetwork.travel`."""
        answers = (each.travel(from_lon, from_lat, to_lon, to_lat) for each in self.networks)
        return [min(given, key=_rank) for given in zip(*answers, strict=True)]

    def matrix(
        self, from_places: Sequence[tuple[float, float]], to_places: Sequence[tuple[float, float]]
    ) -> list[list[Travel]]:
        """See `RoadNetwork.matrix`."""
        answers = (each.matrix(from_places, to_places) for each in self.networks)
        return [
            [min(given, key=_rank) for given in zip(*rows, strict=True)]
            for rows in zip(*answers, strict=True)
        ]

    def table(
        self, from_places: Sequence[tuple[float, float]], to_places: Sequence[tuple[float, float]]
    ) -> Floats:
        """See `RoadNetwork.table`."""
        best, *others = (each.weighed_table(from_places, to_places) for each in self.networks)
        for other in others:
            best = _better(best, other)
        return best.seconds

    def least_s(self, start: Circle, end: Circle) -> float | None:
        """See `RoadNetwork.least_s`; by the graph that has the quickest way."""
        answers = (each.least_s(start, end) for each in self.networks)
        return min((given for given in answers if given is not None), default=None)

    def off_road_m(self, places: Sequence[tuple[float, float]]) -> list[float]:
        """See `RoadNetwork.off_road_m`; by the graph that has the nearest road."""
        answers = (each.off_road_m(places) for each in self.networks)
        return [min(given) for given in zip(*answers, strict=True)]

    def route(self, start: tuple[float, float], end: tuple[float, float]) -> Route | None:
        """See `RoadNetwork.route`."""
        found = [route for each in self.networks if (route := each.route(start, end)) is not None]
        return min(found, key=lambda route: route.seconds, default=None)


def _rank(travel: Travel) -> tuple[int, float]:
    return _WORTH[travel.basis], travel.seconds


def _better(one: Table, other: Table) -> Table:
    """Take the better answer of each cell: by road before all, then the faster one."""
    # the codes of a table are in the order of their worth
    take = (other.basis < one.basis) | ((other.basis == one.basis) & (other.seconds < one.seconds))
    return Table(np.where(take, other.seconds, one.seconds), np.where(take, other.basis, one.basis))
