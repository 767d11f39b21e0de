"""Inference at work on the store: what the feeder's next look makes of reports and sightings."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from dispatch.domain.facts import MeterSignalKind
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import OutageStatus, PredictedDevice, Scope
from dispatch.domain.signal import SightingSource
from dispatch.domain.ticket import Complaint
from dispatch.domain.words import Channel, OutageId, TicketId
from dispatch.errors import InvalidInput
from dispatch.location import ReportedPosition
from dispatch.sayings import Clockface, say_reason
from dispatch.store.planned import PgPlannedOutages
from dispatch.store.transaction import PgStore
from dispatch.usecases.attach_ticket import DetachTicket, detach_ticket
from dispatch.usecases.confirm_outage import ConfirmOutage, confirm_outage
from dispatch.usecases.group_feeder import GroupFeeder, GroupingPolicy, group_feeder
from dispatch.usecases.record_signals import (
    RecordMeterSignals,
    RecordSightings,
    SightingSent,
    SignalSent,
    record_meter_signals,
    record_sightings,
)
from dispatch.usecases.report_trouble import ReportTrouble, report_trouble
from dispatch.usecases.restore_outage import RestoreOutage, restore_outage
from tests.store import builders as build

FACE = Clockface(ZoneInfo("Asia/Shanghai"))
HOMES = 30


class Desk:
    """A feeder of two laterals with three transformers each, and who works on it."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.policy = connection, GroupingPolicy()
        self.store = PgStore(connection)
        self.now = build.NOW

    def report(self, name: str, account: str, minute: float, **says: object) -> OutageId:
        self.now = build.at(minute)
        complaint = Complaint(channel=Channel.PHONE, account=account, **says)
        command = ReportTrouble(
            id=TicketId(name),
            complaint=complaint,
            position=None,
            received_at=self.now,
            by="agent",
        )
        taken = report_trouble(self.store, command, now=self.now, clockface=FACE)
        self.look(minute)
        assert taken.outage is not None
        return self.held_by(name)

    def look(self, minute: float) -> None:
        self.now = build.at(minute)
        group_feeder(self.store, GroupFeeder(feeder_id="F1"), policy=self.policy, now=self.now)

    def held_by(self, name: str) -> OutageId:
        outage_id = self.store.tickets.get(TicketId(name)).outage_id
        assert outage_id is not None
        return outage_id

    def device_of(self, name: str) -> str | None:
        return self.store.outages.get(self.held_by(name)).device.id

    def confirm(self, outage_id: OutageId, found: PredictedDevice) -> None:
        command = ConfirmOutage(
            outage_id=outage_id, device=found, cause="fuse", by="C1", at=self.now
        )
        confirm_outage(self.store, command, now=self.now)

    def orders(self) -> list[str]:
        rows = self.connection.execute(text("SELECT status FROM trouble_order ORDER BY id"))
        return [row.status for row in rows]


@pytest.fixture
def desk(connection: Connection) -> Desk:
    c = connection
    build.add_rules(c)
    build.add_district(c, boundary=build.square())
    build.add_feeder(c)
    build.add_device(c, "head", 0, 9, kind="breaker")
    for lateral, first in (("a", 1), ("b", 5)):
        build.add_device(c, f"fuse-{lateral}", first, first + 4, parent_id="head")
        for n in range(3):
            name, pre = f"{lateral}{n}", first + 1 + n
            build.add_device(
                c, f"own-{name}", pre, pre + 1, kind="transformer", parent_id=f"fuse-{lateral}"
            )
            build.add_transformer(
                c,
                name,
                HOMES,
                device_id=f"own-{name}",
                pre=pre,
                lon=build.LON + pre * 100 * build.METRE,
            )
    c.execute(text("UPDATE device SET length_m = 500 WHERE kind <> 'transformer'"))
    return Desk(c)


