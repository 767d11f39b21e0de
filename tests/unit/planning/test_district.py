from dataclasses import replace

import numpy as np
import pytest

from dispatch.domain.clock import PUBLISHED_RULES, RuleSet
from dispatch.domain.crew import Rest
from dispatch.domain.depot import Depot
from dispatch.domain.order import OrderStatus
from dispatch.domain.words import AreaClass, CrewId, DepotId, DistrictId, OrderId
from dispatch.planning.district import Known, OnSite, PlanningPolicy, problem_of
from dispatch.planning.problem import Hold
from dispatch.planning.search import Rounds, find_plan
from tests.unit.core import NOW, a_crew_state, after, an_order

RULES = RuleSet(version=1, valid_from=NOW, rules=PUBLISHED_RULES)
POLICY = PlanningPolicy()


def state_of(orders, states, *, depots=(), rules=RULES, **more):
    size = len(orders) + len(states) + len(depots)
    travel = np.full((size, size), 10, np.float32)
    return problem_of(
        orders,
        states,
        travel,
        rules_of=lambda order: rules,
        known=Known(**more),
        policy=POLICY,
        now=NOW,
        depots=depots,
    )


def order(number=1, **facts):
    given = {"id": OrderId(number), "received_at": after(-20), "area_class": AreaClass.URBAN}
    return an_order(**(given | facts))


def held(status, **facts):
    return order(status=status, crew_id=CrewId("A"), **facts)


def test_the_clocks_run_from_the_report():
    (work,) = state_of([order()], [a_crew_state("A")]).works
    assert [p.due_min for p in work.promises] == [25, 40]
    assert work.promises[0].weight > work.promises[1].weight


def test_danger_weighs_most_and_a_critical_customer_more_than_others():
    works = state_of(
        [order(1), order(2, priority=50), order(3, hazards=("wire_down",))], [a_crew_state("A")]
    ).works
    weights = [work.promises[0].weight for work in works]
    assert weights == [1, POLICY.critical_weight, POLICY.hazard_weight]
    assert [work.hazard for work in works] == [False, False, True]


def test_a_crew_that_has_arrived_is_frozen_and_free_later_at_its_site():
    states = [a_crew_state("A", active_order_id=OrderId(1))]
    problem = state_of([held(OrderStatus.ARRIVED, arrived_at=after(-15)), order(2)], states)
    assert [work.order_id for work in problem.works] == [2]
    (crew,) = problem.crews
    assert (crew.place, crew.free_min) == (1, pytest.approx(POLICY.on_site_min - 15))


def test_work_lasts_as_long_as_is_known_of_it_and_as_usual_otherwise():
    long = OnSite(mean_min=180, sd_min=60)
    works = state_of([order(1), order(2)], [a_crew_state("A")], on_site={OrderId(1): long}).works
    assert [work.duration_min for work in works] == [180, POLICY.on_site_min]
    assert [work.duration_cv for work in works] == pytest.approx([1 / 3, POLICY.on_site_cv])


def test_a_crew_at_work_is_free_when_what_is_known_says_so():
    states = [a_crew_state("A", active_order_id=OrderId(1))]
    there = held(OrderStatus.ARRIVED, arrived_at=after(-15))
    left = {OrderId(1): OnSite(mean_min=100, sd_min=20)}
    waiting = order(2, after=(OrderId(1),))
    problem = state_of([there, waiting], states, on_site=left)
    (crew,) = problem.crews
    assert (crew.free_min, crew.free_sd_min) == (100, 20)
    assert problem.works[0].duration_min == POLICY.on_site_min + 100


def test_work_that_takes_long_is_never_expected_to_be_over_at_once():
    states = [a_crew_state("A", active_order_id=OrderId(1))]
    (crew,) = state_of([held(OrderStatus.ARRIVED, arrived_at=after(-300))], states).crews
    assert crew.free_min > 0


