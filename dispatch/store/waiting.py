"""What still waits for background work: read by the sweep, so that a lost job costs seconds."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

_FEEDERS = text("SELECT DISTINCT feeder_id FROM feeder_news ORDER BY feeder_id")

_DISTRICTS = text(
    """
    SELECT DISTINCT district_id FROM trouble_order
    WHERE status = 'awaiting_assignment' ORDER BY district_id
    """
)


def feeders_to_group(connection: Connection) -> Sequence[str]:
    """List feeders with reports that grouping has not looked at."""
    return list(connection.scalars(_FEEDERS))


def districts_to_assign(connection: Connection) -> Sequence[str]:
    """List districts where an order waits for a crew."""
    return list(connection.scalars(_DISTRICTS))
