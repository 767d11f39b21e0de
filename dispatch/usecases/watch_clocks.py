"""Warn before a promise runs out (催办) and escalate after it did (督办)."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.assignment import AssignmentPolicy
from dispatch.domain.clock import Clock, Rule
from dispatch.domain.event import Event
from dispatch.domain.order import DispatchStep, StepKind, TroubleOrder
from dispatch.domain.ticket import TroubleTicket
from dispatch.journal import SYSTEM, order_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchClocks:
    """How many clocks to look at in one go."""

    limit: int = 500


def watch_clocks(
    store: Store, command: WatchClocks, *, policy: AssignmentPolicy, now: datetime
) -> int:
    """Send each warning once; give back orders that no crew accepted; how many were sent."""
    sent = 0
    for clock in store.clocks.list_due_warning(now, command.limit):
        rule = store.clocks.get_rules(clock.rule_version).get(clock.rule_id)
        level = clock.level_at(now, rule)
        if level > clock.warned:
            sent += _warn(store, clock, rule, level, now)
    for order in store.orders.list_unaccepted(now - policy.accept_within):
        _take_back(store, order, policy, now)
        sent += 1
    return sent


def _warn(store: Store, clock: Clock, rule: Rule, level: int, now: datetime) -> bool:
    """Write the level down; whether somebody was warned."""
    store.clocks.save([replace(clock, warned=level)])
    order = _order_of(store, clock)
    if order is not None and clock.started_at > order.received_at:
        return False  # the drive is shared: the earliest report's clock speaks for all
    overdue = now >= clock.due_at
    kind = "escalated" if overdue else "warned"
    subject = f"ticket:{clock.ticket_id}" if clock.ticket_id else f"order:{clock.order_id}"
    store.events.append(
        Event(
            stream=subject,
            kind=f"clock.{kind}",
            at=now,
            actor=SYSTEM,
            district_id=clock.district_id,
            body={
                "rule": clock.rule_id,
                "rule_version": clock.rule_version,
                "level": level,
                "due_at": clock.due_at.isoformat(),
                "title": rule.title,
            },
        )
    )
    if order is not None:
        store.orders.record(
            DispatchStep(
                order_id=order.id,
                kind=StepKind.ESCALATED if overdue else StepKind.URGED,
                at=now,
                recorded_at=now,
                by=SYSTEM,
                crew_id=order.crew_id,
                facts={"rule": clock.rule_id, "level": level, "ticket": clock.ticket_id},
            )
        )
    return True


def _order_of(store: Store, clock: Clock) -> TroubleOrder | None:
    if clock.order_id is not None:
        return store.orders.get(clock.order_id)
    if clock.ticket_id is None:
        return None
    ticket: TroubleTicket = store.tickets.get(clock.ticket_id)
    if ticket.outage_id is not None:
        return store.orders.find_open_of_outage(ticket.outage_id)
    incident = store.orders.find_incident_of(ticket.id)
    return store.orders.find_open_of_incident(incident.id) if incident else None


def _take_back(store: Store, order: TroubleOrder, policy: AssignmentPolicy, now: datetime) -> None:
    """Nobody accepted in time: escalate, and let the order go to another crew."""
    minutes = policy.accept_within.total_seconds() / 60
    waiting = store.orders.save(order.give_back())
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.ESCALATED,
            at=now,
            recorded_at=now,
            by=SYSTEM,
            crew_id=order.crew_id,
            reason=f"not accepted within {minutes:.0f} min",
        )
    )
    store.events.append(
        order_event(
            waiting, "not_accepted", at=now, by=SYSTEM, from_crew=order.crew_id, minutes=minutes
        )
    )
