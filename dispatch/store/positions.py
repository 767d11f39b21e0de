"""Positions: fixes in by COPY, the newest of every device, and who was at work when."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dispatch.domain.crew import PositionFix
from dispatch.domain.tracking import Doubt, Duty, Extent
from dispatch.domain.words import CrewId, DistrictId
from dispatch.store.direct import Direct, Row
from dispatch.store.loans import SEEN_BY

# Rows for COPY go to a table of the session's own, which is empty again after every commit.
_STAGING = b"""
    CREATE TEMP TABLE IF NOT EXISTS fix_batch (
        crew_id text, id text, lon double precision, lat double precision, fixed_at timestamptz,
        received_at timestamptz, accuracy_m double precision, speed_mps double precision,
        mock boolean, device text, doubts smallint, battery smallint
    ) ON COMMIT DELETE ROWS
"""
_COPY = b"COPY fix_batch FROM STDIN"

_COLUMNS = (
    "crew_id, id, lon, lat, fixed_at, received_at, accuracy_m, speed_mps, mock, device, doubts"
)

_LAST = (
    "crew_id, device, fix_id, lon, lat, fixed_at, received_at, accuracy_m, speed_mps, mock, battery"
)
_LAST_FROM = _LAST.replace("fix_id", "id AS fix_id")
_MOVED = ", ".join(f"{name} = excluded.{name}" for name in _LAST.split(", ")[2:])

_MERGE = Direct(
    f"""
    WITH sent AS (
        DELETE FROM fix_batch RETURNING *
    ), stored AS (
        INSERT INTO position_fix ({_COLUMNS})
        SELECT {_COLUMNS} FROM sent ON CONFLICT DO NOTHING
        RETURNING 1
    ), newest AS (
        SELECT DISTINCT ON (crew_id, device) {_LAST_FROM}
        FROM sent WHERE doubts = 0 AND fixed_at <= received_at + :ahead
        ORDER BY crew_id, device, fixed_at DESC
    ), of_devices AS (
        INSERT INTO device_position ({_LAST}) SELECT {_LAST} FROM newest
        ON CONFLICT (crew_id, device) DO UPDATE SET {_MOVED}
        WHERE excluded.fixed_at > device_position.fixed_at
    ), of_crews AS (
        INSERT INTO crew_position ({_LAST})
        SELECT DISTINCT ON (crew_id) {_LAST} FROM newest ORDER BY crew_id, fixed_at DESC
        ON CONFLICT (crew_id) DO UPDATE SET device = excluded.device, {_MOVED}
        WHERE excluded.fixed_at > crew_position.fixed_at
    )
    SELECT count(*) FROM stored
    """  # noqa: S608 (constants)
)

# A shift of every day on the wall clock of its zone, from the day before the window on, since it
# may run over midnight; equal times mean round the clock. A retired crew has no shift any more. A
# crew with an order is at work, too.
_DUTY = Direct(
    """
    SELECT crew_id, greatest(starts_at, CAST(:since AS timestamptz)) AS starts_at,
        least(ends_at, CAST(:until AS timestamptz) + interval '1 second') AS ends_at
    FROM (
        SELECT crew_id, coalesce(lower(period), '-infinity') AS starts_at,
            least(coalesce(upper(period), 'infinity'), crew.retired_at) AS ends_at
        FROM shift JOIN crew ON crew.id = shift.crew_id
        WHERE crew_id = ANY(:crews)
            AND period && tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz), '[]')
        UNION ALL
        SELECT crew_id, '-infinity', coalesce(crew.retired_at, 'infinity')
        FROM shift_pattern JOIN crew ON crew.id = shift_pattern.crew_id
        WHERE crew_id = ANY(:crews) AND starts = ends
        UNION ALL
        SELECT pattern.crew_id, (day + CAST(pattern.starts AS time)) AT TIME ZONE pattern.zone,
            least(crew.retired_at, (
                day + CAST(pattern.ends AS time)
                + make_interval(days => CAST(pattern.ends <= pattern.starts AS int))
            ) AT TIME ZONE pattern.zone)
        FROM shift_pattern AS pattern JOIN crew ON crew.id = pattern.crew_id
        CROSS JOIN LATERAL generate_series(
            date_trunc('day', CAST(:since AS timestamptz) AT TIME ZONE pattern.zone)
                - interval '1 day',
            CAST(:until AS timestamptz) AT TIME ZONE pattern.zone,
            '1 day'
        ) AS day
        WHERE pattern.crew_id = ANY(:crews) AND pattern.starts <> pattern.ends
        UNION ALL
        SELECT crew_id, assigned_at, coalesce(completed_at, 'infinity')
        FROM trouble_order
        WHERE crew_id = ANY(:crews) AND assigned_at IS NOT NULL
            AND (
                status IN ('assigned', 'accepted', 'en_route', 'arrived')
                OR completed_at > CAST(:since AS timestamptz)
            )
    ) AS span
    WHERE ends_at > CAST(:since AS timestamptz) AND starts_at <= CAST(:until AS timestamptz)
    """
)

_EXTENTS = Direct(
    """
    SELECT crew.id AS crew_id, ST_XMin(boundary) AS west, ST_YMin(boundary) AS south,
        ST_XMax(boundary) AS east, ST_YMax(boundary) AS north
    FROM crew JOIN LATERAL (
        SELECT ST_Extent(boundary) AS boundary FROM district
        WHERE district.id = crew.district_id OR district.id IN (
            SELECT to_id FROM crew_loan
            WHERE crew_loan.crew_id = crew.id AND crew_loan.period IS NOT NULL
        )
    ) AS around ON true
    WHERE crew.id = ANY(:crews) AND boundary IS NOT NULL
    """
)

# By pairs: two lists in a condition are looked up each with each, of 5,000 devices 2.5 million.
_LAST_OF_DEVICES = Direct(
    """
    SELECT device_position.* FROM unnest(
        CAST(:crews AS text[]), CAST(:devices AS text[])
    ) AS asked (crew_id, device)
    JOIN device_position USING (crew_id, device)
    """
)

_JUMPS = Direct(
    """
    SELECT * FROM position_fix
    WHERE crew_id = :crew_id AND device = :device AND doubts = :jump
        AND fixed_at > :since AND fixed_at < :until
    ORDER BY fixed_at DESC LIMIT :most
    """
)

LAST_OF_CREWS = Direct(
    f"""
    SELECT seen.* FROM crew_position AS seen JOIN crew ON crew.id = seen.crew_id
    WHERE crew.retired_at IS NULL AND (CAST(:districts AS text[]) IS NULL OR {SEEN_BY})
    ORDER BY seen.crew_id
    """  # noqa: S608 (a constant)
)

_WITH_ORDERS = Direct(
    """
    SELECT DISTINCT crew_id FROM trouble_order
    WHERE crew_id = ANY(:crews) AND (
        status IN ('assigned', 'accepted', 'en_route', 'arrived') OR completed_at > :since
    )
    UNION
    SELECT held.crew_id FROM dispatch_step AS passed
    CROSS JOIN LATERAL (
        SELECT crew_id FROM dispatch_step AS step
        WHERE step.order_id = passed.order_id AND step.seq < passed.seq
            AND step.kind IN ('assigned', 'reassigned')
        ORDER BY step.seq DESC LIMIT 1
    ) AS held
    WHERE passed.at > :since AND passed.kind IN
            ('assigned', 'reassigned', 'returned', 'awaiting_assignment', 'escalated')
        AND held.crew_id = ANY(:crews)
    """
)


class PgPositions:
    """Reads and writes positions on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def duty(self, crew_ids: Collection[CrewId], since: datetime, until: datetime) -> Duty:
        """Read when these crews were at work between two moments: on shift, or on an order."""
        periods: dict[CrewId, list[tuple[datetime, datetime]]] = {}
        asked = {"crews": list(crew_ids), "since": since, "until": until}
        for row in _DUTY.rows(self._connection, asked):
            span = (row["starts_at"], row["ends_at"])
            periods.setdefault(CrewId(row["crew_id"]), []).append(span)
        return Duty(periods)

    def extents(self, crew_ids: Collection[CrewId]) -> Mapping[CrewId, Extent]:
        """Read the boxes around the crews' districts and those that they were ever lent to."""
        return {
            CrewId(row["crew_id"]): Extent(row["west"], row["south"], row["east"], row["north"])
            for row in _EXTENTS.rows(self._connection, {"crews": list(crew_ids)})
        }

    def last_of_devices(
        self, keys: Collection[tuple[CrewId, str]]
    ) -> Mapping[tuple[CrewId, str], PositionFix]:
        """Read the newest good fix of each of these crews' devices."""
        asked = {"crews": [crew for crew, _ in keys], "devices": [device for _, device in keys]}
        rows = _LAST_OF_DEVICES.rows(self._connection, asked)
        return {(CrewId(row["crew_id"]), row["device"]): seen_fix(row) for row in rows}

    def list_last(self, districts: Collection[DistrictId] | None) -> Sequence[PositionFix]:
        """List the newest good fix of every crew that was ever seen; None: of all districts."""
        asked = {"districts": None if districts is None else list(districts)}
        return [seen_fix(row) for row in LAST_OF_CREWS.rows(self._connection, asked)]

    def list_jumps(
        self, crew_id: CrewId, device: str, since: datetime, until: datetime, most: int
    ) -> Sequence[PositionFix]:
        """List a device's latest fixes between two moments that were taken for jumps, by time."""
        asked = {
            "crew_id": crew_id,
            "device": device,
            "since": since,
            "until": until,
            "jump": int(Doubt.JUMP),
            "most": most,
        }
        return [PositionFix(**row) for row in reversed(_JUMPS.rows(self._connection, asked))]

    def with_orders(self, crew_ids: Collection[CrewId], since: datetime) -> Sequence[CrewId]:
        """List those of the crews that hold an order, or completed or passed one on after `since`.

        One whose order went through other hands may be among them without need.
        """
        return _WITH_ORDERS.values(self._connection, {"crews": list(crew_ids), "since": since})


