"""Where the crews are, and what the network looks like now, as GeoJSON in EPSG:4326."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, TextClause, text

from dispatch.domain.crew import CrewState
from dispatch.store.crews import STATES_SEEN, state_from_row
from dispatch.store.reads.visible import listed, visible

SECTIONS_DRAWN = 20_000
MOVED_M = 25
MOVED_WITHIN = timedelta(minutes=2)
"""Who came this far in this time drives."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map: degrees, EPSG:4326."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewNow:
    """How a crew stands.

    Attributes
    ----------
    fix_age
        How old its position is; None: never seen.
    heading
        Where it drives, degrees from north, clockwise; None: it stands, or nobody knows.
    arrives_at
        When it is expected at the door; None unless it is on its way and was seen since.
    """

    state: CrewState
    fix_age: timedelta | None
    order_status: str | None
    heading: float | None = None
    arrives_at: datetime | None = None


_ORDERS = text(
    """
    SELECT sent.id, sent.status,
        told.fixed_at + make_interval(secs => told.travel_s) AS arrives_at
    FROM trouble_order AS sent
    LEFT JOIN order_eta AS told ON told.order_id = sent.id AND told.crew_id = sent.crew_id
        AND sent.status = 'en_route' AND told.fixed_at >= sent.assigned_at
    WHERE sent.id = ANY(:ids)
    """
)
# From the newest good fix before that was far enough away not to be the device's own error.
_HEADINGS = text(
    f"""
    SELECT seen.crew_id, degrees(ST_Azimuth(
        CAST(ST_MakePoint(before.lon, before.lat) AS geography),
        CAST(ST_MakePoint(seen.lon, seen.lat) AS geography)
    )) AS heading
    FROM crew_position AS seen
    CROSS JOIN LATERAL (
        SELECT fix.lon, fix.lat FROM position_fix AS fix
        WHERE fix.crew_id = seen.crew_id AND fix.doubts = 0 AND NOT fix.mock
            AND fix.fixed_at < seen.fixed_at
            AND fix.fixed_at >= seen.fixed_at - CAST(:within AS interval)
            AND ST_DistanceSphere(
                ST_MakePoint(fix.lon, fix.lat), ST_MakePoint(seen.lon, seen.lat)
            ) > {MOVED_M}
        ORDER BY fix.fixed_at DESC LIMIT 1
    ) AS before
    WHERE seen.crew_id = ANY(:crews)
    """  # noqa: S608 (a constant)
)

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
    orders = {row.id: row for row in connection.execute(_ORDERS, {"ids": busy})}
    headings = _headings(connection, states, now)
    return [
        CrewNow(
            state=state,
            fix_age=state.fix_age(now),
            order_status=None
            if (sent := orders.get(state.active_order_id)) is None
            else sent.status,
            heading=headings.get(state.crew.id),
            arrives_at=None if sent is None else sent.arrives_at,
        )
        for state in states
    ]


def _headings(
    connection: Connection, states: Iterable[CrewState], now: datetime
) -> dict[str, float]:
    """Where those drive who were seen a moment ago, degrees from north, clockwise."""
    seen = [
        state.crew.id
        for state in states
        if state.on_shift and state.last_fix and now - state.last_fix.fixed_at < MOVED_WITHIN
    ]
    if not seen:
        return {}
    rows = connection.execute(_HEADINGS, {"crews": seen, "within": MOVED_WITHIN})
    return {row.crew_id: row.heading for row in rows}


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
