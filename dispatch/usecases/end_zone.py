"""A zone ends before its time, or gets another end."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.words import ZoneId
from dispatch.domain.zone import Zone
from dispatch.errors import Forbidden, NotFound
from dispatch.journal import zone_events
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class EndZone:
    """Which zone ends now, by whose word, with which districts (None: all)."""

    zone_id: ZoneId
    within: Collection[str] | None
    by: str


def end_zone(store: Store, command: EndZone, *, now: datetime) -> Zone:
    """End a zone; one that is over stays as it is.

    Raises
    ------
    NotFound, Forbidden
        No such zone in the caller's districts; it holds in others besides.
    """
    before = _locked(store, command.zone_id, command.within)
    zone = before.end(at=now, by=command.by)
    if zone is not before:
        _keep(store, zone, "ended", by=command.by, now=now)
    return zone


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveZoneEnd:
    """Which zone holds until when (None: until somebody ends it), by whose word."""

    zone_id: ZoneId
    ends_at: datetime | None
    within: Collection[str] | None
    by: str


def move_zone_end(store: Store, command: MoveZoneEnd, *, now: datetime) -> Zone:
    """Give a zone another end.

    Raises
    ------
    InvalidInput, IllegalStep
        The time cannot be meant; the zone is over.
    NotFound, Forbidden
        As for ending it.
    """
    before = _locked(store, command.zone_id, command.within)
    zone = before.move_end(command.ends_at, now=now)
    if zone != before:
        _keep(store, zone, "moved", by=command.by, now=now, before=before.ends_at)
    return zone


def _locked(store: Store, zone_id: ZoneId, within: Collection[str] | None) -> Zone:
    """Lock a zone; who sees only a part of it may not change the whole."""
    zone = store.zones.lock(zone_id)
    if within is not None and zone.districts.isdisjoint(within):
        raise NotFound("zone", id=zone_id)
    if within is not None and not zone.districts <= frozenset(within):
        raise Forbidden("the zone holds in districts besides yours")
    return zone


def _keep(store: Store, zone: Zone, kind: str, *, by: str, now: datetime, **body: object) -> None:
    store.zones.save(zone)
    for event in zone_events(zone, kind, at=now, by=by, **body):
        store.events.append(event)
