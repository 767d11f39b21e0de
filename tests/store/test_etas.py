"""When a crew is expected at the door, from each of its positions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from dispatch.domain.eta import DoorEta, EtaPolicy
from dispatch.domain.outage import Scope
from dispatch.domain.words import CrewId, OrderId
from dispatch.ports import Travel
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.transaction import PgStore
from dispatch.usecases.refresh_etas import RefreshEtas, refresh_etas
from tests.store import builders as build
from tests.store.builders import LON, NOW, a_fix, an_order, an_outage, at

C1 = CrewId("C1")
POLICY = EtaPolicy()


class Drive:
    """Roads on which every drive takes the same time, or none leads."""

    def __init__(self, seconds: float, basis: str = "road") -> None:
        self.seconds, self.basis = seconds, basis

    def travel_to(
        self, lon: float, lat: float, origins: Sequence[tuple[float, float]]
    ) -> Sequence[Travel]:
        return [Travel(self.seconds, None, self.basis) for _ in origins]


@pytest.fixture
def store(connection: Connection) -> PgStore:
    build.add_district(connection, boundary=build.square())
    build.add_crew(connection, "C1")
    build.add_crew(connection, "C2")
    return PgStore(connection)


@pytest.fixture
def order(store: PgStore, connection: Connection) -> OrderId:
    """An order that crew C1 drives to."""
    outages, orders = PgOutages(connection), PgOrders(connection)
    outage = an_outage(connection)
    outages.add(outage, Scope())
    orders.add(an_order(1, outage.id))
    held = orders.get(OrderId(1)).assign(C1, NOW, travel_s=600, travel_basis="road", why=())
    orders.save(orders.save(held).start(at(1)))
    return OrderId(1)


def seen(store: PgStore, minute: float, **fields: object) -> None:
    store.crews.record_fixes([a_fix(f"f{minute}", offset=minute, crew_id=C1, **fields)])


def refresh(store: PgStore, drive: Drive) -> tuple[DoorEta, ...]:
    command = RefreshEtas(crew_ids=[C1, CrewId("C2")])
    return refresh_etas(store, command, drive, policy=POLICY)


def test_each_position_of_a_crew_on_its_way_gives_a_new_arrival(store: PgStore, order: OrderId):
    assert store.etas.find(order) is None
    seen(store, 2)
    (eta,) = refresh(store, Drive(600))
    assert store.etas.find(order) == eta
    assert eta.arrives_at == at(2) + timedelta(seconds=600)
    seen(store, 4, lon=LON + 0.01)
    (eta,) = refresh(store, Drive(300))
    assert eta.arrives_at == at(4) + timedelta(seconds=300)


def test_an_arrival_that_holds_is_not_told_again_with_every_position(
    store: PgStore, order: OrderId
):
    seen(store, 2)
    assert len(refresh(store, Drive(600))) == 1
    assert refresh(store, Drive(10)) == ()
    seen(store, 2.5)
    assert refresh(store, Drive(575)) == ()
    seen(store, 3.1)
    assert len(refresh(store, Drive(534))) == 1


def test_where_no_open_road_leads_there_is_no_time_and_no_straight_line(
    store: PgStore, order: OrderId
):
    seen(store, 2)
    (eta,) = refresh(store, Drive(float("inf"), "unreachable"))
    assert (eta.travel_s, eta.arrives_at, eta.basis) == (None, None, "unreachable")
    assert store.etas.find(order) == eta


def test_a_mocked_position_and_one_from_before_it_was_sent_tell_nothing(
    store: PgStore, order: OrderId
):
    seen(store, -5)
    assert refresh(store, Drive(600)) == ()
    seen(store, 3, mock=True)
    assert refresh(store, Drive(600)) == ()


def test_another_crews_arrival_is_not_that_of_the_order(
    store: PgStore, order: OrderId, connection: Connection
):
    seen(store, 2)
    refresh(store, Drive(600))
    orders = PgOrders(connection)
    turned = orders.save(orders.get(order).give_back())
    turned = turned.assign(CrewId("C2"), at(3), travel_s=60, travel_basis="road", why=())
    orders.save(orders.save(turned).start(at(3)))
    assert store.etas.find(order) is None


def test_an_arrival_grows_stale_with_its_position():
    eta = DoorEta(order_id=OrderId(1), crew_id=C1, fixed_at=NOW, travel_s=60, basis="road")
    assert not eta.is_stale(NOW + POLICY.believed_for, POLICY)
    assert eta.is_stale(NOW + POLICY.believed_for + timedelta(seconds=1), POLICY)


def test_a_way_that_opens_is_news_at_once():
    cut_off = DoorEta(
        order_id=OrderId(1), crew_id=C1, fixed_at=NOW, travel_s=None, basis="unreachable"
    )
    later = replace(cut_off, fixed_at=NOW + timedelta(seconds=1))
    assert not later.is_news(cut_off, POLICY)
    assert replace(later, travel_s=60, basis="road").is_news(cut_off, POLICY)
