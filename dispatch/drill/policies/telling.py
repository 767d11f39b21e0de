"""What people are told on a played day: when supply will be back, by the product's own rules.

Nothing was learned and nothing is known of what broke, so the shipped table speaks of work at a
place, and the plan of when a crew is there. Crews say nothing of the end.
"""

from datetime import datetime

from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.outage import EstimatedRestoration, Outage, PredictedDevice
from dispatch.domain.repair import Telling
from dispatch.domain.words import DistrictId, NetworkLevel, OutageId
from dispatch.procedures.expecting import TABLE
from dispatch.restoration import QUIET, PlannedArrival, Situation, forecast, steady, tell

TELLING = Telling()
SOMEWHERE = PredictedDevice(id=None, kind="points", name="")


def told_now(
    held: EstimatedRestoration | None,
    order: TroubleOrder,
    planned: PlannedArrival | None,
    *,
    now: datetime,
) -> EstimatedRestoration | None:
    """What people are told of an order from now on; once a crew is there, what they were told."""
    if order.status is OrderStatus.ARRIVED or order.lon is None or order.lat is None:
        return held
    outage = Outage(
        id=OutageId(order.id),
        district_id=DistrictId(order.district_id or ""),
        level=NetworkLevel.POINTS,
        feeder_id=None,
        device=SOMEWHERE,
        lon=order.lon,
        lat=order.lat,
        accuracy_m=0.0,
        area_class=order.area_class,
        started_at=order.received_at,
        opened_at=order.received_at,
    )
    situation = Situation(around=QUIET, planned=planned)
    foreseen = forecast(TABLE, outage, order, situation, now=now)
    return steady(held, tell(foreseen, now=now, telling=TELLING), now=now, telling=TELLING)
