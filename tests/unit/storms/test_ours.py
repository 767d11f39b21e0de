"""Our inference at the drill's desk, in every condition that the drill can make."""

from dataclasses import replace

import numpy as np
import pytest

from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.episode import live
from dispatch.drill.storms.harness import Desk
from dispatch.drill.storms.ours import KINDS_KNOWN, NAMES, our_methods, true_rates, true_stirring
from dispatch.drill.storms.scores import score
from dispatch.drill.storms.truth import (
    Condition,
    FaultKind,
    draw_faults,
    momentary_share,
)
from dispatch.rates import Rates
from tests.unit.storms.world import a_fault, a_ground, an_episode, calls

CONDITIONS = {
    "calm": Condition(),
    "storm": Condition(storm=True),
    "meters": Condition(storm=True, gasps=0.3),
    "many callers": Condition(call_rate=3.0),
    "few callers": Condition(call_rate=1 / 3),
    "slow callers": Condition(delay=2.0),
    "wrong links": Condition(wrong_links=0.1),
    "mislocated": Condition(mislocated=0.2),
    "asked": Condition(asked=True),
    "kinds": Condition(kinds=True),
}


@pytest.fixture(scope="module")
def ground():
    return a_ground()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=CONDITIONS)
def test_every_report_is_placed_and_nothing_dangerous_is_lost(ground, condition, name):
    episode = live(ground, 2, condition)
    method = our_methods(condition)[name](ground)
    record = Desk(method, episode).run()
    tally = score(episode, record)
    assert tally.reports > 5
    assert {c.report.ticket_id for c in calls(episode)} == set(record.placed) | record.unseen
    assert all(0.0 <= p <= 1.0 for p, _ in tally.device_bins + tally.ticket_bins)
    assert tally.suppressed_hazards == 0


def test_a_breaker_that_everybody_calls_about_is_named_before_the_crew_comes(ground):
    episode = an_episode(ground, [a_fault(ground, "switch:cb1", 0)], seed=3, call_rate=3.0)
    method = our_methods(Condition())["posterior"](ground)
    tally = score(episode, Desk(method, episode).run())
    assert tally.ratios["right_30"] == (1.0, 1.0)


def test_the_true_parameters_follow_the_condition(ground):
    usual = true_rates(ground, Condition())
    changed = true_rates(ground, Condition(call_rate=3.0, delay=0.5))
    assert changed.call_share.mean == pytest.approx(3 * usual.call_share.mean)
    assert changed.call_delay.late_min == pytest.approx(usual.call_delay.late_min / 2)


def test_in_the_calm_all_kinds_are_pressed_alike_and_a_storm_breaks_devices_most(ground):
    calm, storm = (true_rates(ground, Condition(storm=storm)) for storm in (False, True))
    assert calm.single == pytest.approx(p.SERVICE_FAULTS + p.INTERNAL_FAULTS)
    assert storm.single < calm.single
    assert true_stirring(ground, Condition(storm=True)).devices > 1.0


def test_mislocated_calls_are_filed_elsewhere(ground):
    off = []
    for share in (0.0, 0.5):
        episodes = [live(ground, seed, Condition(mislocated=share)) for seed in range(6)]
        found = [
            (ground.customers.accounts[int(c.report.usage_point_id) - 1], life.fault.row)
            for e in episodes
            for c in calls(e)
            if c.report.usage_point_id and (life := e.lives[c.fault]).fault.row is not None
        ]
        off.append(sum(ground.customers.accounts[row] != a for a, row in found) / len(found))
    assert off[0] < 0.1
    assert off[1] > 0.25


def test_the_true_share_of_momentaries_is_that_of_what_is_drawn(ground):
    drawn = [
        fault.kind
        for seed in range(400)
        for fault in draw_faults(np.random.default_rng(seed), ground, Condition())
        if not fault.is_isolated and fault.kind is not FaultKind.WRONG_CALL
    ]
    share = drawn.count(FaultKind.MOMENTARY) / len(drawn)
    assert momentary_share(ground) == pytest.approx(share, rel=0.25)


def test_the_method_that_knows_kinds_is_told_how_often_they_call_and_nothing_else():
    ground = a_ground()
    kinds = tuple(("industrial", "residential")[n % 2] for n in range(len(ground.customers.kinds)))
    ground = replace(ground, customers=replace(ground.customers, kinds=kinds))
    (make,) = our_methods(Condition(kinds=True), (KINDS_KNOWN,)).values()
    rates = make(ground).rates
    assert rates.calls_by_kind == ground.customers.calls_by_kind
    assert rates.calls_of("industrial") < 1 < rates.calls_of("residential")
    assert replace(rates, calls_by_kind=Rates().calls_by_kind) == Rates()
    assert true_rates(ground, Condition(kinds=True)).calls_by_kind == rates.calls_by_kind
    assert true_rates(ground, Condition()).calls_by_kind == Rates().calls_by_kind
