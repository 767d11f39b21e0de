"""Somebody looks after a crew that did not check in; the record says who, and how."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.order import DispatchStep, StepKind
from dispatch.domain.safety import MissedCheckIn
from dispatch.journal import order_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeCheckIn:
    """Which, who, and what they did about it."""

    missed_id: int
    by: str
    note: str = ""


def acknowledge_check_in(
    store: Store, command: AcknowledgeCheckIn, *, now: datetime
) -> MissedCheckIn:
    """Write down who took note, for whom the next word is due one interval from now.

    `IllegalStep` if somebody took note before.
    """
    taken = store.check_ins.lock(command.missed_id).acknowledge(
        by=command.by, note=command.note.strip(), now=now
    )
    store.check_ins.save(taken)
    kind, order = StepKind.CHECK_IN_ACKNOWLEDGED, store.orders.get(taken.order_id)
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=kind,
            at=now,
            recorded_at=now,
            by=command.by,
            crew_id=taken.crew_id,
            reason=taken.note,
        )
    )
    store.events.append(order_event(order, kind.value, at=now, by=command.by, reason=taken.note))
    return taken
