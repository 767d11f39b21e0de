"""Whether what was told turned out true, and what has to be said before the new answer."""

from datetime import datetime, timedelta

import pytest

from dispatch.domain.given import AnswerGiven, GivenBefore
from dispatch.domain.words import KnownKind
from dispatch.given import GRACE, REMEMBERED, NowSaid, Truth, contradiction, judge
from tests.unit.core import CHINA, NOW, after


def told(
    etr_at: datetime | None = None,
    kind: KnownKind = KnownKind.KNOWN_FAULT,
    *,
    lit_at: datetime | None = None,
    etr_to: datetime | None = None,
    at: datetime = NOW,
) -> GivenBefore:
    given = AnswerGiven(
        id="G1", at=at, by="agent", kind=kind, said="…", etr_at=etr_at, etr_to=etr_to
    )
    return GivenBefore(given=given, lit_at=lit_at)


def sorry(before: list[GivenBefore], said: NowSaid, now: datetime) -> str | None:
    say = contradiction(before, said, now=now, face=CHINA)
    return None if say is None else say.en


def fault(etr_at: datetime | None = None) -> NowSaid:
    return NowSaid(kind=KnownKind.KNOWN_FAULT, etr_at=etr_at)


@pytest.mark.parametrize(
    ("before", "now", "truth"),
    [
        (told(), after(60), Truth.NOTHING_PROMISED),
        (told(after(30)), after(20), Truth.AHEAD),
        (told(after(30)), after(39), Truth.AHEAD),
        (told(after(30)), after(41), Truth.OVERDUE),
        (told(after(30), lit_at=after(25)), after(60), Truth.KEPT),
        (told(after(30), lit_at=after(40)), after(60), Truth.KEPT),
        (told(after(30), lit_at=after(41)), after(60), Truth.LATE),
        (told(after(30), etr_to=after(90), lit_at=after(85)), after(99), Truth.KEPT),
    ],
)
def test_a_time_told_is_judged_by_when_light_was_back(before, now, truth):
    assert judge(before, now).truth is truth


def test_how_much_later_light_was_back_is_counted_from_the_time_told():
    assert judge(told(after(30), lit_at=after(75)), after(99)).late_by == timedelta(minutes=45)
    assert judge(told(after(30)), after(50)).late_by == timedelta(minutes=20)


def test_who_was_told_an_earlier_time_is_told_sorry_first_with_both_times():
    said = sorry([told(after(30))], fault(after(120)), after(10))
    assert said == "I am sorry: we told you 18:30, and it is now expected at 20:00."


def test_nothing_is_said_where_the_time_still_holds_or_has_become_earlier():
    assert sorry([told(after(30))], fault(after(30)), after(10)) is None
    assert sorry([told(after(30))], fault(after(38)), after(10)) is None
    assert sorry([told(after(30))], fault(after(15)), after(10)) is None


def test_a_time_that_has_passed_without_light_is_said_to_have_passed():
    said = sorry([told(after(30))], fault(), after(45))
    assert said == "I am sorry: we told you 18:30, and your power is still not back."
    assert sorry([told(after(30))], fault(), after(30) + GRACE) is None


def test_a_promise_of_an_outage_that_is_over_is_not_held_against_the_new_one():
    assert sorry([told(after(30), lit_at=after(25))], fault(after(300)), after(200)) is None


def test_who_was_told_that_power_was_back_and_calls_again_hears_sorry():
    before = [told(kind=KnownKind.RESTORED_RECENTLY)]
    assert "power was back" in (sorry(before, fault(), after(10)) or "")
    still = NowSaid(kind=KnownKind.RESTORED_RECENTLY)
    assert sorry(before, still, after(10)) is None


def test_who_was_told_that_it_is_inside_the_home_hears_sorry_once_the_network_is_at_fault():
    before = [told(kind=KnownKind.INTERNAL_LIKELY)]
    assert "our network" in (sorry(before, fault(), after(10)) or "")
    assert sorry(before, NowSaid(kind=KnownKind.UNKNOWN), after(10)) is None


def test_what_was_told_days_ago_is_not_apologised_for():
    old = [told(after(30), at=NOW)]
    assert sorry(old, fault(after(9999)), NOW + REMEMBERED + timedelta(minutes=1)) is None
