"""Who is without supply and since when, what is over and what goes on, in one table of periods.

What goes on is told as it will be recorded once it is over: each minute of a customer once, what an
earlier record has left out, nobody who is cut off on purpose, an outage before planned work.
"""

PERIODS = """
    still AS (
        SELECT usage_point.id AS usage_point_id, usage_point.district_id, part.out_from,
            false AS planned
        FROM outage_transformer AS part
        JOIN usage_point ON usage_point.transformer_id = part.transformer_id
        WHERE part.restored_at IS NULL AND usage_point.disconnected_for IS NULL
        UNION ALL
        SELECT usage_point.id, usage_point.district_id, part.out_from, false
        FROM outage_usage_point AS part
        JOIN usage_point ON usage_point.id = part.usage_point_id
        WHERE part.restored_at IS NULL AND usage_point.disconnected_for IS NULL
        UNION ALL
        SELECT usage_point.id, usage_point.district_id, work.starts_at, true
        FROM planned_outage AS work
        JOIN planned_outage_transformer AS cut ON cut.planned_outage_id = work.id
        JOIN usage_point ON usage_point.transformer_id = cut.transformer_id
        WHERE work.ended_at IS NULL AND work.cancelled_at IS NULL
            AND usage_point.disconnected_for IS NULL
    ), dark AS (
        SELECT usage_point_id, district_id, planned, min(out_from) AS out_from
        FROM still WHERE out_from < :now GROUP BY usage_point_id, district_id, planned
    ), lasting AS (
        SELECT dark.usage_point_id, dark.district_id, dark.planned,
            unnest(
                tstzmultirange(tstzrange(dark.out_from, NULL))
                - coalesce(
                    (
                        SELECT range_agg(earlier.period) FROM interruption AS earlier
                        WHERE earlier.usage_point_id = dark.usage_point_id
                            AND earlier.period && tstzrange(dark.out_from, NULL)
                    ),
                    '{}'
                )
                - CASE
                    WHEN fault.out_from IS NULL THEN '{}'
                    ELSE tstzmultirange(tstzrange(fault.out_from, NULL))
                END
            ) AS period
        FROM dark
        LEFT JOIN dark AS fault
            ON dark.planned AND NOT fault.planned AND fault.usage_point_id = dark.usage_point_id
    ), periods AS (
        SELECT usage_point_id, district_id, planned_outage_id IS NOT NULL AS planned, period
        FROM interruption
        UNION ALL
        SELECT usage_point_id, district_id, planned, period FROM lasting
        WHERE lower(period) < :now
    )
"""
"""SQL for the tables `lasting` and `periods` at `:now`; a period without an end goes on."""
