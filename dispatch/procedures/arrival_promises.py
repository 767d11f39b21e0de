"""What an arrival does to promises: it keeps or misses one, and starts that of the repair."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from dispatch.domain.arrival import ArrivalEvidence, Verdict
from dispatch.domain.clock import Clock, StartsAt, StopsAt, start_clocks
from dispatch.domain.clock import Verdict as ClockVerdict
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.outage import Outage
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import Disposition, OutageId, TicketId
from dispatch.ports import Store
from dispatch.procedures.judging import (
    ON_SITE_ALREADY,
    Interval,
    first_arrival,
    stop_order_clocks,
    stop_ticket_clocks,
    tickets_of,
)
from dispatch.procedures.pausing import judge_again, rule_of

ON_ITS_WAY = frozenset({OrderStatus.ASSIGNED, OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE})


def time_repair(
    store: Store, order: TroubleOrder, outage: Outage, at: datetime, *, now: datetime
) -> None:
    """Start the clocks that an arrival sets going.

    None waits for a supply that is back already, nor for that of an outage which ended otherwise:
    nothing would ever stop it.
    """
    lit_at = outage.restored_at
    repairs = outage.is_open or (lit_at is not None and at <= lit_at)
    store.clocks.start(
        start_clocks(
            store.clocks.rules_at(order.received_at),
            StartsAt.ARRIVED,
            at,
            order.area_class,
            district_id=order.district_id,
            order_id=order.id,
            stops=[stop for stop in StopsAt if repairs or stop is not StopsAt.RESTORED],
        )
    )
    if repairs and not outage.is_open:
        stop_order_clocks(
            store,
            order,
            StopsAt.RESTORED,
            earliest=lit_at,
            latest=lit_at,
            by="supply was back already",
            now=now,
        )


def retime_repair(store: Store, order: TroubleOrder, at: datetime) -> None:
    """Clocks that an arrival which was none had started are counted from the true one.

    One that a crew before this one began by being there goes on: an order that is passed on does
    not make its customers wait anew.
    """
    earlier = store.orders.list_earlier_arrivals(order)
    if any(each.verdict in {Verdict.CONFIRMED, Verdict.CLAIMED_ONLY} for each in earlier):
        return
    store.clocks.save(
        [
            clock.begin_at(at, rule_of(store, clock))
            for clock in store.clocks.list_unsettled_of_order(order.id)
            if clock.started_from is StartsAt.ARRIVED and clock.verdict is ClockVerdict.RUNNING
        ]
    )


def _others(store: Store, order: TroubleOrder) -> list[TroubleOrder]:
    """The orders that sent another crew to the same work and came to something, or still may.

    Where its outage has become part of a larger one, that is also the order of the larger one.
    """
    others = (
        [*store.orders.list_supports(order.id)]
        if order.supports_id is None
        else [store.orders.get(order.supports_id)]
    )
    larger = _larger(store, order)
    there = None if larger is None else store.orders.find_open_of_outage(larger)
    if there is not None:
        others.append(there)
    return [each for each in others if each.status is not OrderStatus.CANCELLED]


def _larger(store: Store, order: TroubleOrder) -> OutageId | None:
    """The outage that the order's own has become part of while its crew drove."""
    larger = None
    outage_id = order.outage_id
    while outage_id is not None:
        outage_id = store.outages.get(outage_id).merged_into_id
        larger = outage_id or larger
    return larger


def _served(store: Store, order: TroubleOrder) -> list[TroubleTicket]:
    """The tickets to which the order's crew comes, wherever they have been counted since.

    A crew that drove on when its outage became part of a larger one comes to those it was sent for.
    """
    merged = [] if order.outage_id is None else store.tickets.list_merged_from(order.outage_id)
    plain = [ticket for ticket in merged if ticket.disposition is not Disposition.INCIDENT]
    return [*tickets_of(store, order), *plain]


def _ends_of(store: Store, order: TroubleOrder) -> Interval | None:
    """Between when and when the other crew came; None while it has not."""
    if order.crew_id is None or order.status in ON_ITS_WAY:
        return None
    return _ends(store.orders.find_arrival(order))


def _ends(evidence: ArrivalEvidence | None) -> Interval:
    if evidence is None:
        return None, None
    known = [at for at in (evidence.earliest, evidence.claimed_at) if at is not None]
    proven = evidence.verdict is Verdict.CONFIRMED
    return evidence.earliest if proven else max(known, default=None), evidence.latest


def _first(
    store: Store, evidence: ArrivalEvidence | None, others: Iterable[TroubleOrder]
) -> Interval:
    """Between when and when the first of all crews came that were sent to the work."""
    return first_arrival([_ends(evidence), *(_ends_of(store, each) for each in others)])


