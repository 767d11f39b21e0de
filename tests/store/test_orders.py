"""Orders, steps, incidents, actions and arrivals on PostGIS."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from dispatch.domain.arrival import ArrivalEvidence, Verdict
from dispatch.domain.clock import StartsAt, start_clocks
from dispatch.domain.order import DispatchStep, Incident, OrderStatus, StepKind
from dispatch.domain.outage import Scope
from dispatch.domain.words import AreaClass
from dispatch.errors import Collision, CrewBusy, NotFound, StaleVersion
from dispatch.ports import ActionRecord
from dispatch.store.clocks import PgClocks
from dispatch.store.constraints import in_our_words
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.tickets import PgTickets
from tests.store.builders import (
    NOW,
    WEST,
    a_ticket,
    add_crew,
    add_district,
    add_feeder,
    add_rules,
    an_order,
    an_outage,
    at,
)


@pytest.fixture
def orders(connection: Connection) -> PgOrders:
    add_district(connection)
    add_feeder(connection)
    add_crew(connection)
    return PgOrders(connection)


def an_open_outage(connection: Connection) -> int:
    outage = an_outage(connection)
    PgOutages(connection).add(outage, Scope())
    return outage.id


def assigned(order, crew_id="C1", offset=0):
    return order.assign(crew_id, at(offset), travel_s=600.0, travel_basis="road", why=("nearest",))


def reported(connection, ticket_id, outage_id, received, area=AreaClass.URBAN):
    ticket = a_ticket(ticket_id, outage_id=outage_id, received_at=at(received))
    ticket = replace(ticket, area=replace(ticket.area, area_class=area))
    PgTickets(connection).add(ticket)
    clocks = PgClocks(connection)
    clocks.start(
        start_clocks(
            clocks.rules_at(NOW),
            StartsAt.RECEIVED,
            at(received),
            area,
            district_id=WEST,
            ticket_id=ticket.id,
        )
    )


def test_what_was_added_can_be_read(connection, orders):
    order = an_order(1, an_open_outage(connection), skills=frozenset({"mv"}), hazards=("fire",))
    orders.add(order)
    assert orders.get(order.id) == order
    assert orders.lock(order.id) == order
    saved = orders.save(assigned(order))
    assert orders.get(order.id) == saved
    with pytest.raises(StaleVersion):
        orders.save(order)


def test_an_unknown_order_or_incident_is_not_found(orders):
    for read in (orders.get, orders.lock, orders.get_incident):
        with pytest.raises(NotFound):
            read(10**9)


def test_an_outage_has_one_open_order_at_a_time(connection, orders):
    outage_id = an_open_outage(connection)
    first = an_order(1, outage_id)
    orders.add(first)
    with pytest.raises(Collision), in_our_words(), connection.begin_nested():
        orders.add(an_order(2, outage_id))
    orders.save(first.cancel())
    assert orders.find_open_of_outage(outage_id) is None
    orders.add(an_order(2, outage_id))
    assert orders.find_open_of_outage(outage_id).id == 2


def test_a_crew_has_one_order_under_way(connection, orders):
    for number in (1, 2):
        orders.add(an_order(number, an_open_outage(connection)))
    orders.save(assigned(orders.get(1)))
    with pytest.raises(CrewBusy), in_our_words(), connection.begin_nested():
        orders.save(assigned(orders.get(2)))


def test_hazards_come_first_then_urged_then_the_least_headroom(connection, orders):
    add_rules(connection)
    remote, urban = an_open_outage(connection), an_open_outage(connection)
    urged, hazard = an_open_outage(connection), an_open_outage(connection)
    reported(connection, "old but remote", remote, received=-60, area=AreaClass.REMOTE)
    reported(connection, "new but urban", urban, received=-10, area=AreaClass.URBAN)
    orders.add(an_order(1, remote, received_at=at(-60)))
    orders.add(an_order(2, urban, received_at=at(-10)))
    orders.add(an_order(3, urged, urged=1))
    orders.add(an_order(4, hazard, priority=100))
    assert [order.id for order in orders.list_awaiting(WEST)] == [4, 3, 2, 1]


def test_only_orders_of_the_district_that_wait_are_listed(connection, orders):
    add_district(connection, "east")
    orders.add(an_order(1, an_open_outage(connection), district_id="east"))
    orders.add(an_order(2, an_open_outage(connection)))
    orders.add(an_order(3, an_open_outage(connection)))
    orders.save(assigned(orders.get(3)))
    assert [order.id for order in orders.list_awaiting(WEST)] == [2]


def test_orders_under_way_are_those_that_a_crew_of_the_district_holds(connection, orders):
    add_crew(connection, "C2")
    for number in (1, 2, 3):
        orders.add(an_order(number, an_open_outage(connection)))
    orders.save(assigned(orders.get(3)))
    orders.save(orders.save(assigned(orders.get(2), "C2")).complete(at(5)))
    assert [order.id for order in orders.list_under_way(WEST)] == [3]
    assert list(orders.list_under_way("east")) == []


def test_orders_that_nobody_accepted_are_listed_by_how_long(connection, orders):
    add_crew(connection, "C2")
    for number, crew_id, offset in ((1, "C1", -4), (2, "C2", -9)):
        order = an_order(number, an_open_outage(connection))
        orders.add(order)
        orders.save(assigned(order, crew_id, offset))
    assert [order.id for order in orders.list_unaccepted(at(-3))] == [2, 1]
    assert [order.id for order in orders.list_unaccepted(at(-5))] == [2]


def test_a_crews_orders_are_those_it_holds_and_those_just_completed(connection, orders):
    for number, completed in ((1, -100), (2, -5), (3, None)):
        order = an_order(number, an_open_outage(connection))
        orders.add(order)
        held = orders.save(assigned(order, offset=-200 + number))
        if completed is not None:
            orders.save(held.complete(at(completed)))
    assert [order.id for order in orders.list_of_crew("C1", at(-60))] == [2, 3]


def test_steps_are_numbered_as_they_are_recorded(connection, orders):
    orders.add(an_order(1, an_open_outage(connection)))
    steps = [
        DispatchStep(order_id=1, kind=kind, at=at(n), recorded_at=at(n), by="li", facts={"n": n})
        for n, kind in enumerate((StepKind.AWAITING_ASSIGNMENT, StepKind.URGED, StepKind.NOTED))
    ]
    for step in steps:
        orders.record(step)
    assert list(orders.list_steps(1)) == steps


def test_who_gave_an_order_back_or_let_it_wait_has_declined_it(connection, orders):
    for number in (1, 2):
        orders.add(an_order(number, an_open_outage(connection)))
    for kind, crew_id, facts in (
        (StepKind.RETURNED, "C1", {}),
        (StepKind.ESCALATED, "C2", {}),
        (StepKind.ESCALATED, "C3", {"rule": "arrival_commitment"}),
        (StepKind.ASSIGNED, "C4", {}),
    ):
        orders.record(
            DispatchStep(
                order_id=1,
                kind=kind,
                at=NOW,
                recorded_at=NOW,
                by="x",
                crew_id=crew_id,
                facts=facts,
            )
        )
    assert orders.declined([1, 2]) == {1: frozenset({"C1", "C2"})}
    assert orders.declined([]) == {}


def test_an_incident_is_read_by_number_and_by_ticket(connection, orders):
    PgTickets(connection).add(a_ticket("A"))
    incident = Incident(
        id=orders.next_incident_id(),
        ticket_id="A",
        district_id=WEST,
        kind="hazard",
        hazards=("wire_down",),
        lon=1.0,
        lat=2.0,
        accuracy_m=5.0,
        area_class=AreaClass.RURAL,
        received_at=NOW,
    )
    orders.add_incident(incident)
    assert orders.get_incident(incident.id) == incident
    assert orders.find_incident_of("A") == incident
    assert orders.find_incident_of("B") is None
    orders.add(an_order(1, incident_id=incident.id))
    assert orders.find_open_of_incident(incident.id).id == 1
    saved = orders.save_incident(incident.close(at(5), "repaired"))
    assert orders.get_incident(incident.id) == saved
    with pytest.raises(StaleVersion):
        orders.save_incident(incident)


def test_an_action_of_a_phone_is_kept_once(connection, orders):
    action = ActionRecord(
        id="a-1",
        crew_id="C1",
        seq=7,
        kind="accept",
        order_id=1,
        occurred_at=NOW,
        received_at=at(1),
        facts={"note": "路上"},
        outcome="applied",
        detail="",
    )
    assert orders.find_action("a-1") is None
    orders.record_action(action)
    assert orders.find_action("a-1") == action


def test_a_newer_judgement_of_an_arrival_replaces_the_older(connection, orders):
    sent = an_order(1, an_open_outage(connection)).assign(
        "C1", NOW, travel_s=None, travel_basis=None, why=()
    )
    orders.add(sent)
    claimed = ArrivalEvidence(
        verdict=Verdict.CLAIMED_ONLY, earliest=None, latest=None, claimed_at=NOW, reasons=("x",)
    )
    confirmed = replace(claimed, verdict=Verdict.CONFIRMED, earliest=at(-5), latest=NOW)
    assert orders.find_arrival(sent) is None
    for evidence in (claimed, confirmed):
        orders.add_arrival(1, sent.sending, evidence, at(1))
        assert orders.find_arrival(sent) == evidence
    again = replace(sent, assigned_at=at(2))
    assert orders.find_arrival(again) is None
    assert orders.list_earlier_arrivals(again) == [confirmed]
    assert orders.list_earlier_arrivals(sent) == []


def test_numbers_are_never_given_twice(orders):
    assert len({orders.next_id() for _ in range(5)}) == 5


def test_an_order_of_a_hazard_without_a_place_has_no_district(connection, orders):
    order = replace(
        an_order(1, an_open_outage(connection)),
        district_id=None,
        lon=None,
        lat=None,
        accuracy_m=None,
    )
    orders.add(order)
    assert orders.get(1) == order
    assert orders.get(1).status is OrderStatus.AWAITING_ASSIGNMENT
