"""A day that was is read from the record and played again."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from dispatch.domain.clock import ARRIVAL_COMMITMENT
from dispatch.domain.order import PRIORITY_HAZARD, OrderStatus
from dispatch.domain.outage import Scope
from dispatch.domain.words import AreaClass
from dispatch.drill.policies.choosing import Nearest
from dispatch.drill.policies.ground import DISTRICT, apart, published
from dispatch.drill.policies.playing import play
from dispatch.drill.policies.recorded import (
    Recorded,
    as_it_was,
    recorded_day,
    recorded_ground,
)
from dispatch.drill.policies.scores import count_kept
from dispatch.errors import InvalidInput
from dispatch.planning.district import PlanningPolicy
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.reads.recorded import recorded_orders, recorded_shifts
from dispatch.store.tables.crews import shift_pattern
from gis.roads.readers import read_roads
from tests.data import test_data
from tests.store.builders import EAST, LAT, LON, WEST, add_crew, add_district, an_order, an_outage

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 3, 2, tzinfo=ZONE)
NEXT = MIDNIGHT + timedelta(days=1)
PLANNING = PlanningPolicy()


def oclock(hours: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hours)


@pytest.fixture
def company(connection):
    """Two districts, a day crew in each, and a crew that works by night."""
    for district_id in (WEST, EAST):
        add_district(connection, district_id)
    for crew_id, district_id, starts, ends in (
        ("C1", WEST, "08:00", "20:00"),
        ("C2", EAST, "08:00", "20:00"),
        ("C3", WEST, "20:00", "08:00"),
    ):
        add_crew(connection, crew_id, district_id=district_id)
        pattern = {"crew_id": crew_id, "starts": starts, "ends": ends, "zone": ZONE.key}
        connection.execute(insert(shift_pattern).values(**pattern))
    return connection


def came(connection, number: int, hours: float, **facts: object) -> None:
    outage = an_outage(connection)
    PgOutages(connection).add(outage, Scope())
    order = an_order(number, outage.id, received_at=oclock(hours), **facts)
    PgOrders(connection).add(order)


def went(hours: float, *, drive_min: float, work_min: float | None, crew: str = "C1"):
    """Facts of an order that a crew set out for then; ten minutes were expected of the drive."""
    there = oclock(hours) + timedelta(minutes=drive_min)
    done = None if work_min is None else there + timedelta(minutes=work_min)
    return {
        "crew_id": crew,
        "status": OrderStatus.ARRIVED if done is None else OrderStatus.FIELD_COMPLETE,
        "en_route_at": oclock(hours),
        "arrived_at": there,
        "completed_at": done,
        "travel_s": 600.0,
    }


def read(connection) -> Recorded:
    return Recorded(
        begins_at=MIDNIGHT,
        orders=recorded_orders(connection, MIDNIGHT, NEXT),
        shifts=recorded_shifts(connection, MIDNIGHT, NEXT),
        rules=published(),
    )


def test_orders_of_the_day_are_read_and_those_nobody_had_to_go_to_are_left_out(company):
    came(company, 1, -0.1)
    came(company, 2, 9, **went(9, drive_min=20, work_min=30))
    came(company, 3, 10, status=OrderStatus.CANCELLED)
    came(company, 4, 11, lon=None, lat=None)
    came(company, 5, 24)
    assert [order.id for order in read(company).orders] == [2]


def test_a_night_crew_has_the_end_of_one_shift_and_the_beginning_of_the_next(company):
    recorded = read(company)
    shifts = [
        (s.crew_id, recorded.minute(s.begins_at) / 60, recorded.minute(s.ends_at) / 60)
        for s in recorded.shifts
    ]
    assert shifts == [("C1", 8, 20), ("C2", 8, 20), ("C3", -4, 8), ("C3", 20, 32)]


@pytest.fixture(scope="module")
def city():
    folder = "roads_nanchang_kddcup2021"
    return read_roads([test_data(f"{folder}/{name}.csv") for name in ("nodes", "edges")])


def test_work_and_drives_are_those_that_were_and_the_unknown_is_taken_from_the_others(
    company, city
):
    came(company, 1, 9, **went(9, drive_min=20, work_min=30))
    came(company, 2, 12, **went(12, drive_min=5, work_min=50))
    came(company, 3, 13, hazards=("wire_down",), priority=PRIORITY_HAZARD)
    recorded = read(company)
    day = recorded_day(recorded_ground("then", city, recorded), recorded, PLANNING)
    assert [job.work_min for job in day.jobs] == [30, 50, 40]
    assert [job.slow for job in day.jobs] == [2, 0.5, 1]
    assert [job.hazard for job in day.jobs] == [None, None, "wire_down"]
    assert {duty.crew.id for duty in day.duties} == {"C1", "C2", "C3", "C3 #2"}


def test_what_was_stands_beside_what_another_way_of_sending_makes_of_it(company, city):
    due = published().get(ARRIVAL_COMMITMENT).minutes[AreaClass.URBAN]
    came(company, 1, 9, **went(9, drive_min=due + 1, work_min=30))
    came(company, 2, 9.1, **went(11, drive_min=due + 1, work_min=30))
    came(company, 3, 9.2)
    recorded = read(company)
    day = recorded_day(recorded_ground("then", city, recorded), recorded, PLANNING)
    was = as_it_was(day, recorded)
    assert count_kept(was) == 0
    again = play(day, Nearest(by_road=True), PLANNING)
    assert [served.job for served in again.served] == [served.job for served in was.served]
    assert count_kept(again) == 3


def test_orders_and_crews_stay_in_their_districts_where_these_plan_apart(company, city):
    came(company, 1, 9, district_id=EAST)
    recorded = read(company)
    ground = recorded_ground("then", city, recorded)
    assert recorded_day(ground, recorded, PLANNING).districts() == [DISTRICT]
    day = recorded_day(apart(ground), recorded, PLANNING)
    assert day.districts() == [EAST, WEST]
    (served,) = play(day, Nearest(by_road=True), PLANNING).served
    assert served.crew_id == "C2"
    assert (served.job.lon, served.job.lat) == (LON, LAT)


def test_a_day_on_which_nothing_came_is_refused(company, city):
    with pytest.raises(InvalidInput):
        recorded_ground("then", city, read(company))
