"""Take what a crew's phone sends: once, in the crew's own order, however late."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from dispatch.domain.arrival import ArrivalPolicy
from dispatch.domain.clock import StopsAt
from dispatch.domain.order import DispatchStep, OrderStatus, StepKind, TroubleOrder
from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    Scope,
)
from dispatch.domain.parts import parts_in
from dispatch.domain.ticket import TicketStatus, TroubleTicket
from dispatch.domain.words import ActionKind, CrewId, IncidentId, OrderId, TicketId
from dispatch.errors import DispatchError, IllegalStep, InvalidInput, NotFound
from dispatch.journal import incident_event, order_event, outage_event, ticket_event
from dispatch.ports import ActionRecord, Store, TravelTimes
from dispatch.procedures.arrival_promises import ON_ITS_WAY, settle_arrival
from dispatch.procedures.arriving import arrive, take_back_claim, weigh_track
from dispatch.procedures.calling_back import Answer, take_answer
from dispatch.procedures.finding import Finding, take_finding
from dispatch.procedures.judging import stop_order_clocks
from dispatch.procedures.needing import need_parts
from dispatch.procedures.noting_access import note_access
from dispatch.procedures.restoring import restore, run_call_backs
from dispatch.procedures.supporting import ask_support, cancel_support, end_needless
from dispatch.sayings import reason as saying


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCrewAction:
    """One action; `seq` is the phone's own count, `occurred_at` its own time.

    `is_open`, `is_live` and `phases` say what findings have of the device: its state, whether there
    was voltage at it (None: nobody looked), and which phases are open (None: not said).
    """

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
    is_open: bool = True
    is_live: bool | None = None
    phases: str | None = None
    restore_at: datetime | None = None
    transformers: tuple[str, ...] | None = None
    note: str | None = None
    damage: str | None = None
    parts: str | None = None
    parts_needed: tuple[str, ...] = ()
    ticket_id: str | None = None
    power_on: bool | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


def record_crew_action(
    store: Store,
    command: RecordCrewAction,
    *,
    policy: ArrivalPolicy,
    now: datetime,
    travel_times: TravelTimes | None = None,
) -> ActionRecord:
    """Apply an action to its order; the same `id` again gives the first outcome.

    `outcome` is `applied`, or `late` for a step the order has already passed, kept as history. A
    phone whose clock runs ahead is taken to mean now. What the order's state forbids is raised;
    the edge undoes the attempt and keeps it with `record_refusal`.
    """
    earlier = store.orders.find_action(command.id)
    if earlier is not None:
        return earlier
    at = min(command.occurred_at, now)
    outcome, detail = _apply(store, command, at, Weighing(policy, travel_times), now)
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


@dataclass(frozen=True, slots=True)
class Weighing:
    """What an arrival is weighed with."""

    policy: ArrivalPolicy
    travel_times: TravelTimes | None


def _apply(
    store: Store, command: RecordCrewAction, at: datetime, weighing: Weighing, now: datetime
) -> tuple[str, str]:
    order = store.orders.lock(command.order_id)
    if order.crew_id != command.crew_id:
        raise NotFound("order of this crew", order_id=command.order_id)
    if command.kind in _WEIGHED:
        return _WEIGHED[command.kind](store, command, order, at, weighing, now)
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


def _fetched(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    """The crew has the parts aboard: it goes by no depot for this order any more."""
    _step(store, store.orders.save(order.fetch()), StepKind.FETCHED, command, at, now)
    return "applied", ""


def _claim_arrival(
    store: Store,
    command: RecordCrewAction,
    order: TroubleOrder,
    at: datetime,
    weighing: Weighing,
    now: datetime,
) -> tuple[str, str]:
    """The button says arrived; the track will tell."""
    outcome = "applied", ""
    if order.status in ON_ITS_WAY:
        order = arrive(store, order, at, by=command.crew_id, now=now)
    else:
        outcome = _late(store, command, order, StepKind.ARRIVED, at, now)
    _fill_in(store, order, StopsAt.ARRIVAL_FILLED_IN, at, now)
    _weigh(store, order, at, weighing, now)
    return outcome


def _arrival_stands(
    store: Store,
    command: RecordCrewAction,
    order: TroubleOrder,
    at: datetime,
    weighing: Weighing,
    now: datetime,
) -> tuple[str, str]:
    """Asked about a claim that its track contradicts, the crew says that it is there."""
    told = replace(command, reason=saying("arrival_stands"))
    _step(store, order, StepKind.NOTED, told, at, now)
    _weigh(store, order, at, weighing, now)
    return "applied", ""


def _arrival_mistaken(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    """Asked about its claim, the crew says that it pressed by mistake."""
    order = take_back_claim(store, order, command.crew_id, at, now=now)
    told = replace(command, reason=saying("arrival_mistaken"))
    _step(store, order, StepKind.NOTED, told, at, now)
    return "applied", ""


def _weigh(
    store: Store,
    order: TroubleOrder,
    claimed_at: datetime | None,
    weighing: Weighing,
    now: datetime,
) -> TroubleOrder:
    return weigh_track(
        store,
        order,
        policy=weighing.policy,
        now=now,
        claimed_at=claimed_at,
        travel_times=weighing.travel_times,
    )


def _return(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    if not (command.reason or "").strip():
        raise InvalidInput("reason", command.reason, "why the order goes back")
    waiting = order.give_back()
    _step(store, order, StepKind.RETURNED, command, at, now)
    end_needless(store, store.orders.save(waiting), by=command.crew_id, now=now)
    return "applied", ""


def _findings(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    """What the crew found, and the parts that it needs beside those known to be needed."""
    needed = parts_in(command.parts_needed)
    if needed:
        order = need_parts(
            store,
            order,
            order.parts | needed,
            by=command.crew_id,
            crew_id=command.crew_id,
            reason=None,
            at=at,
            now=now,
        )
    found = Finding(
        id=command.id,
        device_id=command.device_id,
        device_kind=command.device_kind,
        is_open=command.is_open,
        is_live=command.is_live,
        phases=command.phases,
        cause=command.cause,
    )
    take_finding(store, order, found, by=command.crew_id, at=at, now=now)
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
        at=command.restore_at,
        source=EstimateSource.CREW,
        confidence=Confidence.HIGH,
        said_at=at,
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
    outage = store.outages.lock(order.outage_id, to_end=True)
    part = (
        None
        if command.transformers is None
        else Scope(transformers=frozenset(command.transformers))
    )
    done = restore(store, outage, part, at, by=command.crew_id, cause=command.cause, now=now)
    names = ", ".join(other.device.name for other in done.dark_for)
    return "applied", f"repaired here; still dark for {names}" if names else ""


def _complete(
    store: Store,
    command: RecordCrewAction,
    order: TroubleOrder,
    at: datetime,
    weighing: Weighing,
    now: datetime,
) -> tuple[str, str]:
    """Done in the field: promises that no track has settled are judged on what there is.

    The track is looked at once more: of an arrival that nobody pressed and that was not weighed as
    it was stored, as when a program ended at that moment, nothing else would tell. A second crew
    may leave before the work is over, and ends nothing but its own order.
    """
    if not order.is_under_way:
        return _late(store, command, order, StepKind.FIELD_COMPLETE, at, now)
    second = order.supports_id is not None
    if order.outage_id is not None and not second and store.outages.get(order.outage_id).is_open:
        raise IllegalStep(
            "customers are still out; restore them, or give the order back", order_id=order.id
        )
    order = _weigh(store, order, None, weighing, now)
    done = store.orders.save(order.complete(at))
    _step(store, done, StepKind.FIELD_COMPLETE, command, at, now)
    _fill_in(store, done, StopsAt.REPAIR_FILLED_IN, at, now)
    settle_arrival(store, done, store.orders.find_arrival(done), now=now)
    if order.incident_id is not None and not second:
        _end_incident(store, order.incident_id, command, at, now)
    cancel_support(store, done, by=command.crew_id, reason=f"order {order.id} is over", now=now)
    return "applied", ""


def _fill_in(
    store: Store, order: TroubleOrder, stops: StopsAt, at: datetime, now: datetime
) -> None:
    """The crew's own entry of a milestone; the time is the phone's, so dead zones cost nothing."""
    stop_order_clocks(
        store, order, stops, earliest=at, latest=at, by="the crew's own entry", now=now
    )


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
        run_call_backs(store, [restored], at)


def _note(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    if not (command.note or "").strip():
        raise InvalidInput("note", command.note, "some text")
    _step(store, order, StepKind.NOTED, command, at, now)
    return "applied", ""


def _check_in(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    """All is well; that it was pressed is what counts, wherever the order stands by now."""
    _step(store, order, StepKind.CHECKED_IN, command, at, now)
    return "applied", ""


def _call_back(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, now: datetime
) -> tuple[str, str]:
    """The crew asked a caller of its own order whether supply is back."""
    ticket = None if command.ticket_id is None else store.tickets.find(TicketId(command.ticket_id))
    if ticket is None or not _concerns(store, order, ticket):
        raise NotFound("report of this order", ticket_id=command.ticket_id)
    answer = Answer(by=command.crew_id, at=at, power_on=command.power_on, note=command.note or "")
    take_answer(store, ticket, answer, now=now)
    return "applied", ""


def _access(
    store: Store, command: RecordCrewAction, order: TroubleOrder, at: datetime, _now: datetime
) -> tuple[str, str]:
    """The crew writes down how to get to a caller's place, for whoever comes next."""
    ticket = None if command.ticket_id is None else store.tickets.find(TicketId(command.ticket_id))
    if ticket is None or not _concerns(store, order, ticket):
        raise NotFound("report of this order", ticket_id=command.ticket_id)
    if ticket.place is None or ticket.place.usage_point_id is None:
        raise IllegalStep("the report is of no known customer", ticket_id=ticket.id)
    note_access(
        store,
        ticket.place.usage_point_id,
        command.note or "",
        district_id=ticket.district_id,
        by=command.crew_id,
        at=at,
    )
    return "applied", ""


