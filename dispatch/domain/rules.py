"""Commitments as data: rule sets with versions, their warnings, pauses and local figures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.words import AreaClass, DistrictId
from dispatch.errors import InvalidInput


class StartsAt(StrEnum):
    """The milestone that starts a clock."""

    RECEIVED = "received"
    ARRIVED = "arrived"
    RESTORED = "restored"


class StopsAt(StrEnum):
    """The milestone that stops a clock; the two that are filled in are the crew's own entries."""

    DISPATCHED = "dispatched"
    ARRIVED = "arrived"
    ARRIVAL_FILLED_IN = "arrival_filled_in"
    RESTORED = "restored"
    REPAIR_FILLED_IN = "repair_filled_in"
    CALLED_BACK = "called_back"


STOPS_OF: Mapping[StartsAt, frozenset[StopsAt]] = {
    StartsAt.RECEIVED: frozenset(
        {StopsAt.DISPATCHED, StopsAt.ARRIVED, StopsAt.RESTORED, StopsAt.CALLED_BACK}
    ),
    StartsAt.ARRIVED: frozenset(
        {StopsAt.ARRIVAL_FILLED_IN, StopsAt.RESTORED, StopsAt.REPAIR_FILLED_IN}
    ),
    StartsAt.RESTORED: frozenset({StopsAt.REPAIR_FILLED_IN, StopsAt.CALLED_BACK}),
}
"""Where a clock may end, by where it began; nothing else would ever stop it."""


class Scope(StrEnum):
    """Whether a promise holds for each job or for the average of all."""

    EACH = "each"
    AVERAGE = "average"


class Mark(StrEnum):
    """Whether a figure was read in a source, or is a setting for which none was found."""

    READ = "read"
    SETTING = "setting"


class Recipient(StrEnum):
    """To whom a warning goes."""

    CREW = "crew"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    COMPANY = "company"