def test_one_report_is_one_home_until_there_is_more(desk: Desk):
    outage = desk.store.outages.get(desk.report("A", "a0-0", 0))
    assert (outage.device.kind, outage.device.id) == ("service", None)
    assert outage.prediction is not None and outage.prediction.customers_out == 1
    assert dict(outage.prediction.devices)["own-a0"] < 0.5


def test_two_homes_of_one_transformer_are_the_transformer(desk: Desk):
    first = desk.report("A", "a0-0", 0)
    assert desk.report("B", "a0-1", 3) == first
    assert desk.device_of("A") == "own-a0"
    assert desk.store.outages.scope_out(first).transformers == {"a0"}


def test_reports_along_a_lateral_are_its_fuse_and_one_order(desk: Desk):
    first = desk.report("A", "a0-0", 0)
    desk.report("B", "a1-0", 2)
    desk.report("C", "a2-0", 4)
    assert {desk.held_by(name) for name in "ABC"} == {first}
    assert desk.device_of("C") == "fuse-a"
    assert desk.store.outages.scope_out(first).transformers == {"a0", "a1", "a2"}
    assert desk.orders().count("awaiting_assignment") == 1


def test_both_laterals_are_the_head(desk: Desk):
    for minute, account in enumerate(("a0-0", "b0-0", "a1-0", "b2-0")):
        desk.report(account, account, minute)
    assert desk.device_of("a0-0") == "head"


def test_the_prediction_and_its_probabilities_are_in_the_journal(desk: Desk):
    desk.report("A", "a0-0", 0)
    desk.report("B", "a0-1", 3)
    desk.store.finish()
    said = desk.connection.scalars(
        text("SELECT body FROM event WHERE kind = 'outage.predicted' ORDER BY at DESC, id DESC")
    ).first()
    assert said["device_id"] == "own-a0"
    assert said["devices"][0][0] == "own-a0" and 0.5 < said["devices"][0][1] <= 1


def test_what_a_crew_found_is_not_moved_by_later_reports(desk: Desk):
    outage_id = desk.report("A", "a0-0", 0)
    desk.confirm(outage_id, PredictedDevice(id="own-a0", kind="transformer", name="a0"))
    for minute, account in enumerate(("a1-0", "a2-0", "b0-0"), start=1):
        desk.report(account, account, minute)
    outage = desk.store.outages.get(outage_id)
    assert (outage.status, outage.device.id) == (OutageStatus.CONFIRMED, "own-a0")
    assert desk.held_by("a1-0") != outage_id


def test_a_caller_whose_crew_found_another_device_gets_an_outage_of_his_own(desk: Desk):
    first = desk.report("A", "a0-0", 0)
    home = desk.store.outages.scope_out(first).usage_points
    desk.confirm(first, PredictedDevice(id="own-b1", kind="transformer", name="b1"))
    desk.look(20)
    own = desk.held_by("A")
    assert own != first
    assert desk.store.outages.scope_out(own).usage_points == home
    assert desk.store.outages.scope_out(first).transformers == {"b1"}
    assert not desk.store.outages.scope_out(first).usage_points


def test_a_home_that_another_outage_holds_stops_nobody(desk: Desk):
    first = desk.report("A", "a0-0", 0)
    home = desk.store.outages.scope_out(first).usage_points
    desk.report("B", "b0-0", 1)
    other = desk.held_by("B")
    desk.store.outages.release(first)
    desk.store.outages.widen(other, Scope(usage_points=home), build.at(1))
    desk.report("C", "a0-1", 3)
    assert desk.device_of("A") == desk.device_of("C") == "own-a0"
    assert desk.store.outages.scope_out(other).usage_points >= home


def test_what_a_person_took_apart_stays_apart(desk: Desk):
    first = desk.report("A", "a0-0", 0)
    desk.report("B", "a0-1", 1)
    detach_ticket(
        desk.store,
        DetachTicket(ticket_id=TicketId("B"), by="dispatcher", reason="another cable"),
        now=desk.now,
    )
    desk.look(2)
    desk.report("C", "a0-2", 3)
    assert desk.held_by("A") == first
    assert desk.held_by("B") != first


