"""What the dispatcher has before them: outages, incidents, and reports without a place."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, RowMapping, text

from dispatch.domain.outage import EstimatedRestoration
from dispatch.store.estimates import read_estimate
from dispatch.store.reads.visible import listed, visible


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One line of the list.

    `version` is that of the outage, incident or ticket, `order_version` that of its order.
    `customers_out` counts by the transformers' customers; who is cut off on purpose is in it.
    `due_at` is the end of the running clock with the least headroom, `rule_id` its rule;
    `probability` is that of a predicted outage, `ticket_id` the report of an incident.
    """

    kind: Literal["outage", "incident", "unlocated"]
    id: str
    version: int
    district_id: str | None
    status: str
    title: str
    area_class: str
    lon: float | None
    lat: float | None
    hazards: tuple[str, ...]
    started_at: datetime
    reports: int
    urged: int
    customers_out: int
    level: str | None
    cause: str | None
    estimate: EstimatedRestoration | None
    order_id: int | None
    order_status: str | None
    order_version: int | None
    priority: int
    crew_id: str | None
    crew_name: str | None
    proposed_crew_id: str | None
    expected_at: datetime | None
    rule_id: str | None
    due_at: datetime | None
    probability: float | None = None
    feeder: str | None = None
    ticket_id: str | None = None

    def headroom(self, now: datetime) -> timedelta | None:
        """Time left of the tightest clock, negative when it has run out."""
        return None if self.due_at is None else self.due_at - now


