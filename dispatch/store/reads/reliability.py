"""Interruptions added up by day, district and kind, and what fell within a period.

Records never overlap. Records of one customer and one kind that touch are one interruption here:
where a part of an outage was restored first, or a nested outage took over, nobody is counted twice.
What still goes on counts with its time so far.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

from dispatch.domain.words import AreaClass
from dispatch.indices import MOMENTARY
from dispatch.store.directory import STRICTEST
from dispatch.store.reads.lasting import PERIODS
from dispatch.store.reads.visible import listed, visible

AROUND = timedelta(days=7)
"""So far beyond a period is looked for records that belong to an interruption of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfKind:
    """Interruptions that began on one local day in one district, planned or not.

    `sustained` counts customers interrupted for more than five minutes, each time anew; `minutes`
    are theirs. `momentary` counts the shorter ones that are over; `lasting` those of `sustained`
    that are not, whose minutes grow.
    """

    day: date
    district_id: str | None
    planned: bool
    sustained: int
    minutes: float
    momentary: int
    lasting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesOfKind:
    """Customer-minutes that fell within a local month, whenever the interruption began."""

    month: date
    district_id: str | None
    planned: bool
    minutes: float


# Interruptions of one home that touch or overlap are one; those around the period may reach in.
_JOINED = f"""
    {PERIODS}, joined AS (
        SELECT usage_point_id, district_id, planned, unnest(range_agg(period)) AS period
        FROM periods
        WHERE period && tstzrange(
                CAST(:since AS timestamptz) - CAST(:around AS interval),
                CAST(:until AS timestamptz) + CAST(:around AS interval)
            )
            AND {visible("periods")}
        GROUP BY usage_point_id, district_id, planned
    )
"""  # noqa: S608 (constants)
_COUNTS = """
    count(*) FILTER (WHERE minutes > :momentary) AS sustained,
    CAST(coalesce(sum(minutes) FILTER (WHERE minutes > :momentary), 0) AS double precision)
        AS minutes,
    count(*) FILTER (WHERE minutes <= :momentary AND NOT lasts) AS momentary,
    count(*) FILTER (WHERE minutes > :momentary AND lasts) AS lasting
"""
# So many minutes an interruption has lasted, and whether it goes on.
_LASTED = """
    date_part('epoch', coalesce(upper(period), :now) - lower(period)) / 60.0 AS minutes,
    upper_inf(period) AS lasts
"""
_DAYS = text(
    f"""
    WITH {_JOINED}, whole AS (
        SELECT district_id, planned, lower(period) AS began, {_LASTED}
        FROM joined WHERE lower(period) >= :since AND lower(period) < :until
    )
    SELECT CAST(began AT TIME ZONE :zone AS date) AS day, district_id, planned,
        {_COUNTS}
    FROM whole GROUP BY day, district_id, planned ORDER BY day, district_id, planned
    """  # noqa: S608 (constants)
)
_WITHIN = text(
    f"""
    WITH {PERIODS}
    SELECT CAST(month AS date) AS month, district_id, planned,
        CAST(sum(date_part('epoch', upper(part) - lower(part))) / 60.0 AS double precision)
            AS minutes
    FROM generate_series(
            date_trunc('month', CAST(:since AS timestamptz) AT TIME ZONE :zone),
            CAST(:until AS timestamptz) AT TIME ZONE :zone - interval '1 second',
            interval '1 month'
        ) AS month
    JOIN periods ON period && tstzrange(
        month AT TIME ZONE :zone, (month + interval '1 month') AT TIME ZONE :zone)
    CROSS JOIN LATERAL (
        SELECT period * tstzrange(
            greatest(month AT TIME ZONE :zone, CAST(:since AS timestamptz)),
            least(
                (month + interval '1 month') AT TIME ZONE :zone, CAST(:until AS timestamptz),
                greatest(CAST(:now AS timestamptz), month AT TIME ZONE :zone)
            )
        ) AS part
    ) AS cut
    WHERE NOT isempty(part) AND {visible("periods")}
    GROUP BY month, district_id, planned ORDER BY month, district_id, planned
    """  # noqa: S608 (constants)
)
_STILL_DARK = text(
    f"""
    WITH {PERIODS}
    SELECT count(DISTINCT usage_point_id) FROM periods
    WHERE upper_inf(period) AND {visible("periods")}
        AND period && tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz))
    """  # noqa: S608 (constants)
)
_RECORDS_SINCE = text(
    """
    SELECT least(
        (SELECT recorded_at FROM event ORDER BY id LIMIT 1),
        (SELECT min(loaded_at) FROM load_receipt),
        (SELECT min(started_at) FROM outage),
        (SELECT min(starts_at) FROM planned_outage WHERE cancelled_at IS NULL)
    )
    """
)


