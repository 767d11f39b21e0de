"""Archive an outage with all its tickets, once every caller has light or somebody says why not."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Outage, OutageStatus
from dispatch.domain.words import OutageId
from dispatch.errors import NotVerified
from dispatch.journal import outage_event, ticket_event
from dispatch.ports import Store
from dispatch.procedures.checking import check_version, need_reason
from dispatch.procedures.judging import void_ticket_clocks
from dispatch.procedures.merging import cancel_waiting_order


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOutage:
    """Close it; `reason` overrules callers who were not reached, or ends a false prediction."""

    outage_id: OutageId
    by: str
    reason: str | None = None
    seen_version: int | None = None


def close_outage(store: Store, command: CloseOutage, *, now: datetime) -> Outage:
    """Close the outage and the tickets attached to it.

    Raises
    ------
    NotVerified
        Callers have not said that power is on, and no reason overrules that.
    ReasonRequired
        A prediction that nobody confirmed is closed without a reason.
    IllegalStep
        Customers are still out.
    """
    outage = store.outages.lock(command.outage_id, to_end=True)
    check_version(outage, command.seen_version)
    if outage.status is OutageStatus.PREDICTED:
        need_reason(command.reason, "ending a prediction")
    unverified = store.tickets.list_unverified(outage.id)
    if unverified and not (command.reason or "").strip():
        raise NotVerified(
            f"{len(unverified)} callers have not said that power is on",
            outage_id=outage.id,
            tickets=list(unverified),
        )
    closed = store.outages.save(outage.close(now, command.reason))
    store.outages.release(outage.id)
    cancel_waiting_order(store, outage, by=command.by, reason="the outage is closed", now=now)
    store.events.append(
        outage_event(closed, "closed", at=now, by=command.by, reason=command.reason)
    )
    tickets = store.tickets.list_of_outage(outage.id)
    for ticket in tickets:
        archived = store.tickets.save(ticket.close(now))
        store.events.append(ticket_event(archived, "closed", at=now, by=command.by))
    void_ticket_clocks(store, [t.id for t in tickets], by="the outage was closed", now=now)
    return closed
