"""Take what a crew's phone sends: once, in the crew's own order, however late."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.domain.arrival import ArrivalPolicy
from dispatch.domain.order import DispatchStep, OrderStatus, StepKind, TroubleOrder
from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    PredictedDevice,
    Scope,
)
from dispatch.domain.ticket import TicketStatus
from dispatch.domain.words import ActionKind, CrewId, IncidentId, OrderId, TicketId
from dispatch.errors import DispatchError, IllegalStep, InvalidInput, NotFound
from dispatch.journal import incident_event, order_event, outage_event, ticket_event
from dispatch.ports import ActionRecord, Store
from dispatch.procedures.arriving import ON_ITS_WAY, arrive, settle_arrival, weigh_track
from dispatch.procedures.confirming import confirm
from dispatch.procedures.restoring import restore


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCrewAction:
    """One action; `seq` is the phone's own count, `occurred_at` its own time."""

    id: str
    crew_id: CrewId
    seq: int
    kind: ActionKind
    order_id: OrderId
    occurred_at: datetime
    reason: str | None = None
    cause: str | None = None
    device_id: str | None = None
    device_kind: str | None = None
    restore_at: datetime | None = None
    transformers: tuple[str, ...] | None = None
    note: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


def record_crew_action(
    store: Store, command: RecordCrewAction, *, policy: ArrivalPolicy, now: datetime
) -> ActionRecord:
    """Apply an action to its order; the same `id` again gives the first outcome.

    `outcome` is `applied`, or `late` for a step the order has already passed, kept as history. A
    phone whose clock runs ahead is taken to mean now. What the order's state forbids is raised;
    the edge undoes the attempt and keeps it with `record_refusal`.
    """
    earlier = store.orders.find_action(command.id)
    if earlier is not None:
        return earlier
    outcome, detail = _apply(store, command, min(command.occurred_at, now), policy, now)
    return _record(store, command, outcome, detail, now)


def record_refusal(
    store: Store, command: RecordCrewAction, refusal: DispatchError, *, now: datetime
) -> ActionRecord:
    """Keep an action that could not be applied, with the reason."""
    earlier = store.orders.find_action(command.id)
    return earlier or _record(store, command, "refused", str(refusal), now)


def _record(
    store: Store, command: RecordCrewAction, outcome: str, detail: str, now: datetime
) -> ActionRecord:
    record = ActionRecord(
        id=command.id,
        crew_id=command.crew_id,
        seq=command.seq,
        kind=command.kind.value,
        order_id=command.order_id,
        occurred_at=command.occurred_at,
        received_at=now,
        facts=command.facts,
        outcome=outcome,
        detail=detail,
    )
    store.orders.record_action(record)
    return record


def _apply(
    store: Store, command: RecordCrewAction, at: datetime, policy: ArrivalPolicy, now: datetime
) -> tuple[str, str]:
    order = store.orders.lock(command.order_id)
    if order.crew_id != command.crew_id:
        raise NotFound("order of this crew", order_id=command.order_id)
    if command.kind is ActionKind.ARRIVE:
        return _claim_arrival(store, command, order, at, policy, now)
    return _STEPS[command.kind](store, command, order, at, now)


