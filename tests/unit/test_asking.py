"""What to ask next: bits against enumeration, and the places a dispatcher would ask too."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.asking import LEAST_BITS, most_telling, next_evidence
from dispatch.branches import Branches, Hearing, entropy
from dispatch.domain.facts import (
    FeederEvidence,
    MeterSignal,
    MeterSignalKind,
    OutageFact,
    ReportFact,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId, TicketId, UsagePointId
from dispatch.rates import Rates
from tests.unit.core import NOW, after
from tests.unit.test_inference import tree_of

PING = Hearing.erring(0.02)


@st.composite
def asked_trees(draw: st.DrawFn) -> tuple[Branches, np.ndarray, list[Hearing]]:
    """Up to five devices, and up to four places with errors of their own."""
    size = draw(st.integers(1, 5))
    above = [-1] + [draw(st.integers(-1, i - 1)) for i in range(1, size)]
    opens = [draw(st.floats(0.0, 1.0)) for _ in range(size)]
    places = draw(st.integers(1, 4))
    owners = [draw(st.integers(0, size - 1)) for _ in range(places)]
    errs = st.floats(0.01, 0.5)
    heard = [Hearing(1 - draw(errs), draw(errs)) for _ in range(places)]
    return Branches(np.array(above), np.array(opens)), np.array(owners), heard


def states(branches: Branches):
    """Every way in which the devices may be open: its probability, and which are dark."""
    for opened in product((False, True), repeat=branches.opens.size):
        chance = np.prod(
            [o if is_open else 1 - o for o, is_open in zip(branches.opens, opened, strict=True)]
        )
        dark = list(opened)
        for i, parent in enumerate(branches.above.tolist()):
            dark[i] = opened[i] or (parent >= 0 and dark[parent])
        yield float(chance), dark


def information(branches: Branches, owners, heard, chosen) -> float:
    """Mutual information of the answers from some places with the state, by enumeration."""
    total = {}
    noise = 0.0
    for chance, dark in states(branches):
        for pattern in product((False, True), repeat=len(chosen)):
            p = chance
            for i, says in zip(chosen, pattern, strict=True):
                yes = heard[i].if_dark if dark[owners[i]] else heard[i].if_lit
                p *= yes if says else 1 - yes
            total[pattern] = total.get(pattern, 0.0) + p
        for i in chosen:
            yes = heard[i].if_dark if dark[owners[i]] else heard[i].if_lit
            noise += chance * float(entropy(yes))
    return -sum(p * np.log2(p) for p in total.values() if p > 0) - noise


@given(asked_trees())
def test_bits_of_the_places_chosen_are_those_of_enumeration(case):
    branches, owners, heard = case
    chosen = most_telling(branches, owners, heard, most=3)
    asked: list[int] = []
    for i, bits in chosen:
        before = information(branches, owners, heard, asked)
        others = [n for n in range(len(heard)) if n not in asked]
        gains = {n: information(branches, owners, heard, [*asked, n]) - before for n in others}
        assert bits == pytest.approx(gains[i], abs=1e-9)
        assert bits == pytest.approx(max(gains.values()), abs=1e-9)
        asked.append(i)


@given(asked_trees())
def test_what_is_left_unasked_would_tell_less_than_the_least(case):
    branches, owners, heard = case
    asked = [i for i, _ in most_telling(branches, owners, heard, most=4)]
    before = information(branches, owners, heard, asked)
    for n in set(range(len(heard))) - set(asked):
        assert information(branches, owners, heard, [*asked, n]) - before < LEAST_BITS + 1e-9


@given(asked_trees())
def test_probabilities_of_the_tree_are_those_of_enumeration(case):
    branches, _, _ = case
    dark = sum(chance * np.array(way) for chance, way in states(branches))
    assert branches.dark == pytest.approx(dark, abs=1e-9)
    lit = sum(chance for chance, way in states(branches) if not any(way))
    assert branches.all_lit == pytest.approx(lit, abs=1e-9)


def test_a_ping_tells_two_devices_apart_that_are_as_likely():
    # A head with two laterals: either the head (0) is open or the first lateral (1) is.
    branches = Branches(np.array([-1, 0, 0]), np.array([0.5, 1.0, 0.0]))
    (place, bits), *more = most_telling(branches, np.array([1, 2]), [PING, PING], most=2)
    assert place == 1
    assert bits == pytest.approx(1 - float(entropy(0.02)))
    assert more == []


def test_the_callers_answer_has_the_likelihood_ratios_of_the_rates():
    rates = Rates()
    heard = Hearing.of_odds(rates.neighbours_out, rates.neighbours_lit)
    assert heard.if_dark / heard.if_lit == pytest.approx(rates.neighbours_out)
    assert (1 - heard.if_dark) / (1 - heard.if_lit) == pytest.approx(rates.neighbours_lit)
    assert heard.bits(0.5) < PING.bits(0.5)


# On a feeder: d0 the head; d1 a fuse with d3, d4; d2 a fuse with d5, d6 (transformers) ----------

TREE = tree_of([-1, 0, 0, 1, 1, 2, 2], [0, 0, 0, 30, 30, 30, 30])
OUTAGE = OutageId(1)


def evidence(*transformers: str, device: str | None = "d3", **more) -> FeederEvidence:
    """Calls, half a minute apart, of an outage predicted at a device."""
    reports = tuple(
        ReportFact(
            ticket_id=TicketId(f"A{n}"),
            usage_point_id=UsagePointId(n),
            transformer_id=transformer,
            outage_id=OUTAGE,
            received_at=NOW - timedelta(minutes=6 - n / 2),
        )
        for n, transformer in enumerate(transformers)
    )
    return FeederEvidence(tree=TREE, reports=reports, outages=(outage(device),), **more)


def outage(device: str | None, status: OutageStatus = OutageStatus.PREDICTED) -> OutageFact:
    return OutageFact(
        id=OUTAGE,
        status=status,
        device_id=device,
        started_at=NOW - timedelta(minutes=8),
        crew_on_its_way=False,
    )


def ask(known: FeederEvidence, status: OutageStatus = OutageStatus.PREDICTED):
    device = known.outages[0].device_id
    return next_evidence(known, Rates(), outage(device, status), now=NOW)


def test_after_two_calls_of_one_transformer_its_neighbour_on_the_fuse_is_asked():
    found = ask(evidence("t3", "t3"))
    first = found.questions[0]
    assert first.transformer.id == "t4"
    assert (first.if_dark.id, first.if_lit.id) == ("d1", "d3")
    assert 0 < first.bits <= found.doubt


def test_a_place_below_every_candidate_is_worth_nothing():
    found = ask(evidence("t3", "t3"))
    assert "t3" not in {q.transformer.id for q in found.questions}


def test_a_lone_caller_is_asked_about_the_own_transformer_first():
    found = ask(evidence("t3", device=None))
    assert found.questions[0].transformer.id == "t3"
    assert found.questions[0].if_lit is None
    assert 0 < found.questions[0].caller_bits < found.questions[0].bits


def test_a_place_pinged_a_moment_ago_is_not_asked_again():
    asked = ask(evidence("t3", "t3")).questions
    ping = MeterSignal(
        usage_point_id=UsagePointId(99),
        transformer_id=asked[0].transformer.id,
        kind=MeterSignalKind.PING_OFF,
        at=after(-2),
    )
    again = ask(evidence("t3", "t3", signals=(ping,)))
    assert asked[0].transformer.id not in {q.transformer.id for q in again.questions}


def test_nothing_is_asked_of_a_confirmed_outage():
    assert ask(evidence("t3", "t3"), OutageStatus.CONFIRMED).questions == ()


def test_a_place_that_another_outage_explains_tells_less_of_this_one():
    others = [
        ReportFact(
            ticket_id=TicketId(f"B{n}"),
            usage_point_id=UsagePointId(50 + n),
            transformer_id="t5",
            outage_id=OutageId(2),
            received_at=after(-5 + n / 3),
        )
        for n in range(4)
    ]
    alone = evidence("t3", "t4", "t3", device="d1")
    both = replace(alone, reports=(*alone.reports, *others))
    assert "t5" not in {q.transformer.id for q in ask(both).questions}
