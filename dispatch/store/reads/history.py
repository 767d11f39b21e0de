"""What stood at a moment that has passed: outages, their customers, reports, crews.

It is what is known now of that moment: an outage appears from when it was opened, with the part of
the network that was put down for it since. Geometry is EPSG:4326.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from dispatch.store.reads.field import Box
from dispatch.store.reads.map_layers import BOX, COLLECTION, LINES_DRAWN, NETWORK, drawn
from dispatch.store.reads.visible import listed, visible

LONGEST = timedelta(days=30)
"""An outage that was opened longer ago than this is not looked for."""
SEEN_WITHIN = timedelta(hours=1)
"""A crew whose last fix is older than this stood nowhere that is known."""
REPORTS_DRAWN = 5_000

_STATUS = """
    CASE
        WHEN outage.restored_at <= :at THEN 'restored'
        WHEN EXISTS (
            SELECT 1 FROM outage_transformer AS part
            WHERE part.outage_id = outage.id AND part.restored_at <= :at
        ) THEN 'partially_restored'
        WHEN outage.confirmed_at <= :at THEN 'confirmed'
        ELSE 'predicted'
    END
"""
_OPEN = f"""
    outage.opened_at <= :at AND outage.opened_at > :since
    AND (outage.closed_at IS NULL OR outage.closed_at > :at) AND {visible("outage")}
"""
_OUTAGES = text(
    f"""
    SELECT outage.id, outage.district_id, outage.device_name AS title, {_STATUS} AS status,
        outage.started_at, ST_X(outage.point) AS lon, ST_Y(outage.point) AS lat,
        (
            SELECT coalesce(sum(transformer.customers), 0)
            FROM outage_transformer AS part
            JOIN transformer ON transformer.id = part.transformer_id
            WHERE part.outage_id = outage.id AND part.out_from <= :at
                AND (part.restored_at IS NULL OR part.restored_at > :at)
        ) + (
            SELECT count(*) FROM outage_usage_point AS home
            WHERE home.outage_id = outage.id AND home.out_from <= :at
                AND (home.restored_at IS NULL OR home.restored_at > :at)
        ) AS customers_out,
        (
            SELECT count(*) FROM ticket
            WHERE ticket.outage_id = outage.id AND ticket.received_at <= :at
                AND ticket.disposition <> 'enquiry'
        ) AS reports
    FROM outage WHERE {_OPEN}
    ORDER BY customers_out DESC, outage.id
    """  # noqa: S608 (constants)
)
_NETWORK = text(
    NETWORK.format(
        standing=f"SELECT outage.feeder_id, outage.device_id, outage.device_kind,"  # noqa: S608
        f" {_STATUS} AS status FROM outage WHERE {_OPEN}"
    )
)
_TRANSFORMERS = text(
    COLLECTION.format(
        rows=f"""
        SELECT CAST(ST_AsGeoJSON(transformer.point, 6) AS jsonb) AS geometry,
            jsonb_build_object('name', transformer.name) AS properties
        FROM outage
        JOIN outage_transformer AS part ON part.outage_id = outage.id
        JOIN transformer ON transformer.id = part.transformer_id
        WHERE {_OPEN} AND part.out_from <= :at
            AND (part.restored_at IS NULL OR part.restored_at > :at)
            AND transformer.point && {BOX}
        """  # noqa: S608 (constants)
    )
)
_REPORTS = text(
    COLLECTION.format(
        rows=f"""
        SELECT CAST(ST_AsGeoJSON(point, 6) AS jsonb) AS geometry,
            jsonb_build_object('ticket', id, 'outage_id', outage_id) AS properties
        FROM ticket
        WHERE received_at <= :at AND received_at > :since AND disposition <> 'enquiry'
            AND coalesce(restored_at, closed_at, 'infinity') > :at
            AND point && {BOX} AND {visible("ticket")}
        ORDER BY received_at DESC LIMIT :most
        """  # noqa: S608 (constants)
    )
)
_CREWS = text(
    """
    SELECT crew.id, crew.name, seen.lon, seen.lat, seen.fixed_at, EXISTS (
        SELECT 1 FROM trouble_order AS job
        WHERE job.crew_id = crew.id AND job.assigned_at <= :at
            AND (job.completed_at > :at
                OR job.completed_at IS NULL AND job.status NOT IN ('field_complete', 'cancelled'))
    ) AS busy
    FROM crew
    CROSS JOIN LATERAL (
        SELECT lon, lat, fixed_at FROM position_fix AS fix
        WHERE fix.crew_id = crew.id AND fix.fixed_at <= :at AND fix.fixed_at > :seen_since
        ORDER BY fix.fixed_at DESC LIMIT 1
    ) AS seen
    WHERE CAST(:districts AS text[]) IS NULL OR crew.district_id = ANY(:districts)
    ORDER BY crew.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageThen:
    """An outage as it stood; `status` is predicted, confirmed, partially_restored or restored."""

    id: int
    district_id: str
    title: str
    status: str
    started_at: datetime
    lon: float
    lat: float
    customers_out: int
    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewThen:
    """Where a crew was last seen before the moment, and whether it had an order."""

    id: str
    name: str
    lon: float
    lat: float
    fixed_at: datetime
    busy: bool


def outages(
    connection: Connection, districts: Collection[str] | None, at: datetime
) -> list[OutageThen]:
    """List the outages that were open, the most customers first."""
    rows = connection.execute(_OUTAGES, _values(districts, at)).mappings()
    return [OutageThen(**row) for row in rows]


def crews(
    connection: Connection, districts: Collection[str] | None, at: datetime
) -> list[CrewThen]:
    """List the crews that had been seen within the hour, by id."""
    values = {"at": at, "seen_since": at - SEEN_WITHIN, "districts": listed(districts)}
    return [CrewThen(**row) for row in connection.execute(_CREWS, values).mappings()]


def network(
    connection: Connection,
    box: Box,
    districts: Collection[str] | None,
    at: datetime,
    *,
    levels: Collection[str],
    tolerance: float,
) -> dict[str, Any]:
    """Draw the line sections as they were, as `map_layers.network` does; wired as they are now."""
    values = {"levels": sorted(levels), "tolerance": tolerance, "most": LINES_DRAWN}
    return drawn(connection, _NETWORK, box, {**_values(districts, at), **values})


def transformers(
    connection: Connection, box: Box, districts: Collection[str] | None, at: datetime
) -> dict[str, Any]:
    """Draw the transformers within `box` that were out."""
    return drawn(connection, _TRANSFORMERS, box, _values(districts, at))


def reports(
    connection: Connection, box: Box, districts: Collection[str] | None, at: datetime
) -> dict[str, Any]:
    """Draw the reports within `box` that were open, the newest 5,000, without who reported."""
    return drawn(connection, _REPORTS, box, {**_values(districts, at), "most": REPORTS_DRAWN})


def _values(districts: Collection[str] | None, at: datetime) -> dict[str, Any]:
    return {"at": at, "since": at - LONGEST, "districts": listed(districts)}
