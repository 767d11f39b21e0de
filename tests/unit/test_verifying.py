"""Whom to call back until a restoration is surely complete."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.facts import Asked, RestoredFacts
from dispatch.domain.words import TicketId
from dispatch.rates import Rates, Stirring
from dispatch.verifying import MOST_ASKED, SURE, verify
from tests.unit.core import NOW, after
from tests.unit.test_inference import tree_of

RATES = Rates()
# A head (d0) with five laterals of two transformers each: d6 to d15.
LATERALS = 5
TREE = tree_of([-1, *[0] * LATERALS, *(1 + n // 2 for n in range(10))], [3] * 16)
PLACES = {f"t{n}": 3 for n in range(6, 16)}


def caller(place: str, **more) -> Asked:
    return Asked(
        person=f"caller {place}",
        place=place,
        by_meter=False,
        name=place,
        ticket_id=TicketId(place),
        **more,
    )


def restored(*places: str, **more) -> RestoredFacts:
    """The head was closed five minutes ago, after three hours; callers at some places."""
    return RestoredFacts(
        tree=TREE,
        device_id="d0",
        started_at=after(-185),
        restored_at=after(-5),
        places=PLACES,
        people=tuple(caller(place) for place in places),
        **more,
    )


def answered(facts: RestoredFacts, place: str, *, lit: bool | None, minutes: float = -1):
    said = caller(place, at=after(minutes), lit=lit)
    return replace(facts, asked=(*facts.asked, said))


def test_call_backs_reach_the_certainty_that_is_wanted():
    found = verify(restored(*PLACES), RATES, now=NOW)
    assert found.sure < SURE
    assert found.reached and found.to_ask[-1].sure_after >= SURE


def test_one_caller_of_each_lateral_comes_before_a_second_of_any():
    storm = Stirring(devices=30.0, singles=30.0)
    found = verify(restored(*PLACES), RATES, now=NOW, stirring=storm, wanted=0.999)
    laterals = [(int(each.who.place[1:]) - 6) // 2 for each in found.to_ask]
    assert set(laterals[:LATERALS]) == set(range(LATERALS))


def test_each_answer_makes_it_as_sure_as_was_said():
    facts = restored(*PLACES)
    plan = verify(facts, RATES, now=NOW).to_ask
    for each in plan:
        facts = answered(facts, each.who.place, lit=True)
        assert abs(verify(facts, RATES, now=NOW).sure - each.sure_after) < 1e-9


@given(
    st.sets(st.sampled_from(sorted(PLACES))),
    st.floats(1.0, 300.0),
    st.floats(0.5, 0.9999),
)
def test_certainty_only_grows_along_the_list(places: set[str], stirred: float, wanted: float):
    storm = Stirring(devices=stirred, singles=stirred)
    facts = restored(*sorted(places))
    found = verify(facts, RATES, now=NOW, stirring=storm, wanted=wanted)
    steps = [found.sure, *(each.sure_after for each in found.to_ask)]
    assert all(later > earlier for earlier, later in pairwise(steps))
    assert all(0 <= step <= 1 for step in steps)
    assert len(found.to_ask) <= min(len(places), MOST_ASKED)
    assert found.reached == (steps[-1] >= wanted)


def test_nobody_is_asked_twice_within_the_window():
    facts = restored(*PLACES)
    first = verify(facts, RATES, now=NOW).to_ask[0].who.place
    unreached = verify(answered(facts, first, lit=None), RATES, now=NOW)
    assert first not in {each.who.place for each in unreached.to_ask}
    assert [a.place for a in unreached.asked] == [first]


def test_nobody_who_has_light_is_asked_again_hours_later():
    facts = answered(restored("t6"), "t6", lit=True)
    assert verify(facts, RATES, now=after(600), wanted=0.99999).to_ask == ()


def test_without_anybody_to_ask_it_says_that_it_cannot_be_reached():
    found = verify(restored(), RATES, now=NOW)
    assert not found.reached and found.to_ask == ()


def test_a_dark_answer_takes_certainty_away():
    facts = restored(*PLACES)
    before = verify(facts, RATES, now=NOW).sure
    assert verify(answered(facts, "t6", lit=False), RATES, now=NOW).sure < before / 2


def test_silence_makes_it_surer_with_time():
    soon = verify(restored(), RATES, now=NOW).sure
    assert verify(restored(), RATES, now=after(90)).sure > soon


def test_a_storm_leaves_more_doubt_than_a_calm_day():
    storm = Stirring(devices=100.0, singles=100.0)
    calm = verify(restored(), RATES, now=NOW).sure
    assert verify(restored(), RATES, now=NOW, stirring=storm).sure < calm


def test_without_a_feeder_model_each_place_is_a_branch_of_its_own():
    apart = replace(restored(*PLACES), tree=replace(TREE, devices=(), transformers=()))
    found = verify(apart, RATES, now=NOW, wanted=0.99)
    assert found.sure < SURE
    assert len({each.who.place for each in found.to_ask}) == len(found.to_ask) > 1


def test_what_another_outage_holds_is_no_part_of_the_doubt():
    two = replace(restored(), places={"t6": 3, "t7": 3})
    assert verify(two, RATES, now=NOW).sure > verify(restored(), RATES, now=NOW).sure
