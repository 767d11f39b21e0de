"""Judge a clock again: on new evidence, or by another version of its rule; the first stays."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.clock import Clock, Verdict
from dispatch.errors import IllegalStep, InvalidInput
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.procedures.judging import end_pauses
from dispatch.procedures.pausing import judge_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Between when and when the milestone was reached; an open end is not known."""

    earliest: datetime | None
    latest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejudgeClock:
    """Which clock, who and why; what is None stays as it was judged.

    `event` names what the new judgement rests on: an entry of the journal, a letter, a film.
    """

    clock_id: int
    by: str
    reason: str
    rule_version: int | None = None
    interval: Interval | None = None
    event: str | None = None


def rejudge_clock(store: Store, command: RejudgeClock, *, now: datetime) -> Clock:
    """Add a judgement; the clock stands as it says from now on.

    Raises
    ------
    ReasonRequired
        Nobody says why.
    IllegalStep
        The clock runs: its milestone will judge it.
    InvalidInput
        That version has no such rule, or the interval cannot be meant.
    """
    why = need_reason(command.reason, "judging again")
    clock = store.clocks.lock(command.clock_id)
    if clock.verdict is Verdict.RUNNING:
        raise IllegalStep("the clock still runs", clock_id=clock.id)
    again = clock
    if command.interval is not None:
        again = _on(again, command.interval, now)
    if command.rule_version is not None:
        again = _under(store, again, command.rule_version)
    pauses = store.clocks.list_pauses([clock.number]).get(clock.number, ())
    judged = judge_again(store, again, pauses, by=command.by, why=why, event=command.event, now=now)
    end_pauses(store, judged, now)
    return judged


def _on(clock: Clock, interval: Interval, now: datetime) -> Clock:
    earliest, latest = interval.earliest, interval.latest
    for name, at in (("earliest", earliest), ("latest", latest)):
        if at is not None and not clock.started_at <= at <= now:
            raise InvalidInput(name, at.isoformat(), "a time between the clock's start and now")
    if earliest is not None and latest is not None and latest < earliest:
        raise InvalidInput("latest", latest.isoformat(), "a time not before earliest")
    return replace(clock, stopped_earliest=earliest, stopped_latest=latest, maybe_met_at=None)


def _under(store: Store, clock: Clock, version: int) -> Clock:
    rules = store.clocks.get_rules(version)
    rules.get(clock.rule_id)
    own = next(
        (o for o in rules.overrides if o.holds(clock.district_id, clock.rule_id, clock.started_at)),
        None,
    )
    override_id = None if own is None else own.id
    return clock.under(rules.judged_by(clock.rule_id, override_id), version, override_id)
