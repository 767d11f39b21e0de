"""Somebody takes note of a warning: it leaves the list of alarms, and the record says who."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.warning import ClockWarning
from dispatch.journal import clock_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeWarning:
    """Which, who, and what they do about it."""

    warning_id: int
    by: str
    note: str = ""


def acknowledge_warning(
    store: Store, command: AcknowledgeWarning, *, now: datetime
) -> ClockWarning:
    """Write down who took note; `IllegalStep` if somebody did before.

    A clock is one alarm: its lower levels are taken note of as well; a graver one is yet to come.
    """
    taken = store.warnings.lock(command.warning_id).acknowledge(
        by=command.by, note=command.note.strip(), now=now
    )
    store.warnings.save(taken)
    store.warnings.cover(taken)
    clock = store.clocks.get(taken.clock_id)
    store.events.append(
        clock_event(
            clock,
            "acknowledged",
            at=now,
            by=command.by,
            level=taken.level,
            reason=taken.note,
        )
    )
    return taken
