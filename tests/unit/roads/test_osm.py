import bz2
import gzip

import numpy as np
import osmnx as ox
import pytest

from gis.crs import distance_m
from gis.errors import EmptyInput, UnreadableFile
from gis.roads.graph import from_bytes, to_bytes
from gis.roads.osm import read_osm
from gis.roads.speeds import SPEED_KMH, RoadClass
from tests.data import test_data
from tests.unit.roads.streets import (
    graph_of,
    lauf,
    liechtenstein,
    osm_xml,
    way_edges,
)

LAUF = "osm_lauf_2020/lauf-200115.osm.pbf"

#   1 --- 2 --- 3      4 hangs below 2
#         |
#         4
CROSS = {1: (11.000, 49.5), 2: (11.001, 49.5), 3: (11.002, 49.5), 4: (11.001, 49.499)}
HOME = {"highway": "residential", "name": "提督街"}


def directions(graph):
    return sorted(
        (int(graph.node_id[a]), int(graph.node_id[b]))
        for a, b in zip(graph.edge_from, graph.edge_to, strict=True)
    )


def test_ways_are_split_only_where_streets_meet_and_keep_their_shape(tmp_path):
    nodes = {**CROSS, 5: (11.0005, 49.5002)}
    graph = graph_of(tmp_path, nodes, {10: ([1, 5, 2, 3], HOME), 11: ([2, 4], HOME)})
    assert sorted(graph.node_id.tolist()) == [1, 2, 3, 4]
    assert directions(graph) == [(1, 2), (2, 1), (2, 3), (2, 4), (3, 2), (4, 2)]
    (first,) = np.flatnonzero((graph.edge_from == 0) & (graph.edge_to == 1))
    assert graph.line(first).tolist() == [[11.0, 49.5], [11.0005, 49.5002], [11.001, 49.5]]
    back = graph.twin[first]
    assert graph.line(back).tolist() == graph.line(first)[::-1].tolist()
    assert graph.street(back) == "提督街"


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        ({}, [(1, 2), (2, 1)]),
        ({"oneway": "yes"}, [(1, 2)]),
        ({"oneway": "-1"}, [(2, 1)]),
        ({"oneway": "no", "junction": "roundabout"}, [(1, 2), (2, 1)]),
        ({"junction": "roundabout"}, [(1, 2)]),
        ({"junction": "circular"}, [(1, 2)]),
        ({"highway": "motorway"}, [(1, 2)]),
        ({"highway": "motorway_link"}, [(1, 2), (2, 1)]),
        ({"oneway": "alternating"}, [(1, 2), (2, 1)]),
        ({"access": "private", "motor_vehicle": "yes"}, [(1, 2), (2, 1)]),
        ({"access": "destination"}, [(1, 2), (2, 1)]),
        ({"highway": "track", "motor_vehicle": "agricultural"}, [(1, 2), (2, 1)]),
    ],
)
def test_a_way_is_driven_in_the_directions_its_tags_allow(tmp_path, tags, wanted):
    graph = graph_of(tmp_path, CROSS, {10: ([1, 2], {**HOME, **tags})})
    assert directions(graph) == wanted


@pytest.mark.parametrize(
    "tags",
    [
        {"access": "no"},
        {"access": "yes", "motor_vehicle": "no"},
        {"vehicle": "no"},
        {"oneway": "reversible"},
        {"area": "yes"},
        {"highway": "footway"},
        {"highway": "construction"},
        {"highway": "", "route": "ferry"},
    ],
)
def test_what_a_vehicle_may_not_drive_is_left_out(tmp_path, tags):
    ways = {10: ([1, 2], {**HOME, **tags}), 11: ([2, 3], HOME)}
    graph = graph_of(tmp_path, CROSS, ways)
    assert set(graph.edge_way.tolist()) == {11}


