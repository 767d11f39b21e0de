import networkx as nx
import numpy as np
import osmnx as ox
import pytest

from gis.errors import EmptyInput, InvalidGraph, UnreadableFile
from gis.roads.dijkstra import DijkstraTravelTimes
from gis.roads.ends import Snap
from gis.roads.interchange import from_osmnx, to_osmnx
from gis.roads.readers import read_roads
from tests.unit.roads.streets import graph_of, lauf

ROADS = {n: (11 + n / 1000, 49.5 + n % 2 / 1000) for n in range(1, 7)}
WAYS = {
    10: ([1, 2, 3], {"highway": "primary", "name": "Ring", "maxspeed": "50"}),
    11: ([3, 4], {"highway": "residential", "oneway": "yes"}),
    12: ([4, 5, 1], {"highway": "residential"}),
    13: ([1, 6], {"highway": "service"}),  # osmnx would merge ways that meet at no junction
}


@pytest.fixture
def osm_file(tmp_path):
    graph_of(tmp_path, ROADS, WAYS)
    return tmp_path / "roads.osm"


def test_a_graph_goes_out_to_graphml_and_comes_back_the_same(tmp_path):
    graph = lauf()
    ox.save_graphml(to_osmnx(graph), tmp_path / "lauf.graphml")
    back = read_roads([tmp_path / "lauf.graphml"])
    assert back.shape_count == graph.shape_count
    assert sorted(back.edge_travel_ms.tolist()) == sorted(graph.edge_travel_ms.tolist())
    assert set(back.node_id.tolist()) == set(graph.node_id.tolist())
    assert set(back.names) == {graph.street(edge) for edge in range(graph.edge_count)} | {""}
    assert (back.twin >= 0).sum() == (graph.twin >= 0).sum()


@pytest.mark.parametrize("simplify", [False, True])
def test_what_osmnx_reads_from_a_file_is_timed_as_we_time_it(osm_file, simplify):
    ours = read_roads([osm_file])
    theirs = from_osmnx(ox.graph_from_xml(osm_file, simplify=simplify, retain_all=True))
    seconds = []
    for graph in (ours, theirs):
        leaving = {int(graph.node_id[node]): e for e, node in enumerate(graph.edge_from)}
        snaps = [Snap(leaving[node], 0.0) for node in (3, 4)]
        seconds.append(DijkstraTravelTimes(graph).seconds(snaps, snaps))
    assert seconds[0] == pytest.approx(seconds[1], rel=0.005)


def test_travel_times_of_the_users_own_count(osm_file):
    theirs = ox.graph_from_xml(osm_file, simplify=False, retain_all=True)
    nx.set_edge_attributes(theirs, 12.5, "travel_time")
    assert set(from_osmnx(theirs).edge_travel_ms.tolist()) == {12500}


def test_a_projected_graph_is_turned_back_to_degrees(osm_file):
    theirs = ox.graph_from_xml(osm_file, simplify=True, retain_all=True)
    plain, projected = from_osmnx(theirs), from_osmnx(ox.project_graph(theirs))
    for graph in (plain, projected):
        order = np.argsort(graph.node_id)
        assert graph.node_lon[order] == pytest.approx([11.001, 11.003, 11.004, 11.006])
        assert graph.node_lat[order] == pytest.approx([49.501, 49.501, 49.5, 49.5])


def test_a_graph_without_edges_positions_or_system_is_refused():
    with pytest.raises(EmptyInput):
        from_osmnx(nx.MultiDiGraph(crs="epsg:4326"))
    bare = nx.MultiDiGraph([(1, 2)])
    with pytest.raises(InvalidGraph, match="no reference system"):
        from_osmnx(bare)
    bare.graph["crs"] = "epsg:4326"
    with pytest.raises(InvalidGraph, match="has no 'x'"):
        from_osmnx(bare)


def test_graphml_that_is_cut_off_or_not_from_osmnx_is_refused(tmp_path):
    whole = tmp_path / "whole.graphml"
    ox.save_graphml(to_osmnx(lauf()), whole)
    cut = tmp_path / "cut.graphml"
    cut.write_bytes(whole.read_bytes()[:5000])
    foreign = tmp_path / "foreign.graphml"
    nx.write_graphml(nx.DiGraph([("a", "b")]), foreign)
    for path in (cut, foreign):
        with pytest.raises((UnreadableFile, InvalidGraph)):
            read_roads([path])
