"""Crews and when they work, as a company's crew list gives them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo, available_timezones

from shapely import Point
from sqlalchemy import Connection, select, text

from dispatch.domain.parts import parts_in
from dispatch.errors import InvalidInput
from dispatch.store.loading.districts import ensure_district, place_in
from dispatch.store.loading.members import at_most, in_two_crews, names_in, odd_in, tidied
from dispatch.store.loading.report import Change, Progress, Refused, silent
from dispatch.store.loading.staging import copy_rows, driver, hex_wkb, merge, stage
from dispatch.store.tables.crews import crew, shift_pattern
from gis.cells import Value, integer, shown, words
from gis.cells import text as as_text
from gis.vectors import NO_PLACE, POINTS, Field, Reading, Row, read_vector

_CLOCK = re.compile(r"(?P<hour>[01]?\d|2[0-3])[:：](?P<minute>[0-5]\d)(?::00)?")
_DAY_END = "24:00"
LONGEST_MEAL_MIN = 240
USUAL_MEAL_MIN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewRow:
    """A crew as a file describes it; `base` is EPSG:4326; no times mean round the clock."""

    row: int
    id: str
    name: str
    district_id: str | None
    skills: tuple[str, ...]
    members: str
    phone: str
    vehicle: str
    base: Point
    starts: str
    ends: str
    zone: str
    meal: str | None = None
    meal_minutes: int | None = None
    carries: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRow:
    """One shift of one crew; both times are aware."""

    row: int
    crew_id: str
    starts_at: datetime
    ends_at: datetime


def clock_time(value: Value) -> str:
    """Read a time of day as HH:MM; 24:00 is 00:00, the end of the day."""
    said = as_text(value)
    if said == _DAY_END:
        return "00:00"
    found = _CLOCK.fullmatch(said)
    if found is None:
        raise ValueError(f"{shown(value)} is no time of day; expected HH:MM")
    return f"{int(found['hour']):02d}:{found['minute']}"


def zone_name(value: Value) -> str:
    """Read an IANA time zone."""
    said = as_text(value)
    if said not in available_timezones():
        raise ValueError(f"{shown(value)} is no time zone; expected a name such as Asia/Shanghai")
    return said


def meal_length(value: Value) -> int:
    """Read the minutes of a meal break, 1 to 240."""
    minutes = integer(value)
    if not 1 <= minutes <= LONGEST_MEAL_MIN:
        raise ValueError(f"{shown(value)} is no length of a meal; expected 1 to 240 minutes")
    return minutes


def parts_named(value: Value) -> frozenset[str]:
    """Read the parts that a crew carries, several with `;`."""
    try:
        return parts_in([as_text(value)])
    except InvalidInput as error:
        raise ValueError(str(error)) from None


def calendar_day(value: Value) -> date:
    """Read a date, YYYY-MM-DD."""
    try:
        return date.fromisoformat(as_text(value)[:10].replace("/", "-"))
    except ValueError:
        raise ValueError(f"{shown(value)} is no date; expected YYYY-MM-DD") from None


CREW_FIELDS = (
    Field("id", aliases=("crew_id", "crew", "编号"), unique=True),
    Field("name", required=False, aliases=("crew_name", "班组", "名称")),
    Field("district_id", required=False, aliases=("district", "供电所")),
    Field("skills", words, required=False, aliases=("skill", "技能")),
    Field("members", names_in, required=False, aliases=("人员",)),
    Field("phone", required=False, aliases=("tel", "mobile", "电话")),
    Field("vehicle", required=False, aliases=("plate", "车牌")),
    Field("shift_start", clock_time, required=False, aliases=("starts", "上班")),
    Field("shift_end", clock_time, required=False, aliases=("ends", "下班")),
    Field("zone", zone_name, required=False, aliases=("timezone", "tz", "时区")),
    Field("meal", clock_time, required=False, aliases=("meal_start", "用餐")),
    Field("meal_minutes", meal_length, required=False, aliases=("用餐分钟",)),
    Field("carries", parts_named, required=False, aliases=("parts", "配件", "随车配件")),
)

SHIFT_FIELDS = (
    Field("crew_id", aliases=("crew", "id", "编号")),
    Field("date", calendar_day, aliases=("day", "日期")),
    Field("shift_start", clock_time, aliases=("starts", "上班")),
    Field("shift_end", clock_time, aliases=("ends", "下班")),
    Field("zone", zone_name, required=False, aliases=("timezone", "tz", "时区")),
)


def read_crews(
    path: Path, mapping: Mapping[str, str], reading: Reading = POINTS, *, zone: str
) -> tuple[list[CrewRow], list[Refused]]:
    """Read a crew list: one row per crew, its base as point or lon and lat.

    `zone` holds where a row names none. Raises as `read_vector` does.
    """
    table = read_vector(path, CREW_FIELDS, mapping, reading)
    taken = []
    refused = [Refused("crews", each.row, each.id, each.reason) for each in table.refusals]
    for row in table.rows:
        try:
            taken.append(_crew(row, zone))
        except ValueError as error:
            refused.append(Refused("crews", row.row, str(row.values["id"]), str(error)))
    return taken, sorted(refused, key=lambda each: each.row or 0)


def _crew(row: Row, zone: str) -> CrewRow:
    values = row.values
    starts, ends = values["shift_start"], values["shift_end"]
    if (starts is None) != (ends is None):
        raise ValueError("has only one of shift_start and shift_end; expected both or neither")
    meal, minutes = values["meal"], values["meal_minutes"]
    if meal is None and minutes is not None:
        raise ValueError("has meal_minutes without meal; expected the time of day it begins")
    assert isinstance(row.geometry, Point)
    return CrewRow(
        row=row.row,
        id=str(values["id"]),
        name=str(values["name"] or values["id"]),
        district_id=None if values["district_id"] is None else str(values["district_id"]),
        skills=cast("tuple[str, ...]", values["skills"] or ()),
        members=str(values["members"] or ""),
        phone=str(values["phone"] or ""),
        vehicle=str(values["vehicle"] or ""),
        base=row.geometry,
        starts=str(starts or "00:00"),
        ends=str(ends or "00:00"),
        zone=str(values["zone"] or zone),
        meal=None if meal is None else str(meal),
        meal_minutes=None if meal is None else cast("int", minutes or USUAL_MEAL_MIN),
        carries=cast("frozenset[str] | None", values["carries"]),
    )


def read_shifts(
    path: Path, mapping: Mapping[str, str], *, zone: str, layer: str | None = None
) -> tuple[list[ShiftRow], list[Refused]]:
    """Read shifts by date: crew, date and local times; an end before the start is the next day.

    `zone` holds where a row names none. Raises as `read_vector` does.
    """
    table = read_vector(path, SHIFT_FIELDS, mapping, replace(NO_PLACE, layer=layer))
    refused = [Refused("shifts", each.row, each.id, each.reason) for each in table.refusals]
    return [_shift(row, zone) for row in table.rows], refused


def _shift(row: Row, zone: str) -> ShiftRow:
    day = cast("date", row.values["date"])
    there = ZoneInfo(str(row.values["zone"] or zone))
    starts, ends = (
        datetime.combine(day, datetime.strptime(str(row.values[name]), "%H:%M").time(), there)  # noqa: DTZ007 (the zone comes with `combine`)
        for name in ("shift_start", "shift_end")
    )
    if ends <= starts:
        ends += timedelta(days=1)
    return ShiftRow(row=row.row, crew_id=str(row.values["crew_id"]), starts_at=starts, ends_at=ends)


def store_crews(
    connection: Connection,
    crews: Sequence[CrewRow],
    *,
    now: datetime,
    progress: Progress = silent,
) -> tuple[Change, list[Refused], list[str]]:
    """Add or change crews and their every-day shifts by id; crews not named stay as they are.

    A crew that names no district goes to the one whose polygon covers its base, or to the only
    one there is; a crew of an unknown district is refused. Who is named twice, or is in two crews
    at the same hours, is noted, and so is a crew that is retired: it stays so. A row that does not
    say what its crew carries leaves that as it is.
    """
    notes = list(ensure_district(connection))
    placed, refused = _with_district(connection, crews)
    progress("writing crews")
    columns = (
        *("id", "name", "district_id", "skills", "members", "phone", "vehicle"),
        *("retired_at", "base", "carries"),
    )
    aboard = _aboard(connection)
    rows = (
        (
            *(e.id, e.name, district_id, list(e.skills), tidied(e.members), e.phone, e.vehicle),
            *(None, hex_wkb(e.base)),
            aboard.get(e.id, []) if e.carries is None else sorted(e.carries),
        )
        for e, district_id in placed
    )
    staged_crews = stage(connection, crew, columns, rows)
    change = merge(connection, crew, staged_crews, keep=("retired_at",))
    daily = ("crew_id", "starts", "ends", "zone", "meal", "meal_minutes")
    shifts = ((e.id, e.starts, e.ends, e.zone, e.meal, e.meal_minutes) for e, _ in placed)
    staged = stage(connection, shift_pattern, daily, shifts)
    patterns = merge(connection, shift_pattern, staged, key="crew_id")
    if patterns.changed and not change.changed:
        change = Change(change.new, patterns.changed, change.same - patterns.changed)
    rows_of = {e.id: f"row {e.row} ({e.id})" for e, _ in placed}
    odd = [f"{rows_of[e.id]} {each}" for e, _ in placed for each in odd_in(e.members)]
    notes += _still_retired(connection, rows_of)
    return change, refused, notes + at_most(odd + in_two_crews(connection, rows_of, now))


def _aboard(connection: Connection) -> Mapping[str, Sequence[str]]:
    """What crews carry, for rows that do not say; nobody changes it before this ends."""
    found = select(crew.c.id, crew.c.carries).with_for_update(key_share=True)
    return {each.id: each.carries for each in connection.execute(found)}


def _still_retired(connection: Connection, rows_of: Mapping[str, str]) -> list[str]:
    found = select(crew.c.id, crew.c.retired_at).where(
        crew.c.id.in_(list(rows_of)), crew.c.retired_at.is_not(None)
    )
    return [
        f"{rows_of[each.id]} is retired since {each.retired_at:%Y-%m-%d} and stays so;"
        f" `relight crew reinstate {each.id}` brings it back"
        for each in connection.execute(found.order_by(crew.c.id))
    ]


def _with_district(
    connection: Connection, crews: Iterable[CrewRow]
) -> tuple[list[tuple[CrewRow, str]], list[Refused]]:
    placed, refused = [], []
    for each in crews:
        at, why = place_in(connection, each.district_id, each.base, "its base")
        if at is None:
            refused.append(Refused("crews", each.row, each.id, why))
        else:
            placed.append((each, at))
    return placed, refused


_STAGED_SHIFT = """
    CREATE TEMP TABLE staged_shift (n int, crew_id text, starts_at timestamptz, ends_at timestamptz)
    ON COMMIT DROP