def test_a_device_that_was_seen_open_is_out_before_anybody_calls(desk: Desk):
    sighted = SightingSent(id="S1", device="fuse-a", is_open=True, at=desk.now)
    record_sightings(
        desk.store,
        RecordSightings(sightings=(sighted,), source=SightingSource.SCADA, by="scada"),
        now=desk.now,
    )
    desk.look(0.2)
    (outage_id,) = desk.connection.scalars(text("SELECT id FROM outage"))
    outage = desk.store.outages.get(OutageId(outage_id))
    assert outage.device.id == "fuse-a"
    assert desk.store.outages.scope_out(outage.id).transformers == {"a0", "a1", "a2"}
    assert desk.orders() == ["awaiting_assignment"]
    assert desk.report("A", "a1-3", 4) == outage.id


def announce(desk: Desk, *transformers: str, begins: float, ends: float, **fields: object) -> None:
    PgPlannedOutages(desk.connection).add(
        build.a_planned_outage(
            desk.connection,
            *transformers,
            starts_at=build.at(begins),
            ends_at=build.at(ends),
            **fields,
        )
    )


def go_dark(desk: Desk, minute: float) -> None:
    """Five meters of each transformer of lateral a gasp, and SCADA sees its fuse open."""
    at = build.at(minute)
    gasps = tuple(
        SignalSent(id=f"{name}-{n}", kind=MeterSignalKind.LAST_GASP, at=at, account=f"{name}-{n}")
        for name in ("a0", "a1", "a2")
        for n in range(5)
    )
    record_meter_signals(desk.store, RecordMeterSignals(signals=gasps), now=at)
    opened = SightingSent(id="S1", device="fuse-a", is_open=True, at=at)
    record_sightings(
        desk.store,
        RecordSightings(sightings=(opened,), source=SightingSource.SCADA, by="scada"),
        now=at,
    )


def outages_of(desk: Desk) -> list[str]:
    return list(desk.connection.scalars(text("SELECT device_id FROM outage ORDER BY id")))


@pytest.mark.parametrize("minute", [-6, 2, 45])
def test_what_goes_dark_for_planned_work_is_no_outage(desk: Desk, minute: float):
    announce(desk, "a0", "a1", "a2", begins=0, ends=120)
    go_dark(desk, minute)
    desk.look(minute + 1)
    assert outages_of(desk) == []


@pytest.mark.parametrize(
    ("where", "fields"),
    [
        (("b0", "b1", "b2"), {}),
        (("a0", "a1", "a2"), {"cancelled_at": build.at(-30)}),
        (("a0", "a1", "a2"), {"ended_at": build.at(1)}),
    ],
)
def test_what_goes_dark_beside_planned_work_or_after_it_is_an_outage(desk: Desk, where, fields):
    announce(desk, *where, begins=0, ends=120, **fields)
    go_dark(desk, 2)
    desk.look(3)
    assert outages_of(desk) == ["fuse-a"]


def test_what_reaches_further_than_the_planned_work_is_an_outage(desk: Desk):
    announce(desk, "a0", begins=0, ends=120)
    go_dark(desk, 2)
    desk.look(3)
    assert outages_of(desk) == ["fuse-a"]


def test_who_is_out_for_planned_work_is_not_silent(desk: Desk):
    """Two callers of one lateral, hours ago: the other lateral could not have called."""
    announce(desk, "b0", "b1", "b2", begins=-60, ends=600)
    desk.report("A", "a0-0", 0)
    desk.report("B", "a1-0", 2)
    desk.look(200)
    without = dict(desk.store.outages.get(desk.held_by("A")).prediction.devices).get("head", 0)
    desk.connection.execute(text("UPDATE planned_outage SET cancelled_at = starts_at"))
    desk.look(201)
    with_it = dict(desk.store.outages.get(desk.held_by("A")).prediction.devices).get("head", 0)
    assert without > 1.5 * with_it


