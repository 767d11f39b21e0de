"""Planned outages that concern anybody now: announced, under way, or over since yesterday."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from dispatch.domain.outage import PlannedOutage
from dispatch.domain.words import PlannedOutageId
from dispatch.store.outages import PgOutages
from dispatch.store.reads.visible import listed, visible

OVER_SINCE = timedelta(days=1)

_CURRENT = text(
    f"""
    SELECT planned.id FROM planned_outage AS planned
    WHERE coalesce(planned.ended_at, planned.cancelled_at, :now) > :over_since
        AND {visible("planned")}
    ORDER BY planned.starts_at, planned.id
    LIMIT 1000
    """  # noqa: S608 (constants)
)


def planned_outages(
    connection: Connection, districts: Collection[str] | None, now: datetime
) -> list[PlannedOutage]:
    """List them by the time they begin."""
    values = {"now": now, "over_since": now - OVER_SINCE, "districts": listed(districts)}
    store = PgOutages(connection)
    found = connection.scalars(_CURRENT, values).all()
    return [store.get_planned(PlannedOutageId(each)) for each in found]
