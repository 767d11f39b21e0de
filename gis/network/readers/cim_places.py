"""Where the Locations of CIM files are, whatever reference systems they name."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
from shapely import LineString, Point

from gis.crs import reference_system
from gis.network.readers.cim_file import CimFile, Thing
from gis.network.readers.positions import nowhere, on_earth, stated_system

LOCATIONS = ("Location", "WorkLocation", "UsagePointLocation", "ServiceLocation")


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The points of each Location by its id, EPSG:4326; or why it has no usable ones."""

    points: Mapping[str, list[tuple[float, float]]]
    trouble: Mapping[str, str]

    def point(self, location: str | None) -> Point | None:
        """Return the first point of a location, None where it has none; raises ValueError."""
        found = self._found(location)
        return Point(found[0]) if found else None

    def line(self, location: str | None) -> LineString | None:
        """Return the line of a location, None where it has fewer than two places."""
        found = self._found(location)
        return LineString(found) if len(set(found)) > 1 else None

    def _found(self, location: str | None) -> list[tuple[float, float]]:
        if location is not None and location in self.trouble:
            raise ValueError(self.trouble[location])
        return self.points.get(location or "", [])


def read_places(found: CimFile, path: Path, crs: str | None) -> Places:
    """Bring the points of every location to EPSG:4326.

    `crs` goes before what the files name. Raises UnreadableFile where positions are in a system
    that is unknown, such as a drawing's own, or in none, and `crs` does not say what it is.
    """
    stated = stated_system(path, crs)
    systems: dict[str | None, pyproj.CRS] = {}
    rows: dict[str | None, list[tuple[str, float, float, float]]] = defaultdict(list)
    trouble: dict[str, str] = {}
    for thing in found.all_of("PositionPoint"):
        location = thing.find("Location") or ""
        try:
            order, x, y = _place(thing)
        except ValueError as error:
            trouble[location] = f"its position: {error}"
            continue
        name = None if stated is not None else _system_name(found, location)
        if name not in systems:
            systems[name] = stated if stated is not None else _system(path, name)
        rows[name].append((location, order, x, y))
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, places in rows.items():
        places.sort(key=lambda row: (row[0], row[1]))
        xy = np.array([(x, y) for _, _, x, y in places], np.float64).reshape(-1, 2)
        lon_lat, is_placed = on_earth(xy, systems[name])
        for (location, _, x, y), place, is_good in zip(
            places, lon_lat.tolist(), is_placed.tolist(), strict=True
        ):
            if is_good:
                points[location].append((place[0], place[1]))
            else:
                trouble[location] = f"its position {x:g}, {y:g} is no place on Earth"
    return Places(points, trouble)


def _place(thing: Thing) -> tuple[float, float, float]:
    x, y = thing.number("xPosition"), thing.number("yPosition")
    if x is None or y is None:
        raise ValueError("xPosition or yPosition is not given")
    return thing.number("sequenceNumber") or 0.0, x, y


def _system_name(found: CimFile, location: str) -> str:
    place = found.find(location, *LOCATIONS)
    system = place and found.find(place.find("CoordinateSystem"), "CoordinateSystem")
    return (system and system.find("crsUrn")) or ""


def _system(path: Path, name: str | None) -> pyproj.CRS:
    try:
        return reference_system(name or "")
    except ValueError:
        said = f"in {name!r}, which is no place on Earth" if name else "in no named system"
        raise nowhere(path, f"its positions are {said}") from None
