"""Let the clocks of a ticket, an order or an outage stand still, and run again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.clock import Clock, Pause, Verdict
from dispatch.domain.order import TroubleOrder
from dispatch.domain.rules import Recipient
from dispatch.domain.words import OrderId, OutageId, TicketId
from dispatch.errors import Forbidden, IllegalStep
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.procedures.judging import tickets_of
from dispatch.procedures.pausing import pause, resume, rule_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whose clocks: one of the three. An outage's are those of all its reports and its order."""

    ticket_id: TicketId | None = None
    order_id: OrderId | None = None
    outage_id: OutageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseClocks:
    """For what, since when, who says so and what shows it.

    `role` is what the person is here for; with `until` the pause is over already.
    """

    whose: Whose
    reason: str
    note: str
    by: str
    role: Recipient
    since: datetime
    until: datetime | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeClocks:
    """From when on they run again."""

    whose: Whose
    by: str
    at: datetime


def pause_clocks(store: Store, command: PauseClocks, *, now: datetime) -> Sequence[Clock]:
    """Let every clock stand still that the reason is allowed for; those clocks.

    Clocks that stand still already are left alone, so the same command again changes nothing.

    Raises
    ------
    ReasonRequired
        There is no note.
    InvalidInput
        The rule set does not allow the reason, or the time cannot be meant.
    Forbidden
        The reason is not for this role to give.
    IllegalStep
        None of the clocks may stand still for this reason.
    """
    note = need_reason(command.note, "letting a clock stand still")
    stood: list[Clock] = []
    for clock in _clocks_of(store, command.whose):
        if not _may(store, clock, command):
            continue
        if command.until is None and clock.paused_since is not None:
            stood.append(clock)
            continue
        given = Pause(
            clock_id=clock.number,
            reason=command.reason,
            since=max(command.since, clock.started_at),
            until=command.until,
            by=command.by,
            recorded_at=now,
            note=note,
            evidence=command.evidence,
            ended_by=None if command.until is None else command.by,
        )
        stood.append(pause(store, store.clocks.lock(clock.number), given, now=now))
    if not stood:
        raise IllegalStep("no clock runs here that may stand still for this reason")
    return stood


def resume_clocks(store: Store, command: ResumeClocks, *, now: datetime) -> Sequence[Clock]:
    """Let those that stand still run again; `IllegalStep` if none does."""
    still = [c for c in _clocks_of(store, command.whose) if c.paused_since is not None]
    if not still:
        raise IllegalStep("no clock stands still here")
    return [
        resume(store, store.clocks.lock(clock.number), command.at, by=command.by, now=now)
        for clock in still
    ]


def _may(store: Store, clock: Clock, command: PauseClocks) -> bool:
    """Whether the clock may stand still for this; `Forbidden` if not by this person."""
    reason = store.clocks.get_rules(clock.rule_version).pause_reason(command.reason)
    if command.role not in reason.by:
        raise Forbidden(
            f"{command.reason} is not for the {command.role} to give", reason=command.reason
        )
    if clock.verdict is Verdict.VOID or rule_of(store, clock).stops not in reason.stops:
        return False
    if command.until is None:
        return clock.verdict is Verdict.RUNNING
    return command.until > clock.started_at


def _clocks_of(store: Store, whose: Whose) -> list[Clock]:
    """The clocks concerned, in the order in which everybody takes them."""
    tickets: list[TicketId] = []
    order: TroubleOrder | None = None
    if whose.ticket_id is not None:
        tickets = [store.tickets.get(whose.ticket_id).id]
    elif whose.order_id is not None:
        order = store.orders.lock(whose.order_id)
        tickets = [ticket.id for ticket in tickets_of(store, order)]
    elif whose.outage_id is not None:
        outage = store.outages.lock(whose.outage_id)
        order = store.orders.find_open_of_outage(outage.id)
        tickets = [ticket.id for ticket in store.tickets.list_of_outage(outage.id)]
    found = [clock for ticket_id in tickets for clock in store.clocks.list_of_ticket(ticket_id)]
    if order is not None:
        found += store.clocks.list_of_order(order.id)
    return sorted(found, key=lambda clock: clock.number)
