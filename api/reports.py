"""Reliability and punctuality of a month and of the year before it, put together for a page."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from api.house import House
from dispatch.domain.clock import ARRIVAL_COMMITMENT
from dispatch.domain.words import AreaClass
from dispatch.majors import Sums, Threshold, threshold
from dispatch.store.reads import punctuality, reliability
from dispatch.store.reads.figures import CommitmentStanding, commitments
from dispatch.store.reads.links import districts_to_choose
from dispatch.store.reads.punctuality import MonthOfRule, SlotOfRule
from dispatch.store.reads.reliability import DayOfKind, MinutesOfKind
from dispatch.store.transaction import reading

MONTHS = 13
YEARS_BEFORE = 5
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """What was interrupted in a month or a district: planned work, and what was not planned.

    `major` is the part of `unplanned` that began on major event days. Where nothing was `recorded`,
    no figure says anything.
    """

    served: int
    recorded: bool
    planned: Sums
    unplanned: Sums
    major: Sums

    @property
    def every(self) -> Sums:
        """Planned and not planned together."""
        return added(self.planned, self.unplanned)

    @property
    def normal(self) -> Sums:
        """What was not planned, without major event days."""
        return Sums(
            sustained=self.unplanned.sustained - self.major.sustained,
            minutes=self.unplanned.minutes - self.major.minutes,
            momentary=self.unplanned.momentary - self.major.momentary,
            lasting=self.unplanned.lasting - self.major.lasting,
            period_minutes=self.unplanned.period_minutes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorDays:
    """Which days are major event days of some customers, by the five years before each.

    `saidi` is that of each day from what was not planned, in minutes; `limits` are by year.
    """

    saidi: Mapping[date, float]
    limits: Mapping[int, Threshold | None]

    @classmethod
    def of(cls, days: Sequence[DayOfKind], served: int, years: Collection[int]) -> "MajorDays":
        """Judge days of `years` from the interruptions of these customers, `served` of them."""
        saidi = _saidi(days, served)
        before = {
            year: [each for day, each in saidi.items() if year - YEARS_BEFORE <= day.year < year]
            for year in years
        }
        return cls(saidi=saidi, limits={year: threshold(before[year]) for year in years})

    def has(self, day: date) -> bool:
        """Whether it is one; never where too little is known of the years before."""
        limit = self.limits[day.year]
        return limit is not None and self.saidi.get(day, 0.0) > limit.saidi_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigure:
    """SAIDI of one day, in minutes; `major` says that it is a major event day.

    Nothing is `recorded` of a day before the records begin, or to come.
    """

    day: date
    recorded: bool
    planned: float
    unplanned: float
    major: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Everything on the page; months, districts and area classes in order.

    `areas` are of the month that was asked for, a customer being of the class of their place on
    the newest map; a major event day is one of all districts asked for together. `records_since` is
    when the company's records begin; `still_dark` are without supply at `as_of` and were so within
    the month.
    """

    since: datetime
    until: datetime
    as_of: datetime
    records_since: datetime | None
    served: int
    still_dark: int
    months: Mapping[date, Reliability]
    districts: Mapping[str, Reliability]
    district_names: Mapping[str, str]
    areas: Mapping[AreaClass, Reliability]
    days: Sequence[DayFigure]
    limit: Threshold | None
    promises: Sequence[CommitmentStanding]
    arrivals: Sequence[MonthOfRule]
    slots: Sequence[SlotOfRule]

    @property
    def month(self) -> Reliability:
        """The month that was asked for."""
        return self.months[self.since.date()]


def added(*sums: Sums) -> Sums:
    """Kinds of one period put together."""
    return Sums(
        sustained=sum(each.sustained for each in sums),
        minutes=sum(each.minutes for each in sums),
        momentary=sum(each.momentary for each in sums),
        lasting=sum(each.lasting for each in sums),
        within_minutes=sum(each.within_minutes for each in sums),
        period_minutes=max((each.period_minutes for each in sums), default=0.0),
    )


