"""Note planned work whose end has passed while nobody said that supply is back."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.journal import SYSTEM, planned_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlanned:
    """How many to look at in one go."""

    limit: int = 100


def watch_planned(store: Store, command: WatchPlanned, *, now: datetime) -> int:
    """Raise `planned.overdue` once for each; how many were raised."""
    overdue = store.planned.list_overdue(now, command.limit)
    for planned in overdue:
        late = store.planned.save(planned.run_late(now))
        ends_at = late.ends_at.isoformat()
        store.events.append(planned_event(late, "overdue", at=now, by=SYSTEM, ends_at=ends_at))
    return len(overdue)
