"""Crews, when they work, and where they were."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, func, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import Range

from dispatch.domain.crew import Crew, CrewState, Lent, PositionFix, Posting, Rest
from dispatch.domain.order import PRIORITY_HAZARD
from dispatch.domain.words import CrewId, DistrictId, LoanId, OrderId
from dispatch.errors import CrewUnavailable, NotFound
from dispatch.store.direct import Direct
from dispatch.store.loans import SEEN_BY
from dispatch.store.points import lon_lat_instead, point
from dispatch.store.positions import copy_fixes, seen_fix
from dispatch.store.tables.crews import crew, crew_rest, posting
from dispatch.store.tables.crews import crew_loan as loan
from dispatch.store.tables.positions import position_fix

CLOCK_AHEAD = timedelta(minutes=5)
"""A fix dated further ahead of its receipt than this is kept, but is no last position."""

PUT_OFF = "4 hours"
"""An order that ends later than this after the beginning of a break has cost the crew its break."""

# Daily shifts from yesterday, which may run over midnight, to tomorrow, each on the wall clock of
# its own zone; equal times mean round the clock, which has no end. Dated shifts count besides, and
# what follows on without a break is one: nobody goes home between two halves of a double shift.
_STATES = """
    SELECT crew.id, crew.name, crew.district_id, crew.skills, crew.phone, crew.carries,
        ST_X(crew.base) AS base_lon, ST_Y(crew.base) AS base_lat,
        coalesce(work.on_shift, false) AS on_shift, work.ends_at,
        seen.fix_id, seen.device, seen.lon, seen.lat, seen.fixed_at, seen.received_at,
        seen.accuracy_m, seen.speed_mps, seen.mock, seen.battery,
        loan.id AS loan_id, loan.to_id AS lent_to, upper(loan.period) AS lent_until,
        (
            SELECT trouble_order.id FROM trouble_order
            WHERE trouble_order.crew_id = crew.id
                AND trouble_order.status IN ('assigned', 'accepted', 'en_route', 'arrived')
        ) AS active_order_id,
        EXISTS (
            SELECT FROM trouble_order
            WHERE trouble_order.crew_id = crew.id
                AND trouble_order.status IN ('assigned', 'accepted', 'en_route', 'arrived')
                AND (cardinality(hazards) > 0 OR priority >= {hazard})
        ) AS to_danger,
        rest.begins_at AS rest_begins_at, rest.ends_at AS rest_ends_at
    FROM crew
    LEFT JOIN crew_position AS seen ON seen.crew_id = crew.id
    LEFT JOIN crew_loan AS loan ON loan.crew_id = crew.id AND loan.status = 'granted'
        AND loan.period @> CAST(:now AS timestamptz)
    LEFT JOIN LATERAL (
        SELECT true AS on_shift, nullif(upper(worked), 'infinity') AS ends_at
        FROM unnest((
            SELECT range_agg(period) FROM (
                SELECT period FROM shift
                WHERE shift.crew_id = crew.id AND shift.period && tstzrange(
                    CAST(:now AS timestamptz) - interval '1 day',
                    CAST(:now AS timestamptz) + interval '2 days'
                )
                UNION ALL
                SELECT CASE
                    WHEN pattern.starts = pattern.ends THEN tstzrange(daily.starts_at, NULL)
                    ELSE tstzrange(daily.starts_at, greatest(daily.starts_at, daily.ends_at))
                END
                FROM shift_pattern AS pattern
                CROSS JOIN LATERAL (
                    SELECT date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE pattern.zone)
                        + make_interval(days => ahead) AS day
                    FROM generate_series(-1, 1) AS ahead
                ) AS begun
                CROSS JOIN LATERAL (
                    SELECT (begun.day + CAST(pattern.starts AS time)) AT TIME ZONE pattern.zone
                            AS starts_at,
                        (
                            begun.day + CAST(pattern.ends AS time)
                            + make_interval(days => CAST(pattern.ends <= pattern.starts AS int))
                        ) AT TIME ZONE pattern.zone AS ends_at
                ) AS daily
                WHERE pattern.crew_id = crew.id
            ) AS planned
        )) AS worked
        WHERE worked @> CAST(:now AS timestamptz)
    ) AS work ON true
    LEFT JOIN LATERAL (
        SELECT begins_at, begins_at + lasts AS ends_at FROM (
            SELECT planned.ends_at - planned.begins_at AS lasts,
                greatest(planned.begins_at, (
                    SELECT max(held.completed_at) FROM trouble_order AS held
                    WHERE held.crew_id = crew.id AND held.assigned_at < planned.ends_at
                        AND held.completed_at > planned.begins_at
                        AND held.completed_at < planned.begins_at + interval '{put_off}'
                )) AS begins_at
            FROM (
                SELECT lower(period) AS begins_at, upper(period) AS ends_at
                FROM crew_rest WHERE crew_rest.crew_id = crew.id
                UNION ALL
                SELECT meal.begins_at, meal.begins_at + make_interval(mins => meal.lasts)
                FROM (
                    SELECT daily.meal_minutes AS lasts, (
                        date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE daily.zone)
                        + make_interval(days => ahead) + CAST(daily.meal AS time)
                    ) AT TIME ZONE daily.zone AS begins_at
                    FROM shift_pattern AS daily CROSS JOIN generate_series(-1, 1) AS ahead
                    WHERE daily.crew_id = crew.id AND daily.meal IS NOT NULL
                ) AS meal
            ) AS planned
            WHERE planned.begins_at BETWEEN CAST(:now AS timestamptz) - interval '12 hours'
                AND CAST(:now AS timestamptz) + interval '12 hours'
        ) AS meant
        WHERE begins_at + lasts > CAST(:now AS timestamptz)
        ORDER BY begins_at LIMIT 1
    ) AS rest ON true
    WHERE crew.retired_at IS NULL
        AND (CAST(:crew_id AS text) IS NULL OR crew.id = :crew_id)
        AND (CAST(:districts AS text[]) IS NULL OR {whose})
    ORDER BY crew.id
