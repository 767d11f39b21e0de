"""A day as it was: the orders that came, how long drives and work took, and who was on shift."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.domain.words import AreaClass, CrewId, DistrictId, OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOrder:
    """An order that somebody went to, or had to; EPSG:4326.

    `travel_s` is what was expected of the drive that was made; `customers` were out in all.
    """

    id: OrderId
    district_id: DistrictId | None
    lon: float
    lat: float
    received_at: datetime
    area_class: AreaClass
    skills: frozenset[str]
    hazards: tuple[str, ...]
    priority: int
    customers: int
    crew_id: CrewId | None
    en_route_at: datetime | None
    arrived_at: datetime | None
    completed_at: datetime | None
    travel_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedShift:
    """A shift of a crew, with the crew's base (EPSG:4326)."""

    crew_id: CrewId
    name: str
    district_id: DistrictId
    skills: frozenset[str]
    base_lon: float
    base_lat: float
    begins_at: datetime
    ends_at: datetime


_ORDERS = text(
    """
    SELECT job.id, job.district_id, ST_X(job.point) AS lon, ST_Y(job.point) AS lat,
        job.received_at, job.area_class, job.skills, job.hazards, job.priority, job.crew_id,
        job.en_route_at, job.arrived_at, job.completed_at, job.travel_s,
        greatest(1, (
            SELECT coalesce(sum(transformer.customers), 0)
            FROM outage_transformer AS held
            JOIN transformer ON transformer.id = held.transformer_id
            WHERE held.outage_id = job.outage_id
        ) + (
            SELECT count(*) FROM outage_usage_point AS held WHERE held.outage_id = job.outage_id
        )) AS customers
    FROM trouble_order AS job
    WHERE job.received_at >= :since AND job.received_at < :until AND job.point IS NOT NULL
        AND job.supports_id IS NULL
        AND (job.status <> 'cancelled' OR job.arrived_at IS NOT NULL)
    ORDER BY job.received_at, job.id
    """
)
# Equal times of a pattern mean round the clock, and so does a shift without an end.
_SHIFTS = text(
    """
    SELECT crew.id AS crew_id, crew.name, crew.district_id, crew.skills,
        ST_X(crew.base) AS base_lon, ST_Y(crew.base) AS base_lat,
        greatest(begins_at, CAST(:since AS timestamptz) - interval '1 day') AS begins_at,
        least(
            coalesce(ends_at, CAST(:until AS timestamptz) + interval '1 day'), crew.retired_at
        ) AS ends_at
    FROM crew
    JOIN (
        SELECT crew_id, lower(period) AS begins_at, upper(period) AS ends_at FROM shift
        UNION ALL
        SELECT pattern.crew_id, (day + CAST(starts AS time)) AT TIME ZONE zone,
            CASE WHEN starts <> ends THEN (
                day + CAST(ends AS time) + make_interval(days => CAST(ends < starts AS integer))
            ) AT TIME ZONE zone END
        FROM shift_pattern AS pattern
        CROSS JOIN LATERAL (
            SELECT date_trunc('day', CAST(:since AS timestamptz) AT TIME ZONE zone)
                - make_interval(days => back) AS day
            FROM generate_series(0, 1) AS back
            WHERE back = 0 OR starts <> ends
        ) AS local
    ) AS work ON work.crew_id = crew.id
    WHERE begins_at < least(:until, crew.retired_at)
        AND coalesce(crew.retired_at, 'infinity') > :since
        AND (ends_at IS NULL OR ends_at > :since)
    ORDER BY crew.id, begins_at
    """
)


def recorded_orders(
    connection: Connection, since: datetime, until: datetime
) -> list[RecordedOrder]:
    """List the orders that came in a time, those without a place or cancelled unseen left out."""
    rows = connection.execute(_ORDERS, {"since": since, "until": until}).mappings()
    return [
        RecordedOrder(
            **{
                **row,
                "area_class": AreaClass(row["area_class"]),
                "skills": frozenset(row["skills"]),
                "hazards": tuple(row["hazards"]),
            }
        )
        for row in rows
    ]


def recorded_shifts(
    connection: Connection, since: datetime, until: datetime
) -> list[RecordedShift]:
    """List the shifts that touch the time, crew by crew; a retired crew's until it was."""
    rows = connection.execute(_SHIFTS, {"since": since, "until": until}).mappings()
    return [RecordedShift(**{**row, "skills": frozenset(row["skills"])}) for row in rows]
