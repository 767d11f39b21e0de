"""Drives into a declared storm are longer and less sure, in the plan and in what is shown."""

from collections.abc import Sequence
from datetime import datetime

import pytest
import shapely

from dispatch.domain.order import TroubleOrder
from dispatch.domain.outage import Scope
from dispatch.domain.words import DistrictId, OrderId, ZoneId
from dispatch.domain.zone import Zone, ZoneKind
from dispatch.planning.explain import Option
from dispatch.procedures.expecting import around_each, forecaster_of
from dispatch.procedures.weather import stormy
from dispatch.store.transaction import PgStore
from tests.api.test_planning import MINUTE, NOW, District, district, foreseen
from tests.store.builders import LAT, LON, WEST, add_district, an_order, an_outage, at
from tests.store.made_up_forecasts import adopt
from tests.unit.forecasts import a_learned_forecaster

__all__ = ["district"]


def declare(store: PgStore, kind: ZoneKind, minutes: tuple[float, float]) -> None:
    """A zone around a stretch of the one road."""
    west, east = (LON + each * MINUTE for each in minutes)
    store.zones.add(
        Zone(
            id=ZoneId(0),
            kind=kind,
            name="squall",
            area=shapely.box(west, LAT - 0.01, east, LAT + 0.01),
            districts=frozenset({WEST}),
            starts_at=at(-60),
            ends_at=at(600),
            by="li",
            declared_at=at(-60),
        )
    )


def shown(district: District, order: OrderId) -> Option:
    return foreseen(district, order).options["A"]


@pytest.mark.parametrize("kind", [ZoneKind.STORM, ZoneKind.FLOOD, ZoneKind.FIRE])
def test_what_is_shown_of_a_drive_into_a_storm_is_later_and_wider(
    district: District, kind: ZoneKind
):
    district.crew("A", 0)
    order = district.order(20)
    before = shown(district, order)
    declare(district.store, kind, (15, 25))
    after = shown(district, order)
    assert after.arrive_p50_min > 1.05 * before.arrive_p50_min
    assert (
        after.arrive_p90_min / after.arrive_p50_min > before.arrive_p90_min / before.arrive_p50_min
    )
    assert after.kept[0].chance < before.kept[0].chance


def in_storm(store: PgStore, orders: Sequence[TroubleOrder], now: datetime) -> frozenset[OrderId]:
    forecaster = forecaster_of(store)
    districts = [order.district_id for order in orders if order.district_id is not None]
    return stormy(store, orders, forecaster, around_each(store, forecaster, districts, now), now)


def test_only_what_lies_in_a_storm_is_driven_to_through_one(district: District):
    inside, outside = district.order(20), district.order(40)
    declare(district.store, ZoneKind.STORM, (15, 25))
    store = PgStore(district.connection)
    orders = [store.orders.get(each) for each in (inside, outside)]
    assert in_storm(store, orders, NOW) == {inside}
    assert in_storm(PgStore(district.connection), orders, at(601)) == frozenset()


def test_a_no_go_zone_is_no_weather(district: District):
    order = district.order(20)
    declare(district.store, ZoneKind.NO_GO, (15, 25))
    store = PgStore(district.connection)
    assert in_storm(store, [store.orders.get(order)], NOW) == frozenset()


def test_where_as_much_breaks_as_in_a_storm_all_drives_are_through_one(district: District):
    store, name = district.store, DistrictId(next(iter(a_learned_forecaster().usual.a_day)))
    add_district(district.connection, name)
    first, second = (an_order(n, None, district_id=name) for n in (1, 2))
    for _ in range(60):
        store.outages.add(an_outage(district.connection, district_id=name), Scope())
    assert in_storm(store, [first, second], NOW) == frozenset()
    adopt(store)
    assert in_storm(store, [first, second], NOW) == {first.id, second.id}
