"""Where the crews are, and what the network looks like now, as GeoJSON in EPSG:4326."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, TextClause, text

from dispatch.domain.crew import CrewState
from dispatch.store.crews import STATES_SEEN, state_from_row
from dispatch.store.reads.visible import listed, visible

SECTIONS_DRAWN = 20_000


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map: degrees, EPSG:4326."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewNow:
    """How a crew stands, and how old its position is (None: never seen)."""

    state: CrewState
    fix_age: timedelta | None
    order_status: str | None


_STATUS_OF = text("SELECT id, status FROM trouble_order WHERE id = ANY(:ids)")

_FEATURES = """
    SELECT jsonb_build_object(
        'type', 'FeatureCollection',
        'truncated', count(*) > :most,
        'features', coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'type', 'Feature', 'id', id, 'geometry', geometry, 'properties', properties
                )
                ORDER BY id
            ) FILTER (WHERE place <= :most),
            '[]'
        )
    )
    FROM (
        SELECT *, row_number() OVER (ORDER BY id) AS place FROM ({rows}) AS every_row
    ) AS feature
"""

# A section is out when the device that protects it lies at or below one that is thought to be
# open. An outage of one transformer or one home has no device of the line.
_SECTIONS = text(
    _FEATURES.format(
        rows=f"""
        SELECT section.id, CAST(ST_AsGeoJSON(section.line, 6) AS jsonb) AS geometry,
            jsonb_build_object(
                'level', section.level, 'feeder_id', section.feeder_id,
                'state', CASE WHEN dark.id IS NULL THEN 'lit' ELSE 'out' END,
                'outage_id', dark.id, 'outage_status', dark.status
            ) AS properties
        FROM line_section AS section
        LEFT JOIN feeder ON feeder.id = section.feeder_id
        LEFT JOIN LATERAL (
            SELECT outage.id, outage.status
            FROM device AS protecting
            JOIN device AS opened ON opened.feeder_id = protecting.feeder_id
                AND protecting.pre >= opened.pre AND protecting.pre < opened.post
            JOIN outage ON outage.device_id = opened.id
            WHERE protecting.id = section.device_id
                AND outage.feeder_id = section.feeder_id
                AND outage.status NOT IN ('restored', 'closed')
                AND outage.status <> 'closed'
                AND outage.device_kind NOT IN ('transformer', 'service', 'points')
            ORDER BY opened.depth LIMIT 1
        ) AS dark ON true
        WHERE section.line && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
            AND {visible("feeder")}
        ORDER BY section.id LIMIT :most + 1
        """  # noqa: S608 (constants)
    )
)
_TRANSFORMERS_OUT = text(
    _FEATURES.format(
        rows=f"""
        SELECT transformer.id, CAST(ST_AsGeoJSON(transformer.point, 6) AS jsonb) AS geometry,
            jsonb_build_object(
                'name', transformer.name, 'customers', transformer.customers,
                'feeder_id', transformer.feeder_id, 'outage_id', outage.id,
                'outage_status', outage.status, 'out_from', part.out_from
            ) AS properties
        FROM outage_transformer AS part
        JOIN outage ON outage.id = part.outage_id
        JOIN transformer ON transformer.id = part.transformer_id
        WHERE part.restored_at IS NULL
            AND transformer.point && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
            AND {visible("outage")}
        ORDER BY transformer.id LIMIT :most + 1
        """  # noqa: S608 (constants)
    )
)


def crews_now(
    connection: Connection, districts: Collection[str] | None, now: datetime
) -> list[CrewNow]:
    """List how every crew stands at `now` that some districts may see, by id.

    Those are their own, lent out or not, and those that they borrow.
    """
    rows = connection.execute(
        STATES_SEEN, {"now": now, "districts": listed(districts), "crew_id": None}
    ).mappings()
    states = [state_from_row(row) for row in rows]
    busy = [state.active_order_id for state in states if state.active_order_id is not None]
    status = {row.id: row.status for row in connection.execute(_STATUS_OF, {"ids": busy})}
    return [
        CrewNow(
            state=state,
            fix_age=state.fix_age(now),
            order_status=status.get(state.active_order_id),
        )
        for state in states
    ]


def sections(
    connection: Connection,
    box: Box,
    districts: Collection[str] | None,
    *,
    most: int = SECTIONS_DRAWN,
) -> dict[str, Any]:
    """Draw line sections within `box` with `state` `lit` or `out`; `truncated` if there are more.

    Returns a GeoJSON FeatureCollection; nothing there gives one without features.
    """
    return _drawn(connection, _SECTIONS, box, districts, most)


def transformers_out(
    connection: Connection,
    box: Box,
    districts: Collection[str] | None,
    *,
    most: int = SECTIONS_DRAWN,
) -> dict[str, Any]:
    """Draw the transformers within `box` that are out, as a GeoJSON FeatureCollection."""
    return _drawn(connection, _TRANSFORMERS_OUT, box, districts, most)


def _drawn(
    connection: Connection,
    query: TextClause,
    box: Box,
    districts: Collection[str] | None,
    most: int,
) -> dict[str, Any]:
    values = {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    drawn = connection.scalar(query, {**values, "districts": listed(districts), "most": most})
    return dict(drawn or {})
