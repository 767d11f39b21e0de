"""What closed outages say of faults and callers, in made-up worlds whose truth is known."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.past import Past, PastOutage, PastPart, PlacedDevice
from dispatch.domain.words import DistrictId, OutageId
from dispatch.errors import InvalidInput, TooLittleToLearn
from dispatch.feeder import Feeder
from dispatch.learning.calling import learn_callers, usable
from dispatch.learning.failing import PER_KM, chance_seen, load, stormy_days
from dispatch.learning.kinds import learn_kinds
from dispatch.learning.learn import FEWEST_OUTAGES, Learned, learn, value_in
from dispatch.rates import MINUTES_PER_YEAR, Delay, Rates, Share
from tests.unit.core import evidence
from tests.unit.simulated_past import SINCE, Truth, World, delays

A, B = DistrictId("a"), DistrictId("b")
ASSUMED = Rates()

MANY_SLOW = Truth(
    share=0.25,
    delay=Delay(soon=0.5, scale_min=20.0, late_min=90.0),
    per_km=0.3,
    fuse=0.05,
    transformer=0.02,
    single=0.01,
)
FEW_QUICK = Truth(share=0.04, delay=Delay(scale_min=4.0, late_min=30.0))


def estimate(learned: Learned, what: str, district: str | None = None):
    (found,) = [e for e in learned.estimates if (e.what, e.district_id) == (what, district)]
    return found


@pytest.fixture(scope="module")
def learned_of() -> dict[str, Learned]:
    """Some years in a district, once for each truth."""
    many = World(seed=11, years=4, watched=0.3).add_district("a", MANY_SLOW)
    few = World(seed=12, years=8, watched=0.3).add_district("a", FEW_QUICK)
    return {"many, slow": learn(many.past, ASSUMED), "few, quick": learn(few.past, ASSUMED)}


@pytest.mark.parametrize(
    ("name", "what", "truth", "within"),
    [
        ("many, slow", "call_share", 0.25, 0.15),
        ("many, slow", "delay_quick_min", 20.0, 0.15),
        ("many, slow", "delay_late_min", 90.0, 0.25),
        ("many, slow", "delay_quick_share", 0.5, 0.25),
        ("many, slow", "faults_per_km", 0.3, 0.15),
        ("many, slow", "faults_transformer", 0.02, 0.35),
        ("many, slow", "single_faults", 0.01, 0.1),
        ("many, slow", "false_reports", 0.01, 0.1),
        ("few, quick", "call_share", 0.04, 0.25),
        ("few, quick", "delay_quick_min", 4.0, 0.15),
        ("few, quick", "faults_per_km", 0.1, 0.25),
        ("few, quick", "faults_transformer", 0.06, 0.3),
    ],
)
def test_the_truth_comes_back_from_some_years(learned_of, name, what, truth, within):
    found = estimate(learned_of[name], what)
    assert abs(np.log(found.value / truth)) < np.log(1 + within)
    assert found.low < found.value < found.high


def test_a_little_world_leaves_most_as_assumed():
    world = World(seed=5, years=1, fuses=90).add_district("a", MANY_SLOW)
    learned = learn(world.past, ASSUMED)
    fuse = estimate(learned, "faults_fuse")
    assert fuse.events < 5
    assert fuse.value == pytest.approx(fuse.assumed, rel=0.5)
    assert fuse.low < fuse.assumed < fuse.high


def test_a_district_with_few_outages_stays_near_its_company():
    world = World(seed=3, years=4, watched=0.3).add_district("a", MANY_SLOW)
    world.add_district("b", FEW_QUICK, fuses=1)
    learned = learn(world.past, ASSUMED)
    share, delay = (estimate(learned, what, B) for what in ("call_share", "delay_quick_min"))
    company = learned.of(None)
    assert abs(np.log(share.value / company.call_share.mean)) < 0.35
    assert abs(np.log(delay.value / company.call_delay.scale_min)) < 0.35
    assert share.high - share.low > 2 * (
        estimate(learned, "call_share", A).high - estimate(learned, "call_share", A).low
    )


def test_a_district_with_many_outages_goes_its_own_way():
    world = World(seed=3, years=4, watched=0.3).add_district("a", MANY_SLOW)
    world.add_district("b", FEW_QUICK)
    learned = learn(world.past, ASSUMED)
    assert learned.of(A).call_share.mean == pytest.approx(0.25, rel=0.15)
    assert learned.of(B).call_share.mean == pytest.approx(0.04, rel=0.35)
    assert learned.of(A).call_delay.scale_min > 2.5 * learned.of(B).call_delay.scale_min
    assert learned.of(B).per_device["transformer"] > learned.of(A).per_device["transformer"]
    assert learned.of(DistrictId("elsewhere")) == learned.company


def hamlets(years: float = 20.0) -> World:
    """Transformers with few customers, of whom few call: most outages are never heard of."""
    world = World(seed=4, years=years, fuses=60, customers=6, watched=0.0)
    return world.add_district("a", Truth(share=0.05))


def test_outages_that_nobody_called_for_do_not_raise_the_share_of_callers():
    world = hamlets()
    seen = usable(world.outages)
    callers = sum(len(part.called_at) for o in seen for part in o.parts)
    customers = sum(part.customers for o in seen for part in o.parts)
    found = estimate(learn(world.past, ASSUMED), "call_share")
    assert len(seen) < 0.6 * world.happened
    assert callers / customers > 0.07, "the plain share is far too high"
    assert found.value == pytest.approx(0.05, rel=0.25)


def test_outages_that_nobody_called_for_do_not_lower_fault_rates():
    world = hamlets()
    transformers = [d for d in world.devices if d.kind == "transformer"]
    seen = sum(o.kind == "transformer" for o in world.outages)
    found = estimate(learn(world.past, ASSUMED), "faults_transformer")
    assert seen / (len(transformers) * world.years) < 0.03, "the plain rate is less than half"
    assert found.value == pytest.approx(0.06, rel=0.3)


@pytest.mark.parametrize("watched", [0.0, 1.0])
def test_delays_are_found_whether_beginnings_are_known_or_not(watched: float):
    truth = Truth(delay=Delay(soon=0.7, scale_min=18.0, late_min=60.0))
    world = World(seed=8, years=6, watched=watched).add_district("a", truth)
    found = learn_callers(usable(world.outages), [A], Share(), Delay())
    assert found.delay.scale_min == pytest.approx(18.0, rel=0.15)


def test_a_storm_is_left_out_of_the_fault_rates_of_the_calm():
    calm = World(seed=6, years=3).add_district("a", Truth())
    stormy = World(seed=6, years=3).add_district("a", Truth())
    transformers = sorted(
        (d for d in stormy.devices if d.kind == "transformer"), key=lambda d: -d.customers
    )
    for n in range(30):
        began = SINCE + timedelta(days=200, minutes=10 * n)
        stormy.outage(transformers[n], Truth(), began)
    assert stormy_days(calm.past) == set()
    assert stormy_days(stormy.past) == {(A, 200)}
    before, after = learn(calm.past, ASSUMED), learn(stormy.past, ASSUMED)
    assert after.storm_outages >= 25
    assert estimate(after, "faults_transformer").value == pytest.approx(
        estimate(before, "faults_transformer").value, rel=0.1
    )


def test_what_inference_makes_of_rates_is_what_learning_takes_apart():
    tree = evidence("[F1] -B:cb1- a -250- b(T1:12) -F:k1- c(T2:3) -800- d(T3:2)", "").tree
    devices = [
        PlacedDevice(
            id=d.id, kind=d.kind, district_id=A, parent_id=d.parent_id, km=d.length_m / 1000
        )
        for d in tree.devices
    ]
    causes = (*sorted({d.kind for d in devices}), PER_KM)
    rates = [value_in(ASSUMED, f"faults_{c}" if c != PER_KM else "faults_per_km") for c in causes]
    a_year = Feeder(tree, ASSUMED).rate * MINUTES_PER_YEAR
    assert load(devices, causes, ASSUMED.clears_above) @ rates == pytest.approx(a_year)


@given(st.integers(0, 5000), st.integers(0, 5000), st.floats(0.01, 0.5))
def test_the_more_customers_the_surer_an_outage_is_seen(few: int, more: int, share: float):
    few, more = sorted((few, more))
    shares = {A: Share(mean=share)}
    devices = [
        PlacedDevice(id=str(n), kind="fuse", district_id=A, customers=n) for n in (few, more)
    ]
    seen = chance_seen(devices, shares, Share())
    assert 0 < seen[0] <= seen[1] <= 1
    watched = [replace(d, watched=True) for d in devices]
    assert chance_seen(watched, shares, Share()).tolist() == [1.0, 1.0]


def test_a_company_without_a_feeder_model_learns_of_its_callers():
    world = World(seed=2, years=3, watched=0.0).add_district("a", MANY_SLOW)
    learned = learn(replace(world.past, devices=()), ASSUMED)
    assert learned.of(A).call_share.mean == pytest.approx(0.25, rel=0.2)
    assert learned.of(A).per_device == ASSUMED.per_device
    assert learned.of(A).per_km == pytest.approx(ASSUMED.per_km)
    assert all(np.isfinite([e.low, e.value, e.high]).all() for e in learned.estimates)


def test_too_few_outages_are_refused_in_one_sentence():
    world = World(seed=1, years=1, fuses=3).add_district("a", Truth())
    with pytest.raises(TooLittleToLearn, match=f"at least {FEWEST_OUTAGES} are needed"):
        learn(world.past, ASSUMED)


def test_an_empty_record_is_refused():
    nothing = Past(since=SINCE, until=SINCE + timedelta(days=1))
    with pytest.raises(TooLittleToLearn, match="0 closed outages"):
        learn(nothing, ASSUMED)


@given(
    st.builds(
        Rates,
        per_km=st.floats(0.001, 5),
        per_device=st.dictionaries(st.sampled_from(["fuse", "breaker"]), st.floats(0.001, 1)),
        call_share=st.builds(Share, mean=st.floats(0.01, 0.9)),
        call_delay=st.builds(Delay, soon=st.floats(0.01, 0.99), late_min=st.floats(1, 500)),
    )
)
def test_rates_come_back_from_plain_values_as_they_were(rates: Rates):
    assert Rates.from_dict(rates.to_dict()) == rates


def test_a_rate_that_does_not_exist_is_refused():
    with pytest.raises(InvalidInput, match="per_mile"):
        Rates.from_dict({"per_mile": 0.1})


def outages_of(
    seed: int, count: int, homes: dict[str | None, int], times: dict[str | None, float]
) -> list[PastOutage]:
    """Closed outages of so many customers of each kind, who call so many times the usual share."""
    rng, found = np.random.default_rng(seed), list[PastOutage]()
    everybody = [kind for kind, many in homes.items() for _ in range(many)]
    while len(found) < count:
        share, lasted = rng.beta(1.2, 10.8), rng.uniform(40, 200)
        calls = [
            (float(at), kind)
            for kind, at in zip(everybody, delays(rng, Delay(), len(everybody)), strict=True)
            if rng.random() < min(1.0, share * times.get(kind, 1.0)) and at < lasted
        ]
        if not calls:
            continue
        calls.sort(key=lambda call: call[0])
        began = SINCE + timedelta(days=len(found) / 10)
        lit = began + timedelta(minutes=lasted)
        part = PastPart(
            customers=len(everybody),
            lit_at=lit,
            called_at=tuple(began + timedelta(minutes=at) for at, _ in calls),
            called_kinds=tuple(kind for _, kind in calls),
            kinds=tuple((kind, many) for kind, many in homes.items() if kind is not None),
        )
        found.append(
            PastOutage(
                id=OutageId(len(found) + 1),
                district_id=A,
                kind="fuse",
                opened_at=part.called_at[0],
                restored_at=lit,
                parts=(part,),
            )
        )
    return found


TOWN: dict[str | None, int] = {
    "residential": 60,
    "commercial": 15,
    "industrial": 5,
    "farm": 10,
    None: 20,
}
TIMES: dict[str | None, float] = {
    "residential": 1.2,
    "commercial": 0.8,
    "industrial": 0.3,
    "farm": 0.5,
}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_how_often_kinds_call_comes_back_from_many_outages_of_any_share(seed: int):
    found = learn_kinds(outages_of(seed, 600, TOWN, TIMES))
    mean = sum(TIMES[kind] * TOWN[kind] for kind in TIMES) / sum(TOWN[kind] for kind in TIMES)
    for kind, times in TIMES.items():
        assert found[kind].factor == pytest.approx(times / mean, rel=0.2)


def test_the_interval_of_how_often_a_kind_calls_holds_the_truth_nine_times_in_ten():
    mean = sum(TIMES[kind] * TOWN[kind] for kind in TIMES) / sum(TOWN[kind] for kind in TIMES)
    held = []
    for seed in range(15):
        found = learn_kinds(outages_of(seed, 150, TOWN, TIMES))
        held += [
            abs(np.log(found[kind].factor * mean / times)) < 1.645 * found[kind].log_sd
            for kind, times in TIMES.items()
        ]
    assert 0.75 < np.mean(held) <= 1.0


@pytest.mark.parametrize(("times", "seed", "calls"), [(0.0, 6, 0), (1.0, 5, 1), (5.0, 7, 4)])
def test_a_kind_of_three_customers_stays_near_the_mean(times: float, seed: int, calls: int):
    """They were out three times, in which none called, one, or four of nine."""
    usual = outages_of(4, 40, {"residential": 60, "commercial": 40}, {})
    few = outages_of(seed, 3, {"residential": 30, "farm": 3}, {"farm": times})
    found = learn_kinds([*usual, *few])["farm"]
    assert found.calls == calls
    assert 0.7 < found.factor < 1.7


def test_where_nobodys_kind_is_known_nothing_is_learned_of_kinds():
    assert learn_kinds(outages_of(1, 30, {None: 50}, {})) == {}
    assert learn_kinds(outages_of(1, 30, {"residential": 50}, {})) == {}


def test_how_often_kinds_call_is_in_the_rates_of_the_company_and_of_each_district():
    past = World(seed=3, years=2).add_district("a", Truth()).past
    past = replace(past, outages=(*past.outages, *outages_of(2, 300, TOWN, TIMES)))
    learned = learn(past, ASSUMED)
    told = estimate(learned, "calls_industrial")
    assert told.value < 0.5 and told.assumed == 1.0 and told.low < told.value < told.high
    for rates in (learned.company, learned.of(A)):
        assert rates.calls_of("industrial") == told.value
        assert rates.calls_of("public") == rates.calls_of(None) == 1.0
        assert value_in(rates, "calls_industrial") == told.value
