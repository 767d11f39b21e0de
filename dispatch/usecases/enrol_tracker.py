"""Let a device say where a crew is."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.tracking import Tracker, Wire, tracker_id
from dispatch.domain.words import CrewId
from dispatch.errors import IdentityTaken
from dispatch.journal import tracker_event
from dispatch.ports import Store
from gis.crs import Datum


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolTracker:
    """A device as its wire names it, the SHA-256 of its secret, and for whom it is to speak."""

    wire: Wire
    device: str
    digest: bytes
    by: str
    label: str = ""
    vehicle: str | None = None
    datum: Datum = Datum.WGS84
    crew_id: CrewId | None = None


def enrol_tracker(store: Store, command: EnrolTracker, *, now: datetime) -> Tracker:
    """Enrol it; one that was revoked comes back with its history and a new secret.

    Raises
    ------
    IdentityTaken
        It is enrolled already.
    NotFound
        There is no such crew.
    CrewUnavailable
        The crew is retired.
    """
    crew_id = None if command.crew_id is None else store.crews.get(command.crew_id).id
    if crew_id is not None:
        store.crews.must_serve(crew_id)
    before = store.trackers.find(tracker_id(command.wire, command.device))
    if before is not None and before.revoked_at is None:
        raise IdentityTaken(f"{before.id} is enrolled already", tracker_id=before.id)
    tracker = Tracker(
        wire=command.wire,
        device=command.device,
        label=command.label,
        vehicle=command.vehicle,
        datum=command.datum,
        digest=command.digest,
        terminal=None,
        enrolled_at=now,
        revoked_at=None,
        bindings=before.bindings if before is not None else (),
    ).bound_to(crew_id, now)
    store.trackers.save(tracker)
    store.events.append(tracker_event(tracker, "enrolled", at=now, by=command.by))
    return tracker