def test_a_second_look_without_news_writes_nothing(desk: Desk):
    desk.report("A", "a0-0", 0)
    desk.report("B", "a0-1", 3)
    desk.store.finish()
    count = text("SELECT count(*) FROM event")
    before = desk.connection.scalar(count)
    desk.look(3.1)
    desk.store.finish()
    assert desk.connection.scalar(count) == before


def test_a_held_order_is_not_sent_and_is_freed_in_time(desk: Desk):
    """The policy of a company for which a needless trip costs a fortune, and waiting little."""
    costs = desk.policy.costs
    dear = type(costs)(needless_trip=5_000.0, hidden_fault=10_000.0, longest_hold_min=12.0)
    desk.policy = GroupingPolicy(costs=dear)
    desk.report("A", "a0-0", 0)
    desk.report("B", "b2-0", 45)
    assert desk.held_by("B") != desk.held_by("A")
    order = desk.store.orders.find_open_of_outage(desk.held_by("B"))
    assert order is not None and order.is_held(desk.now)
    desk.look(60)
    order = desk.store.orders.find_open_of_outage(desk.held_by("B"))
    assert order is not None and order.status is OrderStatus.AWAITING_ASSIGNMENT
    assert not order.is_held(desk.now + timedelta(seconds=1))


def test_a_sighting_is_over_once_supply_was_restored(desk: Desk):
    sighted = SightingSent(id="S1", device="fuse-a", is_open=True, at=desk.now)
    record_sightings(
        desk.store,
        RecordSightings(sightings=(sighted,), source=SightingSource.SCADA, by="scada"),
        now=desk.now,
    )
    desk.look(0.2)
    (outage_id,) = desk.connection.scalars(text("SELECT id FROM outage"))
    desk.now = build.at(30)
    restore_outage(
        desk.store,
        RestoreOutage(outage_id=OutageId(outage_id), at=desk.now, by="dispatcher"),
        now=desk.now,
    )
    desk.look(31)
    open_ = text("SELECT count(*) FROM outage WHERE status NOT IN ('restored', 'closed')")
    assert desk.connection.scalar(open_) == 0


def test_a_report_that_its_confirmed_outage_explains_badly_is_doubted(desk: Desk):
    build.adopt_rates(desk.store, straggling=0.0)
    for minute, account in enumerate(("a0-0", "a1-0", "a2-0")):
        desk.report(account, account, minute)
    outage_id = desk.held_by("a0-0")
    desk.now = build.at(30)
    desk.confirm(outage_id, PredictedDevice(id="fuse-a", kind="fuse", name="fuse-a"))
    desk.report("soon", "a1-1", 40)
    desk.report("late", "a1-2", 660)
    desk.look(661)
    assert desk.held_by("soon") == desk.held_by("late") == outage_id
    desk.store.finish()
    doubted = text("SELECT stream FROM event WHERE kind = 'ticket.doubted'")
    assert desk.connection.scalars(doubted).all() == ["ticket:late"]
    reasons = text(
        "SELECT reasons FROM attachment WHERE ticket_id = 'late' AND detached_at IS NULL"
    )
    (why,) = desk.connection.scalars(reasons)
    assert [say_reason(each).en.split(" (")[0] for each in why] == [
        "the confirmed outage explains this report badly"
    ]


def two_feeders(desk: Desk) -> None:
    """Another feeder of the district, with one lateral of two transformers."""
    c = desk.connection
    build.add_feeder(c, "F2")
    build.add_device(c, "head-2", 0, 3, kind="breaker", feeder_id="F2")
    for n in range(2):
        build.add_device(
            c, f"own-x{n}", 1 + n, 2 + n, kind="transformer", parent_id="head-2", feeder_id="F2"
        )
        build.add_transformer(
            c,
            f"x{n}",
            HOMES,
            device_id=f"own-x{n}",
            pre=1 + n,
            feeder_id="F2",
            lon=build.LON + (20 + n) * 100 * build.METRE,
        )


