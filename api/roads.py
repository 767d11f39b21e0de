"""Travel times over the loaded roads, as the core asks for them.

The graph lies packed in the database; each process unpacks it once and again only when another one
was loaded. Closures are read every few seconds and shut the edges they run along.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from dispatch.ports import Travel, TravelTimes
from dispatch.store import roads as stored
from dispatch.store.roads import PackedGraph, RoadClosure
from dispatch.store.transaction import reading
from gis.crs import distance_m
from gis.errors import GisError
from gis.roads.cch import CchTravelTimes
from gis.roads.graph import from_bytes
from gis.roads.network import KMH_MPS, RoadNetwork
from gis.roads.speeds import OffRoad

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 5.0
MINUTE_S = 60.0
CLOSURE_STEP_M = 15.0
CLOSURE_WITHIN_M = 25.0


class StraightLines:
    """Times as the crow flies, declared as such: what there is while no roads are loaded."""

    def __init__(self, off_road: OffRoad | None = None) -> None:
        self._mps = (off_road or OffRoad()).line_kmh * KMH_MPS

    def travel_to(
        self, lon: float, lat: float, origins: Sequence[tuple[float, float]]
    ) -> Sequence[Travel]:
        """Give the time from each origin; empty gives empty."""
        metres = [distance_m(x, y, lon, lat) for x, y in origins]
        return [Travel(m / self._mps, m, "straight_line") for m in metres]

    def minutes(
        self, starts: Sequence[tuple[float, float]], ends: Sequence[tuple[float, float]]
    ) -> NDArray[np.float32]:
        """Give the minutes from each of n places to each of m, shape (n, m)."""
        at = np.array(starts, float).reshape(-1, 1, 2)
        to = np.array(ends, float).reshape(1, -1, 2)
        metres = distance_m(at[..., 0], at[..., 1], to[..., 0], to[..., 1])
        return (metres / self._mps / MINUTE_S).astype(np.float32)


class RoadTimes:
    """Times over one road network."""

    def __init__(self, network: RoadNetwork) -> None:
        self._network = network

    def travel_to(
        self, lon: float, lat: float, origins: Sequence[tuple[float, float]]
    ) -> Sequence[Travel]:
        """Give the time from each origin; empty gives empty."""
        if not origins:
            return []
        starts = np.array(origins, float)
        found = self._network.travel(starts[:, 0], starts[:, 1], lon, lat)
        return [Travel(each.seconds, each.metres, each.basis.value) for each in found]

    def minutes(
        self, starts: Sequence[tuple[float, float]], ends: Sequence[tuple[float, float]]
    ) -> NDArray[np.float32]:
        """Give the minutes from each of n places to each of m, shape (n, m)."""
        return (self._network.table(starts, ends) / MINUTE_S).astype(np.float32)


class Roads:
    """The roads of this process, kept up to date.

    Parameters
    ----------
    engine
        The database that holds the packed graph and the closures.
    now
        The time by which closures begin and end.
    look_again_s
        How many seconds to go on with what was read.
    """

    def __init__(
        self, engine: Engine, *, now: Callable[[], datetime], look_again_s: float = LOOK_AGAIN_S
    ) -> None:
        self._engine = engine
        self._look_again_s = look_again_s
        self._now = now
        self._lock = Lock()
        self._looked_at: float | None = None
        self._loaded: tuple[str, str] | None = None
        self._network: RoadNetwork | None = None
        self._shut: frozenset[int] = frozenset()
        self._closures: tuple[RoadClosure, ...] = ()

    def current(self) -> TravelTimes:
        """The times to use now; straight lines while no usable roads are loaded."""
        with self._lock:
            if self._looked_at is None or time.monotonic() - self._looked_at > self._look_again_s:
                self._look()
                self._looked_at = time.monotonic()
            return StraightLines() if self._network is None else RoadTimes(self._network)

    def _look(self) -> None:
        now = self._now()
        with reading(self._engine) as connection:
            found = stored.find_graph_digest(connection)
            if found != self._loaded:
                packed = None if found is None else stored.read_graph(connection, found[0])
                self._network = None if packed is None else _network(packed)
                self._loaded, self._shut, self._closures = found, frozenset(), ()
            closures = tuple(c for c in stored.list_closures(connection, now) if c.starts_at <= now)
        if self._network is not None and closures != self._closures:
            self._shut = _apply(self._network, closures, self._shut)
            self._closures = closures


def _network(packed: PackedGraph) -> RoadNetwork | None:
    try:
        return RoadNetwork(CchTravelTimes(from_bytes(packed.arrays), packed.node_order))
    except GisError as unusable:
        log.warning("the loaded roads cannot be used, straight lines stand in: %s", unusable)
        return None


def _apply(
    network: RoadNetwork, closures: Iterable[RoadClosure], shut: frozenset[int]
) -> frozenset[int]:
    """Shut what is closed now and open what no longer is; the edges shut."""
    wanted = frozenset(edge for c in closures for edge in edges_along(network, c.line))
    if shut - wanted:
        network.engine.open_edges(sorted(shut - wanted))
    if wanted - shut:
        network.engine.close_edges(sorted(wanted - shut))
    return wanted


def edges_along(network: RoadNetwork, line: Sequence[tuple[float, float]]) -> frozenset[int]:
    """Both directions of every street that a drawn line runs along.

    A street that the line only crosses is touched by one point of it and stays open, unless the
    line touches no other.
    """
    places = _points(line)
    snapped = network.snapper.snap_all(
        [lon for lon, _ in places], [lat for _, lat in places], CLOSURE_WITHIN_M
    )
    twin = network.engine.graph.twin
    hits = Counter(
        frozenset({snap.edge, int(twin[snap.edge])} - {-1}) for snap in snapped if snap is not None
    )
    along = {street for street, count in hits.items() if count > 1} or set(hits)
    return frozenset(edge for street in along for edge in street)


def _points(line: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The line's points with others between them, no further apart than the step."""
    points = [line[0]]
    for (lon1, lat1), (lon2, lat2) in pairwise(line):
        pieces = max(1, round(distance_m(lon1, lat1, lon2, lat2) / CLOSURE_STEP_M))
        for piece in range(1, pieces + 1):
            share = piece / pieces
            points.append((lon1 + (lon2 - lon1) * share, lat1 + (lat2 - lat1) * share))
    return points
