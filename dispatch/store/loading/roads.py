"""Road graphs: the arrays that travel times are made of, and the same roads as lines to draw."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from sqlalchemy import Connection, delete
from sqlalchemy.dialects.postgresql import insert

from dispatch.store.loading.report import Change, Progress, silent
from dispatch.store.loading.staging import copy_rows
from dispatch.store.roads import tell_roads_changed
from dispatch.store.tables.base import SRID
from dispatch.store.tables.roads import road_graph, road_line
from gis.roads.cch import engine_for
from gis.roads.graph import RoadGraph, to_bytes
from gis.roads.speeds import RoadClass

DEFAULT_NAME = "default"


@dataclass(frozen=True, slots=True)
class StoredRoads:
    """What became of a road file: `nodes` and `edges` can be driven, of `nodes_read`."""

    change: Change
    nodes: int
    edges: int
    nodes_read: int


def store_roads(
    connection: Connection,
    graph: RoadGraph,
    *,
    name: str,
    digest: str,
    now: datetime,
    progress: Progress = silent,
) -> StoredRoads:
    """Put `graph` in the place of the graph called `name`, and its lines with it.

    Every road is drawn; only the largest part in which every place reaches every other is driven.
    """
    progress("packing the road graph")
    driven = graph.largest_part()
    values = {
        "digest": digest,
        "loaded_at": now,
        "nodes": driven.node_count,
        "edges": driven.edge_count,
        "arrays": to_bytes(driven),
        "node_order": engine_for(driven).order_bytes() if driven.edge_count else None,
    }
    given = insert(road_graph).values(name=name, **values)
    connection.execute(given.on_conflict_do_update(index_elements=["name"], set_=values))
    connection.execute(delete(road_line).where(road_line.c.graph == name))
    progress("writing road lines")
    columns = ("graph", "name", "road_class", "line")
    copy_rows(connection, road_line.name, columns, _lines(graph, name), progress)
    tell_roads_changed(connection)
    change = Change(new=graph.shape_count)
    return StoredRoads(change, driven.node_count, driven.edge_count, graph.node_count)


def _lines(graph: RoadGraph, name: str) -> Iterator[tuple[str, str, str, str]]:
    owner = np.repeat(np.arange(graph.shape_count), np.diff(graph.shape_start))
    points = np.column_stack([graph.shape_lon, graph.shape_lat])
    lines = shapely.set_srid(shapely.linestrings(points, indices=owner), SRID)
    packed = shapely.to_wkb(lines, hex=True, include_srid=True).tolist()
    first = graph.shape_edges.max(axis=1)
    classes = {member.value: member.name.lower() for member in RoadClass}
    for edge, line in zip(first.tolist(), packed, strict=True):
        yield name, graph.street(edge), classes[int(graph.edge_class[edge])], line
