import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.crs import distance_m
from gis.errors import OffPlanet
from gis.roads.cch import CchTravelTimes
from gis.roads.dijkstra import DijkstraTravelTimes
from gis.roads.network import Basis, RoadNetwork
from gis.roads.several import RoadNetworks
from gis.roads.snapping import Snapper
from gis.roads.speeds import OffRoad
from tests.unit.roads.streets import graph_of, lauf, way_edges

ROADS = {
    1: (11.000, 49.500),
    2: (11.010, 49.500),
    3: (11.000, 49.502),
    4: (11.010, 49.502),
}
HOME = {"highway": "residential"}
WAYS = {10: ([1, 2], HOME), 11: ([3, 4], {**HOME, "oneway": "-1"})}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return graph_of(tmp_path_factory.mktemp("snapping"), ROADS, WAYS)


@pytest.fixture
def network(graph):
    return RoadNetwork(CchTravelTimes(graph), off_road=OffRoad(line_kmh=36, walk_kmh=3.6))


def test_a_place_beside_a_street_snaps_to_it_with_its_distance(graph):
    snap = Snapper(graph).snap(11.0025, 49.5003)
    assert snap.edge in way_edges(graph, 10)
    assert snap.fraction == pytest.approx(0.25, abs=1e-3)
    assert snap.offset_m == pytest.approx(distance_m(11, 49.5, 11, 49.5003), rel=0.01)


def test_on_a_street_against_its_drawing_the_fraction_runs_as_one_drives(graph):
    snap = Snapper(graph).snap(11.0025, 49.5021)
    assert [snap.edge] == way_edges(graph, 11)
    assert snap.fraction == pytest.approx(0.75, abs=1e-3)


def test_a_place_too_far_from_every_road_snaps_nowhere(graph):
    snapper = Snapper(graph)
    assert snapper.snap(11.005, 49.6) is None
    assert snapper.snap(11.005, 49.5001, max_m=5) is None
    assert snapper.snap(11.005, 49.5001, max_m=20) is not None


def test_edges_to_avoid_are_passed_over_for_the_next_road(graph):
    snapper = Snapper(graph)
    edge, twin = way_edges(graph, 10)
    place = (11.0025, 49.5003)
    assert snapper.snap(*place, avoid={edge}).edge == twin
    assert snapper.snap(*place, avoid={edge}).fraction == pytest.approx(0.75, abs=1e-3)
    assert [snapper.snap(*place, avoid={edge, twin}).edge] == way_edges(graph, 11)
    assert snapper.snap(*place, max_m=50, avoid={edge, twin}) is None


def test_many_places_snap_as_each_alone_does(graph):
    snapper = Snapper(graph)
    lon, lat = [11.0025, 11.005, 11.005], [49.5003, 49.6, 49.5021]
    assert snapper.snap_all(lon, lat) == [snapper.snap(*p) for p in zip(lon, lat, strict=True)]
    assert snapper.snap_all([], []) == []


def test_places_are_as_far_off_the_road_as_their_street_is(network):
    beside, on, nowhere = network.off_road_m([(11.0025, 49.5003), (11.005, 49.5), (11.005, 49.9)])
    assert beside == pytest.approx(distance_m(11, 49.5, 11, 49.5003), rel=0.01)
    assert on == pytest.approx(0, abs=0.5)
    assert nowhere == network.max_snap_m
    assert network.off_road_m([]) == []


def test_with_no_roads_nothing_is_ever_found(graph):
    nothing = graph.keep_nodes(np.zeros(graph.node_count, bool))
    assert Snapper(nothing).snap(11, 49.5) is None


@settings(max_examples=20, deadline=None)
@given(lon=st.floats(11.25, 11.30), lat=st.floats(49.50, 49.53))
def test_the_nearest_road_is_the_one_that_looking_at_all_of_them_finds(lon, lat):
    graph = lauf()
    snap = SNAPPERS.setdefault("lauf", Snapper(graph)).snap(lon, lat, max_m=5_000)
    lines = [shapely.LineString(graph.line(edge)) for edge in graph.shape_edges.max(axis=1)]
    squeeze = np.array([math.cos(math.radians(49.515)), 1.0])
    plane = shapely.transform(np.array(lines), lambda c: c * squeeze)
    wanted = shapely.distance(plane, shapely.Point(np.array([lon, lat]) * squeeze)).min() * 111_195
    assert snap.offset_m == pytest.approx(wanted, rel=0.01, abs=0.5)


SNAPPERS: dict = {}


def test_travel_by_road_adds_the_walk_at_both_ends(network, graph):
    (travel,) = network.travel([11.001], [49.5001], 11.009, 49.5001)
    driven = 0.8 * graph.edge_travel_ms[0] / 1000
    walk_m = 2 * distance_m(11, 49.5, 11, 49.5001)
    assert travel.basis is Basis.ROAD
    assert travel.snap_offset_m == pytest.approx(walk_m, rel=0.01)
    assert travel.seconds == pytest.approx(driven + walk_m, rel=0.01)
    assert travel.metres is None


def test_the_straight_line_is_used_and_named_where_a_place_has_no_road(network):
    far = (11.005, 49.55)
    metres = distance_m(11.001, 49.5, *far)
    (from_far,) = network.travel([far[0]], [far[1]], 11.001, 49.5)
    (to_far,) = network.travel([11.001], [49.5], *far)
    for travel in (from_far, to_far):
        assert travel.basis is Basis.STRAIGHT_LINE
        assert travel.metres == pytest.approx(metres)
        assert travel.seconds == pytest.approx(metres / 10)


