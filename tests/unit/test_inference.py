"""The posterior against an oracle that enumerates every set of open devices, one by one."""

from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.facts import DeviceNode, FeederTree, TransformerNode
from dispatch.inference import (
    NO_SIGNALS,
    Feeder,
    Signals,
    States,
    Told,
    beginnings,
    combine,
    explained_by,
    weigh,
)
from dispatch.rates import MINUTES_PER_YEAR, Rates

RATES = Rates()
SINGLE = RATES.single / MINUTES_PER_YEAR


def tree_of(parents: list[int], customers: list[int]) -> FeederTree:
    """A tree drawn by its parents (each before its children); leaves are transformers."""
    children: dict[int, list[int]] = {}
    for child, parent in enumerate(parents[1:], start=1):
        children.setdefault(parent, []).append(child)
    devices: list[DeviceNode] = []
    transformers: list[TransformerNode] = []

    def visit(node: int, parent_id: str | None) -> None:
        pre, leaf = len(devices), node not in children
        devices.append(
            DeviceNode(
                id=f"d{node}",
                kind="transformer" if leaf else "fuse",
                name=f"d{node}",
                parent_id=parent_id,
                pre=pre,
                post=pre + 1,
                lon=None,
                lat=None,
                length_m=500.0,
            )
        )
        if leaf:
            place = TransformerNode(
                id=f"t{node}",
                name=f"t{node}",
                device_id=f"d{node}",
                pre=pre,
                lon=0.0,
                lat=0.0,
                customers=customers[node],
            )
            transformers.append(place)
        for child in children.get(node, []):
            visit(child, f"d{node}")
        devices[pre] = replace(devices[pre], post=len(devices))

    visit(0, None)
    return FeederTree(feeder_id="F", devices=tuple(devices), transformers=tuple(transformers))


@st.composite
def trees(draw: st.DrawFn) -> FeederTree:
    size = draw(st.integers(3, 9))
    parents = [-1] + [draw(st.integers(0, i - 1)) for i in range(1, size)]
    return tree_of(parents, [draw(st.integers(1, 30)) for _ in range(size)])


@st.composite
def cases(draw: st.DrawFn) -> tuple[FeederTree, Signals]:
    tree = draw(trees())
    places = [t.pre for t in tree.transformers]
    count = draw(st.integers(1, 5))
    report, pre, weight = [], [], []
    for n in range(count):
        here = draw(st.lists(st.sampled_from(places), min_size=1, max_size=2, unique=True))
        for place in here:
            report.append(n)
            pre.append(place)
            weight.append(1 / len(here))
    at = np.array([-draw(st.floats(0.5, 90.0)) for _ in range(count)])
    rows = np.array(report)
    return tree, signals(rows, np.array(pre), np.array(weight), at[rows])


def signals(report, pre, weight, at) -> Signals:
    return Signals(report, pre, weight, at, np.full(len(report), 1 / SINGLE))


def calls(feeder: Feeder, *where: tuple[str, float]) -> Signals:
    pre = np.array([feeder.transformer_pre[t] for t, _ in where], dtype=np.intp)
    at = np.array([-minutes for _, minutes in where], dtype=float)
    return signals(np.arange(len(where)), pre, np.ones(len(where)), at)


def oracle(feeder: Feeder, log_r: dict[int, float]) -> tuple[np.ndarray, frozenset[int]]:
    """Marginals and the best set, by going through every set in which nobody is below another."""
    rows = sorted(log_r)
    total, marginal, best = 0.0, np.zeros(len(feeder.devices)), (0.0, frozenset())
    for size in range(len(rows) + 1):
        for chosen in combinations(rows, size):
            nested = any(
                feeder.pre[a] < feeder.post[b] and feeder.pre[b] < feeder.post[a]
                for a, b in combinations(chosen, 2)
            )
            if nested:
                continue
            log = sum(log_r[row] for row in chosen)
            total += np.exp(log)
            marginal[list(chosen)] += np.exp(log)
            best = max(best, (log, frozenset(chosen)), key=lambda each: each[0])
    return marginal / total, best[1]


def slow_log_r(feeder: Feeder, row: int, heard: Signals, begins, width) -> float:
    """R(d) of one device written out as the sum that it is."""
    shares, prior = RATES.call_share.table()
    delay = RATES.call_delay
    inside = (feeder.pre[row] <= heard.pre) & (heard.pre < feeder.post[row])
    total = 0.0
    for begin, minutes in zip(begins, width, strict=True):
        for share, mass in zip(shares, prior, strict=True):
            product, callers = 1.0, 0.0
            for n in range(heard.count):
                mine = heard.report == n
                below = heard.weight[mine & inside].sum()
                density = delay.density(heard.at[mine][:1] - begin)[0]
                product *= (1 + share * density / SINGLE) ** below
                callers += below
            silent = max(feeder.customers[row] - callers, 0.0)
            called = delay.distribution(np.array([-begin]))[0]
            total += (
                mass
                * minutes
                * np.exp(begin / (RATES.over_after_h * 60))
                * product
                * (1 - min(called * share, 0.999)) ** silent
            )
    return float(np.log(feeder.rate[row] * total))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_marginals_and_the_best_set_are_those_of_the_enumeration(case):
    tree, heard = case
    feeder = Feeder(tree, RATES)
    hypotheses = weigh(feeder, RATES, heard)
    posterior = combine(hypotheses)
    by_row = dict(zip(hypotheses.rows.tolist(), hypotheses.log_r.tolist(), strict=True))
    marginal, best = oracle(feeder, by_row)
    ours = [posterior.probability(row) for row in range(len(feeder.devices))]
    np.testing.assert_allclose(ours, marginal, atol=1e-9)
    assert sum(by_row[row] for row in posterior.best()) >= sum(by_row[r] for r in best) - 1e-9


