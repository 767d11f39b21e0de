"""Tell a caller that supply is back, and hear whether it is (回访)."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.desk import DeskAction, DeskActionKind
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import TicketId
from dispatch.errors import IllegalStep
from dispatch.ports import Store
from dispatch.procedures.calling_back import Answer, take_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCallback:
    """What the caller answered; `power_on` None means nobody was reached.

    `id` is the desk's own name for this call, under which it may be sent again; `at` is when the
    caller answered, where that comes late, None: now.
    """

    ticket_id: TicketId
    by: str
    power_on: bool | None
    satisfied: bool | None = None
    note: str = ""
    id: str | None = None
    at: datetime | None = None


def record_callback(store: Store, command: RecordCallback, *, now: datetime) -> TroubleTicket:
    """Write the answer down, once for its `id`; a caller still in the dark opens a nested outage.

    Raises
    ------
    IllegalStep
        Supply of the caller is not thought to be back, came back after this answer, or the caller
        has given a newer one.
    """
    ticket = store.tickets.get(command.ticket_id)
    at = command.at or now
    if command.id is not None:
        kind = DeskActionKind.CALLED_BACK
        action = DeskAction(id=command.id, ticket_id=ticket.id, kind=kind, at=at, by=command.by)
        if not store.tickets.is_new(action, now):
            return store.tickets.get(ticket.id)
    if command.at is not None:
        _must_be_newest(store, ticket, command.at)
    answer = Answer(
        by=command.by,
        at=at,
        power_on=command.power_on,
        satisfied=command.satisfied,
        note=command.note,
    )
    return take_answer(store, ticket, answer, now=now)


def _must_be_newest(store: Store, ticket: TroubleTicket, at: datetime) -> None:
    """An answer that was kept at a desk says nothing of what has happened since."""
    if ticket.restored_at is not None and at < ticket.restored_at:
        raise IllegalStep("supply came back after this answer", ticket_id=ticket.id)
    told_at = store.tickets.find_told_at(ticket.id)
    if told_at is not None and at < told_at:
        raise IllegalStep("the caller has given a newer answer", ticket_id=ticket.id)
