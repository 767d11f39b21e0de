"""What only a replay asks of the database: its journal, what lies where, what comes next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, text

from dispatch.domain.words import CrewId, DistrictId, OrderId, OutageId, UsagePointId
from dispatch.store.direct import Direct
from dispatch.store.tables.crews import crew
from dispatch.store.tables.network import usage_point
from dispatch.store.tables.outages import planned_outage_transformer

NEVER_ON_SHIFT = datetime(2000, 1, 1, tzinfo=UTC)
"""A crew that exists only because the input names it is retired, so nobody sends it by itself."""

_JOURNAL = Direct(
    "SELECT id, stream, kind, at, actor, body FROM event WHERE id > :after ORDER BY id"
)
_TRANSFORMERS_HELD = Direct(
    """
    SELECT outage_id, transformer_id FROM outage_transformer
    WHERE restored_at IS NULL AND transformer_id = ANY(CAST(:transformers AS text[]))
    ORDER BY outage_id, transformer_id
    """
)
_HOMES_HELD = Direct(
    """
    SELECT outage_id, usage_point_id FROM outage_usage_point
    JOIN usage_point ON usage_point.id = usage_point_id
    WHERE restored_at IS NULL AND (account = ANY(CAST(:accounts AS text[]))
        OR transformer_id = ANY(CAST(:transformers AS text[])))
    ORDER BY outage_id, usage_point_id
    """
)
_SUPPLY_OF = Direct(
    """
    SELECT DISTINCT transformer_id FROM usage_point
    WHERE account = ANY(CAST(:accounts AS text[])) AND transformer_id IS NOT NULL
    ORDER BY transformer_id
    """
)
_BY_DEVICE = Direct(
    """
    SELECT id FROM outage
    WHERE device_id = :device_id AND status NOT IN ('restored', 'closed')
    ORDER BY started_at, id
    """
)
_OUTAGE = Direct(
    """
    SELECT id, status, device_id, device_kind, device_name, merged_into_id
    FROM outage WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id
    """
)
_TICKETS = Direct(
    """
    SELECT id, outage_id, planned_outage_id, point IS NOT NULL AS is_located FROM ticket
    ORDER BY received_at, id
    """
)
_OUTAGES = Direct(
    """
    SELECT id, status, device_id, device_kind, device_name, merged_into_id FROM outage ORDER BY id
    """
)
# The moments at which something happens by the time alone.
_NEXT = Direct(
    """
    SELECT min(moment) AS moment FROM (
        SELECT min(next_level_at) AS moment
        FROM clock WHERE verdict = 'running' AND paused_since IS NULL
        UNION ALL
        SELECT min(assigned_at) + :accept_within FROM trouble_order WHERE status = 'assigned'
        UNION ALL
        SELECT min(hold_until) FROM trouble_order
        WHERE status = 'awaiting_assignment' AND hold_until > :now
        UNION ALL
        SELECT min(ends_at) FROM planned_outage WHERE cancelled_at IS NULL AND ended_at IS NULL
        UNION ALL
        SELECT min(begins_at) FROM (
            SELECT lower(period) AS begins_at FROM shift
            UNION ALL
            SELECT (
                date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE zone)
                + make_interval(days => ahead) + CAST(starts AS time)
            ) AT TIME ZONE zone
            FROM shift_pattern CROSS JOIN generate_series(0, 1) AS ahead
            WHERE starts <> ends
        ) AS shifts
        WHERE begins_at > :now AND EXISTS (
            SELECT FROM trouble_order WHERE trouble_order.status = 'awaiting_assignment'
        )
    ) AS moments
    """
)
_ENDED = Direct(
    """
    SELECT id FROM planned_outage
    WHERE ends_at <= :now AND cancelled_at IS NULL AND ended_at IS NULL ORDER BY ends_at, id
    """
)
_BUSY = Direct(
    """
    SELECT crew_id FROM trouble_order
    WHERE crew_id = ANY(CAST(:ids AS text[]))
        AND status IN ('assigned', 'accepted', 'en_route', 'arrived')
    """
)
_HELD_BY = Direct(
    """
    SELECT id FROM trouble_order
    WHERE crew_id = :crew_id AND status IN ('assigned', 'accepted', 'en_route', 'arrived')
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the journal, without what the machine's own clock wrote."""

    id: int
    stream: str
    kind: str
    at: datetime
    actor: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRow:
    """An outage as the output names it."""

    id: OutageId
    status: str
    device_id: str | None
    device_kind: str
    device_name: str
    merged_into_id: OutageId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRow:
    """A ticket and what explains it at last."""

    id: str
    outage_id: OutageId | None
    planned_outage_id: int | None
    is_located: bool


