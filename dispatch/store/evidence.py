"""What is known along one feeder, in five short queries."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from dispatch.domain.facts import (
    DeviceNode,
    FeederEvidence,
    FeederTree,
    OutageFact,
    ReportFact,
    TransformerNode,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import NOT_A_LOSS, OutageId, Symptom, TicketId, UsagePointId
from dispatch.journal import SYSTEM
from dispatch.store.direct import Direct, Row

LIT_WITHIN = timedelta(days=1)

_DEVICES = Direct(
    """
    SELECT id, kind, name, parent_id, pre, post,
        ST_X(point) AS lon, ST_Y(point) AS lat, length_m
    FROM device WHERE feeder_id = :feeder_id ORDER BY pre
    """
)
_TRANSFORMERS = Direct(
    """
    SELECT id, name, device_id, device_pre AS pre, ST_X(point) AS lon, ST_Y(point) AS lat,
        customers
    FROM transformer
    WHERE feeder_id = :feeder_id AND device_pre IS NOT NULL AND retired_at IS NULL
    ORDER BY device_pre, id
    """
)
_REPORTS = Direct(
    """
    SELECT ticket.id AS ticket_id, usage_point_id, transformer_id, ticket.outage_id, received_at,
        (
            SELECT array_agg(DISTINCT attachment.outage_id)
            FROM attachment JOIN outage ON outage.id = attachment.outage_id
            WHERE attachment.ticket_id = ticket.id AND attachment.detached_by <> :system
                AND attachment.outage_id IS DISTINCT FROM ticket.outage_id
                AND outage.status NOT IN ('restored', 'closed')
        ) AS kept_apart_from
    FROM ticket
    WHERE ticket.feeder_id = :feeder_id AND ticket.status = 'open'
        AND ticket.disposition <> 'planned'
        AND NOT (symptoms <> '{}' AND symptoms <@ CAST(:not_a_loss AS text[]))
    ORDER BY received_at, ticket.id
    """
)
_OUTAGES = Direct(
    """
    SELECT outage.id, status, device_id, started_at,
        EXISTS (
            SELECT FROM trouble_order
            WHERE trouble_order.outage_id = outage.id
                AND trouble_order.status NOT IN ('field_complete', 'cancelled')
                AND trouble_order.status IN ('accepted', 'en_route', 'arrived')
        ) AS crew_on_its_way,
        ARRAY(
            SELECT transformer_id FROM outage_transformer
            WHERE outage_transformer.outage_id = outage.id AND restored_at IS NULL
        ) AS transformers
    FROM outage
    WHERE feeder_id = :feeder_id AND status NOT IN ('restored', 'closed')
    ORDER BY started_at, outage.id
    """
)
# Somebody has light: supply was restored, a caller said so, or the neighbours have it.
_LIT = Direct(
    """
    SELECT transformer_id, max(lit_at) AS lit_at
    FROM (
        SELECT restored.transformer_id, restored.restored_at AS lit_at
        FROM outage_transformer AS restored
        JOIN transformer ON transformer.id = restored.transformer_id
        WHERE transformer.feeder_id = :feeder_id AND restored.restored_at > :since
        UNION ALL
        SELECT said.transformer_id, said.received_at
        FROM ticket AS said
        JOIN transformer ON transformer.id = said.transformer_id
        WHERE transformer.feeder_id = :feeder_id AND said.received_at > :since
            AND :neighbours_lit = ANY(said.symptoms)
        UNION ALL
        SELECT asked.transformer_id, told.told_at
        FROM ticket AS asked
        JOIN transformer ON transformer.id = asked.transformer_id
        JOIN told ON told.ticket_id = asked.id AND told.power_on
        WHERE transformer.feeder_id = :feeder_id AND asked.received_at > :since
    ) AS seen
    GROUP BY transformer_id
    """
)


def of_feeder(connection: Connection, feeder_id: str, now: datetime) -> FeederEvidence:
    """Read what is known along a feeder; an unknown one is empty."""

    def rows(query: Direct, **more: object) -> list[dict[str, Any]]:
        return query.rows(connection, {"feeder_id": feeder_id, **more})

    lit: Mapping[str, datetime] = {
        row["transformer_id"]: row["lit_at"]
        for row in rows(_LIT, since=now - LIT_WITHIN, neighbours_lit=Symptom.NEIGHBOURS_LIT.value)
    }
    reports = rows(_REPORTS, system=SYSTEM, not_a_loss=sorted(NOT_A_LOSS))
    return FeederEvidence(
        tree=FeederTree(
            feeder_id=feeder_id,
            devices=tuple(DeviceNode(**row) for row in rows(_DEVICES)),
            transformers=tuple(TransformerNode(**row) for row in rows(_TRANSFORMERS)),
        ),
        reports=tuple(map(_report, reports)),
        outages=tuple(map(_outage, rows(_OUTAGES))),
        lit=lit,
    )


def _report(row: Row) -> ReportFact:
    usage_point_id, outage_id = row["usage_point_id"], row["outage_id"]
    return ReportFact(
        ticket_id=TicketId(row["ticket_id"]),
        usage_point_id=None if usage_point_id is None else UsagePointId(usage_point_id),
        transformer_id=row["transformer_id"],
        outage_id=None if outage_id is None else OutageId(outage_id),
        received_at=row["received_at"],
        kept_apart_from=frozenset(map(OutageId, row["kept_apart_from"] or ())),
    )


def _outage(row: Row) -> OutageFact:
    return OutageFact(
        id=OutageId(row["id"]),
        status=OutageStatus(row["status"]),
        device_id=row["device_id"],
        started_at=row["started_at"],
        crew_on_its_way=row["crew_on_its_way"],
        transformers=frozenset(row["transformers"]),
    )
