from datetime import UTC, datetime, timedelta

import pytest

from dispatch.domain.clock import (
    ARRIVAL_COMMITMENT,
    ARRIVAL_NATIONAL,
    DESK,
    PUBLISHED_RULES,
    RuleSet,
    StartsAt,
    Verdict,
    start_clocks,
)
from dispatch.domain.words import AreaClass, TicketId
from dispatch.errors import InvalidInput
from tests.unit.core import NOW, after

RULES = RuleSet(version=4, valid_from=datetime(2020, 1, 1, tzinfo=UTC), rules=PUBLISHED_RULES)


def clocks(area):
    started = start_clocks(
        RULES, StartsAt.RECEIVED, NOW, area, district_id=None, ticket_id=TicketId("A")
    )
    return {clock.rule_id: clock for clock in started}


@pytest.mark.parametrize(
    ("area", "commitment", "national"),
    [(AreaClass.URBAN, 45, 60), (AreaClass.RURAL, 90, 120), (AreaClass.REMOTE, 120, 240)],
)
def test_a_report_starts_the_published_promises_of_its_area(area, commitment, national):
    running = clocks(area)
    minutes = {rule: (c.due_at - NOW).total_seconds() / 60 for rule, c in running.items()}
    assert minutes == {DESK: 3, ARRIVAL_COMMITMENT: commitment, ARRIVAL_NATIONAL: national}
    assert all(c.rule_version == 4 and c.started_at == NOW for c in running.values())


@pytest.mark.parametrize(
    ("earliest", "latest", "verdict"),
    [
        (40, 45, Verdict.KEPT),
        (45.1, 60, Verdict.MISSED),
        (44, 46, Verdict.CANNOT_SAY),
        (None, None, Verdict.CANNOT_SAY),
        (50, None, Verdict.MISSED),
        (30, None, Verdict.CANNOT_SAY),
    ],
)
def test_a_promise_is_judged_on_the_interval(earliest, latest, verdict):
    clock = clocks(AreaClass.URBAN)[ARRIVAL_COMMITMENT]
    moments = [None if m is None else after(m) for m in (earliest, latest)]
    assert clock.judge(*moments, by="test", now=after(100)).verdict is verdict


def test_what_happened_before_a_promise_began_took_no_time():
    clock = clocks(AreaClass.URBAN)[ARRIVAL_COMMITMENT]
    judged = clock.judge(after(-40), after(-30), by="test", now=after(1))
    assert judged.verdict is Verdict.KEPT
    assert (judged.stopped_earliest, judged.stopped_latest) == (NOW, NOW)


def test_warnings_rise_to_escalation():
    rule = RULES.get(ARRIVAL_COMMITMENT)
    clock = clocks(AreaClass.URBAN)[ARRIVAL_COMMITMENT]
    minutes = (0, 22.5, 33.75, 45, 75)
    assert [clock.level_at(after(m), rule) for m in minutes] == [0, 1, 2, 3, 4]


def test_every_rule_says_where_its_figure_is_from():
    assert all(rule.source for rule in PUBLISHED_RULES)


def test_an_unknown_rule_is_named():
    with pytest.raises(InvalidInput, match="lunch"):
        RULES.get("lunch")


def test_a_clock_without_time_is_run_out_at_once():
    clock = clocks(AreaClass.URBAN)[DESK]
    rule = RULES.get(DESK)
    assert clock.level_at(clock.due_at + timedelta(days=1), rule) == len(rule.levels)
