"""What the public picture is made from: customers by square, who is out, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    OutageStatus,
)
from dispatch.domain.told import Progress
from dispatch.picture import CauseNow, OutInCell
from gis.patchwork import SIDE_DEG, Cell

_PLACED = """
    CROSS JOIN LATERAL (SELECT coalesce(usage_point.point, transformer.point) AS point) AS at
    CROSS JOIN LATERAL (
        SELECT CAST(floor((ST_X(at.point) + 180) / :side) AS integer) AS col,
            CAST(floor((ST_Y(at.point) + 90) / :side) AS integer) AS row
    ) AS square
"""
_CUSTOMERS = text(
    f"""
    SELECT square.col, square.row, coalesce(district.name, '') AS district, count(*) AS customers
    FROM usage_point
    LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    LEFT JOIN district
        ON district.id = coalesce(usage_point.district_id, transformer.district_id)
    {_PLACED}
    WHERE at.point IS NOT NULL
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """  # noqa: S608 (constants)
)
_ADDRESSES = text(
    f"""
    SELECT square.col, square.row, usage_point.address
    FROM usage_point LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    {_PLACED}
    WHERE at.point IS NOT NULL AND usage_point.address <> '' AND usage_point.id % :every = 0
    ORDER BY usage_point.id LIMIT :most
    """  # noqa: S608 (constants)
)
_MADE_FROM = text(
    "SELECT concat(coalesce(max(id), 0), '-', (SELECT count(*) FROM transformer)) FROM load_receipt"
)
# A home stands in the scope of its own outage, and of its transformer's; it is out once.
_OUT = text(
    f"""
    WITH dark AS (
        SELECT 'outage-' || outage.id AS key, supply.transformer_id, NULL::bigint AS usage_point_id
        FROM outage JOIN outage_transformer AS supply
            ON supply.outage_id = outage.id AND supply.restored_at IS NULL
        WHERE outage.status IN ('predicted', 'confirmed', 'partially_restored')
        UNION ALL
        SELECT 'outage-' || outage.id, NULL, home.usage_point_id
        FROM outage JOIN outage_usage_point AS home
            ON home.outage_id = outage.id AND home.restored_at IS NULL
        WHERE outage.status IN ('predicted', 'confirmed', 'partially_restored')
        UNION ALL
        SELECT 'planned-' || planned.id, cut.transformer_id, NULL
        FROM planned_outage AS planned JOIN planned_outage_transformer AS cut
            ON cut.planned_outage_id = planned.id
        WHERE planned.starts_at <= :now AND planned.cancelled_at IS NULL
            AND planned.ended_at IS NULL
    ), home AS (
        SELECT dark.key, usage_point.id
        FROM dark JOIN usage_point ON usage_point.transformer_id = dark.transformer_id
        UNION
        SELECT key, usage_point_id FROM dark WHERE usage_point_id IS NOT NULL
    )
    SELECT square.col, square.row, home.key, count(DISTINCT usage_point.id) AS customers
    FROM home JOIN usage_point ON usage_point.id = home.id
    LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    {_PLACED}
    WHERE at.point IS NOT NULL AND usage_point.disconnected_for IS NULL
    GROUP BY GROUPING SETS ((square.col, square.row), (square.col, square.row, home.key))
    """  # noqa: S608 (constants)
)
_FAULTS = text(
    """
    SELECT outage.id, outage.status, outage.started_at, outage.cause, outage.etr_at,
        outage.etr_source, outage.etr_confidence, outage.etr_from, outage.etr_to,
        ordered.status AS order_status
    FROM outage
    LEFT JOIN trouble_order AS ordered ON ordered.outage_id = outage.id
        AND ordered.status NOT IN ('field_complete', 'cancelled') AND ordered.supports_id IS NULL
    WHERE outage.status IN ('predicted', 'confirmed', 'partially_restored')
    """
)
_PLANNED = text(
    """
    SELECT id, starts_at, ends_at FROM planned_outage
    WHERE starts_at <= :now AND cancelled_at IS NULL AND ended_at IS NULL
    """
)
# Main roads and the borders of districts, thinned to what a phone shows of a county.
_GROUND = text(
    """
    WITH road AS (
        SELECT 'road' AS kind, ST_Simplify(line, 0.0003) AS shape
        FROM road_line WHERE road_class = ANY(:classes)
        ORDER BY array_position(:classes, road_class), ST_Length(line) DESC LIMIT :most
    ), border AS (
        SELECT 'border' AS kind, ST_Boundary(ST_SimplifyPreserveTopology(boundary, 0.0005)) AS shape
        FROM district WHERE boundary IS NOT NULL
    ), drawn AS (SELECT * FROM road UNION ALL SELECT * FROM border)
    SELECT jsonb_build_object(
        'type', 'FeatureCollection',
        'features', coalesce(jsonb_agg(jsonb_build_object(
            'type', 'Feature', 'properties', jsonb_build_object('kind', kind),
            'geometry', CAST(ST_AsGeoJSON(shape, 4) AS jsonb)
        ) ORDER BY kind), '[]')
    )
    FROM drawn WHERE NOT ST_IsEmpty(shape)
    """
)
MAIN_ROADS = ("motorway", "trunk", "primary", "secondary")
ROADS_DRAWN = 2500
_SENT = frozenset({OrderStatus.ASSIGNED, OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How many customers of one district live in one square; no district: an empty name."""

    cell: Cell
    district: str
    customers: int


