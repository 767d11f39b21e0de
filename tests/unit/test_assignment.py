import pytest

from dispatch.assignment import AssignmentPolicy, choose, origin_of, rank_crews, why_waiting
from dispatch.domain.order import OrderStatus
from dispatch.domain.words import CrewId, OrderId
from dispatch.ports import Travel
from dispatch.sayings import REASONS, reason, say_reason
from tests.unit.core import NOW, a_crew_state, a_fix, after, an_order

POLICY = AssignmentPolicy()


def rank(states, minutes, order=None, **more):
    travels = [
        m if isinstance(m, Travel) else Travel(seconds=m * 60, metres=None, basis="road")
        for m in minutes
    ]
    origins = [origin_of(state, POLICY, NOW) for state in states]
    given = {"due_at": after(45), "policy": POLICY, "now": NOW} | more
    return rank_crews(order or an_order(), states, origins, travels, **given)


def ids(ranked):
    return [r.state.crew.id for r in ranked]


def codes(texts):
    return {text.partition("?")[0] for text in texts}


def test_the_soonest_by_road_goes():
    ranked = rank([a_crew_state("far"), a_crew_state("near")], [30, 10])
    assert ids(ranked) == ["near", "far"]
    assert choose(ranked).state.crew.id == "near"


def test_who_is_off_shift_lacks_the_skill_or_is_busy_does_not_go():
    states = [
        a_crew_state("off", on_shift=False),
        a_crew_state("unskilled", skills=frozenset({"lv"})),
        a_crew_state("busy", active_order_id=OrderId(9)),
        a_crew_state("free"),
    ]
    ranked = rank(states, [1, 2, 3, 40], an_order(skills=frozenset({"mv"})))
    assert choose(ranked).state.crew.id == "free"
    blockers = {r.state.crew.id: codes(r.blockers) for r in ranked}
    assert blockers == {
        "off": {"off_shift"},
        "unskilled": {"missing_skill"},
        "busy": {"busy"},
        "free": set(),
    }


def test_a_crew_without_listed_skills_does_everything():
    ranked = rank([a_crew_state(skills=frozenset())], [5], an_order(skills=frozenset({"mv"})))
    assert choose(ranked) is not None


def test_a_stale_position_is_never_taken_for_where_the_crew_is():
    old = a_crew_state("old", last_fix=a_fix(-60, 116.5, 28.9))
    origin = origin_of(old, POLICY, NOW)
    assert (origin.lon, origin.lat, origin.fresh) == (115.9, 28.7, False)
    ranked = rank([old, a_crew_state("fresh")], [1, 30])
    assert choose(ranked).state.crew.id == "fresh"


def test_a_stale_crew_still_goes_when_nobody_better_can():
    old = a_crew_state("old", last_fix=a_fix(-60, 116.5, 28.9))
    chosen = choose(rank([old], [5]))
    assert chosen is not None and codes(chosen.doubts) == {"stale_fix"}


def test_a_late_order_is_still_assigned():
    chosen = choose(rank([a_crew_state()], [300]))
    assert chosen is not None and "late" in codes(chosen.reasons)


def test_no_road_is_said_and_never_ranked_as_near():
    nowhere = Travel(seconds=float("inf"), metres=None, basis="unreachable")
    ranked = rank([a_crew_state("cut"), a_crew_state("open")], [nowhere, 80])
    assert choose(ranked).state.crew.id == "open"
    assert codes(ranked[1].blockers) == {"unreachable"}


def test_a_straight_line_is_declared():
    (only,) = rank([a_crew_state()], [Travel(seconds=60, metres=None, basis="straight_line")])
    assert "straight_line" in codes(only.reasons)


def test_who_gave_the_order_back_is_not_sent_again_by_itself():
    ranked = rank([a_crew_state("C1")], [5], declined=frozenset({CrewId("C1")}))
    assert choose(ranked) is None


def test_a_shift_that_ends_soon_keeps_a_crew_from_a_new_order():
    assert choose(rank([a_crew_state(shift_ends_at=after(10))], [5])) is None


HELD = reason("held_back", percent=97)


def test_an_order_is_said_to_be_held_only_while_it_is():
    busy = [a_crew_state(name, active_order_id=OrderId(9)) for name in ("A", "B")]
    held = an_order(hold_until=after(1))
    assert why_waiting(held, rank(busy, [5, 6]), held_for=HELD, now=NOW) == (HELD,)
    assert why_waiting(held, rank(busy, [5, 6]), now=NOW) == ("held",)
    told = why_waiting(held, rank(busy, [5, 6]), held_for=HELD, now=after(1))
    assert told == ("all_busy?crews=2",)


@pytest.mark.parametrize(
    ("states", "facts", "told"),
    [
        ([], {}, {"none_on_shift"}),
        ([a_crew_state("A", on_shift=False)], {}, {"none_on_shift"}),
        ([a_crew_state("A", shift_ends_at=after(5))], {}, {"none_able"}),
        ([a_crew_state("A")], {}, {"not_sent_yet"}),
        ([a_crew_state("A")], {"proposed_crew_id": CrewId("A")}, {"awaits_dispatcher"}),
        ([a_crew_state("A")], {"lon": None}, {"no_place"}),
        ([a_crew_state("A")], {"status": OrderStatus.ASSIGNED, "crew_id": CrewId("A")}, set()),
    ],
)
def test_what_an_order_waits_for_is_what_keeps_it_now(states, facts, told):
    order = an_order(**facts)
    assert codes(why_waiting(order, rank(states, [5] * len(states)), now=NOW)) == told


def test_whom_the_plan_sends_is_named_with_what_it_has_to_do_first():
    states = [a_crew_state("A", active_order_id=OrderId(9)), a_crew_state("B")]
    ranked = rank(states, [5, 40])
    assert why_waiting(an_order(), ranked, planned={"A"}, now=NOW) == (
        reason("plan_sends_after", crew=states[0].crew.name, order=9),
    )
    assert why_waiting(an_order(), ranked, planned={"B"}, now=NOW) == (
        reason("plan_sends", crew=states[1].crew.name),
    )


def test_what_somebody_typed_is_given_as_it_stands_also_where_it_is_a_code_of_ours():
    assert say_reason("reports").zh == say_reason("reports").en == "reports"


def test_every_reason_reads_in_both_languages():
    states = [a_crew_state("off", on_shift=False), a_crew_state("x", last_fix=None)]
    for ranked in rank(states, [1, 2]):
        for text in (*ranked.reasons, *ranked.blockers, *ranked.doubts):
            said = say_reason(text)
            assert text.partition("?")[0] in REASONS
            assert "{" not in said.zh + said.en
