"""Where the drill's crews drive: a real road graph, or a made-up town of uneven blocks."""

from dataclasses import dataclass

import numpy as np
import shapely

from gis.crs import Floats, LocalMetric, local_metric
from gis.roads.build import RawNodes, RawWays, build_graph
from gis.roads.cch import engine_for
from gis.roads.ends import Snap
from gis.roads.graph import RoadGraph
from gis.roads.network import RoadNetwork
from gis.roads.speeds import RoadClass

TOWN_LON, TOWN_LAT = 115.88, 28.66
BLOCKS = 26
BLOCK_M = (90.0, 240.0)
AVENUE_EVERY = 5


@dataclass(frozen=True, slots=True, eq=False)
class City:
    """Roads to drive on, with a plane in metres around their middle."""

    name: str
    network: RoadNetwork
    plane: LocalMetric

    @property
    def graph(self) -> RoadGraph:
        """The roads."""
        return self.network.engine.graph

    def somewhere(self, rng: np.random.Generator) -> Snap:
        """A random place on a random road."""
        edge = int(rng.integers(self.graph.edge_count))
        return Snap(edge, float(rng.uniform(0.1, 0.9)))

    def xy(self, snap: Snap) -> Floats:
        """A place on the road in metres of the plane, shape (2,)."""
        line = shapely.LineString(self.to_plane(self.graph.line(snap.edge)))
        return np.array(line.interpolate(snap.fraction, normalized=True).coords[0])

    def way(self, start: Snap, end: Snap) -> tuple[Floats, float] | None:
        """The drive as a line in metres, shape (k, 2), and its usual seconds; None: no way."""
        route = self.network.engine.route(start, end)
        return None if route is None else (self.to_plane(route.line), route.seconds)

    def to_plane(self, lon_lat: Floats) -> Floats:
        """Degrees EPSG:4326, shape (k, 2), in metres of the plane."""
        return np.column_stack(self.plane.xy(lon_lat[:, 0], lon_lat[:, 1]))

    def lon_lat(self, xy: Floats) -> Floats:
        """Metres of the plane, shape (k, 2), in degrees EPSG:4326."""
        return np.column_stack(self.plane.lon_lat(xy[:, 0], xy[:, 1]))


def city_of(name: str, graph: RoadGraph) -> City:
    """Drive on a road graph; only the largest part in which all is connected is used."""
    roads = graph.largest_part()
    plane = local_metric(float(np.mean(roads.node_lon)), float(np.mean(roads.node_lat)))
    return City(name, RoadNetwork(engine_for(roads)), plane)


def made_up(seed: int) -> City:
    """A town of streets at uneven distances, every fifth an avenue. The same seed, the same town.

    The corners are moved a little, so that no street lies on another one when it is shifted.
    """
    rng = np.random.default_rng([seed, 11])
    steps = rng.uniform(*BLOCK_M, (2, BLOCKS))
    east, north = (np.concatenate([[0.0], np.cumsum(each)]) for each in steps)
    corners = np.array([(x, y) for y in north for x in east]) + rng.normal(0, 4.0, (27 * 27, 2))
    plane = local_metric(TOWN_LON, TOWN_LAT)
    lon, lat = plane.lon_lat(*(corners - corners.mean(axis=0)).T)
    grid = np.arange(len(corners)).reshape(BLOCKS + 1, BLOCKS + 1)
    rows = [*grid, *grid.T]
    avenue = np.arange(len(rows)) % (BLOCKS + 1) % AVENUE_EVERY == 0
    speed = np.where(avenue, 50.0, 30.0)
    classes = np.where(avenue, RoadClass.SECONDARY, RoadClass.RESIDENTIAL)
    ways = RawWays(
        refs=np.concatenate(rows).astype(np.int64),
        start=np.arange(len(rows) + 1, dtype=np.int64) * (BLOCKS + 1),
        way_id=np.arange(len(rows), dtype=np.int64),
        road_class=classes.astype(np.uint8),
        name=np.zeros(len(rows), np.int32),
        forward_kmh=speed,
        backward_kmh=speed,
        names=("",),
    )
    nodes = RawNodes(id=np.arange(len(corners), dtype=np.int64), lon=lon, lat=lat)
    return city_of("a made-up town", build_graph(ways, nodes))
