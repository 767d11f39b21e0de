"""Clocks, the rules they go by, and what warns of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dispatch.domain.alarm import Alarm, Taken
from dispatch.domain.clock import Clock, Judgement, Pause, RuleSet
from dispatch.domain.month import MonthSoFar
from dispatch.domain.rules import RuleVersion
from dispatch.domain.warning import ClockWarning
from dispatch.domain.words import (
    AreaClass,
    CrewId,
    OrderId,
    TicketId,
)


class Clocks(Protocol):
    """Commitments in force and the clocks that run."""

    def rules_at(self, at: datetime) -> RuleSet: ...
    def get_rules(self, version: int) -> RuleSet: ...
    def start(self, clocks: Sequence[Clock]) -> Sequence[Clock]:
        """Start clocks; one that runs or ran already is left alone. Those that were started."""
        ...

    def save(self, clocks: Sequence[Clock]) -> None: ...
    def judge(self, clocks: Sequence[Clock], *, why: str = "") -> None:
        """Write how clocks were judged, each with an entry that is never changed."""
        ...

    def get(self, clock_id: int) -> Clock: ...
    def lock(self, clock_id: int) -> Clock: ...
    def list_unsettled_of_tickets(self, ticket_ids: Collection[TicketId]) -> Sequence[Clock]:
        """Clocks still running, or judged `cannot_say` for want of evidence."""
        ...

    def list_unsettled_of_order(self, order_id: OrderId) -> Sequence[Clock]: ...
    def list_of_ticket(self, ticket_id: TicketId) -> Sequence[Clock]: ...
    def list_of_order(self, order_id: OrderId) -> Sequence[Clock]: ...
    def list_due_warning(self, now: datetime, limit: int) -> Sequence[Clock]:
        """Take running clocks that have reached their next level; no other worker gets them."""
        ...

    def is_spoken_for(self, clock: Clock) -> bool:
        """Whether another report of its outage has a clock of its rule that runs and ends sooner.

        A clock that stands still or has ended speaks for nobody.
        """
        ...

    def list_overdue_pauses(self, now: datetime, limit: int) -> Sequence[Clock]:
        """Take clocks that stand still longer than the reason allows; no other worker gets them."""
        ...

    def list_pauses(self, clock_ids: Collection[int]) -> Mapping[int, Sequence[Pause]]: ...
    def add_pauses(self, pauses: Sequence[Pause]) -> None: ...
    def end_pauses(self, clock_ids: Collection[int], *, at: datetime, by: str) -> None:
        """End the pauses that are not over."""
        ...

    def list_judgements(self, clock_id: int) -> Sequence[Judgement]: ...
    def month_so_far(self, rule_id: str, now: datetime) -> Mapping[AreaClass, MonthSoFar]:
        """How a rule stands this month in the whole company; some minutes old at most."""
        ...


class Rules(Protocol):
    """Rule sets with versions."""

    def at(self, at: datetime) -> RuleSet: ...
    def get(self, version: int) -> RuleVersion: ...
    def list_versions(self) -> Sequence[RuleVersion]: ...
    def adopt(self, rules: RuleSet, *, by: str, note: str, at: datetime) -> RuleVersion: ...
    def withdraw(self, version: int, *, by: str, reason: str, at: datetime) -> None: ...


class Warnings(Protocol):
    """Warnings of clocks, each sent once."""

    def send(self, warning: ClockWarning) -> bool:
        """Keep a warning; False if this level of the clock was sent before."""
        ...

    def lock(self, warning_id: int) -> ClockWarning: ...
    def list_open_of_crew(self, crew_id: CrewId) -> Sequence[ClockWarning]:
        """What a crew was told on its phone and nobody has taken note of, the newest first."""
        ...

    def save(self, warning: ClockWarning) -> None: ...
    def cover(self, warning: ClockWarning) -> None:
        """Take note of the lower levels of its clock as of this one, where nobody has."""
        ...


class Alarms(Protocol):
    """Which alarms of the room somebody took note of."""

    def take(self, alarm: Alarm, taken: Taken) -> bool:
        """Keep who took note; False if somebody did before."""
        ...
