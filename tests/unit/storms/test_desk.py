"""Methods at the desk: what is counted of what they say, by hand on a drawn feeder."""

from datetime import timedelta

import pytest

from dispatch.domain.facts import ReportFact
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import TicketId, UsagePointId
from dispatch.drill.storms.episode import MIDNIGHT, live
from dispatch.drill.storms.ground import ground_of
from dispatch.drill.storms.harness import Desk
from dispatch.drill.storms.messages import Called, Episode, FaultLife, Left, Relit, Seen
from dispatch.drill.storms.records import Group, Picture
from dispatch.drill.storms.rules import Clusters, Escalation, RuleMethod, SameTransformer
from dispatch.drill.storms.scores import score
from dispatch.drill.storms.truth import Condition, Fault, FaultKind
from gis.network.detect import read_network
from tests.data import test_data
from tests.unit.storms.world import Oracle, a_fault, a_ground, an_episode, one_home

FEEDER = "[F1] -B:cb1- a(T1:10) -- b -F:k1- c(T2:10) -- d(T3:10)"
AT_ONCE = timedelta(0)


def after(minutes: float):
    return MIDNIGHT + timedelta(minutes=minutes)


@pytest.fixture(scope="module")
def ground():
    return a_ground(FEEDER)


def call(ground, account: str, minute: float, fault: int, *, filed: str | None = None) -> Called:
    row = ground.customers.accounts.index(filed or account)
    lon, lat = ground.customers.lonlat[row].tolist()
    number = int(ground.customers.transformer[row])
    return Called(
        at=after(minute),
        feeder_id="F1",
        fault=fault,
        report=ReportFact(
            ticket_id=TicketId(f"{account}@{minute}"),
            usage_point_id=UsagePointId(row + 1),
            transformer_id=ground.transformers[number].id,
            outage_id=None,
            received_at=after(minute),
            lon=lon,
            lat=lat,
        ),
    )


def told(ground, faults: list[Fault], messages, **lives) -> Episode:
    """An episode with given messages; each fault's life is read from them."""
    found = []
    for number, fault in enumerate(faults):
        first, last = (0, 0) if fault.device is None else ground.below(fault.device)
        firsts = [m.at for m in messages if isinstance(m, Called) and m.fault == number]
        seen = [m.at for m in messages if isinstance(m, Seen) and m.fault == number]
        over = [m.at for m in messages if isinstance(m, Relit) and m.fault == number and m.is_over]
        found.append(
            FaultLife(
                fault=Fault(
                    number=number,
                    kind=fault.kind,
                    onset_s=fault.onset_s,
                    feeder_id=fault.feeder_id,
                    device=fault.device,
                    row=fault.row,
                ),
                customers=max(last - first, 1),
                first_call_at=min(firsts, default=None),
                seen_at=min(seen, default=None),
                over_at=min(over, default=None),
            )
        )
    return Episode(
        seed=0,
        condition=Condition(),
        ground=ground,
        begins=MIDNIGHT,
        ends=after(720),
        lives=tuple(found),
        messages=tuple(sorted(messages, key=lambda m: m.at)),
    )


@pytest.fixture(scope="module")
def fuse_and_home(ground):
    """Fuse k1 opens; T2 calls once, T3 twice; meanwhile one home of T1 has a fault of its own."""
    faults = [a_fault(ground, "switch:k1", 0), one_home(ground, "T1.4", 0)]
    calls = [
        call(ground, "T2.1", 1, 0),
        call(ground, "T3.1", 2, 0),
        call(ground, "T1.4", 3, 1),
        call(ground, "T3.2", 4, 0),
    ]
    lit = frozenset({"T2", "T3"})
    after_calls = [
        Seen(at=after(40), fault=0),
        Relit(at=after(100), fault=0, transformers=lit, is_over=True),
        *(Left(at=after(100), ticket_id=c.report.ticket_id) for c in calls if c.fault == 0),
    ]
    return told(ground, faults, calls + after_calls)


class InOne:
    """A method that takes everything on a feeder for one outage of its head."""

    name = "in one"

    def __init__(self) -> None:
        self.seen = []

    def look(self, evidence, now):
        self.seen.append((now, evidence))
        tickets = {r.ticket_id: 1.0 for r in evidence.reports}
        return Picture(groups=(Group(key=1, device_id="switch:cb1", tickets=tickets),))


def rate(tally, name):
    total, count = tally.ratios[name]
    return total / count


