"""What is repaired while another device on its way is still open stays dark and changes hands."""

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dispatch.domain.arrival import ArrivalPolicy
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import OutageStatus, PredictedDevice, Scope
from dispatch.domain.ticket import TicketStatus
from dispatch.domain.words import ActionKind, CrewId, Disposition, OrderId, OutageId, TicketId
from dispatch.ports import Attachment
from dispatch.procedures.opening import open_incident
from dispatch.sayings import say_reason
from dispatch.store.reads.still_dark import dark_for
from dispatch.usecases.attach_ticket import DetachTicket, detach_ticket
from dispatch.usecases.close_outage import CloseOutage, close_outage
from dispatch.usecases.confirm_outage import ConfirmOutage, confirm_outage
from dispatch.usecases.record_crew_action import RecordCrewAction, record_crew_action
from dispatch.usecases.restore_outage import RestoreOutage, restore_outage
from tests.store import builders as build
from tests.store.test_grouping import HOMES, Desk, desk  # noqa: F401 (fixture)


class Repairs:
    """Outages on the desk's feeder, opened and ended by what people say."""

    def __init__(self, desk: Desk) -> None:  # noqa: F811
        self.desk, self.store, self.connection = desk, desk.store, desk.connection

    def opens(
        self, device_id: str | None, minute: float, *transformers: str, seen: bool = True
    ) -> OutageId:
        """An outage of a device that holds transformers since a minute; confirmed if seen."""
        found = None if device_id is None else self.store.directory.find_device(device_id)
        outage = build.an_outage(
            self.connection,
            device=found or PredictedDevice(id=None, kind="service", name="home"),
            feeder_id="F1",
            started_at=build.at(minute),
            opened_at=build.at(minute),
        )
        self.store.outages.add(outage, Scope(transformers=frozenset(transformers)))
        if seen:
            command = ConfirmOutage(
                outage_id=outage.id, device=outage.device, by="C1", at=build.at(minute)
            )
            confirm_outage(self.store, command, now=build.at(minute))
        return outage.id

    def calls(self, account: str, outage_id: OutageId, minute: float, **said: object) -> TicketId:
        home = self.store.directory.find_by_account(account)
        ticket = build.a_ticket(
            account,
            outage_id=outage_id,
            received_at=build.at(minute),
            usage_point_id=home.id,
            transformer_id=home.transformer_id,
            feeder_id="F1",
            **said,
        )
        held = Attachment(
            ticket_id=ticket.id,
            outage_id=outage_id,
            probability=0.9,
            basis="feeder_model",
            reasons=(),
            by="relight",
            at=build.at(minute),
        )
        self.store.tickets.add(ticket, held)
        return ticket.id

    def restores(self, outage_id: OutageId, minute: float, *transformers: str) -> None:
        self.desk.now = build.at(minute)
        part = Scope(transformers=frozenset(transformers)) if transformers else None
        command = RestoreOutage(outage_id=outage_id, at=self.desk.now, by="C1", part=part)
        restore_outage(self.store, command, now=self.desk.now)

    def outage(self, outage_id: OutageId):
        return self.store.outages.get(outage_id)

    def out(self, outage_id: OutageId) -> frozenset[str]:
        return self.store.outages.scope_out(outage_id).transformers

    def ticket(self, name: str):
        return self.store.tickets.get(TicketId(name))

    def to_be_told(self) -> list[str]:
        return list(self.connection.scalars(text("SELECT ticket_id FROM told ORDER BY 1")))

    def periods(self, account: str) -> list[tuple[OutageId, datetime, datetime]]:
        rows = self.connection.execute(
            text(
                "SELECT outage_id, lower(period) AS began, upper(period) AS ended"
                " FROM interruption JOIN usage_point ON usage_point.id = usage_point_id"
                " WHERE account = :account ORDER BY period"
            ),
            {"account": account},
        )
        return [(row.outage_id, row.began, row.ended) for row in rows]

    def minutes_of(self, outage_id: OutageId) -> float:
        return float(
            self.connection.scalar(
                text(
                    "SELECT coalesce(extract(epoch FROM sum(upper(period) - lower(period))), 0)"
                    " / 60 FROM interruption WHERE outage_id = :id"
                ),
                {"id": outage_id},
            )
        )


