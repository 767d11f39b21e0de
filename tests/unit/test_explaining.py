"""Why a customer calls now: hand-computed numbers, order, and the posterior as the judge."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.facts import FeederEvidence, ReportFact
from dispatch.domain.outage import Calling
from dispatch.domain.words import OutageId, TicketId, UsagePointId
from dispatch.explaining import Home, Said, calling_of, expected_share, inside, reaches, reported
from dispatch.feeder import Feeder
from dispatch.gathered import gather
from dispatch.grouping import judge
from dispatch.rates import MINUTES_PER_YEAR, Rates, Share, Stirring
from dispatch.verdict import Costs
from tests.unit.core import NOW, after
from tests.unit.test_inference import tree_of

RATES = Rates()
# Every caller is a late one: the density of the delay is exp(-x / 60) / 60.
PLAIN = Calling(
    began_at=after(-59.5),
    share=0.1,
    usual_share=0.1,
    delay={"soon": 0.0, "shape": 1.5, "scale_min": 9.0, "late_min": 60.0},
    single=0.014,
    transformer=0.0,
    astray=0.0,
    neighbours_out=8.0,
    neighbours_lit=0.125,
)


def ask(before, calling=PLAIN, said=None, *, customers=50, home=None):
    return reaches(before, calling, said or Said(), home=home or Home(customers=customers), now=NOW)


def odds(probability):
    return probability / (1 - probability)


def test_a_call_is_weighed_against_a_fault_of_their_own():
    # p f = 0.1 * exp(-1) / 60 = 6.1313e-4 a minute; s = 0.014 / 525,960 = 2.6618e-8.
    # (p f + s) / s = 23,035; odds of 1 in 10,000 become 2.3037.
    assert odds(ask(1e-4)) == pytest.approx(2.3037, rel=1e-3)


def test_delays_are_those_that_inference_assumes():
    calling = replace(calling_of(RATES, after(-19.5)), transformer=0.0)
    density = float(RATES.call_delay.density(np.array([20.0]))[0])
    single = RATES.single / MINUTES_PER_YEAR
    expected = 1e-4 / (1 - 1e-4) * (RATES.call_share.mean * density + single) / single
    assert odds(ask(1e-4, calling)) == pytest.approx(expected)


def test_the_first_caller_of_a_transformer_and_misfiled_ones_stand_against_it():
    # g = 0.06 / 525,960 * (1 - 0.9^2) / 2 = 1.08373e-8; m f = 1e-4 * 6.1313e-3 = 6.1313e-7.
    # (p f + s) / (s + g + m f) = 6.1316e-4 / 6.5059e-7 = 942.46.
    calling = replace(PLAIN, transformer=0.06, astray=1e-4)
    assert odds(ask(1e-3, calling, customers=2)) == pytest.approx(0.94340, rel=1e-3)


def test_what_is_said_of_the_neighbours_multiplies_the_odds():
    plain = odds(ask(1e-4))
    assert odds(ask(1e-4, said=Said(neighbours_out=True))) == pytest.approx(8 * plain)
    assert odds(ask(1e-4, said=Said(neighbours_out=False))) == pytest.approx(plain / 8)


def test_a_tripped_main_switch_speaks_twenty_times_for_inside_the_home():
    # 0.010 of 0.014 is inside: s becomes (20 * 0.010 + 0.004) / 525,960 = 3.8786e-7.
    # (p f + s) / s = 1581.8.
    assert odds(ask(1e-4, said=Said(tripped=True))) == pytest.approx(0.15820, rel=1e-3)


def test_who_calls_a_day_later_is_explained_as_far_as_the_record_goes():
    late = replace(PLAIN, began_at=NOW - timedelta(days=1))
    assert ask(0.98, late) == pytest.approx(0.98, abs=1e-4)


def test_a_caller_counts_as_often_as_their_kind_calls_and_neighbours_as_theirs():
    # p f = 0.25 * 0.1 * 6.1313e-3 = 1.53283e-4; two neighbours of the kind count for 0.5 together:
    # g = 0.06 / 525,960 * (1 - 0.9^0.5) / 0.5 * 0.25 = 2.9270e-9; s = 2.6618e-8.
    # (p f + s) / (s + g) = 1.53310e-4 / 2.95449e-8 = 5189.0.
    calling = replace(PLAIN, transformer=0.06, by_kind={"industrial": 0.25})
    works = Home(customers=2, kind="industrial", kinds=(("industrial", 2),))
    assert odds(ask(1e-3, calling, home=works)) == pytest.approx(5.1942, rel=1e-3)


def test_of_a_kind_that_calls_like_the_mean_no_bit_is_other():
    home = Home(customers=50, kind="industrial", kinds=(("industrial", 7), ("farm", 3)))
    calling = calling_of(RATES, after(-20))
    assert calling.by_kind == {}
    assert ask(1e-3, calling, home=home) == ask(1e-3, calling)


def test_of_few_silent_customers_more_may_still_call():
    rates = replace(RATES, call_share=Share(points=(0.1, 0.3), open_minded=1.0))
    # After 1,000 minutes all have called who will: weights 0.2 and 0.8, one of two called.
    # 0.2 * 0.1 * 0.9 = 0.018, 0.8 * 0.3 * 0.7 = 0.168: (0.018 * 0.1 + 0.168 * 0.3) / 0.186.
    assert expected_share(rates, 1, 2, 1.0) == pytest.approx(0.28065, rel=1e-3)


def test_the_more_neighbours_are_silent_the_likelier_it_is_inside_the_home():
    calm = calling_of(RATES, NOW)
    # One neighbourless home: 0.010 of 0.010 + 0.004 + 0.06 * 0.1.
    assert inside(calm, Said(), home=Home(customers=1)) == pytest.approx(0.5)
    alone = [inside(calm, Said(), home=Home(customers=n)) for n in (1, 5, 50, 500)]
    assert alone == sorted(alone) and alone[-1] == pytest.approx(10 / 14, abs=0.01)
    assert inside(calm, Said(tripped=True), home=Home(customers=50)) > 0.9


def test_a_second_report_makes_the_transformer_all_but_sure():
    calm = calling_of(RATES, after(-20))
    one, two = (reported(calm, n, home=Home(customers=50), now=NOW) for n in (1, 2))
    # The first: 0.06 * (1 - 0.9^50) / 50 = 0.0011938 against 0.014.
    assert one == pytest.approx(0.0011938 / 0.0151938, rel=1e-3)
    assert two > 0.99


chances = st.floats(0.0, 1.0)
some_callings = st.builds(
    calling_of,
    st.just(RATES),
    st.floats(-1000, 0).map(after),
    share=st.floats(0.001, 0.9),
    astray=st.floats(0.0, 0.1),
    stirring=st.builds(Stirring, devices=st.floats(1, 1e4), singles=st.floats(1, 1e3)),
)
some_said = st.builds(
    Said, neighbours_out=st.sampled_from([None, False, True]), tripped=st.booleans()
)


@given(chances, chances, some_callings, some_said, st.integers(0, 500))
def test_what_reaches_further_explains_no_less(one, other, calling, said, customers):
    less, more = (
        ask(before, calling, said, customers=customers) for before in sorted((one, other))
    )
    assert 0 <= less <= more + 1e-12 <= 1 + 1e-12


@given(chances, some_callings, some_said, st.integers(0, 500), st.floats(1.0, 10.0))
def test_more_callers_and_fewer_other_reasons_never_lower_it(
    before, calling, said, customers, times
):
    now = ask(before, calling, said, customers=customers)
    for changed in (
        replace(calling, share=min(calling.share * times, 1.0)),
        replace(calling, transformer=calling.transformer / times),
        replace(calling, astray=calling.astray / times),
    ):
        assert ask(before, changed, said, customers=customers) >= now - 1e-12


@given(chances, some_callings, st.booleans(), st.integers(0, 500))
def test_neighbours_in_the_dark_never_lower_it_and_with_light_never_raise_it(
    before, calling, tripped, customers
):
    lit, unasked, out = (
        ask(before, calling, Said(neighbours_out=n, tripped=tripped), customers=customers)
        for n in (False, None, True)
    )
    assert lit <= unasked + 1e-12 and unasked <= out + 1e-12


@given(some_callings, st.integers(1, 20), st.integers(1, 500))
def test_a_further_report_never_lowers_it(calling, reports, customers):
    fewer, more = (
        reported(calling, n, home=Home(customers=customers), now=NOW)
        for n in (reports, reports + 1)
    )
    assert fewer <= more + 1e-12


# A head, three laterals with four transformers each, twenty customers on every one.
TREE = tree_of([-1, 0, 0, 0] + [1 + i // 4 for i in range(12)], [0] * 4 + [20] * 12)
FEEDER = Feeder(TREE, RATES)
HOMES = [t for t in TREE.transformers for _ in range(20)]
HOURS = 4


def below(device: int, pre: int) -> bool:
    return bool(FEEDER.pre[device] <= pre < FEEDER.post[device])


def simulated(rng: np.random.Generator, stirring: Stirring) -> list[tuple[float, int, int | None]]:
    """First calls of four hours in which one device opened at least: minute, home, what opened."""
    minutes = HOURS * 60.0
    rate = FEEDER.rate * stirring.devices
    opened = [(60.0, int(rng.choice(rate.size, p=rate / rate.sum())))]
    for device in range(rate.size):
        many = rng.poisson(rate[device] * minutes)
        opened += [(float(at), device) for at in rng.uniform(0, minutes, many)]
    calls: dict[int, tuple[float, int, int | None]] = {}
    dark: dict[int, float] = {}
    for at, device in sorted(opened):
        share = rng.beta(1.2, 10.8)
        for home, place in enumerate(HOMES):
            if home in dark or not below(device, place.pre):
                continue
            dark[home] = at
            if rng.random() < share:
                soon = rng.random() < RATES.call_delay.soon
                delay = rng.gamma(1.5, 9.0) if soon else rng.exponential(60.0)
                calls[home] = (at + delay, home, device)
    single = RATES.single * stirring.singles / MINUTES_PER_YEAR
    for home in range(len(HOMES)):
        failed = rng.exponential(1 / single)
        if failed < min(minutes, dark.get(home, minutes)):
            calls[home] = (failed, home, None)
    return sorted(call for call in calls.values() if call[0] < minutes)


def told(rng: np.random.Generator, stirring: Stirring) -> list[tuple[float, float, bool]]:
    """For each later call: the desk's number, the posterior's, and whether it was so."""
    reports: list[ReportFact] = []
    seen: set[int | None] = set()
    found = []
    for number, (minute, home, device) in enumerate(simulated(rng, stirring)[:25]):
        now, place = after(minute), HOMES[home]
        call = ReportFact(
            ticket_id=TicketId(f"c{number}"),
            transformer_id=place.id,
            usage_point_id=UsagePointId(home + 1),
            received_at=now,
            outage_id=OutageId(number + 1),
        )
        if reports:
            before = FeederEvidence(tree=TREE, reports=tuple(reports))
            desk = desks_number(before, place, stirring, now)
            posterior = posteriors_number(before, call, stirring)
            found.append((desk, posterior, device is not None and device in seen))
        reports.append(call)
        seen.add(device)
    return found


def desks_number(evidence, place, stirring, now) -> float:
    """What the desk says: by the look before the call, and this call."""
    verdict = judge(evidence, RATES, Costs(), now=now, feeder=FEEDER, stirring=stirring)
    row = FEEDER.row
    return max(
        reaches(
            min(sum(p for id_, p in each.calling.devices if below(row[id_], place.pre)), 0.9999),
            each.calling,
            Said(),
            home=Home(customers=place.customers),
            now=now,
        )
        for each in verdict.outages
    )


def posteriors_number(evidence, call, stirring) -> float:
    """What a look with the call says: over the devices, that it opened and explains the call."""
    both = replace(evidence, reports=(*evidence.reports, call))
    now = call.received_at + timedelta(seconds=1)
    gathered, posterior = gather(both, FEEDER, RATES, now, stirring).understood()
    (n,) = (n for n, mine in enumerate(gathered.reports) if mine[0] == call)
    pre = FEEDER.transformer_pre[call.transformer_id]
    return sum(
        float(p) * float(posterior.explains(int(row))[n])
        for row, p in zip(posterior.rows, posterior.topmost, strict=True)
        if below(int(row), pre)
    )


@pytest.mark.parametrize(("factor", "apart"), [(1.0, 0.01), (100.0, 0.06), (3000.0, 0.14)])
def test_the_desk_says_what_a_look_with_this_call_would_say(factor, apart):
    rng = np.random.default_rng(7)
    weather = Stirring(devices=factor, singles=factor)
    found = np.array([each for _ in range(12) for each in told(rng, weather)], dtype=float)
    desk, posterior, so = found.T
    assert found.shape[0] > 15
    assert np.abs(desk - posterior).mean() < apart
    assert np.mean((desk - so) ** 2) < np.mean((posterior - so) ** 2) + 0.02
