"""Clocks that stand still: what counts, how they are judged, when they warn."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.clock import (
    PUBLISHED,
    Clock,
    Pause,
    StartsAt,
    StopsAt,
    Verdict,
    paused_before,
    start_clocks,
)
from dispatch.domain.words import AreaClass, TicketId
from dispatch.errors import IllegalStep, InvalidInput
from tests.unit.core import NOW, after

RULE = PUBLISHED.get("arrival_commitment")


def a_clock() -> Clock:
    (clock, _) = start_clocks(
        PUBLISHED,
        StartsAt.RECEIVED,
        NOW,
        AreaClass.URBAN,
        district_id=None,
        ticket_id=TicketId("A"),
        stops=(StopsAt.ARRIVED,),
    )
    return replace(clock, id=1)


def a_pause(since: float, until: float | None) -> Pause:
    return Pause(
        clock_id=1,
        reason="unsafe",
        since=after(since),
        until=None if until is None else after(until),
        by="li",
        recorded_at=after(since),
        note="lightning",
    )


@st.composite
def pauses(draw: st.DrawFn) -> tuple[Pause, ...]:
    """Pauses that follow one another, the last one perhaps not over."""
    steps = draw(st.lists(st.integers(1, 40), max_size=8))
    edges = [sum(steps[: n + 1]) for n in range(len(steps))]
    pairs = zip(edges[::2], [*edges[1::2], None], strict=False)
    return tuple(a_pause(since, until) for since, until in pairs)


@given(pauses(), st.integers(0, 400), st.integers(0, 400))
def test_worked_time_never_runs_backwards_nor_faster_than_the_wall(taken, one, other):
    early, late = sorted((one, other))
    stood = paused_before(taken, after(late)) - paused_before(taken, after(early))
    assert timedelta() <= stood <= timedelta(minutes=late - early)


@given(pauses(), st.integers(0, 400))
def test_a_pause_never_turns_a_kept_promise_into_a_missed_one(taken, minute):
    judged = a_clock().judge(after(minute), after(minute), by="x", now=after(500), pauses=taken)
    assert judged.verdict in {Verdict.KEPT, Verdict.MISSED}
    if judged.without_pauses is Verdict.KEPT:
        assert judged.verdict is Verdict.KEPT
    assert judged.without_pauses is (Verdict.KEPT if minute <= 45 else Verdict.MISSED)


@given(pauses(), st.integers(0, 400), st.integers(0, 400))
def test_the_verdict_on_an_interval_is_that_of_both_its_ends_or_nobody_can_say(taken, one, other):
    early, late = sorted((one, other))
    clock = a_clock()

    def verdict(first: int, last: int) -> Verdict:
        judged = clock.judge(after(first), after(last), by="x", now=after(500), pauses=taken)
        return judged.verdict

    ends = {verdict(early, early), verdict(late, late)}
    expected = ends.pop() if len(ends) == 1 else Verdict.CANNOT_SAY
    assert verdict(early, late) is expected


@given(pauses())
def test_the_end_moves_by_what_is_over_and_no_more(taken):
    stood = a_clock().stand(taken, RULE)
    closed = sum((p.until - p.since for p in taken if p.until is not None), timedelta())
    assert stood.due_at - a_clock().due_at == closed
    assert stood.target == a_clock().target
    assert (stood.paused_since is not None) == any(p.until is None for p in taken)


def test_a_level_waits_for_as_long_as_the_clock_stood_still():
    clock = a_clock()
    assert clock.next_level_at == after(22.5)
    assert clock.stand([a_pause(10, 30)], RULE).next_level_at == after(42.5)
    still = clock.stand([a_pause(10, None)], RULE)
    assert still.level_at(after(1000), RULE) == 0


def test_levels_after_the_end_come_in_their_turn():
    clock = a_clock()
    moments = []
    while clock.next_level_at is not None:
        moments.append(clock.next_level_at)
        clock = clock.warn(clock.warned + 1, RULE)
    assert moments == [after(22.5), after(33.75), after(45), after(75)]


@pytest.mark.parametrize(
    "taken",
    [
        [a_pause(-1, 5)],
        [a_pause(5, 5)],
        [a_pause(5, 20), a_pause(10, 30)],
        [a_pause(5, None), a_pause(10, 30)],
    ],
)
def test_pauses_that_cannot_be_meant_are_refused(taken):
    with pytest.raises(InvalidInput):
        a_clock().stand(taken, RULE)


def test_a_clock_that_has_stopped_stands_still_no_more():
    stopped = a_clock().judge(after(1), after(1), by="x", now=after(1))
    with pytest.raises(IllegalStep):
        stopped.stand([a_pause(0, 1)], RULE)


def test_another_version_of_the_rule_gives_another_end_and_keeps_what_stood_still():
    stopped = a_clock().judge(after(70), after(70), by="x", now=after(70), pauses=[a_pause(10, 20)])
    wider = replace(RULE, minutes={AreaClass.URBAN: 60})
    again = stopped.under(wider, 9, "west-storm")
    judged = again.judge(after(70), after(70), by="x", now=after(80), pauses=[a_pause(10, 20)])
    assert (stopped.verdict, judged.verdict) == (Verdict.MISSED, Verdict.KEPT)
    assert (judged.rule_version, judged.override_id) == (9, "west-storm")
    assert judged.due_at == after(70)
    with pytest.raises(InvalidInput):
        stopped.under(replace(RULE, minutes={AreaClass.RURAL: 60}), 9, None)
