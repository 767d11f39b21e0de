"""What the map draws of the roads, the network and the reports: few features, many lines each.

Everything is GeoJSON in EPSG:4326. Lines of one kind come as one MultiLineString, simplified to
what a screen pixel can show, so that a county is a handful of features and not a hundred thousand.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, text

from dispatch.store.reads.field import Box
from dispatch.store.reads.visible import listed, visible

LINES_DRAWN = 60_000
REPORTS_DRAWN = 5_000

COLLECTION = """
    SELECT jsonb_build_object(
        'type', 'FeatureCollection',
        'features', coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'type', 'Feature', 'geometry', geometry, 'properties', properties
                )
            ),
            '[]'
        )
    )
    FROM ({rows}) AS feature WHERE geometry IS NOT NULL
"""
BOX = "ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
_DRAWN = "CAST(ST_AsGeoJSON(ST_Collect(ST_Simplify(line, :tolerance)), 5) AS jsonb)"

_ROADS = text(
    COLLECTION.format(
        rows=f"""
        SELECT {_DRAWN} AS geometry, jsonb_build_object('class', road_class) AS properties
        FROM (
            SELECT road_class, line FROM road_line
            WHERE line && {BOX} AND road_class = ANY(:classes)
                AND graph = (
                    SELECT name FROM road_graph
                    ORDER BY (name = 'default') DESC, loaded_at DESC LIMIT 1
                )
            LIMIT :most
        ) AS near
        GROUP BY road_class
        """  # noqa: S608 (constants)
    )
)

# A section is out when the device that protects it lies at or below one that is thought to be
# open. An outage of one transformer or one home has no device of the line.
NETWORK = COLLECTION.format(
    rows=f"""
        WITH standing AS ({{standing}}), dark AS (
            SELECT standing.feeder_id, standing.status, opened.pre, opened.post
            FROM standing JOIN device AS opened ON opened.id = standing.device_id
                AND opened.feeder_id = standing.feeder_id
            WHERE standing.status NOT IN ('restored', 'closed')
                AND standing.device_kind NOT IN ('transformer', 'service', 'points')
        )
        SELECT {_DRAWN} AS geometry,
            jsonb_build_object('level', level, 'state', state) AS properties
        FROM (
            SELECT section.level, section.line,
                CASE
                    WHEN bool_or(dark.status = 'confirmed') THEN 'out'
                    WHEN bool_or(dark.status = 'partially_restored') THEN 'partial'
                    WHEN bool_or(dark.status = 'predicted') THEN 'predicted'
                    WHEN bool_or(dark.status = 'planned') THEN 'planned'
                    ELSE 'lit'
                END AS state
            FROM line_section AS section
            LEFT JOIN feeder ON feeder.id = section.feeder_id
            LEFT JOIN device AS protecting ON protecting.id = section.device_id
            LEFT JOIN dark ON dark.feeder_id = section.feeder_id
                AND protecting.pre >= dark.pre AND protecting.pre < dark.post
            WHERE section.line && {BOX} AND section.level = ANY(:levels) AND {visible("feeder")}
            GROUP BY section.id
            LIMIT :most
        ) AS near
        GROUP BY level, state
        """  # noqa: S608 (constants)
)
"""The lines by state; `{standing}` is the outages to draw, with their device and status."""

# Planned work is on record by its transformers: a device below which all of them are cut is open.
_NETWORK = text(
    NETWORK.format(
        standing="""
            WITH worked_on AS (
                SELECT DISTINCT transformer.id, transformer.feeder_id
                FROM planned_outage AS planned
                JOIN planned_outage_transformer AS part ON part.planned_outage_id = planned.id
                JOIN transformer ON transformer.id = part.transformer_id
                WHERE planned.cancelled_at IS NULL AND planned.ended_at IS NULL
                    AND planned.starts_at <= :now
            )
            SELECT feeder_id, device_id, device_kind, status FROM outage
            WHERE status NOT IN ('restored', 'closed')
            UNION ALL
            SELECT cut.feeder_id, cut.id, 'device', 'planned' FROM (
                SELECT device.feeder_id, device.id FROM device
                JOIN transformer AS below ON below.feeder_id = device.feeder_id
                    AND below.device_pre >= device.pre AND below.device_pre < device.post
                    AND below.retired_at IS NULL
                LEFT JOIN worked_on ON worked_on.id = below.id
                WHERE device.feeder_id IN (SELECT feeder_id FROM worked_on)
                GROUP BY device.feeder_id, device.id HAVING bool_and(worked_on.id IS NOT NULL)
            ) AS cut
        """
    )
)

_REPORTS = text(
    COLLECTION.format(
        rows=f"""
        SELECT CAST(ST_AsGeoJSON(point, 6) AS jsonb) AS geometry,
            jsonb_build_object(
                'ticket', id, 'outage_id', outage_id, 'hazard', hazards <> '{{}}',
                'disposition', disposition
            ) AS properties
        FROM ticket
        WHERE status = 'open' AND disposition <> 'enquiry' AND point && {BOX}
            AND {visible("ticket")}
        ORDER BY received_at DESC LIMIT :most
        """  # noqa: S608 (constants)
    )
)

_EXTENT = text(
    f"""
    SELECT ST_XMin(whole), ST_YMin(whole), ST_XMax(whole), ST_YMax(whole) FROM (
        SELECT coalesce(
            (SELECT ST_Extent(point) FROM transformer WHERE {visible("transformer")}),
            (SELECT ST_Extent(line) FROM road_line)
        ) AS whole
    ) AS everything WHERE whole IS NOT NULL
    """  # noqa: S608 (constants)
)
_ROAD_SOURCE = text(
    "SELECT source FROM load_receipt WHERE what = 'roads' ORDER BY loaded_at DESC LIMIT 1"
)


def roads(
    connection: Connection, box: Box, classes: Collection[str], tolerance: float
) -> dict[str, Any]:
    """Draw the roads of some classes within `box`, one feature a class.

    `tolerance` is in degrees: what is finer is drawn straight. No roads give no features.
    """
    values = {"classes": sorted(classes), "tolerance": tolerance, "most": LINES_DRAWN}
    return drawn(connection, _ROADS, box, values)


def network(
    connection: Connection,
    box: Box,
    districts: Collection[str] | None,
    levels: Collection[str],
    tolerance: float,
    now: datetime,
) -> dict[str, Any]:
    """Draw line sections within `box` as they are at `now`, one feature for each level and state.

    `state` is `lit`, `predicted` (below a device that is thought to be open), `out` (confirmed),
    `partial` (some of it is back) or `planned` (every transformer below is under planned work).
    """
    values = {
        "districts": listed(districts),
        "levels": sorted(levels),
        "tolerance": tolerance,
        "most": LINES_DRAWN,
        "now": now,
    }
    return drawn(connection, _NETWORK, box, values)


def reports(connection: Connection, box: Box, districts: Collection[str] | None) -> dict[str, Any]:
    """Draw the open reports within `box`, the newest 5,000, without who reported."""
    values = {"districts": listed(districts), "most": REPORTS_DRAWN}
    return drawn(connection, _REPORTS, box, values)


def extent(connection: Connection, districts: Collection[str] | None) -> Box | None:
    """The part of the map that holds the transformers, else the roads; None with neither."""
    row = connection.execute(_EXTENT, {"districts": listed(districts)}).first()
    return None if row is None else Box(*row)


def road_source(connection: Connection) -> str | None:
    """The name of the file that the roads came from, as its receipt says."""
    source: str | None = connection.scalar(_ROAD_SOURCE)
    return source


def drawn(
    connection: Connection, query: TextClause, box: Box, values: dict[str, Any]
) -> dict[str, Any]:
    """Draw what a query collects within `box`; its other values are in `values`."""
    edges = {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    return dict(connection.scalar(query, {**edges, **values}) or {})
