"""The posterior against an oracle that enumerates every set of open devices, one by one."""

import tracemalloc
from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.domain.facts import DeviceNode, FeederTree, TransformerNode
from dispatch.feeder import Feeder
from dispatch.inference import Posterior, combine
from dispatch.rates import HARDLY_ANY, MINUTES_PER_YEAR, Rates, Share
from dispatch.signals import NO_SIGNALS, NO_STATES, Relit, Signals, States, Told
from dispatch.weighing import Hypotheses, weigh

SINGLE = Rates().single / MINUTES_PER_YEAR


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


def signals(report, pre, weight, at) -> Signals:
    return Signals(report, pre, weight, at, np.full(len(report), 1 / SINGLE), np.ones(len(report)))


def calls(feeder: Feeder, *where: tuple[str, float]) -> Signals:
    pre = np.array([feeder.transformer_pre[t] for t, _ in where], dtype=np.intp)
    at = np.array([-minutes for _, minutes in where], dtype=float)
    return signals(np.arange(len(where)), pre, np.ones(len(where)), at)


def enumerated(
    feeder: Feeder,
    rows,
    heard: Signals,
    told: Told,
    grid,
    *,
    rates=None,
    least=0.0,
    gasps=NO_SIGNALS,
    states=NO_STATES,
) -> np.ndarray:
    """Chances of each device being topmost, by going through every way they may have opened.

    Counted is a device of whose customers more than a share `least` call.
    """
    begins, _ = grid
    rates = rates or RATES
    pairs = share_pairs(rates, gasps)
    ways = [None, *product(range(begins.size), range(len(pairs)))]
    total, topmost = 0.0, np.zeros(len(feeder.devices))
    for opened in product(ways, repeat=len(rows)):
        chosen = dict(zip(rows, opened, strict=True))
        odds = way_odds(feeder, heard, told, chosen, grid, rates, gasps=gasps, states=states)
        open_ = [row for row, way in chosen.items() if way is not None]
        top = [
            row
            for row in open_
            if not any(feeder.pre[a] < feeder.pre[row] < feeder.post[a] for a in open_)
        ]
        topmost[[row for row in top if pairs[chosen[row][1]][0] > least]] += odds
        total += odds
    return topmost / total


def share_pairs(rates: Rates, gasps: Signals) -> list[tuple[float, float, float]]:
    """Shares of callers and of gasping meters, and how probable each pair is."""
    with_meters = gasps.count > 0
    call, weight = rates.call_share.table(coarse=with_meters)
    if not with_meters:
        return [(p, 0.0, w) for p, w in zip(call, weight, strict=True)]
    gasp, mass = rates.gasp_share.table(coarse=True)
    return [
        (p, g, w * m)
        for p, w in zip(call, weight, strict=True)
        for g, m in zip(gasp, mass, strict=True)
    ]


def darkness(feeder: Feeder, chosen, pre: int):
    """The first device above a place that opened, and how; (-1, None) where it is lit."""
    above = [
        (way[0], row, way)
        for row, way in chosen.items()
        if way is not None and feeder.pre[row] <= pre < feeder.post[row]
    ]
    if not above:
        return -1, None
    _, row, way = min(above)
    return row, way


def way_odds(
    feeder: Feeder,
    heard: Signals,
    told: Told,
    chosen,
    grid,
    rates: Rates,
    *,
    gasps=NO_SIGNALS,
    states=NO_STATES,
) -> float:
    """Prior and likelihood of one way, against nothing having happened."""
    begins, width = grid
    pairs = share_pairs(rates, gasps)
    log = sum(
        opening_odds(feeder, told, row, begins[way[0]], width[way[0]], rates)
        + np.log(pairs[way[1]][2])
        for row, way in chosen.items()
        if way is not None
    )
    for transformer in feeder.tree.transformers:
        _, way = darkness(feeder, chosen, transformer.pre)
        if way is None:
            continue
        begun, (share, gasping, _) = (begins[way[0]], width[way[0]]), pairs[way[1]]
        where, count = (told, transformer.pre, begun), float(transformer.customers)
        more = sum(n * (rates.calls_by_kind[kind] - 1) for kind, n in transformer.kinds)
        log += place_odds(*where, heard, rates.call_delay.reached, who=(share, count + more))
        log += place_odds(*where, gasps, rates.gasp_delay.reached, who=(gasping, count))
    for pre, at, odds in looked_at(feeder, states):
        _, way = darkness(feeder, chosen, pre)
        if way is not None and begins[way[0]] <= at:
            log += odds
    return float(np.exp(log))


