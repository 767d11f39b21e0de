"""The planner of a process: what it remembers, and that one order is put anew."""

from api.planner import RollingPlanner, by_rounds
from dispatch.domain.words import DistrictId
from dispatch.planning.search import PlanBroken, find_plan
from tests.unit.planning.problems import a_crew, a_problem, a_work, on_a_line

DISTRICT = DistrictId("D1")


def test_an_only_order_goes_to_the_crew_that_got_free_nearer_to_it():
    planner = RollingPlanner(by_rounds, ready=True)
    roads = on_a_line(0, 40, 10)
    work = a_work(1, 1, due=200, restore_weight=0.001)
    both_busy = [a_crew("far", 0, free_min=5), a_crew("near", 2, free_min=60)]
    first = planner.find(DISTRICT, a_problem([work], both_busy, roads))
    assert first.crew_of(work.order_id) == "far"
    now_free = [a_crew("far", 0, free_min=5), a_crew("near", 2)]
    again = planner.find(DISTRICT, a_problem([work], now_free, roads))
    assert again.crew_of(work.order_id) == "near"


def test_what_a_broken_plan_left_is_forgotten():
    begun = []

    def search(problem, *, budget, seed, running=None):
        begun.append([orders for orders in running.values() if orders])
        if len(begun) == 2:
            raise PlanBroken("no")
        return find_plan(problem, budget=budget, seed=seed, running=running)

    planner = RollingPlanner(by_rounds, ready=True, search=search)
    works = [a_work(1, 1), a_work(2, 2)]
    problem = a_problem(works, [a_crew("A", 0)], on_a_line(0, 5, 9))
    assert planner.find(DISTRICT, problem) is not None
    assert planner.find(DISTRICT, problem) is None
    assert planner.find(DISTRICT, problem) is not None
    assert [bool(each) for each in begun] == [False, True, False]
