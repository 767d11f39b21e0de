"""What else than a new outage brings a report: other outages, here and on other feeders."""

from dataclasses import replace

from dispatch.domain.facts import FeederEvidence, OutageElsewhere, OutageFact, ReportFact
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId, TicketId, UsagePointId
from dispatch.grouping import judge
from dispatch.rates import Rates, Stirring
from dispatch.sayings import say_reason
from dispatch.verdict import Costs, Verdict
from tests.unit.core import after, evidence

STREET = """
[F1] -B:cb1- a(T4:40) -F:k1- b(T1:40) -250- c(T2:40) -250- d(T3:40)
             a -F:k2- e(T5:40)
"""
HERE, ELSEWHERE = OutageId(1), OutageId(2)
STORM = Stirring(devices=1_000.0, singles=300.0)


def report(name: str, transformer: str, minutes: float, home: int, **facts: object) -> ReportFact:
    return ReportFact(
        ticket_id=TicketId(name),
        usage_point_id=UsagePointId(home),
        transformer_id=transformer,
        outage_id=None,
        received_at=after(minutes),
        **facts,
    )


def seen(*reports: ReportFact, **facts: object) -> FeederEvidence:
    return replace(evidence(STREET, ""), reports=reports, **facts)


def found_open_since(minutes: float) -> OutageFact:
    return OutageFact(
        id=HERE,
        status=OutageStatus.CONFIRMED,
        device_id="switch:k1",
        started_at=after(minutes),
        crew_on_its_way=False,
        transformers=frozenset({"T1", "T2", "T3"}),
    )


def elsewhere(*transformers: str, confirmed: bool = False, reports: int = 400) -> OutageElsewhere:
    return OutageElsewhere(
        id=ELSEWHERE,
        is_confirmed=confirmed,
        started_at=after(0),
        reports=reports,
        transformers=frozenset(transformers),
    )


def judged(known: FeederEvidence, minutes: float) -> Verdict:
    return judge(known, Rates(), Costs(), now=after(minutes), stirring=STORM)


def test_who_stays_dark_when_the_outage_above_is_over_calls_about_the_device_found_open():
    calls = [report(f"r{n}", f"T{1 + n % 3}", 223 + 4 * n, n) for n in range(6)]
    light = {t: after(222) for t in ("T1", "T2", "T3")}
    told = judged(
        seen(
            *calls,
            outages=(found_open_since(40),),
            lit=light,
            relit={t: (after(20), at) for t, at in light.items()},
        ),
        minutes=300,
    )
    assert told.outages == ()
    assert {outage_id for outage_id, _ in told.explained.values()} == {HERE}
    assert min(p for _, p in told.explained.values()) > told.sure


def test_what_outlasts_a_restoration_at_one_transformer_is_one_fault():
    calls = [report(f"r{n}", "T1", 30 + 8 * n, n) for n in range(4)]
    light = {f"T{n}": after(100) for n in range(1, 6)}
    told = judged(
        seen(*calls, lit=light, relit={t: (after(0), at) for t, at in light.items()}), minutes=125
    )
    (outage,) = told.outages
    assert outage.device_id == "transformer:T1"
    assert set(outage.tickets) == {"r0", "r1", "r2", "r3"}


def test_a_lone_report_is_sent_for_at_once_while_all_is_quiet_elsewhere():
    (outage,) = judged(seen(report("r", "T1", 12, 1)), minutes=12).outages
    assert outage.send and outage.device_id is None


def test_a_lone_report_is_held_while_hundreds_call_about_another_feeder():
    (outage,) = judged(seen(report("r", "T1", 12, 1), elsewhere=(elsewhere(),)), minutes=12).outages
    assert not outage.send
    assert "filed under the wrong customer" in say_reason(outage.reasons[-1]).en


def test_it_is_sent_for_after_two_hours_all_the_same():
    known = seen(report("r", "T1", 12, 1), elsewhere=(elsewhere(),))
    (outage,) = judged(known, minutes=12 + Costs().longest_misfiled_min).outages
    assert outage.send


def test_a_few_callers_elsewhere_hold_nothing_back():
    known = seen(report("r", "T1", 12, 1), elsewhere=(elsewhere(reports=3),))
    (outage,) = judged(known, minutes=12).outages
    assert outage.send


def test_a_place_that_may_lie_on_another_feeder_is_explained_by_what_is_out_there():
    here = report("r", "T1", 12, 1, spread=(("T1", 0.6), ("X9", 0.4)))
    told = judged(seen(here, elsewhere=(elsewhere("X9", confirmed=True),)), minutes=12)
    assert told.outages == ()
    outage_id, probability = told.explained[TicketId("r")]
    assert outage_id == ELSEWHERE and probability > told.sure


def test_neighbours_with_light_speak_against_it():
    here = report("r", "T1", 12, 1, spread=(("T1", 0.6), ("X9", 0.4)), neighbours_out=False)
    other = elsewhere("X9", confirmed=True, reports=2)
    asked = judged(seen(here, elsewhere=(other,)), minutes=12)
    silent = judged(seen(replace(here, neighbours_out=None), elsewhere=(other,)), minutes=12)
    assert asked.explained[TicketId("r")][1] < silent.explained[TicketId("r")][1]


def test_a_confirmed_outage_explains_a_caller_as_often_as_their_kind_calls():
    rates = replace(Rates(), calls_by_kind={"industrial": 0.05})
    known = seen(report("A", "T2", 30, 1, kind="industrial"), outages=(found_open_since(0),))

    def doubt(rates: Rates) -> float:
        verdict = judge(known, rates, Costs(), now=after(31), stirring=STORM)
        return 1 - verdict.explained[TicketId("A")][1]

    assert doubt(rates) > 10 * doubt(Rates())
