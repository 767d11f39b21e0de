"""A loan goes one way only, and a consent holds for whom and for when it was given."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.crew import Lent
from dispatch.domain.loan import NEXT, OPEN, CrewLoan, LendingRule, LoanStatus
from dispatch.domain.words import CrewId, DistrictId, LendingRuleId, LoanId
from dispatch.errors import IllegalStep
from tests.unit.core import NOW, a_crew_state, after

WEST, EAST, NORTH = (DistrictId(name) for name in ("west", "east", "north"))


def a_loan(**facts) -> CrewLoan:
    given_facts = {
        "id": LoanId(1),
        "from_id": WEST,
        "to_id": EAST,
        "reason": "storm",
        "asked_at": NOW,
        "asked_by": "li",
    }
    return CrewLoan(**(given_facts | facts))


def a_rule(**facts) -> LendingRule:
    given_facts = {
        "id": LendingRuleId(1),
        "from_id": WEST,
        "to_id": EAST,
        "most": 1,
        "keep_free": 0,
        "since": NOW,
        "until": after(60),
        "by": "wang",
        "reason": "typhoon season",
    }
    return LendingRule(**(given_facts | facts))


STEPS = {
    LoanStatus.GRANTED: lambda loan, at: loan.grant(
        CrewId("C1"), at=at, until=at + timedelta(hours=2), by="wang"
    ),
    LoanStatus.REFUSED: lambda loan, at: loan.refuse(at=at, by="wang", reason="none free"),
    LoanStatus.RECALLED: lambda loan, at: loan.recall(at=at, by="wang", reason="needed here"),
    LoanStatus.ENDED: lambda loan, at: loan.end(at=at, by="relight", reason="over"),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=6))
def test_a_loan_takes_the_steps_of_its_table_and_no_others(kinds):
    loan = a_loan()
    for minute, kind in enumerate(kinds):
        if kind in NEXT[loan.status]:
            loan = STEPS[kind](loan, after(minute))
            assert loan.status is kind
        else:
            with pytest.raises(IllegalStep):
                STEPS[kind](loan, after(minute))
    assert loan.is_open == bool(NEXT[loan.status])


def test_what_is_open_may_go_on():
    assert {status for status, following in NEXT.items() if following} == OPEN


def test_a_crew_works_for_the_borrower_from_the_grant_until_the_end_and_not_after_a_recall():
    granted = STEPS[LoanStatus.GRANTED](a_loan(), NOW)
    assert not a_loan().holds(NOW)
    assert granted.holds(NOW) and granted.holds(after(119)) and not granted.holds(after(120))
    recalled = STEPS[LoanStatus.RECALLED](granted, after(30))
    assert not recalled.holds(after(10))
    assert recalled.until == after(30)


def test_an_end_after_a_recall_keeps_who_called_the_crew_back_and_when():
    loan = STEPS[LoanStatus.RECALLED](STEPS[LoanStatus.GRANTED](a_loan(), NOW), after(30))
    ended = loan.end(at=after(50), by="relight", reason="came home")
    assert (ended.ended_by, ended.ended_for, ended.until) == ("wang", "needed here", after(30))


def test_a_consent_holds_for_its_district_and_time_until_it_is_revoked():
    rule = a_rule()
    assert rule.holds_for(EAST, NOW) and not rule.holds_for(NORTH, NOW)
    assert not rule.holds_for(EAST, after(-1)) and not rule.holds_for(EAST, after(60))
    assert a_rule(to_id=None).holds_for(NORTH, NOW)
    revoked = rule.revoke(at=after(5), by="wang")
    assert not revoked.holds_for(EAST, after(6))
    with pytest.raises(IllegalStep):
        revoked.revoke(at=after(7), by="wang")


def test_a_lent_crew_belongs_to_the_borrower_and_leaves_it_when_its_loan_or_its_shift_ends():
    own = a_crew_state(shift_ends_at=after(90))
    lent = a_crew_state(
        shift_ends_at=after(90), lent=Lent(loan_id=LoanId(1), to_id=EAST, until=after(60))
    )
    assert (own.works_for, own.leaves_at) == ("main", after(90))
    assert (lent.works_for, lent.leaves_at) == (EAST, after(60))
    long = Lent(loan_id=LoanId(1), to_id=EAST, until=after(600))
    assert a_crew_state(shift_ends_at=after(90), lent=long).leaves_at == after(90)
