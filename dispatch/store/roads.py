"""The loaded road graph, and the roads that cannot be driven now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy import Connection, RowMapping, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import Range

from dispatch.domain.words import DistrictId
from dispatch.errors import NotFound
from dispatch.store.operations import road_closure
from dispatch.store.tables import SRID, road_graph

Line = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadClosure:
    """A road that cannot be driven; `line` is EPSG:4326, `ends_at` None until somebody knows."""

    id: int
    district_id: DistrictId | None
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    by: str
    line: Line
    lifted_at: datetime | None = None


def find_graph_digest(connection: Connection) -> tuple[str, str] | None:
    """Find which graph to drive on, by name and digest; the default one first, then the newest."""
    g = road_graph
    row = connection.execute(
        select(g.c.name, g.c.digest)
        .order_by((g.c.name == "default").desc(), g.c.loaded_at.desc())
        .limit(1)
    ).first()
    return None if row is None else (row.name, row.digest)


@dataclass(frozen=True, slots=True)
class PackedGraph:
    """A graph's arrays and, where it was computed, its node order, as they were packed."""

    arrays: bytes
    node_order: bytes | None


def read_graph(connection: Connection, name: str) -> PackedGraph:
    """Read a graph as it was packed; `NotFound` if there is none of that name."""
    g = road_graph.c
    row = connection.execute(select(g.arrays, g.node_order).where(g.name == name)).first()
    if row is None:
        raise NotFound("road graph", name=name)
    order = row.node_order
    return PackedGraph(bytes(row.arrays), None if order is None else bytes(order))


def add_closure(
    connection: Connection,
    *,
    district_id: str | None,
    reason: str,
    line: Sequence[tuple[float, float]],
    starts_at: datetime,
    ends_at: datetime | None,
    by: str,
) -> RoadClosure:
    """Close a road; `InvalidInput` by the edge has kept `ends_at` after `starts_at`."""
    c = road_closure
    closure_id = connection.execute(
        insert(c)
        .values(
            district_id=district_id,
            reason=reason,
            period=Range(starts_at, ends_at),
            by=by,
            line=from_shape(shapely.LineString(line), srid=SRID),
        )
        .returning(c.c.id)
    ).scalar_one()
    return find_closure(connection, closure_id)


def find_closure(connection: Connection, closure_id: int) -> RoadClosure:
    """Read one closure; `NotFound` if there is none."""
    row = (
        connection.execute(select(road_closure).where(road_closure.c.id == closure_id))
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound("road closure", id=closure_id)
    return _closure(row)


def lift_closure(connection: Connection, closure_id: int, now: datetime) -> None:
    """Open the road again; doing so twice changes nothing."""
    c = road_closure
    connection.execute(
        update(c).where(c.c.id == closure_id, c.c.lifted_at.is_(None)).values(lifted_at=now)
    )


def list_closures(connection: Connection, now: datetime) -> Sequence[RoadClosure]:
    """List what is closed now or will be, soonest first."""
    c = road_closure
    rows = connection.execute(
        select(road_closure)
        .where(
            c.c.lifted_at.is_(None),
            or_(func.upper(c.c.period).is_(None), func.upper(c.c.period) > now),
        )
        .order_by(func.lower(c.c.period), c.c.id)
    ).mappings()
    return [_closure(row) for row in rows]


def _closure(row: RowMapping) -> RoadClosure:
    period = row["period"]
    line = tuple((x, y) for x, y in to_shape(row["line"]).coords)
    district_id = row["district_id"]
    return RoadClosure(
        id=row["id"],
        district_id=None if district_id is None else DistrictId(district_id),
        reason=row["reason"],
        starts_at=period.lower,
        ends_at=period.upper,
        by=row["by"],
        line=line,
        lifted_at=row["lifted_at"],
    )