@pytest.fixture
def repairs(desk: Desk) -> Repairs:  # noqa: F811
    return Repairs(desk)


def test_what_is_repaired_under_a_confirmed_outage_goes_over_without_a_gap(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 10)
    assert repairs.out(outer) == {"a1", "a2"}
    repairs.restores(inner, 60)
    assert repairs.outage(inner).status is OutageStatus.RESTORED
    assert repairs.out(outer) == {"a0", "a1", "a2"}
    repairs.restores(outer, 90)
    assert repairs.periods("a0-0") == [
        (inner, build.at(0), build.at(60)),
        (outer, build.at(60), build.at(90)),
    ]
    assert repairs.minutes_of(inner) == HOMES * 60
    assert repairs.minutes_of(outer) == HOMES * (30 + 2 * 80)


def test_inference_reads_from_when_to_when_a_place_was_dark(repairs: Repairs):
    """What went over to another outage had no light yet."""
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 10)
    repairs.restores(inner, 60)
    assert repairs.store.outages.feeder_evidence("F1", build.at(61)).relit == {}
    repairs.restores(outer, 90)
    known = repairs.store.outages.feeder_evidence("F1", build.at(91))
    assert known.relit["a1"] == (build.at(10), build.at(90))
    assert {t: at for t, (_, at) in known.relit.items()} == dict.fromkeys(
        ("a0", "a1", "a2"), build.at(90)
    )


def test_who_stays_dark_is_told_nothing_until_there_is_light(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 10)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    ticket = repairs.ticket("a0-0")
    assert (ticket.outage_id, ticket.status) == (outer, TicketStatus.OPEN)
    assert repairs.to_be_told() == []
    repairs.restores(outer, 90)
    assert repairs.ticket("a0-0").restored_at == build.at(90)
    assert repairs.to_be_told() == ["a0-0"]


def test_the_caller_who_goes_over_says_why_in_the_record(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 10)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    rows = repairs.connection.execute(
        text("SELECT outage_id, by, reasons FROM attachment WHERE detached_at IS NULL")
    )
    ((held, by, (why,)),) = [tuple(row) for row in rows]
    assert (held, by) == (outer, "C1")
    assert say_reason(why).en == "repaired at transformer own-a0; still dark for fuse fuse-a"
    repairs.store.finish()
    kinds = repairs.connection.scalars(
        text("SELECT kind FROM event WHERE stream = :s ORDER BY seq"), {"s": f"outage:{outer}"}
    )
    assert kinds.all() == ["outage.confirmed", "outage.took_over"]


def test_an_outage_did_not_begin_earlier_for_what_it_takes_over(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 40)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    assert repairs.outage(outer).started_at == build.at(40)
    repairs.restores(outer, 90)
    assert repairs.minutes_of(outer) == HOMES * (30 + 2 * 50)


def test_light_between_two_faults_is_no_outage(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 40)
    restore_outage(
        repairs.store,
        RestoreOutage(outage_id=inner, at=build.at(30), by="C1"),
        now=build.at(50),
    )
    repairs.restores(outer, 90)
    assert repairs.periods("a0-0") == [
        (inner, build.at(0), build.at(30)),
        (outer, build.at(40), build.at(90)),
    ]


def test_only_what_is_restored_goes_over(repairs: Repairs):
    inner = repairs.opens("fuse-a", 0, "a0", "a1", "a2")
    outer = repairs.opens("head", 10)
    repairs.calls("a0-0", inner, 1)
    repairs.calls("a1-0", inner, 1)
    repairs.restores(inner, 30, "a0")
    assert repairs.outage(inner).status is OutageStatus.PARTIALLY_RESTORED
    assert repairs.out(inner) == {"a1", "a2"}
    assert repairs.out(outer) == {"a0", "b0", "b1", "b2"}
    assert repairs.ticket("a0-0").outage_id == outer
    assert repairs.ticket("a1-0").outage_id == inner


