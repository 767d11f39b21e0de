"""Commitments as data: rules with versions, clocks that run, and how they are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.words import AreaClass, DistrictId, OrderId, TicketId
from dispatch.errors import InvalidInput


class StopsAt(StrEnum):
    """The milestone that stops a clock."""

    DISPATCHED = "dispatched"
    ARRIVED = "arrived"
    RESTORED = "restored"
    CALLED_BACK = "called_back"


class StartsAt(StrEnum):
    """The milestone that starts a clock."""

    RECEIVED = "received"
    ARRIVED = "arrived"
    RESTORED = "restored"


class Scope(StrEnum):
    """Whether a promise holds for each job or for the average of all."""

    EACH = "each"
    AVERAGE = "average"


class Verdict(StrEnum):
    """How a clock stands or ended."""

    RUNNING = "running"
    KEPT = "kept"
    MISSED = "missed"
    CANNOT_SAY = "cannot_say"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One commitment: so many minutes by area class, from one milestone to another.

    `source` says where the figure was read, or that it is a setting.
    """

    id: str
    title: str
    starts: StartsAt
    stops: StopsAt
    minutes: Mapping[AreaClass, float]
    scope: tuple[Scope, ...]
    source: str
    warn_at: tuple[float, ...] = (0.5, 0.75, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The commitments in force from a moment on."""

    version: int
    valid_from: datetime
    rules: tuple[Rule, ...]

    def get(self, rule_id: str) -> Rule:
        """The rule with that id; `InvalidInput` if the set has none."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise InvalidInput("rule", rule_id, f"a rule of set {self.version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A rule that applies to one ticket or one order, and how it stands.

    `warned` counts the levels already sent: each entry of the rule's `warn_at`, then one
    more when the time ran out (督办).
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

    def judge(
        self, earliest: datetime | None, latest: datetime | None, *, by: str, now: datetime
    ) -> "Clock":
        """Stop the clock on an interval of evidence.

        Kept when even the latest moment is in time, missed when even the earliest is late.
        An open end, or an interval across the due time, cannot say.
        """
        if latest is not None and latest <= self.due_at:
            verdict = Verdict.KEPT
        elif earliest is not None and earliest > self.due_at:
            verdict = Verdict.MISSED
        else:
            verdict = Verdict.CANNOT_SAY
        return replace(
            self,
            verdict=verdict,
            stopped_earliest=earliest,
            stopped_latest=latest,
            judged_at=now,
            judged_by=by,
        )

    def void(self, *, by: str, now: datetime) -> "Clock":
        """The promise fell away, as when nobody needs to come any more."""
        return replace(self, verdict=Verdict.VOID, judged_at=now, judged_by=by)

    def level_at(self, now: datetime, rule: Rule) -> int:
        """The warning level that holds at `now`: 0 none, the last one when time has run out."""
        total = (self.due_at - self.started_at).total_seconds()
        share = (now - self.started_at).total_seconds() / total if total > 0 else 1.0
        passed = sum(share >= threshold for threshold in rule.warn_at)
        return passed + (now >= self.due_at)


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
            ticket_id=ticket_id,
            order_id=order_id,
            area_class=area_class,
            started_from=starts,
            started_at=at,
            due_at=at + timedelta(minutes=rule.minutes[area_class]),
        )
        for rule in rules.rules
        if rule.starts is starts and rule.stops in stops and area_class in rule.minutes
    )


_ALL = (AreaClass.URBAN, AreaClass.RURAL, AreaClass.REMOTE)


def _by_area(*minutes: float) -> Mapping[AreaClass, float]:
    return dict(zip(_ALL, minutes, strict=False))


DESK = "dispatch_desk"
ARRIVAL_COMMITMENT = "arrival_commitment"
ARRIVAL_NATIONAL = "arrival_national"
RESTORATION = "restoration_after_arrival"
CALL_BACK = "call_back"

PUBLISHED_RULES: tuple[Rule, ...] = (
    Rule(
        id=DESK,
        title="Dispatch a fault order / 派单",
        starts=StartsAt.RECEIVED,
        stops=StopsAt.DISPATCHED,
        minutes=_by_area(3, 3, 3),
        scope=(Scope.EACH,),
        source="95598 desk rule, read in a published procedure: 3 minutes",
    ),
    Rule(
        id=ARRIVAL_COMMITMENT,
        title="Arrive on site, commitment / 到达现场承诺",
        starts=StartsAt.RECEIVED,
        stops=StopsAt.ARRIVED,
        minutes=_by_area(45, 90, 120),
        scope=(Scope.EACH, Scope.AVERAGE),
        source="Supply service commitments: older text each job, text read in 2023 average",
    ),
    Rule(
        id=ARRIVAL_NATIONAL,
        title="Arrive on site, national standard / 到达现场国家标准",
        starts=StartsAt.RECEIVED,
        stops=StopsAt.ARRIVED,
        minutes=_by_area(60, 120, 240),
        scope=(Scope.EACH,),
        source="National service standard: each job",
    ),
    Rule(
        id=RESTORATION,
        title="Restore after arrival / 到场后复电",
        starts=StartsAt.ARRIVED,
        stops=StopsAt.RESTORED,
        minutes=_by_area(180, 240),
        scope=(Scope.AVERAGE,),
        source="Supply service commitments: average, urban 3 h, rural 4 h",
    ),
)
