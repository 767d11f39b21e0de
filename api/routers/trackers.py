"""Devices that say where crews are: enrol, bind, revoke them; what became of what they sent.

Where every crew was last seen is here too, each position with its age, never as if it were now.
"""

from collections import defaultdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling, digest_of
from api.house import House
from api.inputs.crews import BindIn, TrackerIn
from api.routers.parts import Working, in_one_go
from api.trackers.registry import new_secret
from dispatch.domain.tracking import Tracker, Wire
from dispatch.domain.words import CrewId, DistrictId
from dispatch.errors import NotFound
from dispatch.ports import Store, TrackerCount, UnknownTracker
from dispatch.usecases.bind_trackers import BindTrackers, bind_trackers
from dispatch.usecases.enrol_tracker import EnrolTracker, enrol_tracker
from dispatch.usecases.renew_tracker import RenewTracker, renew_tracker
from dispatch.usecases.revoke_tracker import RevokeTracker, revoke_tracker
from gis.crs import Datum

router = APIRouter(tags=["trackers"])

Named = Annotated[str, Path(max_length=80)]


class FateOut(BaseModel):
    """How many positions or messages met one fate, and when the last."""

    count: int
    last_at: datetime


class TrackerOut(BaseModel):
    """An enrolled device; `counts` by fate: taken, dropped, refused, doubted."""

    id: str
    wire: Wire
    device: str
    label: str
    vehicle: str | None
    datum: Datum
    terminal: str | None
    crew_id: str | None
    enrolled_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None
    counts: dict[str, FateOut]

    @classmethod
    def of(
        cls,
        tracker: Tracker,
        seen_at: datetime | None = None,
        counts: list[TrackerCount] | None = None,
    ) -> "TrackerOut":
        """Build from the device and what was counted of it."""
        return cls(
            id=tracker.id,
            wire=tracker.wire,
            device=tracker.device,
            label=tracker.label,
            vehicle=tracker.vehicle,
            datum=tracker.datum,
            terminal=tracker.terminal,
            crew_id=tracker.crew_id,
            enrolled_at=tracker.enrolled_at,
            revoked_at=tracker.revoked_at,
            seen_at=seen_at,
            counts={
                each.what: FateOut(count=each.count, last_at=each.last_at) for each in counts or ()
            },
        )


class UnknownOut(BaseModel):
    """A device that is not enrolled; an empty name means that it did not say which it is."""

    wire: str
    device: str
    count: int
    first_at: datetime
    last_at: datetime

    @classmethod
    def of(cls, unknown: UnknownTracker) -> "UnknownOut":
        """Build from the count."""
        return cls(
            wire=unknown.wire,
            device=unknown.device,
            count=unknown.count,
            first_at=unknown.first_at,
            last_at=unknown.last_at,
        )


class TrackersOut(BaseModel):
    """The devices of the caller's districts, and those that are not enrolled, the latest first."""

    trackers: list[TrackerOut]
    unknown: list[UnknownOut]


class EnrolledOut(BaseModel):
    """A device with its secret, which is shown this once."""

    tracker: TrackerOut
    secret: str


class CrewPositionOut(BaseModel):
    """Where a crew was last seen; `live` only while that is fresh enough to be called now."""

    crew_id: str
    lon: float
    lat: float
    fixed_at: datetime
    age_s: float
    live: bool
    accuracy_m: float | None
    speed_mps: float | None
    mock: bool
    device: str


@router.get(f"{API}/trackers")
def list_trackers(caller: Calling, house: Working) -> TrackersOut:
    """List devices with when they were last heard and what became of what they sent."""
    with house.transaction() as store:
        trackers = [each for each in store.trackers.list_all() if _sees(store, caller, each)]
        seen, counts = store.trackers.list_seen(), defaultdict[str, list[TrackerCount]](list)
        for each in store.trackers.list_counts():
            counts[each.tracker_id].append(each)
        unknown = store.trackers.list_unknown() if caller.scope is None else ()
    return TrackersOut(
        trackers=[TrackerOut.of(each, seen.get(each.id), counts[each.id]) for each in trackers],
        unknown=[UnknownOut.of(each) for each in unknown],
    )


@router.post(f"{API}/trackers", status_code=201)
def enrol(body: TrackerIn, caller: Calling, house: Working, request: Request) -> EnrolledOut:
    """Enrol a device; the secret in the answer goes into the device and is shown this once."""
    secret = new_secret()
    command = EnrolTracker(
        wire=body.wire,
        device=body.device,
        digest=digest_of(secret),
        by=caller.name,
        label=body.label,
        vehicle=body.vehicle,
        datum=body.datum,
        crew_id=None if body.crew_id is None else CrewId(body.crew_id),
    )

    def work(store: Store) -> Tracker:
        _must_see_crew(store, caller, body.crew_id)
        return enrol_tracker(store, command, now=house.now())

    tracker = _known(request, in_one_go(house, work))
    return EnrolledOut(tracker=TrackerOut.of(tracker), secret=secret)


