"""Take tickets out of an outage into one of their own: another fault hides behind the first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.outage import Outage, Scope
from dispatch.domain.ticket import Place, TicketStatus, TroubleTicket
from dispatch.domain.words import OutageId, TicketId, UsagePointId
from dispatch.errors import IllegalStep, InvalidInput
from dispatch.journal import outage_event, ticket_event
from dispatch.ports import Store
from dispatch.procedures.attaching import SINGLE_HOMES, Explained, attach
from dispatch.procedures.checking import check_version, need_reason
from dispatch.procedures.opening import open_outage, suspect
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOutage:
    """Which tickets leave, who says so and why."""

    outage_id: OutageId
    tickets: Sequence[TicketId]
    by: str
    reason: str
    seen_version: int | None = None


def split_outage(store: Store, command: SplitOutage, *, now: datetime) -> Outage:
    """Open a new outage for the tickets, remembered as kept apart; it starts with the earliest.

    Their transformers go with them unless other callers of the old outage hang on them; of single
    homes only the callers' own.
    """
    why = need_reason(command.reason, "splitting an outage")
    outage = store.outages.lock(command.outage_id)
    check_version(outage, command.seen_version)
    leaving = [store.tickets.get(ticket_id) for ticket_id in dict.fromkeys(command.tickets)]
    if not leaving or any(t.outage_id != outage.id for t in leaving):
        raise InvalidInput("tickets", list(command.tickets), "tickets of this outage")
    staying = [
        t
        for t in store.tickets.list_of_outage(outage.id)
        if t.id not in set(command.tickets) and t.status is not TicketStatus.CLOSED
    ]
    if not staying:
        raise IllegalStep("all callers would leave; nothing is split", outage_id=outage.id)
    for ticket in leaving:
        detached = store.tickets.save(ticket.detach())
        store.tickets.detach(ticket.id, by=command.by, reason=why, at=now)
        store.events.append(
            ticket_event(detached, "detached", at=now, by=command.by, reason=why, was=outage.id)
        )
    apart = _open_apart(store, outage, leaving, staying, now)
    for ticket in leaving:
        attach(
            store,
            store.tickets.get(ticket.id),
            apart,
            Explained(probability=1.0, reasons=(reason("by_hand", reason=why),), by=command.by),
            now=now,
        )
    changed = store.outages.save(store.outages.get(outage.id))
    store.events.append(
        outage_event(changed, "split", at=now, by=command.by, reason=why, into=apart.id)
    )
    return apart


def _open_apart(
    store: Store,
    outage: Outage,
    leaving: Sequence[TroubleTicket],
    staying: Sequence[TroubleTicket],
    now: datetime,
) -> Outage:
    first = min(leaving, key=lambda t: t.received_at)
    place = first.place
    if place is None:
        raise IllegalStep("the report has no place yet", ticket_id=first.id)
    suspicion = suspect(store, first, place)
    theirs = _transformers(leaving) - _transformers(staying)
    out = store.outages.scope_out(outage.id)
    moving = Scope(
        transformers=theirs & out.transformers, usage_points=_homes(leaving) & out.usage_points
    )
    store.outages.release_part(outage.id, moving)
    only_homes = suspicion.device.kind in SINGLE_HOMES and not moving.transformers
    free = frozenset() if only_homes else theirs - store.outages.transformers_out(theirs)
    homes = _homes(t for t in leaving if t.place and t.place.transformer_id not in free)
    suspicion = replace(suspicion, scope=Scope(transformers=free, usage_points=homes))
    return open_outage(store, first, place, outage.district_id, suspicion, now=now)


def _homes(tickets: Iterable[TroubleTicket]) -> frozenset[UsagePointId]:
    points = (t.place.usage_point_id for t in tickets if t.place is not None)
    return frozenset(point for point in points if point is not None)


def _transformers(tickets: Sequence[TroubleTicket]) -> frozenset[str]:
    places: list[Place] = [t.place for t in tickets if t.place is not None]
    return frozenset(p.transformer_id for p in places if p.transformer_id is not None)
