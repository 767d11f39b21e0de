"""What still waits for background work: read by the sweep, so that a lost job costs seconds."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

# A held order is thought over when its time is up: it may have become clear what it belongs to.
# First come feeders where a report opened an outage of its own: until somebody looks, the next
# caller opens another. One that joined what is known changes little, and waits while others press.
_FEEDERS = text(
    """
    SELECT feeder_id FROM (
        SELECT feeder_id, joined AND at > :now - CAST(:patience AS interval) AS waits, at
        FROM feeder_news WHERE feeder_id IS NOT NULL
        UNION ALL
        SELECT outage.feeder_id, false, trouble_order.hold_until
        FROM trouble_order JOIN outage ON outage.id = trouble_order.outage_id
        WHERE trouble_order.status = 'awaiting_assignment' AND trouble_order.hold_until <= :now
            AND outage.feeder_id IS NOT NULL
    ) AS news
    GROUP BY feeder_id ORDER BY bool_and(waits), min(at), feeder_id
    """
)
JOINED_WAITS = timedelta(seconds=10)
"""So long a report that joined a known outage stands back behind those that did not."""

# The same where no feeder is known.
_LOOSE = text(
    """
    SELECT district_id FROM feeder_news WHERE district_id IS NOT NULL
    UNION
    SELECT outage.district_id
    FROM trouble_order JOIN outage ON outage.id = trouble_order.outage_id
    WHERE trouble_order.status = 'awaiting_assignment' AND trouble_order.hold_until <= :now
        AND outage.feeder_id IS NULL
    ORDER BY district_id
    """
)

_DISTRICTS = text(
    """
    SELECT DISTINCT district_id FROM trouble_order
    WHERE status = 'awaiting_assignment' AND (hold_until IS NULL OR hold_until <= :now)
        AND district_id IS NOT NULL
    ORDER BY district_id
    """
)

_EXPECTING = text(
    """
    SELECT DISTINCT district_id FROM outage
    WHERE status <> 'closed' AND status <> 'restored' ORDER BY district_id
    """
)


def districts_to_estimate(connection: Connection) -> Sequence[str]:
    """List districts in which supply is expected back."""
    return list(connection.scalars(_EXPECTING))


def feeders_to_group(connection: Connection, now: datetime) -> Sequence[str]:
    """List feeders with news not looked at, or whose held orders are due; what presses first."""
    return list(connection.scalars(_FEEDERS, {"now": now, "patience": JOINED_WAITS}))


def districts_to_group(connection: Connection, now: datetime) -> Sequence[str]:
    """List districts with such news from where no feeder is known."""
    return list(connection.scalars(_LOOSE, {"now": now}))


def districts_to_assign(connection: Connection, now: datetime) -> Sequence[str]:
    """List districts where an order waits for a crew and may be sent.

    One that lies in no known district waits for a dispatcher.
    """
    return list(connection.scalars(_DISTRICTS, {"now": now}))
