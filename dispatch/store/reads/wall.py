"""What the wall of the control room shows: sums and places, and nobody's name, number or address.

Everything is added up by the database from what is open now or was open in the last hours; no
statement walks through the years before.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from dispatch.domain.alarm import AlarmKind
from dispatch.store.reads.room_alarms import room_alarms
from dispatch.store.reads.visible import listed, visible

# What people make known; meters, switchgear and crews report by themselves.
_CALLS = "ticket.channel NOT IN ('meter', 'scada', 'crew')"

# A home that was left out alone is not counted again while its transformer is out as well.
_OUTAGES = text(
    f"""
    WITH open_parts AS (
        SELECT part.outage_id, transformer.customers
        FROM outage_transformer AS part
        JOIN transformer ON transformer.id = part.transformer_id
        WHERE part.restored_at IS NULL
        UNION ALL
        SELECT home.outage_id, 1
        FROM outage_usage_point AS home
        JOIN usage_point ON usage_point.id = home.usage_point_id
        WHERE home.restored_at IS NULL AND NOT EXISTS (
            SELECT FROM outage_transformer AS above
            WHERE above.transformer_id = usage_point.transformer_id AND above.restored_at IS NULL
        )
    ),
    out_now AS (
        SELECT outage_id, sum(customers) AS customers FROM open_parts GROUP BY outage_id
    )
    SELECT outage.id, outage.status, outage.started_at,
        ST_X(outage.point) AS lon, ST_Y(outage.point) AS lat,
        CAST(coalesce(out_now.customers, 0) AS int) AS customers
    FROM outage LEFT JOIN out_now ON out_now.outage_id = outage.id
    WHERE outage.status <> 'closed' AND {visible("outage")}
    ORDER BY outage.id
    """  # noqa: S608 (constants)
)

_STEPS = text(
    f"""
    WITH lately AS (
        SELECT part.outage_id, transformer.customers, part.out_from, part.restored_at
        FROM outage_transformer AS part
        JOIN transformer ON transformer.id = part.transformer_id
        WHERE part.restored_at IS NULL OR part.restored_at > :since
        UNION ALL
        SELECT home.outage_id, 1, greatest(home.out_from, coalesce((
                SELECT max(above.restored_at) FROM outage_transformer AS above
                WHERE above.transformer_id = usage_point.transformer_id
                    AND above.restored_at > home.out_from
                    AND above.out_from < coalesce(home.restored_at, 'infinity')
            ), home.out_from)), home.restored_at
        FROM outage_usage_point AS home
        JOIN usage_point ON usage_point.id = home.usage_point_id
        WHERE (home.restored_at IS NULL OR home.restored_at > :since) AND NOT EXISTS (
            SELECT FROM outage_transformer AS above
            WHERE above.transformer_id = usage_point.transformer_id AND above.restored_at IS NULL
        )
    ),
    seen AS (
        SELECT lately.* FROM lately JOIN outage ON outage.id = lately.outage_id
        WHERE {visible("outage")}
            AND (lately.restored_at IS NULL OR lately.restored_at > lately.out_from)
    ),
    step AS (
        SELECT greatest(out_from, :since) AS at, customers AS change FROM seen
        UNION ALL
        SELECT restored_at, -customers FROM seen WHERE restored_at IS NOT NULL
    )
    SELECT CAST(
            ceil(date_part('epoch', at - :since) / :every_s) AS int
        ) AS step, CAST(sum(change) AS int) AS change
    FROM step WHERE at <= :until GROUP BY 1 ORDER BY 1
    """  # noqa: S608 (constants)
)

_PLANNED = text(
    f"""
    SELECT CAST(coalesce(sum(transformer.customers), 0) AS int)
    FROM planned_outage AS planned
    JOIN planned_outage_transformer AS part ON part.planned_outage_id = planned.id
    JOIN transformer ON transformer.id = part.transformer_id
    WHERE planned.starts_at <= :now AND planned.ends_at > :begun_since
        AND planned.cancelled_at IS NULL AND planned.ended_at IS NULL AND {visible("planned")}
    """  # noqa: S608 (constants)
)

_RATE = text(
    f"""
    SELECT count(*) FROM ticket
    WHERE ticket.received_at > :since AND ticket.received_at <= :until
        AND {_CALLS} AND {visible("ticket")}
    """  # noqa: S608 (constants)
)

_HOURS = text(
    f"""
    SELECT heard.calls
    FROM unnest(CAST(:hours AS timestamptz[])) WITH ORDINALITY AS hour (begins, place)
    CROSS JOIN LATERAL (
        SELECT count(*) AS calls FROM ticket
        WHERE ticket.received_at >= hour.begins
            AND ticket.received_at < hour.begins + interval '1 hour'
            AND {_CALLS} AND {visible("ticket")}
    ) AS heard
    WHERE heard.calls > 0 OR hour.begins > (
        SELECT ticket.received_at FROM ticket WHERE {visible("ticket")}
        ORDER BY ticket.received_at LIMIT 1
    )
    ORDER BY hour.place
    """  # noqa: S608 (constants)
)

_TO_DO = text(
    f"""
    SELECT
        (
            SELECT count(*) FROM trouble_order AS sent
            WHERE sent.status = 'awaiting_assignment' AND {visible("sent")}
        ) AS without_crew,
        (
            SELECT count(*) FROM ticket
            WHERE ticket.disposition = 'unlocated' AND ticket.status = 'open'
                AND {visible("ticket")}
        ) AS without_place
    """  # noqa: S608 (constants)
)
_VERSION = text("SELECT coalesce(max(id), 0) FROM event")

PLANNED_LASTS = timedelta(days=7)
"""Planned work that nobody ended for so long after its end is taken for forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageOnWall:
    """An outage that is not closed: how it stands, since when, where, and how many are out."""

    id: int
    status: str
    started_at: datetime
    lon: float
    lat: float
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for somebody to take note of it, or to do something.

    `alarms` counts by kind those that the console shows and nobody has acknowledged; `without_*`
    is what is to be done.
    """

    alarms: Mapping[AlarmKind, int]
    without_crew: int
    without_place: int


def version_of(connection: Connection) -> int:
    """A number that grows with everything that happens."""
    return int(connection.scalar(_VERSION) or 0)


def outages_open(connection: Connection, districts: Collection[str] | None) -> list[OutageOnWall]:
    """List the outages that are not closed; no customer is counted in two of them."""
    rows = connection.execute(_OUTAGES, {"districts": listed(districts)}).mappings()
    return [OutageOnWall(**row) for row in rows]


def customers_out_since(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    every: timedelta,
) -> list[int]:
    """How many customers were out at `since` and at every step after it, up to `until`."""
    asked = {
        "districts": listed(districts),
        "since": since,
        "until": until,
        "every_s": every.total_seconds(),
    }
    changes = {row.step: row.change for row in connection.execute(_STEPS, asked)}
    out, course = 0, []
    for step in range(int((until - since) / every) + 1):
        out += changes.get(step, 0)
        course.append(out)
    return course


def customers_planned(
    connection: Connection, districts: Collection[str] | None, now: datetime
) -> int:
    """How many customers are cut off for planned work under way."""
    asked = {"districts": listed(districts), "now": now, "begun_since": now - PLANNED_LASTS}
    return int(connection.scalar(_PLANNED, asked) or 0)


def calls_between(
    connection: Connection, districts: Collection[str] | None, since: datetime, until: datetime
) -> int:
    """How many reports people made in a stretch of time, repeated ones as well."""
    asked = {"districts": listed(districts), "since": since, "until": until}
    return int(connection.scalar(_RATE, asked) or 0)


def calls_of_hours(
    connection: Connection, districts: Collection[str] | None, hours: Sequence[datetime]
) -> list[int]:
    """How many reports people made in each hour from these moments on.

    Hours before the first report on record are left out: nothing is known of them.
    """
    asked = {"districts": listed(districts), "hours": list(hours)}
    return list(connection.scalars(_HOURS, asked))


def waiting(connection: Connection, districts: Collection[str] | None, now: datetime) -> Waiting:
    """Count what waits; the alarms are the console's own."""
    found = room_alarms(connection, districts, now)
    to_do = connection.execute(_TO_DO, {"districts": listed(districts)}).mappings().one()
    return Waiting(alarms=found.open, **to_do)
