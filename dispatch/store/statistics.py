"""Keep the planner's picture of the tables that a storm fills.

The server's own upkeep looks once a minute and waits for a tenth of a table to change. In the
first minute of a new company's first storm that is too late: plans made for empty tables walk
through thousands of rows on every call, and a connection keeps them until the table is analysed.
Hot statements read what is open, a small part of a table that holds years: a part that a storm
multiplies long before the whole has changed by a tenth.
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
SHARE_CHANGED = 0.02
SAMPLED = 20
"""The statistics target: a fifth of the server's own, for a look that must not disturb a storm."""

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
    """Analyse the tables that changed noticeably since the last time; which those were.

    One that the server is tending at the moment is left to the server.
    """
    asked = {"tables": list(FILLED_BY_STORMS), "least": LEAST_CHANGES, "share": SHARE_CHANGED}
    outgrown = list(connection.scalars(_OUTGROWN, asked))
    if outgrown:
        connection.execute(text(f"SET LOCAL default_statistics_target = {SAMPLED}"))
    for table in outgrown:
        connection.execute(text(f"ANALYZE (SKIP_LOCKED) {table}"))
    return outgrown