def _accept(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    if order.status is not OrderStatus.ASSIGNED:
        return _late(store, command, order, StepKind.ACCEPTED, at, now)
    _step(store, store.orders.save(order.accept(at)), StepKind.ACCEPTED, command, at, now)
    return "applied", ""


def _en_route(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    if order.status not in {OrderStatus.ASSIGNED, OrderStatus.ACCEPTED}:
        return _late(store, command, order, StepKind.EN_ROUTE, at, now)
    _step(store, store.orders.save(order.start(at)), StepKind.EN_ROUTE, command, at, now)
    return "applied", ""


def _claim_arrival(
    store: Store,
    command: RecordCrewAction,
    order: TroubleOrder,
    at: datetime,
    policy: ArrivalPolicy,
    now: datetime,
) -> tuple[str, str]:
    """The button says arrived; the track will tell."""
    if order.status in ON_ITS_WAY:
        order = arrive(store, order, at, by=command.crew_id, now=now)
        weigh_track(store, order, policy=policy, now=now, claimed_at=at)
        return "applied", ""
    outcome = _late(store, command, order, StepKind.ARRIVED, at, now)
    weigh_track(store, order, policy=policy, now=now, claimed_at=at)
    return outcome


def _return(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    if not (command.reason or "").strip():
        raise InvalidInput("reason", command.reason, "why the order goes back")
    waiting = order.give_back()
    _step(store, order, StepKind.RETURNED, command, at, now)
    store.orders.save(waiting)
    return "applied", ""


def _findings(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    """What the crew found confirms the outage, with its device if it names one."""
    if order.outage_id is None:
        _step(store, order, StepKind.NOTED, command, at, now)
        return "applied", ""
    outage = store.outages.lock(order.outage_id)
    device = None
    if command.device_id is not None:
        kind = command.device_kind or outage.device.kind
        device = PredictedDevice(id=command.device_id, kind=kind, name=command.device_id)
    confirm(
        store,
        outage,
        device,
        cause=command.cause,
        at=at,
        by=command.crew_id,
        now=now,
    )
    _step(store, order, StepKind.NOTED, command, at, now)
    return "applied", ""


def _estimate(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    """A crew's own estimate; one in the past says nothing."""
    if command.restore_at is None or command.restore_at < now:
        raise InvalidInput("restore_at", command.restore_at, "a time after now")
    if order.outage_id is None:
        raise IllegalStep("only an outage has an expected restoration", order_id=order.id)
    outage = store.outages.lock(order.outage_id)
    estimate = EstimatedRestoration(
        at=command.restore_at, source=EstimateSource.CREW, confidence=Confidence.HIGH
    )
    expected = store.outages.save(outage.expect(estimate))
    store.events.append(
        outage_event(
            expected,
            "estimated",
            at=at,
            by=command.crew_id,
            source="crew",
            restore_at=command.restore_at.isoformat(),
        )
    )
    return "applied", ""


def _restore(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    if order.outage_id is None:
        raise IllegalStep("only an outage can be restored", order_id=order.id)
    outage = store.outages.lock(order.outage_id)
    part = (
        None
        if command.transformers is None
        else Scope(transformers=frozenset(command.transformers))
    )
    done = restore(store, outage, part, at, by=command.crew_id, cause=command.cause, now=now)
    names = ", ".join(other.device.name for other in done.dark_for)
    return "applied", f"repaired here; still dark for {names}" if names else ""


def _complete(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    """Done in the field: promises that no track has settled are judged on what there is."""
    if not order.is_under_way:
        return _late(store, command, order, StepKind.FIELD_COMPLETE, at, now)
    if order.outage_id is not None and store.outages.get(order.outage_id).is_open:
        raise IllegalStep(
            "customers are still out; restore them, or give the order back", order_id=order.id
        )
    done = store.orders.save(order.complete(at))
    _step(store, done, StepKind.FIELD_COMPLETE, command, at, now)
    settle_arrival(store, done, store.orders.find_arrival(order.id, command.crew_id), now=now)
    if order.incident_id is not None:
        _end_incident(store, order.incident_id, command, at, now)
    return "applied", ""


def _end_incident(
    store: Store, incident_id: IncidentId, command: RecordCrewAction, at: datetime, now: datetime
) -> None:
    """The danger is gone; whoever reported it is told, unless an outage's end will tell them."""
    incident = store.orders.get_incident(incident_id)
    if incident.closed_at is None:
        closed = store.orders.save_incident(incident.close(at, command.cause or "made safe"))
        store.events.append(
            incident_event(closed, "closed", at=at, by=command.crew_id, cause=command.cause)
        )
    ticket = store.tickets.get(TicketId(incident.ticket_id))
    if ticket.outage_id is None and ticket.status is TicketStatus.OPEN:
        restored = store.tickets.save(ticket.restore(at))
        store.events.append(ticket_event(restored, "restored", at=at, by=command.crew_id))
        store.tickets.must_tell([ticket.id], due_at=now)


def _note(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    if not (command.note or "").strip():
        raise InvalidInput("note", command.note, "some text")
    _step(store, order, StepKind.NOTED, command, at, now)
    return "applied", ""


def _late(
    store: Store,
    command: RecordCrewAction,
    order: TroubleOrder,
    kind: StepKind,
    at: datetime,
    now: datetime,
) -> tuple[str, str]:
    """The order is past this step: history keeps it, the state does not go back."""
    _step(store, order, kind, command, at, now)
    return "late", f"the order was {order.status} already"


def _step(
    store: Store,
    order: TroubleOrder,
    kind: StepKind,
    command: RecordCrewAction,
    at: datetime,
    now: datetime,
) -> None:
    text = command.reason or command.note or command.cause
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=kind,
            at=at,
            recorded_at=now,
            by=command.crew_id,
            crew_id=command.crew_id,
            reason=text,
            facts=command.facts,
        )
    )
    store.events.append(order_event(order, kind.value, at=at, by=command.crew_id, note=text))


_Step = Callable[[Store, RecordCrewAction, TroubleOrder, datetime, datetime], tuple[str, str]]
_STEPS: Mapping[ActionKind, _Step] = {
    ActionKind.ACCEPT: _accept,
    ActionKind.EN_ROUTE: _en_route,
    ActionKind.RETURN: _return,
    ActionKind.FINDINGS: _findings,
    ActionKind.ESTIMATE: _estimate,
    ActionKind.RESTORE: _restore,
    ActionKind.FIELD_COMPLETE: _complete,
    ActionKind.NOTE: _note,
}
