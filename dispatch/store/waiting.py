"""What still waits for background work: read by the sweep, so that a lost job costs seconds."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, text

SLACK = timedelta(seconds=5)
"""How long a report's own transaction may take to become visible to a job asked for after it."""

_FEEDERS = text(
    """
    WITH asked AS (
        SELECT args ->> 'feeder_id' AS feeder_id,
               max(CAST(args ->> 'asked_at' AS timestamptz)) AS asked_at
        FROM procrastinate_jobs
        WHERE task_name = :task AND status IN ('todo', 'doing', 'succeeded')
        GROUP BY 1
    ), reported AS (
        SELECT feeder_id, max(recorded_at) AS recorded_at
        FROM ticket
        WHERE status = 'open' AND feeder_id IS NOT NULL
        GROUP BY 1
    )
    SELECT feeder_id
    FROM reported LEFT JOIN asked USING (feeder_id)
    WHERE asked_at IS NULL OR asked_at < recorded_at + :slack
    ORDER BY feeder_id
    """
)

_DISTRICTS = text(
    """
    SELECT DISTINCT district_id FROM trouble_order
    WHERE status = 'awaiting_assignment' ORDER BY district_id
    """
)


def feeders_to_group(connection: Connection, task: str) -> Sequence[str]:
    """List feeders with reports that no job of that name was asked to look at since.

    A job asked for within the slack of a report may not have seen it, and does not count.
    """
    waiting = connection.scalars(_FEEDERS, {"task": task, "slack": SLACK})
    return list(waiting)


def districts_to_assign(connection: Connection) -> Sequence[str]:
    """List districts where an order waits for a crew."""
    return list(connection.scalars(_DISTRICTS))