def made_from(connection: Connection) -> str:
    """A word that changes when customers or network were loaded."""
    return str(connection.scalar(_MADE_FROM))


def customers_by_square(connection: Connection) -> Sequence[Settled]:
    """Count customers by square; who has no place has that of the transformer."""
    rows = connection.execute(_CUSTOMERS, {"side": SIDE_DEG}).mappings()
    return [
        Settled(cell=(row["col"], row["row"]), district=row["district"], customers=row["customers"])
        for row in rows
    ]


def some_addresses(connection: Connection, *, every: int, most: int) -> Sequence[tuple[Cell, str]]:
    """List the address of each so many customers with its square, for the areas' names."""
    rows = connection.execute(_ADDRESSES, {"side": SIDE_DEG, "every": every, "most": most})
    return [((row.col, row.row), row.address) for row in rows]


def ground(connection: Connection) -> Mapping[str, Any]:
    """Main roads and borders of districts as GeoJSON, to find one's way by; kind says which."""
    values = {"classes": list(MAIN_ROADS), "most": ROADS_DRAWN}
    drawn: Mapping[str, Any] = connection.execute(_GROUND, values).scalar_one()
    return drawn


def out_by_square(connection: Connection, now: datetime) -> Sequence[OutInCell]:
    """Count who is out by square and cause, and once for all causes (key None)."""
    rows = connection.execute(_OUT, {"side": SIDE_DEG, "now": now}).mappings()
    return [
        OutInCell(cell=(row["col"], row["row"]), key=row["key"], customers=row["customers"])
        for row in rows
    ]


def causes_now(connection: Connection, now: datetime) -> Sequence[CauseNow]:
    """List faults and planned work for which somebody is out."""
    faults = connection.execute(_FAULTS).mappings()
    planned = connection.execute(_PLANNED, {"now": now}).mappings()
    return [
        *(
            CauseNow(
                key=f"outage-{row['id']}",
                began_at=row["started_at"],
                planned=False,
                stated_cause=row["cause"],
                progress=_progress(row["status"], row["order_status"]),
                estimate=None
                if row["etr_at"] is None
                else EstimatedRestoration(
                    at=row["etr_at"],
                    source=EstimateSource(row["etr_source"]),
                    confidence=Confidence(row["etr_confidence"]),
                    from_at=row["etr_from"],
                    to_at=row["etr_to"],
                ),
            )
            for row in faults
        ),
        *(
            CauseNow(
                key=f"planned-{row['id']}",
                began_at=row["starts_at"],
                planned=True,
                stated_cause=None,
                progress=Progress.UNDER_WAY,
                estimate=EstimatedRestoration(
                    at=row["ends_at"],
                    source=EstimateSource.DISPATCHER,
                    confidence=Confidence.HIGH,
                ),
            )
            for row in planned
        ),
    ]


def _progress(status: str, order_status: str | None) -> Progress:
    """The furthest step that somebody took."""
    if status == OutageStatus.PARTIALLY_RESTORED:
        return Progress.PARTLY_BACK
    if order_status == OrderStatus.ARRIVED:
        return Progress.CREW_THERE
    if order_status in _SENT:
        return Progress.CREW_SENT
    return Progress.CONFIRMED if status == OutageStatus.CONFIRMED else Progress.REPORTED
