"""Zones that somebody declared: storms, floods, fires, ground nobody may enter."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import shapely

from dispatch.domain.words import DistrictId, ZoneId
from dispatch.domain.zone import Zone


class Zones(Protocol):
    """What was declared, and where it reaches."""

    def lock(self, zone_id: ZoneId) -> Zone: ...
    def add(self, zone: Zone) -> Zone:
        """Keep a new zone; it comes back with its number."""
        ...

    def save(self, zone: Zone) -> None: ...
    def list_in_force(self, now: datetime) -> Sequence[Zone]:
        """Every zone that holds now, the oldest first; read once in a transaction."""
        ...

    def districts_reached(self, area: shapely.Polygon) -> frozenset[DistrictId]:
        """Districts whose boundary an outline touches."""
        ...
