"""Stop clocks when their milestone is reached, and write down how each was judged."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from dispatch.domain.clock import Clock, StopsAt, Verdict
from dispatch.domain.order import TroubleOrder
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import Disposition, TicketId
from dispatch.journal import SYSTEM, clock_event
from dispatch.ports import Store
from dispatch.procedures.pausing import wake

Interval = tuple[datetime | None, datetime | None]
"""The earliest and the latest that something may have been; None where that end is open."""

ON_SITE_ALREADY = "the outage's crew was on site already"
"""What judges the arrival for who reports while a crew whose arrival is proven is at work."""


def first_arrival(arrivals: Iterable[Interval | None]) -> Interval:
    """Between when and when the first of several crews came, of those that did."""
    there = [each for each in arrivals if each is not None]
    earliest = [begins for begins, _ in there]
    return (
        min((at for at in earliest if at is not None), default=None)
        if None not in earliest
        else None,
        min((ends for _, ends in there if ends is not None), default=None),
    )


def tickets_of(store: Store, order: TroubleOrder) -> list[TroubleTicket]:
    """The tickets whose promise an order has to keep; a hazard's is its own order's to keep."""
    if order.outage_id is not None:
        tickets = store.tickets.list_of_outage(order.outage_id)
        return [t for t in tickets if t.disposition is not Disposition.INCIDENT]
    if order.incident_id is not None:
        incident = store.orders.get_incident(order.incident_id)
        return [store.tickets.get(TicketId(incident.ticket_id))]
    return []


def stop_ticket_clocks(
    store: Store,
    ticket_ids: Iterable[TicketId],
    stops: StopsAt,
    *,
    earliest: datetime | None,
    latest: datetime | None,
    by: str,
    now: datetime,
) -> None:
    """Judge the tickets' clocks that end at `stops` on an interval of evidence."""
    running = store.clocks.list_unsettled_of_tickets(tuple(ticket_ids))
    _judge(store, running, stops, earliest=earliest, latest=latest, by=by, now=now)


def stop_order_clocks(
    store: Store,
    order: TroubleOrder,
    stops: StopsAt,
    *,
    earliest: datetime | None,
    latest: datetime | None,
    by: str,
    now: datetime,
) -> None:
    """Judge the order's own clocks that end at `stops`."""
    running = store.clocks.list_unsettled_of_order(order.id)
    _judge(store, running, stops, earliest=earliest, latest=latest, by=by, now=now)


def void_ticket_clocks(
    store: Store, ticket_ids: Iterable[TicketId], *, by: str, now: datetime
) -> None:
    """Let the promises fall away: nobody has to come for these tickets any more."""
    running = store.clocks.list_unsettled_of_tickets(tuple(ticket_ids))
    _void(store, running, by=by, now=now)


def _void(store: Store, running: Iterable[Clock], *, by: str, now: datetime) -> None:
    awake = [_awake(store, clock, now) for clock in running]
    _write(store, awake, [clock.void(by=by, now=now) for clock in awake], now)


def _awake(store: Store, clock: Clock, now: datetime) -> Clock:
    """The clock before it is judged: no pause outlasts its reason, looked after or not."""
    return clock if clock.paused_since is None else wake(store, clock, now=now)


def void_repair_clocks(store: Store, order: TroubleOrder, *, by: str, now: datetime) -> None:
    """Let the promise to mend fall away of an order whose outage ends without a restoration."""
    waiting = [
        clock
        for clock in store.clocks.list_unsettled_of_order(order.id)
        if store.clocks.get_rules(clock.rule_version).get(clock.rule_id).stops is StopsAt.RESTORED
    ]
    _void(store, waiting, by=by, now=now)


def run_on(store: Store, ticket_id: TicketId, *, by: str, now: datetime) -> None:
    """Let the promises of an arrival run again that came to no judgement.

    The judgements stay. What was kept or missed is settled, whatever comes after.
    """
    again = []
    for clock in store.clocks.list_of_ticket(ticket_id):
        rule = store.clocks.get_rules(clock.rule_version).get(clock.rule_id)
        open_ended = clock.verdict in {Verdict.CANNOT_SAY, Verdict.VOID}
        if open_ended and rule.stops is StopsAt.ARRIVED:
            again.append(clock.run_on(rule))
    store.clocks.save(again)
    for clock in again:
        store.events.append(clock_event(clock, "resumed", at=now, by=by, reason="still_out"))


def _judge(
    store: Store,
    running: Iterable[Clock],
    stops: StopsAt,
    *,
    earliest: datetime | None,
    latest: datetime | None,
    by: str,
    now: datetime,
) -> None:
    ending = [
        _awake(store, clock, now)
        for clock in running
        if store.clocks.get_rules(clock.rule_version).get(clock.rule_id).stops is stops
    ]
    pauses = store.clocks.list_pauses([clock.number for clock in ending if has_stood(clock)])
    judged = [
        clock.judge(earliest, latest, by=by, now=now, pauses=pauses.get(clock.number, ()))
        for clock in ending
    ]
    _write(store, ending, judged, now)


def has_stood(clock: Clock) -> bool:
    """Whether a clock has pauses to be read: hardly any has."""
    return clock.paused_since is not None or clock.paused_s > 0


def _write(store: Store, before: Sequence[Clock], judged: Sequence[Clock], now: datetime) -> None:
    """Keep how clocks were judged; those that stood still before stand still no more."""
    if not judged:
        return
    store.clocks.judge(judged)
    for stood, clock in zip(before, judged, strict=True):
        if has_stood(stood):
            end_pauses(store, clock, now)
        store.events.append(
            clock_event(
                clock,
                "judged",
                at=now,
                by=clock.judged_by or "",
                verdict=clock.verdict.value,
            )
        )


def end_pauses(store: Store, clock: Clock, now: datetime) -> None:
    """A clock that is judged stands still no more: the milestone ends its pause."""
    milestone = clock.stopped_latest or clock.stopped_earliest or now
    at = now if clock.verdict is Verdict.VOID else milestone
    store.clocks.end_pauses([clock.number], at=at, by=clock.judged_by or SYSTEM)
