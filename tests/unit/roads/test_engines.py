import threading

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.crs import distance_m
from gis.errors import InvalidGraph
from gis.roads.cch import FEW_OF_ALL, CchTravelTimes
from gis.roads.dijkstra import DijkstraTravelTimes
from gis.roads.ends import Snap
from gis.roads.graph import CLOSED_MS
from gis.roads.turns import turns_of
from tests.unit.roads.streets import graph_of, lauf, liechtenstein, nanchang, way_edges

ENGINES = [CchTravelTimes, DijkstraTravelTimes]
PLACES = {"lauf": lauf, "liechtenstein": liechtenstein, "nanchang": nanchang}

#   1 === 2 --> 3      10 is both ways, 11 and 12 one way, 13 both ways and apart
#   ^           |
#   +----- 12 --+      5 === 6
ROADS = {
    1: (11.000, 49.5),
    2: (11.010, 49.5),
    3: (11.020, 49.5),
    5: (11.000, 49.6),
    6: (11.010, 49.6),
}
WAYS = {
    10: ([1, 2], {"highway": "residential"}),
    11: ([2, 3], {"highway": "residential", "oneway": "yes"}),
    12: ([3, 1], {"highway": "residential", "oneway": "yes"}),
    13: ([5, 6], {"highway": "residential"}),
}


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    return graph_of(tmp_path_factory.mktemp("ring"), ROADS, WAYS)


@pytest.fixture(params=ENGINES, ids=["cch", "dijkstra"])
def engine(request, ring):
    return request.param(ring)


def ahead(graph, way):
    return way_edges(graph, way)[0]


def whole_s(graph, way):
    return int(graph.edge_travel_ms[ahead(graph, way)]) / 1000


def snaps_on(graph, seed, count):
    rng = np.random.default_rng(seed)
    edges = rng.integers(0, graph.edge_count, count)
    return [Snap(int(e), float(f)) for e, f in zip(edges, rng.random(count), strict=True)]


def test_a_trip_starts_and_ends_in_the_middle_of_streets(engine, ring):
    start, end = Snap(ahead(ring, 10), 0.25), Snap(ahead(ring, 11), 0.5)
    wanted = 0.75 * whole_s(ring, 10) + 0.5 * whole_s(ring, 11)
    assert engine.seconds([start], [end])[0, 0] == pytest.approx(wanted, abs=0.002)


def test_a_position_told_by_the_twin_edge_is_the_same_position(engine, ring):
    edge, twin = way_edges(ring, 10)
    assert ring.twin[edge] == twin
    end = Snap(ahead(ring, 11), 0.5)
    times = engine.seconds([Snap(edge, 0.25), Snap(twin, 0.75)], [end])
    assert times[0, 0] == times[1, 0]


def test_a_one_way_street_is_driven_round_the_block_and_never_back(engine, ring):
    edge = ahead(ring, 11)
    there, back = Snap(edge, 0.2), Snap(edge, 0.6)
    times = engine.seconds([there, back], [there, back])
    around = sum(whole_s(ring, way) for way in (10, 11, 12))
    assert times[0, 1] == pytest.approx(0.4 * whole_s(ring, 11), abs=0.002)
    assert times[1, 0] == pytest.approx(around - 0.4 * whole_s(ring, 11), abs=0.002)
    assert times[0, 0] == times[1, 1] == 0


def test_on_one_two_way_street_both_directions_take_the_same_short_way(engine, ring):
    edge, twin = way_edges(ring, 10)
    times = engine.seconds([Snap(edge, 0.1)], [Snap(edge, 0.4), Snap(twin, 0.6), Snap(edge, 0.0)])
    part = whole_s(ring, 10)
    assert times[0].tolist() == pytest.approx([0.3 * part, 0.3 * part, 0.1 * part], abs=0.002)


def test_what_no_road_joins_is_unreachable(engine, ring):
    here, apart = Snap(ahead(ring, 10), 0.5), Snap(ahead(ring, 13), 0.5)
    assert np.isinf(engine.seconds([here], [apart])).all()
    assert np.isinf(engine.many_to_one([here], apart)).all()
    assert engine.route(here, apart) is None