def opening_odds(feeder: Feeder, told: Told, row: int, begin, width, rates: Rates) -> float:
    """Prior of a device opening then, with what was seen of it: closed after that, or open."""
    if told.shut[row]:
        return -np.inf
    log = np.log(feeder.rate[row] * width) + begin / (rates.over_after_h * 60)
    if begin <= told.device_from[row]:
        log += np.log(rates.sighted_closed)
    seen = told.device_open[row]
    earliest = -np.inf if told.told_late[row] else seen - 1.0
    if not np.isnan(seen) and earliest < begin < seen + 1:
        log += np.log(rates.sighted)
    return float(log)


def place_odds(told: Told, pre: int, begun, heard: Signals, reached, *, who) -> float:
    """What is heard and not heard of one dark place: the share that signals, and of how many."""
    (begin, width), (share, could) = begun, who
    mine = np.flatnonzero((heard.pre == pre) & (heard.odds > 0))
    lost, relit = relit_at(told, pre)
    unnoticed = (begin < relit) & (relit < heard.at[mine])
    since = heard.at[mine] - np.where(unnoticed, relit, begin)
    half = np.where(unnoticed, 1.0, width) / 2
    density = (reached(since + half) - reached(since - half)) / (2 * half)
    log = heard.weight[mine] @ np.log1p(share * density * heard.odds[mine])
    known = dict(zip(told.dark_pre.tolist(), told.dark_since.tolist(), strict=True))
    until = known.get(pre, 0.0)
    before = reached(np.array([lost - begin]))[0] if begin < lost else 0.0
    sent = max(before, reached(np.array([until - max(begin, relit)]))[0])
    silent = max(could - heard.weight[mine] @ heard.counts_for[mine], 0.0)
    return float(log + silent * np.log1p(-min(sent * share, 0.999)))


def looked_at(feeder: Feeder, states: States) -> list[tuple[int, float, float]]:
    """Places seen dark or lit: place, minute and log odds; a statement's is above all its places.

    That is the place of the lowest device that holds all of them.
    """
    rows = zip(states.pre, states.at, states.odds, states.statement, strict=True)
    seen = [(int(pre), at, odds) for pre, at, odds, statement in rows if statement < 0]
    for statement in range(states.statement.max(initial=-1) + 1):
        mine = states.statement == statement
        low, high = states.pre[mine].min(), states.pre[mine].max()
        holds = np.flatnonzero((feeder.pre <= low) & (high < feeder.post))
        seen.append((int(feeder.pre[holds[-1]]), states.at[mine][0], states.odds[mine][0]))
    return seen


def relit_at(told: Told, pre: int) -> tuple[float, float]:
    """When a place lost supply to a known outage that is over, and got it back."""
    found = np.flatnonzero(told.relit.pre == pre)
    if not found.size:
        return -np.inf, -np.inf
    return float(told.relit.lost[found[0]]), float(told.relit.at[found[0]])


FEW = Share(mean=0.1, concentration=12.0, open_minded=0.1, points=(0.05, 0.4))
RATES = replace(Rates(), call_share=FEW)

MOMENTS = replace(RATES, call_share=Share(points=(0.2,), hardly_any=0.3))
"""Many devices are open for a moment only."""


