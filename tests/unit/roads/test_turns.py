"""Turns: what they cost, which are forbidden, and that both engines drive by them alike."""

import heapq

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gis.roads.cch import CchTravelTimes
from gis.roads.dijkstra import DijkstraTravelTimes
from gis.roads.ends import Snap
from gis.roads.graph import RoadGraph
from gis.roads.osm import read_osm
from gis.roads.turns import TurnCosts, turns_of, turns_that_fit
from tests.unit.roads.streets import lauf, liechtenstein, nanchang, osm_xml, way_edges

ENGINES = [CchTravelTimes, DijkstraTravelTimes]
PLACES = {"lauf": lauf, "liechtenstein": liechtenstein, "nanchang": nanchang}

#      4
#      |        ways: 10 from 1 to 2, 11 from 2 to 3, 12 from 2 to 4, 13 from 2 to 5
#  1 - 2 - 3    and 14 round from 3 to 4, all both ways
#      |
#      5
NODES = {
    1: (11.000, 49.500),
    2: (11.010, 49.500),
    3: (11.020, 49.500),
    4: (11.010, 49.510),
    5: (11.010, 49.490),
}
HOME = {"highway": "residential"}
WAYS = {
    10: ([1, 2], HOME),
    11: ([2, 3], HOME),
    12: ([2, 4], HOME),
    13: ([2, 5], HOME),
    14: ([3, 4], HOME),
}


def restriction(kind: str, into: int, out_of: int, **tags: str) -> str:
    said = "".join(
        f'<tag k="{key}" v="{value}"/>'
        for key, value in {"type": "restriction", "restriction": kind, **tags}.items()
    )
    return (
        f'<relation id="1" version="1"><member type="way" ref="{into}" role="from"/>'
        f'<member type="node" ref="2" role="via"/><member type="way" ref="{out_of}" role="to"/>'
        f"{said}</relation>"
    )


def crossing(tmp_path, extra: str = "") -> RoadGraph:
    path = tmp_path / "crossing.osm"
    path.write_text(osm_xml(NODES, WAYS, extra), encoding="utf-8")
    return read_osm(path)


def turn_cost_s(graph, into, out_of, costs=None) -> float | None:
    """What the turn at node 2 costs from one way into another; None where it may not be made."""
    turns = turns_of(graph, costs)
    at = graph.node_id.tolist().index(2)
    for first, second, ms in zip(turns.turn_from, turns.turn_to, turns.turn_ms, strict=True):
        ways = graph.edge_way[first], graph.edge_way[second]
        if ways == (into, out_of) and graph.edge_to[first] == at:
            return ms / 1000
    return None


def test_going_on_is_free_and_turning_across_the_traffic_costs_most(tmp_path):
    graph = crossing(tmp_path)
    costs = TurnCosts(near_s=3, across_s=6, u_turn_s=20)
    asked = {out_of: turn_cost_s(graph, 10, out_of, costs) for out_of in (11, 12, 13, 10)}
    assert asked == {11: 0, 12: 6, 13: 3, 10: 20}


def test_where_one_drives_on_the_left_the_costly_turn_is_the_other_one(tmp_path):
    graph, costs = crossing(tmp_path), TurnCosts(left_hand=True)
    assert turn_cost_s(graph, 10, 12, costs) == costs.near_s
    assert turn_cost_s(graph, 10, 13, costs) == costs.across_s


@pytest.mark.parametrize(
    ("kind", "out_of", "tags", "allowed"),
    [
        ("no_left_turn", 12, {}, {10, 11, 13}),
        ("only_straight_on", 11, {}, {11}),
        ("no_u_turn", 10, {}, {11, 12, 13}),
        ("no_left_turn", 12, {"except": "psv;bicycle"}, {10, 11, 13}),
        ("no_left_turn", 12, {"except": "bicycle;motorcar"}, {10, 11, 12, 13}),
        ("no_such_word", 12, {"restriction": "whatever"}, {10, 11, 12, 13}),
        ("only_left_turn", 99, {}, {10, 11, 12, 13}),
    ],
)
def test_a_turn_restriction_is_kept_to(tmp_path, kind, out_of, tags, allowed):
    graph = crossing(tmp_path, restriction(kind, 10, out_of, **tags))
    may = {way for way in (10, 11, 12, 13) if turn_cost_s(graph, 10, way) is not None}
    assert may == allowed
    assert turn_cost_s(graph, 13, 12) is not None


@pytest.mark.parametrize("kind", ENGINES)
def test_a_forbidden_turn_is_driven_round(tmp_path, kind):
    graph = crossing(tmp_path, restriction("no_left_turn", 10, 12))
    engine = kind(graph, turns=turns_of(graph, TurnCosts(u_turn_s=600)))
    start, end = Snap(way_edges(graph, 10)[0], 0.5), Snap(way_edges(graph, 12)[0], 0.5)
    route = engine.route(start, end)
    assert [int(graph.edge_way[edge]) for edge in route.edges] == [10, 11, 14, 12]
    assert engine.seconds([start], [end])[0, 0] == route.seconds
    free = kind(graph).route(start, end)
    assert [int(graph.edge_way[edge]) for edge in free.edges] == [10, 12]