@settings(max_examples=40, deadline=None)
@given(cases())
def test_the_odds_of_each_device_are_the_sum_written_out(case):
    tree, heard = case
    feeder = Feeder(tree, RATES)
    hypotheses = weigh(feeder, RATES, heard)
    begins, width = beginnings(heard, NO_SIGNALS, Told.nothing(feeder))
    for row, log_r in zip(hypotheses.rows.tolist(), hypotheses.log_r.tolist(), strict=True):
        assert abs(slow_log_r(feeder, row, heard, begins, width) - log_r) < 1e-6


LATERAL = tree_of([-1, 0, 0, 1, 1, 2, 2], [0, 0, 0, 20, 20, 20, 20])


def probabilities(posterior, feeder):
    return {d.id: posterior.probability(i) for i, d in enumerate(feeder.devices)}


def test_silence_speaks_against_the_device_above():
    feeder = Feeder(LATERAL, RATES)
    soon = combine(weigh(feeder, RATES, calls(feeder, ("t3", 1), ("t4", 0.5))))
    later = combine(weigh(feeder, RATES, calls(feeder, ("t3", 61), ("t4", 60.5))))
    assert probabilities(later, feeder)["d0"] < probabilities(soon, feeder)["d0"]


def test_calls_from_two_branches_are_the_device_above_both():
    feeder = Feeder(LATERAL, RATES)
    posterior = combine(weigh(feeder, RATES, calls(feeder, ("t3", 6), ("t4", 4), ("t5", 1))))
    assert [feeder.devices[row].id for row in posterior.best()] == ["d0"]


def test_a_place_seen_lit_speaks_against_every_device_above_it():
    feeder = Feeder(LATERAL, RATES)
    heard = calls(feeder, ("t3", 6), ("t4", 4), ("t5", 5))
    lit = States(
        np.array([feeder.transformer_pre["t6"]]), np.array([-1.0]), np.array([-6.0]), np.array([0])
    )
    free = probabilities(combine(weigh(feeder, RATES, heard)), feeder)
    seen = probabilities(combine(weigh(feeder, RATES, heard, states=lit)), feeder)
    assert seen["d0"] < free["d0"] and seen["d1"] > free["d1"]


def test_a_device_seen_closed_did_not_open_before():
    feeder = Feeder(LATERAL, RATES)
    heard = calls(feeder, ("t3", 10), ("t4", 8))
    told = Told.nothing(feeder)
    told.device_from[feeder.row["d1"]] = 0.0
    posterior = combine(weigh(feeder, RATES, heard, told=told))
    assert probabilities(posterior, feeder)["d1"] < 0.01


def test_a_device_seen_open_is_open_without_a_single_call():
    feeder = Feeder(LATERAL, RATES)
    told = Told.nothing(feeder)
    told.device_open[feeder.row["d1"]] = -1.0
    nothing = calls(feeder)
    posterior = combine(weigh(feeder, RATES, nothing, told=told))
    assert [feeder.devices[row].id for row in posterior.best()] == ["d1"]


def test_last_gasps_of_one_branch_name_that_branch():
    feeder = Feeder(LATERAL, RATES)
    pre = np.array([feeder.transformer_pre["t3"]] * 4 + [feeder.transformer_pre["t4"]] * 4)
    false = RATES.false_gasps / MINUTES_PER_YEAR
    gasps = Signals(
        np.arange(8), pre, np.ones(8), np.linspace(-3.0, -2.8, 8), np.full(8, 1 / false)
    )
    posterior = combine(weigh(feeder, RATES, calls(feeder, ("t3", 1)), gasps=gasps))
    assert probabilities(posterior, feeder)["d1"] > 0.95


def test_a_report_from_before_the_outage_is_not_explained_by_it():
    feeder = Feeder(LATERAL, RATES)
    where = (
        [("t3", 200.0)] + [("t3", 9.0 - i) for i in range(4)] + [("t4", 8.5 - i) for i in range(4)]
    )
    hypotheses = weigh(feeder, RATES, calls(feeder, *where))
    explains = explained_by(hypotheses, feeder.row["d1"])
    assert explains[0] < 0.1 and (explains[1:] > 0.95).all()