def settle_arrival(
    store: Store, order: TroubleOrder, evidence: ArrivalEvidence | None, *, now: datetime
) -> None:
    """Judge the tickets' arrival clocks on what there is.

    Without proof the promise is missed if the crew's own word, or what the track leaves room for,
    is late, and open to doubt if not. Where two crews were sent the first one counts; as long as
    the other may still prove when it came, nothing is judged without proof. Who gave the order back
    may have been there as they said: who comes late then makes no missed promise of a doubtful one.
    """
    others = _others(store, order)
    earliest, latest = _first(store, evidence, others)
    if latest is None and any(each.is_open for each in others):
        return
    earlier = store.orders.list_earlier_arrivals(order)
    for begins, tickets in _by_first(_served(store, order), earliest, earlier).items():
        stop_ticket_clocks(
            store,
            tickets,
            StopsAt.ARRIVED,
            earliest=begins,
            latest=latest,
            by=_by(order, evidence.verdict.value if evidence else "unknown"),
            now=now,
        )


def _by(order: TroubleOrder, verdict: str) -> str:
    """What judges clocks on an order's arrival, as their record names it."""
    return f"arrival {verdict} of order {order.id}"


def judge_promises_again(
    store: Store, order: TroubleOrder, evidence: ArrivalEvidence, *, now: datetime
) -> None:
    """Judge again, in entries of their own, the promises that rested on what is known better now.

    So they do where a proof is none any more, and where a late track tells of a crew that gave the
    order back. Without any proof they run on while a crew may still come; one that ran is ended by
    a proof of who was there before. What a person has judged stays.
    """
    proven = evidence.verdict is Verdict.CONFIRMED
    rested = {_by(order, verdict.value) for verdict in Verdict} | {_by(order, "unknown")}
    if not proven:
        rested.add(ON_SITE_ALREADY)
    there = [_ends_of(store, each) for each in (order, *_others(store, order))]
    earlier = store.orders.list_earlier_arrivals(order)
    by, why = _by(order, evidence.verdict.value), evidence.reasons[0]
    for ticket in _served(store, order):
        ends = _since_received(ticket, there, earlier)
        clocks = store.clocks.list_of_ticket(ticket.id)
        for clock in clocks:
            if clock.judged_by in rested:
                _judge_again(store, order, clock, ends, by=by, why=why, now=now)
        runs = any(clock.verdict is ClockVerdict.RUNNING for clock in clocks)
        if proven and runs and ends[1] is not None:
            stop_ticket_clocks(
                store,
                (ticket.id,),
                StopsAt.ARRIVED,
                earliest=ends[0],
                latest=ends[1],
                by=by,
                now=now,
            )


def _judge_again(
    store: Store,
    order: TroubleOrder,
    clock: Clock,
    ends: Interval,
    *,
    by: str,
    why: str,
    now: datetime,
) -> None:
    """Judge a clock on what is known now; nothing is written where that is what it rests on."""
    earliest, latest = ends
    pauses = store.clocks.list_pauses([clock.number]).get(clock.number, ())
    judged = clock.judge(earliest, latest, by=by, now=now, pauses=pauses)
    if _outcome(judged) == _outcome(clock):
        return
    without = replace(clock, stopped_earliest=earliest, stopped_latest=latest)
    again = judge_again(store, without, pauses, by=by, why=why, event=None, now=now)
    if latest is None and order.is_open:
        store.clocks.save([again.reopen(rule_of(store, again))])


def _outcome(clock: Clock) -> tuple[ClockVerdict, datetime | None, datetime | None]:
    return clock.verdict, clock.stopped_earliest, clock.stopped_latest


def _since_received(
    ticket: TroubleTicket, there: Iterable[Interval | None], earlier: Iterable[ArrivalEvidence]
) -> Interval:
    """Between when and when somebody first came to a ticket, of now and of those sent before."""
    proven = [
        _ends(each)
        for each in earlier
        if each.verdict is Verdict.CONFIRMED
        and each.latest is not None
        and each.latest >= ticket.received_at
    ]
    earliest, latest = first_arrival([*there, *proven])
    return _first_said(ticket, earliest, earlier), latest


def _first_said(
    ticket: TroubleTicket, earliest: datetime | None, earlier: Iterable[ArrivalEvidence]
) -> datetime | None:
    """`earliest`, or when a crew may have been there that gave the order back since the report.

    What it said counts as long as nothing proves or disproves it.
    """
    if earliest is None:
        return None
    said = [_ends(each)[0] for each in earlier if each.verdict is Verdict.CLAIMED_ONLY]
    return min([earliest, *(at for at in said if at is not None and at >= ticket.received_at)])


def _by_first(
    tickets: Iterable[TroubleTicket],
    earliest: datetime | None,
    earlier: Sequence[ArrivalEvidence],
) -> dict[datetime | None, list[TicketId]]:
    """The tickets by when somebody may first have been there for them, since they were received."""
    found: dict[datetime | None, list[TicketId]] = {}
    for ticket in tickets:
        found.setdefault(_first_said(ticket, earliest, earlier), []).append(ticket.id)
    return found
