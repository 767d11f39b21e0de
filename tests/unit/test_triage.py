"""What the replies about a home come to, and which question stands next."""

import pytest

from dispatch.domain.words import Symptom
from dispatch.triage import HOLDS, LIT, TRIPPED, Finding, triage

LIT_SAID, OUT = Symptom.NEIGHBOURS_LIT, Symptom.NEIGHBOURS_OUT
TRIP, ON = Symptom.MAIN_SWITCH_TRIPPED, Symptom.MAIN_SWITCH_ON
BACK, AGAIN = Symptom.LIGHT_BACK, Symptom.SWITCH_TRIPS_AGAIN


@pytest.mark.parametrize(
    ("said", "step"),
    [((), LIT), ((LIT_SAID,), TRIPPED), ((LIT_SAID, TRIP), HOLDS), ((TRIP,), HOLDS), ((ON,), LIT)],
)
def test_the_next_question_is_the_one_that_still_tells_something(said, step):
    found = triage(said)
    assert (found.open, found.finding, found.say) == (step, Finding.OPEN, None)


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ((OUT,), Finding.NETWORK),
        ((OUT, TRIP), Finding.NETWORK),
        ((LIT_SAID, ON), Finding.SERVICE),
        ((LIT_SAID, TRIP, AGAIN), Finding.INSIDE),
        ((LIT_SAID, TRIP, BACK), Finding.SETTLED),
        ((BACK,), Finding.SETTLED),
    ],
)
def test_replies_settle_it_and_have_a_sentence_of_their_own(said, finding):
    found = triage(said)
    assert (found.open, found.finding) == (None, finding)
    assert found.say is not None
    assert [reply for _, reply in found.asked] == [s for s in (*said,) if s in said]


def test_what_else_a_caller_says_is_no_reply():
    assert triage([Symptom.FLICKER, "说不清"]).asked == []
