"""Closed outages, their callers, and what could have failed: what learning reads of the record."""

from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection, text

from dispatch.domain.past import Past, PastOutage, PastPart, PlacedDevice
from dispatch.domain.words import NOT_A_LOSS, DistrictId, OutageId

AROUND = timedelta(minutes=45)
"""A device seen open, or last gasps, so near to an outage's first sign tell when it began."""

FEWEST_GASPS = 2

# A beginning told by the device itself counts before that told by meters, whose last gasps are
# delayed and now and then false: the middle one of at least two.
_OUTAGES = text(
    """
    WITH closed AS (
        SELECT id, district_id, feeder_id, device_id, device_kind, opened_at, started_at,
            restored_at, confirmed_at IS NOT NULL AS confirmed
        FROM outage
        WHERE status = 'closed' AND merged_into_id IS NULL
            AND opened_at >= :since AND opened_at < :until
    )
    SELECT closed.*,
        coalesce(
            (
                SELECT min(sighting.at) FROM device_sighting AS sighting
                WHERE sighting.device_id = closed.device_id AND sighting.is_open
                    AND sighting.source = 'scada'
                    AND sighting.at BETWEEN closed.started_at - CAST(:around AS interval)
                        AND closed.started_at + CAST(:around AS interval)
            ),
            (
                SELECT CASE
                    WHEN count(*) >= :fewest
                    THEN percentile_disc(0.5) WITHIN GROUP (ORDER BY gasp.at)
                END
                FROM meter_signal AS gasp
                JOIN outage_transformer AS held
                    ON held.outage_id = closed.id AND held.transformer_id = gasp.transformer_id
                WHERE gasp.feeder_id = closed.feeder_id AND gasp.kind = 'last_gasp'
                    AND gasp.at BETWEEN closed.started_at - CAST(:around AS interval)
                        AND closed.started_at + CAST(:around AS interval)
            )
        ) AS began_at
    FROM closed ORDER BY opened_at, id
    """
)
# A report by position counts as one customer for each telephone number. What an outage took over
# from an inner one was dark before; its callers say nothing of how soon people call.
_PARTS = text(
    """
    WITH held AS (
        SELECT held.outage_id, held.transformer_id, held.restored_at, transformer.customers,
            transformer.kinds
        FROM outage_transformer AS held
        JOIN outage ON outage.id = held.outage_id
        JOIN transformer ON transformer.id = held.transformer_id
        WHERE held.restored_at IS NOT NULL AND NOT EXISTS (
                SELECT FROM outage_transformer AS inner_one
                WHERE inner_one.transformer_id = held.transformer_id
                    AND inner_one.outage_id <> held.outage_id
                    AND inner_one.restored_at = held.out_from
            )
            AND outage.status = 'closed' AND outage.merged_into_id IS NULL
            AND outage.opened_at >= :since AND outage.opened_at < :until
    ), first AS (
        SELECT held.outage_id, held.restored_at, min(ticket.received_at) AS at,
            min(usage_point.kind) AS kind
        FROM held
        JOIN ticket
            ON ticket.outage_id = held.outage_id AND ticket.transformer_id = held.transformer_id
        LEFT JOIN usage_point ON usage_point.id = ticket.usage_point_id
        WHERE NOT (symptoms <> '{}' AND symptoms <@ CAST(:not_a_loss AS text[]))
        GROUP BY held.outage_id, held.restored_at,
            coalesce('u' || ticket.usage_point_id, 'p' || ticket.phone, 't' || ticket.id)
    ), called AS (
        SELECT outage_id, restored_at, array_agg(at ORDER BY at, kind) AS called_at,
            array_agg(kind ORDER BY at, kind) AS called_kinds
        FROM first WHERE at < restored_at GROUP BY outage_id, restored_at
    ), part AS (
        SELECT outage_id, restored_at, sum(customers) AS customers
        FROM held GROUP BY outage_id, restored_at
    ), of_kind AS (
        SELECT outage_id, restored_at, kind, sum(CAST(count AS integer)) AS count
        FROM held CROSS JOIN LATERAL jsonb_each_text(kinds) AS each (kind, count)
        GROUP BY outage_id, restored_at, kind
    ), known AS (
        SELECT outage_id, restored_at, jsonb_object_agg(kind, count) AS kinds
        FROM of_kind GROUP BY outage_id, restored_at
    )
    SELECT part.*, coalesce(called.called_at, '{}') AS called_at,
        coalesce(called.called_kinds, '{}') AS called_kinds, coalesce(known.kinds, '{}') AS kinds
    FROM part
    LEFT JOIN called USING (outage_id, restored_at)
    LEFT JOIN known USING (outage_id, restored_at)
    ORDER BY outage_id, restored_at
    """
)
# Where no line of a feeder has a length, one is assumed for each transformer of a device's own.
_DEVICES = text(
    """
    WITH measured AS (
        SELECT feeder_id, bool_or(length_m > 0 AND kind <> 'transformer') AS known
        FROM device GROUP BY feeder_id
    ), own AS (
        SELECT CASE WHEN device.kind = 'transformer' THEN device.parent_id ELSE device.id END
            AS device_id, count(*) AS transformers
        FROM transformer JOIN device ON device.id = transformer.device_id
        WHERE transformer.retired_at IS NULL
        GROUP BY 1
    ), metered AS (
        SELECT transformer.feeder_id, transformer.device_pre
        FROM meter_signal
        JOIN transformer ON transformer.id = meter_signal.transformer_id
        WHERE meter_signal.at >= :since AND meter_signal.at < :until
            AND meter_signal.kind = 'last_gasp'
        GROUP BY transformer.id HAVING count(DISTINCT meter_signal.usage_point_id) >= :fewest
    )
    SELECT device.id, device.kind, feeder.district_id, device.parent_id, device.customers,
        CASE
            WHEN measured.known THEN device.length_m / 1000
            ELSE :km_where_unknown * coalesce(own.transformers, 0)
        END AS km,
        EXISTS (
            SELECT FROM device_sighting
            WHERE device_sighting.device_id = device.id AND device_sighting.source = 'scada'
        ) OR EXISTS (
            SELECT FROM metered
            WHERE metered.feeder_id = device.feeder_id
                AND metered.device_pre >= device.pre AND metered.device_pre < device.post
        ) AS watched
    FROM device
    JOIN feeder ON feeder.id = device.feeder_id
    JOIN measured ON measured.feeder_id = device.feeder_id
    LEFT JOIN own ON own.device_id = device.id
    WHERE feeder.district_id IS NOT NULL
    ORDER BY device.id
    """
)
_CUSTOMERS = text(
    """
    SELECT home.district_id, count(*) AS customers
    FROM usage_point
    LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    CROSS JOIN LATERAL (
        SELECT coalesce(transformer.district_id, usage_point.district_id) AS district_id
    ) AS home
    WHERE usage_point.disconnected_for IS NULL AND home.district_id IS NOT NULL
    GROUP BY home.district_id ORDER BY home.district_id
    """
)


