"""A small square of streets to drive on, at the place where the test towns lie."""

import numpy as np
from sqlalchemy import Engine

from dispatch.store.loading.roads import store_roads
from gis.roads.graph import RoadGraph
from tests.store.builders import LAT, LON, METRE, NOW

SIDE = 4
STEP_M = 500.0


def a_grid() -> RoadGraph:
    """A square of two-way streets, SIDE x SIDE junctions, half a kilometre apart."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    lon = LON + column * STEP_M * METRE / np.cos(np.radians(LAT))
    lat = LAT + row * STEP_M * METRE
    ahead = [(n, n + 1) for n in range(SIDE * SIDE) if (n + 1) % SIDE]
    up = [(n, n + SIDE) for n in range(SIDE * (SIDE - 1))]
    streets = ahead + up
    pairs = [pair for a, b in streets for pair in ((a, b), (b, a))]
    shape = np.repeat(np.arange(len(streets)), 2)
    ends = np.array(streets).ravel()
    count = len(pairs)
    return RoadGraph(
        node_id=np.arange(SIDE * SIDE),
        node_lon=lon,
        node_lat=lat,
        edge_from=np.array([a for a, _ in pairs], np.int32),
        edge_to=np.array([b for _, b in pairs], np.int32),
        edge_length_m=np.full(count, STEP_M),
        edge_travel_ms=np.full(count, 60_000, np.int32),
        edge_class=np.zeros(count, np.uint8),
        edge_way=shape.astype(np.int64),
        edge_name=np.zeros(count, np.int32),
        edge_shape=shape.astype(np.int32),
        edge_reversed=np.tile([False, True], len(streets)),
        shape_start=np.arange(0, 2 * len(streets) + 1, 2),
        shape_lon=lon[ends],
        shape_lat=lat[ends],
    )


def place(row: float, column: float) -> tuple[float, float]:
    return LON + column * STEP_M * METRE / float(
        np.cos(np.radians(LAT))
    ), LAT + row * STEP_M * METRE


def lay_roads(engine: Engine, digest: str = "one") -> None:
    with engine.begin() as c:
        store_roads(c, a_grid(), name="default", digest=digest, now=NOW)
