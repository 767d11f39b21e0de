"""The promise ledger of a period: what is behind its figures, day by day, and what is still open.

Figures are added up by the database; no statement here gives more rows than a page, a month's
days, or the open orders.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from dispatch.store.reads.visible import OF_RULE, listed, visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Call-backs that fell due in a period: made, power on again, answered, satisfied."""

    due: int
    made: int
    answered: int
    satisfied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfRule:
    """One local day of a rule in one area class: clocks that ended, and their minutes."""

    area_class: str
    day: date
    ended: int
    minutes: float
    target_minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPromises:
    """Running arrival clocks of one rule and area class that one order is to stop.

    `expected_at` is by road since the crew set out; None where no crew has the order.
    `started_s` and `target_min` are sums over the clocks.
    """

    rule_id: str
    area_class: str
    district_id: str | None
    order_id: int | None
    clocks: int
    started_s: float
    target_min: float
    expected_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BehindFigure:
    """One clock behind a figure, with whom it was for and how it was judged."""

    clock_id: int
    rule_id: str
    rule_version: int
    override_id: str | None
    area_class: str
    district_id: str | None
    ticket_id: str | None
    order_id: int | None
    outage_id: int | None
    address: str
    started_at: datetime
    due_at: datetime
    verdict: str
    without_pauses: str | None
    stopped_earliest: datetime | None
    stopped_latest: datetime | None
    minutes: float | None
    paused_s: float
    judgements: int
    judged_at: datetime | None
    judged_by: str | None


_TOLD = text(
    f"""
    SELECT count(*) AS due, count(told.told_at) AS made,
        count(told.satisfied) AS answered, count(*) FILTER (WHERE told.satisfied) AS satisfied
    FROM told JOIN ticket ON ticket.id = told.ticket_id
    WHERE told.due_at >= :since AND told.due_at < :until AND {visible("ticket")}
    """  # noqa: S608 (constants)
)
_DAYS = text(
    f"""
    SELECT area_class, CAST(started_at AT TIME ZONE :zone AS date) AS day, count(*) AS ended,
        CAST(sum(date_part('epoch', stopped_latest - started_at)) / 60.0 AS double precision)
            AS minutes,
        CAST(sum(date_part('epoch', due_at - started_at) - paused_s) / 60.0 AS double precision)
            AS target_minutes
    FROM clock
    WHERE {OF_RULE} AND verdict <> 'void' AND stopped_latest IS NOT NULL
        AND started_at >= :since AND started_at < :until AND {visible("clock")}
    GROUP BY area_class, day ORDER BY area_class, day
    """  # noqa: S608 (constants)
)
# A clock that stands still is counted as if it ran: nobody knows for how long.
_OPEN = text(
    f"""
    SELECT clock.rule_id, clock.area_class, clock.district_id, job.id AS order_id,
        count(*) AS clocks,
        CAST(sum(date_part('epoch', clock.started_at)) AS double precision) AS started_s,
        CAST(sum(date_part('epoch', clock.due_at - clock.started_at)) / 60.0 AS double precision)
            AS target_min,
        min(coalesce(job.arrived_at, coalesce(job.en_route_at, job.assigned_at)
            + make_interval(secs => CAST(job.travel_s AS double precision)))) AS expected_at
    FROM clock
    JOIN ticket ON ticket.id = clock.ticket_id
    LEFT JOIN LATERAL (
        SELECT sent.id, sent.arrived_at, sent.en_route_at, sent.assigned_at, sent.travel_s
        FROM trouble_order AS sent
        WHERE sent.status NOT IN ('field_complete', 'cancelled')
            AND (sent.outage_id = ticket.outage_id OR sent.incident_id = (
                SELECT incident.id FROM incident WHERE incident.ticket_id = ticket.id
            ))
        ORDER BY sent.incident_id NULLS LAST, coalesce(
            sent.arrived_at, coalesce(sent.en_route_at, sent.assigned_at)
                + make_interval(secs => CAST(sent.travel_s AS double precision))
        ) NULLS LAST, sent.id LIMIT 1
    ) AS job ON true
    WHERE clock.verdict = 'running' AND clock.rule_id = ANY(:rules)
        AND clock.started_at >= :since AND clock.started_at < :until AND {visible("clock")}
    GROUP BY clock.rule_id, clock.area_class, clock.district_id, job.id
    ORDER BY clock.rule_id, clock.area_class, clock.district_id, job.id
    """  # noqa: S608 (constants)
)
_BEHIND = text(
    f"""
    SELECT clock.id AS clock_id, clock.rule_id, clock.rule_version, clock.override_id,
        clock.area_class, clock.district_id, clock.ticket_id, clock.order_id,
        coalesce(ticket.outage_id, sent.outage_id) AS outage_id,
        coalesce(nullif(ticket.address, ''), ticket.account, '') AS address,
        clock.started_at, clock.due_at, clock.verdict, clock.without_pauses,
        clock.stopped_earliest, clock.stopped_latest,
        CAST(date_part('epoch', clock.stopped_latest - clock.started_at) / 60.0
            AS double precision) AS minutes,
        clock.paused_s, clock.judgements, clock.judged_at, clock.judged_by
    FROM clock
    LEFT JOIN ticket ON ticket.id = clock.ticket_id
    LEFT JOIN trouble_order AS sent ON sent.id = clock.order_id
    WHERE clock.rule_id = :rule_id AND clock.started_at >= :since AND clock.started_at < :until
        AND (CAST(:area_class AS text) IS NULL OR clock.area_class = :area_class)
        AND (CAST(:verdict AS text) IS NULL OR clock.verdict = :verdict)
        AND clock.verdict <> 'void' AND (CAST(:after AS bigint) IS NULL OR clock.id < :after)
        AND {visible("clock")}
    ORDER BY clock.id DESC LIMIT :limit
    """  # noqa: S608 (constants)
)


def told(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
) -> Told:
    """Count the call-backs that fell due in a period, and what was answered."""
    asked = {"districts": listed(districts), "since": since, "until": until}
    return Told(**connection.execute(_TOLD, asked).mappings().one())


def days_of_rule(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    *,
    rule_id: str,
    zone: str,
) -> list[DayOfRule]:
    """Add up a rule's ended clocks by area class and local day, in that order."""
    asked = {"districts": listed(districts), "since": since, "until": until}
    rows = connection.execute(_DAYS, {**asked, "rule_id": rule_id, "zone": zone}).mappings()
    return [DayOfRule(**row) for row in rows]


def open_promises(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    *,
    rules: Collection[str],
) -> list[OpenPromises]:
    """Add up the running clocks of these rules by the order that is to stop them."""
    asked: Mapping[str, object] = {
        "districts": listed(districts),
        "since": since,
        "until": until,
        "rules": sorted(rules),
    }
    return [OpenPromises(**row) for row in connection.execute(_OPEN, asked).mappings()]


def behind_figure(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    *,
    rule_id: str,
    area_class: str | None = None,
    verdict: str | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[BehindFigure]:
    """List the clocks behind a figure, the newest first; `after` is the last one of a page."""
    asked: Mapping[str, object] = {
        "districts": listed(districts),
        "since": since,
        "until": until,
        "rule_id": rule_id,
        "area_class": area_class,
        "verdict": verdict,
        "after": after,
        "limit": limit,
    }
    return [BehindFigure(**row) for row in connection.execute(_BEHIND, asked).mappings()]
