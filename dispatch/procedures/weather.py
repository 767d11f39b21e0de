"""Where the weather makes drives longer and less sure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dispatch.domain.order import TroubleOrder
from dispatch.domain.repair import DistrictNow
from dispatch.domain.words import DistrictId, OrderId
from dispatch.domain.zone import first_there
from dispatch.learning.forecaster import Forecaster
from dispatch.learning.moments import STORM
from dispatch.ports import Store


def stormy(
    store: Store,
    orders: Sequence[TroubleOrder],
    forecaster: Forecaster,
    busy: Mapping[DistrictId, DistrictNow],
    now: datetime,
) -> frozenset[OrderId]:
    """Orders in a declared storm, flood or fire, or in a district where as much breaks as in one.

    How much breaks in a district, by `busy`, is compared with what was learned; without that, only
    what was declared counts.
    """
    zones = store.zones.list_in_force(now)
    hit = {each for each, load in busy.items() if forecaster.stirring(each, load) >= STORM}
    return frozenset(
        order.id
        for order in orders
        if order.district_id in hit
        or first_there(zones, order.district_id, order.lon, order.lat, no_go=False) is not None
    )