@pytest.mark.parametrize(
    ("status", "hold"),
    [
        (OrderStatus.ASSIGNED, Hold.SENT),
        (OrderStatus.ACCEPTED, Hold.SENT),
        (OrderStatus.EN_ROUTE, Hold.EN_ROUTE),
    ],
)
def test_what_a_crew_holds_is_held_as_far_as_it_got(status, hold):
    (work,) = state_of([held(status)], [a_crew_state("A")]).works
    assert (work.holder, work.hold, work.pinned) == ("A", hold, None)


def test_what_a_dispatcher_decided_stays():
    (work,) = state_of(
        [held(OrderStatus.ASSIGNED, why=("chosen_by?name=Wang",))], [a_crew_state("A")]
    ).works
    assert work.pinned == "A"


def test_an_order_on_hold_sends_nobody_before_that_is_over():
    (work,) = state_of([order(hold_until=after(7))], [a_crew_state("A")]).works
    assert work.release_min == 7


def test_who_is_off_shift_takes_no_part_and_shifts_end():
    states = [a_crew_state("off", on_shift=False), a_crew_state("A", shift_ends_at=after(90))]
    (crew,) = state_of([order()], states).crews
    assert (crew.crew_id, crew.place, crew.until_min) == ("A", 1, 90)


def test_who_gave_an_order_back_is_barred_and_customers_without_supply_weigh():
    states = [a_crew_state("A")]
    problem = state_of(
        [order(1), order(2)],
        states,
        declined={OrderId(1): frozenset({CrewId("A")})},
        customers={OrderId(1): 600, OrderId(2): 3},
    )
    first, second = problem.works
    assert first.barred == {"A"} and not second.barred
    assert first.restore_weight == pytest.approx(200 * second.restore_weight)


def test_a_place_for_each_crew_and_order_is_asked_for():
    with pytest.raises(Exception, match="place"):
        problem_of(
            [replace(order())],
            [a_crew_state("A")],
            np.zeros((1, 1), np.float32),
            rules_of=lambda order: RULES,
            known=Known(),
            policy=POLICY,
            now=NOW,
        )


def test_an_order_stays_with_a_crew_whose_shift_is_over():
    states = [a_crew_state("A", on_shift=False, active_order_id=OrderId(1)), a_crew_state("B")]
    problem = state_of([held(OrderStatus.EN_ROUTE), order(2)], states)
    assert problem.works[0].pinned == "A"
    assert problem.crew_of["A"].until_min == 0


def test_a_crew_that_is_proposed_is_the_one_of_the_running_plan():
    (work,) = state_of([order(proposed_crew_id=CrewId("A"))], [a_crew_state("A")]).works
    assert (work.holder, work.hold, work.pinned) == ("A", Hold.PLANNED, None)


def test_work_waits_for_that_on_another_order():
    first, second = state_of([order(1), order(2, after=(OrderId(1),))], [a_crew_state("A")]).works
    assert (first.after, second.after) == ((), (1,))


def test_work_waits_for_what_is_under_way_as_long_as_that_goes_on():
    states = [a_crew_state("A", active_order_id=OrderId(1)), a_crew_state("B")]
    at_work = held(OrderStatus.ARRIVED, arrived_at=after(-15))
    (work,) = state_of([at_work, order(2, after=(OrderId(1),))], states).works
    assert work.after == ()
    assert work.duration_min == pytest.approx(2 * POLICY.on_site_min - 15)


def test_a_break_to_come_is_kept_before_the_first_drive_from_its_time_on():
    noon = Rest(begins_at=after(40), ends_at=after(70))
    (crew,) = state_of([order()], [a_crew_state("A", rest=noon)]).crews
    assert crew.meal is not None
    assert (crew.meal.from_min, crew.meal.minutes, crew.free_min) == (40, 30, 0)


def test_a_crew_in_its_break_is_free_when_that_is_over():
    now = Rest(begins_at=after(-10), ends_at=after(20))
    (crew,) = state_of([order()], [a_crew_state("A", rest=now)]).crews
    assert (crew.meal, crew.free_min) == (None, 20)


