"""Tickets on PostGIS: attachments, call-backs, and the same identity twice."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from dispatch.domain.outage import Scope
from dispatch.domain.ticket import TicketStatus
from dispatch.domain.words import Channel, Disposition
from dispatch.errors import IdentityTaken, InvalidInput, NotFound, StaleVersion
from dispatch.journal import SYSTEM
from dispatch.ports import Attachment, Told
from dispatch.store.constraints import in_our_words
from dispatch.store.outages import PgOutages
from dispatch.store.planned import PgPlannedOutages
from dispatch.store.tickets import PgTickets
from tests.store.builders import (
    NOW,
    a_planned_outage,
    a_ticket,
    add_district,
    add_feeder,
    add_transformer,
    an_outage,
    at,
)


@pytest.fixture
def tickets(connection: Connection) -> PgTickets:
    add_district(connection)
    add_feeder(connection)
    return PgTickets(connection)


def an_open_outage(connection: Connection) -> int:
    outage = an_outage(connection)
    PgOutages(connection).add(outage, Scope())
    return outage.id


def attachment(ticket_id: str, outage_id: int, by: str = SYSTEM, offset: float = 0) -> Attachment:
    return Attachment(
        ticket_id=ticket_id,
        outage_id=outage_id,
        probability=0.8,
        basis="transformer",
        reasons=("same transformer",),
        by=by,
        at=at(offset),
    )


def test_what_was_added_can_be_read(connection, tickets):
    (home,) = add_transformer(connection, "T1", 1)
    ticket = a_ticket(
        "A",
        phone="13800000000",
        symptoms=("no_power", "说不清"),
        hazards=("wire_down",),
        description="门口电线掉了 ⚡",
        usage_point_id=home,
        transformer_id="T1",
        feeder_id="F1",
    )
    tickets.add(ticket)
    assert tickets.get(ticket.id) == ticket


def test_a_ticket_without_a_place_can_be_read(tickets):
    ticket = a_ticket("A", place=None, district_id=None, disposition=Disposition.UNLOCATED)
    tickets.add(ticket)
    assert tickets.get(ticket.id) == ticket


def test_an_unknown_ticket_is_none_or_not_found(tickets):
    assert tickets.find("nobody") is None
    with pytest.raises(NotFound):
        tickets.get("nobody")


def test_the_same_identity_twice_is_taken(connection, tickets):
    tickets.add(a_ticket("A"))
    with pytest.raises(IdentityTaken), in_our_words(), connection.begin_nested():
        tickets.add(a_ticket("A", description="another"))


def test_a_zero_byte_in_a_text_is_invalid_input(connection, tickets):
    with pytest.raises(InvalidInput), in_our_words(), connection.begin_nested():
        tickets.add(a_ticket("A", description="a\x00b"))


def test_the_second_writer_is_stale(tickets):
    ticket = a_ticket("A")
    tickets.add(ticket)
    saved = tickets.save(ticket.urge())
    assert tickets.get("A") == saved
    with pytest.raises(StaleVersion):
        tickets.save(ticket.urge())


def test_an_attachment_ends_the_one_before(connection, tickets):
    first, second = an_open_outage(connection), an_open_outage(connection)
    tickets.add(a_ticket("A"))
    tickets.attach(attachment("A", first))
    tickets.attach(attachment("A", second, offset=5))
    rows = connection.execute(
        text("SELECT outage_id, detached_at, detached_by FROM attachment ORDER BY id")
    ).all()
    assert [tuple(row) for row in rows] == [(first, at(5), SYSTEM), (second, None, None)]


def test_only_a_human_keeps_a_ticket_apart(connection, tickets):
    moved, taken_out = an_open_outage(connection), an_open_outage(connection)
    tickets.add(a_ticket("A"))
    tickets.attach(attachment("A", moved))
    tickets.attach(attachment("A", taken_out, offset=1))
    tickets.detach("A", by="wang", reason="his own fuse", at=at(2))
    assert tickets.kept_apart("A") == {taken_out}


def test_putting_a_ticket_back_ends_its_separation(connection, tickets):
    outage_id = an_open_outage(connection)
    tickets.add(a_ticket("A"))
    tickets.attach(attachment("A", outage_id))
    tickets.detach("A", by="wang", reason="mistake", at=at(2))
    tickets.attach(attachment("A", outage_id, by="wang", offset=3))
    assert tickets.kept_apart("A") == frozenset()


def test_tickets_of_an_outage_come_in_order_of_their_reports(connection, tickets):
    outage_id = an_open_outage(connection)
    for ticket_id, offset in (("late", 5), ("early", -5)):
        tickets.add(a_ticket(ticket_id, outage_id=outage_id, received_at=at(offset)))
    tickets.add(a_ticket("other"))
    assert [ticket.id for ticket in tickets.list_of_outage(outage_id)] == ["early", "late"]


def test_tickets_of_a_planned_outage_are_listed(connection, tickets):
    planned = a_planned_outage(connection)
    PgPlannedOutages(connection).add(planned)
    tickets.add(a_ticket("A", planned_outage_id=planned.id, disposition=Disposition.PLANNED))
    assert [ticket.id for ticket in tickets.list_of_planned(planned.id)] == ["A"]


def test_a_caller_is_unverified_until_he_says_that_power_is_on(connection, tickets):
    outage_id = an_open_outage(connection)
    for ticket_id in ("A", "B", "C"):
        tickets.add(a_ticket(ticket_id, outage_id=outage_id, status=TicketStatus.RESTORED))
    tickets.must_tell(["A", "B", "C"], at(60))
    tickets.record_told(told("A", power_on=True))
    tickets.record_told(told("B", power_on=False))
    assert list(tickets.list_unverified(outage_id)) == ["B", "C"]


def test_nobody_calls_a_meter_back(connection, tickets):
    outage_id = an_open_outage(connection)
    tickets.add(a_ticket("M", outage_id=outage_id, channel=Channel.METER))
    closed = replace(a_ticket("done", outage_id=outage_id), status=TicketStatus.CLOSED)
    tickets.add(closed)
    assert list(tickets.list_unverified(outage_id)) == []


def test_a_caller_is_asked_again_after_another_restoration(connection, tickets):
    outage_id = an_open_outage(connection)
    tickets.add(a_ticket("A", outage_id=outage_id))
    tickets.record_told(told("A", power_on=True))
    assert list(tickets.list_unverified(outage_id)) == []
    tickets.must_tell(["A"], at(600))
    assert list(tickets.list_unverified(outage_id)) == ["A"]


def test_who_waits_for_a_call_back_keeps_the_date(connection, tickets):
    tickets.add(a_ticket("A"))
    tickets.must_tell(["A"], at(60))
    tickets.must_tell(["A"], at(600))
    tickets.must_tell([], at(600))
    assert connection.scalars(text("SELECT due_at FROM told")).all() == [at(60)]


def told(ticket_id: str, *, power_on: bool | None) -> Told:
    return Told(ticket_id=ticket_id, at=NOW, by="li", power_on=power_on, satisfied=None, note="")
