import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dispatch.errors import InvalidInput
from dispatch.planning.arrays import fixed_of, visited
from dispatch.planning.evaluate import evaluate
from dispatch.planning.moves import run
from dispatch.planning.problem import ChangeCosts, Hold, Meal, Promise
from dispatch.planning.search import (
    NONE,
    PlanBroken,
    Rounds,
    Until,
    _best_of,
    _checked,
    _insert_all,
    find_plan,
)
from dispatch.planning.timetable import BEST, BEST_SIZE, empty_state
from tests.unit.planning.problems import a_crew, a_problem, a_shelf, a_work, on_a_line, problems

SOME = settings(
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def plan(problem, rounds=60, **more):
    return find_plan(problem, budget=Rounds(rounds), seed=1, **more)


@SOME
@given(problems(), st.integers(0, 50))
def test_every_plan_passes_the_independent_evaluation(problem, rounds):
    found = find_plan(problem, budget=Rounds(rounds), seed=rounds)
    assert not evaluate(problem, found.sequences).violations
    placed = {order for orders in found.sequences.values() for order in orders}
    assert placed.isdisjoint(found.unplaced)
    assert placed.union(found.unplaced) == set(problem.work_of)


@SOME
@given(problems(), st.integers(0, 40))
def test_the_books_of_the_search_agree_with_the_evaluation(problem, rounds):
    fixed = fixed_of(problem)
    state = empty_state(fixed, 3)
    _insert_all(fixed, state, (NONE, NONE))
    run(fixed, state, NONE, NONE, NONE, rounds, 20.0, 1.0)
    visits, crews = _best_of(state)
    sequences = {crew.crew_id: [] for crew in problem.crews}
    for v, c in zip(visits, crews, strict=True):
        sequences[problem.crews[c].crew_id].append(visited(problem)[v].order_id)
    found = evaluate(problem, {crew: tuple(orders) for crew, orders in sequences.items()})
    assert not found.violations
    if not found.plan.unplaced:
        assert found.plan.costs.total == pytest.approx(state.sums[BEST], rel=1e-5, abs=1e-3)


@SOME
@given(problems())
def test_a_running_plan_is_never_made_worse(problem):
    first = plan(problem, 5)
    again = plan(problem, 20, running=first.sequences)
    assert again.costs.total <= first.costs.total + 1e-3 * (1 + abs(first.costs.total))


@SOME
@given(problems())
def test_an_order_stays_out_only_where_no_route_has_room_for_it(problem):
    assume(not any(work.beside or work.after for work in problem.works))
    found = plan(problem, 20)
    for order in found.unplaced:
        for crew in problem.crews:
            route = found.sequences.get(crew.crew_id, ())
            longer = {**found.sequences, crew.crew_id: (*route, order)}
            assert evaluate(problem, longer).violations


@SOME
@given(problems())
def test_the_same_seed_and_rounds_give_the_same_plan(problem):
    assert plan(problem, 30).sequences == plan(problem, 30).sequences


def test_more_rounds_give_a_cheaper_plan():
    rng = np.random.default_rng(5)
    roads = on_a_line(*(rng.random(48) * 60))
    works = [a_work(i + 1, 8 + i, due=float(rng.random() * 90)) for i in range(40)]
    problem = a_problem(works, [a_crew(f"C{i}", i) for i in range(8)], roads)
    costs = [plan(problem, rounds).costs.total for rounds in (0, 300, 3000)]
    assert costs[2] <= costs[1] < costs[0]


def test_a_plan_within_a_time_stops_when_the_time_is_over():
    looks = iter([0.0, 0.5, 0.9, 1.0])
    problem = a_problem([a_work(1, 1)], [a_crew("A", 0)], on_a_line(0, 5))
    found = find_plan(problem, budget=Until(lambda: next(looks)), seed=1)
    assert found.sequences == {"A": (1,)}


def test_one_order_goes_to_the_nearest_free_crew():
    crews = [a_crew("far", 0), a_crew("near", 1), a_crew("middle", 2)]
    found = plan(a_problem([a_work(1, 3, restore_weight=0.01)], crews, on_a_line(50, 12, 30, 10)))
    assert found.sequences == {"near": (1,)}


def test_a_late_order_is_still_in_the_plan():
    problem = a_problem([a_work(1, 1, due=-300)], [a_crew("A", 0)], on_a_line(0, 90))
    assert plan(problem).sequences == {"A": (1,)}


def test_the_order_that_would_be_late_goes_before_the_nearer_one():
    works = [a_work(1, 1, due=90), a_work(2, 2, due=20)]
    found = plan(a_problem(works, [a_crew("A", 0)], on_a_line(10, 9, 25)))
    assert found.sequences == {"A": (2, 1)}


def test_a_hazard_goes_first_for_its_weight():
    works = [a_work(1, 1, due=5), a_work(2, 2, due=5, weight=50, hazard=True)]
    found = plan(a_problem(works, [a_crew("A", 0)], on_a_line(10, 9, 25)))
    assert found.sequences["A"][0] == 2


def for_two(place, *, second=None, **more):
    """Work that takes two crews: an order for each."""
    return [a_work(1, place, **more), a_work(2, place, beside=1, **(second or {}))]


def test_a_job_for_two_crews_begins_when_both_are_there():
    problem = a_problem(for_two(2), [a_crew("A", 0), a_crew("B", 1)], on_a_line(0, 30, 10))
    found = plan(problem)
    assert {found.crew_of(1), found.crew_of(2)} == {"A", "B"}
    assert {round(stop.begin_min) for stop in found.stops} == {20}


def test_a_job_for_two_crews_stays_out_where_there_is_only_one():
    problem = a_problem(for_two(1), [a_crew("A", 0)], on_a_line(0, 30))
    assert set(plan(problem).unplaced) == {1, 2}


def test_of_two_crews_only_the_one_whose_order_needs_parts_fetches_them():
    crews = [a_crew("A", 0), a_crew("B", 1)]
    works = for_two(2, parts=FUSE)
    found = plan(a_problem(works, crews, on_a_line(0, 10, 20, 5), depots=(a_shelf(3, "fuse"),)))
    depots = {stop.order_id: stop.by_depot for stop in found.stops}
    assert depots == {1: 3, 2: None}
    assert found.crew_of(1) == "A", "B is past the depot already"


def test_what_waits_for_a_job_for_two_crews_waits_for_both():
    works = [*for_two(1, second={"duration_min": 90.0}), a_work(3, 1, after=(1,))]
    crews = [a_crew("A", 0), a_crew("B", 0), a_crew("C", 0)]
    found = plan(a_problem(works, crews, on_a_line(0, 10)))
    assert {s.order_id: round(s.begin_min) for s in found.stops} == {1: 10, 2: 10, 3: 100}


def test_the_orders_of_a_job_for_two_crews_do_not_go_to_one():
    crews = [a_crew("A", 0), a_crew("B", 1)]
    problem = a_problem(for_two(2, holder="A"), crews, on_a_line(0, 90, 1))
    found = evaluate(problem, {"A": (1, 2)})
    assert any("beside" in each for each in found.violations)


@pytest.mark.parametrize("beside", [9, 2, 3])
def test_an_order_beside_none_of_the_plan_or_beside_another_such_is_refused(beside):
    works = [a_work(1, 1), a_work(2, 1, beside=beside), a_work(3, 1, beside=1)]
    with pytest.raises(InvalidInput, match="beside"):
        a_problem(works, [a_crew("A", 0)], on_a_line(0, 10))


def test_a_job_for_two_crews_after_itself_is_refused():
    works = [a_work(1, 1, after=(2,)), a_work(2, 1, beside=1)]
    with pytest.raises(InvalidInput, match="after"):
        a_problem(works, [a_crew("A", 0)], on_a_line(0, 10))


def test_work_begins_only_after_the_order_it_waits_for():
    works = [a_work(1, 1, after=(2,)), a_work(2, 2, duration_min=60.0)]
    found = plan(a_problem(works, [a_crew("A", 0), a_crew("B", 3)], on_a_line(0, 1, 20, 20)))
    begin = {stop.order_id: stop.begin_min for stop in found.stops}
    end = {stop.order_id: stop.end_min for stop in found.stops}
    assert begin[1] >= end[2]


def test_skills_refusals_and_shifts_keep_a_crew_away():
    crews = [
        a_crew("unskilled", 0, can=frozenset({"lv"})),
        a_crew("gave back", 0),
        a_crew("goes home", 0, until_min=20.0),
        a_crew("far", 1),
    ]
    work = a_work(1, 2, needs=frozenset({"mv"}), barred=frozenset({"gave back"}))
    assert plan(a_problem([work], crews, on_a_line(0, 90, 1))).sequences == {"far": (1,)}


def test_a_pin_is_kept_whatever_it_costs():
    crews = [a_crew("near", 0), a_crew("far", 1, can=frozenset({"lv"}), until_min=10.0)]
    work = a_work(1, 2, needs=frozenset({"mv"}), pinned="far")
    assert plan(a_problem([work], crews, on_a_line(0, 90, 1))).sequences == {"far": (1,)}


def test_a_crew_on_its_way_is_not_turned_for_a_small_gain():
    works = [
        a_work(1, 2, due=20, holder="A", hold=Hold.EN_ROUTE),
        a_work(2, 3, due=20),
    ]
    problem = a_problem(works, [a_crew("A", 0), a_crew("B", 1)], on_a_line(0, 60, 55, 5))
    assert plan(problem).sequences["A"][0] == 1


def test_a_crew_on_its_way_is_turned_for_a_hazard():
    works = [
        a_work(1, 2, due=20, holder="A", hold=Hold.EN_ROUTE),
        a_work(2, 3, due=0, weight=20, hazard=True),
    ]
    problem = a_problem(works, [a_crew("A", 0), a_crew("B", 1)], on_a_line(0, 60, 55, 5))
    assert plan(problem).sequences == {"A": (2,), "B": (1,)}


def test_a_plan_changes_only_for_a_gain_above_its_cost():
    def moved(gain):
        works = [a_work(1, 2, due=0, holder="far", hold=Hold.SENT)]
        crews = [a_crew("near", 0), a_crew("far", 1)]
        roads, change = on_a_line(10, 10 + gain, 0), ChangeCosts(sent=15)
        return "near" in plan(a_problem(works, crews, roads, change=change)).sequences

    assert not moved(14)
    assert moved(16)


def test_a_meal_is_taken_before_the_next_drive_but_not_before_a_hazard():
    def departure(**more):
        crew = a_crew("A", 0, free_min=70.0, meal=Meal(from_min=60, until_min=180, minutes=30))
        (stop,) = plan(a_problem([a_work(1, 1, **more)], [crew], on_a_line(0, 10))).stops
        return stop.depart_min, stop.meal

    assert departure() == (100, True)
    assert departure(hazard=True) == (70, False)


FUSE, POLE = frozenset({"fuse"}), frozenset({"pole"})


def test_parts_are_fetched_from_the_depot_by_a_crew_that_has_none():
    crews, depots = [a_crew("A", 0)], (a_shelf(2, "fuse"),)
    problem = a_problem([a_work(1, 1, parts=FUSE)], crews, on_a_line(0, 10, 20), depots=depots)
    (stop,) = plan(problem).stops
    assert (stop.by_depot, stop.arrive_min) == (2, pytest.approx(40))


def test_a_nearer_depot_without_the_part_is_passed_by():
    depots = (a_shelf(2, "pole"), a_shelf(3, "fuse", "pole"))
    work = a_work(1, 1, parts=FUSE)
    problem = a_problem([work], [a_crew("A", 0)], on_a_line(0, 10, 5, 30), depots=depots)
    (stop,) = plan(problem).stops
    assert (stop.by_depot, stop.arrive_min) == (3, pytest.approx(60))


def test_a_crew_that_carries_the_part_goes_instead_of_a_nearer_one_that_lacks_it():
    crews = [a_crew("near", 0), a_crew("far", 2, carries=FUSE)]
    depots = (a_shelf(3, "fuse"),)
    work = a_work(1, 1, due=0, parts=FUSE)
    found = plan(a_problem([work], crews, on_a_line(0, 10, 35, 60), depots=depots))
    assert found.crew_of(1) == "far"


def test_what_nobody_carries_and_no_depot_has_leaves_the_order_out():
    depots = (a_shelf(2, "pole"),)
    lacks = a_problem(
        [a_work(1, 1, parts=FUSE)], [a_crew("A", 0)], on_a_line(0, 10, 5), depots=depots
    )
    assert plan(lacks).unplaced == (1,)
    split = a_problem(
        [a_work(1, 1, parts=FUSE | POLE)],
        [a_crew("A", 0)],
        on_a_line(0, 10, 5, 6),
        depots=(*depots, a_shelf(3, "fuse")),
    )
    assert plan(split).unplaced == (1,)


def test_a_crew_that_a_dispatcher_sends_without_the_part_drives_there_straight():
    work = a_work(1, 1, parts=FUSE, pinned="A")
    (stop,) = plan(a_problem([work], [a_crew("A", 0)], on_a_line(0, 10))).stops
    assert (stop.by_depot, stop.arrive_min) == (None, pytest.approx(10))


def test_roads_get_slower_hour_by_hour():
    roads = on_a_line(0, 60)
    roads = type(roads)(travel_min=roads.travel_min, factors=(1.0, 2.0), first_hour_min=30.0)
    (stop,) = plan(a_problem([a_work(1, 1)], [a_crew("A", 0)], roads)).stops
    assert stop.arrive_min == pytest.approx(90)  # half at the old pace, half at half of it


def test_a_charge_for_being_late_at_all_saves_the_order_that_can_be_saved():
    def first(charge):
        promise = Promise(rule="a", due_min=30, weight=1, charge=charge)
        lost = Promise(rule="a", due_min=-60, weight=1.2, charge=charge)
        works = [
            a_work(1, 1, promises=(promise,), duration_min=20.0),
            a_work(2, 2, promises=(lost,), duration_min=20.0),
        ]
        found = plan(a_problem(works, [a_crew("A", 0)], on_a_line(0, 25, 25)))
        return found.sequences["A"][0]

    assert first(0.0) == 2
    assert first(100.0) == 1


def test_two_crews_of_the_running_plan_keep_their_order_without_a_search():
    crews = [a_crew("A", 0), a_crew("B", 1), a_crew("C", 2)]
    works = for_two(3, holder="B", hold=Hold.EN_ROUTE)
    problem = a_problem(works, crews, on_a_line(90, 20, 10, 0))
    found = plan(problem, 0, running={"A": (2,), "B": (1,)})
    assert (found.crew_of(1), found.crew_of(2)) == ("B", "A")


def test_a_plan_that_breaks_a_rule_is_never_given_out():
    works = [a_work(1, 1, needs=frozenset({"mv"}))]
    crews = [a_crew("able", 0, can=frozenset({"mv"})), a_crew("unable", 0, can=frozenset({"lv"}))]
    problem = a_problem(works, crews, on_a_line(0, 10))
    fixed = fixed_of(problem)
    state = empty_state(fixed, 1)
    state.route[BEST, 1, 0] = 0
    state.crews[1, BEST_SIZE] = 1
    with pytest.raises(PlanBroken, match="unable"):
        _checked(problem, state)


def test_of_two_equal_jobs_the_one_that_was_told_an_earlier_restoration_is_done_first():
    def order_of_work(**told_min):
        works = [
            a_work(i, i, due=1e6, told=Promise(rule="told", due_min=told, weight=0.25))
            for i, told in enumerate((told_min["first"], told_min["second"]), start=1)
        ]
        return plan(a_problem(works, [a_crew("A", 0)], on_a_line(0, 10, -10))).sequences["A"]

    assert order_of_work(first=45, second=300) == (1, 2)
    assert order_of_work(first=300, second=45) == (2, 1)