def reports_of(
    house: House, districts: Collection[str] | None, since: datetime, until: datetime
) -> Reports:
    """Put a month together: `since` and `until` are its ends in the company's zone."""
    zone, now = house.clockface.zone, house.now()
    firsts = months_before(since, MONTHS)
    begin = datetime(firsts[0].year, firsts[0].month, 1, tzinfo=zone)
    history = begin.replace(year=begin.year - YEARS_BEFORE, month=1)
    with reading(house.engine) as connection:
        days = reliability.days(connection, districts, history, until, zone.key, now)
        minutes = reliability.within_months(connection, districts, begin, until, zone.key, now)
        dark = reliability.still_dark(connection, districts, since, until, now)
        records = _first_midnight(reliability.records_since(connection), days, zone)
        served = reliability.served(connection, districts)
        areas = reliability.served_of_areas(connection, districts)
        days_of = reliability.days_of_areas(connection, districts, since, until, zone.key, now)
        fell_on = reliability.within_of_areas(connection, districts, since, until, now)
        promises = commitments(connection, districts, since, until)
        arrivals = punctuality.months_of_rule(
            connection, districts, begin, until, rule_id=ARRIVAL_COMMITMENT, zone=zone.key
        )
        slots = punctuality.slots_of_rule(
            connection, districts, since, until, rule_id=ARRIVAL_COMMITMENT
        )
        names = dict(districts_to_choose(connection, districts))
    total, this = sum(served.values()), since.date()
    judge = MajorDays.of(days, total, {each.year for each in firsts})
    lasts = {first: minutes_of_month(first, zone, records, now) for first in firsts}

    def of_month(first: date) -> Reliability:
        mine = [each for each in days if first_of(each.day) == first]
        fell = [each for each in minutes if each.month == first]
        return _figures(mine, fell, total, lasts[first], judge)

    def of_district(district: str) -> Reliability:
        """A district has a limit of its own: what is a storm there may be nothing in all."""
        own, customers = [d for d in days if d.district_id == district], served[district]
        mine = [each for each in own if first_of(each.day) == this]
        fell = [m for m in minutes if m.month == this and m.district_id == district]
        by_own = MajorDays.of(own, customers, {this.year})
        return _figures(mine, fell, customers, lasts[this], by_own)

    return Reports(
        since=since,
        until=until,
        as_of=now,
        records_since=records,
        served=total,
        still_dark=dark,
        months={first: of_month(first) for first in firsts},
        districts={
            name: of_district(name) for name in sorted(each for each in served if each is not None)
        },
        district_names=names,
        areas={
            area: _figures(
                days_of.get(area, ()), fell_on.get(area, ()), customers, lasts[this], judge
            )
            for area, customers in areas.items()
        },
        days=_daily(days, (since, until), (records, now.astimezone(zone)), total, judge),
        limit=judge.limits[this.year],
        promises=promises,
        arrivals=arrivals,
        slots=slots,
    )


def months_before(since: datetime, count: int) -> list[date]:
    """The first days of `count` months, the last of them the month of `since`."""
    months = [since.year * 12 + since.month - 1 - back for back in reversed(range(count))]
    return [date(each // 12, each % 12 + 1, 1) for each in months]


def first_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def minutes_of_month(first: date, zone: ZoneInfo, since: datetime | None, until: datetime) -> float:
    """How many minutes of a local month lie between two moments; summer time counts.

    None do where there is no `since`.
    """
    if since is None:
        return 0.0
    following = first.year * 12 + first.month
    begin = datetime(first.year, first.month, 1, tzinfo=zone)
    end = datetime(following // 12, following % 12 + 1, 1, tzinfo=zone)
    last = min(end.timestamp(), until.timestamp())
    return max(0.0, (last - max(begin.timestamp(), since.timestamp())) / MINUTE_S)


def _first_midnight(
    recorded: datetime | None, days: Sequence[DayOfKind], zone: ZoneInfo
) -> datetime | None:
    """When the local day begins from which there are records; a day of an interruption is one."""
    firsts = [each.day for each in days[:1]]
    firsts += [recorded.astimezone(zone).date()] if recorded is not None else []
    if not firsts:
        return None
    return datetime.combine(min(firsts), time(), tzinfo=zone)


def _figures(
    days: Iterable[DayOfKind],
    fell: Iterable[MinutesOfKind],
    customers: int,
    lasted: float,
    judge: MajorDays,
) -> Reliability:
    days, fell = list(days), list(fell)

    def sums(kinds: Iterable[DayOfKind], *, planned: bool | None) -> Sums:
        chosen = list(kinds)
        return Sums(
            sustained=sum(each.sustained for each in chosen),
            minutes=sum(each.minutes for each in chosen),
            momentary=sum(each.momentary for each in chosen),
            lasting=sum(each.lasting for each in chosen),
            within_minutes=sum(each.minutes for each in fell if each.planned is planned),
            period_minutes=lasted,
        )

    unplanned = [each for each in days if not each.planned]
    return Reliability(
        served=customers,
        recorded=lasted > 0,
        planned=sums((each for each in days if each.planned), planned=True),
        unplanned=sums(unplanned, planned=False),
        major=sums((each for each in unplanned if judge.has(each.day)), planned=None),
    )


def _saidi(days: Iterable[DayOfKind], served: int) -> Mapping[date, float]:
    """The SAIDI of each day from what was not planned."""
    found: dict[date, float] = {}
    for each in days:
        if not each.planned and served:
            found[each.day] = found.get(each.day, 0.0) + each.minutes / served
    return found


def _daily(
    days: Sequence[DayOfKind],
    month: tuple[datetime, datetime],
    recorded: tuple[datetime | None, datetime],
    served: int,
    judge: MajorDays,
) -> list[DayFigure]:
    first, last = (each.toordinal() for each in month)
    begin, now = recorded
    planned: dict[date, float] = {}
    for each in days:
        if each.planned and served:
            planned[each.day] = planned.get(each.day, 0.0) + each.minutes / served
    return [
        DayFigure(
            day=day,
            recorded=begin is not None and begin.date() <= day <= now.date(),
            planned=planned.get(day, 0.0),
            unplanned=judge.saidi.get(day, 0.0),
            major=judge.has(day),
        )
        for day in map(date.fromordinal, range(first, last))
    ]
