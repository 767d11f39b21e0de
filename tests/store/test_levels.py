"""Inference where no feeder is modelled: by transformer, and by position alone."""

from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from dispatch.domain.outage import OutageStatus, PredictedDevice
from dispatch.domain.ticket import Complaint
from dispatch.domain.words import Channel, DistrictId, NetworkLevel, OutageId, TicketId
from dispatch.location import ReportedPosition
from dispatch.sayings import Clockface
from dispatch.store import waiting
from dispatch.store.transaction import PgStore
from dispatch.usecases.attach_ticket import DetachTicket, detach_ticket
from dispatch.usecases.confirm_outage import ConfirmOutage, confirm_outage
from dispatch.usecases.group_district import GroupDistrict, group_district
from dispatch.usecases.group_feeder import GroupFeeder, GroupingPolicy, group_feeder
from dispatch.usecases.report_trouble import ReportTrouble, report_trouble
from tests.store import builders as build

FACE = Clockface(ZoneInfo("Asia/Shanghai"))
HOMES = 30
HERE = DistrictId(build.WEST)


class Desk:
    """A district without a feeder model, and who works on it."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.policy = connection, GroupingPolicy()
        self.store, self.now = PgStore(connection), build.NOW

    def report(
        self,
        name: str,
        minute: float,
        *,
        account: str | None = None,
        east_m: float | None = None,
        **says: object,
    ) -> OutageId:
        self.now = build.at(minute)
        position = None
        if east_m is not None:
            lon = build.LON + east_m * build.METRE
            position = ReportedPosition(lon=lon, lat=build.LAT, accuracy_m=30.0)
        command = ReportTrouble(
            id=TicketId(name),
            complaint=Complaint(channel=Channel.PHONE, account=account, phone=name, **says),
            position=position,
            received_at=self.now,
            by="agent",
        )
        taken = report_trouble(self.store, command, now=self.now, clockface=FACE)
        self.look(minute)
        assert taken.outage is not None
        return self.held_by(name)

    def look(self, minute: float) -> None:
        self.now = build.at(minute)
        command = GroupDistrict(district_id=HERE)
        group_district(self.store, command, policy=self.policy, now=self.now)

    def held_by(self, name: str) -> OutageId:
        outage_id = self.store.tickets.get(TicketId(name)).outage_id
        assert outage_id is not None
        return outage_id

    def waiting(self) -> list[str]:
        return list(waiting.districts_to_group(self.connection, self.now))


@pytest.fixture
def desk(connection: Connection) -> Desk:
    build.add_rules(connection)
    build.add_district(connection, boundary=build.square())
    return Desk(connection)


@pytest.fixture
def street(desk: Desk) -> Desk:
    """Six transformers along a street, 200 m apart, and six more four kilometres on."""
    for n in range(12):
        east_m = n * 200 + (4_000 if n >= 6 else 0)
        build.add_transformer(
            desk.connection, f"t{n}", HOMES, lon=build.LON + east_m * build.METRE, feeder_id=None
        )
    return desk


def test_a_first_report_on_a_transformer_is_one_home_and_says_its_level(street: Desk):
    outage = street.store.outages.get(street.report("A", 0, account="t0-0"))
    assert (outage.device.kind, outage.level) == ("service", NetworkLevel.TRANSFORMER)


def test_two_homes_of_one_transformer_are_the_transformer(street: Desk):
    first = street.report("A", 0, account="t0-0")
    assert street.report("B", 2, account="t0-1") == first
    outage = street.store.outages.get(first)
    assert outage.device == PredictedDevice(id=None, kind="transformer", name="transformer t0")
    assert street.store.outages.scope_out(first).transformers == {"t0"}


def test_neighbouring_transformers_are_one_area_never_told_surely(street: Desk):
    first = street.report("A", 0, account="t0-0")
    for minute, account in enumerate(("t1-0", "t2-0", "t0-1", "t1-1", "t2-3"), start=1):
        street.report(account, minute, account=account)
    outage = street.store.outages.get(first)
    assert outage.device.kind == "area"
    assert street.held_by("t2-3") == first
    assert {"t0", "t1", "t2"} <= street.store.outages.scope_out(first).transformers
    assert outage.prediction is not None
    assert 0.3 < outage.prediction.probability <= 0.9
    between = outage.prediction.customers_between
    assert between is not None and between[0] <= outage.prediction.customers_out <= between[1]


def test_what_is_far_away_is_another_outage(street: Desk):
    street.report("A", 0, account="t0-0")
    street.report("B", 1, account="t1-0")
    street.report("C", 2, account="t9-0")
    assert street.held_by("C") != street.held_by("A")


def test_callers_known_by_position_alone_are_one_outage_where_they_are_close(desk: Desk):
    first = desk.report("100", 0, east_m=0)
    for n in range(1, 6):
        desk.report(f"10{n}", n, east_m=n * 150)
    desk.report("900", 7, east_m=9_000)
    assert {desk.held_by(f"10{n}") for n in range(6)} == {first}
    assert desk.held_by("900") != first
    outage = desk.store.outages.get(first)
    assert (outage.level, outage.device.kind) == (NetworkLevel.POINTS, "points")
    assert outage.prediction is not None and outage.prediction.probability <= 0.7


def test_a_caller_a_person_took_out_is_not_put_back(desk: Desk):
    first = desk.report("100", 0, east_m=0)
    for n in range(1, 5):
        desk.report(f"10{n}", n, east_m=n * 60)
    command = DetachTicket(ticket_id=TicketId("102"), by="dispatcher", reason="a meter box")
    detach_ticket(desk.store, command, now=desk.now)
    desk.look(6)
    assert desk.held_by("102") != first
    desk.report("105", 7, east_m=300)
    assert desk.held_by("102") != first


def test_a_confirmed_outage_stays_as_it_was_found(desk: Desk):
    first = desk.report("100", 0, east_m=0)
    desk.report("101", 1, east_m=100)
    found = PredictedDevice(id=None, kind="points", name="a broken pole")
    command = ConfirmOutage(outage_id=first, device=found, cause="pole", by="C1", at=desk.now)
    confirm_outage(desk.store, command, now=desk.now)
    for n in range(2, 6):
        desk.report(f"10{n}", n, east_m=n * 50)
    outage = desk.store.outages.get(first)
    assert (outage.status, outage.device) == (OutageStatus.CONFIRMED, found)


def test_hazards_keep_their_own_order(desk: Desk):
    for n in range(4):
        desk.report(f"10{n}", n, east_m=n * 50)
    desk.report("666", 5, east_m=100, hazards=("wire_down",))
    own = desk.connection.scalar(
        text("SELECT count(*) FROM trouble_order WHERE incident_id IS NOT NULL")
    )
    assert own == 1


def test_a_district_mixes_the_levels(street: Desk):
    c = street.connection
    build.add_feeder(c)
    build.add_device(c, "head", 0, 2, kind="breaker")
    build.add_device(c, "own-m", 1, 2, kind="transformer", parent_id="head")
    far = build.LON + 9_000 * build.METRE
    build.add_transformer(c, "m", HOMES, device_id="own-m", pre=1, lon=far)
    street.report("A", 0, account="t0-0")
    street.report("B", 1, account="m-0")
    street.report("C", 2, east_m=-3_000)
    levels = [street.store.outages.get(street.held_by(name)).level for name in "ABC"]
    assert levels == [NetworkLevel.TRANSFORMER, NetworkLevel.FEEDER_MODEL, NetworkLevel.POINTS]
    group_feeder(street.store, GroupFeeder(feeder_id="F1"), policy=street.policy, now=street.now)
    assert street.store.outages.get(street.held_by("B")).prediction is not None


def test_a_report_leaves_word_that_its_district_is_to_be_looked_at(desk: Desk):
    desk.report("100", 0, east_m=0)
    assert desk.waiting() == []
    desk.store.outages.ask_grouping(None, HERE, desk.now)
    assert desk.waiting() == [HERE]


def test_a_feeder_known_by_name_only_leaves_its_reports_to_the_district(street: Desk):
    build.add_feeder(street.connection)
    street.connection.execute(text("UPDATE transformer SET feeder_id = 'F1'"))
    first = street.report("A", 0, account="t0-0")
    group_feeder(street.store, GroupFeeder(feeder_id="F1"), policy=street.policy, now=street.now)
    assert street.waiting() == [HERE]
    assert street.report("B", 1, account="t0-1") == first
    assert street.store.outages.get(first).level is NetworkLevel.TRANSFORMER