def test_a_break_that_work_runs_into_comes_after_the_work():
    over = Rest(begins_at=after(-10), ends_at=after(20))
    states = [a_crew_state("A", active_order_id=OrderId(1), rest=over)]
    (crew,) = state_of([held(OrderStatus.ARRIVED, arrived_at=after(-15)), order(2)], states).crews
    assert crew.meal is not None
    assert (crew.meal.from_min, crew.free_min) == (-10, pytest.approx(POLICY.on_site_min - 15))


def test_drives_to_a_site_in_a_storm_are_longer_and_less_sure():
    problem = state_of([order(1), order(2)], [a_crew_state("A")], stormy={OrderId(2)})
    roads = problem.roads
    assert roads.travel_min[0].tolist() == pytest.approx([10, 10, 10 * POLICY.storm_slow])
    assert [roads.cv_to(place) for place in (1, 2)] == [POLICY.drive_cv, POLICY.storm_cv]


FUSE = frozenset({"fuse 63 A"})
DEPOT = Depot(
    id=DepotId("W1"), name="yard", district_id=DistrictId("main"), lon=115.9, lat=28.7, stock=FUSE
)


def test_parts_and_depots_on_record_are_in_the_problem():
    crew = replace(a_crew_state("A").crew, carries=FUSE)
    states = [a_crew_state("A", crew=crew), a_crew_state("B")]
    problem = state_of([order(parts=FUSE)], states, depots=[DEPOT])
    (work,), (shelf,) = problem.works, problem.depots
    assert (shelf.place, shelf.name, shelf.stock) == (3, "yard", FUSE)
    assert [problem.fetched_at(each, work) for each in problem.crews] == [(), (shelf,)]


def test_a_crew_that_has_fetched_the_parts_goes_by_no_depot_any_more():
    there = held(OrderStatus.EN_ROUTE, parts=FUSE, fetched=FUSE)
    states = [a_crew_state("A", active_order_id=OrderId(1))]
    problem = state_of([there], states, depots=[DEPOT])
    assert problem.fetched_at(problem.crews[0], problem.works[0]) == ()


def test_danger_to_life_waits_for_no_part():
    (work,) = state_of([order(hazards=("wire_down",), parts=FUSE)], [a_crew_state("A")]).works
    assert work.parts == frozenset()


def test_the_restoration_that_was_told_weighs_beside_the_promises():
    told = {OrderId(1): after(50)}
    works = state_of(
        [order(1), order(2, hazards=("wire_down",))], [a_crew_state("A")], told=told
    ).works
    first = works[0].told
    assert (first.due_min, first.weight) == (50, POLICY.told_share)
    assert works[1].told is None


def test_of_two_equal_jobs_that_of_a_class_whose_month_is_about_to_be_missed_is_done_first():
    twins = [order(1, area_class=AreaClass.URBAN), order(2, area_class=AreaClass.REMOTE)]
    same = RuleSet(
        version=1,
        valid_from=NOW,
        rules=tuple(
            replace(rule, minutes=dict.fromkeys(AreaClass, 5.0)) for rule in PUBLISHED_RULES
        ),
    )

    def first(**month):
        problem = state_of(
            twins,
            [a_crew_state("A")],
            rules=same,
            month={AreaClass(area): share for area, share in month.items()},
        )
        return find_plan(problem, budget=Rounds(20), seed=1).sequences["A"][0]

    assert first(urban=1.0) == 1
    assert first(remote=1.0) == 2


def test_a_month_makes_its_commitment_heavier_by_its_share_at_most():
    (work,) = state_of([order()], [a_crew_state("A")], month={AreaClass.URBAN: 1.0}).works
    (plain,) = state_of([order()], [a_crew_state("A")]).works
    factors = [a.weight / b.weight for a, b in zip(work.promises, plain.promises, strict=True)]
    assert factors == [1 + POLICY.month_share, 1]
    assert 1 + POLICY.month_share < POLICY.critical_weight
