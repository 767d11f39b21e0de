"""Keep the planner's picture of the tables that a storm fills.

The server's own upkeep looks once a minute and waits for a tenth of a table to change. In the
first minute of a new company's first storm that is too late: plans made for empty tables walk
through thousands of rows on every call, and a connection keeps them until the table is analysed.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

FILLED_BY_STORMS = (
    "attachment",
    "clock",
    "dispatch_step",
    "event",
    "feeder_news",
    "incident",
    "outage",
    "outage_transformer",
    "outage_usage_point",
    "procrastinate_jobs",
    "ticket",
    "trouble_order",
)
LEAST_CHANGES = 200
SHARE_CHANGED = 0.5

_OUTGROWN = text(
    """
    SELECT stat.relname
    FROM pg_stat_user_tables AS stat JOIN pg_class ON pg_class.oid = stat.relid
    WHERE stat.schemaname = current_schema() AND stat.relname = ANY(CAST(:tables AS text[]))
        AND stat.n_mod_since_analyze > :least + :share * greatest(pg_class.reltuples, 0)
    ORDER BY stat.relname
    """
)


def refresh_statistics(connection: Connection) -> Sequence[str]:
    """Analyse the tables that changed by half since the last time; which those were.

    One that the server is tending at the moment is left to the server.
    """
    asked = {"tables": list(FILLED_BY_STORMS), "least": LEAST_CHANGES, "share": SHARE_CHANGED}
    outgrown = list(connection.scalars(_OUTGROWN, asked))
    for table in outgrown:
        connection.execute(text(f"ANALYZE (SKIP_LOCKED) {table}"))
    return outgrown
