import pytest

from dispatch.planning.chances import chance_in_time, chance_late, expected_lateness, quantile
from dispatch.planning.evaluate import evaluate
from dispatch.planning.explain import explain, what_if
from dispatch.planning.problem import Promise, Roads
from dispatch.sayings import say_reason
from tests.unit.planning.problems import a_crew, a_problem, a_shelf, a_work, on_a_line


def planned(problem, **sequences):
    found = evaluate(problem, sequences)
    assert not found.violations
    return found.plan


def spread(roads, cv=0.3):
    return Roads(travel_min=roads.travel_min, cv=cv)


def codes(reasons):
    return {text.partition("?")[0] for text in reasons}


def test_the_chosen_crew_comes_with_minutes_and_chances():
    problem = a_problem([a_work(1, 1, due=30)], [a_crew("A", 0)], spread(on_a_line(0, 20)))
    (chosen,) = explain(problem, planned(problem, A=(1,)), 1).chosen
    assert chosen.crew_id == "A"
    assert 18 < chosen.arrive_p50_min < 20 < chosen.arrive_p90_min < 30
    assert 0.9 < chosen.kept[0].chance < 1
    assert chosen.cost == 0 and not chosen.broken


def test_the_next_three_come_by_what_they_would_cost():
    crews = [a_crew(name, i) for i, name in enumerate("ABCDE")]
    problem = a_problem([a_work(1, 5, due=0)], crews, on_a_line(10, 20, 30, 40, 50, 0))
    told = explain(problem, planned(problem, A=(1,)), 1)
    assert [(o.crew_id, o.cost) for o in told.next_best] == [("B", 10), ("C", 20), ("D", 30)]


def test_who_cannot_go_is_told_with_the_reason():
    crews = [
        a_crew("A", 0),
        a_crew("unskilled", 0, can=frozenset({"lv"})),
        a_crew("refused", 0),
        a_crew("goes home", 0, until_min=15.0),
        a_crew("cut off", 2),
    ]
    roads = on_a_line(0, 10, 0)
    roads.travel_min[2, 1] = float("inf")
    work = a_work(1, 1, needs=frozenset({"mv"}), barred=frozenset({"refused"}))
    problem = a_problem([work], crews, roads)
    told = explain(problem, planned(problem, A=(1,)), 1)
    assert {crew: codes(why) for crew, why in told.excluded} == {
        "unskilled": {"missing_skill"},
        "refused": {"declined"},
        "goes home": {"shift_too_short"},
        "cut off": {"unreachable"},
    }


def test_a_choice_tells_which_promises_of_others_it_breaks():
    works = [a_work(1, 2, due=30), a_work(2, 3, due=40)]
    problem = a_problem(
        works, [a_crew("A", 0), a_crew("B", 1)], spread(on_a_line(0, 0, 20, 10), 0.1)
    )
    option = what_if(problem, planned(problem, A=(1,), B=(2,)), 2, "A")
    (broken,) = option.broken
    assert broken.order_id == 1 and broken.before > 0.9 and broken.after < 0.1
    assert option.cost > 0
    assert codes(option.reasons) == {"arrives_within", "keeps", "costs_more", "breaks"}


def test_a_choice_tells_which_rules_it_breaks():
    crews = [a_crew("A", 0), a_crew("B", 0, can=frozenset({"lv"}))]
    problem = a_problem([a_work(1, 1, needs=frozenset({"mv"}))], crews, on_a_line(0, 10))
    option = what_if(problem, planned(problem, A=(1,)), 1, "B")
    assert option.violations


def test_an_order_nobody_can_take_has_nobody_chosen_and_every_reason():
    crews = [a_crew("A", 0, can=frozenset({"lv"}))]
    problem = a_problem([a_work(1, 1, needs=frozenset({"mv"}))], crews, on_a_line(0, 10))
    told = explain(problem, planned(problem), 1)
    assert told.chosen == () and told.next_best == ()
    assert [crew for crew, _ in told.excluded] == ["A"]


def test_an_option_reads_in_both_languages():
    problem = a_problem([a_work(1, 1, due=30)], [a_crew("A", 0)], on_a_line(0, 20))
    (chosen,) = explain(problem, planned(problem, A=(1,)), 1).chosen
    for text in chosen.reasons:
        said = say_reason(text)
        assert "{" not in said.zh + said.en and said.zh != said.en


