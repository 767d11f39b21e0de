"""Where the weather makes drives longer and less sure."""

from collections.abc import Sequence
from datetime import datetime

from dispatch.domain.order import TroubleOrder
from dispatch.domain.words import OrderId
from dispatch.domain.zone import first_there
from dispatch.learning.moments import STORM
from dispatch.ports import Store
from dispatch.procedures.expecting import around, forecaster_of


def stormy(store: Store, orders: Sequence[TroubleOrder], now: datetime) -> frozenset[OrderId]:
    """Orders in a declared storm, flood or fire, or in a district where as much breaks as in one.

    How much breaks in a district is compared with what was learned; without that, only what was
    declared counts.
    """
    zones = store.zones.list_in_force(now)
    forecaster = forecaster_of(store)
    districts = {each.district_id for each in orders if each.district_id is not None}
    hit = {
        each
        for each in districts
        if forecaster.stirring(each, around(store, forecaster, each, now)) >= STORM
    }
    return frozenset(
        order.id
        for order in orders
        if order.district_id in hit
        or first_there(zones, order.district_id, order.lon, order.lat, no_go=False) is not None
    )
