"""Let a device speak for nobody any more."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.tracking import Tracker
from dispatch.journal import tracker_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeTracker:
    """Which one, and who says so."""

    tracker_id: str
    by: str


def revoke_tracker(store: Store, command: RevokeTracker, *, now: datetime) -> Tracker:
    """Revoke it; the fixes it sent stay. `NotFound` for one that never was enrolled."""
    tracker = store.trackers.get(command.tracker_id)
    if tracker.revoked_at is not None:
        return tracker
    revoked = replace(tracker, revoked_at=now)
    store.trackers.save(revoked)
    store.events.append(tracker_event(revoked, "revoked", at=now, by=command.by))
    return revoked