_FIRST = text(
    """
    SELECT least(
        (SELECT min(received_at) FROM ticket),
        (SELECT min(opened_at) FROM outage WHERE status = 'closed')
    )
    """
)


def recorded_since(connection: Connection) -> datetime | None:
    """When the record begins, with its first report or outage; None while it is empty."""
    first = connection.scalar(_FIRST)
    assert first is None or isinstance(first, datetime)
    return first


def read_past(
    connection: Connection, since: datetime, until: datetime, *, km_where_unknown: float
) -> Past:
    """Read the closed outages that were opened in a period, and what could have failed in it.

    `km_where_unknown` is the line of one transformer on feeders whose lines have no lengths.
    """
    asked = {
        "since": since,
        "until": until,
        "around": AROUND,
        "fewest": FEWEST_GASPS,
        "not_a_loss": sorted(NOT_A_LOSS),
        "km_where_unknown": km_where_unknown,
    }
    parts: dict[int, tuple[PastPart, ...]] = {}
    rows = connection.execute(_PARTS, asked)
    for outage_id, mine in groupby(rows, key=lambda row: int(row.outage_id)):
        parts[outage_id] = tuple(
            PastPart(
                customers=int(row.customers),
                lit_at=row.restored_at,
                called_at=tuple(row.called_at),
                called_kinds=tuple(row.called_kinds) if any(row.called_kinds) else (),
                kinds=tuple(sorted(row.kinds.items())),
            )
            for row in mine
        )
    return Past(
        since=since,
        until=until,
        outages=tuple(
            PastOutage(
                id=OutageId(row.id),
                district_id=DistrictId(row.district_id),
                kind=row.device_kind,
                device_id=row.device_id,
                opened_at=row.opened_at,
                began_at=row.began_at,
                restored_at=row.restored_at,
                confirmed=row.confirmed,
                parts=parts.get(row.id, ()),
            )
            for row in connection.execute(_OUTAGES, asked)
        ),
        devices=tuple(
            PlacedDevice(**row) for row in connection.execute(_DEVICES, asked).mappings()
        ),
        customers={
            DistrictId(row.district_id): int(row.customers)
            for row in connection.execute(_CUSTOMERS)
        },
    )
