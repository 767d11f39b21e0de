"""Warn before a promise runs out (催办) and escalate after it did (督办)."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.assignment import AssignmentPolicy
from dispatch.domain.clock import Clock, Rule, StopsAt
from dispatch.domain.order import DispatchStep, StepKind, TroubleOrder
from dispatch.domain.rules import Level, Means, Recipient
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.warning import ClockWarning
from dispatch.journal import SYSTEM, clock_event, order_event
from dispatch.ports import Store
from dispatch.procedures.pausing import resume_overdue
from dispatch.procedures.supporting import end_needless
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchClocks:
    """How many clocks to look at in one go."""

    limit: int = 500


def watch_clocks(
    store: Store, command: WatchClocks, *, policy: AssignmentPolicy, now: datetime
) -> int:
    """Send each warning once; give back orders that no crew accepted; how many were sent.

    Clocks that have stood still for as long as their reason allows run again.
    """
    sent = 0
    resume_overdue(store, command.limit, now=now)
    for clock in store.clocks.list_due_warning(now, command.limit):
        rules = store.clocks.get_rules(clock.rule_version)
        rule = rules.judged_by(clock.rule_id, clock.override_id)
        sent += _warn(store, clock, rule, now)
    for order in store.orders.list_unaccepted(now - policy.accept_within):
        _take_back(store, order, policy, now)
        sent += 1
    return sent


def _warn(store: Store, clock: Clock, rule: Rule, now: datetime) -> bool:
    """Write the level down; whether somebody was warned.

    Where several levels passed unsent, as after a night without a worker, one warning goes to all
    whom any of them names.
    """
    level = max(clock.level_at(now, rule), clock.warned)
    reached = rule.levels[clock.warned : level]
    store.clocks.save([clock.warn(level, rule)])
    order = _order_of(store, clock)
    if not reached or _speaks_through_another(store, clock, rule, order):
        return False
    warning = _warning(clock, order, reached, level, now)
    if not store.warnings.send(warning):
        return False
    kind = "escalated" if warning.overdue else "warned"
    store.events.append(
        clock_event(
            clock,
            kind,
            at=now,
            by=SYSTEM,
            level=level,
            first=_is_first(rule, clock.warned, overdue=warning.overdue),
            title=rule.title,
            to=[each.value for each in warning.to],
            how=[each.value for each in warning.how],
        )
    )
    if order is not None:
        _record(store, order, warning, now)
    return True


def _speaks_through_another(
    store: Store, clock: Clock, rule: Rule, order: TroubleOrder | None
) -> bool:
    """Whether the drive is shared, and the clock of it that ends first speaks for all."""
    if order is None or clock.ticket_id is None:
        return False
    on_the_way = rule.stops in {StopsAt.DISPATCHED, StopsAt.ARRIVED}
    return on_the_way and store.clocks.is_spoken_for(clock)


def _is_first(rule: Rule, before: int, *, overdue: bool) -> bool:
    """Whether this is the first word before the end, or the first after it."""
    return not any(level.is_overdue is overdue for level in rule.levels[:before])


def _warning(
    clock: Clock,
    order: TroubleOrder | None,
    reached: tuple[Level, ...],
    level: int,
    now: datetime,
) -> ClockWarning:
    to = {each for one in reached for each in one.to}
    how = {each for one in reached for each in one.how}
    return ClockWarning(
        clock_id=clock.number,
        level=level,
        overdue=reached[-1].is_overdue,
        district_id=clock.district_id,
        ticket_id=clock.ticket_id,
        order_id=None if order is None else order.id,
        crew_id=order.crew_id if order is not None and Recipient.CREW in to else None,
        rule_id=clock.rule_id,
        due_at=clock.due_at,
        sent_at=now,
        to=tuple(each for each in Recipient if each in to),
        how=tuple(each for each in Means if each in how),
    )


def _record(store: Store, order: TroubleOrder, warning: ClockWarning, now: datetime) -> None:
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.ESCALATED if warning.overdue else StepKind.URGED,
            at=now,
            recorded_at=now,
            by=SYSTEM,
            crew_id=order.crew_id,
            facts={"rule": warning.rule_id, "level": warning.level, "ticket": warning.ticket_id},
        )
    )


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
            reason=reason("not_accepted", minutes=f"{minutes:.0f}"),
        )
    )
    store.events.append(
        order_event(
            waiting, "not_accepted", at=now, by=SYSTEM, from_crew=order.crew_id, minutes=minutes
        )
    )
    end_needless(store, waiting, by=SYSTEM, now=now)