def test_a_closed_street_is_driven_around_and_open_again_as_before(engine, ring):
    edge, twin = way_edges(ring, 10)
    start, end = Snap(edge, 0.9), Snap(edge, 0.1)
    before = engine.seconds([start], [end])
    engine.close_edges([twin])
    assert engine.closed == {twin}
    around = sum(whole_s(ring, way) for way in (10, 11, 12)) - 0.8 * whole_s(ring, 10)
    assert engine.seconds([start], [end])[0, 0] == pytest.approx(around, abs=0.002)
    assert engine.route(start, end).seconds == pytest.approx(around, abs=0.002)
    engine.close_edges([edge])
    assert np.isinf(engine.seconds([start], [end])).all()
    assert engine.route(start, end) is None
    engine.open_edges([edge, twin])
    assert engine.closed == frozenset()
    assert engine.seconds([start], [end]) == before


def test_closures_outlive_new_times(engine, ring):
    edge, twin = way_edges(ring, 10)
    engine.close_edges([edge, twin])
    engine.reweight(ring.edge_travel_ms * 2)
    start, end = Snap(ahead(ring, 11), 0.5), Snap(ahead(ring, 12), 0.5)
    doubled = whole_s(ring, 11) + whole_s(ring, 12)
    assert engine.seconds([start], [end])[0, 0] == pytest.approx(doubled, abs=0.002)
    assert np.isinf(engine.seconds([end], [start])).all()


def test_a_route_has_the_line_the_length_and_the_time_of_the_trip(engine, ring):
    start, end = Snap(ahead(ring, 10), 0.25), Snap(ahead(ring, 11), 0.5)
    route = engine.route(start, end)
    assert route.edges == (ahead(ring, 10), ahead(ring, 11))
    assert route.line[0] == pytest.approx([11.0025, 49.5], abs=1e-6)
    assert route.line[-1] == pytest.approx([11.015, 49.5], abs=1e-6)
    walked = distance_m(
        route.line[:-1, 0], route.line[:-1, 1], route.line[1:, 0], route.line[1:, 1]
    )
    assert route.length_m == pytest.approx(walked.sum(), rel=1e-6)
    assert route.seconds == engine.seconds([start], [end])[0, 0]


def test_a_route_to_where_one_stands_is_a_line_of_no_length(engine, ring):
    here = Snap(ahead(ring, 11), 0.5)
    route = engine.route(here, here)
    assert (route.seconds, route.length_m) == (0, 0)
    assert len(route.line) == 2


def test_no_sources_or_no_targets_give_an_empty_table(engine, ring):
    here = Snap(0, 0.5)
    assert engine.seconds([], [here]).shape == (0, 1)
    assert engine.seconds([here], []).shape == (1, 0)
    assert engine.many_to_one([], here).shape == (0,)


@pytest.mark.parametrize(
    "snap", [Snap(-1, 0.5), Snap(10**6, 0.5), Snap(0, 1.01), Snap(0, -0.1), Snap(0, float("nan"))]
)
def test_a_position_that_is_not_on_the_graph_is_refused(engine, snap):
    for ask in (engine.seconds, lambda a, b: engine.route(a[0], b[0])):
        with pytest.raises(InvalidGraph, match="no position"):
            ask([snap], [Snap(0, 0.5)])


@pytest.mark.parametrize("times", [[1, 2], 0, CLOSED_MS, -5, 1.5])
def test_times_that_cannot_be_meant_are_refused_and_change_nothing(engine, ring, times):
    before = engine.seconds([Snap(0, 0.5)], [Snap(2, 0.5)])
    wrong = times if isinstance(times, list) else np.full(ring.edge_count, times)
    with pytest.raises(InvalidGraph, match="travel times must be"):
        engine.reweight(wrong)
    assert engine.seconds([Snap(0, 0.5)], [Snap(2, 0.5)]) == before


@pytest.mark.parametrize("edges", [[-1], [10**6], [0.5]])
def test_closing_what_is_no_edge_is_refused(engine, edges):
    with pytest.raises(InvalidGraph, match="no such edges"):
        engine.close_edges(edges)
    assert engine.closed == frozenset()


