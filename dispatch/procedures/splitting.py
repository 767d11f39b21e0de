"""Take tickets out of an outage into one of their own; the separation is remembered."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.outage import Outage, OutageStatus, Scope
from dispatch.domain.proposal import LikelyPlace
from dispatch.domain.ticket import Place, TicketStatus, TroubleTicket
from dispatch.domain.words import Disposition, NetworkLevel, TicketId, UsagePointId
from dispatch.errors import IllegalStep, InvalidInput
from dispatch.journal import outage_event, ticket_event
from dispatch.ports import Store
from dispatch.procedures.attaching import (
    SINGLE_HOMES,
    Explained,
    attach,
    name_after_who_is_left,
)
from dispatch.procedures.opening import Suspicion, open_outage, suspect


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """Who takes tickets out of an outage, and why.

    `why` is as it was typed or is on record, `belongs` the reason that their new attachment shows.
    `place` is where their own fault seems to be; None to go by what the first of them tells.
    """

    by: str
    why: str
    belongs: str
    place: LikelyPlace | None = None


def split(
    store: Store,
    outage: Outage,
    tickets: Collection[TicketId],
    parting: Parting,
    *,
    now: datetime,
) -> Outage:
    """Open a new outage for the tickets; it starts with the earliest.

    Their transformers go with them unless other callers of the old outage hang on them; of single
    homes only the callers' own.

    Raises
    ------
    InvalidInput
        Tickets that are not of this outage, or none.
    IllegalStep
        Nobody would be left in an outage that is a mere prediction.
    """
    leaving = [store.tickets.get(ticket_id) for ticket_id in dict.fromkeys(tickets)]
    if not leaving or any(t.outage_id != outage.id for t in leaving):
        raise InvalidInput("tickets", list(tickets), "tickets of this outage")
    staying = [
        t
        for t in store.tickets.list_of_outage(outage.id)
        if t.id not in set(tickets) and t.status is not TicketStatus.CLOSED
    ]
    if not staying and outage.status is OutageStatus.PREDICTED:
        raise IllegalStep("all callers would leave; nothing is split", outage_id=outage.id)
    for ticket in leaving:
        detached = store.tickets.save(ticket.detach())
        store.tickets.detach(ticket.id, by=parting.by, reason=parting.why, at=now)
        store.events.append(
            ticket_event(
                detached, "detached", at=now, by=parting.by, reason=parting.why, was=outage.id
            )
        )
    apart = _open_apart(store, outage, leaving, staying, parting.place, now)
    for ticket in leaving:
        why = Explained(
            probability=1.0,
            reasons=(parting.belongs,),
            by=parting.by,
            disposition=Disposition.INCIDENT
            if ticket.disposition is Disposition.INCIDENT
            else Disposition.ATTACHED,
        )
        attach(store, store.tickets.get(ticket.id), apart, why, now=now)
    changed = store.outages.save(store.outages.get(outage.id))
    store.events.append(
        outage_event(changed, "split", at=now, by=parting.by, reason=parting.why, into=apart.id)
    )
    return apart


def _open_apart(
    store: Store,
    outage: Outage,
    leaving: Sequence[TroubleTicket],
    staying: Sequence[TroubleTicket],
    likely: LikelyPlace | None,
    now: datetime,
) -> Outage:
    first = min(leaving, key=lambda t: t.received_at)
    place = first.place
    if place is None:
        raise IllegalStep("the report has no place yet", ticket_id=first.id)
    suspicion = _likely(suspect(store, first, place), place, likely)
    theirs = _transformers(leaving) - _transformers(staying)
    if likely is not None and likely.is_home:
        theirs = frozenset()
    out = store.outages.scope_out(outage.id)
    moving = Scope(
        transformers=theirs & out.transformers, usage_points=_homes(leaving) & out.usage_points
    )
    store.outages.release_part(outage.id, moving)
    for home in sorted(moving.usage_points):
        name_after_who_is_left(store, home, store.outages.get(outage.id))
    only_homes = suspicion.device.kind in SINGLE_HOMES and not moving.transformers
    free = frozenset() if only_homes else theirs - store.outages.transformers_out(theirs)
    homes = _homes(t for t in leaving if t.place and t.place.transformer_id not in free)
    suspicion = replace(suspicion, scope=Scope(transformers=free, usage_points=homes))
    return open_outage(store, first, place, outage.district_id, suspicion, now=now)


def _likely(suspicion: Suspicion, place: Place, likely: LikelyPlace | None) -> Suspicion:
    if likely is None:
        return suspicion
    if likely.is_home:
        return suspicion.one_home(place)
    return replace(
        suspicion,
        device=likely.device,
        level=NetworkLevel.FEEDER_MODEL,
        lon=likely.lon,
        lat=likely.lat,
    )


def _homes(tickets: Iterable[TroubleTicket]) -> frozenset[UsagePointId]:
    points = (t.place.usage_point_id for t in tickets if t.place is not None)
    return frozenset(point for point in points if point is not None)


def _transformers(tickets: Sequence[TroubleTicket]) -> frozenset[str]:
    places: list[Place] = [t.place for t in tickets if t.place is not None]
    return frozenset(p.transformer_id for p in places if p.transformer_id is not None)