def call_along(desk: Desk, feeder_id: str, accounts: list[str], minute: float) -> None:
    """So many report at once; then their feeder is looked at."""
    for account in accounts:
        command = ReportTrouble(
            id=TicketId(account),
            complaint=Complaint(channel=Channel.PHONE, account=account),
            position=None,
            received_at=build.at(minute),
            by="agent",
        )
        report_trouble(desk.store, command, now=build.at(minute), clockface=FACE)
    group_feeder(
        desk.store, GroupFeeder(feeder_id=feeder_id), policy=desk.policy, now=build.at(minute)
    )


def test_many_callers_on_another_feeder_of_the_district_are_known_here(desk: Desk):
    two_feeders(desk)
    call_along(desk, "F2", [f"x{n % 2}-{n}" for n in range(12)], 0)
    busy = desk.held_by("x0-0")
    known = desk.store.outages.feeder_evidence("F1", build.at(1))
    assert [(o.id, o.is_confirmed, o.reports) for o in known.elsewhere] == [(busy, False, 12)]
    assert desk.store.outages.feeder_evidence("F2", build.at(1)).elsewhere == ()


def test_few_callers_elsewhere_matter_only_to_reports_that_may_be_theirs(desk: Desk):
    two_feeders(desk)
    call_along(desk, "F2", ["x0-0", "x0-1"], 0)
    outage_id = desk.held_by("x0-0")
    assert desk.store.outages.feeder_evidence("F1", build.at(1)).elsewhere == ()
    position = ReportedPosition(
        lon=build.LON + 9 * 100 * build.METRE, lat=build.LAT, accuracy_m=800.0
    )
    command = ReportTrouble(
        id=TicketId("on the border"),
        complaint=Complaint(channel=Channel.WEB),
        position=position,
        received_at=build.at(1),
        by="agent",
    )
    report_trouble(desk.store, command, now=build.at(1), clockface=FACE)
    (other,) = desk.store.outages.feeder_evidence("F1", build.at(1)).elsewhere
    assert (other.id, other.reports) == (outage_id, 0)
    assert "x0" in other.transformers


def see(
    desk: Desk,
    device: str,
    minute: float,
    *,
    is_open: bool,
    is_live: bool | None = None,
    look: bool = True,
) -> None:
    """SCADA tells of a device; then, unless it is not wanted, the feeder is looked at."""
    desk.now = build.at(minute)
    sent = SightingSent(
        id=f"{device}-{minute}", device=device, is_open=is_open, is_live=is_live, at=desk.now
    )
    command = RecordSightings(sightings=(sent,), source=SightingSource.SCADA, by="scada")
    record_sightings(desk.store, command, now=desk.now)
    if look:
        desk.look(minute)


def open_outages(desk: Desk) -> dict[str | None, set[str]]:
    """The transformers out for each open outage, by its device."""
    ids = desk.connection.scalars(
        text("SELECT id FROM outage WHERE status NOT IN ('restored', 'closed') ORDER BY id")
    )
    found = [desk.store.outages.get(OutageId(each)) for each in ids.all()]
    return {o.device.id: set(desk.store.outages.scope_out(o.id).transformers) for o in found}


def likeliest(desk: Desk, outage_id: OutageId) -> str | None:
    return desk.store.outages.get(outage_id).device.id


def test_a_fuse_found_closed_and_without_voltage_points_above_itself(desk: Desk):
    outage_id = desk.report("A", "a0-1", 0)
    for minute, account in ((1, "a1-2"), (2, "a2-3")):
        desk.report(account, account, minute)
    assert likeliest(desk, outage_id) == "fuse-a"
    see(desk, "fuse-a", 20, is_open=False)
    assert likeliest(desk, outage_id) != "head"
    see(desk, "fuse-a", 21, is_open=False, is_live=False)
    assert likeliest(desk, outage_id) == "head"