_ORDER = """
    LEFT JOIN LATERAL (
        SELECT sent.id, sent.status, sent.version, sent.priority, sent.urged, sent.crew_id,
            crew.name AS crew_name, sent.proposed_crew_id, sent.hazards,
            coalesce(sent.en_route_at, sent.assigned_at)
                + make_interval(secs => CAST(sent.travel_s AS double precision)) AS expected_at
        FROM trouble_order AS sent LEFT JOIN crew ON crew.id = sent.crew_id
        WHERE {subject} AND sent.status NOT IN ('field_complete', 'cancelled')
            AND sent.supports_id IS NULL
    ) AS job ON true
"""
_CLOCK = """
    LEFT JOIN LATERAL (
        SELECT rule_id, due_at FROM (
            SELECT clock.rule_id, clock.due_at
            FROM ticket AS promised JOIN clock ON clock.ticket_id = promised.id
            WHERE {tickets} AND clock.verdict = 'running'
            UNION ALL
            SELECT clock.rule_id, clock.due_at
            FROM clock WHERE clock.order_id = job.id AND clock.verdict = 'running'
        ) AS running
        ORDER BY due_at LIMIT 1
    ) AS tightest ON true
"""
_JOB = """
    job.id AS order_id, job.status AS order_status, job.version AS order_version,
    coalesce(job.priority, 0) AS priority, job.crew_id, job.crew_name, job.proposed_crew_id,
    job.expected_at, tightest.rule_id, tightest.due_at
"""
_OUTAGES = text(
    f"""
    SELECT 'outage' AS kind, CAST(outage.id AS text) AS id, outage.version, outage.district_id,
        outage.status, outage.device_name AS title, outage.area_class,
        ST_X(outage.point) AS lon, ST_Y(outage.point) AS lat,
        coalesce(job.hazards, '{{}}') AS hazards, outage.started_at, told.reports,
        greatest(told.urged, coalesce(job.urged, 0)) AS urged,
        CAST(supply.customers + homes.customers AS int) AS customers_out,
        outage.level, outage.cause, outage.etr_at, outage.etr_source, outage.etr_confidence,
        outage.etr_from, outage.etr_to, outage.etr_basis, outage.etr_said_at, outage.etr_alarm,
        CASE WHEN outage.status = 'predicted'
            THEN CAST(outage.prediction ->> 'probability' AS double precision) END AS probability,
        feeder.name AS feeder, NULL AS ticket_id,
        {_JOB}
    FROM outage LEFT JOIN feeder ON feeder.id = outage.feeder_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS reports, coalesce(sum(ticket.urged), 0) AS urged
        FROM ticket WHERE ticket.outage_id = outage.id AND ticket.disposition <> 'enquiry'
    ) AS told
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(transformer.customers), 0) AS customers
        FROM outage_transformer JOIN transformer
            ON transformer.id = outage_transformer.transformer_id
        WHERE outage_transformer.outage_id = outage.id AND outage_transformer.restored_at IS NULL
    ) AS supply
    CROSS JOIN LATERAL (
        SELECT count(*) AS customers FROM outage_usage_point
        WHERE outage_usage_point.outage_id = outage.id AND outage_usage_point.restored_at IS NULL
    ) AS homes
    {_ORDER.format(subject="sent.outage_id = outage.id")}
    {_CLOCK.format(tickets="promised.outage_id = outage.id")}
    WHERE outage.status <> 'closed' AND {visible("outage")}
    """  # noqa: S608 (constants)
)
_INCIDENTS = text(
    f"""
    SELECT 'incident' AS kind, CAST(incident.id AS text) AS id, incident.version,
        incident.district_id, incident.status,
        coalesce(nullif(ticket.address, ''), nullif(ticket.description, ''), incident.kind)
            AS title,
        incident.area_class, ST_X(incident.point) AS lon, ST_Y(incident.point) AS lat,
        incident.hazards, incident.received_at AS started_at, 1 AS reports,
        greatest(ticket.urged, coalesce(job.urged, 0)) AS urged, 0 AS customers_out,
        NULL AS level, NULL AS cause, NULL AS etr_at, NULL AS etr_source, NULL AS etr_confidence,
        NULL AS etr_from, NULL AS etr_to, NULL AS etr_basis, NULL AS etr_said_at,
        NULL AS etr_alarm, NULL AS probability, NULL AS feeder, incident.ticket_id,
        {_JOB}
    FROM incident JOIN ticket ON ticket.id = incident.ticket_id
    {_ORDER.format(subject="sent.incident_id = incident.id")}
    {_CLOCK.format(tickets="promised.id = incident.ticket_id")}
    WHERE incident.status = 'open' AND {visible("incident")}
    """  # noqa: S608 (constants)
)
_UNLOCATED = text(
    f"""
    SELECT 'unlocated' AS kind, ticket.id, ticket.version, ticket.district_id, ticket.status,
        coalesce(nullif(ticket.address, ''), nullif(ticket.description, ''), ticket.phone, '')
            AS title,
        ticket.area_class, ST_X(ticket.point) AS lon, ST_Y(ticket.point) AS lat,
        ticket.hazards, ticket.received_at AS started_at, 1 AS reports, ticket.urged,
        0 AS customers_out,
        NULL AS level, NULL AS cause, NULL AS etr_at, NULL AS etr_source, NULL AS etr_confidence,
        NULL AS etr_from, NULL AS etr_to, NULL AS etr_basis, NULL AS etr_said_at,
        NULL AS etr_alarm, NULL AS probability, NULL AS feeder, ticket.id AS ticket_id,
        {_JOB}
    FROM ticket
    CROSS JOIN LATERAL (
        SELECT NULL::bigint AS id, NULL AS status, NULL::int AS version, NULL::int AS priority,
            NULL AS crew_id, NULL AS crew_name, NULL AS proposed_crew_id,
            NULL::timestamptz AS expected_at
    ) AS job
    {_CLOCK.format(tickets="promised.id = ticket.id")}
    WHERE ticket.disposition = 'unlocated' AND ticket.status = 'open' AND {visible("ticket")}
    """  # noqa: S608 (constants)
)


_MINE = text(
    """
    SELECT DISTINCT sent.id FROM trouble_order AS sent
    JOIN dispatch_step AS step ON step.order_id = sent.id
    WHERE sent.status NOT IN ('field_complete', 'cancelled') AND step.by = :name
    """
)


def orders_handled_by(connection: Connection, name: str) -> frozenset[int]:
    """The open orders at which somebody of that name did something."""
    return frozenset(connection.scalars(_MINE, {"name": name}))


def worklist(
    connection: Connection, districts: Collection[str] | None, now: datetime
) -> list[WorkItem]:
    """List everything that is not closed: danger, urged, least headroom, then oldest first.

    A report without a place belongs to no district yet, so everybody sees it.
    """
    values = {"districts": listed(districts)}
    items = [
        _item(row)
        for query in (_OUTAGES, _INCIDENTS, _UNLOCATED)
        for row in connection.execute(query, values).mappings()
    ]
    latest = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(
        items,
        key=lambda item: (
            not item.hazards,
            -item.priority,
            -item.urged,
            item.due_at or latest,
            item.started_at,
            item.id,
        ),
    )


def _item(row: RowMapping) -> WorkItem:
    plain = {key: value for key, value in row.items() if not key.startswith("etr_")}
    return WorkItem(
        **{
            **plain,
            "hazards": tuple(row["hazards"]),
            "urged": int(row["urged"]),
            "estimate": read_estimate(row),
        }
    )
