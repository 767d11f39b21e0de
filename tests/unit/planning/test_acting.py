from dispatch.planning.acting import Move, decided, hazards_left, moves_now, running
from dispatch.planning.evaluate import evaluate
from dispatch.planning.problem import ChangeCosts, Hold, Promise
from tests.unit.planning.problems import a_crew, a_problem, a_work, on_a_line


def sent(order_id, place, crew, *, hold=Hold.SENT, **more):
    return a_work(order_id, place, holder=crew, hold=hold, **more)


def moves(problem, at_work=(), **sequences):
    found = evaluate(problem, sequences)
    assert not found.violations
    return moves_now(problem, found.plan, at_work=at_work)


def test_free_crews_set_out_for_their_first_order_only():
    works = [a_work(1, 1), a_work(2, 1), a_work(3, 1)]
    problem = a_problem(works, [a_crew("A", 0), a_crew("B", 0)], on_a_line(0, 10))
    assert moves(problem, A=(1, 2), B=(3,)) == (
        Move(crew_id="A", order_id=1, leaves=None),
        Move(crew_id="B", order_id=3, leaves=None),
    )


def test_who_is_at_work_or_goes_to_an_order_on_hold_stays():
    works = [a_work(1, 1), a_work(2, 1, release_min=5.0)]
    problem = a_problem(works, [a_crew("A", 0), a_crew("B", 0)], on_a_line(0, 10))
    assert moves(problem, at_work={"A"}, A=(1,), B=(2,)) == ()


def test_a_crew_that_goes_on_as_it_was_sent_makes_no_move():
    problem = a_problem([sent(1, 1, "A")], [a_crew("A", 0)], on_a_line(0, 10))
    assert moves(problem, A=(1,)) == ()


def test_doing_two_orders_the_other_way_round_must_be_worth_the_change():
    def turns(due):
        works = [sent(1, 1, "A", due=500), a_work(2, 2, due=due)]
        roads, change = on_a_line(0, 10, 20), ChangeCosts(sent=15)
        problem = a_problem(works, [a_crew("A", 0)], roads, change=change)
        return moves(problem, A=(2, 1))

    assert turns(due=45) == ()
    assert turns(due=20) == (Move(crew_id="A", order_id=2, leaves=1),)


def test_a_hazard_turns_the_crew_but_not_one_that_a_dispatcher_sent():
    works = [sent(1, 1, "A"), a_work(2, 2, hazard=True)]
    problem = a_problem(works, [a_crew("A", 0)], on_a_line(0, 10, 20))
    assert moves(problem, A=(2, 1)) == (Move(crew_id="A", order_id=2, leaves=1),)
    pinned = a_problem([sent(1, 1, "A", pinned="A"), works[1]], problem.crews, problem.roads)
    assert moves(pinned, A=(2, 1)) == ()


def test_an_order_that_moves_to_another_crew_lets_the_first_turn():
    works = [sent(1, 1, "A"), a_work(2, 2)]
    problem = a_problem(works, [a_crew("A", 0), a_crew("B", 0)], on_a_line(0, 10, 20))
    assert set(moves(problem, A=(2,), B=(1,))) == {
        Move(crew_id="A", order_id=2, leaves=1),
        Move(crew_id="B", order_id=1, leaves=None),
    }


def test_a_plan_begins_with_what_crews_hold_and_then_what_they_were_to_do():
    works = [sent(1, 1, "A"), a_work(2, 1), a_work(3, 1)]
    problem = a_problem(works, [a_crew("A", 0), a_crew("B", 0)], on_a_line(0, 10))
    assert running(problem, {"A": (2,), "B": (1, 3)}) == {"A": (1, 2), "B": (3,)}


def test_what_was_decided_stays_with_its_crew():
    promise = Promise(rule="arrival", due_min=45, weight=1)
    works = [a_work(1, 1, promises=(promise,)), a_work(2, 1)]
    problem = a_problem(works, [a_crew("A", 0)], on_a_line(0, 10))
    kept = decided(problem, moves(problem, A=(2, 1)))
    assert [work.pinned for work in kept.works] == [None, "A"]


def test_a_hazard_that_the_plan_lets_wait_gets_the_nearest_free_crew_even_from_another_order():
    works = [a_work(1, 1), a_work(2, 2, hazard=True)]
    crews = [a_crew("near", 1), a_crew("far", 0)]
    problem = a_problem(works, crews, on_a_line(0, 10, 12))
    planned = (Move(crew_id="near", order_id=1, leaves=None),)
    (sent_now,) = hazards_left(problem, planned, at_work=())
    assert sent_now == Move(crew_id="near", order_id=2, leaves=None)


def test_no_crew_is_taken_from_a_hazard_nor_from_work_for_another_hazard():
    works = [a_work(1, 1, hazard=True), a_work(2, 2, hazard=True)]
    crews = [a_crew("going", 0), a_crew("working", 1), a_crew("skill", 2, can=frozenset({"lv"}))]
    works[1] = a_work(2, 2, hazard=True, needs=frozenset({"mv"}))
    problem = a_problem(works, crews, on_a_line(0, 10, 12))
    planned = (Move(crew_id="going", order_id=1, leaves=None),)
    assert hazards_left(problem, planned, at_work={"working"}) == ()
