"""A stretch of time as a film needs it: outages with their states, and crews while on shift."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.store.reads.visible import listed, visible

MOST_OUTAGES = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filmed:
    """An outage that was open at some moment of the film; `lon, lat` is EPSG:4326."""

    id: int
    name: str
    lon: float
    lat: float
    started_at: datetime
    opened_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """An outage is in `status` from `at` on."""

    outage_id: int
    at: datetime
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where a crew on shift was seen; `lon, lat` is EPSG:4326."""

    crew_id: str
    name: str
    at: datetime
    lon: float
    lat: float


_OUTAGES = text(
    f"""
    SELECT id, device_name AS name, ST_X(point) AS lon, ST_Y(point) AS lat, started_at, opened_at,
        coalesce(restored_at, closed_at) AS ended_at
    FROM outage
    WHERE opened_at < :until AND coalesce(restored_at, closed_at, 'infinity') > :since
        AND merged_into_id IS NULL AND {visible("outage")}
        AND (CAST(:only AS bigint) IS NULL OR id = :only)
    ORDER BY opened_at, id LIMIT :most
    """  # noqa: S608 (constants)
)
_TURNS = text(
    """
    SELECT CAST(split_part(stream, ':', 2) AS bigint) AS outage_id, at,
        body ->> 'status' AS status
    FROM event
    WHERE stream = ANY(:streams) AND kind LIKE 'outage.%' AND body ? 'status' AND at <= :until
    ORDER BY stream, seq
    """
)
# A daily shift that runs over midnight holds from its start and until its end; equal times mean
# round the clock. Fixes under doubt are left out.
_CREWS = text(
    """
    SELECT DISTINCT ON (crew.id, step) crew.id AS crew_id, crew.name, fix.fixed_at AS at,
        fix.lon, fix.lat,
        CAST(floor(date_part('epoch', fix.fixed_at) / :step_s) AS bigint) AS step
    FROM position_fix AS fix JOIN crew ON crew.id = fix.crew_id
    WHERE fix.fixed_at >= :since AND fix.fixed_at < :until AND fix.doubts = 0 AND NOT fix.mock
        AND (CAST(:districts AS text[]) IS NULL OR crew.district_id = ANY(:districts))
        AND (
            EXISTS (
                SELECT FROM shift WHERE shift.crew_id = crew.id AND shift.period @> fix.fixed_at
            )
            OR EXISTS (
                SELECT FROM shift_pattern AS daily
                CROSS JOIN LATERAL (
                    SELECT CAST(fix.fixed_at AT TIME ZONE daily.zone AS time) AS clock,
                        CAST(daily.starts AS time) AS starts, CAST(daily.ends AS time) AS ends
                ) AS hours
                WHERE daily.crew_id = crew.id
                    AND CASE
                        WHEN hours.starts = hours.ends THEN true
                        WHEN hours.starts < hours.ends
                            THEN clock >= hours.starts AND clock < hours.ends
                        ELSE clock >= hours.starts OR clock < hours.ends
                    END
            )
        )
    ORDER BY crew.id, step, fix.fixed_at
    """
)
_COUNT = text(
    """
    SELECT count(*) FROM crew
    WHERE retired_at IS NULL
        AND (CAST(:districts AS text[]) IS NULL OR district_id = ANY(:districts))
    """
)


def outages_within(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    *,
    only: int | None = None,
) -> Sequence[Filmed]:
    """List the outages that were open in a period, the first 4,000; what was merged is left out.

    `only` asks for one of them.
    """
    asked = {
        "districts": listed(districts),
        "since": since,
        "until": until,
        "most": MOST_OUTAGES,
        "only": only,
    }
    return [Filmed(**row) for row in connection.execute(_OUTAGES, asked).mappings()]


def turns_of(connection: Connection, outages: Collection[int], until: datetime) -> Sequence[Turn]:
    """Read from the journal when each outage came into which state."""
    streams = [f"outage:{each}" for each in sorted(outages)]
    rows = connection.execute(_TURNS, {"streams": streams, "until": until}).mappings()
    return [Turn(**row) for row in rows]


def crews_seen(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    step_s: float,
) -> Sequence[Seen]:
    """Where crews on shift were seen, one fix for each crew and step, by crew and time."""
    asked = {"districts": listed(districts), "since": since, "until": until, "step_s": step_s}
    rows = connection.execute(_CREWS, asked)
    return [Seen(crew_id=r.crew_id, name=r.name, at=r.at, lon=r.lon, lat=r.lat) for r in rows]


def crews_in(connection: Connection, districts: Collection[str] | None) -> int:
    """How many crews those districts have."""
    return int(connection.scalar(_COUNT, {"districts": listed(districts)}) or 0)
