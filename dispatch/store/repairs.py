"""Outages with the times of their repair: what waits are learned from."""

from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.domain.repair import PastRepair, PastRepairs
from dispatch.domain.words import AreaClass, DistrictId, OutageId

# The cause counts as found when somebody confirmed it in the field, not when it was filled in at
# the end: by then the work was done. An outage closed as nothing of ours was no repair. Of several
# orders the last one brought the light back; its crew's proven arrival counts before its word.
_REPAIRS = text(
    """
    WITH told AS (
        SELECT id, district_id, device_kind, area_class, opened_at, restored_at
        FROM outage
        WHERE merged_into_id IS NULL AND opened_at >= :since AND opened_at < :until
            AND (restored_at IS NOT NULL OR status NOT IN ('restored', 'closed'))
    ), part AS (
        SELECT held.outage_id, held.restored_at, transformer.customers
        FROM outage_transformer AS held
        JOIN told ON told.id = held.outage_id
        JOIN transformer ON transformer.id = held.transformer_id
        UNION ALL
        SELECT home.outage_id, home.restored_at, 1
        FROM outage_usage_point AS home JOIN told ON told.id = home.outage_id
    ), first AS (
        SELECT outage_id, sum(customers) AS customers, min(restored_at) AS lit_at
        FROM part GROUP BY outage_id
    ), remaining AS (
        SELECT part.outage_id, sum(part.customers) AS customers
        FROM part JOIN first USING (outage_id)
        WHERE part.restored_at IS NULL OR part.restored_at > first.lit_at
        GROUP BY part.outage_id
    )
    SELECT told.*, coalesce(first.customers, 1) AS customers,
        sent.assigned_at, sent.travel_s, sent.en_route_at,
        least(sent.arrived_at, proof.latest) AS arrived_at,
        found.at AS found_at, found.cause,
        CASE WHEN remaining.customers > 0 THEN first.lit_at END AS partly_at,
        remaining.customers AS customers_left
    FROM told
    LEFT JOIN first ON first.outage_id = told.id
    LEFT JOIN remaining ON remaining.outage_id = told.id
    LEFT JOIN LATERAL (
        SELECT id, crew_id, assigned_at, travel_s, en_route_at, arrived_at
        FROM trouble_order
        WHERE trouble_order.outage_id = told.id AND status <> 'cancelled'
            AND supports_id IS NULL
        ORDER BY arrived_at DESC NULLS LAST, id DESC LIMIT 1
    ) AS sent ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN verdict = 'confirmed' THEN latest END AS latest FROM arrival
        WHERE arrival.order_id = sent.id AND arrival.crew_id = sent.crew_id
            AND arrival.sent_at = sent.assigned_at
        ORDER BY arrival.id DESC LIMIT 1
    ) AS proof ON true
    LEFT JOIN LATERAL (
        SELECT at, body ->> 'cause' AS cause
        FROM event
        WHERE stream = 'outage:' || told.id AND kind = 'outage.confirmed'
            AND body ->> 'cause' IS NOT NULL
        ORDER BY seq LIMIT 1
    ) AS found ON true
    ORDER BY told.opened_at, told.id
    """
)
_CREWS = text(
    """
    SELECT district_id, count(*) AS crews FROM crew WHERE retired_at IS NULL GROUP BY district_id
    """
)


def read_repairs(connection: Connection, since: datetime, until: datetime) -> PastRepairs:
    """Read the outages opened in a period, those still open too, with their milestones."""
    asked = {"since": since, "until": until}
    return PastRepairs(
        since=since,
        until=until,
        repairs=tuple(
            PastRepair(
                outage_id=OutageId(row.id),
                district_id=DistrictId(row.district_id),
                kind=row.device_kind,
                area_class=AreaClass(row.area_class),
                customers=int(row.customers),
                opened_at=row.opened_at,
                restored_at=row.restored_at,
                assigned_at=row.assigned_at,
                drive_s=row.travel_s,
                en_route_at=row.en_route_at,
                arrived_at=row.arrived_at,
                found_at=row.found_at,
                cause=row.cause,
                partly_at=row.partly_at,
                customers_left=None if row.customers_left is None else int(row.customers_left),
            )
            for row in connection.execute(_REPAIRS, asked)
        ),
        crews={DistrictId(row.district_id): int(row.crews) for row in connection.execute(_CREWS)},
    )
