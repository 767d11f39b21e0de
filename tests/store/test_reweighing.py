"""How probably a report belongs where it is stays on record as more becomes known."""

from sqlalchemy import text

from dispatch.domain.words import TicketId
from dispatch.usecases.attach_ticket import AttachTicket, attach_ticket
from tests.store import builders as build
from tests.store.test_grouping import Desk, desk  # noqa: F401 (fixture)


def probability_of(desk: Desk, name: str) -> float:  # noqa: F811
    query = text("SELECT probability FROM attachment WHERE ticket_id = :id AND detached_at IS NULL")
    return float(desk.connection.scalar(query, {"id": name}))


def test_a_report_is_taken_by_rule_and_weighed_by_inference(desk: Desk):  # noqa: F811
    for minute, account in enumerate(("a0-0", "a1-0", "a2-0", "a0-1", "a1-1")):
        desk.report(account, account, minute)
    assert probability_of(desk, "a0-1") > 0.9


def test_what_a_person_attached_keeps_the_person_s_certainty(desk: Desk):  # noqa: F811
    first = desk.report("A", "a0-0", 0)
    second = desk.report("B", "b2-0", 300)
    assert second != first
    command = AttachTicket(
        ticket_id=TicketId("B"), outage_id=first, by="dispatcher", reason="same tree"
    )
    attach_ticket(desk.store, command, now=build.at(301))
    desk.look(302)
    assert desk.held_by("B") == first
    assert probability_of(desk, "B") == 1.0
