"""What happens too often, and planned cuts that were told too late: lists, with their reasons."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.domain.rules import RepeatRule
from dispatch.store.reads.visible import listed, visible

MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequentOutage:
    """A customer interrupted too often: sustained interruptions that began in the period."""

    usage_point_id: int
    account: str
    name: str
    address: str
    district_id: str | None
    transformer_id: str | None
    times: int
    minutes: float
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedFault:
    """A line or transformer that failed too often: unplanned outages that were not closed unseen.

    `customers` counts interrupted customers once for each outage; `causes` are those on record.
    """

    what: str
    id: str
    name: str
    district_id: str
    times: int
    customers: int
    customer_minutes: float
    causes: tuple[str, ...]
    outages: tuple[int, ...]
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CutAhead:
    """A planned outage, and how long ahead it was announced; `critical` customers lose supply."""

    id: int
    district_id: str
    reason: str
    starts_at: datetime
    notified_at: datetime | None
    reminded_at: datetime | None
    cancelled_at: datetime | None
    critical: int


# Periods of one customer that touch are one interruption, as in `dispatch.indices`.
_FREQUENT = text(
    f"""
    WITH began AS (
        SELECT usage_point_id, range_agg(period) AS periods
        FROM interruption
        WHERE period && tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz))
            AND {visible("interruption")}
        GROUP BY usage_point_id HAVING count(*) >= :at_least
    ), sustained AS (
        SELECT usage_point_id, count(*) AS times,
            sum(date_part('epoch', upper(one) - lower(one))) / 60.0 AS minutes,
            min(lower(one)) AS first_at, max(lower(one)) AS last_at
        FROM began CROSS JOIN LATERAL unnest(periods) AS one
        WHERE lower(one) >= :since AND upper(one) - lower(one) > interval '5 minutes'
        GROUP BY usage_point_id HAVING count(*) >= :at_least
    )
    SELECT home.id AS usage_point_id, home.account, home.name, home.address, home.district_id,
        home.transformer_id, times, CAST(minutes AS double precision) AS minutes, first_at, last_at
    FROM sustained JOIN usage_point AS home ON home.id = usage_point_id
    ORDER BY times DESC, minutes DESC, home.id LIMIT :limit
    """  # noqa: S608 (constants)
)
# A transformer's own failure is its; whatever opened above fails its line.
_REPEATED = text(
    f"""
    WITH failed AS (
        SELECT outage.id, outage.district_id, outage.opened_at, outage.cause,
            CASE WHEN device_kind = 'transformer' THEN 'transformer' ELSE 'line' END AS what,
            CASE WHEN device_kind = 'transformer' THEN device_id ELSE feeder_id END AS thing,
            lost.customers, lost.minutes
        FROM outage
        LEFT JOIN LATERAL (
            SELECT count(DISTINCT usage_point_id) AS customers,
                sum(date_part('epoch', upper(period) - lower(period))) / 60.0 AS minutes
            FROM interruption WHERE interruption.outage_id = outage.id
        ) AS lost ON true
        WHERE outage.opened_at >= :since AND outage.opened_at < :until
            AND confirmed_at IS NOT NULL AND merged_into_id IS NULL AND parent_id IS NULL
            AND device_kind NOT IN ('service', 'points', 'area') AND {visible("outage")}
    )
    SELECT what, thing AS id, min(district_id) AS district_id, count(*) AS times,
        CAST(sum(customers) AS int) AS customers,
        CAST(coalesce(sum(minutes), 0) AS double precision) AS customer_minutes,
        array_remove(array_agg(DISTINCT cause), NULL) AS causes,
        array_agg(failed.id ORDER BY opened_at) AS outages,
        min(opened_at) AS first_at, max(opened_at) AS last_at,
        coalesce(
            (SELECT feeder.name FROM feeder WHERE what = 'line' AND feeder.id = thing),
            (SELECT transformer.name FROM transformer
                WHERE what = 'transformer' AND 'transformer:' || transformer.id = thing),
            (SELECT transformer.name FROM transformer
                WHERE what = 'transformer' AND transformer.id = thing),
            thing
        ) AS name
    FROM failed WHERE thing IS NOT NULL
    GROUP BY what, thing HAVING count(*) >= :at_least
    ORDER BY times DESC, customer_minutes DESC, thing LIMIT :limit
    """  # noqa: S608 (constants)
)
_CUTS = text(
    f"""
    SELECT planned.id, planned.district_id, planned.reason, planned.starts_at,
        planned.notified_at, planned.reminded_at, planned.cancelled_at,
        (
            SELECT count(*) FROM planned_outage_transformer AS part
            JOIN usage_point ON usage_point.transformer_id = part.transformer_id
            WHERE part.planned_outage_id = planned.id AND usage_point.critical IS NOT NULL
        ) AS critical
    FROM planned_outage AS planned
    WHERE planned.starts_at >= :since AND planned.starts_at < :until AND {visible("planned")}
    ORDER BY planned.starts_at DESC, planned.id DESC LIMIT :limit
    """  # noqa: S608 (constants)
)


def frequent_outages(
    connection: Connection,
    districts: Collection[str] | None,
    rule: RepeatRule,
    since: datetime,
    until: datetime,
) -> list[FrequentOutage]:
    """List customers whom the rule counts as interrupted too often, the worst first."""
    rows = connection.execute(_FREQUENT, _asked(districts, rule, since, until)).mappings()
    return [FrequentOutage(**row) for row in rows]


def repeated_faults(
    connection: Connection,
    districts: Collection[str] | None,
    rule: RepeatRule,
    since: datetime,
    until: datetime,
) -> list[RepeatedFault]:
    """List lines and transformers that the rule counts as failing too often, the worst first."""
    rows = connection.execute(_REPEATED, _asked(districts, rule, since, until)).mappings()
    return [
        RepeatedFault(**{**row, "causes": tuple(row["causes"]), "outages": tuple(row["outages"])})
        for row in rows
    ]


def planned_cuts(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
) -> list[CutAhead]:
    """List planned outages that begin in a period, the latest first."""
    asked = {"districts": listed(districts), "since": since, "until": until, "limit": MOST}
    return [CutAhead(**row) for row in connection.execute(_CUTS, asked).mappings()]


def _asked(
    districts: Collection[str] | None, rule: RepeatRule, since: datetime, until: datetime
) -> dict[str, object]:
    return {
        "districts": listed(districts),
        "at_least": rule.at_least,
        "since": since,
        "until": until,
        "limit": MOST,
    }
