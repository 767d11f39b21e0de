"""What if: the same days with other crews, depots, shifts, promises or settings of the plan."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from dispatch.domain.clock import ARRIVAL_COMMITMENT, RuleSet
from dispatch.domain.crew import Crew
from dispatch.domain.month import MonthSoFar
from dispatch.domain.words import AreaClass, CrewId
from dispatch.drill.policies.ground import DISTRICT, Ground, Shift, hour_of
from dispatch.errors import InvalidInput
from dispatch.planning.district import PlanningPolicy

Table = Mapping[str, object]
PARTS = {"name", "crews", "rules", "planning", "month"}
MONTH_FACTS = {"orders", "kept", "minutes"}
CREW_FACTS = {"id", "lon", "lat", "skills", "from", "to", "away"}
BASE_LON, BASE_LAT = 180.0, 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A changed ground and changed settings, by a name."""

    name: str
    ground: Ground
    planning: PlanningPolicy


def read_scenario(path: Path, ground: Ground, planning: PlanningPolicy) -> Scenario:
    """Change a ground and the plan's settings as a TOML file says.

    `[[crews]]` with an `id` changes that crew's base (`lon`, `lat`), `skills` or shift (`from`,
    `to`), takes it `away = true`, or adds it if it is new. `[rules.arrival_commitment]` and
    `[rules.arrival_national]` change minutes by area class; `[planning]` any single figure of
    `PlanningPolicy`. `[month.urban]` says how the month stands when a day begins: `orders` of the
    class that somebody came to, so many of them in time (`kept`), after `minutes` on average.

    Raises
    ------
    InvalidInput
        The file is not TOML, or a name or a value in it is not what is expected.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise InvalidInput("scenario", str(path), f"TOML: {wrong}") from None
    _only(given, PARTS, "scenario")
    shifts = {shift.crew.id: shift for shift in ground.shifts}
    for row in _rows(given.get("crews", [])):
        crew_id = CrewId(_text(row, "id"))
        shifts[crew_id] = _changed(shifts.get(crew_id), crew_id, row)
        if row.get("away") is True:
            del shifts[crew_id]
    if not shifts:
        raise InvalidInput("crews", 0, "at least one")
    rules = _rules(ground.rules, _table(given.get("rules", {}), "rules"))
    return Scenario(
        name=str(given.get("name", path.stem)),
        ground=replace(
            ground,
            shifts=tuple(shifts.values()),
            rules=rules,
            month=_months(rules, _table(given.get("month", {}), "month")),
        ),
        planning=_planning(planning, _table(given.get("planning", {}), "planning")),
    )


def _changed(before: Shift | None, crew_id: CrewId, row: Table) -> Shift:
    _only(row, CREW_FACTS, f"crew {crew_id}")
    crew = Crew(
        id=crew_id,
        name=crew_id,
        district_id=DISTRICT if before is None else before.crew.district_id,
        skills=frozenset() if before is None else before.crew.skills,
        base_lon=_degrees(row, "lon", BASE_LON, None if before is None else before.crew.base_lon),
        base_lat=_degrees(row, "lat", BASE_LAT, None if before is None else before.crew.base_lat),
    )
    if "skills" in row:
        skills = row["skills"]
        if not isinstance(skills, list):
            raise InvalidInput("skills", skills, "a list of words")
        crew = replace(crew, skills=frozenset(map(str, skills)))
    begins = before.begins_h if before is not None and "from" not in row else _clock(row, "from")
    ends = before.ends_h if before is not None and "to" not in row else _clock(row, "to")
    return Shift(crew=crew, begins_h=begins, ends_h=ends)


def _rules(rules: RuleSet, given: Table) -> RuleSet:
    known = {rule.id for rule in rules.rules}
    _only(given, known, "rules")
    changed = []
    for rule in rules.rules:
        minutes = dict(rule.minutes)
        for area, value in _table(given.get(rule.id, {}), rule.id).items():
            if area not in set(AreaClass):
                raise InvalidInput(rule.id, area, ", ".join(AreaClass))
            minutes[AreaClass(area)] = _number(rule.id, value)
        changed.append(replace(rule, minutes=minutes))
    return replace(rules, rules=tuple(changed))


def _months(rules: RuleSet, given: Table) -> Mapping[AreaClass, MonthSoFar]:
    _only(given, set(AreaClass), "month")
    target = rules.get(ARRIVAL_COMMITMENT).minutes
    found = {}
    for name, value in given.items():
        facts = _table(value, name)
        _only(facts, MONTH_FACTS, f"month of {name}")
        orders, kept = int(_number("orders", facts.get("orders"))), facts.get("kept")
        area, minutes = AreaClass(name), _number("minutes", facts.get("minutes"))
        if _number("kept", kept) > orders:
            raise InvalidInput("kept", kept, f"at most the {orders} orders")
        found[area] = MonthSoFar(
            ended=orders,
            target_minutes=target[area],
            saved_minutes=orders * (target[area] - minutes),
            judged=orders,
            kept=int(_number("kept", kept)),
        )
    return found


def _planning(planning: PlanningPolicy, given: Table) -> PlanningPolicy:
    known = {f.name for f in fields(planning) if isinstance(getattr(planning, f.name), float)}
    _only(given, known, "planning")
    for name, value in given.items():
        planning = replace(planning, **{name: _number(name, value)})  # type: ignore[arg-type]
    return planning


def _only(given: Table, known: set[str], where: str) -> None:
    for name in given:
        if name not in known:
            raise InvalidInput(where, name, f"one of {', '.join(sorted(known))}")


def _rows(given: object) -> list[Table]:
    if not isinstance(given, list):
        raise InvalidInput("crews", given, "[[crews]] tables")
    return [_table(row, "crews") for row in given]


def _table(given: object, where: str) -> Table:
    if not isinstance(given, dict):
        raise InvalidInput(where, given, "a table")
    return given


def _text(row: Table, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(name, value, "a name")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:  # noqa: PLR2004
        raise InvalidInput(name, value, "a number of 0 or more")
    return float(value)


def _degrees(row: Table, name: str, most: float, before: float | None) -> float:
    value = row.get(name, before)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        raise InvalidInput(name, value, "degrees, WGS-84")
    return float(value)


def _clock(row: Table, name: str) -> float:
    try:
        return hour_of(_text(row, name))
    except ValueError:
        raise InvalidInput(name, row.get(name), "a local time such as 08:00") from None