def _second_crew(
    store: Store, command: RecordCrewAction, order: TroubleOrder, _at: datetime, now: datetime
) -> tuple[str, str]:
    """One crew is not enough; asking again changes nothing."""
    why = (command.reason or "").strip()
    if not why:
        raise InvalidInput("reason", command.reason, "why one crew is not enough")
    if store.orders.find_open_support(order.id) is None:
        ask_support(store, order, by=command.crew_id, reason=why, now=now)
    return "applied", ""


def _concerns(store: Store, order: TroubleOrder, ticket: TroubleTicket) -> bool:
    if order.incident_id is not None:
        return store.orders.get_incident(order.incident_id).ticket_id == ticket.id
    return order.outage_id is not None and ticket.outage_id == order.outage_id


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
    found = (command.cause, command.damage, command.parts, command.note)
    text = command.reason or " · ".join(filter(None, found)) or None
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


_Weighed = Callable[
    [Store, RecordCrewAction, TroubleOrder, datetime, Weighing, datetime], tuple[str, str]
]
_WEIGHED: Mapping[ActionKind, _Weighed] = {
    ActionKind.ARRIVE: _claim_arrival,
    ActionKind.ARRIVAL_STANDS: _arrival_stands,
    ActionKind.FIELD_COMPLETE: _complete,
}
_Step = Callable[[Store, RecordCrewAction, TroubleOrder, datetime, datetime], tuple[str, str]]
_STEPS: Mapping[ActionKind, _Step] = {
    ActionKind.ACCEPT: _accept,
    ActionKind.EN_ROUTE: _en_route,
    ActionKind.FETCHED: _fetched,
    ActionKind.ARRIVAL_MISTAKEN: _arrival_mistaken,
    ActionKind.RETURN: _return,
    ActionKind.FINDINGS: _findings,
    ActionKind.ESTIMATE: _estimate,
    ActionKind.RESTORE: _restore,
    ActionKind.NOTE: _note,
    ActionKind.CHECK_IN: _check_in,
    ActionKind.CALL_BACK: _call_back,
    ActionKind.ACCESS: _access,
    ActionKind.SECOND_CREW: _second_crew,
}
