"""Whom a restored outage leaves to be asked, and who was asked since."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from dispatch.domain.facts import Asked, FeederTree, RestoredFacts
from dispatch.domain.outage import Outage
from dispatch.domain.words import DistrictId, TicketId, UsagePointId
from dispatch.store.direct import Direct, Row
from dispatch.store.tickets import NOBODY_TO_CALL
from dispatch.store.trees import Trees

# What has light again, but for what an outage still holds or has taken since.
_PLACES = Direct(
    """
    SELECT supply.transformer_id AS place, transformer.customers, supply.restored_at
    FROM outage_transformer AS supply
    JOIN transformer ON transformer.id = supply.transformer_id
    WHERE supply.outage_id = :outage_id AND supply.restored_at IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM outage_transformer AS held
            WHERE held.transformer_id = supply.transformer_id AND held.restored_at IS NULL
        )
    UNION ALL
    SELECT 'home:' || home.usage_point_id, 1, home.restored_at
    FROM outage_usage_point AS home
    WHERE home.outage_id = :outage_id AND home.restored_at IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM outage_usage_point AS held
            WHERE held.usage_point_id = home.usage_point_id AND held.restored_at IS NULL
        )
    """
)
_CALLERS = Direct(
    """
    SELECT ticket.id AS ticket_id, ticket.usage_point_id, ticket.transformer_id,
        coalesce(ticket.phone, (
            SELECT min(listed.phone) FROM usage_point_phone AS listed
            WHERE listed.usage_point_id = ticket.usage_point_id
        )) AS phone,
        coalesce(nullif(ticket.address, ''), ticket.account, '') AS name
    FROM ticket
    WHERE ticket.outage_id = :outage_id AND ticket.status = 'restored'
        AND NOT ticket.channel = ANY(CAST(:nobody AS text[]))
    ORDER BY ticket.received_at, ticket.id
    """
)
# One meter of each transformer: that of the lowest number, so that it stays the same.
_METERS = Direct(
    """
    SELECT supply.transformer_id, metered.id AS usage_point_id, metered.meter
    FROM outage_transformer AS supply
    CROSS JOIN LATERAL (
        SELECT id, meter FROM usage_point
        WHERE usage_point.transformer_id = supply.transformer_id AND meter IS NOT NULL
        ORDER BY id LIMIT 1
    ) AS metered
    WHERE supply.outage_id = :outage_id AND supply.restored_at IS NOT NULL
    """
)
# The journal keeps every answer; of a caller to be told again the table has forgotten the last.
_CALLED = Direct(
    """
    SELECT ticket.id AS ticket_id, ticket.usage_point_id, ticket.transformer_id, ticket.phone,
        coalesce(nullif(ticket.address, ''), ticket.account, '') AS name, event.at,
        CAST(event.body ->> 'power_on' AS boolean) AS lit
    FROM ticket
    JOIN event ON event.stream = 'ticket:' || ticket.id AND event.kind = 'ticket.called_back'
    WHERE ticket.outage_id = :outage_id AND event.at >= :since
    ORDER BY event.at, event.id
    """
)
_PINGED = Direct(
    """
    SELECT signal.usage_point_id, signal.transformer_id, signal.kind, signal.at, point.meter
    FROM outage_transformer AS supply
    JOIN meter_signal AS signal ON signal.transformer_id = supply.transformer_id
    JOIN usage_point AS point ON point.id = signal.usage_point_id
    WHERE supply.outage_id = :outage_id AND signal.at >= supply.restored_at
        AND signal.kind IN ('ping_on', 'ping_off', 'power_up')
    ORDER BY signal.at, signal.id
    """
)


def restored_facts(
    connection: Connection, trees: Trees, outage: Outage, now: datetime
) -> RestoredFacts | None:
    """Read what an outage's restoration left; None as long as nothing of it is restored."""
    asked = {"outage_id": outage.id}
    places = _PLACES.rows(connection, asked)
    if not places:
        return None
    lit_at = {row["place"]: row["restored_at"] for row in places}
    kept = None if outage.feeder_id is None else trees.read(connection, outage.feeder_id)
    counted = {row["place"]: row["customers"] for row in places}
    callers = _CALLERS.rows(connection, {**asked, "nobody": [c.value for c in NOBODY_TO_CALL]})
    called = [
        _caller(row, counted)
        for row in _CALLED.rows(connection, {**asked, "since": min(lit_at.values())})
    ]
    return RestoredFacts(
        tree=FeederTree(feeder_id="") if kept is None else kept.tree,
        device_id=outage.device.id,
        started_at=outage.started_at,
        restored_at=max(lit_at.values()),
        places=counted,
        people=(
            *(_caller(row, counted) for row in callers),
            *map(_meter, _METERS.rows(connection, asked)),
        ),
        asked=_newest(
            (
                *(a for a in called if a.at is None or a.at >= lit_at.get(a.place, a.at)),
                *map(_meter, _PINGED.rows(connection, asked)),
            )
        ),
        around=None if kept is None else trees.around(connection, kept, now),
        district_id=None
        if kept is None or kept.district_id is None
        else DistrictId(kept.district_id),
    )


def _caller(row: Row, places: Mapping[str, int]) -> Asked:
    home = f"home:{row['usage_point_id']}"
    return Asked(
        person=_person(row),
        place=home if home in places else row["transformer_id"] or "",
        by_meter=False,
        name=row["name"],
        phone=row["phone"],
        ticket_id=TicketId(row["ticket_id"]),
        usage_point_id=_point(row),
        at=row.get("at"),
        lit=row.get("lit"),
    )


def _person(row: Row) -> str:
    """Who it is: the home, else the telephone, else the report itself."""
    known = (kind for kind in ("usage_point_id", "phone") if row[kind] is not None)
    kind = next(known, "ticket_id")
    return f"{kind}:{row[kind]}"


def _meter(row: Row) -> Asked:
    lit = {"ping_on": True, "power_up": True, "ping_off": False}
    return Asked(
        person=f"meter:{row['usage_point_id']}",
        place=row["transformer_id"],
        by_meter=True,
        name=row["meter"] or "",
        usage_point_id=_point(row),
        at=row.get("at"),
        lit=lit.get(row.get("kind", "")),
    )


def _point(row: Row) -> UsagePointId | None:
    return None if row["usage_point_id"] is None else UsagePointId(row["usage_point_id"])


def _newest(asked: Iterable[Asked]) -> tuple[Asked, ...]:
    """Of each person the last answer, and after it an attempt that reached nobody."""
    answers: dict[str, Asked] = {}
    attempts: dict[str, Asked] = {}
    for each in asked:
        (attempts if each.lit is None else answers)[each.person] = each
    return (*answers.values(), *attempts.values())
