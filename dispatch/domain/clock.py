"""Clocks that run, stand still and are judged on an interval of evidence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.published import (
    ARRIVAL_COMMITMENT,
    ARRIVAL_NATIONAL,
    CALL_BACK,
    DESK,
    PUBLISHED,
    PUBLISHED_RULES,
    RESTORATION,
)
from dispatch.domain.rules import Rule, RuleSet, Scope, StartsAt, StopsAt
from dispatch.domain.words import AreaClass, DistrictId, OrderId, TicketId
from dispatch.errors import IllegalStep, InvalidInput

__all__ = [
    "ARRIVAL_COMMITMENT",
    "ARRIVAL_NATIONAL",
    "CALL_BACK",
    "DESK",
    "PUBLISHED",
    "PUBLISHED_RULES",
    "RESTORATION",
    "Clock",
    "Judgement",
    "Pause",
    "Rule",
    "RuleSet",
    "Scope",
    "StartsAt",
    "StopsAt",
    "Verdict",
    "paused_before",
    "start_clocks",
]


_NONE = timedelta()


class Verdict(StrEnum):
    """How a clock stands or ended."""

    RUNNING = "running"
    KEPT = "kept"
    MISSED = "missed"
    CANNOT_SAY = "cannot_say"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which a clock stood still; `until` is None while it does.

    `evidence` names what shows it: the id of a photograph, a call record, an entry of the journal.
    """

    id: int | None = None
    clock_id: int
    reason: str
    since: datetime
    until: datetime | None = None
    by: str
    recorded_at: datetime
    note: str
    evidence: str | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How a clock was judged, once or again; never changed afterwards.

    `without_pauses` is how it would have been judged had it never stood still. `why` is empty for
    a judgement that followed from the milestone itself.
    """

    clock_id: int
    number: int
    verdict: Verdict
    without_pauses: Verdict
    stopped_earliest: datetime | None
    stopped_latest: datetime | None
    due_at: datetime
    paused_s: float
    rule_version: int
    override_id: str | None
    at: datetime
    by: str
    why: str


def paused_before(pauses: Iterable[Pause], at: datetime) -> timedelta:
    """How long a clock stood still before a moment; pauses of one clock never overlap."""
    return sum(
        (
            (at if each.until is None else min(each.until, at)) - each.since
            for each in pauses
            if each.since < at
        ),
        timedelta(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A rule that applies to one ticket or one order, and how it stands.

    Attributes
    ----------
    due_at
        The end, later by as long as the clock has stood still.
    warned
        How many of the rule's levels were sent.
    next_level_at
        When the next level is reached if the clock does not stand still; None after the last.
    override_id
        The district's own figures it was started with, if any.
    paused_s, paused_since
        How long it stood still in pauses that are over, and since when it stands still now.
    without_pauses
        How it was judged had it never stood still.
    maybe_met_at
        Since when what it promises may have been done, of one that could not be judged and ran on.
    """

    id: int | None
    district_id: DistrictId | None
    rule_id: str
    rule_version: int
    ticket_id: TicketId | None = None
    order_id: OrderId | None = None
    area_class: AreaClass
    started_from: StartsAt
    started_at: datetime
    due_at: datetime
    warned: int = 0
    verdict: Verdict = Verdict.RUNNING
    stopped_earliest: datetime | None = None
    stopped_latest: datetime | None = None
    judged_at: datetime | None = None
    judged_by: str | None = None
    override_id: str | None = None
    next_level_at: datetime | None = None
    paused_s: float = 0.0
    paused_since: datetime | None = None
    without_pauses: Verdict | None = None
    judgements: int = 0
    maybe_met_at: datetime | None = None

    @property
    def number(self) -> int:
        """The number of a clock that is stored."""
        if self.id is None:
            raise ValueError("a clock has a number once it is stored")
        return self.id

    @property
    def subject(self) -> str:
        """What it is the clock of, as the journal names it."""
        return f"ticket:{self.ticket_id}" if self.ticket_id else f"order:{self.order_id}"

    @property
    def target(self) -> timedelta:
        """The time that the rule gives, without pauses."""
        return self.due_at - self.started_at - timedelta(seconds=self.paused_s)

    def judge(
        self,
        earliest: datetime | None,
        latest: datetime | None,
        *,
        by: str,
        now: datetime,
        pauses: Sequence[Pause] = (),
    ) -> "Clock":
        """Stop the clock on an interval of evidence.

        Kept when even the latest moment is in time, missed when even the earliest is late; time
        that it stood still does not count. An open end, or an interval across the due time, cannot
        say. A pause that nobody ended is over with the milestone. What happened before the promise
        began, as a crew that was on site when one more neighbour called, took no time.
        """
        earliest, latest = self._since_begun(self._first(earliest)), self._since_begun(latest)
        pauses = self.own(pauses)
        stopped = latest or earliest or now
        paused = paused_before(pauses, stopped)
        return replace(
            self,
            verdict=self._verdict(earliest, latest, pauses),
            without_pauses=self._verdict(earliest, latest, ()),
            stopped_earliest=earliest,
            stopped_latest=latest,
            due_at=self.started_at + self.target + paused,
            paused_s=paused.total_seconds(),
            paused_since=None,
            judged_at=now,
            judged_by=by,
            judgements=self.judgements + 1,
        )

    def _first(self, earliest: datetime | None) -> datetime | None:
        """Of a clock that ran on somebody may have been there before, as could not be said."""
        known = [at for at in (self.maybe_met_at, earliest) if at is not None]
        return min(known, default=None)

    def run_on(self, rule: Rule) -> "Clock":
        """The clock runs as if it had not ended: what it promised turned out to be still owed.

        Its end stays where it was. That somebody may have been there already is remembered as
        `maybe_met_at`, so that who comes now cannot make a missed promise of one that may have
        been kept. `IllegalStep` for one that was kept, missed or runs.
        """
        if self.verdict not in {Verdict.CANNOT_SAY, Verdict.VOID}:
            raise IllegalStep("the clock has stopped", clock_id=self.id)
        if self.verdict is Verdict.VOID:
            return self.reopen(rule)
        return replace(self.reopen(rule), maybe_met_at=self.stopped_earliest or self.started_at)

    def reopen(self, rule: Rule) -> "Clock":
        """The clock runs on to the same end: what it was judged on has turned out to be nothing."""
        again = replace(
            self,
            verdict=Verdict.RUNNING,
            without_pauses=None,
            stopped_earliest=None,
            stopped_latest=None,
            judged_at=None,
            judged_by=None,
        )
        return again.expect_level(rule)

    def _since_begun(self, at: datetime | None) -> datetime | None:
        return None if at is None else max(at, self.started_at)

    def _verdict(
        self, earliest: datetime | None, latest: datetime | None, pauses: Sequence[Pause]
    ) -> Verdict:
        if latest is not None and self._worked(latest, pauses) <= self.target:
            return Verdict.KEPT
        if earliest is not None and self._worked(earliest, pauses) > self.target:
            return Verdict.MISSED
        return Verdict.CANNOT_SAY

    def _worked(self, at: datetime, pauses: Sequence[Pause]) -> timedelta:
        return at - self.started_at - paused_before(pauses, at)

    def judgement(self, why: str) -> Judgement:
        """The entry to keep of how it was judged just now."""
        if self.judged_at is None:
            raise ValueError("the clock has not been judged")
        return Judgement(
            clock_id=self.number,
            number=self.judgements,
            verdict=self.verdict,
            without_pauses=self.without_pauses or self.verdict,
            stopped_earliest=self.stopped_earliest,
            stopped_latest=self.stopped_latest,
            due_at=self.due_at,
            paused_s=self.paused_s,
            rule_version=self.rule_version,
            override_id=self.override_id,
            at=self.judged_at,
            by=self.judged_by or "",
            why=why,
        )

    def void(self, *, by: str, now: datetime) -> "Clock":
        """The promise fell away, as when nobody needs to come any more.

        A pause that nobody ended is over, and counted: the clock may come to run on.
        """
        still = timedelta() if self.paused_since is None else max(now - self.paused_since, _NONE)
        return replace(
            self,
            verdict=Verdict.VOID,
            without_pauses=Verdict.VOID,
            due_at=self.due_at + still,
            paused_s=self.paused_s + still.total_seconds(),
            paused_since=None,
            judged_at=now,
            judged_by=by,
            judgements=self.judgements + 1,
        )

    def under(self, rule: Rule, version: int, override_id: str | None) -> "Clock":
        """The same clock under another version of its rule, to be judged again.

        Raises
        ------
        InvalidInput
            That rule promises nothing in the clock's area class, or ends elsewhere.
        """
        if self.area_class not in rule.minutes or rule.starts is not self.started_from:
            raise InvalidInput(
                "rule_version", version, f"a version in which {rule.id} can start this clock"
            )
        target = timedelta(minutes=rule.minutes[self.area_class])
        paused = timedelta(seconds=self.paused_s)
        due_at = self.started_at + target + paused
        return replace(self, rule_version=version, override_id=override_id, due_at=due_at)

    def begin_at(self, at: datetime, rule: Rule) -> "Clock":
        """The running clock counted from `at`: what it began with turned out to be no milestone.

        It has the time that it had; how long it stood still before `at` does not count.
        """
        begun = replace(
            self,
            started_at=at,
            due_at=at + self.target,
            paused_s=0.0,
            paused_since=None if self.paused_since is None else max(self.paused_since, at),
        )
        return begun.expect_level(rule)

    def own(self, pauses: Iterable[Pause]) -> tuple[Pause, ...]:
        """What of its pauses lies in its time; earlier ones are of a beginning that was none."""
        return tuple(
            replace(each, since=max(each.since, self.started_at))
            for each in pauses
            if each.until is None or each.until > self.started_at
        )

    def stand(self, pauses: Sequence[Pause], rule: Rule) -> "Clock":
        """The running clock with all its pauses counted; it stands still if one is not over.

        Raises
        ------
        IllegalStep
            The clock has stopped.
        InvalidInput
            A pause begins before the clock, ends before it begins, or overlaps another.
        """
        if self.verdict is not Verdict.RUNNING:
            raise IllegalStep("the clock has stopped", clock_id=self.id)
        _check_pauses(self, pauses)
        closed = sum((p.until - p.since for p in pauses if p.until is not None), timedelta())
        stood = replace(
            self,
            due_at=self.started_at + self.target + closed,
            paused_s=closed.total_seconds(),
            paused_since=next((p.since for p in pauses if p.until is None), None),
        )
        return stood.expect_level(rule)

    def expect_level(self, rule: Rule) -> "Clock":
        """The clock with the moment of the level that comes after those that were sent."""
        if self.warned >= len(rule.levels):
            return replace(self, next_level_at=None)
        worked = rule.levels[self.warned].after_start(self.target)
        paused = timedelta(seconds=self.paused_s)
        return replace(self, next_level_at=self.started_at + worked + paused)

    def level_at(self, now: datetime, rule: Rule) -> int:
        """How many levels of its rule are reached at `now`: 0 none."""
        worked = (self.paused_since or now) - self.started_at - timedelta(seconds=self.paused_s)
        return sum(worked >= level.after_start(self.target) for level in rule.levels)

    def warn(self, level: int, rule: Rule) -> "Clock":
        """The clock after its levels up to `level` were sent."""
        return replace(self, warned=level).expect_level(rule)