def test_a_fuse_found_closed_and_with_voltage_clears_all_that_is_above_it(desk: Desk):
    names = ("a0-1", "a1-2", "a2-3", "b0-1", "b1-2", "b2-3")
    held = [desk.report(name, name, minute) for minute, name in enumerate(names)]
    assert set(held) == {held[0]} and likeliest(desk, held[0]) == "head"
    see(desk, "fuse-a", 20, is_open=False, is_live=True)
    assert "head" not in open_outages(desk)
    assert desk.held_by("b0-1") != desk.held_by("a0-1")


@pytest.mark.parametrize("ahead", [0.0, 0.2])
def test_a_device_seen_open_this_moment_is_out_at_once(desk: Desk, ahead: float):
    """Its clock may be ahead of ours."""
    see(desk, "fuse-a", ahead, is_open=True, look=False)
    desk.look(0)
    assert open_outages(desk) == {"fuse-a": {"a0", "a1", "a2"}}


@pytest.mark.parametrize("order", [("head", "fuse-a"), ("fuse-a", "head")])
def test_two_devices_seen_open_one_above_the_other_are_two_outages(
    desk: Desk, order: tuple[str, str]
):
    see(desk, order[0], 0, is_open=True)
    see(desk, order[1], 5, is_open=True)
    assert open_outages(desk)["fuse-a"] == {"a0", "a1", "a2"}
    assert open_outages(desk)["head"] >= {"b0", "b1", "b2"}
    see(desk, "head", 40, is_open=False)
    assert open_outages(desk) == {"fuse-a": {"a0", "a1", "a2"}}
    see(desk, "fuse-a", 60, is_open=False)
    assert open_outages(desk) == {}


def test_nobody_s_silence_makes_a_device_that_was_seen_open_improbable(desk: Desk):
    see(desk, "head", 0, is_open=True)
    see(desk, "fuse-a", 30, is_open=True)
    held = desk.connection.scalars(text("SELECT prediction -> 'probability' FROM outage")).all()
    assert [round(each, 2) for each in held] == [1.0, 1.0]


def test_who_calls_below_two_open_devices_stays_dark_when_the_upper_one_closes(desk: Desk):
    see(desk, "head", 0, is_open=True)
    desk.report("A", "a0-0", 3)
    see(desk, "fuse-a", 5, is_open=True)
    see(desk, "head", 40, is_open=False)
    assert desk.device_of("A") == "fuse-a"
    assert desk.store.outages.get(desk.held_by("A")).is_open


def test_a_breaker_is_given_a_minute_to_reclose_unless_somebody_calls(desk: Desk):
    see(desk, "head", 0, is_open=True)
    (number,) = desk.connection.scalars(text("SELECT id FROM outage"))
    order = desk.store.orders.find_open_of_outage(OutageId(number))
    assert order is not None and order.is_held(build.at(0.5))
    desk.report("A", "b1-0", 0.5)
    order = desk.store.orders.find_open_of_outage(OutageId(number))
    assert order is not None and not order.is_held(build.at(0.5))


def test_a_fuse_does_not_reclose(desk: Desk):
    see(desk, "fuse-a", 0, is_open=True)
    (number,) = desk.connection.scalars(text("SELECT id FROM outage"))
    order = desk.store.orders.find_open_of_outage(OutageId(number))
    assert order is not None and not order.is_held(desk.now)


def test_a_trip_that_reclosed_is_over_and_nobody_is_sent(desk: Desk):
    see(desk, "head", 0, is_open=True)
    see(desk, "head", 0.1, is_open=False)
    assert open_outages(desk) == {}
    assert desk.orders() == ["cancelled"]


def test_a_closing_does_not_end_what_a_crew_works_on(desk: Desk):
    see(desk, "fuse-a", 0, is_open=True)
    (number,) = desk.connection.scalars(text("SELECT id FROM outage"))
    desk.confirm(OutageId(number), PredictedDevice(id="fuse-a", kind="fuse", name="fuse-a"))
    see(desk, "fuse-a", 9, is_open=False)
    assert open_outages(desk) == {"fuse-a": {"a0", "a1", "a2"}}


