"""The screen of the devices that say where crews are: which are silent, wrong, or for nobody."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from api.access import TEACHERS
from api.callers import Caller, Calling
from api.house import House
from api.routers.frame import page
from api.routers.parts import Working
from dispatch.domain.crew import CrewState
from dispatch.domain.tracking import Tracker
from dispatch.domain.words import CrewId
from dispatch.ports import TrackerCount, UnknownTracker
from dispatch.store.reads import field as read
from dispatch.store.reads.trackers import clock_lags
from dispatch.store.trackers import PgTrackers
from dispatch.store.transaction import reading

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MOST_SHOWN = 200
MOST_UNKNOWN = 100
WRONG_CLOCK_S = 60.0

Wanted = Annotated[str, Query(max_length=100)]


class Standing(StrEnum):
    """How a device stands; what needs somebody first."""

    SILENT = "silent"
    WRONG_CLOCK = "wrong_clock"
    NEVER = "never"
    UNBOUND = "unbound"
    FINE = "fine"
    RESTING = "resting"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device with its crew, when it was heard, how its clock goes and what became of its fixes.

    `lag_s` is how long after its own time its fixes are here, negative for a clock ahead.
    """

    tracker: Tracker
    crew: CrewState | None
    seen_at: datetime | None
    lag_s: float | None
    counts: list[TrackerCount] = field(default_factory=list)
    now: datetime
    fresh: timedelta

    @property
    def standing(self) -> Standing:
        """How it stands; a device of a crew off shift may be silent."""
        if self.tracker.revoked_at is not None:
            return Standing.REVOKED
        if self.tracker.crew_id is None:
            return Standing.UNBOUND
        if self.seen_at is None:
            return Standing.NEVER
        if self.lag_s is not None and abs(self.lag_s) > WRONG_CLOCK_S:
            return Standing.WRONG_CLOCK
        on_shift = self.crew is not None and self.crew.on_shift
        if self.now - self.seen_at > self.fresh:
            return Standing.SILENT if on_shift else Standing.RESTING
        return Standing.FINE

    def has(self, wanted: str) -> bool:
        """Whether some word of it holds what is looked for."""
        tracker, crew = self.tracker, self.crew
        words = (tracker.id, tracker.label, tracker.vehicle or "", tracker.crew_id or "")
        name = "" if crew is None else crew.crew.name
        return any(wanted.casefold() in word.casefold() for word in (*words, name))


@router.get("/trackers")
def get_page(request: Request, caller: Calling, house: Working, q: Wanted = "") -> HTMLResponse:
    """The devices of the caller's districts, those that need somebody first."""
    return page(request, "trackers.html", caller=caller, **_values(house, caller, q))


@router.get("/trackers/parts")
def get_parts(request: Request, caller: Calling, house: Working, q: Wanted = "") -> HTMLResponse:
    """The same without the frame."""
    return page(request, "_trackers.html", caller=caller, **_values(house, caller, q))


def _values(house: House, caller: Caller, wanted: str) -> dict[str, Any]:
    now = house.now()
    with reading(house.engine) as connection:
        crews = {c.state.crew.id: c.state for c in read.crews_now(connection, caller.scope, now)}
        store = PgTrackers(connection)
        devices = _devices(house, store, crews, clock_lags(connection, now), caller)
        unknown = list(store.list_unknown()) if caller.scope is None else []
    found = [each for each in devices if each.has(wanted.strip())]
    order = list(Standing)
    found.sort(key=lambda each: (order.index(each.standing), each.tracker.id))
    tally = {each: sum(d.standing is each for d in devices) for each in Standing}
    return {
        "devices": found[:MOST_SHOWN],
        "left_out": max(0, len(found) - MOST_SHOWN),
        "tally": {each.value: count for each, count in tally.items() if count},
        "crews": sorted(crews.values(), key=lambda state: state.crew.name),
        "unknown": unknown[:MOST_UNKNOWN],
        "unknown_in_all": _in_all(unknown),
        "whole_company": caller.scope is None,
        "may_revoke": caller.role in TEACHERS,
        "q": wanted,
    }


def _devices(
    house: House,
    store: PgTrackers,
    crews: Mapping[CrewId, CrewState],
    lags: Mapping[str, float],
    caller: Caller,
) -> list[Device]:
    seen, counts = store.list_seen(), defaultdict[str, list[TrackerCount]](list)
    for each in store.list_counts():
        counts[each.tracker_id].append(each)
    return [
        Device(
            tracker=tracker,
            crew=None if tracker.crew_id is None else crews.get(tracker.crew_id),
            seen_at=seen.get(tracker.id),
            lag_s=lags.get(tracker.id),
            counts=counts[tracker.id],
            now=house.now(),
            fresh=house.policies.assignment.freshest_fix,
        )
        for tracker in store.list_all()
        if caller.scope is None or tracker.crew_id is None or tracker.crew_id in crews
    ]


def _in_all(unknown: list[UnknownTracker]) -> int:
    return sum(each.count for each in unknown)
