"""The promise ledger of a month, put together from what the database adds up and the plan."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from api.house import House
from dispatch.commitments import Budget, Expected, budget, jobs_to_come, running_averages
from dispatch.domain.clock import ARRIVAL_COMMITMENT, DESK
from dispatch.domain.rules import Rule, RuleSet, StopsAt
from dispatch.domain.words import DistrictId, OrderId
from dispatch.errors import InvalidInput
from dispatch.procedures import planned_arrivals as by_plan
from dispatch.store.reads import ledger as reads
from dispatch.store.reads.figures import CommitmentStanding, commitments
from dispatch.store.rules import PgRules
from dispatch.store.transaction import reading

MINUTE = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)
"""The least that a time is told apart by: what ends a month is of the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rule in one area class; a budget where it ends with an arrival.

    `left_out`: a later set has the rule no more; what was promised by it still counts.
    """

    standing: CommitmentStanding
    rule: Rule
    budget: Budget | None
    left_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A share that published centres are proud of: so many of so many, and what is wanted."""

    name: str
    good: int
    of: int
    goal: float | None

    @property
    def share(self) -> float | None:
        """The share; None where there was nothing to count."""
        return self.good / self.of if self.of else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The running average of an area class, day by day, beside what it may be."""

    area_class: str
    target_minutes: float
    days: tuple[date, ...]
    averages: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A month of promises; `foreseen` says whether the plan was asked for the open orders."""

    since: datetime
    until: datetime
    as_of: datetime
    rules_version: int
    lines: tuple[Line, ...]
    kpis: tuple[Kpi, ...]
    courses: tuple[Course, ...]
    foreseen: bool


