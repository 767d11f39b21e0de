"""What truly happens in an episode hangs together."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from dispatch.domain.facts import MeterSignalKind
from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.callers import spread_of
from dispatch.drill.storms.episode import live
from dispatch.drill.storms.ground import ground_of
from dispatch.drill.storms.messages import Relit, Seen, Signalled
from dispatch.drill.storms.truth import Condition, FaultKind, draw_faults
from gis.network.detect import read_network
from tests.data import test_data
from tests.unit.storms.world import (
    a_fault,
    a_ground,
    an_episode,
    calls,
    leaves,
    of_kind,
    one_home,
)


@pytest.fixture(scope="module")
def tapejara():
    return ground_of(read_network(test_data("network_mux_tapejara_2024/mux_2024.gpkg.zip")).network)


@pytest.fixture(scope="module")
def ground():
    return a_ground()


@pytest.fixture(params=[False, True], ids=["calm", "storm"], scope="module")
def episode(request, tapejara):
    return live(tapejara, 5, Condition(storm=request.param, gasps=0.3))


def test_the_same_seed_gives_the_same_episode(ground):
    first, again, other = (live(ground, seed, Condition(gasps=0.5)) for seed in (3, 3, 4))
    assert first.messages == again.messages and first.lives == again.lives
    assert first.messages != other.messages


def test_messages_come_in_the_order_of_the_clock_within_the_episode(episode):
    times = [m.at for m in episode.messages]
    assert times == sorted(times)
    assert episode.begins <= times[0] and times[-1] <= episode.ends


def test_nobody_calls_before_something_happened_nor_after_it_is_over(episode):
    for call in calls(episode):
        life = episode.lives[call.fault]
        assert call.at >= episode.begins + timedelta(seconds=life.fault.onset_s)
        if life.over_at is not None:
            assert call.at <= life.over_at


def test_a_ticket_leaves_once_and_after_it_came(episode):
    came = {call.report.ticket_id: call.at for call in calls(episode)}
    left = leaves(episode)
    assert set(left) <= set(came)
    assert all(came[ticket] <= at for ticket, at in left.items())
    assert len(came) == len(calls(episode))


def test_tickets_leave_by_the_time_their_fault_is_over(episode):
    left = leaves(episode)
    lasting = [c for c in calls(episode) if episode.lives[c.fault].over_at is not None]
    assert lasting
    for call in lasting:
        assert left[call.report.ticket_id] <= episode.lives[call.fault].over_at


def test_a_crew_comes_after_the_first_call_by_queue_and_drive(episode):
    waits = [
        (life.seen_at - life.first_call_at).total_seconds() / 60
        for life in episode.lives
        if life.seen_at is not None
    ]
    queues = p.QUEUE_MIN[episode.condition.storm]
    assert min(waits) >= p.DRIVE_MIN + min(queues[0], p.QUEUE_MANY_MIN[1][0])
    assert max(waits) <= p.DRIVE_MIN + queues[1]


def test_a_storm_breaks_more_than_a_calm_day(tapejara):
    broken = [
        sum(fault.is_real for fault in draw_faults(np.random.default_rng(seed), tapejara, weather))
        for weather in (Condition(), Condition(storm=True))
        for seed in range(6)
    ]
    assert max(broken[:6]) < min(broken[6:])


def test_a_storm_breaks_things_about_the_passing_of_its_front(tapejara):
    hours = [
        life.fault.onset_s / 3_600
        for life in live(tapejara, 2, Condition(storm=True)).lives
        if life.fault.kind is not FaultKind.WRONG_CALL
    ]
    assert np.std(hours) < 2.0


def test_longer_lines_break_more_often(tapejara):
    lines = Counter(
        fault.device
        for seed in range(40)
        for fault in draw_faults(np.random.default_rng(seed), tapejara, Condition())
        if fault.kind is FaultKind.LINE
    )
    length = {d.pre: d.length_m for d in tapejara.devices if d.transformer_id is None}
    usual = np.mean(list(length.values()))
    assert np.average([length[d] for d in lines], weights=list(lines.values())) > usual


def test_a_fault_below_an_open_device_is_not_felt_before_that_is_mended(ground):
    faults = [a_fault(ground, "switch:cb1", 0), a_fault(ground, "switch:k1", 5)]
    felt = 0
    for seed in range(12):
        episode = an_episode(ground, faults, seed)
        if not calls(episode, 1):
            continue
        felt += 1
        relit = [m.at for m in of_kind(episode, Relit, 0)]
        assert relit and calls(episode, 1)[0].at >= relit[0]
    assert felt > 6


def test_customers_below_a_lower_fault_stay_with_it_when_the_upper_opens_later(ground):
    faults = [a_fault(ground, "switch:k1", 0), a_fault(ground, "switch:cb1", 20)]
    for seed in range(8):
        episode = an_episode(ground, faults, seed)
        mended = episode.lives[0].over_at
        upper = [
            c.report
            for c in calls(episode, 1)
            if c.report.usage_point_id and (mended is None or c.at < mended)
        ]
        below = sum(report.transformer_id in {"T2", "T3"} for report in upper)
        assert upper and below <= 1  # none but under a wrong account


def test_one_home_out_inside_a_larger_outage_calls_again_when_the_others_have_light(ground):
    faults = [one_home(ground, "T4.7", 0), a_fault(ground, "switch:r1", 5)]
    again = 0
    for seed in range(20):
        episode = an_episode(ground, faults, seed, storm=True)
        relit = [m.at for m in of_kind(episode, Relit, 1) if m.is_over]
        again += bool(relit) and any(c.at > relit[0] for c in calls(episode, 0))
    assert again >= 2


def test_its_ticket_stays_when_the_others_have_light(ground):
    faults = [one_home(ground, "T4.7", 0), a_fault(ground, "switch:r1", 5)]
    stayed = 0
    for seed in range(30):
        episode = an_episode(ground, faults, seed, storm=True)
        relit = [m.at for m in of_kind(episode, Relit, 1) if m.is_over]
        before = [c for c in calls(episode, 0) if relit and c.at < relit[0]]
        if not before or episode.lives[0].over_at == relit[0]:
            continue
        left = leaves(episode).get(before[0].report.ticket_id, episode.ends)
        over = episode.lives[0].over_at or episode.ends
        assert left == over
        stayed += over > relit[0]
    assert stayed


def test_a_large_outage_may_be_restored_in_parts_and_its_callers_leave_with_their_part(ground):
    parts = 0
    for seed in range(12):
        episode = an_episode(ground, [a_fault(ground, "switch:cb1", 0)], seed)
        lights = of_kind(episode, Relit, 0)
        if len(lights) < 2:
            continue
        parts += 1
        assert not lights[0].is_over and lights[1].is_over
        assert not lights[0].transformers & lights[1].transformers
        went = {t for t, at in leaves(episode).items() if at == lights[0].at}
        known = [c.report for c in calls(episode, 0) if c.report.usage_point_id]
        at_once = [r for r in known if r.ticket_id in went]
        assert sum(r.transformer_id not in lights[0].transformers for r in at_once) <= 1
    assert parts > 3


def test_a_second_fault_behind_an_open_device_is_mended_with_the_first(ground):
    faults = [a_fault(ground, "switch:cb1", 0), a_fault(ground, "switch:cb1", 3)]
    episode = an_episode(ground, faults)
    assert calls(episode, 0) and not calls(episode, 1)
    assert episode.lives[1].first_call_at is None


def test_momentary_and_wrong_calls_put_nobody_out_and_are_never_found(ground):
    faults = [
        a_fault(ground, "switch:cb1", 0, FaultKind.MOMENTARY),
        one_home(ground, "T5.3", 10, FaultKind.WRONG_CALL),
    ]
    episode = an_episode(ground, faults)
    assert len(calls(episode, 1)) == 1
    assert not [m for m in episode.messages if isinstance(m, (Seen, Relit))]
    assert all(call.report.ticket_id in leaves(episode) for call in calls(episode))


def test_more_people_call_where_the_rate_is_higher(ground):
    faults = [a_fault(ground, "switch:cb1", 0), a_fault(ground, "switch:cb2", 0)]
    counts = [
        sum(len(calls(an_episode(ground, faults, seed, call_rate=rate))) for seed in range(10))
        for rate in (1 / 3, 1.0, 3.0)
    ]
    assert counts[0] < counts[1] < counts[2]


def test_only_the_share_of_customers_with_meters_gasps_and_only_when_it_goes_dark(ground):
    episode = an_episode(ground, [a_fault(ground, "switch:r1", 30)], gasps=0.5)
    signals = [m.signal for m in episode.messages if isinstance(m, Signalled)]
    gasps = [s for s in signals if s.kind is MeterSignalKind.LAST_GASP]
    assert 30 <= len({s.usage_point_id for s in gasps}) <= 80  # of 140 customers, with losses
    opened = episode.begins + timedelta(minutes=30)
    assert all(opened <= s.at <= opened + timedelta(seconds=p.GASP_WITHIN_S) for s in gasps)
    assert {s.transformer_id for s in gasps} == {"T4", "T5"}


def test_without_meters_there_are_no_signals(ground):
    episode = an_episode(ground, [a_fault(ground, "switch:r1", 30)])
    assert not [m for m in episode.messages if isinstance(m, Signalled)]


def test_wrong_links_change_the_records_and_not_the_truth(ground):
    wrong = ground.mislinked(np.random.default_rng(1), 0.3)
    moved = wrong.customers.recorded != wrong.customers.transformer
    assert 0.2 < moved.mean() < 0.4
    assert (wrong.customers.transformer == ground.customers.transformer).all()
    recorded = sum(t.customers for tree in wrong.trees.values() for t in tree.transformers)
    assert recorded == len(ground.customers.accounts)


def test_a_position_is_shared_among_the_transformers_of_those_who_live_near(ground):
    at = ground.customers.xy[ground.customers.accounts.index("T4.1")]
    spread = spread_of(ground, at, 25.0)
    assert sum(share for _, share in spread) == pytest.approx(1.0)
    assert [share for _, share in spread] == sorted((s for _, s in spread), reverse=True)
    assert spread[0][0] == "T4"


WORKS = "industrial"


def with_works(ground):
    """The same customers, every second of them a works by the records, the others homes."""
    kinds = tuple((WORKS, "residential")[n % 2] for n in range(len(ground.customers.accounts)))
    return replace(ground, customers=replace(ground.customers, kinds=kinds))


def callers_of_kinds(ground, episode):
    known = [c.report.usage_point_id for c in calls(episode) if c.report.usage_point_id]
    return Counter(ground.customers.kinds[usage_point_id - 1] for usage_point_id in known)


def test_kinds_call_as_often_as_they_are_said_to_where_they_are_to_differ(ground):
    works = with_works(ground)
    fault = a_fault(works, "switch:cb1", 5)
    found = Counter()
    for seed in range(40):
        found += callers_of_kinds(works, an_episode(works, [fault], seed, kinds=True))
    said = p.CALLS_BY_KIND
    ratio = found[WORKS] / found["residential"]
    assert ratio == pytest.approx(said[WORKS] / said["residential"], rel=0.35)


def test_the_mean_customer_calls_as_often_whether_kinds_differ_or_not(ground):
    times = with_works(ground).customers.times_calling
    assert times.mean() == pytest.approx(1.0)
    assert times.min() < 0.5


def test_an_episode_in_which_kinds_do_not_differ_is_that_of_customers_of_no_known_kind(ground):
    fault = a_fault(ground, "switch:cb1", 5)
    plain = an_episode(ground, [fault])
    known = an_episode(with_works(ground), [fault])
    unkind = [replace(c, report=replace(c.report, kind=None)) for c in calls(known)]
    assert calls(plain) == unkind
    assert {c.report.kind for c in calls(known)} >= {WORKS, "residential"}


def test_the_records_count_each_transformers_customers_by_kind(tapejara):
    nodes = [t for tree in tapejara.trees.values() for t in tree.transformers]
    listed = Counter()
    for node in nodes:
        listed.update(dict(node.kinds))
    assert listed["residential"] > 10_000 and listed[WORKS] > 30
    assert all(sum(n for _, n in t.kinds) <= t.customers for t in nodes)


def test_the_fault_of_one_home_is_reported_as_often_by_every_kind(ground):
    works = with_works(ground)
    account = ground.customers.accounts[0]
    assert works.customers.kinds[0] == WORKS
    reported = [
        bool(calls(an_episode(works, [one_home(works, account, 5)], seed, kinds=kinds)))
        for kinds in (False, True)
        for seed in range(20)
    ]
    assert reported[:20] == reported[20:] and sum(reported) > 10
