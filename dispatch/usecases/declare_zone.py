"""A dispatcher declares a storm, a flood, a fire, or ground that nobody may enter."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import shapely

from dispatch.domain.words import DistrictId, ZoneId
from dispatch.domain.zone import Zone, ZoneKind, check_end, check_start
from dispatch.errors import InvalidInput
from dispatch.journal import zone_events
from dispatch.ports import Store
from dispatch.ports.zones import Zones


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareZone:
    """What is declared, and by whom.

    Attributes
    ----------
    area
        A valid polygon, EPSG:4326.
    starts_at
        None: now.
    within
        The districts of whoever declares it; None for all.
    """

    kind: ZoneKind
    name: str
    area: shapely.Polygon
    starts_at: datetime | None
    ends_at: datetime | None
    within: Collection[str] | None
    by: str


def declare_zone(store: Store, command: DeclareZone, *, now: datetime) -> Zone:
    """Keep a zone; it holds in those districts of the caller that its outline reaches.

    Raises
    ------
    InvalidInput
        The time cannot be meant, or the outline reaches no district of the caller.
    """
    starts_at = command.starts_at or now
    check_start(starts_at, now=now)
    check_end(command.kind, starts_at, command.ends_at, now=now)
    zone = store.zones.add(
        Zone(
            id=ZoneId(0),
            kind=command.kind,
            name=command.name,
            area=command.area,
            districts=districts_reached(store.zones, command.area, command.within),
            starts_at=starts_at,
            ends_at=command.ends_at,
            by=command.by,
            declared_at=now,
        )
    )
    for event in zone_events(zone, "declared", at=now, by=command.by):
        store.events.append(event)
    return zone


def districts_reached(
    zones: Zones, area: shapely.Polygon, within: Collection[str] | None
) -> frozenset[DistrictId]:
    """The districts, of those `within` (None: all), that an outline reaches.

    Raises
    ------
    InvalidInput
        It reaches none.
    """
    reached = zones.districts_reached(area)
    if within is not None:
        reached &= frozenset(map(DistrictId, within))
    if not reached:
        raise InvalidInput("area", "none of your districts", "an outline that reaches one of them")
    return reached
