"""A breaker that was open for a moment: a few of thousands call, and supply is back."""

from dataclasses import replace

import pytest

from dispatch.domain.facts import FeederEvidence, ReportFact
from dispatch.domain.words import TicketId, UsagePointId
from dispatch.grouping import judge
from dispatch.rates import Rates
from dispatch.sayings import say_reason
from dispatch.verdict import Costs, Judged
from tests.unit.core import after, evidence

STREET = "[F1] -B:cb1- a(T1:400)" + "".join(
    f" -F:k{n}- {place}(T{n}:400)" for n, place in enumerate("bcdefgh", start=2)
)


def heard(*where: tuple[int, float]) -> FeederEvidence:
    """Each customer's transformer and the minute of the call."""
    reports = tuple(
        ReportFact(
            ticket_id=TicketId(f"r{n}"),
            usage_point_id=UsagePointId(n),
            transformer_id=f"T{transformer}",
            outage_id=None,
            received_at=after(minutes),
        )
        for n, (transformer, minutes) in enumerate(where, start=1)
    )
    return replace(evidence(STREET, ""), reports=reports)


def the_outage(known: FeederEvidence, minutes: float) -> Judged:
    (outage,) = judge(known, Rates(), Costs(), now=after(minutes)).outages
    return outage


FEW = ((1, 0.0), (3, 2.0), (5, 4.0), (8, 7.0))
MANY = tuple((1 + n % 8, 0.5 * n) for n in range(100))


def test_a_few_callers_of_thousands_are_one_outage_of_a_breaker_that_is_closed_again():
    outage = the_outage(heard(*FEW), 45)
    assert len(outage.tickets) == len(FEW)
    assert outage.device_id == "switch:cb1"
    assert dict(outage.devices)["switch:cb1"] < 0.05
    assert outage.customers_out < 0.05 * 3_200
    few, many = outage.customers_between
    assert few == many == 0
    assert "open for a moment only" in say_reason(outage.reasons[0]).en


def test_as_many_callers_as_usual_are_a_breaker_that_is_open():
    outage = the_outage(heard(*MANY), 50)
    assert dict(outage.devices)["switch:cb1"] > 0.99
    assert outage.customers_out == pytest.approx(3_200, rel=0.01)
    assert "moment" not in say_reason(outage.reasons[0]).en


def test_the_longer_nobody_else_calls_the_surer_it_is_that_supply_is_back():
    chances = [dict(the_outage(heard(*FEW), at).devices)["switch:cb1"] for at in (8, 15, 45)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 2 * chances[2]


def test_a_breaker_that_is_closed_again_hides_nothing_of_what_is_still_open_below_it():
    street = heard(*FEW, *((5, 1.0 + 2 * n) for n in range(12)))
    outage = judge(street, Rates(), Costs(), now=after(45)).outages[0]
    told, held = dict(outage.devices), dict(outage.calling.devices)
    assert outage.device_id == "transformer:T5"
    assert held["transformer:T5"] < 0.93
    assert told["transformer:T5"] > 0.97