def test_chances_and_quantiles_go_together():
    for share in (0.1, 0.5, 0.9):
        assert chance_in_time(30, 9, quantile(30, 9, share)) == pytest.approx(share)


def test_without_spread_lateness_is_what_it_is():
    assert expected_lateness(50, 0, 45) == 5 and expected_lateness(40, 0, 45) == 0
    assert (chance_late(50, 0, 45), chance_late(45, 0, 45)) == (1.0, 0.0)


def test_spread_makes_an_arrival_on_time_late_on_average():
    assert expected_lateness(45, 10, 45) == pytest.approx(10 * 0.3989, rel=1e-3)


def test_a_promise_that_has_run_out_is_said_to_have_and_given_no_chance():
    problem = a_problem([a_work(1, 1, due=-19)], [a_crew("A", 0)], on_a_line(0, 5))
    (chosen,) = explain(problem, planned(problem, A=(1,)), 1).chosen
    (said,) = [say_reason(each).en for each in chosen.reasons if each.startswith("ran_out")]
    assert said == "a promise ran out 19 min before"
    assert "keeps" not in codes(chosen.reasons)


@pytest.mark.parametrize(
    ("due", "least", "most", "said"),
    [
        (90, 0.9, 1.0, "told_holds"),
        (30, 0.0, 0.1, "told_holds"),
        (-19, 0.0, 0.0, "told_passed"),
    ],
)
def test_the_chance_that_supply_is_back_when_it_was_told_is_said(due, least, most, said):
    told = Promise(rule="told", due_min=due, weight=0.25)
    work = a_work(1, 1, told=told, duration_min=30.0, duration_cv=0.3)
    problem = a_problem([work], [a_crew("A", 0)], spread(on_a_line(0, 20)))
    (chosen,) = explain(problem, planned(problem, A=(1,)), 1).chosen
    assert chosen.told is not None and chosen.told.promise == told
    assert least <= chosen.told.chance <= most
    assert codes(chosen.reasons) & {"told_holds", "told_passed"} == {said}
    (sentence,) = [say_reason(each) for each in chosen.reasons if each.startswith(said)]
    assert str(abs(due)) in sentence.en and str(abs(due)) in sentence.zh


def test_where_nobody_was_told_anything_nothing_is_said_of_it():
    problem = a_problem([a_work(1, 1)], [a_crew("A", 0)], on_a_line(0, 20))
    (chosen,) = explain(problem, planned(problem, A=(1,)), 1).chosen
    assert chosen.told is None
    assert not codes(chosen.reasons) & {"told_holds", "told_passed"}


def test_the_way_by_a_depot_is_told_with_what_is_fetched_there():
    work = a_work(1, 1, parts=frozenset({"fuse"}))
    crews = [a_crew("A", 0), a_crew("B", 0, carries=frozenset({"fuse"}))]
    problem = a_problem([work], crews, on_a_line(0, 10, 20), depots=(a_shelf(2, "fuse"),))
    (chosen,) = explain(problem, planned(problem, A=(1,)), 1).chosen
    assert "by way of depot depot 2 for fuse" in [say_reason(r).en for r in chosen.reasons]
    (other,) = explain(problem, planned(problem, A=(1,)), 1).next_best
    assert "by_way_of" not in codes(other.reasons)


def test_who_lacks_a_part_that_no_depot_has_is_left_out_with_that_reason():
    work = a_work(1, 1, parts=frozenset({"fuse", "pole"}))
    crews = [a_crew("A", 0, carries=work.parts), a_crew("B", 0, carries=frozenset({"pole"}))]
    problem = a_problem([work], crews, on_a_line(0, 10, 20), depots=(a_shelf(2, "pole"),))
    ((crew, why),) = explain(problem, planned(problem, A=(1,)), 1).excluded
    assert (crew, [say_reason(r).en for r in why]) == (
        "B",
        ["lacks fuse, and no depot has all of it"],
    )


def test_of_two_crews_for_one_work_each_may_do_what_the_other_was_to_do():
    works = [a_work(1, 2), a_work(2, 2, beside=1)]
    problem = a_problem(works, [a_crew("A", 0), a_crew("B", 1)], on_a_line(0, 30, 10))
    plan = evaluate(problem, {"A": (1,), "B": (2,)}).plan
    option = what_if(problem, plan, 1, "B")
    assert (option.violations, round(option.arrive_p50_min)) == ((), 20)
