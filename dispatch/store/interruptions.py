"""Who was without supply from when to when: each minute of a usage point is recorded once.

What a new interruption shares with an earlier one of the same usage point stays with the earlier
one; only the rest is recorded. So the sum over outages is right under partial and nested
restoration, in whatever order they end. A usage point that is cut off on purpose is not out.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.domain.outage import Scope
from dispatch.domain.words import OutageId, PlannedOutageId

_RECORD = """
    , part AS (
        SELECT gone.usage_point_id, usage_point.district_id,
            unnest(
                tstzmultirange(tstzrange(gone.out_from, gone.until))
                - coalesce(
                    (
                        SELECT range_agg(earlier.period) FROM interruption AS earlier
                        WHERE earlier.usage_point_id = gone.usage_point_id
                            AND earlier.period && tstzrange(gone.out_from, gone.until)
                    ),
                    '{}'
                )
            ) AS period
        FROM gone JOIN usage_point ON usage_point.id = gone.usage_point_id
    ), recorded AS (
        INSERT INTO interruption
            (usage_point_id, outage_id, planned_outage_id, district_id, period)
        SELECT usage_point_id, CAST(:outage_id AS bigint), CAST(:planned_id AS bigint),
            district_id, period
        FROM part ORDER BY usage_point_id
    )
"""

# A crew may report "restored 10:00" of a transformer that a caller at 10:05 put on the list: it
# was then out for no time at all.
_RESTORE = text(
    """
    WITH back AS (
        UPDATE outage_transformer SET restored_at = greatest(:at, out_from)
        WHERE outage_id = :outage_id AND restored_at IS NULL
            AND transformer_id = ANY(:transformers)
        RETURNING transformer_id, out_from, restored_at
    ), home AS (
        UPDATE outage_usage_point SET restored_at = greatest(:at, out_from)
        WHERE outage_id = :outage_id AND restored_at IS NULL
            AND usage_point_id = ANY(:usage_points)
        RETURNING usage_point_id, out_from, restored_at
    ), touched AS (
        SELECT usage_point.id AS usage_point_id, back.out_from, back.restored_at
        FROM back JOIN usage_point ON usage_point.transformer_id = back.transformer_id
        JOIN outage ON outage.id = :outage_id
        WHERE outage.phases IS NULL OR usage_point.phases IS NULL
            OR outage.device_kind <> 'transformer'
            OR usage_point.phases ~ ('[' || outage.phases || ']')
        UNION ALL
        SELECT usage_point_id, out_from, restored_at FROM home
    ), gone AS (
        SELECT touched.usage_point_id, usage_point.transformer_id,
            min(touched.out_from) AS out_from, max(touched.restored_at) AS until
        FROM touched JOIN usage_point ON usage_point.id = touched.usage_point_id
        WHERE usage_point.disconnected_for IS NULL
        GROUP BY touched.usage_point_id, usage_point.transformer_id
    )
    """  # noqa: S608 (constants)
    + _RECORD
    + """
    SELECT count(*) FROM gone
    WHERE NOT EXISTS (
            SELECT FROM outage_usage_point AS other
            WHERE other.usage_point_id = gone.usage_point_id
                AND other.restored_at IS NULL
                AND (other.outage_id <> :outage_id OR other.usage_point_id <> ALL(:usage_points))
        )
        AND NOT EXISTS (
            SELECT FROM outage_transformer AS other
            WHERE other.transformer_id = gone.transformer_id AND other.restored_at IS NULL
                AND (other.outage_id <> :outage_id OR other.transformer_id <> ALL(:transformers))
        )
    """
)

_RECORD_PLANNED = text(
    """
    WITH gone AS (
        SELECT usage_point.id AS usage_point_id,
            CAST(:starts_at AS timestamptz) AS out_from, CAST(:at AS timestamptz) AS until
        FROM planned_outage_transformer AS cut
        JOIN usage_point ON usage_point.transformer_id = cut.transformer_id
        WHERE cut.planned_outage_id = :planned_id AND usage_point.disconnected_for IS NULL
    )
    """  # noqa: S608 (constants)
    + _RECORD
    + "SELECT count(*) FROM gone"
)


def restore(connection: Connection, outage_id: OutageId, scope: Scope, at: datetime) -> int:
    """Mark `scope` of an outage as supplied again and record who was out until then.

    Returns
    -------
    customers
        How many have supply again: those of `scope` whom no other open outage keeps in the dark.
        Their minutes up to `at` are recorded in either case.
    """
    customers = connection.scalar(
        _RESTORE,
        {
            "outage_id": outage_id,
            "planned_id": None,
            "at": at,
            "transformers": sorted(scope.transformers),
            "usage_points": sorted(scope.usage_points),
        },
    )
    assert customers is not None, "count(*) has a row"
    return int(customers)


def record_planned(
    connection: Connection, planned_id: PlannedOutageId, starts_at: datetime, at: datetime
) -> int:
    """Record that the customers of a planned outage were out from `starts_at` to `at`; how many."""
    customers = connection.scalar(
        _RECORD_PLANNED,
        {
            "outage_id": None,
            "planned_id": planned_id,
            "starts_at": starts_at,
            "at": at,
        },
    )
    assert customers is not None, "count(*) has a row"
    return int(customers)
