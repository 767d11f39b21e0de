"""Enrolled devices as those who look after them see them."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

LOOK_BACK = timedelta(days=1)
LATEST = 20

# What a device sends late says nothing of its clock; of its latest fixes the one that was soonest
# here says most.
_LAGS = text(
    f"""
    SELECT tracker.id, extract(epoch FROM soonest.lag) AS lag_s
    FROM tracker
    JOIN LATERAL (
        SELECT crew_id FROM tracker_binding WHERE tracker_id = tracker.id
        ORDER BY since DESC LIMIT 1
    ) AS bound ON true
    JOIN LATERAL (
        SELECT min(received_at - fixed_at) AS lag FROM (
            SELECT received_at, fixed_at FROM position_fix
            WHERE position_fix.crew_id = bound.crew_id AND fixed_at > :since
                AND device = tracker.id
            ORDER BY fixed_at DESC LIMIT {LATEST}
        ) AS latest
    ) AS soonest ON soonest.lag IS NOT NULL
    WHERE tracker.revoked_at IS NULL
    """  # noqa: S608 (a constant)
)


def clock_lags(connection: Connection, now: datetime) -> Mapping[str, float]:
    """How many seconds after its own time each device's fix is here, the soonest of its latest.

    Negative for a clock that is ahead; devices without a fix of the last day are left out.
    """
    rows = connection.execute(_LAGS, {"since": now - LOOK_BACK})
    return {row.id: float(row.lag_s) for row in rows}
