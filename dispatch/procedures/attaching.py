"""Make a ticket one more caller of an outage, with its reasons and its own clocks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.clock import Clock, StartsAt, StopsAt, start_clocks
from dispatch.domain.event import Event
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.outage import Outage, Scope
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import Disposition, OutageId, UsagePointId
from dispatch.journal import ticket_event
from dispatch.ports import Attachment, Store
from dispatch.procedures.judging import (
    ON_SITE_ALREADY,
    Interval,
    first_arrival,
    stop_ticket_clocks,
)

SINGLE_HOMES = frozenset({"service", "points"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why a ticket is thought to belong to an outage, and who says so."""

    probability: float
    reasons: tuple[str, ...]
    by: str
    disposition: Disposition = Disposition.ATTACHED


def attach(
    store: Store, ticket: TroubleTicket, outage: Outage, why: Explained, *, now: datetime
) -> TroubleTicket:
    """Attach a stored ticket to `outage`, ending an earlier attachment."""
    attached = _put(store, ticket, outage, why, now)
    _catch_up(store, attached, _join(store, ticket, outage), why, now)
    return attached


def hand_over(
    store: Store, ticket: TroubleTicket, outage: Outage, why: Explained, *, now: datetime
) -> TroubleTicket:
    """Attach the caller of another outage who stays dark because of this one.

    As `attach`, but the report tells nothing of when this outage began: that may have been later.
    """
    attached = _put(store, ticket, outage, why, now)
    _catch_up(store, attached, store.orders.find_open_of_outage(outage.id), why, now)
    return attached


def _put(
    store: Store, ticket: TroubleTicket, outage: Outage, why: Explained, now: datetime
) -> TroubleTicket:
    attached = store.tickets.save(ticket.attach(outage.id, why.disposition))
    store.tickets.attach(_attachment(attached, outage, why, now))
    store.events.append(_attached(attached, why, now, previous=ticket.outage_id))
    return attached


def _catch_up(
    store: Store, ticket: TroubleTicket, order: TroubleOrder | None, why: Explained, now: datetime
) -> None:
    if order is not None and why.disposition is not Disposition.INCIDENT:
        catch_up(store, ticket, order, now=now)


def take_attached(
    store: Store, ticket: TroubleTicket, outage: Outage, why: Explained, *, now: datetime
) -> tuple[TroubleTicket, Sequence[Clock]]:
    """Store a new ticket as one more caller of `outage`, with its clocks."""
    attached = ticket.attach(outage.id, why.disposition)
    store.tickets.add(attached, _attachment(attached, outage, why, now))
    store.events.append(_attached(attached, why, now, previous=None))
    clocks = run_clocks(store, attached)
    order = _join(store, ticket, outage)
    if order is not None and catch_up(store, attached, order, now=now):
        clocks = store.clocks.list_of_ticket(attached.id)
    return attached, clocks


def _attachment(ticket: TroubleTicket, outage: Outage, why: Explained, now: datetime) -> Attachment:
    return Attachment(
        ticket_id=ticket.id,
        outage_id=outage.id,
        probability=why.probability,
        basis=outage.level.value,
        reasons=why.reasons,
        by=why.by,
        at=now,
    )


def _attached(
    ticket: TroubleTicket, why: Explained, now: datetime, *, previous: OutageId | None
) -> Event:
    return ticket_event(
        ticket,
        "attached",
        at=now,
        by=why.by,
        probability=round(why.probability, 3),
        reasons=list(why.reasons),
        previous=previous,
    )


def _join(store: Store, ticket: TroubleTicket, outage: Outage) -> TroubleOrder | None:
    """Let the outage know its new caller; the order that is on its way to both."""
    _count_home(store, ticket, outage)
    order = store.orders.find_open_of_outage(outage.id)
    if ticket.received_at < outage.started_at and outage.is_open:
        order = _begin_earlier(store, outage, order, ticket.received_at)
    return order


