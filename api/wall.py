"""The figures of the wall: worked out in one place of a process, and kept until something happens.

Any number of screens may ask as often as they like: while the journal has no new entry they are
given what is kept, and one thread at a time works out something new.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Connection

from api.house import House
from api.ledger import Line, ledger_of, month_of
from dispatch.domain.clock import ARRIVAL_COMMITMENT
from dispatch.store.reads import field as crews_read
from dispatch.store.reads import wall
from dispatch.store.reads.field import CrewNow
from dispatch.store.reads.links import districts_to_choose
from dispatch.store.reads.wall import OutageOnWall, Waiting
from dispatch.store.rules import PgRules
from dispatch.store.transaction import reading
from gis.area_class import STRICTEST_FIRST, AreaClass
from maps.wall import Calls, usual_per_minute

HOURS = timedelta(hours=12)
STEP = timedelta(minutes=5)
WEEKS = 8
OVER = timedelta(minutes=10)
"""Calls a minute are counted over this."""

SCOPES = 64
AGES_S = 15.0
"""Ages grow and crews move without an entry in the journal: a picture is no older than this."""
COURSE_S = 60.0
PROMISES_S = 60.0

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything of one moment that is quickly told.

    `course` is how many customers were out at each `STEP` of the last `HOURS`, the last being now;
    `districts` names those shown, none for all of them.
    """

    as_of: datetime
    districts: tuple[str, ...]
    outages: tuple[OutageOnWall, ...]
    course: tuple[int, ...]
    planned: int
    crews: tuple[CrewNow, ...]
    calls: Calls
    waiting: Waiting

    @property
    def customers(self) -> int:
        """How many customers are out, planned work left aside."""
        return sum(each.customers for each in self.outages)

    @property
    def open(self) -> int:
        """How many outages still have somebody out."""
        return sum(each.status != "restored" for each in self.outages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The arrival promise of one area class: what it allows, and its line in the month's ledger."""

    area_class: AreaClass
    minutes: float
    line: Line | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """The promises of the month so far."""

    as_of: datetime
    each: tuple[Promise, ...]


@dataclass(slots=True)
class _Kept(Generic[Value]):
    """One value, what it was worked out for, and when."""

    lock: Lock = field(default_factory=Lock)
    value: Value | None = None
    mark: Hashable = None
    made: float = 0.0

    def get(self, mark: Hashable, longest_s: float, make: Callable[[], Value]) -> Value:
        with self.lock:
            now = time.monotonic()
            if self.value is None or self.mark != mark or now - self.made > longest_s:
                self.value = make()
                self.mark, self.made = mark, time.monotonic()
            return self.value


@dataclass(slots=True)
class _Scope:
    """What is kept for those who see the same districts."""

    picture: _Kept[Picture] = field(default_factory=_Kept)
    course: _Kept[list[int]] = field(default_factory=_Kept)
    usual: _Kept[list[int]] = field(default_factory=_Kept)
    promises: _Kept[Promises] = field(default_factory=_Kept)


class Wall:
    """The figures of this process's walls, by the districts that they may show."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = Lock()
        self._scopes: OrderedDict[frozenset[str] | None, _Scope] = OrderedDict()

    def picture(self, districts: frozenset[str] | None) -> Picture:
        """What is known now; as old as the last entry of the journal, and no older than 15 s."""
        scope = self._scope(districts)
        with reading(self._house.engine) as connection:
            version = wall.version_of(connection)
        return scope.picture.get(version, AGES_S, lambda: self._picture(scope, districts))

    def promises(self, districts: frozenset[str] | None) -> Promises:
        """The month's arrival promises with what the open orders will use, a minute old at most."""
        scope, now = self._scope(districts), self._house.now()
        since, until = month_of(None, self._house.clockface.zone, now)
        return scope.promises.get(
            since, PROMISES_S, lambda: self._promises(districts, since, until)
        )

    def _scope(self, districts: frozenset[str] | None) -> _Scope:
        with self._lock:
            scope = self._scopes.setdefault(districts, _Scope())
            self._scopes.move_to_end(districts)
            while len(self._scopes) > SCOPES:
                self._scopes.popitem(last=False)
            return scope

    def _picture(self, scope: _Scope, districts: Collection[str] | None) -> Picture:
        with reading(self._house.engine) as connection:
            return self._read(connection, scope, districts)

    def _read(
        self, connection: Connection, scope: _Scope, districts: Collection[str] | None
    ) -> Picture:
        now = self._house.now()
        outages = wall.outages_open(connection, districts)
        course = scope.course.get(
            None,
            COURSE_S,
            lambda: wall.customers_out_since(connection, districts, now - HOURS, now, STEP),
        )
        named = () if districts is None else districts_to_choose(connection, districts)
        return Picture(
            as_of=now,
            districts=tuple(name for _, name in named),
            outages=tuple(outages),
            course=(*course[:-1], sum(each.customers for each in outages)),
            planned=wall.customers_planned(connection, districts, now),
            crews=tuple(crews_read.crews_now(connection, districts, now)),
            calls=self._calls(connection, scope, districts, now),
            waiting=wall.waiting(connection, districts, now),
        )

    def _calls(
        self,
        connection: Connection,
        scope: _Scope,
        districts: Collection[str] | None,
        now: datetime,
    ) -> Calls:
        """Reports of the last minutes, beside the same local hour of the same weekday."""
        here = now.astimezone(self._house.clockface.zone)
        hour = here.replace(minute=0, second=0, microsecond=0)
        hours = [hour - timedelta(weeks=back) for back in range(1, WEEKS + 1)]
        usual = scope.usual.get(
            hour, HOURS.total_seconds(), lambda: wall.calls_of_hours(connection, districts, hours)
        )
        heard = wall.calls_between(connection, districts, now - OVER, now)
        return Calls(
            per_minute=heard / (OVER / timedelta(minutes=1)),
            usual=usual_per_minute(usual),
            weeks=len(usual),
        )

    def _promises(
        self, districts: Collection[str] | None, since: datetime, until: datetime
    ) -> Promises:
        ledger = ledger_of(self._house, districts, since, until)
        with reading(self._house.engine) as connection:
            rule = PgRules(connection).at(ledger.as_of).get(ARRIVAL_COMMITMENT)
        lines = {
            line.standing.area_class: line
            for line in ledger.lines
            if line.standing.rule_id == ARRIVAL_COMMITMENT
        }
        return Promises(
            as_of=ledger.as_of,
            each=tuple(
                Promise(area_class=area, minutes=rule.minutes[area], line=lines.get(area.value))
                for area in STRICTEST_FIRST
                if area in rule.minutes
            ),
        )