def relit_of(transformers, lost: float, at: float) -> Relit:
    """These places were dark for a known outage that is over."""
    return Relit(
        np.array([t.pre for t in transformers], dtype=np.intp),
        np.array([float(t.customers) for t in transformers]),
        np.array([float(t.customers) for t in transformers]),
        np.full(len(transformers), lost),
        np.full(len(transformers), at),
    )


@st.composite
def small_cases(draw: st.DrawFn, most: int = 4) -> tuple[FeederTree, Signals, Told]:
    """Trees of few devices, reports at two times: few enough beginnings to go through."""
    size = draw(st.integers(2, most))
    parents = [-1] + [draw(st.integers(0, i - 1)) for i in range(1, size)]
    tree = tree_of(parents, [draw(st.integers(1, 30)) for _ in range(size)])
    feeder = Feeder(tree, RATES)
    places = [t.pre for t in tree.transformers]
    first = draw(st.floats(5.0, 90.0))
    later = draw(st.floats(0.5, 4.5))
    report, pre, weight, at = [], [], [], []
    for n in range(draw(st.integers(1, 4))):
        here = draw(st.lists(st.sampled_from(places), min_size=1, max_size=2, unique=True))
        when = draw(st.sampled_from((first, later)))
        for place in here:
            report.append(n)
            pre.append(place)
            weight.append(1 / len(here))
            at.append(-when)
    heard = signals(np.array(report), np.array(pre), np.array(weight), np.array(at))
    told = Told.nothing(feeder)
    if draw(st.booleans()):
        known = draw(st.sampled_from(tree.transformers))
        since = -draw(st.floats(0.2, 60.0))
        told = replace(
            told,
            dark_pre=np.array([known.pre]),
            dark_customers=np.array([float(known.customers)]),
            dark_callers=np.array([float(known.customers)]),
            dark_since=np.array([since]),
        )
        silenced = (heard.pre == known.pre) & (heard.at > since)
        heard = replace(heard, odds=np.where(silenced, 0.0, heard.odds))
    lit = [t for t in tree.transformers if t.pre not in told.dark_pre and draw(st.booleans())]
    relit = -draw(st.floats(0.5, 80.0))
    lost = relit - draw(st.floats(1.0, 60.0))
    told = replace(told, relit=relit_of(lit, lost, relit))
    silenced = np.isin(heard.pre, told.relit.pre) & (lost <= heard.at) & (heard.at <= relit)
    heard = replace(heard, odds=np.where(silenced, 0.0, heard.odds))
    return tree, heard, told


@settings(max_examples=40, deadline=None)
@given(small_cases())
def test_the_marginals_are_those_of_going_through_every_way(case):
    tree, heard, told = case
    feeder = Feeder(tree, RATES)
    grid = (np.array([-95.0, -8.0, -0.3]), np.array([20.0, 4.0, 0.5]))
    posterior = combine(weigh(feeder, RATES, heard, told=told, grid=grid)).lit_above()
    rows = posterior.rows.tolist()
    ours = [posterior.probability(row) for row in rows]
    np.testing.assert_allclose(ours, enumerated(feeder, rows, heard, told, grid)[rows], rtol=1e-6)


KINDS = ("residential", "industrial")
FULL = replace(
    RATES,
    call_share=replace(FEW, coarse_points=(0.05, 0.4)),
    gasp_share=replace(RATES.gasp_share, coarse_points=(0.1, 0.6)),
    sighted=1e3,
)


