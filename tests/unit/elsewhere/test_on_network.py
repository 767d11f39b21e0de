"""A simulated day on any network: drawn, of a real utility, of pandapower, along real roads."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from api.inputs.reports import TicketIn
from dispatch.drill.elsewhere import day_on
from gis.crs import Datum, distance_m, to_wgs84
from gis.errors import EmptyInput
from gis.network.model import Network
from gis.network.trace import trace
from tests.unit.elsewhere.conftest import BEGINS


def of_kind(happenings, kind):
    return [each for each in happenings if each.kind == kind]


def faults_of(happenings):
    return {each.fault_id: each.payload for each in of_kind(happenings, "fault")}


@pytest.fixture(scope="session")
def tracing(network):
    return trace(network)


def cut_off(network, tracing, fault):
    """The connected accounts without supply when the device of a fault is open, by other means."""
    if fault["device_id"] is None:
        return {fault["account"]}
    below = {device.id for device in tracing.below(fault["device_id"])}
    return {
        u.account
        for u in network.usage_points
        if u.disconnected_for is None and tracing.device_of_account.get(u.account) in below
    }


def test_the_same_seed_gives_the_same_day(network, storm):
    assert day_on(network, 3, begins=BEGINS) == storm
    assert day_on(network, 4, begins=BEGINS) != storm


def test_happenings_come_in_the_order_of_the_clock(storm):
    times = [each.at for each in storm]
    assert times == sorted(times)
    assert all(at.tzinfo is not None for at in times)


def test_there_are_as_many_faults_as_were_asked_for_within_the_hours(network):
    for count in (0, 1, 12):
        faults = of_kind(day_on(network, 5, begins=BEGINS, hours=4, faults=count), "fault")
        assert len(faults) == count
        assert all(BEGINS <= each.at <= BEGINS + timedelta(hours=4) for each in faults)


def test_every_account_and_device_and_transformer_is_one_of_the_network(network, tracing, storm):
    accounts = {u.account for u in network.usage_points}
    devices = set(tracing.number_of_device)
    transformers = {t.id for t in network.transformers}
    for each in storm:
        assert each.account is None or each.account in accounts
        if each.kind == "ticket":
            assert each.account is not None
            assert each.payload.get("account", each.account) in accounts
    for fault in faults_of(storm).values():
        assert (fault["device_id"] is None) != (fault["account"] is None)
        assert fault["device_id"] is None or fault["device_id"] in devices
        assert set(fault["transformers"]) <= transformers


def test_every_ticket_is_a_body_that_the_api_takes(storm):
    tickets = of_kind(storm, "ticket")
    ids = {TicketIn.model_validate(ticket.payload).id for ticket in tickets}
    assert len(ids) == len(tickets) > 0


def test_whoever_reports_a_fault_lost_supply_by_it_and_calls_while_it_lasts(
    network, tracing, storm
):
    faults = faults_of(storm)
    dark = {id_: cut_off(network, tracing, fault) for id_, fault in faults.items()}
    for report in of_kind(storm, "ticket"):
        assert report.account in dark[report.fault_id]
        began, ended = (
            datetime.fromisoformat(faults[report.fault_id][name]) for name in ("at", "clears_at")
        )
        assert began <= report.at <= ended
        assert report.payload["received_at"] == report.at.isoformat()


def test_the_truth_counts_the_customers_and_transformers_below_the_device(network, tracing, storm):
    for fault in faults_of(storm).values():
        assert fault["customers"] == len(cut_off(network, tracing, fault)) > 0
        assert fault["repair_s"] > 0
        if fault["device_id"] is not None:
            device = tracing.device(fault["device_id"])
            assert fault["customers"] == device.customers
            assert len(fault["transformers"]) >= device.transformers


def test_a_fault_lies_within_the_network(network, storm):
    lines = [s.line for s in network.sections if s.line is not None]
    west, south, east, north = np.array([line.bounds for line in lines]).T
    for fault in faults_of(storm).values():
        assert west.min() - 0.01 <= fault["lon"] <= east.max() + 0.01
        assert south.min() - 0.01 <= fault["lat"] <= north.max() + 0.01


def test_nobody_reports_who_is_disconnected(tapejara):
    cut = {u.account for u in tapejara.usage_points if u.disconnected_for}
    assert cut
    for seed in range(3):
        assert not {each.account for each in day_on(tapejara, seed, begins=BEGINS)} & cut


def test_urges_and_call_backs_follow_their_ticket(storm):
    made = {each.payload["id"]: each for each in of_kind(storm, "ticket")}
    after = of_kind(storm, "urge") + of_kind(storm, "call_back")
    assert of_kind(storm, "call_back")
    for each in after:
        ticket = made[each.payload["ticket_id"]]
        assert each.at > ticket.at
        assert (each.fault_id, each.account) == (ticket.fault_id, ticket.account)


def test_call_backs_carry_the_answer(storm):
    answers = [each.payload["power_on"] for each in of_kind(storm, "call_back")]
    assert set(answers) <= {True, None}
    assert True in answers


def test_over_some_days_every_kind_of_fault_and_report_occurs(nanchang):
    days = [day_on(nanchang, seed, begins=BEGINS) for seed in range(12)]
    faults = [fault for each in days for fault in faults_of(each).values()]
    kinds = Counter(fault["kind"] for fault in faults)
    assert set(kinds) == {"mv_line", "transformer", "lv_line", "service", "internal"}
    tickets = [each for day in days for each in of_kind(day, "ticket")]
    assert {each.why for each in tickets} == {"fault", "internal"}
    assert any(each.payload["hazards"] for each in tickets)
    assert any(of_kind(day, "urge") for day in days)
    shares = Counter(
        next(way for way in ("location", "account", "phone") if way in each.payload)
        for each in tickets
    )
    assert shares["account"] > shares["phone"] > shares["location"] > 0


def test_a_storm_breaks_lines_and_a_calm_day_breaks_installations(nanchang):
    def devices(**weather):
        days = [day_on(nanchang, seed, begins=BEGINS, **weather) for seed in range(6)]
        return sum(
            fault["device_id"] is not None for day in days for fault in faults_of(day).values()
        )

    assert devices(storm=True) > 2 * devices(storm=False) > 0


def test_longer_lines_break_more_often(drawn):
    longer = replace(
        drawn,
        sections=tuple(
            replace(s, length_m=20_000.0 if (s.from_node, s.to_node) == ("e", "g") else 10.0)
            for s in drawn.sections
        ),
    )
    broken = Counter(
        fault["device_id"]
        for seed in range(30)
        for fault in faults_of(day_on(longer, seed, begins=BEGINS, faults=1)).values()
        if fault["kind"] == "mv_line"
    )
    assert broken.most_common(1)[0][0] == "switch:r1"
    assert broken["switch:r1"] > 0.7 * broken.total()


def test_hardly_a_device_breaks_twice_while_others_are_whole(oberrhein):
    # Two feeders of few customers hold most of the lines; a device above may clear a fault below.
    for seed in range(4):
        faults = faults_of(day_on(oberrhein, seed, begins=BEGINS))
        broken = [fault["device_id"] for fault in faults.values() if fault["device_id"]]
        assert len(broken) >= 5
        assert len(set(broken)) >= 0.8 * len(broken)


def test_positions_are_near_the_caller_in_the_datum_they_name(nanchang):
    at = {u.account: u.point for u in nanchang.usage_points}
    seen = Counter()
    for seed in range(6):
        for ticket in of_kind(day_on(nanchang, seed, begins=BEGINS), "ticket"):
            place = ticket.payload.get("location")
            if place:
                lon, lat = to_wgs84(place["lon"], place["lat"], Datum(place["datum"]))
                home = at[ticket.account]
                assert distance_m(lon, lat, home.x, home.y) < 3 * place["accuracy_m"]
                seen[place["datum"]] += 1
    assert seen["gcj02"] > seen["wgs84"] > 0


def test_outside_china_positions_are_plain(tapejara):
    places = [
        each.payload["location"]
        for each in of_kind(day_on(tapejara, 1, begins=BEGINS), "ticket")
        if "location" in each.payload
    ]
    assert places
    assert {place["datum"] for place in places} == {"wgs84"}


def test_an_address_that_many_share_is_not_said(tapejara):
    tickets = of_kind(day_on(tapejara, 1, begins=BEGINS), "ticket")
    assert tickets
    assert not any("address" in each.payload for each in tickets)


def test_customers_without_a_network_lose_supply_one_by_one(drawn):
    people = Network(name="points", usage_points=drawn.usage_points)
    faults = faults_of(day_on(people, 1, begins=BEGINS, faults=10))
    assert len(faults) == 10
    assert {fault["kind"] for fault in faults.values()} <= {"service", "internal"}


def test_a_network_without_customers_is_refused(drawn):
    with pytest.raises(EmptyInput, match="drawn holds nothing usable: expected customers"):
        day_on(replace(drawn, usage_points=()), 1, begins=BEGINS)


def test_a_network_without_positions_is_refused(drawn):
    nowhere = replace(
        drawn,
        transformers=tuple(replace(t, point=None) for t in drawn.transformers),
        usage_points=tuple(replace(u, point=None) for u in drawn.usage_points),
    )
    with pytest.raises(EmptyInput, match="with positions"):
        day_on(nowhere, 1, begins=BEGINS)


@pytest.mark.parametrize(
    "wrong", [{"begins": BEGINS.replace(tzinfo=None)}, {"hours": 0}, {"faults": -1}]
)
def test_senseless_arguments_are_refused(drawn, wrong):
    with pytest.raises(ValueError, match="expected"):
        day_on(drawn, 1, **{"begins": BEGINS, **wrong})
