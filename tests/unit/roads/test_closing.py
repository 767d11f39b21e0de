"""What a drawing shuts: streets it runs along or holds, both ways or one."""

import numpy as np
import pytest
import shapely

from gis.roads.closing import edges_shut, shut_by
from gis.roads.snapping import Snapper
from tests.unit.roads.streets import graph_of, lauf

#  4 -- 5 -- 6     a lattice of 0.01 degrees; way 13 is one way, from 2 to 5
#  |    ^    |
#  1 -- 2 -- 3
NODES = {
    1: (11.00, 49.50),
    2: (11.01, 49.50),
    3: (11.02, 49.50),
    4: (11.00, 49.51),
    5: (11.01, 49.51),
    6: (11.02, 49.51),
}
WAYS = {
    10: ([1, 2], {"highway": "residential", "name": "West Street"}),
    11: ([2, 3], {"highway": "residential", "name": "East Street"}),
    12: ([1, 4], {"highway": "residential"}),
    13: ([2, 5], {"highway": "residential", "oneway": "yes"}),
    14: ([3, 6], {"highway": "residential"}),
    15: ([4, 5, 6], {"highway": "residential"}),
}


@pytest.fixture(scope="module")
def snapper(tmp_path_factory):
    return Snapper(graph_of(tmp_path_factory.mktemp("lattice"), NODES, WAYS))


def ways(snapper, shut):
    return sorted(snapper.graph.edge_way[list(shut.edges)].tolist())


def test_a_line_that_only_crosses_a_street_leaves_it_open(snapper):
    shut = shut_by(snapper, shapely.LineString([(11.0001, 49.5), (11.0199, 49.5)]))
    assert ways(snapper, shut) == [10, 10, 11, 11]
    assert shut.sections == 2
    assert shut.names == ("East Street", "West Street")
    assert shut.length_m == pytest.approx(2 * 722, rel=0.01)


def test_a_short_line_across_one_street_means_that_street(snapper):
    shut = shut_by(snapper, shapely.LineString([(11.005, 49.50005), (11.005, 49.49995)]))
    assert ways(snapper, shut) == [10, 10]


@pytest.mark.parametrize(("line", "ends"), [((11.003, 11.007), 2), ((11.007, 11.003), 1)])
def test_one_direction_is_that_in_which_the_line_was_drawn(snapper, line, ends):
    shut = shut_by(snapper, shapely.LineString([(lon, 49.5) for lon in line]), one_way=True)
    (edge,) = shut.edges
    assert snapper.graph.node_id[snapper.graph.edge_to[edge]] == ends


def test_the_other_direction_of_a_one_way_street_is_nothing_to_shut(snapper):
    down = shapely.LineString([(11.01, 49.507), (11.01, 49.503)])
    assert shut_by(snapper, down, one_way=True).edges == ()
    assert len(shut_by(snapper, shapely.reverse(down), one_way=True).edges) == 1


def test_an_area_shuts_every_street_that_enters_it(snapper):
    shut = shut_by(snapper, shapely.box(11.008, 49.495, 11.012, 49.505))
    assert ways(snapper, shut) == [10, 10, 11, 11, 13]


def test_an_area_drawn_across_itself_still_shuts_what_it_covers(snapper):
    bow_tie = [(10.99, 49.505), (11.005, 49.515), (11.005, 49.505), (10.99, 49.515)]
    assert ways(snapper, shut_by(snapper, shapely.Polygon(bow_tie))) == [12, 12, 15, 15]


def test_a_drawing_beside_every_road_shuts_nothing(snapper):
    away = shapely.LineString([(11.002, 49.504), (11.006, 49.506)])
    shut = shut_by(snapper, away)
    assert (shut.edges, shut.sections, shut.length_m) == ((), 0, 0.0)
    assert shut.lines.is_empty
    assert not len(edges_shut([shut]))


def test_a_real_towns_streets_are_shut_alike_by_two_processes():
    area = shapely.Point(11.28, 49.51).buffer(0.004)
    one, other = (shut_by(Snapper(lauf()), area) for _ in range(2))
    assert one.edges == other.edges
    graph = lauf()
    middle = [shapely.LineString(graph.line(e)).intersects(area) for e in range(graph.edge_count)]
    assert sum(middle) == len(one.edges)


def test_the_lines_of_many_edges_are_those_of_each(snapper):
    graph = snapper.graph
    edges = np.arange(graph.edge_count)[::-1]
    each = shapely.MultiLineString([graph.line(edge) for edge in edges.tolist()])
    assert graph.lines(edges).equals_exact(each, 0.0)
    assert graph.lines(edges[:0]).is_empty