def _count_home(store: Store, ticket: TroubleTicket, outage: Outage) -> None:
    """Where an outage holds single homes, the caller's is one more of them."""
    place = ticket.place
    if place is None or place.usage_point_id is None or outage.device.kind not in SINGLE_HOMES:
        return
    home = Scope(usage_points=frozenset({place.usage_point_id}))
    if ticket.outage_id is not None and ticket.outage_id != outage.id:
        store.outages.release_part(ticket.outage_id, home)
        name_after_who_is_left(store, place.usage_point_id, store.outages.get(ticket.outage_id))
    free = store.outages.not_held(home, but=outage.id)
    store.outages.widen(outage.id, free, out_from=min(outage.started_at, ticket.received_at))


def leave_home(store: Store, ticket: TroubleTicket, outage: Outage) -> None:
    """A caller who leaves an outage that holds his home is no longer out because of it.

    It may hold the home though its device is no single home's any more: somebody who went there
    may have found another device open.
    """
    home = None if ticket.place is None else ticket.place.usage_point_id
    if home is None or not outage.is_open:
        return
    store.outages.release_part(outage.id, Scope(usage_points=frozenset({home})))
    name_after_who_is_left(store, home, store.outages.get(outage.id))


def name_after_who_is_left(store: Store, gone: UsagePointId, outage: Outage) -> None:
    """Homes that were called by the one that left take the name of another of theirs."""
    left = store.directory.find_usage_point(gone)
    if outage.device.kind not in SINGLE_HOMES or left is None:
        return
    homes = store.outages.scope_out(outage.id).usage_points
    if outage.device.name != left.account or not homes:
        return
    stays = store.directory.find_usage_point(min(homes))
    if stays is not None:
        store.outages.save(replace(outage, device=replace(outage.device, name=stays.account)))


def _begin_earlier(
    store: Store, outage: Outage, order: TroubleOrder | None, at: datetime
) -> TroubleOrder | None:
    """A report that came in late tells that it began earlier; the outage's clock is that one's.

    Of several that join in one go another may have told of a still earlier beginning.
    """
    known = store.outages.get(outage.id)
    if known.started_at <= at:
        return order
    store.outages.save(replace(known, started_at=at))
    store.outages.widen(outage.id, store.outages.scope_out(outage.id), out_from=at)
    return None if order is None else store.orders.save(replace(order, received_at=at))


def run_clocks(store: Store, ticket: TroubleTicket) -> Sequence[Clock]:
    """Start the promises that a received report sets going."""
    return store.clocks.start(
        start_clocks(
            store.clocks.rules_at(ticket.received_at),
            StartsAt.RECEIVED,
            ticket.received_at,
            ticket.area.area_class,
            district_id=ticket.district_id,
            ticket_id=ticket.id,
        )
    )


def catch_up(store: Store, ticket: TroubleTicket, order: TroubleOrder, *, now: datetime) -> bool:
    """Judge at once what the outage's order has already done for a ticket that came later."""
    orders = (order, store.orders.find_open_support(order.id))
    sent = [each for each in orders if each is not None and each.assigned_at is not None]
    if not sent:
        return False
    first_sent = min(each.assigned_at for each in sent if each.assigned_at is not None)
    stop_ticket_clocks(
        store,
        (ticket.id,),
        StopsAt.DISPATCHED,
        earliest=first_sent,
        latest=first_sent,
        by="the outage's crew was sent already",
        now=now,
    )
    earliest, latest = first_arrival([_ends(store, each) for each in sent])
    if latest is not None:
        stop_ticket_clocks(
            store,
            (ticket.id,),
            StopsAt.ARRIVED,
            earliest=earliest,
            latest=latest,
            by=ON_SITE_ALREADY,
            now=now,
        )
    return True


def _ends(store: Store, order: TroubleOrder) -> Interval | None:
    """Between when and when the crew of an order came; None while that is not known."""
    if order.status is not OrderStatus.ARRIVED or order.crew_id is None:
        return None
    evidence = store.orders.find_arrival(order)
    proven = evidence is not None and evidence.latest is not None
    return (evidence.earliest, evidence.latest) if evidence is not None and proven else None