@router.put(f"{API}/trackers/{{tracker_id}}/crew")
def bind(
    tracker_id: Named, body: BindIn, caller: Calling, house: Working, request: Request
) -> TrackerOut:
    """Say for which crew a device speaks from now on."""

    def work(store: Store) -> Tracker:
        _tracker_for(store, caller, tracker_id)
        return _bound(store, caller, house, body, tracker_id=tracker_id)[0]

    return TrackerOut.of(_known(request, in_one_go(house, work)))


@router.put(f"{API}/vehicles/{{vehicle}}/crew")
def bind_vehicle(
    vehicle: Named, body: BindIn, caller: Calling, house: Working, request: Request
) -> list[TrackerOut]:
    """Say which crew drives a vehicle from now on, for every device in it."""

    def work(store: Store) -> list[Tracker]:
        devices = store.trackers.list_of_vehicle(vehicle)
        if not all(_sees(store, caller, each) for each in devices):
            raise NotFound("vehicle with a tracker", vehicle=vehicle)
        return _bound(store, caller, house, body, vehicle=vehicle)

    return [TrackerOut.of(_known(request, each)) for each in in_one_go(house, work)]


@router.post(f"{API}/trackers/{{tracker_id}}/secret")
def renew(tracker_id: Named, caller: Calling, house: Working, request: Request) -> EnrolledOut:
    """Give a device another secret; the old one lets nobody in any more."""
    secret = new_secret()

    def work(store: Store) -> Tracker:
        _tracker_for(store, caller, tracker_id)
        command = RenewTracker(tracker_id=tracker_id, digest=digest_of(secret), by=caller.name)
        return renew_tracker(store, command, now=house.now())

    tracker = _known(request, in_one_go(house, work))
    return EnrolledOut(tracker=TrackerOut.of(tracker), secret=secret)


@router.delete(f"{API}/trackers/{{tracker_id}}", status_code=204)
def revoke(tracker_id: Named, caller: Calling, house: Working, request: Request) -> Response:
    """Let a device speak for nobody any more."""

    def work(store: Store) -> Tracker:
        _tracker_for(store, caller, tracker_id)
        command = RevokeTracker(tracker_id=tracker_id, by=caller.name)
        return revoke_tracker(store, command, now=house.now())

    _known(request, in_one_go(house, work))
    return Response(status_code=204)


@router.get(f"{API}/crew-positions")
def list_positions(caller: Calling, house: Working) -> list[CrewPositionOut]:
    """List where each crew was last seen; crews that never were are not in it."""
    now, fresh = house.now(), house.policies.assignment.freshest_fix
    districts = None if caller.scope is None else {DistrictId(each) for each in caller.scope}
    with house.transaction() as store:
        last = store.positions.list_last(districts)
    return [
        CrewPositionOut(
            crew_id=fix.crew_id,
            lon=fix.lon,
            lat=fix.lat,
            fixed_at=fix.fixed_at,
            age_s=(now - fix.fixed_at).total_seconds(),
            live=now - fix.fixed_at <= fresh and not fix.mock,
            accuracy_m=fix.accuracy_m,
            speed_mps=fix.speed_mps,
            mock=fix.mock,
            device=fix.device,
        )
        for fix in last
    ]


def _bound(
    store: Store,
    caller: Caller,
    house: House,
    body: BindIn,
    tracker_id: str | None = None,
    vehicle: str | None = None,
) -> list[Tracker]:
    _must_see_crew(store, caller, body.crew_id)
    command = BindTrackers(
        crew_id=None if body.crew_id is None else CrewId(body.crew_id),
        by=caller.name,
        tracker_id=tracker_id,
        vehicle=vehicle,
    )
    return list(bind_trackers(store, command, now=house.now()))


def _tracker_for(store: Store, caller: Caller, tracker_id: str) -> Tracker:
    """Read a device; one that speaks for another district's crew does not exist."""
    tracker = store.trackers.get(tracker_id)
    if not _sees(store, caller, tracker):
        raise NotFound("tracker", tracker_id=tracker_id)
    return tracker


def _sees(store: Store, caller: Caller, tracker: Tracker) -> bool:
    crew_id = tracker.crew_id
    return (
        caller.scope is None or crew_id is None or caller.sees(store.crews.get(crew_id).district_id)
    )


def _must_see_crew(store: Store, caller: Caller, crew_id: str | None) -> None:
    if crew_id is not None:
        district_id = store.crews.get(CrewId(crew_id)).district_id
        caller.must_see(district_id, "crew", crew_id=crew_id)


def _known(request: Request, tracker: Tracker) -> Tracker:
    """Let this process know at once; the others read it within seconds."""
    request.app.state.reception.registry.put(tracker)
    return tracker
