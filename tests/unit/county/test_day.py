"""The simulated day: what happens, who calls, and that the truth can be reached."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from api.inputs.reports import TicketIn
from dispatch.drill.county import day, parameters
from dispatch.drill.county.calls import spoken
from dispatch.drill.county.faults import front_hours, make_faults, supply_of
from dispatch.drill.county.frame import metres


def of_kind(happenings, kind):
    return [each for each in happenings if each.kind == kind]


def test_the_same_seed_gives_the_same_day(county, storm):
    assert day(county, 3) == storm
    assert day(county, 4) != storm


def test_happenings_come_in_the_order_of_the_clock(storm):
    times = [each.at for each in storm]
    assert times == sorted(times)
    assert all(at.tzinfo is not None for at in times)
    assert times[0] >= parameters.DAY


def test_a_calm_day_has_few_faults_and_a_storm_many(calm, storm):
    assert len(of_kind(calm, "fault")) <= 15
    assert 40 <= len(of_kind(storm, "fault")) <= 200
    assert 500 <= len(of_kind(storm, "ticket")) <= 5_000


@pytest.mark.parametrize("which", ["calm", "storm"])
def test_every_ticket_is_a_body_that_the_api_takes(which, request):
    tickets = of_kind(request.getfixturevalue(which), "ticket")
    ids = {TicketIn.model_validate(ticket.payload).id for ticket in tickets}
    assert len(ids) == len(tickets) > 0


def test_every_report_of_a_fault_comes_from_a_customer_whom_it_put_out(county, storm):
    faults = {each.fault_id: each for each in of_kind(storm, "fault")}
    transformer = {u.account: u.transformer_id for u in county.network.usage_points}
    reports = [each for each in of_kind(storm, "ticket") if each.fault_id]
    assert reports
    for report in reports:
        fault = faults[report.fault_id]
        assert transformer[report.account] in fault.payload["transformers"]
        assert report.at >= fault.at


def test_all_kinds_of_callers_occur(storm):
    why = Counter(each.why for each in of_kind(storm, "ticket"))
    assert {"fault", "internal", "arrears", "planned", "wrong_number", "low_voltage"} <= set(why)
    assert (
        of_kind(storm, "urge") and of_kind(storm, "call_back") and of_kind(storm, "planned_outage")
    )


def test_callers_are_known_by_account_phone_address_or_position(storm):
    tickets = [each.payload for each in of_kind(storm, "ticket")]
    for field in ("account", "phone", "address", "location"):
        assert sum(field in body for body in tickets) > 20
    assert {body["location"]["datum"] for body in tickets if "location" in body} == {
        "wgs84",
        "gcj02",
    }


def test_arrears_callers_are_disconnected(county, storm):
    cut = {u.account for u in county.network.usage_points if u.disconnected_for}
    callers = {each.account for each in of_kind(storm, "ticket") if each.why == "arrears"}
    assert callers and callers <= cut


def test_some_report_hazards_and_only_where_the_fault_left_one(storm):
    faults = {each.fault_id: each.payload for each in of_kind(storm, "fault")}
    seen = [each for each in of_kind(storm, "ticket") if each.payload.get("hazards")]
    assert seen
    assert all(each.payload["hazards"] == [faults[each.fault_id]["hazard"]] for each in seen)


def test_some_are_still_in_the_dark_when_their_neighbours_have_light(county):
    texts = {
        each.payload["description"]
        for seed in range(3)
        for each in of_kind(day(county, seed), "ticket")
    }
    assert texts & {"隔壁都来电了，我家还是没电", "刚才说修好了，我们这里还是停电"}


def test_urges_follow_the_ticket_they_press_for(storm):
    ticket_at = {each.payload["id"]: each.at for each in of_kind(storm, "ticket")}
    for urge in of_kind(storm, "urge"):
        assert urge.at > ticket_at[urge.payload["ticket_id"]]


def test_storm_faults_follow_the_front_across_the_county(county):
    faults = [f for f in make_faults(county, 3, supply_of(county), storm=True) if f.stormy]
    hours = np.array([(f.at - parameters.DAY) / timedelta(hours=1) for f in faults])
    front = front_hours(county, metres(np.array([[f.lon, f.lat] for f in faults])))
    assert np.abs(hours - front).max() < 4 * parameters.STORM_WIDTH_H
    assert np.corrcoef(hours, front)[0, 1] > 0.3


def test_a_deeper_fault_puts_fewer_out(county):
    supply = supply_of(county)
    for device in supply.tracing.devices[:400]:
        rows = set(supply.below(device.id).tolist())
        assert len(rows) == device.customers
        if device.parent_id is not None:
            assert rows <= set(supply.below(device.parent_id).tolist())


def test_spoken_addresses_keep_the_house(county):
    rng = np.random.default_rng(1)
    full = "澜州市云岭县城关镇人民东路128号阳光花园3栋2单元501室"
    said = {spoken(rng, full) for _ in range(200)}
    assert len(said) > 10
    assert all("阳光花园" in each and ("128" in each or "１２８" in each) for each in said)
