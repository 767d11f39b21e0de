"""Planned outages that concern anybody now: announced, under way, or over since yesterday."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from dispatch.domain.outage import PlannedOutage
from dispatch.domain.words import PlannedOutageId
from dispatch.store.planned import PgPlannedOutages
from dispatch.store.reads.field import Box
from dispatch.store.reads.visible import listed, visible

OVER_SINCE = timedelta(days=1)
SOON = timedelta(days=1)

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
    store = PgPlannedOutages(connection)
    found = connection.scalars(_CURRENT, values).all()
    return [store.get(PlannedOutageId(each)) for each in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAt:
    """A transformer whose supply is cut on purpose; EPSG:4326."""

    name: str
    reason: str
    starts_at: datetime
    lon: float
    lat: float


_AT = text(
    f"""
    SELECT transformer.name, planned.reason, planned.starts_at,
        ST_X(transformer.point) AS lon, ST_Y(transformer.point) AS lat
    FROM planned_outage AS planned
    JOIN planned_outage_transformer AS part ON part.planned_outage_id = planned.id
    JOIN transformer ON transformer.id = part.transformer_id
    WHERE planned.cancelled_at IS NULL AND planned.ended_at IS NULL
        AND planned.starts_at <= :until AND {visible("planned")}
        AND transformer.point && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
    ORDER BY planned.starts_at DESC, transformer.id LIMIT 5000
    """  # noqa: S608 (constants)
)


def planned_at(
    connection: Connection, box: Box, districts: Collection[str] | None, now: datetime
) -> list[PlannedAt]:
    """List the transformers within `box` under planned work now or within a day."""
    edges = {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    values = {**edges, "until": now + SOON, "districts": listed(districts)}
    return [PlannedAt(**row) for row in connection.execute(_AT, values).mappings()]
