from dispatch.assignment import AssignmentPolicy, choose, origin_of, rank_crews
from dispatch.domain.words import CrewId, OrderId
from dispatch.ports import Travel
from dispatch.sayings import REASONS, say_reason
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


def test_every_reason_reads_in_both_languages():
    states = [a_crew_state("off", on_shift=False), a_crew_state("x", last_fix=None)]
    for ranked in rank(states, [1, 2]):
        for text in (*ranked.reasons, *ranked.blockers, *ranked.doubts):
            said = say_reason(text)
            assert text.partition("?")[0] in REASONS
            assert "{" not in said.zh + said.en