@st.composite
def full_cases(draw: st.DrawFn):
    """Such trees with customers of all kinds, last gasps, pings, restorations, devices seen."""
    tree, heard, told = draw(small_cases(most=3))
    factors = {kind: draw(st.floats(0.2, 4.0)) for kind in KINDS}
    rates = replace(FULL, calls_by_kind=factors)
    placed = []
    for t in tree.transformers:
        homes = draw(st.integers(0, t.customers))
        works = draw(st.integers(0, t.customers - homes))
        kinds = tuple(zip(KINDS, (homes, works), strict=True))
        placed.append(replace(t, kinds=kinds))
    tree = replace(tree, transformers=tuple(placed))
    feeder = Feeder(tree, rates)
    each = np.array([draw(st.sampled_from((1.0, *factors.values()))) for _ in range(heard.count)])
    counts = each[heard.report]
    heard = replace(heard, odds=heard.odds * counts, counts_for=counts)
    callers = {t.pre: feeder.callers_of[t.id] for t in tree.transformers}
    relit = replace(told.relit, callers=np.array([callers[pre] for pre in told.relit.pre]))
    dark = np.array([callers[pre] for pre in told.dark_pre])
    told = replace(told, dark_callers=dark, relit=relit)
    for row in range(len(feeder.devices)):
        told.device_from[row] = draw(st.sampled_from((-np.inf, -np.inf, -90.0, -5.0)))
        told.device_open[row] = draw(st.sampled_from((np.nan, np.nan, -95.2, -8.0, -1.0)))
        told.told_late[row] = draw(st.booleans())
        told.shut[row] = draw(st.sampled_from((False, False, False, True)))
    return rates, tree, heard, told, draw(some_gasps(tree, told)), draw(some_states(tree))


@st.composite
def some_gasps(draw: st.DrawFn, tree: FeederTree, told: Told) -> Signals:
    """Up to three last gasps; who is dark for a known outage gasps for no other."""
    places = [t.pre for t in tree.transformers]
    pre = np.array(draw(st.lists(st.sampled_from(places), max_size=3)), dtype=np.intp)
    at = np.array([-draw(st.sampled_from((94.5, 7.9, 7.0))) for _ in pre], dtype=float)
    since = dict(zip(told.dark_pre.tolist(), told.dark_since.tolist(), strict=True))
    tells = np.array([t < since.get(p, np.inf) for p, t in zip(pre.tolist(), at, strict=True)])
    odds = np.full(pre.size, MINUTES_PER_YEAR / FULL.false_gasps) * tells.astype(float)
    return Signals(np.arange(pre.size), pre, np.ones(pre.size), at, odds, np.ones(pre.size))


@st.composite
def some_states(draw: st.DrawFn, tree: FeederTree) -> States:
    """Answers to pings, each for itself, and perhaps a restoration of several places at once."""
    places = [t.pre for t in tree.transformers]
    minutes, odds = st.sampled_from((-50.0, -8.0, -0.2)), st.sampled_from((-3.9, 3.9))
    rows = [
        (draw(st.sampled_from(places)), draw(minutes), draw(odds), -1)
        for _ in range(draw(st.integers(0, 3)))
    ]
    lit, at = draw(st.lists(st.sampled_from(places), unique=True)), draw(minutes)
    rows += [(pre, at, -3.9, 0) for pre in lit]
    pre, when, says, statement = zip(*rows, strict=True) if rows else ((),) * 4
    return States(
        np.array(pre, dtype=np.intp),
        np.array(when, dtype=float),
        np.array(says, dtype=float),
        np.array(statement, dtype=np.intp),
    )