def _check_pauses(clock: Clock, pauses: Sequence[Pause]) -> None:
    """Pauses follow one another, each within the clock's time; only the last may be open."""
    end = clock.started_at
    for each in sorted(pauses, key=lambda pause: pause.since):
        if each.since < end:
            raise InvalidInput(
                "since",
                each.since.isoformat(),
                f"a time from {end.isoformat()} on, outside every other pause",
            )
        if each.until is not None and each.until <= each.since:
            raise InvalidInput("until", each.until.isoformat(), "a time after since")
        end = each.until or datetime.max.replace(tzinfo=end.tzinfo)


def start_clocks(
    rules: RuleSet,
    starts: StartsAt,
    at: datetime,
    area_class: AreaClass,
    *,
    district_id: DistrictId | None,
    ticket_id: TicketId | None = None,
    order_id: OrderId | None = None,
    stops: Sequence[StopsAt] = tuple(StopsAt),
) -> tuple[Clock, ...]:
    """The clocks that begin to run at a milestone of a ticket or an order."""
    return tuple(
        Clock(
            id=None,
            district_id=district_id,
            rule_id=rule.id,
            rule_version=rules.version,
            override_id=override_id,
            ticket_id=ticket_id,
            order_id=order_id,
            area_class=area_class,
            started_from=starts,
            started_at=at,
            due_at=at + timedelta(minutes=rule.minutes[area_class]),
        ).expect_level(rule)
        for rule, override_id in rules.applied(district_id, at)
        if rule.starts is starts and rule.stops in stops and area_class in rule.minutes
    )
