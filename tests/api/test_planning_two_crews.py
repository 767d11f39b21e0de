"""The plan sends two different crews to work that takes two."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from sqlalchemy import Engine, text

from api.house import furnish
from api.planner import RollingPlanner, by_rounds
from api.worker import Work
from dispatch.assignment import AssignmentPolicy
from dispatch.domain.order import OrderStatus
from dispatch.errors import CrewBusy, CrewUnavailable, StaleVersion
from dispatch.procedures.supporting import ask_support
from dispatch.store.transaction import PgStore, retrying, transactions
from dispatch.usecases.choose_crew import ChooseCrew, choose_crew
from tests.api.test_planning import District, OneRoad, district
from tests.store.builders import NOW, WEST, add_district, add_rules, at

__all__ = ["district"]


def second_of(of: District, order_id, number: int = 900):
    """The order of a second crew."""
    of.connection.execute(text("SELECT setval('order_number', :n)"), {"n": number})
    first = of.store.orders.get(order_id)
    return ask_support(of.store, first, by="desk", reason="a pole", now=NOW).id


def test_two_crews_are_sent_to_work_that_takes_two(district):
    for name, minute in (("near", 5), ("far", 20), ("farther", 40)):
        district.crew(name, minute)
    first = district.order(0)
    second = second_of(district, first)
    district.assign()
    assert {district.crew_of(first), district.crew_of(second)} == {"near", "far"}
    why = district.store.orders.get(second).why
    assert sum(each.startswith("arrives_within") for each in why) == 1


def test_whoever_is_sent_already_stays_and_the_other_comes_to_it(district):
    district.crew("A", 5)
    district.crew("B", 20)
    first = district.order(0)
    second = second_of(district, first)
    district.sent(first, "A", driving=True)
    district.assign()
    assert (district.crew_of(first), district.crew_of(second)) == ("A", "B")


def test_where_there_is_one_crew_only_it_goes_and_stays(district):
    district.crew("A", 5)
    first = district.order(0)
    second = second_of(district, first)
    district.assign()
    assert (district.crew_of(first), district.crew_of(second)) == ("A", None)
    assert district.assign() == ()


def test_the_second_crew_has_the_skills_of_the_first(district):
    district.crew("skilled", 30, skills=["mv"])
    district.crew("other", 1, skills=["lv"])
    district.crew("skilled too", 40, skills=["mv"])
    first = district.order(0, skills=frozenset({"mv"}))
    second = second_of(district, first)
    district.assign()
    assert {district.crew_of(first), district.crew_of(second)} == {"skilled", "skilled too"}


def test_nobody_is_sent_to_support_an_order_that_is_on_hold(district):
    district.crew("A", 5)
    district.crew("B", 6)
    second_of(district, district.order(0, hold_until=at(10)))
    assert district.assign() == ()


@pytest.mark.parametrize("place", ["first", "second"])
def test_when_one_crew_is_there_the_other_is_still_sent(district, place: str):
    district.crew("A", 0)
    district.crew("B", 20)
    first = district.order(0)
    second = second_of(district, first)
    there, waits = (first, second) if place == "first" else (second, first)
    district.sent(there, "A")
    district.store.orders.save(district.store.orders.get(there).arrive(NOW))
    district.assign()
    assert district.crew_of(waits) == "B"


def test_a_hazard_for_two_crews_waits_for_nobody(district):
    district.crew("A", 5)
    district.crew("B", 20)
    first = district.order(0, hazards=("wire_down",), priority=100)
    second = second_of(district, first)
    district.assign()
    assert {district.crew_of(first), district.crew_of(second)} == {"A", "B"}


CREWS, WORKS, DESKS = 10, 8, 12


def test_dispatchers_and_the_planner_at_once_keep_to_two_different_crews(database: Engine):
    with database.begin() as connection:
        add_district(connection)
        add_rules(connection)
        planner = RollingPlanner(by_rounds, ready=True)
        west = District(connection, PgStore(connection), planner, count(1))
        crews = [west.crew(f"C{n}", 7.0 * n % 60) for n in range(CREWS)]
        firsts = [west.order(11.0 * n % 60, received=-n) for n in range(WORKS)]
        seconds = [second_of(west, first, 1000 + n) for n, first in enumerate(firsts)]
    orders = [*firsts, *seconds]
    house = furnish(database, zone="UTC", now=lambda: NOW, travel_times=OneRoad, planner=planner)
    transaction, refused = transactions(database), (CrewBusy, CrewUnavailable, StaleVersion)

    def choose(desk: int) -> int:
        sent = 0
        for n in range(3):
            wanted, crew = orders[(desk * 7 + n * 3) % len(orders)], crews[(desk * 5 + n) % CREWS]
            try:
                retrying(transaction, lambda store, o=wanted, c=crew: send(store, o, c))
                sent += 1
            except refused:
                pass
        return sent

    def send(store: PgStore, order_id, crew_id) -> None:
        command = ChooseCrew(
            order_id=order_id,
            crew_id=crew_id,
            by="a desk",
            seen_version=store.orders.get(order_id).version,
            reason="it is mine",
        )
        choose_crew(store, command, OneRoad(), policy=AssignmentPolicy(), now=NOW)

    with ThreadPoolExecutor(DESKS + 2) as desks:
        planned = [desks.submit(Work(house).assign, WEST) for _ in range(4)]
        chosen = [desks.submit(choose, desk) for desk in range(DESKS)]
        assert sum(each.result() for each in chosen) > 0
        for each in planned:
            each.result()
    Work(house).assign(WEST)
    house.close()
    with transaction() as store:
        held = {order: store.orders.get(order) for order in orders}
    busy = [o.crew_id for o in held.values() if o.status is OrderStatus.ASSIGNED]
    assert len(busy) == len(set(busy)) > CREWS / 2
    both = [(held[a].crew_id, held[b].crew_id) for a, b in zip(firsts, seconds, strict=True)]
    assert all(one != other for one, other in both if one and other)
    assert any(one and other for one, other in both), "two came together somewhere"