@pytest.mark.parametrize(
    ("tags", "ahead_kmh", "back_kmh"),
    [
        ({}, 25, 25),
        ({"access": "private"}, 12.5, 12.5),
        ({"access": "no", "motor_vehicle": "destination"}, 12.5, 12.5),
        ({"maxspeed": "20"}, 16, 16),
        ({"maxspeed": "100"}, 25, 25),
        ({"highway": "primary"}, 60, 60),
        ({"highway": "primary", "maxspeed": "100"}, 80, 80),
        ({"highway": "primary", "maxspeed": "50 mph"}, 64.37376, 64.37376),
        ({"highway": "primary", "maxspeed": "DE:urban"}, 40, 40),
        ({"highway": "motorway", "oneway": "no", "maxspeed": "none"}, 110, 110),
        ({"highway": "primary", "maxspeed": "70;50"}, 40, 40),
        ({"highway": "primary", "maxspeed": "fast"}, 60, 60),
        ({"highway": "primary", "maxspeed:backward": "50"}, 60, 40),
    ],
)
def test_speed_is_that_of_the_class_unless_a_limit_says_otherwise(
    tmp_path, tags, ahead_kmh, back_kmh
):
    graph = graph_of(tmp_path, CROSS, {10: ([1, 2], {**HOME, **tags})})
    driven = graph.edge_length_m / graph.edge_travel_ms * 3600
    assert driven.tolist() == pytest.approx([ahead_kmh, back_kmh], rel=1e-3)


def test_every_class_has_a_speed():
    assert set(SPEED_KMH) == set(RoadClass)


def test_a_way_is_interrupted_where_the_extract_lacks_a_node(tmp_path):
    nodes = {n: CROSS[n] for n in (1, 2, 3)}
    nodes[6] = (11.003, 49.5)
    graph = graph_of(tmp_path, nodes, {10: ([1, 2, 99, 3, 6], HOME)})
    assert directions(graph) == [(1, 2), (2, 1), (3, 6), (6, 3)]


def test_a_node_named_twice_in_a_row_makes_no_edge(tmp_path):
    graph = graph_of(tmp_path, CROSS, {10: ([1, 1, 2, 2], HOME)})
    assert directions(graph) == [(1, 2), (2, 1)]


def test_a_cul_de_sac_loop_stays_a_loop(tmp_path):
    graph = graph_of(tmp_path, CROSS, {10: ([1, 2, 3, 4, 1], HOME)})
    assert directions(graph) == [(1, 1), (1, 1)]
    assert graph.shape_count == 1


def test_a_file_in_no_order_reads_the_same(tmp_path):
    ways = {10: ([1, 2, 3], HOME), 11: ([2, 4], HOME)}
    backwards = dict(reversed(CROSS.items()))
    ordered, shuffled = graph_of(tmp_path, CROSS, ways), graph_of(tmp_path, backwards, ways)
    assert directions(ordered) == directions(shuffled)
    assert ordered.edge_travel_ms.tolist() == shuffled.edge_travel_ms.tolist()


@pytest.mark.parametrize(("name", "pack"), [("a.osm.bz2", bz2.compress), ("a.bin", gzip.compress)])
def test_packed_files_are_known_by_their_content(tmp_path, name, pack):
    whole = osm_xml(CROSS, {10: ([1, 2], HOME)}).encode()
    (tmp_path / name).write_bytes(pack(whole))
    assert directions(read_osm(tmp_path / name)) == [(1, 2), (2, 1)]


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_a_protobuf_file_cut_off_anywhere_is_refused(tmp_path, kept):
    whole = test_data(LAUF).read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(UnreadableFile, match="cut off"):
        read_osm(path)


@pytest.mark.parametrize("pack", [bytes, bz2.compress])
def test_an_xml_file_cut_off_is_refused(tmp_path, pack):
    whole = pack(osm_xml(CROSS, {10: ([1, 2], HOME)}).encode())
    path = tmp_path / "cut.osm"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(UnreadableFile, match="cut off"):
        read_osm(path)


def test_a_damaged_protobuf_block_is_refused(tmp_path):
    whole = bytearray(test_data(LAUF).read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 200] = b"\xff" * 200
    path = tmp_path / "damaged.osm.pbf"
    path.write_bytes(whole)
    with pytest.raises(UnreadableFile):
        read_osm(path)


