"""A district is assigned by one plan of everything that is open, and nobody is sent on nothing."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, insert, text

from api.house import furnish
from api.planner import RollingPlanner, by_rounds
from api.worker import Work
from dispatch.assignment import AssignmentPolicy
from dispatch.domain.crew import Rest
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.outage import Scope
from dispatch.domain.words import CrewId, OrderId
from dispatch.errors import CrewBusy, CrewUnavailable, StaleVersion
from dispatch.planning.district import PlanningPolicy
from dispatch.planning.search import PlanBroken
from dispatch.ports import Travel
from dispatch.procedures.foreseeing import Foreseen, foresee
from dispatch.procedures.ranking import rank_for
from dispatch.store.tables.crews import shift_pattern as shift_pattern_table
from dispatch.store.transaction import PgStore, retrying, transactions
from dispatch.usecases.assign_orders import AssignOrders, assign_orders
from dispatch.usecases.choose_crew import ChooseCrew, choose_crew
from tests.store.builders import (
    LON,
    NOW,
    WEST,
    a_fix,
    a_ticket,
    add_crew,
    add_district,
    add_rules,
    an_incident,
    an_order,
    an_outage,
    at,
)

MINUTE = 0.001
"""Degrees of longitude that take a minute on the one road of these tests."""


class OneRoad:
    """Times along one straight road from west to east."""

    version = "open"

    def travel_to(
        self, lon: float, lat: float, origins: Sequence[tuple[float, float]]
    ) -> Sequence[Travel]:
        return [Travel(abs(x - lon) / MINUTE * 60, None, "road") for x, _ in origins]

    def minutes(self, starts, ends):
        apart = np.subtract.outer([x for x, _ in starts], [x for x, _ in ends])
        return (np.abs(apart) / MINUTE).astype(np.float32)

    def least_s(self, start, end):
        return max(0.0, abs(start[0] - end[0]) / MINUTE * 60)

    def off_road_m(self, places):
        return None


@dataclass
class District:
    """A district in an open transaction."""

    connection: Connection
    store: PgStore
    planner: RollingPlanner
    numbers: Sequence[int]

    def crew(self, name: str, minute: float, *, seen: float = -1.0, **facts: object) -> CrewId:
        """A crew round the clock, last seen so many minutes along the road."""
        crew_id = add_crew(self.connection, name, **facts)
        self.connection.execute(
            insert(shift_pattern_table).values(
                crew_id=crew_id, starts="00:00", ends="00:00", zone="UTC"
            )
        )
        lon = LON + minute * MINUTE
        self.store.crews.record_fixes([a_fix(f"{name} {seen}", name, seen, lon=lon)])
        return crew_id

    def order(self, minute: float, *, received: float = 0.0, **facts: object) -> OrderId:
        """An order so many minutes along the road."""
        outage = an_outage(self.connection)
        self.store.outages.add(outage, Scope())
        number = next(self.numbers)
        facts = {"lon": LON + minute * MINUTE, **facts}
        order = an_order(number, outage.id, received_at=at(received), **facts)
        self.store.orders.add(order)
        return order.id

    def incident(self, minute: float, ticket: str, **facts: object) -> OrderId:
        """The order of an incident so many minutes along the road."""
        self.store.tickets.add(a_ticket(ticket))
        incident = an_incident(self.store.orders.next_incident_id(), ticket)
        self.store.orders.add_incident(incident)
        lon, received = LON + minute * MINUTE, at(float(facts.pop("received", 0.0)))  # type: ignore[arg-type]
        number = next(self.numbers)
        facts = {"incident_id": incident.id, "lon": lon, "received_at": received, **facts}
        self.store.orders.add(an_order(number, **facts))
        return OrderId(number)

    def accepted(self, order_id: OrderId, crew: str) -> None:
        self.sent(order_id, crew)
        self.store.orders.save(self.store.orders.get(order_id).accept(NOW))

    def sent(self, order_id: OrderId, crew: str, *, driving: bool = False, why: str = "") -> None:
        order = self.store.orders.get(order_id).assign(
            CrewId(crew), NOW, travel_s=60.0, travel_basis="road", why=(why,) if why else ()
        )
        self.store.orders.save(order.start(NOW) if driving else order)

    def assign(
        self,
        planner: object = None,
        planning: PlanningPolicy | None = None,
        road: OneRoad | None = None,
    ) -> tuple[TroubleOrder, ...]:
        return assign_orders(
            self.store,
            AssignOrders(district_id=WEST),
            road or OneRoad(),
            planner or self.planner,
            policy=AssignmentPolicy(),
            planning=planning or PlanningPolicy(),
            now=NOW,
        )

    def crew_of(self, order_id: OrderId) -> str | None:
        return self.store.orders.get(order_id).crew_id


@pytest.fixture
def district(connection: Connection) -> District:
    add_district(connection)
    add_rules(connection)
    return District(
        connection, PgStore(connection), RollingPlanner(by_rounds, ready=True), count(1)
    )


def codes(order: TroubleOrder) -> list[str]:
    return [why.partition("?")[0] for why in order.why]


def test_one_order_goes_to_the_crew_that_is_there_soonest(district):
    district.crew("far", 40)
    district.crew("near", 12)
    order = district.order(0)
    (changed,) = district.assign()
    assert (changed.id, changed.crew_id) == (order, "near")
    assert changed.travel_s == pytest.approx(720)
    assert codes(changed)[0] == "nearest"
    assert {"by_road", "arrives_within", "keeps"} <= set(codes(changed))


def test_two_orders_are_weighed_together_where_nearest_first_would_lose_one(district):
    district.crew("between", 0)
    district.crew("beyond", -30)
    first, second = district.order(-5, received=-1), district.order(20, received=0)
    district.assign()
    assert (district.crew_of(first), district.crew_of(second)) == ("beyond", "between")
    assert "by_plan" in codes(district.store.orders.get(first))


def test_without_a_planner_that_is_ready_the_most_urgent_gets_the_nearest(district):
    district.crew("between", 0)
    district.crew("beyond", -30)
    first, second = district.order(-5, received=-1), district.order(20, received=0)
    district.assign(RollingPlanner(by_rounds, ready=False))
    assert (district.crew_of(first), district.crew_of(second)) == ("between", "beyond")


def test_a_crew_on_its_way_to_a_hazard_stays_with_it(district):
    district.crew("A", 0)
    hazard = district.order(40, priority=100, hazards=("wire_down",))
    district.sent(hazard, "A", driving=True)
    for minute in (1, 2, 3):
        district.order(minute)
    assert district.assign() == ()
    assert district.crew_of(hazard) == "A"


def test_where_a_plan_is_not_accepted_the_most_urgent_gets_the_nearest_and_it_is_logged(
    district, caplog
):
    def broken(problem, *, budget, seed, running=None):
        raise PlanBroken("order 1 takes 1 crews and has 2")

    district.crew("between", 0)
    district.crew("beyond", -30)
    first, second = district.order(-5, received=-1), district.order(20, received=0)
    district.assign(RollingPlanner(by_rounds, ready=True, search=broken))
    assert (district.crew_of(first), district.crew_of(second)) == ("between", "beyond")
    assert "does not hold" in caplog.text and "has 2" in caplog.text


def test_a_crew_on_its_way_is_turned_for_a_hazard_and_its_order_waits_again(district):
    district.crew("A", 0)
    plain = district.order(20)
    district.sent(plain, "A", driving=True)
    hazard = district.order(5, priority=100, hazards=("wire_down",))
    district.assign()
    assert district.crew_of(hazard) == "A"
    left = district.store.orders.get(plain)
    assert (left.status, left.crew_id) == (OrderStatus.AWAITING_ASSIGNMENT, None)
    assert [s.reason for s in district.store.orders.list_steps(plain)] == [
        f"turned_to?order={hazard}"
    ]


def test_a_crew_on_its_way_is_not_turned_for_an_order_like_others(district):
    district.crew("A", 0)
    held = district.order(20)
    district.sent(held, "A", driving=True)
    waits = district.order(5)
    assert district.assign() == ()
    assert (district.crew_of(held), district.crew_of(waits)) == ("A", None)


def test_an_order_that_is_sent_goes_to_a_crew_that_became_free_and_keeps_its_promise(district):
    district.crew("far", 60)
    order = district.order(0)
    district.sent(order, "far")
    district.crew("near", 5)
    (changed,) = district.assign()
    assert (changed.id, changed.crew_id, changed.status) == (order, "near", OrderStatus.ASSIGNED)
    (step,) = district.store.orders.list_steps(order)
    assert (step.kind, step.by) == ("reassigned", "relight")


def test_an_order_that_is_sent_stays_where_the_gain_is_less_than_the_change_costs(district):
    district.crew("A", 20)
    order = district.order(0)
    district.sent(order, "A")
    district.crew("B", 5)
    assert district.assign() == ()
    assert district.crew_of(order) == "A"


@pytest.mark.parametrize("how", ["accepted", "chosen"])
def test_an_order_that_is_accepted_or_chosen_stays_though_a_nearer_crew_is_free(district, how):
    district.crew("far", 60)
    order = district.order(0)
    if how == "accepted":
        district.accepted(order, "far")
    else:
        district.sent(order, "far", why="chosen_by?name=li")
    district.crew("near", 5)
    other = district.order(300)
    district.sent(other, district.crew("other", 300))
    assert district.assign() == ()
    assert district.crew_of(order) == "far"


def test_where_crews_are_only_proposed_an_order_that_is_sent_stays(connection):
    add_district(connection, mode="proposed")
    add_rules(connection)
    planner = RollingPlanner(by_rounds, ready=True)
    district = District(connection, PgStore(connection), planner, count(1))
    district.crew("far", 60)
    order = district.order(0)
    district.sent(order, "far")
    district.crew("near", 5)
    assert district.assign() == ()


def test_a_crew_that_a_dispatcher_sent_is_not_turned_even_for_a_hazard(district):
    district.crew("A", 0)
    held = district.order(20)
    district.sent(held, "A", why="chosen_by?name=li")
    district.order(5, priority=100, hazards=("wire_down",))
    assert district.assign() == ()
    assert district.crew_of(held) == "A"


def test_a_crew_at_work_finishes_first(district):
    district.crew("A", 0)
    held = district.order(0)
    order = district.store.orders.get(held).assign(
        CrewId("A"), NOW, travel_s=1.0, travel_basis="road", why=()
    )
    district.store.orders.save(order.arrive(NOW))
    hazard = district.order(1, priority=100, hazards=("wire_down",))
    assert district.assign() == ()
    assert district.crew_of(hazard) is None


def overdue_danger(district: District, *, others: float = 1, **facts: object) -> OrderId:
    """Danger that is so late already that a plan would rather save six orders near `others`."""
    for n in range(6):
        district.order(others + n / 10, received=-40 + n, priority=50, **facts)
    danger = {"priority": 100, "hazards": ("wire_down",)}
    return district.order(3, received=-600, **danger, **facts)


@pytest.mark.parametrize("seen", [-1.0, -60.0])
def test_danger_goes_first_whoever_has_not_been_seen_lately(district, seen):
    district.crew("able", 0, seen=seen, skills=("mv",))
    district.crew("unseen", 0, seen=-60, skills=("lv",))
    hazard = overdue_danger(district, skills=frozenset({"mv"}))
    district.assign()
    assert district.crew_of(hazard) == "able"


def test_danger_is_not_kept_for_the_nearest_crew_that_is_about_to_go_home(district):
    district.crew("B", 30)
    going = district.crew("going home", 0)
    district.connection.execute(
        text("UPDATE shift_pattern SET ends = '12:20' WHERE crew_id = :id"), {"id": going}
    )
    hazard = overdue_danger(district, others=31)
    district.assign()
    assert district.crew_of(hazard) == "B"


def test_danger_for_two_crews_gets_the_first_one_though_the_other_is_long_at_work(district):
    for name in ("A", "B"):
        district.crew(name, 0)
    work = district.order(0)
    district.sent(work, "B")
    district.store.orders.save(district.store.orders.get(work).arrive(NOW))
    hazard = overdue_danger(district)
    second = district.store.orders.get(hazard).ask_support(OrderId(900))
    district.store.orders.add(second)
    district.assign()
    assert district.crew_of(hazard) == "A"


def test_a_crew_that_cannot_be_turned_after_all_keeps_what_it_holds(district):
    crew_id = district.crew("last half hour", 0)
    district.connection.execute(text("UPDATE shift_pattern SET ends = '12:25'"))
    held = district.incident(14, "A")
    district.sent(held, crew_id, driving=True)
    hazard = district.incident(1, "B", received=-600, priority=100, hazards=("wire_down",))
    district.assign(planning=PlanningPolicy(on_site_min=5, on_site_cv=0))
    assert (district.crew_of(held), district.crew_of(hazard)) == (crew_id, None)


def test_a_crew_last_seen_long_ago_is_sent_only_when_no_other_is_free(district):
    district.crew("unseen", 0, seen=-60)
    district.crew("seen", 30)
    first = district.order(1)
    district.assign()
    assert district.crew_of(first) == "seen"
    second = district.order(2)
    district.assign()
    assert district.crew_of(second) == "unseen"
    assert "stale_fix" in codes(district.store.orders.get(second))


def test_an_order_on_hold_or_without_a_place_sends_nobody(district):
    district.crew("A", 0)
    district.order(1, hold_until=at(5))
    assert district.assign() == ()
    plain = district.order(9)
    district.assign()
    assert district.crew_of(plain) == "A"


def test_a_crew_that_cannot_finish_before_its_shift_ends_still_goes_when_nobody_else_can(district):
    crew_id = add_crew(district.connection, "last hour")
    district.connection.execute(
        text("INSERT INTO shift (crew_id, period) VALUES (:id, tstzrange(:since, :until))"),
        {"id": crew_id, "since": at(-60), "until": at(50)},
    )
    order = district.order(1)
    district.assign()
    assert district.crew_of(order) == "last hour"


def test_a_crew_keeps_its_order_when_its_shift_is_nearly_over(district):
    crew_id = add_crew(district.connection, "last hour")
    district.connection.execute(
        text("INSERT INTO shift (crew_id, period) VALUES (:id, tstzrange(:since, :until))"),
        {"id": crew_id, "since": at(-60), "until": at(20)},
    )
    held = district.order(1)
    district.sent(held, "last hour", driving=True)
    district.crew("fresh", 30)
    waits = district.order(31)
    district.assign()
    assert (district.crew_of(held), district.crew_of(waits)) == ("last hour", "fresh")


def test_who_gave_an_order_back_or_lacks_the_skill_is_not_sent(district):
    district.crew("unskilled", 0, skills=("lv",))
    district.crew("skilled", 30, skills=("mv",))
    order = district.order(1, skills=frozenset({"mv"}))
    district.assign()
    assert district.crew_of(order) == "skilled"


class Asked(OneRoad):
    """Notes how many orders it is asked the way to."""

    orders = 0

    def travel_to(self, lon, lat, origins):
        self.orders += 1
        return super().travel_to(lon, lat, origins)


def test_where_no_free_crew_could_go_hundreds_of_orders_cost_no_look_at_the_roads(district):
    crews = [district.crew(f"C{n}", n, skills=("mv",)) for n in range(3)]
    district.crew("unskilled", 1, skills=("lv",))
    district.connection.execute(text("UPDATE shift_pattern SET ends = '13:00'"))
    orders = [district.order(n / 10, skills=frozenset({"mv"})) for n in range(200)]
    road = Asked()
    district.assign(road=road)
    assert {district.crew_of(order) for order in orders} == {*crews, None}
    assert road.orders < 10


def put_after(district, order_id, *others):
    order = district.store.orders.get(order_id)
    district.store.orders.save(order.begin_after(others))


def test_the_switch_is_opened_before_the_work_that_needs_it(district):
    district.crew("A", 0)
    near, switch = district.order(1, received=-30), district.order(20)
    put_after(district, near, switch)
    district.assign()
    assert (district.crew_of(switch), district.crew_of(near)) == ("A", None)


def test_an_order_waits_with_the_one_before_it_until_that_is_over(district):
    district.crew("A", 0)
    held = district.order(20, hold_until=at(10))
    waits = district.order(1)
    put_after(district, waits, held)
    assert district.assign() == ()
    district.store.orders.save(district.store.orders.get(held).cancel())
    district.assign()
    assert district.crew_of(waits) == "A"


def test_without_a_plan_nobody_is_sent_to_work_that_has_to_wait(district):
    district.crew("A", 0)
    district.crew("B", 30)
    switch = district.order(20)
    waits = district.order(1, hazards=("wire_down",), priority=100)
    put_after(district, waits, switch)
    district.assign(RollingPlanner(by_rounds, ready=False))
    assert (district.crew_of(switch), district.crew_of(waits)) == ("B", None)


def test_a_district_that_wants_proposals_gets_them_and_nobody_is_turned(connection):
    add_district(connection, mode="proposed")
    add_rules(connection)
    store = PgStore(connection)
    district = District(connection, store, RollingPlanner(by_rounds, ready=True), count(1))
    district.crew("A", 0)
    held = district.order(20)
    district.sent(held, "A", driving=True)
    district.crew("B", 40)
    hazard = district.order(5, priority=100, hazards=("wire_down",))
    (changed,) = district.assign()
    assert (changed.id, changed.proposed_crew_id, changed.crew_id) == (hazard, "B", None)
    assert district.assign() == (), "the same proposal is not made twice"
    assert district.crew_of(held) == "A"


def test_the_crew_that_the_plan_sent_stays_once_a_dispatcher_names_it(district):
    district.crew("far", 60)
    order_id = district.order(0)
    district.sent(order_id, "far")
    for _ in range(2):
        seen = district.store.orders.get(order_id).version
        command = ChooseCrew(
            order_id=order_id, crew_id=CrewId("far"), by="li", seen_version=seen, reason="knows it"
        )
        choose_crew(district.store, command, OneRoad(), policy=AssignmentPolicy(), now=NOW)
    district.crew("near", 5)
    assert district.assign() == ()
    assert district.crew_of(order_id) == "far"
    (step,) = district.store.orders.list_steps(order_id)
    assert (step.kind, step.by, step.reason) == ("noted", "li", "chosen_by?name=li")


def test_the_crew_that_was_proposed_needs_no_reason_though_another_is_nearer(district):
    district.crew("A", 0)
    district.crew("B", 10)
    order_id = district.order(1)
    order = district.store.orders.get(order_id)
    order = district.store.orders.save(replace(order, proposed_crew_id=CrewId("B")))
    command = ChooseCrew(
        order_id=order_id, crew_id=CrewId("B"), by="li", seen_version=order.version
    )
    choose_crew(district.store, command, OneRoad(), policy=AssignmentPolicy(), now=NOW)
    assert district.crew_of(order_id) == "B"


@dataclass
class Interrupted:
    """A planner while whose plan is made something happens."""

    planner: RollingPlanner
    happens: Callable[[], None]

    def find(self, district_id, problem):
        plan = self.planner.find(district_id, problem)
        self.happens()
        return plan

    def kept(self, district_id, travel_times):
        return self.planner.kept(district_id, travel_times)


def test_what_changed_while_the_plan_was_made_is_left_alone(district):
    for name, minute in (("A", 0), ("B", 10), ("C", 20)):
        district.crew(name, minute)
    first, second = district.order(0), district.order(10)
    planner = Interrupted(district.planner, lambda: district.sent(first, "C", why="chosen_by"))
    district.assign(planner)
    assert (district.crew_of(first), district.crew_of(second)) == ("C", "B")


def test_a_crew_that_was_sent_elsewhere_while_the_plan_was_made_is_not_sent_again(district):
    district.crew("A", 0)
    district.crew("B", 30)
    first = district.order(0)
    other = district.order(90, hold_until=at(60))
    planner = Interrupted(district.planner, lambda: district.sent(other, "A"))
    district.assign(planner)
    assert district.crew_of(other) == "A"
    assert district.crew_of(first) != "A"


def foreseen(district: District, order_id: OrderId, planner: object = None) -> Foreseen:
    order = district.store.orders.get(order_id)
    rules = {"policy": AssignmentPolicy(), "now": NOW}
    ranked = rank_for(district.store, order, OneRoad(), **rules)
    return foresee(
        district.store,
        order,
        ranked,
        OneRoad(),
        planner or district.planner,
        assignment=AssignmentPolicy(),
        planning=PlanningPolicy(),
        now=NOW,
    )


def test_each_crew_is_held_against_the_plan_before_a_dispatcher_decides(district):
    for name, minute in (("A", 0), ("B", 44), ("C", 300)):
        district.crew(name, minute)
    district.crew("unskilled", 1, skills=("lv",))
    first = district.order(1, received=-5, skills=frozenset({"mv"}))
    district.order(43)
    told = foreseen(district, first)
    assert told.chosen == {"A"}
    assert told.options["A"].arrive_p50_min < 2 and told.options["A"].kept[0].chance > 0.99
    far = told.options["C"]
    assert far.cost > 100 and far.kept[0].chance < 0.01
    assert {"arrives_within", "keeps", "costs_more"} <= {r.partition("?")[0] for r in far.reasons}
    assert {crew: why[0].partition("?")[0] for crew, why in told.excluded.items()} == {
        "unskilled": "missing_skill"
    }


def test_what_a_choice_breaks_is_told_with_the_other_order(district):
    district.crew("A", 0)
    district.crew("B", 40)
    first, second = district.order(1), district.order(42, received=-20)
    (broken, *_) = foreseen(district, first).options["B"].broken
    assert (broken.order_id, broken.before > 0.9, broken.after < 0.1) == (second, True, True)


def test_a_crew_that_has_its_break_is_held_against_the_plan_as_a_dispatcher_would_send_it(district):
    rests = district.crew("rests", 20)
    rest = Rest(begins_at=at(-5), ends_at=at(30))
    district.store.crews.rest(rests, rest, by="li", reason="a long night")
    district.crew("near", 10)
    order = district.order(0)
    assert foreseen(district, order).options[rests].arrive_p50_min == pytest.approx(20, abs=1)


def test_what_no_longer_fits_before_a_crew_leaves_is_told_and_is_no_reason_against_it(district):
    district.crew("A", 0)
    district.connection.execute(text("UPDATE shift_pattern SET ends = '15:20'"))
    district.crew("B", 60)
    planned = [district.order(minute, received=-10) for minute in (1, 2)]
    order = district.order(61)
    told = foreseen(district, order)
    option = told.options["A"]
    assert "A" not in told.excluded
    assert option.pushed_out and set(option.pushed_out) < {*planned, order}
    assert f"pushes_out?order={option.pushed_out[0]}" in option.reasons


def test_a_crew_that_has_to_do_the_work_before_first_is_out_for_that_reason(district):
    district.crew("A", 0)
    district.crew("B", 100)
    switch, order = district.order(1, received=-10), district.order(101, received=-10)
    put_after(district, order, switch)
    assert foreseen(district, order).excluded == {"A": (f"waits_for_order?order={switch}",)}


def test_an_order_on_hold_is_held_against_the_plan_too_and_one_under_work_is_not(district):
    district.crew("A", 0)
    held = district.order(5, hold_until=at(10))
    assert foreseen(district, held).chosen == {"A"}
    district.sent(held, "A")
    order = district.store.orders.get(held)
    district.store.orders.save(order.arrive(NOW))
    assert foreseen(district, held) == Foreseen()


def test_without_a_planner_that_is_ready_nothing_is_foreseen(district):
    district.crew("A", 0)
    order = district.order(5)
    assert foreseen(district, order, RollingPlanner(by_rounds, ready=False)) == Foreseen()


CREWS, ORDERS, DESKS = 24, 40, 20


def test_twenty_dispatchers_and_the_planner_never_give_an_order_or_a_crew_twice(database: Engine):
    with database.begin() as connection:
        add_district(connection)
        add_rules(connection)
        planner = RollingPlanner(by_rounds, ready=True)
        district = District(connection, PgStore(connection), planner, count(1))
        crews = [district.crew(f"C{n}", 7.0 * n % 60) for n in range(CREWS)]
        orders = [district.order(11.0 * n % 60, received=-n) for n in range(ORDERS)]
        connection.execute(text("SELECT setval('order_number', 1000)"))
    house = furnish(database, zone="UTC", now=lambda: NOW, travel_times=OneRoad, planner=planner)
    transaction, refused = transactions(database), (CrewBusy, CrewUnavailable, StaleVersion)

    def choose(desk: int) -> int:
        """One dispatcher goes for orders and crews that others want as well."""
        sent = 0
        for n in range(4):
            wanted = orders[(desk * 7 + n * 3) % ORDERS]
            crew_id = crews[(desk * 5 + n) % CREWS]
            try:
                retrying(transaction, lambda store, o=wanted, c=crew_id: send(store, o, c))
                sent += 1
            except refused:
                pass
        return sent

    def send(store: PgStore, order_id: OrderId, crew_id: CrewId) -> None:
        command = ChooseCrew(
            order_id=order_id,
            crew_id=crew_id,
            by="a desk",
            seen_version=store.orders.get(order_id).version,
            reason="it is mine",
        )
        choose_crew(store, command, OneRoad(), policy=AssignmentPolicy(), now=NOW)

    with ThreadPoolExecutor(DESKS + 2) as desks:
        planned = [desks.submit(Work(house).assign, WEST) for _ in range(6)]
        chosen = [desks.submit(choose, desk) for desk in range(DESKS)]
        assert sum(each.result() for each in chosen) > 0
        for each in planned:
            each.result()
    Work(house).assign(WEST)
    house.close()
    with transaction() as store:
        held = [store.orders.get(order) for order in orders]
    crews_busy = [order.crew_id for order in held if order.is_under_way]
    assert len(crews_busy) == len(set(crews_busy)) > CREWS / 2
    by_hand = [o for o in held if any(why.startswith("chosen_by") for why in o.why)]
    assert by_hand, "what a dispatcher decided stood beside the planner"
    with database.connect() as connection:
        steps = connection.execute(
            text(
                "SELECT count(*) AS steps, count(DISTINCT (order_id, seq)) AS numbers"
                " FROM dispatch_step"
            )
        ).one()
    assert steps.steps == steps.numbers