@settings(max_examples=40, deadline=None)
@given(full_cases())
def test_kinds_meters_and_what_was_seen_are_those_of_going_through_every_way(case):
    rates, tree, heard, told, gasps, states = case
    feeder = Feeder(tree, rates)
    grid = (np.array([-95.0, -8.0]), np.array([20.0, 4.0]))
    weighed = weigh(feeder, rates, heard, gasps=gasps, states=states, told=told, grid=grid)
    posterior = combine(weighed).lit_above()
    rows = posterior.rows.tolist()
    ours = [posterior.probability(row) for row in rows]
    said = gasps.telling
    every = enumerated(feeder, rows, heard, told, grid, rates=rates, gasps=said, states=states)
    np.testing.assert_allclose(ours, every[rows], rtol=1e-6, atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(small_cases())
def test_what_is_still_open_is_that_of_going_through_every_way_but_moments(case):
    tree, heard, told = case
    feeder = Feeder(tree, MOMENTS)
    grid = (np.array([-95.0, -8.0]), np.array([20.0, 4.0]))
    posterior = combine(weigh(feeder, MOMENTS, heard, told=told, grid=grid)).lit_above()
    rows = posterior.rows.tolist()
    ours = [posterior.probability(row) * posterior.lasts(row) for row in rows]
    least = max(HARDLY_ANY)
    every = enumerated(feeder, rows, heard, told, grid, rates=MOMENTS, least=least)
    np.testing.assert_allclose(ours, every[rows], rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(small_cases(), st.sampled_from((RATES, MOMENTS)), st.integers(0, 1000))
def test_what_is_told_of_one_way_down_is_never_more_than_certain(case, rates, reports):
    tree, heard, told = case
    posterior = combine(weigh(Feeder(tree, rates), rates, heard, told=told)).lit_above()
    chances = {
        int(row): p * posterior.lasts(int(row))
        for row, p in zip(posterior.rows, posterior.told(reports), strict=True)
    }
    for transformer in tree.transformers:
        path = Feeder(tree, rates).path(transformer.pre)
        assert -1e-9 <= sum(chances.get(row, 0.0) for row in path) <= 1 + 1e-9


@settings(max_examples=40, deadline=None)
@given(small_cases(), st.integers(1, 1000))
def test_the_head_is_told_less_surely_than_it_is_held_on_the_same_side_of_even(case, reports):
    tree, heard, told = case
    posterior = combine(weigh(Feeder(tree, RATES), RATES, heard, told=told)).lit_above()
    if posterior.rows.size:
        held, said = float(posterior.topmost[0]), float(posterior.told(reports)[0])
        assert min(held, 0.5) - 1e-9 <= said <= max(held, 0.5) + 1e-9


@settings(max_examples=30, deadline=None)
@given(small_cases())
def test_kinds_that_call_like_the_mean_change_no_bit(case):
    tree, heard, told = case
    kinds = (("industrial", 1), ("residential", 1))
    known = replace(tree, transformers=tuple(replace(t, kinds=kinds) for t in tree.transformers))
    plain, same = (
        combine(weigh(Feeder(each, RATES), RATES, heard, told=told)).lit_above()
        for each in (tree, known)
    )
    assert plain.log_evidence == same.log_evidence
    assert (plain.topmost == same.topmost).all()


LATERAL = tree_of([-1, 0, 0, 1, 1, 2, 2], [0, 0, 0, 20, 20, 20, 20])


def posterior_of(hypotheses: Hypotheses) -> Posterior:
    return combine(hypotheses).lit_above()


def probabilities(posterior, feeder):
    return {d.id: posterior.probability(i) for i, d in enumerate(feeder.devices)}


def test_of_one_report_is_told_what_is_held_and_of_more_it_is_told_less_surely():
    feeder = Feeder(LATERAL, RATES)
    heard = calls(feeder, ("t3", 9), ("t3", 8), ("t4", 7), ("t4", 6), ("t3", 5))
    posterior = posterior_of(weigh(feeder, RATES, heard))
    np.testing.assert_allclose(posterior.told(1), posterior.topmost, rtol=1e-9)
    chances = [posterior.told_of(feeder.row["d1"], reports) for reports in (1, 5, 100)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > chances[1] + 0.02 > chances[2] + 0.02 > 0.52


def test_silence_speaks_against_the_device_above():
    feeder = Feeder(LATERAL, RATES)
    soon = posterior_of(weigh(feeder, RATES, calls(feeder, ("t3", 1), ("t4", 0.5))))
    later = posterior_of(weigh(feeder, RATES, calls(feeder, ("t3", 61), ("t4", 60.5))))
    assert probabilities(later, feeder)["d0"] < probabilities(soon, feeder)["d0"]


def test_callers_after_a_restoration_are_what_failed_in_the_dark_not_the_head_again():
    """Four of thirty branches call within minutes of the head being closed, in a storm."""
    feeder = Feeder(tree_of([-1] + [0] * 30, [0] + [100] * 30), RATES)
    heard = calls(feeder, *((f"t{n}", 6.0 - n) for n in range(1, 5)))
    relit = relit_of(feeder.tree.transformers, -190.0, -8.0)
    told = replace(Told.nothing(feeder), relit=relit)
    blank, knowing = (
        posterior_of(weigh(feeder, RATES, heard, told=told, stirring=2000.0))
        for told in (Told.nothing(feeder), told)
    )
    assert knowing.probability(0) < 0.2 * blank.probability(0)
    assert {feeder.devices[row].id for row in knowing.best()} == {"d1", "d2", "d3", "d4"}


def test_a_restoration_speaks_of_the_device_that_was_closed_not_of_those_below():
    feeder = Feeder(LATERAL, RATES)
    pre = np.array([t.pre for t in feeder.tree.transformers])
    lit = States(pre, np.full(4, -20.0), np.full(4, -4.0), np.zeros(4, dtype=np.intp))
    hypotheses = weigh(feeder, RATES, calls(feeder, ("t3", 30), ("t5", 29)), states=lit)
    told = {feeder.devices[row].id: n for n, row in enumerate(hypotheses.rows)}
    before = int(np.searchsorted(hypotheses.begins, -31.0))
    says = {id_: float(hypotheses.otherwise[n, before, 0]) for id_, n in told.items()}
    assert says == {"d0": -4.0, "d1": 0.0, "d2": 0.0, "d3": 0.0, "d5": 0.0}


def test_silence_of_a_kind_that_hardly_calls_speaks_less_against_the_device_above():
    kinds = (("industrial", 20),)
    works = tuple(replace(t, kinds=kinds) for t in LATERAL.transformers[2:])
    tree = replace(LATERAL, transformers=(*LATERAL.transformers[:2], *works))
    head = []
    for times in (1.0, 0.1):
        rates = replace(RATES, calls_by_kind={"industrial": times})
        feeder = Feeder(tree, rates)
        heard = calls(feeder, ("t3", 61), ("t4", 60.5))
        head.append(probabilities(posterior_of(weigh(feeder, rates, heard)), feeder)["d0"])
    assert head[1] > 3 * head[0]


def test_silence_that_counts_for_nothing_speaks_against_nobody():
    feeder = Feeder(LATERAL, RATES)
    heard = calls(feeder, ("t3", 61), ("t4", 60.5))
    deaf = replace(RATES, silence_counts=0.0)
    with_it = probabilities(posterior_of(weigh(feeder, RATES, heard)), feeder)
    without = probabilities(posterior_of(weigh(feeder, deaf, heard)), feeder)
    assert without["d0"] > with_it["d0"]


def test_calls_from_two_branches_are_the_device_above_both():
    feeder = Feeder(LATERAL, RATES)
    posterior = posterior_of(weigh(feeder, RATES, calls(feeder, ("t3", 6), ("t4", 4), ("t5", 1))))
    assert [feeder.devices[row].id for row in posterior.best()] == ["d0"]


def test_a_place_seen_lit_speaks_against_every_device_above_it():
    feeder = Feeder(LATERAL, RATES)
    heard = calls(feeder, ("t3", 6), ("t4", 4), ("t5", 5))
    lit = States(
        np.array([feeder.transformer_pre["t6"]]), np.array([-1.0]), np.array([-6.0]), np.array([0])
    )
    free = probabilities(posterior_of(weigh(feeder, RATES, heard)), feeder)
    seen = probabilities(posterior_of(weigh(feeder, RATES, heard, states=lit)), feeder)
    assert seen["d0"] < free["d0"] and seen["d1"] > free["d1"]


def test_a_device_seen_closed_did_not_open_before():
    feeder = Feeder(LATERAL, RATES)
    heard = calls(feeder, ("t3", 10), ("t4", 8))
    told = Told.nothing(feeder)
    told.device_from[feeder.row["d1"]] = 0.0
    posterior = posterior_of(weigh(feeder, RATES, heard, told=told))
    assert probabilities(posterior, feeder)["d1"] < 0.01


def test_a_device_seen_open_is_open_without_a_single_call():
    feeder = Feeder(LATERAL, RATES)
    told = Told.nothing(feeder)
    told.device_open[feeder.row["d1"]] = -1.0
    nothing = calls(feeder)
    posterior = posterior_of(weigh(feeder, RATES, nothing, told=told))
    assert [feeder.devices[row].id for row in posterior.best()] == ["d1"]


def test_last_gasps_of_one_branch_name_that_branch():
    feeder = Feeder(LATERAL, RATES)
    pre = np.array([feeder.transformer_pre["t3"]] * 4 + [feeder.transformer_pre["t4"]] * 4)
    false = RATES.false_gasps / MINUTES_PER_YEAR
    gasps = Signals(
        np.arange(8),
        pre,
        np.ones(8),
        np.linspace(-3.0, -2.8, 8),
        np.full(8, 1 / false),
        np.ones(8),
    )
    posterior = posterior_of(weigh(feeder, RATES, calls(feeder, ("t3", 1)), gasps=gasps))
    assert probabilities(posterior, feeder)["d1"] > 0.95


def test_a_report_from_before_the_outage_is_not_explained_by_it():
    feeder = Feeder(LATERAL, RATES)
    where = (
        [("t3", 200.0)] + [("t3", 9.0 - i) for i in range(4)] + [("t4", 8.5 - i) for i in range(4)]
    )
    hypotheses = weigh(feeder, RATES, calls(feeder, *where))
    explains = posterior_of(hypotheses).explains(feeder.row["d1"])
    assert explains[0] < 0.1 and (explains[1:] > 0.95).all()


def test_what_opened_below_before_keeps_its_own_reports():
    feeder = Feeder(LATERAL, RATES)
    own = [("t3", 200.0 - 2 * i) for i in range(6)]
    head = [(t, 9.0 - i) for i in range(4) for t in ("t4", "t5", "t6")]
    posterior = posterior_of(weigh(feeder, RATES, calls(feeder, *own, *head)))
    assert [feeder.devices[row].id for row in posterior.best()] == ["d0"]
    (row,) = posterior.best()
    below = posterior.below(row)
    assert [feeder.devices[r].id for r in below.best()] == ["d3"]
    assert below.probability(feeder.row["d3"]) > 0.95
    assert (posterior.explains(row)[:6] < 0.05).all() and (posterior.explains(row)[6:] > 0.9).all()
    assert (below.explains(feeder.row["d3"])[:6] > 0.95).all()


def test_a_device_seen_open_while_it_was_dark_does_not_rule_out_the_one_above():
    feeder = Feeder(LATERAL, RATES)
    heard = calls(feeder, *[(t, 30.0 - i) for i in range(4) for t in ("t3", "t4", "t5", "t6")])
    told = Told.nothing(feeder)
    told.device_open[feeder.row["d1"]] = -5.0
    posterior = posterior_of(weigh(feeder, RATES, heard, told=told))
    assert [feeder.devices[row].id for row in posterior.best()] == ["d0"]


def test_a_feeder_of_twice_the_size_takes_twice_the_room():
    """Two thousand laterals with five transformers each, and a caller at every one of these."""
    laterals, each = 2_000, 5
    tree = tree_of(
        [-1, *[0] * laterals, *(1 + n for n in range(laterals) for _ in range(each))],
        [20] * (1 + laterals * (1 + each)),
    )
    feeder = Feeder(tree, RATES)
    heard = calls(feeder, *((t.id, 3.0) for t in tree.transformers))
    hypotheses = weigh(feeder, RATES, heard, grid=(np.array([-8.0, -4.0]), np.array([4.0, 4.0])))
    room = hypotheses.dark.nbytes
    tracemalloc.start()
    combine(hypotheses)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20 * room
