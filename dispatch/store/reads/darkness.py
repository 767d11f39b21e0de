"""How many customers of an outage were without supply, moment by moment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.domain.words import OutageId


@dataclass(frozen=True, slots=True)
class Change:
    """At `at` the customers who are out of an outage become `by` more, or fewer."""

    outage_id: int
    at: datetime
    by: int


# What is over stands in the interruptions, each minute of a customer once. What is not yet over is
# told in the same way, so that both add up to what will be recorded.
_CHANGES = text(
    """
    WITH over AS (
        SELECT outage_id, period FROM interruption WHERE outage_id = ANY(:outages)
    ), still AS (
        SELECT part.outage_id, usage_point.id AS usage_point_id, part.out_from
        FROM outage_transformer AS part
        JOIN usage_point ON usage_point.transformer_id = part.transformer_id
        WHERE part.outage_id = ANY(:outages) AND part.restored_at IS NULL
            AND usage_point.disconnected_for IS NULL
        UNION ALL
        SELECT part.outage_id, usage_point.id, part.out_from
        FROM outage_usage_point AS part
        JOIN usage_point ON usage_point.id = part.usage_point_id
        WHERE part.outage_id = ANY(:outages) AND part.restored_at IS NULL
            AND usage_point.disconnected_for IS NULL
    ), dark AS (
        SELECT outage_id, usage_point_id, min(out_from) AS out_from
        FROM still WHERE out_from < :now GROUP BY outage_id, usage_point_id
    ), period AS (
        SELECT outage_id, period, false AS lasts FROM over
        UNION ALL
        SELECT outage_id, unnest(
            tstzmultirange(tstzrange(out_from, CAST(:now AS timestamptz)))
            - coalesce(
                (
                    SELECT range_agg(earlier.period) FROM interruption AS earlier
                    WHERE earlier.usage_point_id = dark.usage_point_id
                        AND earlier.period && tstzrange(dark.out_from, CAST(:now AS timestamptz))
                ),
                '{}'
            )
        ), true FROM dark
    ), change AS (
        SELECT outage_id, lower(period) AS at, 1 AS by FROM period
        UNION ALL
        SELECT outage_id, upper(period), -1 FROM period
        WHERE NOT lasts OR upper(period) < :now
    )
    SELECT outage_id, at, CAST(sum(by) AS integer) AS by FROM change
    GROUP BY outage_id, at HAVING sum(by) <> 0 ORDER BY at, outage_id
    """
)


def changes(
    connection: Connection, outages: Collection[OutageId], now: datetime
) -> Sequence[Change]:
    """List by how many customers each outage grew and shrank, in order of time.

    Customers who are still out at `now` do not come back in it. Where outages are nested, a
    customer counts in the one that records the minutes.
    """
    rows = connection.execute(_CHANGES, {"outages": sorted(outages), "now": now})
    return [Change(row.outage_id, row.at, row.by) for row in rows]
