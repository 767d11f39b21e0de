from dataclasses import replace

import numpy as np
import pytest

from gis.errors import InvalidGraph, UnreadableFile
from gis.roads.graph import from_bytes, to_bytes, validate
from tests.unit.roads.streets import graph_of, lauf

# 1 === 2 --> 3 and, apart, 5 === 6 === 7 with a dead end at 8 that nobody comes back from
ROADS = {n: (11 + n / 1000, 49.5) for n in (1, 2, 3, 5, 6, 7, 8)}
HOME = {"highway": "residential", "name": "Gasse"}
WAYS = {
    10: ([1, 2], HOME),
    11: ([2, 3], {**HOME, "oneway": "yes"}),
    13: ([5, 6, 7], HOME),
    14: ([7, 8], {**HOME, "oneway": "yes"}),
    15: ([6, 5], HOME),
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    return graph_of(tmp_path_factory.mktemp("graph"), ROADS, WAYS)


def test_the_largest_part_is_where_everybody_reaches_everybody(graph):
    part = graph.largest_part()
    assert sorted(part.node_id.tolist()) == [5, 6, 7]
    assert set(part.edge_way.tolist()) == {13, 15}
    assert part.strong_parts()[0] == 1
    validate(part)


def test_keeping_nodes_keeps_lines_and_twins(graph):
    part = graph.largest_part()
    for edge in range(part.edge_count):
        line = part.line(edge)
        ends = np.column_stack([part.node_lon, part.node_lat])
        assert line[0].tolist() == ends[part.edge_from[edge]].tolist()
        assert line[-1].tolist() == ends[part.edge_to[edge]].tolist()
        twin = part.twin[edge]
        assert part.twin[twin] == edge
        assert part.edge_from[twin] == part.edge_to[edge]


def test_a_one_way_street_has_no_twin(graph):
    (edge,) = graph.edges_of_ways([11])
    assert graph.twin[edge] == -1


def test_a_stored_graph_comes_back_as_it_was():
    graph = lauf()
    back = from_bytes(to_bytes(graph))
    assert back.names == graph.names
    for name, array in graph.arrays().items():
        assert np.array_equal(back.arrays()[name], array), name
        assert back.arrays()[name].dtype == array.dtype


@pytest.mark.parametrize("kept", [0, 10, 0.5, 0.99])
def test_a_damaged_stored_graph_is_refused(graph, kept):
    packed = to_bytes(graph)
    with pytest.raises(UnreadableFile, match="damaged"):
        from_bytes(packed[: int(len(packed) * kept) if kept < 1 else kept])


def test_a_graph_without_nodes_stays_empty(graph):
    nothing = graph.keep_nodes(np.zeros(graph.node_count, bool))
    assert (nothing.node_count, nothing.edge_count, nothing.shape_count) == (0, 0, 0)
    assert nothing.largest_part().node_count == 0
    assert from_bytes(to_bytes(nothing)).edge_count == 0


@pytest.mark.parametrize(
    ("array", "at", "value", "flaw"),
    [
        ("edge_to", 0, 99, "an edge ends at no node"),
        ("edge_from", 0, -1, "an edge starts at no node"),
        ("edge_shape", 0, 99, "an edge has no shape"),
        ("edge_name", 0, 9, "an edge has no name entry"),
        ("edge_travel_ms", 0, 0, "a travel time is below 1 ms"),
        ("edge_length_m", 0, np.nan, "a length is not finite"),
        ("node_lat", 0, 91, "a node lies off the planet"),
        ("shape_lon", 0, np.nan, "a shape leaves the planet"),
        ("node_id", 0, 2, "a node id is given twice"),
        ("shape_start", -1, 3, "shape starts do not end with the points"),
        ("edge_reversed", 0, True, "two edges run the same way on one shape"),
    ],
)
def test_arrays_that_contradict_each_other_are_named(graph, array, at, value, flaw):
    wrong = graph.arrays()[array].copy()
    wrong[at] = value
    with pytest.raises(InvalidGraph, match=flaw):
        validate(replace(graph, **{array: wrong}))


def test_arrays_of_different_length_are_named(graph):
    with pytest.raises(InvalidGraph, match="edge arrays differ in length"):
        validate(replace(graph, edge_to=graph.edge_to[1:]))


def test_edges_that_cross_the_wanted_nodes_rim_are_dropped(graph):
    part = graph.keep_nodes(np.isin(graph.node_id, [1, 2]))
    assert set(part.edge_way.tolist()) == {10}
    assert part.shape_count == 1
