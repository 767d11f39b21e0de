"""Give a device another secret."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.tracking import Tracker
from dispatch.errors import Forbidden
from dispatch.journal import tracker_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewTracker:
    """The SHA-256 of the new secret.

    With `terminal` a JT/T 808 unit registers itself, and has to be the unit that did so before;
    without, somebody in the office asks, and the next unit to register is believed.
    """

    tracker_id: str
    digest: bytes
    by: str
    terminal: str | None = None


def renew_tracker(store: Store, command: RenewTracker, *, now: datetime) -> Tracker:
    """Let only the new secret in from now on.

    Raises
    ------
    NotFound
        There is no such device.
    Forbidden
        It is revoked, or another unit registered under its number before.
    """
    tracker = store.trackers.get(command.tracker_id)
    if tracker.revoked_at is not None:
        raise Forbidden("this device is revoked", tracker_id=tracker.id)
    if command.terminal is not None and tracker.terminal not in {None, command.terminal}:
        raise Forbidden("another unit is registered under this number", tracker_id=tracker.id)
    renewed = replace(tracker, digest=command.digest, terminal=command.terminal)
    store.trackers.save(renewed)
    kind = "renewed" if command.terminal is None else "registered"
    store.events.append(tracker_event(renewed, kind, at=now, by=command.by))
    return renewed
