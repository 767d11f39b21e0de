"""Supply is cut on purpose: announced, begun by the clock, ended by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.facts import TransformerAt
from dispatch.domain.outage import PlannedOutage
from dispatch.domain.ticket import TicketStatus
from dispatch.domain.words import DistrictId, PlannedOutageId
from dispatch.errors import InvalidInput
from dispatch.journal import planned_event, ticket_event
from dispatch.ports import Store
from dispatch.procedures.restoring import run_call_backs


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOutage:
    """Which transformers, when and why; a device stands for all transformers below it."""

    reason: str
    starts_at: datetime
    ends_at: datetime
    by: str
    transformers: Sequence[str] = ()
    device_id: str | None = None


def plan_outage(store: Store, command: PlanOutage, *, now: datetime) -> PlannedOutage:
    """Announce it; `InvalidInput` names what does not exist."""
    _check(command, now)
    found = _transformers(store, command)
    feeders = {t.feeder_id for t in found}
    districts = sorted(t.district_id for t in found if t.district_id is not None)
    if not districts:
        raise InvalidInput("transformers", found[0].id, "a transformer that lies in a district")
    planned = PlannedOutage(
        id=store.planned.next_id(),
        district_id=DistrictId(districts[0]),
        feeder_id=feeders.pop() if len(feeders) == 1 else None,
        reason=command.reason.strip(),
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        transformers=frozenset(t.id for t in found),
        notified_at=now,
    )
    store.planned.add(planned)
    store.events.append(planned_event(planned, "announced", at=now, by=command.by))
    return planned


def _check(command: PlanOutage, now: datetime) -> None:
    if command.ends_at <= command.starts_at:
        raise InvalidInput("ends_at", command.ends_at.isoformat(), "a time after starts_at")
    if command.ends_at <= now:
        raise InvalidInput("ends_at", command.ends_at.isoformat(), "a time to come")
    if not command.reason.strip():
        raise InvalidInput("reason", command.reason, "what the work is")


def _transformers(store: Store, command: PlanOutage) -> list[TransformerAt]:
    ids = list(command.transformers)
    if command.device_id is not None:
        below = store.directory.list_below_device(command.device_id)
        if not below:
            raise InvalidInput("device", command.device_id, "a device with transformers below")
        ids.extend(below)
    if not ids:
        raise InvalidInput("transformers", ids, "at least one transformer or a device")
    found = []
    for transformer_id in dict.fromkeys(ids):
        transformer = store.directory.find_transformer(transformer_id)
        if transformer is None:
            raise InvalidInput("transformers", transformer_id, "a transformer of the network")
        found.append(transformer)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPlannedOutage:
    """The work is done and supply is back since `at`."""

    planned_id: PlannedOutageId
    by: str
    at: datetime


def end_planned_outage(store: Store, command: EndPlannedOutage, *, now: datetime) -> PlannedOutage:
    """Supply is back: record the interruptions, and let those who asked be told."""
    if command.at > now:
        raise InvalidInput("at", command.at.isoformat(), "a time not in the future")
    planned = store.planned.get(command.planned_id)
    ended = store.planned.save(planned.end(command.at))
    customers = store.planned.record_interruptions(ended, command.at)
    late = command.at > planned.ends_at
    store.events.append(
        planned_event(ended, "ended", at=command.at, by=command.by, customers=customers, late=late)
    )
    for ticket in store.tickets.list_of_planned(planned.id):
        if ticket.status is TicketStatus.OPEN:
            restored = store.tickets.save(ticket.restore(command.at))
            store.events.append(ticket_event(restored, "restored", at=command.at, by=command.by))
            store.tickets.must_tell([ticket.id], due_at=now)
            run_call_backs(store, [restored], command.at)
    return ended


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPlannedOutage:
    """Call the work off before it begins."""

    planned_id: PlannedOutageId
    by: str


def cancel_planned_outage(
    store: Store, command: CancelPlannedOutage, *, now: datetime
) -> PlannedOutage:
    """Call it off; `IllegalStep` once it has begun."""
    planned = store.planned.get(command.planned_id)
    cancelled = store.planned.save(planned.cancel(now))
    store.events.append(planned_event(cancelled, "cancelled", at=now, by=command.by))
    return cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindOfPlannedOutage:
    """Important customers were told again that supply is about to be cut."""

    planned_id: PlannedOutageId
    by: str


def remind_of_planned_outage(
    store: Store, command: RemindOfPlannedOutage, *, now: datetime
) -> PlannedOutage:
    """Write down that they were reminded; `IllegalStep` once it has begun, or a second time."""
    planned = store.planned.get(command.planned_id)
    reminded = store.planned.save(planned.remind(now))
    store.events.append(planned_event(reminded, "reminded", at=now, by=command.by))
    return reminded
