"""Small road graphs for tests, and OpenStreetMap XML to read them from."""

from functools import cache

from gis.roads.graph import RoadGraph
from gis.roads.osm import read_osm
from gis.roads.tables import read_tables
from tests.data import test_data


def osm_xml(nodes, ways, extra=""):
    """`nodes` id -> (lon, lat); `ways` id -> (node ids, tags)."""
    lines = ['<?xml version="1.0"?>', '<osm version="0.6">']
    lines += [
        f'<node id="{n}" lon="{lon}" lat="{lat}" version="1"/>' for n, (lon, lat) in nodes.items()
    ]
    for way, (refs, tags) in ways.items():
        lines.append(f'<way id="{way}" version="1">')
        lines += [f'<nd ref="{ref}"/>' for ref in refs]
        lines += [f'<tag k="{key}" v="{value}"/>' for key, value in tags.items()]
        lines.append("</way>")
    return "\n".join([*lines, extra, "</osm>"])


def graph_of(tmp_path, nodes, ways) -> RoadGraph:
    path = tmp_path / "roads.osm"
    path.write_text(osm_xml(nodes, ways), encoding="utf-8")
    return read_osm(path)


def way_edges(graph, way):
    return graph.edges_of_ways([way]).tolist()


@cache
def nanchang() -> RoadGraph:
    folder = test_data("roads_nanchang_kddcup2021")
    return read_tables(folder / "nodes.csv", folder / "edges.csv")


@cache
def lauf() -> RoadGraph:
    return read_osm(test_data("osm_lauf_2020/lauf-200115.osm.pbf"))


@cache
def liechtenstein() -> RoadGraph:
    return read_osm(test_data("osm_liechtenstein_2021/liechtenstein-20211028.osm.pbf"))