"""

# A crew that is lent is in the plan of the district it is lent to, and in no other.
STATES = text(
    _STATES.format(
        whose="coalesce(loan.to_id, crew.district_id) = ANY(:districts)",
        hazard=PRIORITY_HAZARD,
        put_off=PUT_OFF,
    )
)

STATES_SEEN = text(_STATES.format(whose=SEEN_BY, hazard=PRIORITY_HAZARD, put_off=PUT_OFF))

BESIDE_DEGREES = 0.003
"""Some three hundred metres; whoever is nearer is looked at closely."""

_SAME_PLACES = Direct(
    """
    SELECT position_fix.* FROM position_fix
    JOIN (
        SELECT DISTINCT * FROM unnest(
            CAST(:lons AS double precision[]), CAST(:lats AS double precision[])
        ) AS place (lon, lat)
    ) AS place USING (lon, lat)
    WHERE crew_id = ANY(:crews) AND fixed_at >= :since AND fixed_at < :until
    ORDER BY fixed_at, id
    """
)
_SEEN_BEFORE = Direct(
    """
    SELECT max(fixed_at) FROM position_fix
    WHERE crew_id = :crew_id AND fixed_at < :at AND fixed_at >= :since
    """
)
# The key of positions begins with the crew: asked crew by crew, a few minutes of each are read;
# asked by time alone, the positions of everybody's whole day.
_BESIDE = Direct(
    """
    SELECT crew.id FROM crew
    CROSS JOIN LATERAL (
        SELECT FROM position_fix
        WHERE position_fix.crew_id = crew.id AND fixed_at BETWEEN :since AND :until AND NOT mock
            AND lon BETWEEN :lon - CAST(:near AS double precision)
                AND :lon + CAST(:near AS double precision)
            AND lat BETWEEN :lat - CAST(:near AS double precision)
                AND :lat + CAST(:near AS double precision)
        LIMIT 1
    ) AS seen
    WHERE crew.id <> :crew_id
    ORDER BY crew.id
    """
)


class PgCrews:
    """Reads crews and writes their positions on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, crew_id: CrewId) -> Crew:
        """Read one crew, retired ones too."""
        return self._read(crew_id, lock=False)

    def lock(self, crew_id: CrewId) -> Crew:
        """Read a crew that nobody else sends or retires before this transaction ends."""
        return self._read(crew_id, lock=True)

    def must_serve(self, crew_id: CrewId) -> None:
        """See that a crew is in service, and stays so until this transaction ends."""
        held = select(crew.c.retired_at).where(crew.c.id == crew_id)
        row = self._connection.execute(held.with_for_update(read=True, key_share=True)).first()
        if row is None or row.retired_at is not None:
            raise CrewUnavailable("the crew is retired", crew_id=crew_id)

    def keep_in_service(self, crew_id: CrewId, *, retired_at: datetime | None) -> None:
        """Write since when a crew is retired; None: it is in service."""
        self._connection.execute(
            update(crew).where(crew.c.id == crew_id).values(retired_at=retired_at)
        )

    def load(self, crew_id: CrewId, carries: Collection[str]) -> None:
        """Write which parts a crew has aboard."""
        self._connection.execute(
            update(crew).where(crew.c.id == crew_id).values(carries=sorted(carries))
        )

    def _read(self, crew_id: CrewId, *, lock: bool) -> Crew:
        query = select(*lon_lat_instead(crew, "base")).where(crew.c.id == crew_id)
        row = (
            self._connection.execute(query.with_for_update() if lock else query).mappings().first()
        )
        if row is None:
            raise NotFound("crew", crew_id=crew_id)
        return replace(_crew(row, row["lon"], row["lat"]), retired_at=row["retired_at"])

    def list_states(self, district_id: DistrictId, now: datetime) -> Sequence[CrewState]:
        """List how the crews that work for a district at `now` stand: its own and borrowed ones."""
        rows = self._connection.execute(
            STATES, {"now": now, "districts": [district_id], "crew_id": None}
        ).mappings()
        return [state_from_row(row) for row in rows]

    def state(self, crew_id: CrewId, now: datetime) -> CrewState:
        """Read how one crew stands at `now`."""
        row = (
            self._connection.execute(STATES, {"now": now, "districts": None, "crew_id": crew_id})
            .mappings()
            .first()
        )
        if row is None:
            raise NotFound("crew", crew_id=crew_id)
        return state_from_row(row)

    def record_fixes(self, fixes: Sequence[PositionFix]) -> int:
        """Store new fixes and move last positions forward in device time; how many were new.

        A last position moves only with a fix that is not dated ahead of its receipt, or a phone
        with a wrong clock would stand still for everybody until that time.
        """
        return copy_fixes(self._connection, fixes, CLOCK_AHEAD)

    def find_posting(self, crew_id: CrewId) -> Posting | None:
        """Find where the crew was asked to stand by, over or not."""
        query = select(*lon_lat_instead(posting)).where(posting.c.crew_id == crew_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else Posting(**row)

    def list_postings(self, district_id: DistrictId, now: datetime) -> Sequence[Posting]:
        """List where the crews that work for a district stand by at `now`."""
        query = (
            select(*lon_lat_instead(posting))
            .join(crew, crew.c.id == posting.c.crew_id)
            .outerjoin(
                loan,
                (loan.c.crew_id == crew.c.id)
                & (loan.c.status == "granted")
                & loan.c.period.contains(now),
            )
            .where(
                func.coalesce(loan.c.to_id, crew.c.district_id) == district_id,
                posting.c.ends_at > now,
            )
            .order_by(posting.c.crew_id)
        )
        return [Posting(**row) for row in self._connection.execute(query).mappings()]

    def post(self, kept: Posting) -> None:
        """Keep where a crew stands by, in place of where it did."""
        values = {
            "place": kept.place,
            "by": kept.by,
            "asked_at": kept.asked_at,
            "ends_at": kept.ends_at,
            "point": point(kept.lon, kept.lat),
        }
        new = postgresql.insert(posting).values(crew_id=kept.crew_id, **values)
        self._connection.execute(
            new.on_conflict_do_update(index_elements=[posting.c.crew_id], set_=values)
        )

    def unpost(self, crew_id: CrewId) -> None:
        """Let a crew stand by nowhere."""
        self._connection.execute(delete(posting).where(posting.c.crew_id == crew_id))

    def rest(self, crew_id: CrewId, rest: Rest, *, by: str, reason: str) -> None:
        """Give a crew a break, in place of the one that it was given before."""
        values = {"period": Range(rest.begins_at, rest.ends_at), "by": by, "reason": reason}
        new = postgresql.insert(crew_rest).values(crew_id=crew_id, **values)
        self._connection.execute(
            new.on_conflict_do_update(index_elements=[crew_rest.c.crew_id], set_=values)
        )

    def end_rest(self, crew_id: CrewId, now: datetime) -> bool:
        """Take back the break that somebody gave a crew; False where that has passed."""
        gone = delete(crew_rest).where(
            crew_rest.c.crew_id == crew_id, func.upper(crew_rest.c.period) > now
        )
        return self._connection.execute(gone).rowcount == 1

    def list_fixes(
        self, crew_id: CrewId, since: datetime, until: datetime
    ) -> Sequence[PositionFix]:
        """List a crew's fixes from `since` to `until`, both included, in device time."""
        query = (
            select(position_fix)
            .where(
                position_fix.c.crew_id == crew_id,
                position_fix.c.fixed_at.between(since, until),
            )
            .order_by(position_fix.c.fixed_at, position_fix.c.id)
        )
        return [PositionFix(**row) for row in self._connection.execute(query).mappings()]

    def list_same_places(
        self, fixes: Collection[PositionFix], since: datetime, until: datetime
    ) -> Sequence[PositionFix]:
        """List the crew's fixes of another time with the very coordinates of some of `fixes`."""
        asked = {
            "crews": sorted({fix.crew_id for fix in fixes}),
            "lons": [fix.lon for fix in fixes],
            "lats": [fix.lat for fix in fixes],
            "since": since,
            "until": until,
        }
        return [PositionFix(**row) for row in _SAME_PLACES.rows(self._connection, asked)]

    def find_seen_before(self, crew_id: CrewId, at: datetime) -> datetime | None:
        """Find when a crew was seen last before `at`, within an hour; None if it was not."""
        asked = {"crew_id": crew_id, "at": at, "since": at - timedelta(hours=1)}
        found: datetime | None = _SEEN_BEFORE.value(self._connection, asked)
        return found

    def list_beside(self, fix: PositionFix, since: datetime, until: datetime) -> Sequence[CrewId]:
        """List other crews that were within some hundred metres of a fix within that time."""
        asked = {
            "crew_id": fix.crew_id,
            "lon": fix.lon,
            "lat": fix.lat,
            "near": BESIDE_DEGREES,
            "since": since,
            "until": until,
        }
        return [CrewId(each) for each in _BESIDE.values(self._connection, asked)]


def _crew(row: RowMapping, lon: float, lat: float) -> Crew:
    return Crew(
        id=CrewId(row["id"]),
        name=row["name"],
        district_id=DistrictId(row["district_id"]),
        skills=frozenset(row["skills"]),
        base_lon=lon,
        base_lat=lat,
        phone=row["phone"],
        carries=frozenset(row["carries"]),
    )


def state_from_row(row: RowMapping) -> CrewState:
    """Make how a crew stands from a row of `STATES`."""
    order_id = row["active_order_id"]
    return CrewState(
        crew=_crew(row, row["base_lon"], row["base_lat"]),
        on_shift=row["on_shift"],
        shift_ends_at=row["ends_at"],
        last_fix=None if row["fixed_at"] is None else seen_fix({**row, "crew_id": row["id"]}),
        active_order_id=None if order_id is None else OrderId(order_id),
        lent=_lent(row),
        rest=None
        if row["rest_begins_at"] is None
        else Rest(begins_at=row["rest_begins_at"], ends_at=row["rest_ends_at"]),
        to_danger=row["to_danger"],
    )


def _lent(row: RowMapping) -> Lent | None:
    if row["loan_id"] is None:
        return None
    return Lent(
        loan_id=LoanId(row["loan_id"]), to_id=DistrictId(row["lent_to"]), until=row["lent_until"]
    )