"""

_UNKNOWN_CREW = """
    DELETE FROM staged_shift s WHERE NOT EXISTS (SELECT FROM crew c WHERE c.id = s.crew_id)
    RETURNING n, crew_id, 'no crew of this id is loaded'
"""

_OVERLAPPING = """
    DELETE FROM staged_shift s USING staged_shift o
    WHERE o.crew_id = s.crew_id AND o.n < s.n
      AND tstzrange(o.starts_at, o.ends_at) && tstzrange(s.starts_at, s.ends_at)
    RETURNING s.n, s.crew_id, format('overlaps the shift of row %s', o.n)
"""

_REPLACE_SHIFTS = """
    DELETE FROM shift h USING staged_shift s
    WHERE h.crew_id = s.crew_id AND h.period && tstzrange(s.starts_at, s.ends_at)
      AND h.period NOT IN (
          SELECT tstzrange(o.starts_at, o.ends_at) FROM staged_shift o WHERE o.crew_id = h.crew_id)
"""

_ADD_SHIFTS = """
    WITH added AS (
        INSERT INTO shift (crew_id, period)
        SELECT crew_id, tstzrange(starts_at, ends_at) FROM staged_shift
        ON CONFLICT (crew_id, period) DO NOTHING RETURNING 1
    ) SELECT count(*) FROM added
"""


def store_shifts(
    connection: Connection, shifts: Sequence[ShiftRow], *, now: datetime
) -> tuple[Change, list[Refused], list[str]]:
    """Add shifts by date; one that overlaps a stored shift of its crew takes that one's place.

    Who is in two crews that now work at the same hours is noted.
    """
    with driver(connection).cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.staged_shift")
        cursor.execute(_STAGED_SHIFT)
    rows = ((e.row, e.crew_id, e.starts_at, e.ends_at) for e in shifts)
    copy_rows(connection, "staged_shift", ("n", "crew_id", "starts_at", "ends_at"), rows)
    refused = {
        n: Refused("shifts", n, crew_id, reason)
        for statement in (_UNKNOWN_CREW, _OVERLAPPING)
        for n, crew_id, reason in connection.execute(text(statement)).all()
    }
    connection.execute(text(_REPLACE_SHIFTS))
    added = connection.scalar(text(_ADD_SHIFTS)) or 0
    same = len(shifts) - len(refused) - added
    named = {e.crew_id: e.crew_id for e in shifts if e.row not in refused}
    notes = at_most(in_two_crews(connection, named, now))
    return Change(new=added, same=same), [refused[n] for n in sorted(refused)], notes