def test_what_is_found_further_down_is_out_alone_and_the_other_callers_get_their_own(desk: Desk):
    for minute, account in enumerate(("a0-0", "a1-0", "a2-0", "a0-1", "a2-1")):
        desk.report(account, account, minute)
    first = desk.held_by("a1-0")
    desk.confirm(first, PredictedDevice(id="own-a1", kind="transformer", name="a1"))
    assert desk.store.outages.scope_out(first).transformers == {"a1"}
    assert desk.connection.scalars(text("SELECT feeder_id FROM feeder_news")).all() == ["F1"]
    desk.look(6)
    assert desk.held_by("a1-0") == first
    others = {desk.held_by(account) for account in ("a0-0", "a2-0", "a0-1", "a2-1")}
    assert first not in others
    assert "a1" not in set().union(
        *(desk.store.outages.scope_out(each).transformers for each in others)
    )


def test_an_outage_begins_with_the_earliest_of_those_who_join_it_together(desk: Desk):
    desk.report("A", "a0-0", 0)
    desk.report("B", "b0-0", 1)
    desk.report("C", "b1-0", 2)
    desk.report("D", "a1-0", 3)
    desk.report("E", "a2-0", 4)
    outage = desk.store.outages.get(desk.held_by("A"))
    held = desk.store.tickets.list_of_outage(outage.id)
    assert outage.started_at == min(ticket.received_at for ticket in held)


def test_a_device_polled_again_and_again_opened_when_it_was_first_seen_to(desk: Desk):
    for minute in range(0, 30, 5):
        see(desk, "fuse-a", minute, is_open=True)
        desk.report(f"{minute}", f"a{minute // 5 % 3}-{minute // 5}", minute + 2)
    assert {desk.held_by(f"{minute}") for minute in range(0, 30, 5)} == {desk.held_by("0")}
    assert open_outages(desk) == {"fuse-a": {"a0", "a1", "a2"}}
    assert desk.store.outages.get(desk.held_by("0")).started_at <= build.at(0)


def test_what_a_person_sees_late_opened_when_its_callers_say(desk: Desk):
    for minute, account in enumerate(("a0-0", "a1-0", "a2-0")):
        desk.report(account, account, minute)
    first = desk.held_by("a0-0")
    desk.now = build.at(50)
    sent = SightingSent(id="S", device="fuse-a", is_open=True, at=desk.now)
    command = RecordSightings(sightings=(sent,), source=SightingSource.CREW, by="C1")
    record_sightings(desk.store, command, now=desk.now)
    desk.look(50)
    assert {desk.held_by(f"a{n}-0") for n in range(3)} == {first}
    assert open_outages(desk) == {"fuse-a": {"a0", "a1", "a2"}}


def test_a_device_that_opened_again_was_closed_until_then(desk: Desk):
    see(desk, "fuse-a", 0, is_open=True)
    see(desk, "fuse-a", 10, is_open=False)
    see(desk, "fuse-a", 30, is_open=True)
    (number,) = desk.connection.scalars(
        text("SELECT id FROM outage WHERE status = 'predicted' ORDER BY id")
    )
    assert desk.store.outages.get(OutageId(number)).started_at > build.at(29)


def phases_of(desk: Desk, **of: str) -> None:
    for transformer, phases in of.items():
        desk.connection.execute(
            text("UPDATE transformer SET phases = :phases WHERE id = :id"),
            {"id": transformer, "phases": phases},
        )


def confirm_phases(desk: Desk, outage_id: OutageId, phases: str) -> None:
    command = ConfirmOutage(
        outage_id=outage_id,
        by="C1",
        device=PredictedDevice(id="fuse-a", kind="fuse", name="fuse a"),
        phases=phases,
    )
    confirm_outage(desk.store, command, now=desk.now)