@pytest.mark.parametrize("body", [b"", b"lon,lat\n1,2\n", b"\x89PNG\r\n\x1a\n" + b"\x00" * 600])
def test_another_kind_of_file_is_refused(tmp_path, body):
    path = tmp_path / "roads.osm.pbf"
    path.write_bytes(body)
    with pytest.raises(UnreadableFile, match="no OpenStreetMap file"):
        read_osm(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(UnreadableFile, match=r"nowhere\.osm"):
        read_osm(tmp_path / "nowhere.osm")


@pytest.mark.parametrize("ways", [{}, {10: ([1, 2], {"highway": "steps"})}, {10: ([98, 99], HOME)}])
def test_a_file_without_a_drivable_road_is_refused_as_empty(tmp_path, ways):
    with pytest.raises(EmptyInput, match="roads a vehicle may drive"):
        graph_of(tmp_path, CROSS, ways)


def test_progress_is_told(tmp_path):
    seen = []
    read_osm(test_data(LAUF), seen.append)
    assert seen[0] == 0
    assert seen == sorted(set(seen))


def test_the_german_town_has_its_roads():
    graph = lauf()
    once = np.unique(graph.edge_shape, return_index=True)[1]
    # of 191 km of road in the file, 7 are shut to vehicles and 5 private
    assert graph.edge_length_m[once].sum() / 1000 == pytest.approx(183.6, abs=0.5)
    biggest = graph.largest_part()
    assert biggest.node_count / graph.node_count > 0.95
    assert biggest.strong_parts()[0] == 1


def test_the_small_country_is_one_connected_network():
    graph = liechtenstein()
    assert graph.largest_part().edge_count / graph.edge_count > 0.95


def test_junctions_agree_with_osmnx(tmp_path):
    ways = {
        10: ([1, 2, 3], {**HOME, "oneway": "yes"}),
        11: ([2, 4], HOME),
        12: ([4, 1], HOME),
    }
    graph = graph_of(tmp_path, CROSS, ways)
    oracle = ox.graph_from_xml(tmp_path / "roads.osm", simplify=False, retain_all=True)
    junctions = {node for node in oracle if len(set(nx_neighbours(oracle, node))) != 2}
    assert junctions <= set(graph.node_id.tolist())
    total = sum(length for *_, length in oracle.edges(data="length"))
    assert graph.edge_length_m.sum() == pytest.approx(total, rel=1e-3)


def nx_neighbours(graph, node):
    return [*graph.successors(node), *graph.predecessors(node)]


def test_the_edges_of_a_way_are_found_for_closing_it(tmp_path):
    graph = graph_of(tmp_path, CROSS, {10: ([1, 2, 3], HOME), 11: ([2, 4], HOME)})
    assert [graph.edge_way[edge] for edge in way_edges(graph, 11)] == [11, 11]
    assert way_edges(graph, 12) == []


def barrier(node, **tags):
    said = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
    lon, lat = CROSS[node]
    return f'<node id="{node}" lon="{lon}" lat="{lat}" version="1">{said}</node>'


@pytest.mark.parametrize(
    ("tags", "passed"),
    [
        ({"barrier": "bollard"}, False),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, True),
        ({"barrier": "gate"}, True),
        ({"barrier": "gate", "access": "private"}, True),
        ({"barrier": "gate", "motor_vehicle": "no"}, False),
        ({"barrier": "lift_gate"}, True),
    ],
)
def test_a_barrier_parts_the_road_where_no_vehicle_passes(tmp_path, tags, passed):
    path = tmp_path / "barrier.osm"
    others = {node: place for node, place in CROSS.items() if node != 2}
    ways = {10: ([1, 2, 3], HOME), 11: ([1, 3], HOME)}
    text = osm_xml(others, ways).replace("<way", barrier(2, **tags) + "<way", 1)
    path.write_text(text, encoding="utf-8")
    graph = read_osm(path)
    street = graph.edge_length_m[graph.edge_way == 10]
    assert len(street) == (2 if passed else 4)
    whole = distance_m(*CROSS[1], *CROSS[2]) + distance_m(*CROSS[2], *CROSS[3])
    assert street.sum() == pytest.approx(2 * whole)


def test_turn_restrictions_of_a_real_town_name_edges_that_meet():
    graph = liechtenstein()
    assert len(graph.ban_from) > 20
    assert (graph.edge_to[graph.ban_from] == graph.edge_from[graph.ban_to]).all()
    kept = graph.largest_part()
    assert 0 < len(kept.ban_from) <= len(graph.ban_from)
    again = from_bytes(to_bytes(kept))
    assert (again.ban_from == kept.ban_from).all()
    assert (again.ban_to == kept.ban_to).all()
