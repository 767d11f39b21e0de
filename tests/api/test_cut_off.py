"""Roads are shut while crews drive: who can still get there goes, and no order waits in vain."""

from collections.abc import Sequence

import numpy as np
import pytest
from sqlalchemy import text

from dispatch.assignment import AssignmentPolicy
from dispatch.domain.order import OrderStatus
from dispatch.planning.district import PlanningPolicy
from dispatch.ports import Travel
from dispatch.usecases.assign_orders import AssignOrders, assign_orders
from tests.api.test_planning import MINUTE, District, OneRoad, district, put_after  # noqa: F401
from tests.store.builders import LON, NOW, WEST

NO_WAY = Travel(float("inf"), None, "unreachable")


class ShutAt(OneRoad):
    """The one road, shut at a minute of it."""

    def __init__(self, minute: float) -> None:
        self.version = f"shut at {minute}"
        self._lon = LON + minute * MINUTE

    def travel_to(
        self, lon: float, lat: float, origins: Sequence[tuple[float, float]]
    ) -> Sequence[Travel]:
        ways = zip(super().travel_to(lon, lat, origins), origins, strict=True)
        return [way if self._is_east(x) == self._is_east(lon) else NO_WAY for way, (x, _) in ways]

    def minutes(self, starts, ends):
        east = [[self._is_east(x) for x, _ in places] for places in (starts, ends)]
        parted = np.not_equal.outer(*east)
        return np.where(parted, np.inf, super().minutes(starts, ends)).astype(np.float32)

    def _is_east(self, lon: float) -> bool:
        return lon > self._lon


def assign(district: District, *, shut: float) -> None:  # noqa: F811
    assign_orders(
        district.store,
        AssignOrders(district_id=WEST),
        ShutAt(shut),
        district.planner,
        policy=AssignmentPolicy(),
        planning=PlanningPolicy(),
        now=NOW,
    )


DANGER = {"priority": 100, "hazards": ("wire_down",)}


@pytest.mark.parametrize("ends", ["00:00", "23:00"])
@pytest.mark.parametrize("facts", [{}, DANGER], ids=["plain", "danger"])
@pytest.mark.parametrize("driving", [True, False])
def test_an_order_that_its_crew_cannot_reach_any_more_goes_to_one_that_can(
    district,  # noqa: F811
    ends,
    facts,
    driving,
):
    district.crew("A", 0)
    district.connection.execute(text("UPDATE shift_pattern SET ends = :ends"), {"ends": ends})
    order = district.order(20, **facts)
    district.sent(order, "A", driving=driving)
    district.crew("B", 40)
    assign(district, shut=10)
    assert district.crew_of(order) == "B"


def test_danger_that_its_crew_cannot_reach_is_first_for_whoever_can(district):  # noqa: F811
    district.crew("A", 0)
    hazard = district.order(20, received=-600, **DANGER)
    district.sent(hazard, "A", driving=True)
    district.crew("B", 40)
    for n in range(6):
        district.order(41 + n / 10, received=-40 + n, priority=50)
    assign(district, shut=10)
    assert district.crew_of(hazard) == "B"


@pytest.mark.parametrize("why", ["chosen", "nobody else", "not seen"])
def test_it_stays_where_nobody_else_may_have_it_and_the_others_do_not_wait_for_its_crew(
    district,  # noqa: F811
    why,
):
    district.crew("A", 0, seen=-60.0 if why == "not seen" else -1.0)
    held = district.order(20)
    district.sent(held, "A", driving=True, why="chosen_by?name=li" if why == "chosen" else "")
    district.crew("B", 12)
    if why != "nobody else":
        district.crew("C", 300)
    near_a = district.order(2)
    waits = district.order(1, received=-20)
    put_after(district, waits, held)
    assign(district, shut=15)
    order = district.store.orders.get(held)
    assert (order.crew_id, order.status) == ("A", OrderStatus.EN_ROUTE)
    assert district.crew_of(near_a) == "B"
    assert district.crew_of(waits) is None
