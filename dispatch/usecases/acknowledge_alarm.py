"""Somebody takes note of an alarm, for the whole room; the record says who."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.alarm import Alarm, Taken
from dispatch.domain.event import Event
from dispatch.errors import IllegalStep
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlarm:
    """Which, who, and what they do about it."""

    alarm: Alarm
    by: str
    note: str = ""


def acknowledge_alarm(store: Store, command: AcknowledgeAlarm, *, now: datetime) -> Taken:
    """Write down who took note; `IllegalStep` if somebody did before."""
    alarm = command.alarm
    taken = Taken(at=now, by=command.by, note=command.note.strip())
    if not store.alarms.take(alarm, taken):
        raise IllegalStep("the alarm was acknowledged already", alarm=alarm.id)
    store.events.append(
        Event(
            stream=alarm.stream,
            kind="alarm.acknowledged",
            at=now,
            actor=command.by,
            district_id=alarm.district_id,
            body={"alarm": alarm.id, "kind": alarm.kind.value, "reason": taken.note},
        )
    )
    return taken