def test_the_same_transformer_rule_scores_as_counted_by_hand(fuse_and_home):
    method = RuleMethod("same", SameTransformer(homes=1), AT_ONCE)
    tally = score(fuse_and_home, Desk(method, fuse_and_home).run())
    assert tally.reports == 4
    assert tally.partitions.precision == 1.0
    assert tally.partitions.recall == pytest.approx(1 / 3)  # of three pairs, T3's is found
    assert rate(tally, "needless") == 50.0  # T2 and T3 each: one too many for two real outages
    assert rate(tally, "nothing_found") == 0.0
    assert rate(tally, "hidden") == 0.0
    assert rate(tally, "right_15") == 0.0
    assert rate(tally, "hops_15") == 1.0  # T3's transformer is right below k1


def test_escalation_is_fooled_by_one_home_into_the_breaker_and_hides_it(fuse_and_home):
    method = RuleMethod("up", Escalation(calls=2, distinct=2, share=0.1), AT_ONCE)
    tally = score(fuse_and_home, Desk(method, fuse_and_home).run())
    assert rate(tally, "right_15") == 0.0
    assert rate(tally, "hops_15") == 1.0
    assert rate(tally, "hidden") == 100.0


def test_escalation_finds_a_fuse_that_two_transformers_report(ground):
    faults = [a_fault(ground, "switch:k1", 0)]
    calls = [call(ground, "T2.1", 1, 0), call(ground, "T3.1", 2, 0), call(ground, "T3.2", 4, 0)]
    episode = told(ground, faults, calls)
    method = RuleMethod("up", Escalation(calls=2, distinct=2, share=0.1), AT_ONCE)
    tally = score(episode, Desk(method, episode).run())
    assert tally.partitions.f1 == 1.0
    assert rate(tally, "right_15") == rate(tally, "ever_right") == 1.0
    assert rate(tally, "minutes_until_right") == pytest.approx(1.5)  # T3's call, and half a minute


def test_an_order_held_for_ten_minutes_is_sent_once(ground):
    faults = [a_fault(ground, "switch:k1", 0)]
    places = ("T2.1", "T3.1", "T2.2", "T3.2")
    calls = [call(ground, place, 2 * n + 1, 0) for n, place in enumerate(places)]
    episode = told(ground, faults, calls)
    at_once, held = (
        score(episode, Desk(RuleMethod("up", Escalation(calls=4), hold), episode).run())
        for hold in (AT_ONCE, timedelta(minutes=10))
    )
    assert (
        rate(at_once, "needless") == 100.0
    )  # T2's and T3's first callers, before k1 is thought of
    assert rate(held, "needless") == 0.0


def test_everything_in_one_hides_the_home(fuse_and_home):
    tally = score(fuse_and_home, Desk(InOne(), fuse_and_home).run())
    assert tally.partitions.recall == 1.0
    assert tally.partitions.precision == pytest.approx(1 / 2)  # three of six pairs
    assert rate(tally, "hidden") == 100.0
    assert rate(tally, "needless") == 0.0


def test_a_finding_confirms_the_outage_that_is_mostly_of_it(fuse_and_home):
    method = InOne()
    Desk(method, fuse_and_home).run()
    found = [e for now, e in method.seen if after(40) < now < after(100)]
    assert found
    (outage,) = found[-1].outages
    assert outage.status is OutageStatus.CONFIRMED and outage.device_id == "switch:k1"
    assert outage.transformers == {"T2", "T3"} and outage.order_sent
    (sighting,) = found[-1].sightings
    assert sighting.device_id == "switch:k1" and sighting.is_open and sighting.source == "crew"


def test_after_restoration_the_desk_knows_who_has_light_and_who_has_left(fuse_and_home):
    method = InOne()
    Desk(method, fuse_and_home).run()
    _, last = method.seen[-1]
    assert set(last.lit) == {"T2", "T3"} and set(last.lit.values()) == {after(100)}
    assert [r.ticket_id for r in last.reports] == ["T1.4@3"]
    assert not any(o.status is OutageStatus.CONFIRMED for o in last.outages)
    assert not last.sightings[0].is_open


def test_the_evidence_carries_the_methods_own_outages(fuse_and_home):
    method = InOne()
    Desk(method, fuse_and_home).run()
    now, second = method.seen[1]
    assert now < after(40)
    (outage,) = second.outages
    assert (outage.id, outage.status, outage.device_id) == (1, OutageStatus.PREDICTED, "switch:cb1")
    assert outage.transformers == {"T1", "T2", "T3"}
    assert outage.started_at == after(1)
    assert [r.outage_id for r in second.reports][:1] == [1]