def test_what_the_outer_outage_gave_light_again_is_lit(repairs: Repairs):
    outer = repairs.opens("fuse-a", 0, "a0", "a1", "a2")
    repairs.restores(outer, 20, "a0")
    inner = repairs.opens("own-a0", 30, "a0")
    repairs.calls("a0-0", inner, 31)
    repairs.restores(inner, 60)
    assert repairs.out(outer) == {"a1", "a2"}
    assert repairs.ticket("a0-0").status is TicketStatus.RESTORED
    assert repairs.to_be_told() == ["a0-0"]


def test_a_mere_prediction_keeps_nobody_dark(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 10, "a1", "a2", seen=False)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    assert repairs.out(outer) == {"a1", "a2"}
    assert repairs.to_be_told() == ["a0-0"]


def test_an_outage_on_another_branch_keeps_nobody_dark(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    repairs.opens("fuse-b", 10)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    assert repairs.to_be_told() == ["a0-0"]


def test_two_outages_of_one_device_are_over_when_it_is_closed(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    repairs.opens("own-a0", 10)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    assert repairs.to_be_told() == ["a0-0"]


def test_through_three_levels_the_nearest_open_device_takes_over_first(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    middle = repairs.opens("fuse-a", 10)
    outer = repairs.opens("head", 20)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    assert repairs.ticket("a0-0").outage_id == middle
    repairs.restores(middle, 70)
    assert repairs.ticket("a0-0").outage_id == outer
    assert repairs.out(outer) == {"a0", "a1", "a2", "b0", "b1", "b2"}
    repairs.restores(outer, 100)
    assert repairs.periods("a0-0") == [
        (inner, build.at(0), build.at(60)),
        (middle, build.at(60), build.at(70)),
        (outer, build.at(70), build.at(100)),
    ]
    assert repairs.minutes_of(outer) == HOMES * (3 * 30 + 3 * 80)
    assert repairs.to_be_told() == ["a0-0"]


def test_the_lateral_is_closed_and_a_transformers_own_fuse_is_still_open(repairs: Repairs):
    outer = repairs.opens("fuse-a", 0, "a0", "a1", "a2")
    inner = repairs.opens("own-a0", 10)
    repairs.calls("a0-0", outer, 1)
    repairs.calls("a1-0", outer, 1)
    repairs.restores(outer, 60)
    assert repairs.outage(outer).status is OutageStatus.RESTORED
    assert repairs.out(inner) == {"a0"}
    assert repairs.ticket("a0-0").outage_id == inner
    assert repairs.to_be_told() == ["a1-0"]


spans = st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda s: (s[0], s[0] + s[1]))


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(spans=st.tuples(spans, spans, spans))
def test_a_home_is_dark_while_any_device_on_its_way_is_open(
    repairs: Repairs, spans: tuple[tuple[int, int], ...]
):
    devices = ("own-a0", "fuse-a", "head")
    steps = sorted(
        (minute, is_end, number)
        for number, span in enumerate(spans)
        for is_end, minute in enumerate(span)
    )
    undo = repairs.connection.begin_nested()
    opened: dict[int, OutageId] = {}
    for minute, is_end, number in steps:
        if not is_end:
            opened[number] = repairs.opens(devices[number], minute)
        else:
            repairs.restores(opened[number], minute)
    for account, above in (("a0-0", spans), ("a1-0", spans[1:]), ("b0-0", spans[2:])):
        dark = set().union(*(range(*span) for span in above))
        recorded = [
            minute
            for _, began, ended in repairs.periods(account)
            for minute in range(*((at - build.NOW) // build.minutes(1) for at in (began, ended)))
        ]
        assert sorted(recorded) == sorted(dark)
    undo.rollback()


def test_a_home_repaired_under_a_dark_transformer_waits_for_it(repairs: Repairs):
    home = repairs.store.directory.find_by_account("a0-0")
    service = build.an_outage(
        repairs.connection, device=PredictedDevice(id=None, kind="service", name="a0-0")
    )
    repairs.store.outages.add(service, Scope(usage_points=frozenset({home.id})))
    repairs.calls("a0-0", service.id, 1)
    outer = repairs.opens("own-a0", 10, "a0")
    repairs.restores(service.id, 60)
    assert repairs.ticket("a0-0").outage_id == outer
    assert repairs.to_be_told() == []
    repairs.restores(outer, 90)
    assert repairs.periods("a0-0") == [
        (service.id, build.at(0), build.at(60)),
        (outer, build.at(60), build.at(90)),
    ]
    assert repairs.to_be_told() == ["a0-0"]


def test_a_hazards_own_order_is_left_alone(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    repairs.opens("fuse-a", 10)
    danger = repairs.calls(
        "a0-0", inner, 1, hazards=("wire_down",), disposition=Disposition.INCIDENT
    )
    incident = open_incident(
        repairs.store, repairs.store.tickets.get(danger), build.WEST, now=build.at(1)
    )
    before = repairs.store.orders.find_open_of_incident(incident.id)
    repairs.restores(inner, 60)
    assert repairs.ticket("a0-0").disposition is Disposition.INCIDENT
    assert repairs.store.orders.find_open_of_incident(incident.id) == before


def test_a_new_look_leaves_the_callers_where_they_went(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 40)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    repairs.desk.look(61)
    assert repairs.ticket("a0-0").outage_id == outer
    assert repairs.connection.scalar(text("SELECT count(*) FROM outage")) == 2


def test_what_went_over_is_not_known_to_have_light(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 10)
    repairs.restores(inner, 60)
    assert "a0" not in repairs.store.outages.look_along("F1", build.at(61)).lit
    repairs.restores(outer, 90)
    assert repairs.store.outages.look_along("F1", build.at(91)).lit["a0"] == build.at(90)


def test_a_person_may_take_the_caller_out_again(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 10)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    command = DetachTicket(ticket_id=TicketId("a0-0"), by="dispatcher", reason="lit next door")
    apart = detach_ticket(repairs.store, command, now=build.at(62))
    assert apart.outage_id not in {inner, outer}


def test_the_repaired_outage_closes_without_asking_who_is_still_dark(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    repairs.opens("fuse-a", 10)
    repairs.calls("a0-0", inner, 1)
    repairs.restores(inner, 60)
    closed = close_outage(
        repairs.store, CloseOutage(outage_id=inner, by="dispatcher"), now=build.at(61)
    )
    assert closed.status is OutageStatus.CLOSED


def test_the_crew_hears_that_it_is_still_dark_and_for_what(repairs: Repairs):
    inner = repairs.opens("own-a0", 0, "a0")
    outer = repairs.opens("fuse-a", 10)
    crew = build.add_crew(repairs.connection, "C1")
    repairs.store.orders.add(
        build.an_order(7, inner, status=OrderStatus.ARRIVED, crew_id=crew, assigned_at=build.at(20))
    )
    action = RecordCrewAction(
        id="A1",
        crew_id=CrewId("C1"),
        seq=1,
        kind=ActionKind.RESTORE,
        order_id=OrderId(7),
        occurred_at=build.at(60),
    )
    done = record_crew_action(repairs.store, action, policy=ArrivalPolicy(), now=build.at(60))
    assert (done.outcome, done.detail) == (
        "applied",
        "repaired here; still dark for fuse fuse-a",
    )
    (seen,) = dark_for(repairs.connection, inner)
    assert (seen.id, seen.transformers, seen.customers) == (outer, ("transformer a0",), HOMES)
    repairs.restores(outer, 90)
    assert dark_for(repairs.connection, inner) == ()


def test_a_caller_who_is_no_customer_on_record_goes_by_the_transformer(repairs: Repairs):
    vicinity = build.an_outage(
        repairs.connection, device=PredictedDevice(id=None, kind="points", name="a mill")
    )
    repairs.store.outages.add(vicinity, Scope())
    ticket = build.a_ticket("stranger", outage_id=vicinity.id, transformer_id="a0", feeder_id="F1")
    repairs.store.tickets.add(ticket)
    outer = repairs.opens("fuse-a", 10)
    repairs.restores(vicinity.id, 60)
    assert repairs.ticket("stranger").outage_id == outer
    assert repairs.to_be_told() == []
