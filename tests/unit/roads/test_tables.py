import numpy as np
import pytest

from gis.errors import EmptyInput, UnknownColumn, UnreadableFile
from gis.roads.readers import read_roads
from gis.roads.tables import read_tables
from tests.data import test_data
from tests.unit.roads.streets import nanchang

NODES = "node_id,lat,lon\na,28.60,115.80\nb,28.61,115.80\n"


def tables(tmp_path, nodes, edges):
    (tmp_path / "nodes.csv").write_text(nodes, encoding="utf-8")
    (tmp_path / "edges.csv").write_text(edges, encoding="utf-8")
    return tmp_path / "nodes.csv", tmp_path / "edges.csv"


def test_the_chinese_city_has_its_junctions_and_streets():
    graph = nanchang()
    assert (graph.node_count, graph.edge_count, graph.shape_count) == (2067, 6082, 3041)
    assert graph.edge_length_m.sum() / 2000 == pytest.approx(1302, abs=0.5)
    assert graph.strong_parts()[0] == 1
    assert (graph.twin >= 0).all()
    assert 11113456629 in graph.node_id


def test_a_speed_in_metres_per_second_is_the_speed_driven():
    graph = nanchang()
    assert graph.edge_travel_ms[0] == round(1016 / (60 / 3.6) * 1000)


def test_the_two_tables_may_come_in_either_order():
    folder = test_data("roads_nanchang_kddcup2021")
    swapped = read_roads([folder / "edges.csv", folder / "nodes.csv"])
    assert np.array_equal(swapped.edge_travel_ms, nanchang().edge_travel_ms)


def test_lengths_and_speeds_not_given_are_the_straight_line_and_the_class(tmp_path):
    graph = read_tables(*tables(tmp_path, NODES, "from,to,highway,name\na,b,primary,八一大道\n"))
    assert graph.edge_length_m[0] == pytest.approx(1112, abs=1)
    assert graph.edge_length_m[0] / graph.edge_travel_ms[0] * 3600 == pytest.approx(60, rel=1e-3)
    assert graph.street(0) == "八一大道"
    assert graph.node_id.tolist() == [1, 2]


def test_a_oneway_column_says_which_rows_are_both_directions(tmp_path):
    edges = "from,to,oneway\na,b,no\na,b,yes\n"
    graph = read_tables(*tables(tmp_path, NODES, edges))
    assert (graph.edge_count, graph.shape_count) == (3, 2)
    assert (graph.twin >= 0).sum() == 2


@pytest.mark.parametrize(
    ("nodes", "edges", "reason"),
    [
        (NODES, "from,to\na,c\n", r"edges.csv: row 1: to names 'c', which is no node"),
        (NODES, "from,to,length\na,b,-1\n", "row 1: length -1.0 m"),
        (NODES, "from,to,speed_kmh\na,b,0\n", "cannot be driven"),
        (NODES, "from,to,length\na,b,long\n", "'long' is not a number"),
        (NODES, "from,to\na,b\na\n", "row 2: 1 cells, the header 2"),
        (NODES + "a,1,1\n", "from,to\na,b\n", r"nodes.csv: row 3: node 'a' was already given"),
        (NODES + "c,115.8,28.6\n", "from,to\na,b\n", "row 3: .* swapped"),
    ],
)
def test_a_row_that_cannot_be_meant_refuses_the_table_and_is_named(tmp_path, nodes, edges, reason):
    with pytest.raises(UnreadableFile, match=reason):
        read_tables(*tables(tmp_path, nodes, edges))


@pytest.mark.parametrize(
    ("nodes", "edges"), [(NODES, "from,to\n"), ("id,lon,lat\n", "from,to\na,b\n"), (NODES, "")]
)
def test_a_table_without_rows_is_refused_as_empty(tmp_path, nodes, edges):
    with pytest.raises(EmptyInput):
        read_tables(*tables(tmp_path, nodes, edges))


def test_a_table_without_a_needed_column_names_those_it_has(tmp_path):
    with pytest.raises(UnknownColumn, match="no column for to; the file has from, length"):
        read_tables(*tables(tmp_path, NODES, "from,length\na,1\n"))


def test_one_table_alone_or_three_files_are_refused(tmp_path):
    nodes, edges = tables(tmp_path, NODES, "from,to\na,b\n")
    with pytest.raises(UnreadableFile, match="tables come in pairs"):
        read_roads([nodes])
    with pytest.raises(UnreadableFile, match="roads are one file"):
        read_roads([nodes, edges, edges])
    with pytest.raises(UnreadableFile, match="roads are one file"):
        read_roads([])