# A customer is of the area class of their transformer's place on the newest map, or of their own
# place without one; the strictest of those that cover it, as for a report. Transformers are few.
def _class_at(point: str) -> str:
    """SQL for the area class of a point, on the map `newest`."""
    return f"""
        coalesce((
            SELECT area.area_class FROM area JOIN newest ON newest.version = area.version
            WHERE ST_Covers(area.boundary, {point})
            ORDER BY array_position(CAST(:strictest_first AS text[]), area.area_class) LIMIT 1
        ), :strictest)
    """  # noqa: S608 (constants)


_CLASSES = f"""
    newest AS (SELECT max(version) AS version FROM area_map),
    of_transformer AS MATERIALIZED (
        SELECT transformer.id, {_class_at("transformer.point")} AS area_class FROM transformer
    )
"""  # noqa: S608 (constants)
_HOMES_OF_AREA = f"""
    LEFT JOIN of_transformer ON of_transformer.id = usage_point.transformer_id
    CROSS JOIN LATERAL (
        SELECT coalesce(of_transformer.area_class, {_class_at("usage_point.point")})
            AS area_class
    ) AS home
"""
_DAYS_OF_AREA = text(
    f"""
    WITH {_CLASSES}, {_JOINED}, whole AS (
        SELECT home.area_class, planned, lower(period) AS began, {_LASTED}
        FROM joined JOIN usage_point ON usage_point.id = joined.usage_point_id
        {_HOMES_OF_AREA}
        WHERE lower(period) >= :since AND lower(period) < :until
    )
    SELECT area_class, CAST(began AT TIME ZONE :zone AS date) AS day, planned,
        {_COUNTS}
    FROM whole GROUP BY area_class, day, planned ORDER BY area_class, day, planned
    """  # noqa: S608 (constants)
)
_WITHIN_OF_AREA = text(
    f"""
    WITH {_CLASSES}, {PERIODS}
    SELECT home.area_class, planned,
        CAST(sum(date_part('epoch', upper(part) - lower(part))) / 60.0 AS double precision)
            AS minutes
    FROM periods
    CROSS JOIN LATERAL (
        SELECT period * tstzrange(
            CAST(:since AS timestamptz),
            greatest(
                least(CAST(:until AS timestamptz), CAST(:now AS timestamptz)),
                CAST(:since AS timestamptz)
            )
        ) AS part
    ) AS cut
    JOIN usage_point ON usage_point.id = periods.usage_point_id
    {_HOMES_OF_AREA}
    WHERE period && tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz))
        AND NOT isempty(part) AND {visible("periods")}
    GROUP BY home.area_class, planned ORDER BY home.area_class, planned
    """  # noqa: S608 (constants)
)
_SERVED_OF_AREA = text(
    f"""
    WITH {_CLASSES}
    SELECT home.area_class, count(*) AS customers FROM usage_point
    LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    CROSS JOIN LATERAL (
        SELECT coalesce(usage_point.district_id, transformer.district_id) AS district_id
    ) AS of_district
    {_HOMES_OF_AREA}
    WHERE {visible("of_district")} GROUP BY home.area_class
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


_TOLD_APART = {"around": AROUND, "momentary": MOMENTARY.total_seconds() / 60}
"""What counts as one interruption, and what as a momentary one."""


def days(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    zone: str,
    now: datetime,
) -> Sequence[DayOfKind]:
    """Add up the interruptions that began in a period, by the local day on which they began.

    Those that go on at `now` have lasted until then.
    """
    asked = {
        "districts": listed(districts),
        "since": since,
        "until": until,
        "zone": zone,
        "now": now,
        **_TOLD_APART,
    }
    return [DayOfKind(**row) for row in connection.execute(_DAYS, asked).mappings()]


def within_months(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    zone: str,
    now: datetime,
) -> Sequence[MinutesOfKind]:
    """Add up the customer-minutes that fell within each local month of a period, up to `now`."""
    asked = {
        "districts": listed(districts),
        "since": since,
        "until": until,
        "zone": zone,
        "now": now,
    }
    return [MinutesOfKind(**row) for row in connection.execute(_WITHIN, asked).mappings()]


def still_dark(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    now: datetime,
) -> int:
    """Count the customers who are without supply at `now` and were so within a period."""
    asked = {"districts": listed(districts), "since": since, "until": until, "now": now}
    return int(connection.scalar(_STILL_DARK, asked) or 0)


def records_since(connection: Connection) -> datetime | None:
    """When the company's records begin; None while there are none.

    The first of: an entry of the journal, a file that was loaded, the start of an outage or of
    planned work. Nothing before it can be told from a time in which nothing happened.
    """
    since: datetime | None = connection.scalar(_RECORDS_SINCE)
    return since


def served(connection: Connection, districts: Collection[str] | None) -> Mapping[str | None, int]:
    """How many customers each district has now; None: of no district."""
    rows = connection.execute(_SERVED, {"districts": listed(districts)})
    return {row.district_id: row.customers for row in rows}


def days_of_areas(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    zone: str,
    now: datetime,
) -> Mapping[AreaClass, Sequence[DayOfKind]]:
    """Add up the interruptions that began in a period by area class and local day.

    Their district is not told apart.
    """
    asked = {
        **_of_areas(districts, since, until),
        "zone": zone,
        "now": now,
        **_TOLD_APART,
    }
    found: dict[AreaClass, list[DayOfKind]] = {}
    for row in connection.execute(_DAYS_OF_AREA, asked).mappings():
        area_class, facts = AreaClass(row["area_class"]), {**row}
        del facts["area_class"]
        found.setdefault(area_class, []).append(DayOfKind(**facts, district_id=None))
    return found


def within_of_areas(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Mapping[AreaClass, Sequence[MinutesOfKind]]:
    """Add up the customer-minutes that fell within one month, `since` its begin, by area class."""
    found: dict[AreaClass, list[MinutesOfKind]] = {}
    asked = {**_of_areas(districts, since, until), "now": now}
    for row in connection.execute(_WITHIN_OF_AREA, asked):
        kind = MinutesOfKind(
            month=since.date(), district_id=None, planned=row.planned, minutes=row.minutes
        )
        found.setdefault(AreaClass(row.area_class), []).append(kind)
    return found


def served_of_areas(
    connection: Connection, districts: Collection[str] | None
) -> Mapping[AreaClass, int]:
    """How many customers each area class has now, the strictest class first."""
    asked = {"districts": listed(districts), **_STRICTEST_FIRST}
    rows = connection.execute(_SERVED_OF_AREA, asked)
    counts = {AreaClass(row.area_class): row.customers for row in rows}
    return {each: counts[each] for each in AreaClass if each in counts}


_STRICTEST_FIRST = {
    "strictest_first": [each.value for each in AreaClass],
    "strictest": STRICTEST.value,
}


def _of_areas(
    districts: Collection[str] | None, since: datetime, until: datetime
) -> dict[str, object]:
    return {"districts": listed(districts), "since": since, "until": until, **_STRICTEST_FIRST}