@dataclass(slots=True)
class Held:
    """What of a place one open outage holds."""

    transformers: set[str] = field(default_factory=set)
    homes: set[UsagePointId] = field(default_factory=set)


def journal_after(connection: Connection, after: int) -> list[Entry]:
    """Read the entries written since one with that number, in their order."""
    return [Entry(**row) for row in _JOURNAL.rows(connection, {"after": after})]


def accounts(connection: Connection) -> Sequence[str]:
    """List every account, sorted."""
    return connection.scalars(select(usage_point.c.account).order_by(usage_point.c.account)).all()


def supply_of(connection: Connection, accounts: Collection[str]) -> list[str]:
    """List the transformers that supply these accounts."""
    return _SUPPLY_OF.values(connection, {"accounts": sorted(accounts)})


def held(
    connection: Connection, transformers: Collection[str], accounts: Collection[str]
) -> dict[OutageId, Held]:
    """What of these transformers and homes each open outage holds, by the outage's number."""
    asked = {"transformers": sorted(transformers), "accounts": sorted(accounts)}
    found: dict[OutageId, Held] = {}
    for row in _TRANSFORMERS_HELD.rows(connection, asked):
        found.setdefault(OutageId(row["outage_id"]), Held()).transformers.add(row["transformer_id"])
    for row in _HOMES_HELD.rows(connection, asked):
        found.setdefault(OutageId(row["outage_id"]), Held()).homes.add(
            UsagePointId(row["usage_point_id"])
        )
    return dict(sorted(found.items()))


def outages_at(connection: Connection, device_id: str) -> list[OutageId]:
    """List the open outages whose device this is, oldest first."""
    return [OutageId(each) for each in _BY_DEVICE.values(connection, {"device_id": device_id})]


def outages(connection: Connection, ids: Collection[int] | None = None) -> list[OutageRow]:
    """Read these outages, or all, in the order of their numbers."""
    if ids is None:
        return [OutageRow(**row) for row in _OUTAGES.rows(connection)]
    return [OutageRow(**row) for row in _OUTAGE.rows(connection, {"ids": sorted(ids)})]


def tickets(connection: Connection) -> list[TicketRow]:
    """Read every ticket, in the order of their reports."""
    return [TicketRow(**row) for row in _TICKETS.rows(connection)]


def next_moment(
    connection: Connection, now: datetime, *, accept_within: timedelta
) -> datetime | None:
    """When the next thing happens by the time alone; None where nothing waits."""
    moment: datetime | None = _NEXT.value(connection, {"now": now, "accept_within": accept_within})
    return moment


def planned_ended(connection: Connection, now: datetime) -> list[int]:
    """List the planned outages past their end that nobody has ended."""
    return _ENDED.values(connection, {"now": now})


def transformers_planned(connection: Connection, planned_id: int) -> Sequence[str]:
    """List the transformers of a planned outage."""
    links = planned_outage_transformer.c
    query = select(links.transformer_id).where(links.planned_outage_id == planned_id)
    return connection.scalars(query.order_by(links.transformer_id)).all()


def has_crews(connection: Connection) -> bool:
    """Whether there is a crew that may be sent."""
    return (
        connection.scalar(select(crew.c.id).where(crew.c.retired_at.is_(None)).limit(1)) is not None
    )


def ensure_crew(
    connection: Connection, crew_id: str, lon: float, lat: float, district_id: DistrictId
) -> CrewId:
    """See that there is a crew of that name; a new one is never sent by itself."""
    if connection.scalar(select(crew.c.id).where(crew.c.id == crew_id)) is None:
        base = f"SRID=4326;POINT({lon} {lat})"
        connection.execute(
            insert(crew).values(
                id=crew_id,
                name=crew_id,
                district_id=district_id,
                skills=[],
                base=base,
                retired_at=NEVER_ON_SHIFT,
            )
        )
    return CrewId(crew_id)


def busy_among(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """Those of the crews that hold an order."""
    return frozenset(_BUSY.values(connection, {"ids": list(ids)}))


def order_of_crew(connection: Connection, crew_id: str) -> OrderId | None:
    """The order that a crew is under way with."""
    found = _HELD_BY.value(connection, {"crew_id": crew_id})
    return None if found is None else OrderId(found)


def gather_statistics(connection: Connection) -> None:
    """Let the planner know what was loaded; the private cluster does it for nobody else."""
    connection.execute(text("ANALYZE"))
