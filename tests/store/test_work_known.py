"""How long work takes in the plan: by history, by the device, and by what the crew says."""

from dataclasses import dataclass, replace

import pytest
from sqlalchemy import Connection, text

from dispatch.commitments import ENOUGH
from dispatch.domain.clock import StartsAt, start_clocks
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    PredictedDevice,
    Scope,
)
from dispatch.domain.words import AreaClass, CrewId, OrderId
from dispatch.learning.assumed_waits import assumed_work
from dispatch.planning.district import OnSite, PlanningPolicy
from dispatch.procedures.expecting import around_each, forecaster_of
from dispatch.procedures.pressing import pressures
from dispatch.procedures.working import told_of, with_outages, work_of
from dispatch.store.tickets import PgTickets
from dispatch.store.transaction import PgStore
from tests.store import builders as build
from tests.store.made_up_forecasts import adopt

POLICY = PlanningPolicy()


@dataclass(frozen=True)
class World:
    connection: Connection
    store: PgStore


@pytest.fixture
def world(connection: Connection) -> World:
    build.add_district(connection)
    build.add_crew(connection, "C1")
    return World(connection, PgStore(connection))


def an_order(world: World, number: int, kind: str, **facts: object) -> TroubleOrder:
    """An order for what a device of some kind left dark; `said` minutes ahead, by `source`."""
    said, source = facts.pop("said", None), facts.pop("source", EstimateSource.CREW)
    estimate = None
    if said is not None:
        estimate = EstimatedRestoration(
            at=build.at(said), source=source, confidence=Confidence.HIGH, said_at=build.NOW
        )
    device = PredictedDevice(id=None, kind=kind, name=kind)
    outage = build.an_outage(world.connection, device=device, estimate=estimate)
    world.store.outages.add(outage, Scope())
    return build.an_order(number, outage.id, **facts)


def known(world: World, *orders: TroubleOrder) -> dict[OrderId, OnSite]:
    pairs = with_outages(world.store, orders)
    forecaster = forecaster_of(world.store)
    districts = [outage.district_id for _, outage in pairs]
    busy = around_each(world.store, forecaster, districts, build.NOW)
    return dict(work_of(world.store, pairs, {}, forecaster, busy, policy=POLICY, now=build.NOW))


def arrived(minutes_ago: float) -> dict[str, object]:
    return {
        "status": OrderStatus.ARRIVED,
        "crew_id": CrewId("C1"),
        "arrived_at": build.at(-minutes_ago),
    }


def test_without_history_work_is_as_long_as_assumed_of_the_device(world: World):
    fuse, breaker = an_order(world, 1, "fuse"), an_order(world, 2, "breaker")
    found = known(world, fuse, breaker)
    for order, kind in ((fuse, "fuse"), (breaker, "breaker")):
        expected = assumed_work(kind).mean_and_sd()
        assert (found[order.id].mean_min, found[order.id].sd_min) == pytest.approx(expected)
    assert found[breaker.id].mean_min > found[fuse.id].mean_min


def test_what_was_learned_replaces_the_table(world: World):
    order = an_order(world, 1, "breaker")
    table = known(world, order)[order.id]
    adopt(world.store)
    assert known(world, order)[order.id].mean_min != pytest.approx(table.mean_min, rel=0.01)


@pytest.mark.parametrize("source", [EstimateSource.CREW, EstimateSource.DISPATCHER])
def test_who_is_there_says_how_long_it_goes_on(world: World, source: EstimateSource):
    order = an_order(world, 1, "fuse", said=200, source=source, **arrived(10))
    assert known(world, order)[order.id] == OnSite(mean_min=200, sd_min=200 * POLICY.said_cv)


@pytest.mark.parametrize("facts", [{}, {"said": -5}, {"said": 200, "source": EstimateSource.MODEL}])
def test_without_a_word_that_holds_the_longer_it_takes_the_longer_it_goes_on(
    world: World, facts: dict[str, object]
):
    soon = an_order(world, 1, "fuse", **facts, **arrived(1))
    late = an_order(world, 2, "fuse", **facts, **arrived(240))
    found = known(world, soon, late)
    assert found[late.id].mean_min > found[soon.id].mean_min > 0


def test_an_order_without_an_outage_is_left_to_the_settings(world: World):
    order = build.an_order(1, None, hazards=("wire_down",))
    assert known(world, order) == {}


def test_what_was_told_of_a_restoration_is_known_of_its_order_and_not_of_a_second_crews(
    world: World,
):
    order = an_order(world, 1, "fuse", said=80)
    silent = an_order(world, 2, "fuse")
    second = replace(order, id=OrderId(3), supports_id=order.id)
    pairs = with_outages(world.store, [order, silent, second])
    assert told_of(pairs) == {order.id: build.at(80)}


def test_a_month_that_missed_its_promises_presses_in_the_class_that_missed_them(world: World):
    build.add_rules(world.connection)
    assert pressures(world.store, build.NOW) == {}
    for number in range(ENOUGH):
        clock_of(world, f"U{number}", AreaClass.URBAN, took_min=90)
        clock_of(world, f"R{number}", AreaClass.RURAL, took_min=10)
    later = build.at(30)
    assert pressures(world.store, later) == {AreaClass.URBAN: 1.0, AreaClass.RURAL: 0.0}


def clock_of(world: World, ticket: str, area: AreaClass, *, took_min: float) -> None:
    """A report a while ago whose arrival clock has ended."""
    PgTickets(world.connection).add(build.a_ticket(ticket))
    rules = world.store.clocks.rules_at(build.NOW)
    since = build.at(-100)
    new = start_clocks(
        rules, StartsAt.RECEIVED, since, area, district_id=build.WEST, ticket_id=ticket
    )
    world.store.clocks.start(new)
    world.connection.execute(
        text(
            "UPDATE clock SET stopped_earliest = :at, stopped_latest = :at,"
            " verdict = CASE WHEN due_at < :at THEN 'missed' ELSE 'kept' END"
            " WHERE ticket_id = :ticket"
        ),
        {"at": build.at(-100 + took_min), "ticket": ticket},
    )
