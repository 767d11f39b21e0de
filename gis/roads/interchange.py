"""osmnx graphs in and out, so that a user's own osmnx work loads and ours can be studied with it.

Nothing else in the system imports osmnx: it is for interchange and studies, not for serving.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import osmnx as ox
import shapely

from gis.crs import Floats
from gis.errors import EmptyInput, InvalidGraph, UnreadableFile
from gis.roads.build import polyline_lengths_m, travel_ms
from gis.roads.graph import Flags, Int32s, Ints, RoadGraph, starts, validate
from gis.roads.speeds import CLASS_BY_NAME, RoadClass, limit_kmh, speed_kmh

MPS_KMH = 3.6

Data = Mapping[str, Any]
Edge = tuple[int, int, Data]


def read_graphml(path: Path) -> RoadGraph:
    """Read a graph that osmnx saved as GraphML; errors as `from_osmnx`, and UnreadableFile."""
    try:
        graph = ox.load_graphml(path)
    except (nx.NetworkXError, ValueError, KeyError, SyntaxError, OSError) as error:
        raise UnreadableFile(path, f"no GraphML that osmnx saved: {error}") from None
    return from_osmnx(graph)


def from_osmnx(graph: "nx.MultiDiGraph[int]") -> RoadGraph:
    """Take over a graph of osmnx, simplified or not.

    Travel times are its `travel_time` in seconds where there is one, else our speed for its
    `highway` and `maxspeed`. Where osmnx merged several ways into an edge, the id, class and name
    of the first count. Projected graphs are turned back to WGS-84.

    Raises
    ------
    EmptyInput
        If it has no edge.
    InvalidGraph
        If a node has no position or an edge no usable length.
    """
    if not graph.number_of_edges():
        raise EmptyInput("osmnx graph", "at least one edge")
    if graph.graph.get("crs") is None:
        raise InvalidGraph("the osmnx graph names no reference system")
    if not ox.projection.is_projected(graph.graph["crs"]):
        return _assembled(graph)
    return _assembled(ox.project_graph(graph, to_latlong=True))


def _assembled(graph: "nx.MultiDiGraph[int]") -> RoadGraph:
    nodes = list(graph.nodes)
    index = {node: at for at, node in enumerate(nodes)}
    try:
        places = np.array([(graph.nodes[n]["x"], graph.nodes[n]["y"]) for n in nodes], float)
    except KeyError as error:
        raise InvalidGraph(f"a node of the osmnx graph has no {error}") from None
    edges: list[Edge] = [(index[u], index[v], data) for u, v, data in graph.edges(data=True)]
    lines = [_line(places, u, v, data) for u, v, data in edges]
    shape, against, owners = _shapes(edges, lines)
    counts = np.array([len(lines[owner]) for owner in owners], np.int64)
    points = np.concatenate([lines[owner] for owner in owners])
    names = {name: at for at, name in enumerate(dict.fromkeys(["", *map(_name, edges)]))}
    length_m = np.array(
        [_length_m(data, line) for (_, _, data), line in zip(edges, lines, strict=True)]
    )
    return validate(
        RoadGraph(
            node_id=np.array(nodes, np.int64),
            node_lon=places[:, 0],
            node_lat=places[:, 1],
            edge_from=np.array([u for u, _, _ in edges], np.int32),
            edge_to=np.array([v for _, v, _ in edges], np.int32),
            edge_length_m=length_m,
            edge_travel_ms=travel_ms(
                length_m,
                np.array([_kmh(data, m) for (*_, data), m in zip(edges, length_m, strict=True)]),
            ),
            edge_class=np.array([_class(data) for *_, data in edges], np.uint8),
            edge_way=np.array([int(_first(data.get("osmid", 0))) for *_, data in edges], np.int64),
            edge_name=np.array([names[_name(edge)] for edge in edges], np.int32),
            edge_shape=shape,
            edge_reversed=against,
            shape_start=starts(counts),
            shape_lon=points[:, 0],
            shape_lat=points[:, 1],
            names=tuple(names),
        )
    )


def _first(value: Any) -> Any:  # noqa: ANN401 (osmnx attributes are of any type)
    return value[0] if isinstance(value, list) else value


def _name(edge: Edge) -> str:
    name = _first(edge[2].get("name"))
    return name if isinstance(name, str) else ""


def _class(data: Data) -> RoadClass:
    return CLASS_BY_NAME.get(str(_first(data.get("highway"))), RoadClass.ROAD)


def _kmh(data: Data, length_m: float) -> float:
    if data.get("travel_time"):
        return max(length_m, 1e-3) / float(data["travel_time"]) * MPS_KMH
    limit = _first(data.get("maxspeed"))
    return speed_kmh(_class(data), limit_kmh(None if limit is None else str(limit)))


def _line(places: Floats, start: int, end: int, data: Data) -> Floats:
    geometry = data.get("geometry")
    if geometry is None:
        return places[[start, end]]
    line: Floats = shapely.get_coordinates(geometry)
    return line


def _length_m(data: Data, line: Floats) -> float:
    if data.get("length") is None:
        return float(polyline_lengths_m(line[:, 0], line[:, 1], np.array([0, len(line)]))[0])
    return float(data["length"])


def _shapes(edges: list[Edge], lines: list[Floats]) -> tuple[Int32s, Flags, list[int]]:
    """Give shape and direction of every edge, and the edge that each shape was taken from."""
    waiting: dict[bytes, int] = {}
    shape: list[int] = []
    against: list[bool] = []
    owners: list[int] = []
    for at, line in enumerate(lines):
        opposite = waiting.pop(_key(edges[at][1], edges[at][0], line[::-1]), None)
        against.append(opposite is not None)
        if opposite is None:
            opposite = len(owners)
            owners.append(at)
            waiting[_key(edges[at][0], edges[at][1], line)] = opposite
        shape.append(opposite)
    return np.array(shape, np.int32), np.array(against, np.bool_), owners


def _key(start: int, end: int, line: Floats) -> bytes:
    return np.array([start, end], np.int64).tobytes() + np.round(line, 7).tobytes()


def to_osmnx(graph: RoadGraph) -> "nx.MultiDiGraph[int]":
    """Give the graph as osmnx has it: x, y, highway, name, osmid, length, travel_time, geometry."""
    given: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs="epsg:4326", simplified=True)
    ids: Ints = graph.node_id
    for node, lon, lat in zip(
        ids.tolist(), graph.node_lon.tolist(), graph.node_lat.tolist(), strict=True
    ):
        given.add_node(node, x=lon, y=lat)
    for edge in range(graph.edge_count):
        given.add_edge(
            int(ids[graph.edge_from[edge]]),
            int(ids[graph.edge_to[edge]]),
            osmid=int(graph.edge_way[edge]),
            highway=RoadClass(int(graph.edge_class[edge])).name.lower(),
            name=graph.street(edge),
            oneway=bool(graph.twin[edge] < 0),
            reversed=bool(graph.edge_reversed[edge]),
            length=float(graph.edge_length_m[edge]),
            travel_time=float(graph.edge_travel_ms[edge]) / 1000,
            geometry=shapely.LineString(graph.line(edge)),
        )
    return given
