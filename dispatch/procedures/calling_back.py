"""What a caller says when asked whether supply is back, by whomever they are asked."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.clock import StopsAt
from dispatch.domain.order import DispatchStep, StepKind
from dispatch.domain.ticket import TicketStatus, TroubleTicket
from dispatch.domain.words import Disposition
from dispatch.errors import IllegalStep
from dispatch.journal import SYSTEM, ticket_event
from dispatch.ports import Store, Told
from dispatch.procedures.attaching import Explained, attach, run_clocks
from dispatch.procedures.judging import run_on, stop_ticket_clocks
from dispatch.procedures.opening import open_outage, suspect
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered, to whom and when; `power_on` None means nobody was reached."""

    by: str
    at: datetime
    power_on: bool | None
    satisfied: bool | None = None
    note: str = ""


def take_answer(
    store: Store, ticket: TroubleTicket, answer: Answer, *, now: datetime
) -> TroubleTicket:
    """Write the answer down; a caller still in the dark opens a nested outage.

    The nested outage begins when the first one did: for this customer nothing was restored.
    `IllegalStep` unless supply of the caller is thought to be back.
    """
    if ticket.status is not TicketStatus.RESTORED:
        raise IllegalStep(
            "only a caller whose supply is thought to be back is called back", ticket_id=ticket.id
        )
    store.tickets.record_told(
        Told(
            ticket_id=ticket.id,
            at=answer.at,
            by=answer.by,
            power_on=answer.power_on,
            satisfied=answer.satisfied,
            note=answer.note,
        )
    )
    store.events.append(
        ticket_event(
            ticket,
            "called_back",
            at=answer.at,
            by=answer.by,
            power_on=answer.power_on,
            satisfied=answer.satisfied,
        )
    )
    if answer.power_on is not None:
        stop_ticket_clocks(
            store,
            (ticket.id,),
            StopsAt.CALLED_BACK,
            earliest=answer.at,
            latest=answer.at,
            by=answer.by,
            now=now,
        )
    if answer.power_on is False:
        return _still_out(store, ticket, now)
    if answer.power_on and ticket.outage_id is None:
        return _archive(store, ticket, by=answer.by, now=now)
    return ticket


def _archive(store: Store, ticket: TroubleTicket, *, by: str, now: datetime) -> TroubleTicket:
    """Close a ticket that belongs to no outage: an incident's, or one of planned work."""
    closed = store.tickets.save(ticket.close(now))
    store.events.append(ticket_event(closed, "closed", at=now, by=by))
    return closed


def _still_out(store: Store, ticket: TroubleTicket, now: datetime) -> TroubleTicket:
    place, district_id = ticket.place, ticket.district_id
    if place is None or district_id is None:
        raise IllegalStep("the report has no place yet", ticket_id=ticket.id)
    before = store.outages.get(ticket.outage_id) if ticket.outage_id is not None else None
    began = before.started_at if before is not None else ticket.received_at
    reopened = store.tickets.save(ticket.reopen())
    store.outages.ask_grouping(place.feeder_id, place.district_id, now)
    suspicion = replace(
        suspect(store, reopened, place).one_home(place),
        started_at=began,
        parent_id=None if before is None else before.id,
    )
    nested = open_outage(store, reopened, place, district_id, suspicion, now=now)
    order = store.orders.find_open_of_outage(nested.id)
    if order is not None:
        store.orders.record(
            DispatchStep(
                order_id=order.id,
                kind=StepKind.NOTED,
                at=now,
                recorded_at=now,
                by=SYSTEM,
                reason=reason("still_out"),
                facts={"parent": suspicion.parent_id},
            )
        )
    run_clocks(store, reopened)
    run_on(store, reopened.id, by=SYSTEM, now=now)
    return attach(
        store,
        reopened,
        nested,
        Explained(
            probability=1.0,
            reasons=(reason("still_out"),),
            by=SYSTEM,
            disposition=Disposition.NEW_OUTAGE,
        ),
        now=now,
    )
