"""Let clocks stand still, and run again: visibly, for an allowed reason, never twice at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dispatch.domain.clock import Clock, Pause, Rule, Verdict
from dispatch.domain.event import Event
from dispatch.domain.rules import PauseReason
from dispatch.errors import IllegalStep, InvalidInput
from dispatch.journal import SYSTEM, clock_event
from dispatch.ports import Store


def rule_of(store: Store, clock: Clock) -> Rule:
    """The rule a clock runs by, with its district's own figures."""
    rules = store.clocks.get_rules(clock.rule_version)
    return rules.judged_by(clock.rule_id, clock.override_id)


def pause(store: Store, clock: Clock, given: Pause, *, now: datetime) -> Clock:
    """Let one clock stand still; with an end in the past it is counted afterwards.

    A clock that was judged is judged again on the same evidence, in an entry of its own.

    Raises
    ------
    InvalidInput
        The clock's rule set does not allow the reason, the pause is too long, or it overlaps.
    IllegalStep
        The clock has been judged, and the pause is not over.
    """
    reason = store.clocks.get_rules(clock.rule_version).pause_reason(given.reason)
    check_length(given, reason, now)
    pauses = clock.own(store.clocks.list_pauses([clock.number]).get(clock.number, ()))
    all_pauses = (*pauses, given)
    if clock.verdict is Verdict.RUNNING:
        stood = clock.stand(all_pauses, rule_of(store, clock))
        store.clocks.add_pauses([given])
        store.clocks.save([stood])
        store.events.append(_paused(stood, given, now))
        return stood
    if given.until is None or clock.verdict is Verdict.VOID:
        raise IllegalStep("the clock has stopped", clock_id=clock.id)
    replace(clock, verdict=Verdict.RUNNING).stand(all_pauses, rule_of(store, clock))
    store.clocks.add_pauses([given])
    store.events.append(_paused(clock, given, now))
    return judge_again(store, clock, all_pauses, by=given.by, why=given.note, event=None, now=now)


def check_length(given: Pause, reason: PauseReason, now: datetime) -> None:
    """Refuse a pause that begins or ends in the future, or lasts longer than its reason allows."""
    for name, at in (("since", given.since), ("until", given.until)):
        if at is not None and at > now:
            raise InvalidInput(name, at.isoformat(), "a time not in the future")
    length = (given.until or now) - given.since
    longest = reason.longest_min
    if longest is not None and length > timedelta(minutes=longest):
        raise InvalidInput(
            "since", given.since.isoformat(), f"a pause of {longest:g} minutes at most"
        )


def resume(store: Store, clock: Clock, at: datetime, *, by: str, now: datetime) -> Clock:
    """Let a clock that stands still run again from `at`, or from when its reason allows no more."""
    if clock.paused_since is None:
        raise IllegalStep("the clock does not stand still", clock_id=clock.id)
    if not clock.paused_since < at <= now:
        raise InvalidInput("at", at.isoformat(), "a time after the pause began, not in the future")
    at = min(at, _ends_at(store, clock) or at)
    pauses = clock.own(store.clocks.list_pauses([clock.number])[clock.number])
    ended = [replace(p, until=at, ended_by=by) if p.until is None else p for p in pauses]
    running = clock.stand(ended, rule_of(store, clock))
    store.clocks.end_pauses([clock.number], at=at, by=by)
    store.clocks.save([running])
    store.events.append(clock_event(running, "resumed", at=at, by=by, paused_s=running.paused_s))
    return running


def resume_overdue(store: Store, limit: int, *, now: datetime) -> int:
    """Let clocks run again whose pause has lasted as long as its reason allows; how many."""
    overdue = store.clocks.list_overdue_pauses(now, limit)
    for clock in overdue:
        wake(store, clock, now=now)
    return len(overdue)


def wake(store: Store, clock: Clock, *, now: datetime) -> Clock:
    """The clock as it runs again by itself where its reason allows no more; else as it is."""
    ends_at = _ends_at(store, clock)
    if ends_at is None or ends_at > now:
        return clock
    return resume(store, clock, ends_at, by=SYSTEM, now=now)


def _ends_at(store: Store, clock: Clock) -> datetime | None:
    """When the pause that goes on ends by itself; None for never, or where none does."""
    pauses = store.clocks.list_pauses([clock.number]).get(clock.number, ())
    still = next((each for each in pauses if each.until is None), None)
    if clock.paused_since is None or still is None:
        return None
    longest = store.clocks.get_rules(clock.rule_version).pause_reason(still.reason).longest_min
    return None if longest is None else still.since + timedelta(minutes=longest)


def judge_again(
    store: Store,
    clock: Clock,
    pauses: Sequence[Pause],
    *,
    by: str,
    why: str,
    event: str | None,
    now: datetime,
) -> Clock:
    """Judge a stopped clock anew on the interval it holds; the earlier judgement stays."""
    judged = clock.judge(
        clock.stopped_earliest, clock.stopped_latest, by=by, now=now, pauses=pauses
    )
    store.clocks.judge([judged], why=why)
    store.events.append(
        clock_event(
            judged,
            "rejudged",
            at=now,
            by=by,
            verdict=judged.verdict.value,
            before=clock.verdict.value,
            number=judged.judgements,
            reason=why,
            evidence=event,
        )
    )
    return judged


def _paused(clock: Clock, given: Pause, now: datetime) -> Event:
    return clock_event(
        clock,
        "paused",
        at=given.since,
        by=given.by,
        reason=given.note,
        code=given.reason,
        until=None if given.until is None else given.until.isoformat(),
        evidence=given.evidence,
        recorded_at=now.isoformat(),
    )