@pytest.mark.parametrize("kind", ENGINES)
def test_with_turns_a_closed_street_is_neither_driven_nor_turned_into(tmp_path, kind):
    graph = crossing(tmp_path)
    engine = kind(graph, turns=turns_of(graph))
    start, end = Snap(way_edges(graph, 10)[0], 0.5), Snap(way_edges(graph, 12)[0], 0.5)
    before = engine.seconds([start], [end])
    engine.close_edges(way_edges(graph, 12))
    assert np.isinf(engine.seconds([start], [end])).all()
    assert engine.route(start, end) is None
    engine.shut_only([])
    assert (engine.seconds([start], [end]) == before).all()


def turns_off(graph: RoadGraph) -> dict[int, list[tuple[int, int]]]:
    turns = turns_of(graph)
    onward: dict[int, list[tuple[int, int]]] = {}
    for one, other, ms in zip(
        turns.turn_from.tolist(), turns.turn_to.tolist(), turns.turn_ms.tolist(), strict=True
    ):
        onward.setdefault(one, []).append((other, ms))
    return onward


def slow_seconds(graph: RoadGraph, start: Snap, end: Snap) -> float:
    """Drive from edge to edge by the book: a heap, and a dictionary of turns."""
    onward = turns_off(graph)
    travel, twin = graph.edge_travel_ms.tolist(), graph.twin.tolist()

    def part(edge: int, share: float) -> float:
        return float(np.rint(travel[edge] * share))

    starts = [(start.edge, 1 - start.fraction), (twin[start.edge], start.fraction)]
    ends = {end.edge: end.fraction, twin[end.edge]: 1 - end.fraction}
    heap = [
        (part(edge, share) + ms, after)
        for edge, share in starts
        if edge >= 0
        for after, ms in onward.get(edge, [])
    ]
    best = np.inf
    for edge, at in starts:
        if edge >= 0 and edge in ends and ends[edge] >= 1 - at:
            best = min(best, part(edge, ends[edge] - (1 - at)))
    done: set[int] = set()
    heapq.heapify(heap)
    while heap and heap[0][0] < best:
        ms, edge = heapq.heappop(heap)
        if edge in done:
            continue
        done.add(edge)
        if edge in ends:
            best = min(best, ms + part(edge, ends[edge]))
        for after, cost in onward.get(edge, []):
            heapq.heappush(heap, (ms + travel[edge] + cost, after))
    return best / 1000


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
@example(seed=493)  # from one one-way street to another: no other direction is no direction
def test_the_fast_engine_drives_turns_by_the_book(seed):
    graph = lauf()
    engine = _lauf_engine()
    rng = np.random.default_rng(seed)
    start, end = (
        Snap(int(edge), float(share))
        for edge, share in zip(rng.integers(0, graph.edge_count, 2), rng.random(2), strict=True)
    )
    assert engine.seconds([start], [end])[0, 0] == pytest.approx(
        slow_seconds(graph, start, end), abs=0.002
    )


_KEPT: list[CchTravelTimes] = []


def _lauf_engine() -> CchTravelTimes:
    if not _KEPT:
        _KEPT.append(CchTravelTimes(lauf(), turns=turns_of(lauf())))
    return _KEPT[0]


@pytest.mark.parametrize("name", PLACES)
def test_both_engines_agree_with_turns_open_and_with_a_tenth_closed(name):
    graph = PLACES[name]()
    turns = turns_of(graph)
    fast, slow = CchTravelTimes(graph, turns=turns), DijkstraTravelTimes(graph, turns)
    rng = np.random.default_rng(7)
    edges = rng.integers(0, graph.edge_count, 10)
    snaps = [Snap(int(e), float(f)) for e, f in zip(edges, rng.random(10), strict=True)]
    shut = rng.choice(graph.edge_count, graph.edge_count // 10, replace=False)
    for close in ([], shut):
        fast.shut_only(close)
        slow.shut_only(close)
        table = fast.seconds(snaps[:4], snaps)
        assert np.array_equal(table, slow.seconds(snaps[:4], snaps))
        assert np.array_equal(fast.many_to_one(snaps, snaps[0]), slow.many_to_one(snaps, snaps[0]))
        for at, end in enumerate(snaps):
            route = fast.route(snaps[0], end)
            assert (np.inf if route is None else route.seconds) == table[0, at]


def test_turns_cost_time_and_never_save_any():
    graph = lauf()
    rng = np.random.default_rng(5)
    edges = rng.integers(0, graph.edge_count, 30)
    snaps = [Snap(int(e), float(f)) for e, f in zip(edges, rng.random(30), strict=True)]
    free, paid = CchTravelTimes(graph).seconds(snaps, snaps), _lauf_engine().seconds(snaps, snaps)
    assert (paid >= free).all()
    assert (paid > free).mean() > 0.8


def test_a_stored_order_of_turns_is_known_again_and_not_taken_for_another():
    graph, turns = lauf(), turns_of(lauf())
    order = _lauf_engine().order_bytes()
    again = CchTravelTimes(graph, order, turns)
    assert again.order_bytes() == order


def test_a_graph_too_large_to_fit_is_driven_without_turns():
    assert turns_that_fit(lauf(), most_edges=10) is None
    assert turns_that_fit(lauf()) is not None
