"""Promises as the API gives them: standings, the ledger, clocks, warnings and rule sets."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from api.ledger import Kpi, Ledger, Line
from api.views.tickets import ClockOut
from dispatch.commitments import Budget
from dispatch.domain.clock import Clock, Judgement, Pause
from dispatch.domain.rule_faults import Difference, Fault
from dispatch.domain.rule_form import to_plain
from dispatch.domain.rules import RuleVersion
from dispatch.sayings import say_reason
from dispatch.store.reads.alarms import Alarm
from dispatch.store.reads.figures import CommitmentStanding
from dispatch.store.reads.ledger import BehindFigure


class StandingOut(BaseModel):
    """One rule in one area class: each promise, and the running average with its headroom.

    `mean_minutes` is to the latest moment of each evidence interval, `best_minutes` to the
    earliest, `net_minutes` without pauses; `unproven` clocks have no latest moment.
    """

    rule_id: str
    area_class: str
    clocks: int
    kept: int
    missed: int
    cannot_say: int
    running: int
    target_minutes: float
    mean_minutes: float | None
    headroom_minutes: float | None
    district_id: str | None
    ended: int
    unproven: int
    kept_share: float | None
    kept_without_pauses: int
    rejudged: int
    best_minutes: float | None
    net_minutes: float | None
    paused_minutes: float
    saved_minutes: float

    @classmethod
    def of(cls, standing: CommitmentStanding) -> "StandingOut":
        """Build from the standing."""
        return cls(**{name: getattr(standing, name) for name in StandingOut.model_fields})


class BudgetOut(BaseModel):
    """What the running average has left, before and after the open orders arrive as foreseen."""

    ended: int
    saved_minutes: float
    open_jobs: int
    open_saved_minutes: float
    unforeseen_jobs: int
    rest_jobs: float
    headroom_minutes: float | None
    headroom_after_open_minutes: float | None
    rest_may_be_late_minutes: float | None

    @classmethod
    def of(cls, budget: Budget) -> "BudgetOut":
        """Build from the budget."""
        return cls(**{name: getattr(budget, name) for name in cls.model_fields})


class LineOut(BaseModel):
    """A standing with its rule's scope and goal, and its budget where it ends with an arrival.

    `left_out`: the rules in force have this one no more.
    """

    standing: StandingOut
    title: str
    scope: list[str]
    goal: float | None
    budget: BudgetOut | None
    left_out: bool

    @classmethod
    def of(cls, line: Line) -> "LineOut":
        """Build from the line."""
        return cls(
            standing=StandingOut.of(line.standing),
            title=line.rule.title,
            scope=[each.value for each in line.rule.scope],
            goal=line.rule.goal,
            budget=None if line.budget is None else BudgetOut.of(line.budget),
            left_out=line.left_out,
        )


class KpiOut(BaseModel):
    """So many of so many, and the share that is wanted."""

    name: str
    good: int
    of: int
    share: float | None
    goal: float | None

    @classmethod
    def build(cls, kpi: Kpi) -> "KpiOut":
        """Build from the figure."""
        return cls(name=kpi.name, good=kpi.good, of=kpi.of, share=kpi.share, goal=kpi.goal)


class CourseOut(BaseModel):
    """The running average of the arrival commitment after each day of a month."""

    area_class: str
    target_minutes: float
    days: list[date]
    averages: list[float | None]


class LedgerOut(BaseModel):
    """The promise ledger of a month."""

    since: datetime
    until: datetime
    as_of: datetime
    rules_version: int
    foreseen: bool
    lines: list[LineOut]
    kpis: list[KpiOut]
    courses: list[CourseOut]

    @classmethod
    def of(cls, ledger: Ledger) -> "LedgerOut":
        """Build from the ledger."""
        return cls(
            since=ledger.since,
            until=ledger.until,
            as_of=ledger.as_of,
            rules_version=ledger.rules_version,
            foreseen=ledger.foreseen,
            lines=[LineOut.of(line) for line in ledger.lines],
            kpis=[KpiOut.build(kpi) for kpi in ledger.kpis],
            courses=[CourseOut(**asdict(course)) for course in ledger.courses],
        )


class BehindOut(BaseModel):
    """One clock behind a figure."""

    clock_id: int
    rule_id: str
    rule_version: int
    override_id: str | None
    area_class: str
    district_id: str | None
    ticket_id: str | None
    order_id: int | None
    outage_id: int | None
    address: str
    started_at: datetime
    due_at: datetime
    verdict: str
    without_pauses: str | None
    stopped_earliest: datetime | None
    stopped_latest: datetime | None
    minutes: float | None
    paused_s: float
    judgements: int
    judged_at: datetime | None
    judged_by: str | None

    @classmethod
    def of(cls, behind: BehindFigure) -> "BehindOut":
        """Build from the row."""
        return cls(**asdict(behind))


class PauseOut(BaseModel):
    """A time in which a clock stood still."""

    id: int | None
    reason: str
    since: datetime
    until: datetime | None
    by: str
    recorded_at: datetime
    note: str
    evidence: str | None
    ended_by: str | None

    @classmethod
    def of(cls, pause: Pause) -> "PauseOut":
        """Build from the pause."""
        return cls(**{name: getattr(pause, name) for name in cls.model_fields})


class JudgementOut(BaseModel):
    """How a clock was judged, once or again."""

    number: int
    verdict: str
    without_pauses: str
    stopped_earliest: datetime | None
    stopped_latest: datetime | None
    due_at: datetime
    paused_s: float
    rule_version: int
    override_id: str | None
    at: datetime
    by: str
    why: str

    @classmethod
    def of(cls, judgement: Judgement) -> "JudgementOut":
        """Build from the judgement."""
        plain = {name: getattr(judgement, name) for name in cls.model_fields}
        return cls(**{**plain, "why": say_reason(judgement.why).en if judgement.why else ""})


class ClockStoryOut(ClockOut):
    """A clock with when it stood still and every judgement of it, the first one first."""

    ticket_id: str | None
    order_id: int | None
    pauses: list[PauseOut]
    judgements: list[JudgementOut]

    @classmethod
    def build(
        cls, clock: Clock, pauses: list[PauseOut], judgements: list[JudgementOut]
    ) -> "ClockStoryOut":
        """Build from the clock and what is kept of it."""
        return cls(
            **ClockOut.of(clock).model_dump(),
            ticket_id=clock.ticket_id,
            order_id=clock.order_id,
            pauses=pauses,
            judgements=judgements,
        )


class AlarmOut(BaseModel):
    """A warning with what it is about and where that is."""

    id: int
    clock_id: int
    level: int
    overdue: bool
    rule_id: str
    district_id: str | None
    ticket_id: str | None
    order_id: int | None
    outage_id: int | None
    incident_id: int | None
    crew_id: str | None
    place: str
    due_at: datetime
    sent_at: datetime
    to: list[str]
    how: list[str]
    verdict: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None

    @classmethod
    def of(cls, alarm: Alarm) -> "AlarmOut":
        """Build from the warning."""
        besides = {name: getattr(alarm, name) for name in ("place", "outage_id", "incident_id")}
        return cls(**asdict(alarm.warning), **besides, verdict=alarm.verdict)


class RuleSetBrief(BaseModel):
    """A version of the rules: from when it holds, who put it into force and why."""

    version: int
    valid_from: datetime
    in_force: bool
    note: str
    adopted_at: datetime
    adopted_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_for: str | None

    @classmethod
    def brief(cls, kept: RuleVersion, in_force: int) -> dict[str, Any]:
        """Its fields but the rules themselves."""
        return {
            "version": kept.rules.version,
            "valid_from": kept.rules.valid_from,
            "in_force": kept.rules.version == in_force,
            "note": say_reason(kept.note).en,
            "adopted_at": kept.adopted_at,
            "adopted_by": kept.adopted_by,
            "withdrawn_at": kept.withdrawn_at,
            "withdrawn_by": kept.withdrawn_by,
            "withdrawn_for": kept.withdrawn_for,
        }

    @classmethod
    def of(cls, kept: RuleVersion, in_force: int) -> "RuleSetBrief":
        """Build from what is kept."""
        return cls(**cls.brief(kept, in_force))


class RuleSetOut(RuleSetBrief):
    """The same with all its rules, in the form in which a set is adopted."""

    rules: list[dict[str, Any]]
    ahead: list[dict[str, Any]]
    repeats: list[dict[str, Any]]
    pauses: list[dict[str, Any]]
    overrides: list[dict[str, Any]]

    @classmethod
    def full(cls, kept: RuleVersion, in_force: int) -> "RuleSetOut":
        """Build from what is kept."""
        return cls.model_validate({**cls.brief(kept, in_force), **to_plain(kept.rules)})


class FaultOut(BaseModel):
    """What keeps a set from being put into force."""

    where: str
    what: str


class DifferenceOut(BaseModel):
    """What a set changes against the one in force; None: not there."""

    where: str
    before: Any
    after: Any


class CheckedOut(BaseModel):
    """A set looked at: it can be adopted when there are no faults."""

    faults: list[FaultOut]
    changes: list[DifferenceOut]

    @classmethod
    def of(cls, faults: tuple[Fault, ...], changes: tuple[Difference, ...]) -> "CheckedOut":
        """Build from both."""
        return cls(
            faults=[FaultOut(where=fault.where, what=fault.what) for fault in faults],
            changes=[DifferenceOut(**asdict(change)) for change in changes],
        )