def month_of(text: str | None, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """From when to when a month such as `2026-03` lasts in a zone; this month without one."""
    here = now.astimezone(zone)
    try:
        year, month = (
            (here.year, here.month) if text is None else map(int, text.split("-", maxsplit=1))
        )
        first = datetime(year, month, 1, tzinfo=zone)
    except ValueError:
        raise InvalidInput("month", text, "a month such as 2026-03") from None
    last = date(year, month, monthrange(year, month)[1]) + timedelta(days=1)
    return first, datetime(last.year, last.month, last.day, tzinfo=zone)


def ledger_of(
    house: House,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    *,
    by_district: bool = False,
    foresee: bool = True,
) -> Ledger:
    """Put the ledger together.

    Parameters
    ----------
    districts
        Those asked for; None: all.
    by_district
        Lines for each district of its own.
    foresee
        Ask the planner when waiting orders will be reached; without it they are unforeseen.
    """
    now = house.now()
    with reading(house.engine) as connection:
        rules = PgRules(connection).at(min(now, until - INSTANT))
        standings = commitments(connection, districts, since, until, by_district=by_district)
        by_id = _rules_of(standings, rules, PgRules(connection))
        arriving = {r.id for r in by_id.values() if r.stops is StopsAt.ARRIVED}
        open_now = reads.open_promises(connection, districts, since, until, rules=arriving)
        told = reads.told(connection, districts, since, until)
        courses = _courses(connection, house, districts, since, until)
    planned = planned_arrivals(house, _waiting_in(open_now)) if foresee else {}
    awaited = _awaited(open_now, planned, now, by_district=by_district)
    in_force = {rule.id for rule in rules.rules}
    return Ledger(
        since=since,
        until=until,
        as_of=now,
        rules_version=rules.version,
        lines=tuple(
            Line(
                standing=each,
                rule=by_id[each.rule_id],
                budget=_budget(each, by_id[each.rule_id], awaited, since, until, now),
                left_out=each.rule_id not in in_force,
            )
            for each in standings
        ),
        kpis=_kpis(standings, told, rules),
        courses=courses,
        foreseen=foresee,
    )


def _rules_of(
    standings: Collection[CommitmentStanding], rules: RuleSet, kept: PgRules
) -> Mapping[str, Rule]:
    """The rules in force, and those that clocks still go by, as the newest of their sets says."""
    found = {rule.id: rule for rule in rules.rules}
    versions: dict[str, int] = {}
    for each in standings:
        versions[each.rule_id] = max(each.rules_version, versions.get(each.rule_id, 0))
    for rule_id in versions.keys() - found.keys():
        found[rule_id] = kept.get(versions[rule_id]).rules.get(rule_id)
    return found


def planned_arrivals(house: House, districts: Collection[str]) -> Mapping[OrderId, datetime]:
    """When the waiting orders of these districts will be reached by the plan."""
    found: dict[OrderId, datetime] = {}
    travel_times = house.travel_times()
    for district_id in sorted(districts):
        with house.transaction() as store:
            now = house.now()
            planned = by_plan.planned_arrivals(
                store,
                DistrictId(district_id),
                travel_times,
                house.planner,
                assignment=house.policies.assignment,
                planning=house.planning,
                now=now,
            )
        found |= {o: now + timedelta(minutes=at.mean_min) for o, at in planned.items()}
    return found


def _waiting_in(open_now: Collection[reads.OpenPromises]) -> set[str]:
    return {
        each.district_id
        for each in open_now
        if each.district_id is not None and each.order_id is not None and each.expected_at is None
    }


Key = tuple[str, str, str | None]


def _awaited(
    open_now: Collection[reads.OpenPromises],
    planned: Mapping[OrderId, datetime],
    now: datetime,
    *,
    by_district: bool,
) -> Mapping[Key, list[Expected]]:
    """What the open orders are expected to use, by rule, area class and district."""
    found: dict[Key, list[Expected]] = defaultdict(list)
    for each in open_now:
        at = each.expected_at
        if at is None and each.order_id is not None:
            at = planned.get(OrderId(each.order_id))
        minutes = None
        if at is not None:
            minutes = (each.clocks * max(at, now).timestamp() - each.started_s) / 60.0
        key = (each.rule_id, each.area_class, each.district_id if by_district else None)
        found[key].append(
            Expected(clocks=each.clocks, target_minutes=each.target_min, minutes=minutes)
        )
    return found


def _budget(
    standing: CommitmentStanding,
    rule: Rule,
    awaited: Mapping[Key, list[Expected]],
    since: datetime,
    until: datetime,
    now: datetime,
) -> Budget | None:
    if rule.stops is not StopsAt.ARRIVED:
        return None
    key = (standing.rule_id, standing.area_class, standing.district_id)
    rest = jobs_to_come(standing.clocks, since, until, now)
    return budget(standing.ended, standing.saved_minutes, awaited.get(key, ()), rest)


def _kpis(
    standings: Collection[CommitmentStanding], told: reads.Told, rules: RuleSet
) -> tuple[Kpi, ...]:
    kept = [_kept(name, rule, standings, rules) for name, rule in _SHARES]
    return (
        *kept,
        Kpi(name="called_back", good=told.made, of=told.due, goal=1.0),
        Kpi(name="satisfied", good=told.satisfied, of=told.answered, goal=0.9940),
    )


_SHARES = (("dispatched_in_time", DESK), ("arrived_in_time", ARRIVAL_COMMITMENT))


def _kept(
    name: str, rule_id: str, standings: Collection[CommitmentStanding], rules: RuleSet
) -> Kpi:
    mine = [each for each in standings if each.rule_id == rule_id]
    goal = next((rule.goal for rule in rules.rules if rule.id == rule_id), None)
    return Kpi(name=name, good=sum(s.kept for s in mine), of=sum(s.judged for s in mine), goal=goal)


def _courses(
    connection: Connection,
    house: House,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
) -> tuple[Course, ...]:
    days = reads.days_of_rule(
        connection,
        districts,
        since,
        until,
        rule_id=ARRIVAL_COMMITMENT,
        zone=house.clockface.zone.key,
    )
    found = []
    for area in dict.fromkeys(each.area_class for each in days):
        mine = [each for each in days if each.area_class == area]
        found.append(
            Course(
                area_class=area,
                target_minutes=sum(d.target_minutes for d in mine) / sum(d.ended for d in mine),
                days=tuple(each.day for each in mine),
                averages=tuple(running_averages((d.ended, d.minutes) for d in mine)),
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A course as a line in a box of `WIDE` by `HIGH`; `target_y` is what it may not rise above.

    The top of the box is `top_minutes`, its bottom 0.
    """

    course: Course
    points: str
    target_y: float
    top_minutes: float


WIDE, HIGH = 320, 96


def chart_of(course: Course, since: datetime, until: datetime) -> Chart:
    """Draw the running average of a month against its target."""
    known = [average for average in course.averages if average is not None]
    top = 1.25 * max(course.target_minutes, *known, 1.0)
    days = max(1, (until.date() - since.date()).days)
    points = " ".join(
        f"{WIDE * ((day - since.date()).days + 0.5) / days:.1f},{HIGH * (1 - average / top):.1f}"
        for day, average in zip(course.days, course.averages, strict=True)
        if average is not None
    )
    return Chart(
        course=course,
        points=points,
        target_y=round(HIGH * (1 - course.target_minutes / top), 1),
        top_minutes=top,
    )