def test_a_graph_without_roads_is_refused_by_the_fast_engine(ring):
    nothing = ring.keep_nodes(np.zeros(ring.node_count, bool))
    with pytest.raises(InvalidGraph, match="no road"):
        CchTravelTimes(nothing)


def test_a_stored_node_order_gives_the_same_times(ring):
    fresh = CchTravelTimes(ring)
    stored = CchTravelTimes(ring, fresh.order_bytes())
    snaps = snaps_on(ring, 1, 8)
    assert np.array_equal(fresh.seconds(snaps, snaps), stored.seconds(snaps, snaps))


def test_the_node_order_of_another_graph_is_refused(ring):
    order = CchTravelTimes(ring).order_bytes()
    with pytest.raises(InvalidGraph, match="another graph"):
        CchTravelTimes(ring.largest_part(), order)
    with pytest.raises(InvalidGraph, match="another graph"):
        CchTravelTimes(ring, order[:-4])
    with pytest.raises(InvalidGraph, match="every node once"):
        CchTravelTimes(ring, order[:-4] + order[-8:-4])


@pytest.mark.parametrize("name", PLACES)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_both_engines_agree_on_real_roads_open_and_with_a_tenth_closed(name, seed):
    graph = PLACES[name]()
    fast, slow = CchTravelTimes(graph), DijkstraTravelTimes(graph)
    snaps = snaps_on(graph, seed, 12)
    rng = np.random.default_rng(seed)
    shut = rng.choice(graph.edge_count, graph.edge_count // 10, replace=False)
    for close in ([], shut):
        fast.close_edges(close)
        slow.close_edges(close)
        assert np.array_equal(fast.seconds(snaps[:5], snaps), slow.seconds(snaps[:5], snaps))
        assert np.array_equal(fast.seconds(snaps, snaps[:5]), slow.seconds(snaps, snaps[:5]))
        assert np.array_equal(
            fast.many_to_one(snaps, snaps[0]), slow.seconds(snaps, snaps[:1])[:, 0]
        )
        assert np.array_equal(fast.many_to_one(snaps, snaps[0]), slow.many_to_one(snaps, snaps[0]))


@pytest.mark.parametrize("name", PLACES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_routes_take_the_time_of_the_table_over_edges_that_join(name, seed):
    graph = PLACES[name]()
    source, target = snaps_on(graph, seed, 2)
    for kind in ENGINES:
        engine = ENGINE_OF.setdefault((name, kind), kind(graph))
        route = engine.route(source, target)
        seconds = engine.seconds([source], [target])[0, 0]
        if route is None:
            assert np.isinf(seconds)
            continue
        assert route.seconds == seconds
        joints = zip(route.edges, route.edges[1:], strict=False)
        assert all(graph.edge_to[a] == graph.edge_from[b] for a, b in joints)
        line = route.line
        steps = distance_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
        if name != "nanchang":  # whose lengths are longer than its straight lines
            assert route.length_m == pytest.approx(steps.sum(), rel=1e-3, abs=0.1)


ENGINE_OF: dict = {}


def oracle_seconds(graph, source, target):
    """Dijkstra of networkx, with the two positions as nodes of their own."""
    roads = nx.DiGraph()

    def join(a, b, ms):
        if ms < roads.get_edge_data(a, b, {"ms": np.inf})["ms"]:
            roads.add_edge(a, b, ms=ms)

    for edge in range(graph.edge_count):
        join(int(graph.edge_from[edge]), int(graph.edge_to[edge]), int(graph.edge_travel_ms[edge]))
    for name, snap in (("source", source), ("target", target)):
        twin = int(graph.twin[snap.edge])
        ways = [(snap.edge, snap.fraction)] + [(twin, 1 - snap.fraction)] * (twin >= 0)
        for edge, share in ways:
            ms = float(graph.edge_travel_ms[edge])
            join(int(graph.edge_from[edge]), name, share * ms)
            join(name, int(graph.edge_to[edge]), (1 - share) * ms)
    return nx.dijkstra_path_length(roads, "source", "target", weight="ms") / 1000


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_times_in_the_chinese_city_are_those_of_a_slow_oracle(seed):
    graph = nanchang()
    source, target = snaps_on(graph, seed, 2)
    if graph.edge_shape[source.edge] == graph.edge_shape[target.edge]:
        return  # the oracle does not know that both lie on one street
    engine = ENGINE_OF.setdefault(("nanchang", CchTravelTimes), CchTravelTimes(graph))
    wanted = oracle_seconds(graph, source, target)
    assert engine.seconds([source], [target])[0, 0] == pytest.approx(wanted, abs=0.002)


def with_turns(graph):
    return CchTravelTimes(graph, turns=turns_of(graph))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_streets_shut_and_opened_one_by_one_give_the_times_of_an_engine_made_so(seed):
    graph = nanchang()
    rng = np.random.default_rng(seed)
    engine, snaps, shut = with_turns(graph), snaps_on(graph, seed, 12), set()
    for edge in rng.integers(0, graph.edge_count, 12).tolist():
        shut ^= set(shut if edge % 3 == 0 else {edge})
        engine.shut_only(sorted(shut))
    anew = with_turns(graph)
    anew.reweight(graph.edge_travel_ms + 1)  # so that both its metrics are prepared whole
    anew.shut_only(sorted(shut))
    anew.reweight(graph.edge_travel_ms)
    assert engine.closed == anew.closed == shut
    assert np.array_equal(engine.seconds(snaps, snaps), anew.seconds(snaps, snaps))


def within(graph, seed, share):
    """The edges nearest to a place drawn at random, so many of all."""
    at = np.random.default_rng(seed).integers(0, graph.node_count)
    east = (graph.node_lon - graph.node_lon[at]) * np.cos(np.radians(graph.node_lat[at]))
    far = np.hypot(east, graph.node_lat - graph.node_lat[at])
    far = np.maximum(far[graph.edge_from], far[graph.edge_to])
    return np.argsort(far, kind="stable")[: int(graph.edge_count * share)]


@pytest.mark.parametrize("turns", [None, turns_of], ids=["nodes", "turns"])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_closed_area_with_a_hole_gives_the_times_of_the_slow_engine_and_opens_in_parts(
    turns, seed
):
    graph = nanchang()
    area, hole = within(graph, seed, 0.3), within(graph, seed, 0.05)
    given_turns = turns and turns(graph)
    fast = CchTravelTimes(graph, turns=given_turns)
    slow = DijkstraTravelTimes(graph, given_turns)
    inside = [Snap(int(edge), 0.4) for edge in (*hole[::40], *area[-200::40])]
    snaps = [*snaps_on(graph, seed, 12), *inside]
    around = np.setdiff1d(area, hole)
    for shut in (around, area, around[::2], within(graph, seed, 0.1), around[:0]):
        fast.shut_only(shut)
        slow.shut_only(shut)
        assert np.array_equal(fast.seconds(snaps, snaps), slow.seconds(snaps, snaps))


def test_a_closed_area_changes_the_arcs_on_its_rim_alone():
    graph = nanchang()
    engine = with_turns(graph)
    before = engine._current.arc_ms
    area = within(graph, 4, 0.3)
    engine.shut_only(area)
    changed = engine._current.arc_ms != before
    led_to = np.setdiff1d(np.arange(graph.edge_count), area)
    rim = area[np.isin(graph.edge_from[area], graph.edge_to[led_to])]
    assert np.array_equal(np.unique(engine._states.arc_from[changed]), np.sort(rim))
    assert changed.sum() < 0.1 * np.isin(engine._states.arc_from, area).sum()


def test_a_closure_is_in_force_before_everything_is_prepared_for_it():
    graph = nanchang()
    engine = CchTravelTimes(graph, turns=turns_of(graph), long_s=0.0)
    slow = DijkstraTravelTimes(graph, turns_of(graph))
    snaps = snaps_on(graph, 9, 40)
    rng = np.random.default_rng(9)
    with engine._guard:
        engine._spare.readers += 1  # a question that goes on: nothing can be prepared
    for share in (0.1, 0.3):
        shut = rng.choice(graph.edge_count, int(share * graph.edge_count), replace=False)
        engine.shut_only(shut)
        slow.shut_only(shut)
        assert engine.closed == slow.closed
        assert np.array_equal(engine.seconds(snaps[:3], snaps), slow.seconds(snaps[:3], snaps))
        assert np.array_equal(engine.seconds(snaps, snaps[:3]), slow.seconds(snaps, snaps[:3]))
        assert np.array_equal(
            engine.many_to_one(snaps, snaps[1]), slow.many_to_one(snaps, snaps[1])
        )
        ways = [each.route(snaps[2], snaps[3]) for each in (engine, slow)]
        assert len({way and way.seconds for way in ways}) == 1
    assert engine._meanwhile is not None
    with engine._guard:
        engine._spare.readers -= 1
        engine._guard.notify_all()
    assert np.array_equal(engine.seconds(snaps, snaps), slow.seconds(snaps, snaps))
    assert engine._meanwhile is None
    engine.reweight(graph.edge_travel_ms * 2)
    slow.reweight(graph.edge_travel_ms * 2)
    assert np.array_equal(engine.seconds(snaps, snaps), slow.seconds(snaps, snaps))


def test_a_closure_is_in_force_while_new_times_for_all_edges_are_prepared():
    graph = nanchang()
    engine = with_turns(graph)
    slow = DijkstraTravelTimes(graph, turns_of(graph))
    snaps = snaps_on(graph, 9, 20)
    with engine._guard:
        engine._spare.readers += 1  # a question that goes on: nothing can be prepared
    hour = threading.Thread(target=engine.reweight, args=[graph.edge_travel_ms * 2])
    hour.start()
    while engine._preparing is None:
        hour.join(0.01)
    assert np.array_equal(engine.seconds(snaps, snaps), slow.seconds(snaps, snaps))
    slow.reweight(graph.edge_travel_ms * 2)
    for each in (engine, slow):
        each.shut_only([7, 70, 700])
    assert np.array_equal(engine.seconds(snaps[:3], snaps), slow.seconds(snaps[:3], snaps))
    assert hour.is_alive()
    with engine._guard:
        engine._spare.readers -= 1
        engine._guard.notify_all()
    hour.join()
    assert engine._meanwhile is None
    assert np.array_equal(engine.seconds(snaps, snaps), slow.seconds(snaps, snaps))
    assert np.count_nonzero(engine._current.arc_ms != engine._spare.arc_ms) < graph.edge_count / 400


def test_after_new_times_for_all_edges_a_closure_still_changes_few_arcs():
    graph = nanchang()
    engine = with_turns(graph)
    engine.reweight(graph.edge_travel_ms * 2)
    spare = engine._spare.arc_ms
    engine.shut_only([7])
    changed = np.count_nonzero(engine._current.arc_ms != spare)
    assert 0 < changed <= len(spare) * FEW_OF_ALL


def test_a_preparation_that_was_broken_off_is_done_whole_the_next_time(ring):
    engine = CchTravelTimes(ring)
    start, end = Snap(ahead(ring, 10), 0.25), Snap(ahead(ring, 11), 0.5)
    wanted = engine.seconds([start], [end])
    engine._spare.metric.reset([1] * ring.edge_count)
    engine._spare.is_whole = False
    engine.shut_only(way_edges(ring, 13))
    assert np.array_equal(engine.seconds([start], [end]), wanted)


def test_questions_from_threads_are_answered_from_one_set_of_weights_while_it_changes():
    graph = nanchang()
    engine = CchTravelTimes(graph)
    snaps = snaps_on(graph, 7, 10)
    single = engine.seconds(snaps, snaps)
    engine.reweight(graph.edge_travel_ms * 2)
    double = engine.seconds(snaps, snaps)
    strange = []

    def ask():
        for _ in range(40):
            times = engine.seconds(snaps, snaps)
            if not (np.array_equal(times, single) or np.array_equal(times, double)):
                strange.append(times)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for turn in range(40):
        engine.reweight(graph.edge_travel_ms * (1 + turn % 2))
    for asker in askers:
        asker.join()
    assert strange == []