class Means(StrEnum):
    """How a warning reaches people: an alarm, the crew's phone, an event on the live stream."""

    CONSOLE = "console"
    PHONE = "phone"
    STREAM = "stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of warning: when, to whom and how.

    Either `share` of the time has passed, or it is `minutes` from the end: -10 is ten minutes
    before it, 0 the end itself, 30 half an hour after it. From the end on it is 督办.
    """

    share: float | None = None
    minutes: float | None = None
    to: tuple[Recipient, ...]
    how: tuple[Means, ...] = (Means.CONSOLE, Means.STREAM)

    @property
    def is_overdue(self) -> bool:
        """Whether the promise is broken when this level is reached."""
        return self.minutes >= 0 if self.minutes is not None else (self.share or 0.0) >= 1.0

    def after_start(self, target: timedelta) -> timedelta:
        """When it is reached, in worked time since the start of a clock of `target`."""
        if self.minutes is not None:
            return target + timedelta(minutes=self.minutes)
        return target * (self.share or 0.0)


FOUR_LEVELS = (
    Level(share=0.5, to=(Recipient.CREW,), how=(Means.PHONE, Means.STREAM)),
    Level(
        share=0.75,
        to=(Recipient.CREW, Recipient.DISPATCHER),
        how=(Means.PHONE, Means.CONSOLE, Means.STREAM),
    ),
    Level(minutes=0.0, to=(Recipient.DISPATCHER, Recipient.SUPERVISOR)),
    Level(minutes=30.0, to=(Recipient.SUPERVISOR, Recipient.COMPANY)),
)
"""Four levels are read in a source; their minutes are settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One commitment: so many minutes by area class, from one milestone to another.

    Attributes
    ----------
    source
        Where the figure was read, or that it is a setting.
    goal
        The share of jobs that is to keep it, from 0 to 1; None where nothing is published.
    in_use
        A rule that is not in use starts no clock.
    """

    id: str
    title: str
    starts: StartsAt
    stops: StopsAt
    minutes: Mapping[AreaClass, float]
    scope: tuple[Scope, ...]
    source: str
    mark: Mark = Mark.READ
    in_use: bool = True
    goal: float | None = None
    levels: tuple[Level, ...] = FOUR_LEVELS


@dataclass(frozen=True, slots=True, kw_only=True)
class AheadRule:
    """How long before a planned cut somebody has to be told.

    `temporary` ones hold for work that was not announced long enough ahead to be planned; a
    `reminder` is repeated to important users shortly before the cut.
    """

    id: str
    title: str
    minutes_ahead: float
    temporary: bool
    reminder: bool
    source: str
    mark: Mark = Mark.READ
    in_use: bool = True


class RepeatOf(StrEnum):
    """What fails or is interrupted again."""

    CUSTOMER = "customer"
    LINE_OR_TRANSFORMER = "line_or_transformer"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatRule:
    """So many outages of the same thing within so many days are one too many."""

    id: str
    title: str
    of: RepeatOf
    at_least: int
    days: int
    source: str
    mark: Mark = Mark.READ
    in_use: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseReason:
    """For what a clock may stand still: which clocks, by whom, how long at the longest."""

    id: str
    title: str
    stops: tuple[StopsAt, ...]
    by: tuple[Recipient, ...]
    source: str
    longest_min: float | None = None
    in_use: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A district's own figures for a rule, for a time; None leaves what the rule says."""

    id: str
    district_id: DistrictId
    rule_id: str
    valid_from: datetime
    valid_until: datetime | None = None
    minutes: Mapping[AreaClass, float] | None = None
    levels: tuple[Level, ...] | None = None
    note: str = ""

    def holds(self, district_id: DistrictId | None, rule_id: str, at: datetime) -> bool:
        """Whether it is for that district and rule at that moment."""
        return (
            (self.district_id, self.rule_id) == (district_id, rule_id)
            and self.valid_from <= at
            and (self.valid_until is None or at < self.valid_until)
        )

    def apply(self, rule: Rule) -> Rule:
        """The rule with the district's own figures."""
        minutes = rule.minutes if self.minutes is None else {**rule.minutes, **self.minutes}
        return replace(rule, minutes=minutes, levels=self.levels or rule.levels)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The commitments in force from a moment on; a version never changes."""

    version: int
    valid_from: datetime
    rules: tuple[Rule, ...]
    ahead: tuple[AheadRule, ...] = ()
    repeats: tuple[RepeatRule, ...] = ()
    pauses: tuple[PauseReason, ...] = ()
    overrides: tuple[Override, ...] = ()

    def get(self, rule_id: str) -> Rule:
        """The rule with that id; `InvalidInput` if the set has none."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise InvalidInput("rule", rule_id, f"a rule of set {self.version}")

    def judged_by(self, rule_id: str, override_id: str | None) -> Rule:
        """The rule as a clock was started with it, in a district with figures of its own."""
        rule = self.get(rule_id)
        for override in self.overrides:
            if override.id == override_id:
                return override.apply(rule)
        return rule

    def applied(
        self, district_id: DistrictId | None, at: datetime
    ) -> tuple[tuple[Rule, str | None], ...]:
        """The rules in use in a district at a moment, each with the override that changed it."""
        found: list[tuple[Rule, str | None]] = []
        for rule in self.rules:
            if not rule.in_use:
                continue
            own = next((o for o in self.overrides if o.holds(district_id, rule.id, at)), None)
            found.append((rule, None) if own is None else (own.apply(rule), own.id))
        return tuple(found)

    def of_district(self, district_id: DistrictId | None, at: datetime) -> "RuleSet":
        """The set as it holds in a district: rules in use, with the district's own figures."""
        return replace(self, rules=tuple(rule for rule, _ in self.applied(district_id, at)))

    def pause_reason(self, reason_id: str) -> PauseReason:
        """What a clock may be paused for; `InvalidInput` if the set does not allow it."""
        for reason in self.pauses:
            if reason.id == reason_id and reason.in_use:
                return reason
        allowed = ", ".join(sorted(r.id for r in self.pauses if r.in_use)) or "none is allowed"
        raise InvalidInput("reason", reason_id, f"a reason of rule set {self.version}: {allowed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """A set of rules as it is kept: who put it into force and why; withdrawn before it held."""

    rules: RuleSet
    note: str
    adopted_at: datetime
    adopted_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_for: str | None = None
