"""Closed outages, their callers, and what could have failed: what learning reads of the record."""

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection, text

from dispatch.domain.past import (
    Darkness,
    LinkedCustomer,
    LinkHistory,
    Past,
    PastOutage,
    PastPart,
    PlacedDevice,
    ReportedLoss,
)
from dispatch.domain.words import NOT_A_LOSS, DistrictId, OutageId, UsagePointId
from dispatch.store.reads.visible import listed, visible

AROUND = timedelta(minutes=45)
"""A device seen open, or last gasps, so near to an outage's first sign tell when it began."""

FEWEST_GASPS = 2
NEARBY_M = 500.0
METRES_PER_DEGREE = 111_195.0
MOST_NEARBY = 8

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
        SELECT held.outage_id, held.transformer_id, held.restored_at, transformer.customers
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
        SELECT held.outage_id, held.restored_at, min(ticket.received_at) AS at
        FROM held
        JOIN ticket
            ON ticket.outage_id = held.outage_id AND ticket.transformer_id = held.transformer_id
        WHERE NOT (symptoms <> '{}' AND symptoms <@ CAST(:not_a_loss AS text[]))
        GROUP BY held.outage_id, held.restored_at,
            coalesce('u' || ticket.usage_point_id, 'p' || ticket.phone, 't' || ticket.id)
    ), called AS (
        SELECT outage_id, restored_at, array_agg(at ORDER BY at) AS called_at
        FROM first WHERE at < restored_at GROUP BY outage_id, restored_at
    ), part AS (
        SELECT outage_id, restored_at, sum(customers) AS customers
        FROM held GROUP BY outage_id, restored_at
    )
    SELECT part.*, coalesce(called.called_at, '{}') AS called_at
    FROM part LEFT JOIN called USING (outage_id, restored_at)
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


_DARKNESS = text(
    """
    WITH held AS (
        SELECT held.*, transformer.customers
        FROM outage_transformer AS held
        JOIN outage ON outage.id = held.outage_id
        JOIN transformer ON transformer.id = held.transformer_id
        WHERE outage.merged_into_id IS NULL
            AND held.out_from >= :since AND held.out_from < :until
    ), whole AS (
        SELECT outage_id, CAST(sum(customers) AS integer) AS customers
        FROM held GROUP BY outage_id
    ), called AS (
        SELECT outage_id, CAST(count(DISTINCT usage_point_id) AS integer) AS callers
        FROM ticket WHERE outage_id IN (SELECT outage_id FROM whole) GROUP BY outage_id
    )
    SELECT outage_id, transformer_id, out_from AS from_at, restored_at AS to_at,
        whole.customers, coalesce(called.callers, 0) AS callers
    FROM held JOIN whole USING (outage_id) LEFT JOIN called USING (outage_id)
    WHERE restored_at > out_from
    ORDER BY from_at, outage_id, transformer_id
    """
)
_REPORTS = text(
    f"""
    SELECT ticket.usage_point_id, usage_point.transformer_id, ticket.received_at AS at
    FROM ticket JOIN usage_point ON usage_point.id = ticket.usage_point_id
    WHERE ticket.received_at >= :since AND ticket.received_at < :until
        AND usage_point.transformer_id IS NOT NULL AND ticket.disposition <> 'planned'
        AND NOT (symptoms <> '{{}}' AND symptoms <@ CAST(:not_a_loss AS text[]))
        AND {visible("usage_point")}
    ORDER BY ticket.received_at, ticket.id
    """  # noqa: S608 (constants)
)
_LINKED = text(
    """
    SELECT usage_point.id AS usage_point_id, usage_point.account, usage_point.transformer_id,
        ARRAY(
            SELECT other.id FROM transformer AS other
            WHERE other.id <> usage_point.transformer_id AND other.retired_at IS NULL
                AND other.point && ST_Expand(place.point, :reach / place.narrow, :reach)
                AND ST_DistanceSphere(other.point, place.point) <= :metres
            ORDER BY ST_DistanceSphere(other.point, place.point), other.id LIMIT :most
        ) AS nearby
    FROM usage_point
    JOIN transformer AS own ON own.id = usage_point.transformer_id
    CROSS JOIN LATERAL (
        SELECT coalesce(usage_point.point, own.point) AS point,
            greatest(cos(radians(ST_Y(own.point))), 0.01) AS narrow
    ) AS place
    WHERE usage_point.id = ANY(:ids)
    ORDER BY usage_point.id
    """
)
_SERVED = text("SELECT id, customers FROM transformer WHERE id = ANY(:ids) ORDER BY id")


def read_links(
    connection: Connection,
    since: datetime,
    until: datetime,
    districts: Collection[str] | None = None,
) -> LinkHistory:
    """Read what customers' transformers can be judged by: who was out when, and who called.

    Only customers of `districts`, None: of every one.
    """
    asked = {
        "since": since,
        "until": until,
        "not_a_loss": sorted(NOT_A_LOSS),
        "districts": listed(districts),
    }
    reports = tuple(
        ReportedLoss(
            usage_point_id=UsagePointId(row.usage_point_id),
            transformer_id=row.transformer_id,
            at=row.at,
        )
        for row in connection.execute(_REPORTS, asked)
    )
    counted: dict[UsagePointId, int] = {}
    for report in reports:
        counted[report.usage_point_id] = counted.get(report.usage_point_id, 0) + 1
    often = sorted(who for who, calls in counted.items() if calls > 1)
    near = {"reach": NEARBY_M / METRES_PER_DEGREE, "metres": NEARBY_M, "most": MOST_NEARBY}
    customers = tuple(
        LinkedCustomer(
            usage_point_id=UsagePointId(row.usage_point_id),
            account=row.account,
            transformer_id=row.transformer_id,
            nearby=tuple(row.nearby),
        )
        for row in connection.execute(_LINKED, {"ids": often, **near})
    )
    own = sorted({customer.transformer_id for customer in customers})
    return LinkHistory(
        customers=customers,
        darkness=tuple(Darkness(**row) for row in connection.execute(_DARKNESS, asked).mappings()),
        reports=reports,
        served={row.id: int(row.customers) for row in connection.execute(_SERVED, {"ids": own})},
    )
