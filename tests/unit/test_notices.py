"""What is a burst, what a notice states, and whom it may answer."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.facts import OwnTicket
from dispatch.domain.notice import NoticeFacts, NoticeNearby, Served
from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    OutageStatus,
    Prediction,
    Scope,
)
from dispatch.domain.words import NoticeId, OutageId, TicketId
from dispatch.errors import IllegalStep
from dispatch.known import CallerSays, explain
from dispatch.notices import (
    DEFAULT_BREAKER,
    at_least,
    community_of,
    draft,
    is_burst,
    mark,
    say_notice,
)
from tests.unit.core import (
    CHINA,
    NOW,
    a_service_point,
    after,
    an_outage,
    an_outage_nearby,
    facts,
)

T1 = Scope(transformers=frozenset({"T1"}))


def served(calls: int = 0, earlier_calls: int = 0, **more) -> Served:
    given_facts = {
        "district": "城西",
        "feeder": "10kV城西线",
        "addresses": (),
        "transformer_names": ("桃源村1号公变",),
        "calls": calls,
        "window": DEFAULT_BREAKER.window,
        "earlier_calls": earlier_calls,
        "earlier": DEFAULT_BREAKER.earlier,
    }
    return Served(**(given_facts | more))


def estimate(minutes: float, confidence: Confidence = Confidence.HIGH) -> EstimatedRestoration:
    return EstimatedRestoration(
        at=after(minutes), source=EstimateSource.CREW, confidence=confidence
    )


def drafted(outage=None, around=None, customers=120) -> NoticeFacts:
    return draft(outage or an_outage(), T1, around or served(), customers, now=NOW)


def test_five_calls_where_none_are_usual_are_a_burst_and_four_are_not():
    assert is_burst(served(5))
    assert not is_burst(served(4))


def test_a_place_that_always_calls_needs_more_calls_for_a_burst():
    windows = DEFAULT_BREAKER.earlier / DEFAULT_BREAKER.window
    busy = round(4 * windows)  # four calls in every ten minutes
    assert not is_burst(served(6, busy))
    assert is_burst(served(16, busy))


@given(st.integers(0, 25), st.floats(0.01, 20))
def test_the_tail_is_the_sum_of_what_is_left_of_poisson(calls, usual):
    slow = sum(usual**n * math.exp(-usual) / math.factorial(n) for n in range(calls, 150))
    assert at_least(calls, usual) == pytest.approx(slow, abs=1e-9)


def test_communities_are_named_by_their_customers_and_no_street_with_few_homes_is():
    addresses = (
        ("站前路8号", 40),
        ("桃源村3组12号", 60),
        ("站前路恒茂小区3栋2单元101", 20),
        ("独居路1号", 2),
    )
    stated = drafted(around=served(addresses=addresses))
    assert stated.communities == ("桃源村", "站前路", "恒茂小区")


def test_where_no_address_names_a_community_the_transformers_do():
    assert drafted(around=served(addresses=(("", 50),))).communities == ("桃源村1号公变",)


@pytest.mark.parametrize(
    ("address", "community"),
    [("站前路1号", "站前路"), ("12 High Street, Ludlow", "High St"), ("", None)],
)
def test_a_community_never_holds_a_house_number(address, community):
    assert community_of(address) == community


@pytest.mark.parametrize(
    "held", [None, estimate(60, Confidence.LOW), estimate(-1)], ids=["none", "a guess", "passed"]
)
def test_a_guess_or_a_passed_time_is_not_promised(held):
    stated = drafted(an_outage(estimate=held))
    said = say_notice(stated, after(30), now=NOW, face=CHINA)
    assert stated.restore_at is None and stated.confidence is None
    assert "今天18:30前再次通告" in said.zh and "恢复供电" not in said.zh
    assert "we will say more by 18:30" in said.en


def test_what_a_crew_stands_for_is_promised_with_how_sure_it_is():
    for confidence, zh in ((Confidence.MEDIUM, "可能有变"), (Confidence.HIGH, "把握较大")):
        stated = drafted(an_outage(estimate=estimate(90, confidence)))
        said = say_notice(stated, after(30), now=NOW, face=CHINA)
        assert "预计今天19:30恢复供电" in said.zh and zh in said.zh


def test_a_notice_says_how_sure_it_is_and_only_what_somebody_said_of_the_cause():
    prediction = Prediction(devices=(), probability=0.83, customers_out=100.0)
    guessed = drafted(an_outage(prediction=prediction))
    said = say_notice(guessed, after(30), now=NOW, face=CHINA)
    assert "把握约85%" in said.zh and "原因正在查明" in said.zh and "120户" in said.zh
    plain = say_notice(drafted(), after(30), now=NOW, face=CHINA)
    assert "尚待核实" in plain.zh and "%" not in plain.zh
    seen = an_outage(status=OutageStatus.CONFIRMED, cause="树障", prediction=prediction)
    sure = say_notice(drafted(seen), after(30), now=NOW, face=CHINA)
    assert "已核实" in sure.zh and "原因：树障" in sure.zh and "%" not in sure.zh


def test_an_outage_that_is_over_and_single_homes_are_not_announced():
    over = an_outage(status=OutageStatus.RESTORED)
    with pytest.raises(IllegalStep, match="over"):
        draft(over, T1, served(), 1, now=NOW)
    with pytest.raises(IllegalStep, match="single homes"):
        draft(an_outage(), Scope(), served(), 1, now=NOW)


def test_a_mark_changes_with_what_is_stated_and_not_with_the_time():
    early = drafted(an_outage(estimate=estimate(90)))
    late = draft(an_outage(estimate=estimate(90)), T1, served(), 120, now=after(20))
    assert mark(early, replaces=None) == mark(late, replaces=None)
    assert mark(early, replaces=None) != mark(replace(early, customers=121), replaces=None)


def known_outage(**more):
    """A confirmed outage with a notice that is out."""
    seen = an_outage(status=OutageStatus.CONFIRMED, cause="树障", estimate=estimate(90))
    notice = NoticeNearby(id=NoticeId(4), facts=drafted(seen), say_by=after(30), covers=True)
    given_facts = {
        "status": seen.status,
        "cause": seen.cause,
        "estimate": seen.estimate,
        "notice": notice,
    }
    return an_outage_nearby(**(given_facts | more))


def ask(known, *, now=NOW, **said):
    return explain(known, CallerSays(**said), now=now, clockface=CHINA)


def test_a_covered_caller_hears_the_notice_with_its_number_as_a_reason():
    answer = ask(facts(known_outage()))
    assert answer.notice.id == 4 and answer.say.zh.startswith("停电通告")
    assert "public_notice?id=4" in answer.reasons


def test_danger_in_the_call_keeps_the_notice_silent():
    answer = ask(facts(known_outage()), hazards=frozenset({"sparks"}))
    assert answer.notice is None and not answer.say.zh.startswith("停电通告")


def test_a_customer_with_a_report_of_this_outage_is_answered_and_with_another_is_not():
    for outage_id, answered in ((7, True), (8, False), (None, False)):
        own = OwnTicket(
            id=TicketId("x"),
            received_at=NOW,
            outage_id=None if outage_id is None else OutageId(outage_id),
        )
        answer = ask(facts(known_outage(), own_tickets=(own,)))
        assert (answer.notice is not None) is answered


def test_who_is_not_on_record_as_a_customer_or_is_critical_is_heard():
    assert ask(facts(known_outage(), service_point=None)).notice is None
    dialysis = a_service_point(critical="dialysis")
    assert ask(facts(known_outage(), service_point=dialysis)).notice is None


@pytest.mark.parametrize(
    "changed",
    [
        {"cause": "变压器故障"},
        {"estimate": estimate(60)},
        {"estimate": None},
        {"status": OutageStatus.PREDICTED},
    ],
    ids=lambda each: next(iter(each)),
)
def test_a_notice_that_says_otherwise_than_the_record_is_silent(changed):
    known = known_outage(reports=5, **changed)
    assert ask(facts(known)).notice is None


def test_a_notice_is_silent_once_its_time_has_passed():
    assert ask(facts(known_outage()), now=NOW + timedelta(minutes=91)).notice is None
