"""Ask a free crew to stand by at a place from where it covers more."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.crew import Posting
from dispatch.domain.words import CrewId, DistrictId
from dispatch.domain.zone import Zone, first_there
from dispatch.errors import CrewBusy, CrewUnavailable, NoGoZone
from dispatch.journal import crew_event
from dispatch.ports import Store

LONGEST = timedelta(hours=12)
"""How long a crew without an end of its shift stands by at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCrew:
    """Which crew, where (EPSG:4326; `place` names it, empty in the street), who says so and why."""

    crew_id: CrewId
    lon: float
    lat: float
    place: str
    by: str
    reason: str


def post_crew(store: Store, command: PostCrew, *, now: datetime) -> Posting:
    """Keep where the crew stands by until it gets an order, its shift ends or somebody ends it.

    Raises
    ------
    NotFound
        There is no such crew.
    CrewUnavailable, CrewBusy
        It is not on shift, or holds an order.
    NoGoZone
        The place lies in a no-go zone in force, of the crew's district or of the place's own.
    """
    state = store.crews.state(command.crew_id, now)
    if not state.on_shift:
        raise CrewUnavailable("the crew is not on shift", crew_id=command.crew_id)
    if state.active_order_id is not None:
        raise CrewBusy("the crew holds an order", crew_id=command.crew_id)
    if (zone := _barring(store, command, state.works_for, now)) is not None:
        raise NoGoZone(
            f"the place lies in the no-go zone “{zone.name}”", zone_id=zone.id, name=zone.name
        )
    latest = now + LONGEST
    posting = Posting(
        crew_id=command.crew_id,
        lon=command.lon,
        lat=command.lat,
        place=command.place,
        by=command.by,
        asked_at=now,
        ends_at=min(state.leaves_at or latest, latest),
    )
    store.crews.post(posting)
    store.events.append(
        crew_event(
            state.crew,
            "posted",
            at=now,
            by=command.by,
            lon=command.lon,
            lat=command.lat,
            place=command.place,
            reason=command.reason,
        )
    )
    return posting


def _barring(store: Store, command: PostCrew, works_for: DistrictId, now: datetime) -> Zone | None:
    """The no-go zone that the place lies in; an order gives a reason to go in, waiting does not."""
    zones = store.zones.list_in_force(now)
    lon, lat = command.lon, command.lat
    districts = (works_for, store.directory.find_district(lon, lat))
    found = (first_there(zones, each, lon, lat, no_go=True) for each in districts)
    return next((zone for zone in found if zone is not None), None)