def copy_fixes(connection: Connection, fixes: Sequence[PositionFix], ahead: timedelta) -> int:
    """Store what is new of `fixes` by COPY and move last positions on; how many were new.

    A fix is known by crew, time and id. A last position moves only with a good fix, and never to
    one dated more than `ahead` after its receipt.
    """
    if not fixes:
        return 0
    if not connection.in_transaction():
        connection.begin()
    driver = connection.connection.driver_connection
    assert driver is not None, "a connection that is in use has a driver"
    driver.execute(_STAGING)
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write("".join(_lines(fixes)).encode())
    return int(_MERGE.value(connection, {"ahead": ahead}))


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _lines(fixes: Iterable[PositionFix]) -> Iterable[str]:
    """Each fix as COPY's text format has it."""
    for fix in fixes:
        accuracy_m = "\\N" if fix.accuracy_m is None else fix.accuracy_m
        speed_mps = "\\N" if fix.speed_mps is None else fix.speed_mps
        battery = "\\N" if fix.battery is None else fix.battery
        yield (
            f"{fix.crew_id.translate(_ESCAPES)}\t{fix.id.translate(_ESCAPES)}\t{fix.lon}\t{fix.lat}"
            f"\t{fix.fixed_at.isoformat()}\t{fix.received_at.isoformat()}\t{accuracy_m}"
            f"\t{speed_mps}\t{fix.mock}\t{fix.device.translate(_ESCAPES)}\t{int(fix.doubts)}"
            f"\t{battery}\n"
        )


def seen_fix(row: Row) -> PositionFix:
    """Make a fix from a row of `crew_position` or `device_position`."""
    return PositionFix(
        id=row["fix_id"],
        crew_id=CrewId(row["crew_id"]),
        lon=row["lon"],
        lat=row["lat"],
        fixed_at=row["fixed_at"],
        received_at=row["received_at"],
        accuracy_m=row["accuracy_m"],
        speed_mps=row["speed_mps"],
        mock=row["mock"],
        device=row["device"],
        battery=row["battery"],
    )
