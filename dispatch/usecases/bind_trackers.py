"""Say for which crew a device, or every device in a vehicle, speaks from now on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.tracking import Tracker
from dispatch.domain.words import CrewId
from dispatch.errors import NotFound
from dispatch.journal import tracker_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BindTrackers:
    """One device by its id, or all of a vehicle; no crew means that it speaks for nobody."""

    crew_id: CrewId | None
    by: str
    tracker_id: str | None = None
    vehicle: str | None = None


def bind_trackers(store: Store, command: BindTrackers, *, now: datetime) -> Sequence[Tracker]:
    """Bind them from now on; what they measured before stays with the crew of that time.

    Raises
    ------
    NotFound
        There is no such crew, device, or no device in such a vehicle.
    CrewUnavailable
        The crew is retired.
    """
    if command.crew_id is not None:
        store.crews.must_serve(store.crews.get(command.crew_id).id)
    bound = []
    for tracker in _named(store, command):
        if tracker.crew_id == command.crew_id:
            bound.append(tracker)
            continue
        after = tracker.bound_to(command.crew_id, now)
        store.trackers.save(after)
        store.events.append(tracker_event(after, "bound", at=now, by=command.by))
        bound.append(after)
    return bound


def _named(store: Store, command: BindTrackers) -> Sequence[Tracker]:
    if command.tracker_id is not None:
        return [store.trackers.get(command.tracker_id)]
    found = store.trackers.list_of_vehicle(command.vehicle or "")
    if not found:
        raise NotFound("vehicle with a tracker", vehicle=command.vehicle)
    return found
