"""What is told anew of a whole district: by the plan in a storm, by the first crew of two."""

from datetime import datetime, timedelta

from dispatch.assignment import AssignmentPolicy
from dispatch.domain.words import OrderId
from dispatch.domain.zone import ZoneKind
from dispatch.planning.district import PlanningPolicy
from dispatch.procedures.expecting import foresee
from dispatch.restoration import tell
from dispatch.usecases.reestimate_district import ReestimateDistrict, reestimate_district
from tests.api.test_planning import District, OneRoad, district
from tests.api.test_storm_drives import declare
from tests.store.builders import NOW, WEST, at
from tests.store.made_up_forecasts import adopt

__all__ = ["district"]


class Asked(OneRoad):
    """Notes how many drives it is asked for."""

    drives = 0

    def minutes(self, starts, ends):
        self.drives += len(starts) * len(ends)
        return super().minutes(starts, ends)


def look(district: District, *, now: datetime = NOW, road: OneRoad | None = None) -> None:
    reestimate_district(
        district.store,
        ReestimateDistrict(district_id=WEST),
        road or OneRoad(),
        district.planner,
        assignment=AssignmentPolicy(),
        planning=PlanningPolicy(),
        now=now,
    )


def told(district: District, order_id: OrderId) -> datetime:
    outage = district.store.orders.get(order_id).outage_id
    return district.store.outages.get(outage).estimate.at


def test_in_a_declared_storm_the_plan_tells_though_few_outages_wait_for_each_crew(
    district: District,
):
    adopt(district.store)
    district.crew("far", 600)
    district.crew("off", 600)
    district.connection.exec_driver_sql(
        "UPDATE shift_pattern SET starts = '01:00', ends = '02:00' WHERE crew_id = 'off'"
    )
    order = district.order(0)
    look(district)
    assert told(district, order) < at(500), "on other days history has seen what comes between"
    declare(district.store, ZoneKind.STORM, (-5, 5))
    look(district)
    assert told(district, order) > at(600), "nobody can be there sooner"


def test_what_a_second_crew_does_tells_nothing_of_when_supply_is_back(district: District):
    for name in ("A", "B"):
        district.crew(name, 0)
    first = district.order(0)
    second = district.store.orders.get(first).ask_support(OrderId(900))
    district.store.orders.add(second)
    district.sent(first, "A")
    there = district.store.orders.save(district.store.orders.get(first).arrive(at(-30)))
    district.sent(second.id, "B")
    look(district)
    outage = district.store.outages.get(there.outage_id)
    alone = foresee(district.store, outage, there, now=NOW)
    expected = tell(alone, now=NOW, telling=district.store.forecasts.telling)
    assert told(district, first) == expected.at


def test_drives_that_a_plan_asked_for_are_not_asked_again_for_what_is_told(district: District):
    district.crew("A", 0)
    for n in range(4):
        district.order(10 * n)
    district.assign()
    road = Asked()
    look(district, now=NOW + timedelta(seconds=30), road=road)
    assert road.drives == 0