def test_what_the_roads_do_not_join_is_unreachable_and_never_a_straight_line(network):
    (travel,) = network.travel([11.001], [49.5], 11.005, 49.502)
    assert travel.basis is Basis.UNREACHABLE
    assert math.isinf(travel.seconds)
    assert network.route((11.001, 49.5), (11.005, 49.502)) is None


def test_the_matrix_says_what_travel_says(network):
    places = [(11.001, 49.5001), (11.005, 49.55), (11.005, 49.502), (11.009, 49.5)]
    lon, lat = np.array(places).T
    table = network.matrix(places, places)
    for column, place in enumerate(places):
        assert [row[column] for row in table] == network.travel(lon, lat, *place)


def test_the_table_has_the_times_of_the_matrix(network):
    places = [(11.001, 49.5001), (11.005, 49.55), (11.005, 49.502), (11.009, 49.5)]
    wanted = [[travel.seconds for travel in row] for row in network.matrix(places, places[1:])]
    assert np.isinf(wanted).any()
    np.testing.assert_allclose(network.table(places, places[1:]), wanted, rtol=1e-12)
    assert network.table([], places).shape == (0, 4)


def test_travel_from_nowhere_is_an_empty_list(network):
    assert network.travel([], [], 11.0, 49.5) == []


def test_a_closed_street_sends_the_search_for_a_road_to_an_open_one(network, graph):
    network.engine.close_edges(way_edges(graph, 10))
    (travel,) = network.travel([11.009], [49.502], 11.001, 49.5)
    assert travel.basis is Basis.ROAD
    assert travel.snap_offset_m == pytest.approx(distance_m(11, 49.5, 11, 49.502), rel=0.01)


def test_a_place_off_the_planet_is_refused(network):
    with pytest.raises(OffPlanet):
        network.travel([11.0], [49.5], 49.5, 500)
    with pytest.raises(OffPlanet):
        network.travel([math.nan], [49.5], 11.0, 49.5)


def test_both_engines_give_one_network_the_same_answers():
    graph = lauf()
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(11.25, 11.30, 30), rng.uniform(49.50, 49.53, 30)
    fast, slow = (RoadNetwork(kind(graph)) for kind in (CchTravelTimes, DijkstraTravelTimes))
    answers = fast.travel(lon, lat, 11.28, 49.51)
    assert answers == slow.travel(lon, lat, 11.28, 49.51)
    assert {answer.basis for answer in answers} >= {Basis.ROAD}


def test_the_least_drive_takes_whichever_carriageway_a_position_leaves_open(tmp_path):
    """Two one-way carriageways 20 m apart that meet only a kilometre off at either end."""
    roads = {
        1: (11.000, 49.50000),
        2: (11.028, 49.50000),
        3: (11.028, 49.50018),
        4: (11.000, 49.50018),
    }
    east, west = {**HOME, "oneway": "yes"}, {**HOME, "oneway": "yes"}
    ways = {20: ([1, 2], east), 21: ([3, 4], west), 22: ([2, 3], HOME), 23: ([4, 1], HOME)}
    network = RoadNetwork(CchTravelTimes(graph_of(tmp_path, roads, ways)))
    at, to = (11.015, 49.50002), (11.012, 49.50002)  # 200 m back, on the wrong carriageway
    (round_the_end,) = network.travel(*at, *to)
    assert round_the_end.seconds > 5 * 60
    assert network.least_s((*at, 5.0), (*to, 5.0)) > 5 * 60
    assert network.least_s((*at, 30.0), (*to, 30.0)) < 60


def test_the_least_drive_forgives_the_way_between_a_place_and_its_road(network):
    on, off = (11.002, 49.5), (11.008, 49.4991)  # the second is 100 m off the street
    by_road = network.least_s((*on, 10.0), (11.008, 49.5, 10.0))
    forgiven_s = (100 - 10) / 10  # 36 km/h
    assert network.least_s((*on, 10.0), (*off, 10.0)) == pytest.approx(
        by_road - forgiven_s, abs=0.5
    )
    assert network.least_s((*on, 200.0), (*on, 200.0)) == 0.0


def test_no_least_drive_is_known_where_one_end_has_no_road(network):
    assert network.least_s((11.005, 49.9, 50.0), (11.005, 49.5, 50.0)) is None


def test_a_shut_road_is_still_a_road_to_have_been_on(graph):
    network = RoadNetwork(CchTravelTimes(graph))
    before = network.off_road_m([(11.0025, 49.5003)])
    network.engine.close_edges(np.arange(graph.edge_count))
    assert network.off_road_m([(11.0025, 49.5003)]) == before
    assert math.isinf(network.least_s((11.002, 49.5, 10.0), (11.008, 49.5, 10.0)))


def test_of_several_graphs_the_least_drive_is_that_of_the_quickest(network, graph):
    slow = RoadNetwork(CchTravelTimes(graph))
    slow.engine.reweight(graph.edge_travel_ms * 3)
    ends = (11.002, 49.5, 10.0), (11.008, 49.5, 10.0)
    assert RoadNetworks([slow, network]).least_s(*ends) == network.least_s(*ends)
    nowhere = (11.005, 49.9, 50.0)
    assert RoadNetworks([slow, network]).least_s(ends[0], nowhere) is None