def test_a_finding_that_no_outage_is_mostly_of_becomes_an_outage_of_its_own(ground):
    faults = [a_fault(ground, "switch:cb1", 0), a_fault(ground, "switch:k1", 0)]
    messages = [
        *(call(ground, f"T1.{n}", n, 0) for n in range(1, 6)),
        call(ground, "T2.1", 6, 1),
        Seen(at=after(40), fault=1),
    ]
    method = InOne()
    Desk(method, told(ground, faults, messages)).run()
    _, last = method.seen[-1]
    confirmed = [o for o in last.outages if o.status is OutageStatus.CONFIRMED]
    assert [o.device_id for o in confirmed] == ["switch:k1"]
    assert {o.id: o.status for o in last.outages}[1] is OutageStatus.PREDICTED


def test_a_report_filed_under_a_stranger_costs_a_trip_that_finds_nothing(ground):
    faults = [a_fault(ground, "switch:k1", 0)]
    messages = [
        call(ground, "T2.1", 1, 0, filed="T1.9"),
        call(ground, "T2.2", 5, 0),
        Seen(at=after(40), fault=0),
    ]
    episode = told(ground, faults, messages)
    record = Desk(RuleMethod("same", SameTransformer(), AT_ONCE), episode).run()
    assert [(o.is_astray, o.is_needless) for o in record.orders] == [(True, False), (False, False)]
    assert rate(score(episode, record), "nothing_found") == 100.0


def test_orders_for_wrong_calls_and_installations_are_counted_apart(ground):
    faults = [
        one_home(ground, "T1.1", 0, FaultKind.INTERNAL),
        one_home(ground, "T2.1", 0, FaultKind.WRONG_CALL),
        one_home(ground, "T3.1", 0, FaultKind.SERVICE),
    ]
    messages = [call(ground, f"T{n}.1", n, n - 1) for n in (1, 2, 3)]
    episode = told(ground, faults, messages)
    tally = score(episode, Desk(RuleMethod("same", SameTransformer(), AT_ONCE), episode).run())
    assert tally.ratios["nothing_found"] == (200.0, 1)
    assert tally.ratios["needless"] == (0.0, 1)


def test_clusters_join_what_is_near_in_place_and_time(ground):
    faults = [a_fault(ground, "switch:cb1", 0)]
    calls = [call(ground, "T2.1", 1, 0), call(ground, "T2.2", 3, 0), call(ground, "T2.3", 400, 0)]
    episode = told(ground, faults, calls)
    method = RuleMethod("near", Clusters(400.0, timedelta(minutes=30)), AT_ONCE)
    record = Desk(method, episode).run()
    groups = [record.placed[c.report.ticket_id][0] for c in calls]
    assert groups[0] == groups[1] != groups[2]


@pytest.mark.parametrize("storm", [False, True])
def test_an_oracle_that_is_told_the_truth_is_never_wrong(storm):
    ground = ground_of(
        read_network(test_data("network_mux_tapejara_2024/mux_2024.gpkg.zip")).network
    )
    episode = live(ground, 6, Condition(storm=storm))
    tally = score(episode, Desk(Oracle(episode), episode).run())
    assert tally.partitions.f1 == tally.partitions.bcubed == tally.partitions.rand == 1.0
    for name, expected in (("needless", 0.0), ("hidden", 0.0), ("right_15", 1.0)):
        assert tally.ratios[name][1] > 1
        assert rate(tally, name) == expected


def test_every_dangerous_report_has_an_order_of_its_own():
    ground = a_ground()
    dangerous = [
        Fault(
            number=0, kind=f.kind, onset_s=f.onset_s, feeder_id="F1", device=f.device, hazard=True
        )
        for f in (a_fault(ground, "switch:cb1", 0),)
    ]
    hazards = {}
    for seed in range(20):
        episode = an_episode(ground, dangerous, seed)
        record = Desk(InOne(), episode).run()
        told_of = {
            m.report.ticket_id for m in episode.messages if isinstance(m, Called) and m.is_hazard
        }
        assert set(record.hazards) == told_of
        assert score(episode, record).suppressed_hazards == 0
        hazards |= record.hazards
    assert hazards
