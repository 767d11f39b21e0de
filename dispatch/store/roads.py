"""The loaded road graph, and the roads that cannot be driven now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    TextClause,
    and_,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import Range

from dispatch.domain.event import Event
from dispatch.domain.words import DistrictId
from dispatch.errors import NotFound
from dispatch.store.events import PgEvents
from dispatch.store.tables.base import SRID
from dispatch.store.tables.roads import road_closure, road_graph

CHANNEL = "relight_roads"
"""What to LISTEN to; a notification says that roads or closures are others, never which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Roads that somebody closes.

    Attributes
    ----------
    drawn
        A LineString along them or a Polygon around them, EPSG:4326.
    one_way
        Only the direction in which the line was drawn.
    ends_at
        After `starts_at`; None until somebody knows.
    """

    district_id: DistrictId | None
    reason: str
    drawn: BaseGeometry
    one_way: bool = False
    starts_at: datetime
    ends_at: datetime | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadClosure(Closing):
    """Roads that cannot be driven, as they are kept."""

    id: int
    lifted_at: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        """Whether the roads are shut at a time; one that was lifted is shut no more."""
        begun = self.starts_at <= at
        return begun and self.lifted_at is None and (self.ends_at is None or at < self.ends_at)


def list_graphs(connection: Connection) -> Sequence[tuple[str, str]]:
    """List the graphs to drive on by name and digest, in the order of their names."""
    g = road_graph
    rows = connection.execute(select(g.c.name, g.c.digest).order_by(g.c.name))
    return [(row.name, row.digest) for row in rows]


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


def add_closure(connection: Connection, closing: Closing, *, now: datetime) -> RoadClosure:
    """Close roads; every process hears of it when the transaction commits."""
    c = road_closure
    closure_id = connection.execute(
        insert(c)
        .values(
            district_id=closing.district_id,
            reason=closing.reason,
            period=Range(closing.starts_at, closing.ends_at),
            by=closing.by,
            drawn=from_shape(closing.drawn, srid=SRID),
            one_way=closing.one_way,
        )
        .returning(c.c.id)
    ).scalar_one()
    closure = find_closure(connection, closure_id)
    _tell(connection, closure, "closed", by=closing.by, at=now)
    return closure


def tell_roads_changed(connection: Connection) -> None:
    """Wake every process that drives on the roads, when the transaction commits."""
    connection.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


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


def lift_closure(connection: Connection, closure_id: int, *, by: str, now: datetime) -> bool:
    """Open the roads again; False, and nothing changes, where somebody has done so already."""
    c = road_closure
    lifted = connection.execute(
        update(c)
        .where(c.c.id == closure_id, c.c.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=by)
    )
    if lifted.rowcount:
        _tell(connection, find_closure(connection, closure_id), "opened", by=by, at=now)
    return lifted.rowcount > 0


def move_end(
    connection: Connection, closure_id: int, ends_at: datetime | None, *, by: str, now: datetime
) -> RoadClosure:
    """Give a closure another end; `NotFound` where it has been lifted or is over."""
    c = road_closure
    moved = connection.execute(
        update(c)
        .where(c.c.id == closure_id, _standing(now))
        .values(period=func.tstzrange(func.lower(c.c.period), ends_at))
    )
    if not moved.rowcount:
        raise NotFound("standing road closure", id=closure_id)
    closure = find_closure(connection, closure_id)
    _tell(connection, closure, "moved", by=by, at=now)
    return closure


def _standing(now: datetime) -> ColumnElement[bool]:
    """What is closed at a time or will be later."""
    end = func.upper(road_closure.c.period)
    return and_(road_closure.c.lifted_at.is_(None), or_(end.is_(None), end > now))


def _tell(
    connection: Connection, closure: RoadClosure, kind: str, *, by: str, at: datetime
) -> None:
    """Write the journal and wake every process, both when the transaction commits."""
    events = PgEvents(connection)
    events.append(
        Event(
            stream=f"closure:{closure.id}",
            kind=f"closure.{kind}",
            at=at,
            actor=by,
            district_id=closure.district_id,
            body={
                "reason": closure.reason,
                "starts_at": closure.starts_at,
                "ends_at": closure.ends_at,
                "one_way": closure.one_way,
            },
        )
    )
    events.write()
    tell_roads_changed(connection)


def list_closures(connection: Connection, now: datetime) -> Sequence[RoadClosure]:
    """List what is closed now or will be, soonest first."""
    c = road_closure
    rows = connection.execute(
        select(road_closure).where(_standing(now)).order_by(func.lower(c.c.period), c.c.id)
    ).mappings()
    return [_closure(row) for row in rows]


_TAKE = text(
    """
    INSERT INTO road_closure_taken (closure_id, process, taken_at)
    SELECT road_closure.id, :process, clock_timestamp() FROM road_closure
    WHERE road_closure.id = ANY(:ids)
    ON CONFLICT DO NOTHING
    RETURNING closure_id, extract(epoch FROM taken_at - (
        SELECT max(recorded_at) FROM event
        WHERE stream = 'closure:' || closure_id AND kind = 'closure.closed'
    )) AS after_s
    """
)
_OPEN = text(
    """
    INSERT INTO road_closure_taken AS noted (closure_id, process, opened_at)
    SELECT road_closure.id, :process, clock_timestamp() FROM road_closure
    WHERE road_closure.id = ANY(:ids)
    ON CONFLICT (closure_id, process) DO UPDATE SET opened_at = excluded.opened_at
    WHERE noted.opened_at IS NULL
    RETURNING closure_id, extract(epoch FROM opened_at - (
        SELECT max(recorded_at) FROM event
        WHERE stream = 'closure:' || closure_id AND kind = 'closure.opened'
    )) AS after_s
    """
)
_TAKEN = text(
    """
    SELECT taken.closure_id, count(*) AS processes,
        max(extract(epoch FROM taken.taken_at - told.recorded_at)) AS slowest_s
    FROM road_closure_taken AS taken
    JOIN event AS told
        ON told.stream = 'closure:' || taken.closure_id AND told.kind = 'closure.closed'
    JOIN road_closure ON road_closure.id = taken.closure_id
    WHERE taken.closure_id = ANY(:ids) AND lower(road_closure.period) <= told.at
        AND taken.taken_at IS NOT NULL
    GROUP BY taken.closure_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How many processes drive by a closure, and how long the slowest took to, seconds.

    The time is from the journal's entry to the moment at which it was in the process's graph.
    """

    processes: int
    slowest_s: float


def note_taken(
    connection: Connection, closure_ids: Collection[int], process: str
) -> Mapping[int, float]:
    """Note that a process drives by closures now; the seconds since the journal has each.

    One that was noted before is left out.
    """
    return _noted(connection, _TAKE, closure_ids, process)


def note_opened(
    connection: Connection, closure_ids: Collection[int], process: str
) -> Mapping[int, float]:
    """Note that a process drives there again; the seconds since the journal has each as opened.

    One that was noted before, or came to its end without being lifted, is left out.
    """
    return _noted(connection, _OPEN, closure_ids, process)


def _noted(
    connection: Connection, statement: TextClause, closure_ids: Collection[int], process: str
) -> Mapping[int, float]:
    rows = connection.execute(statement, {"ids": sorted(closure_ids), "process": process})
    return {row.closure_id: float(row.after_s) for row in rows if row.after_s is not None}


def taken_by(connection: Connection, closure_ids: Collection[int]) -> Mapping[int, Taken]:
    """How soon closures were in the graphs of the processes; only those that began at once."""
    rows = connection.execute(_TAKEN, {"ids": sorted(closure_ids)})
    return {
        row.closure_id: Taken(processes=row.processes, slowest_s=float(row.slowest_s))
        for row in rows
    }


def _closure(row: RowMapping) -> RoadClosure:
    period = row["period"]
    district_id = row["district_id"]
    return RoadClosure(
        id=row["id"],
        district_id=None if district_id is None else DistrictId(district_id),
        reason=row["reason"],
        starts_at=period.lower,
        ends_at=period.upper,
        by=row["by"],
        drawn=to_shape(row["drawn"]),
        one_way=row["one_way"],
        lifted_at=row["lifted_at"],
    )
