"""Travel times of a process: by the loaded roads, by what is closed, else straight and said so."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine

from api.roads import Roads, StraightLines, edges_along
from dispatch.store import roads as stored
from dispatch.store.loading.roads import store_roads
from gis.roads.cch import CchTravelTimes
from gis.roads.graph import RoadGraph
from gis.roads.network import RoadNetwork
from tests.api.conftest import FieldClock
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


def load(engine: Engine, digest: str = "one") -> None:
    with engine.begin() as c:
        store_roads(c, a_grid(), name="default", digest=digest, now=NOW)


def minutes(roads: Roads, start: tuple[float, float], end: tuple[float, float]) -> float:
    return roads.current().travel_to(*end, [start])[0].seconds / 60


def test_without_roads_a_straight_line_is_used_and_said(database: Engine):
    (travel,) = Roads(database, now=lambda: NOW).current().travel_to(LON, LAT, [place(0, 2)])
    assert travel.basis == "straight_line"
    assert travel.metres == pytest.approx(2 * STEP_M, rel=0.01)


def test_nobody_to_send_is_no_error():
    assert StraightLines().travel_to(LON, LAT, []) == []


def test_with_roads_the_time_is_that_of_the_road(database: Engine):
    load(database)
    (travel,) = Roads(database, now=lambda: NOW).current().travel_to(*place(1, 2), [place(0, 0)])
    assert travel.basis == "road"
    assert travel.seconds == pytest.approx(180, abs=1)


def test_a_closed_road_is_driven_round_until_it_opens(database: Engine):
    load(database)
    with database.begin() as c:
        stored.add_closure(
            c,
            district_id=None,
            reason="flood",
            line=[place(0, 0.4), place(0, 0.6)],
            starts_at=NOW,
            ends_at=NOW + timedelta(hours=1),
            by="test",
        )
    before, during, after = (
        minutes(Roads(database, now=at), place(0, 1), place(0, 0))
        for at in (lambda: NOW - timedelta(hours=1), lambda: NOW, lambda: NOW + timedelta(hours=2))
    )
    assert before == after == pytest.approx(1, abs=0.01)
    assert during == pytest.approx(3, abs=0.01)


def test_other_roads_are_taken_up_when_they_are_loaded(database: Engine, clock: FieldClock):
    roads = Roads(database, now=clock, look_again_s=0.0)
    assert roads.current().travel_to(*place(0, 1), [place(0, 0)])[0].basis == "straight_line"
    load(database)
    assert roads.current().travel_to(*place(0, 1), [place(0, 0)])[0].basis == "road"


def test_a_line_that_only_crosses_a_street_leaves_it_open():
    network = RoadNetwork(CchTravelTimes(a_grid()))
    shut = edges_along(network, [place(0, 0.5), place(0, 1.5)])
    graph = network.engine.graph
    driven = {frozenset({int(graph.edge_from[e]), int(graph.edge_to[e])}) for e in shut}
    assert driven == {frozenset({0, 1}), frozenset({1, 2})}
