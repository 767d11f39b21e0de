"""Interruptions added up by day, district and kind, and what fell within a period.

Records never overlap. Records of one customer and one kind that touch are one interruption here:
where a part of an outage was restored first, or a nested outage took over, nobody is counted twice.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

from dispatch.indices import MOMENTARY
from dispatch.store.reads.visible import listed, visible

AROUND = timedelta(days=7)
"""So far beyond a period is looked for records that belong to an interruption of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfKind:
    """Interruptions that began on one local day in one district, planned or not.

    `sustained` counts customers interrupted for more than five minutes, each time anew; `minutes`
    are theirs. `momentary` counts the shorter ones.
    """

    day: date
    district_id: str | None
    planned: bool
    sustained: int
    minutes: float
    momentary: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesOfKind:
    """Customer-minutes that fell within a local month, whenever the interruption began."""

    month: date
    district_id: str | None
    planned: bool
    minutes: float


_DAYS = text(
    f"""
    WITH joined AS (
        SELECT usage_point_id, district_id, planned_outage_id IS NOT NULL AS planned,
            unnest(range_agg(period)) AS period
        FROM interruption
        WHERE period && tstzrange(
                CAST(:since AS timestamptz) - CAST(:around AS interval),
                CAST(:until AS timestamptz) + CAST(:around AS interval)
            )
            AND {visible("interruption")}
        GROUP BY usage_point_id, district_id, planned_outage_id IS NOT NULL
    ), whole AS (
        SELECT district_id, planned, lower(period) AS began,
            date_part('epoch', upper(period) - lower(period)) / 60.0 AS minutes
        FROM joined WHERE lower(period) >= :since AND lower(period) < :until
    )
    SELECT CAST(began AT TIME ZONE :zone AS date) AS day, district_id, planned,
        count(*) FILTER (WHERE minutes > :momentary) AS sustained,
        CAST(coalesce(sum(minutes) FILTER (WHERE minutes > :momentary), 0) AS double precision)
            AS minutes,
        count(*) FILTER (WHERE minutes <= :momentary) AS momentary
    FROM whole GROUP BY day, district_id, planned ORDER BY day, district_id, planned
    """  # noqa: S608 (constants)
)
_WITHIN = text(
    f"""
    SELECT CAST(month AS date) AS month, district_id, planned_outage_id IS NOT NULL AS planned,
        CAST(sum(date_part('epoch', upper(part) - lower(part))) / 60.0 AS double precision)
            AS minutes
    FROM generate_series(
            date_trunc('month', CAST(:since AS timestamptz) AT TIME ZONE :zone),
            CAST(:until AS timestamptz) AT TIME ZONE :zone - interval '1 second',
            interval '1 month'
        ) AS month
    JOIN interruption ON period && tstzrange(
        month AT TIME ZONE :zone, (month + interval '1 month') AT TIME ZONE :zone)
    CROSS JOIN LATERAL (
        SELECT period * tstzrange(
            greatest(month AT TIME ZONE :zone, CAST(:since AS timestamptz)),
            least((month + interval '1 month') AT TIME ZONE :zone, CAST(:until AS timestamptz))
        ) AS part
    ) AS cut
    WHERE NOT isempty(part) AND {visible("interruption")}
    GROUP BY month, district_id, planned ORDER BY month, district_id, planned
    """  # noqa: S608 (constants)
)
_SERVED = text(
    f"""
    SELECT home.district_id, count(*) AS customers FROM usage_point
    LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    CROSS JOIN LATERAL (
        SELECT coalesce(usage_point.district_id, transformer.district_id) AS district_id
    ) AS home
    WHERE {visible("home")} GROUP BY home.district_id
    """  # noqa: S608 (constants)
)


def days(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    zone: str,
) -> Sequence[DayOfKind]:
    """Add up the interruptions that began in a period, by the local day on which they began."""
    asked = {
        "districts": listed(districts),
        "since": since,
        "until": until,
        "zone": zone,
        "around": AROUND,
        "momentary": MOMENTARY.total_seconds() / 60,
    }
    return [DayOfKind(**row) for row in connection.execute(_DAYS, asked).mappings()]


def within_months(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    zone: str,
) -> Sequence[MinutesOfKind]:
    """Add up the customer-minutes that fell within each local month of a period."""
    asked = {"districts": listed(districts), "since": since, "until": until, "zone": zone}
    return [MinutesOfKind(**row) for row in connection.execute(_WITHIN, asked).mappings()]


def served(connection: Connection, districts: Collection[str] | None) -> Mapping[str | None, int]:
    """How many customers each district has now; None: of no district."""
    rows = connection.execute(_SERVED, {"districts": listed(districts)})
    return {row.district_id: row.customers for row in rows}