def test_who_lives_on_another_phase_than_the_open_one_has_a_fault_of_his_own(desk: Desk):
    phases_of(desk, a0="A", a1="B", a2="ABC")
    for minute, account in enumerate(("a0-1", "a2-1", "a0-2", "a2-2", "a1-1", "a1-2")):
        desk.report(account, account, minute)
    whole = desk.held_by("a0-1")
    assert desk.held_by("a1-1") == whole
    confirm_phases(desk, whole, "a")
    desk.look(7)
    assert desk.store.outages.scope_out(whole).transformers == {"a0", "a2"}
    assert desk.store.outages.get(whole).phases == "A"
    assert desk.held_by("a0-1") == desk.held_by("a2-1") == whole
    other = desk.held_by("a1-1")
    assert other == desk.held_by("a1-2") != whole
    assert desk.store.outages.scope_out(other).transformers == {"a1"}


@pytest.mark.parametrize("phases", ["X", "", "ABN", "C"])
def test_open_phases_are_letters_that_something_below_lives_on(desk: Desk, phases: str):
    phases_of(desk, a0="A", a1="A", a2="AB")
    outage_id = desk.report("A", "a0-1", 0)
    with pytest.raises(InvalidInput, match="phases is"):
        confirm_phases(desk, outage_id, phases)


def test_a_blown_phase_of_a_transformer_is_not_why_callers_of_another_phase_are_dark(desk: Desk):
    for phases, accounts in (("A", ["a0-1", "a0-2"]), ("B", ["a0-3", "a0-4"])):
        desk.connection.execute(
            text("UPDATE usage_point SET phases = :phases WHERE account = ANY(:accounts)"),
            {"phases": phases, "accounts": accounts},
        )
    for minute, account in enumerate(("a0-1", "a0-2")):
        desk.report(account, account, minute)
    outage_id = desk.held_by("a0-1")
    command = ConfirmOutage(
        outage_id=outage_id,
        by="C1",
        device=PredictedDevice(id="own-a0", kind="transformer", name="a0"),
        phases="A",
    )
    confirm_outage(desk.store, command, now=desk.now)
    for minute, account in enumerate(("a0-5", "a0-3", "a0-4"), start=5):
        desk.report(account, account, minute)
    desk.look(12)
    assert desk.held_by("a0-1") == desk.held_by("a0-5") == outage_id
    assert outage_id not in {desk.held_by("a0-3"), desk.held_by("a0-4")}


def ask_meters(desk: Desk, minute: float, *accounts: str) -> None:
    """Nobody's meter answers."""
    at = build.at(minute)
    silent = tuple(
        SignalSent(id=f"{name}-{minute}", kind=MeterSignalKind.PING_OFF, at=at, account=name)
        for name in accounts
    )
    record_meter_signals(desk.store, RecordMeterSignals(signals=silent), now=at)


def look_at_a_dead_transformer(desk: Desk) -> None:
    see(desk, "own-a0", 20, is_open=False, is_live=False, look=False)


def ask_two_meters(desk: Desk) -> None:
    ask_meters(desk, 20, "a0-2", "a0-3")


@pytest.mark.parametrize("looked", [ask_two_meters, look_at_a_dead_transformer])
def test_that_a_known_outage_is_dark_tells_of_no_other_one(
    desk: Desk, looked: Callable[[Desk], None]
):
    for minute, account in enumerate(("a0-1", "a1-1", "a2-1")):
        desk.report(account, account, minute)
    desk.confirm(desk.held_by("a0-1"), PredictedDevice(id="fuse-a", kind="fuse", name="a"))
    looked(desk)
    alone = desk.report("b0-1", "b0-1", 21)
    assert open_outages(desk) == {"fuse-a": {"a0", "a1", "a2"}, None: set()}
    assert desk.store.outages.get(alone).device.kind == "service"


def test_a_device_without_voltage_under_planned_work_tells_of_no_outage(desk: Desk):
    announce(desk, "a0", "a1", "a2", begins=0, ends=120)
    see(desk, "fuse-a", 20, is_open=False, is_live=False, look=False)
    desk.report("b0-1", "b0-1", 21)
    assert open_outages(desk) == {None: set()}
