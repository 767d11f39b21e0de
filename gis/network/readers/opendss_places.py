"""Where the buses of an OpenDSS circuit are: files of `bus, x, y`, on a plane or in degrees."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyproj
from shapely import LineString, Point

from gis.cells import named_number
from gis.crs import MAX_LAT, MAX_LON, Floats
from gis.network.model import Refusal
from gis.network.readers.opendss_script import Script, read_text
from gis.network.readers.positions import nowhere, on_earth, stated_system

DECIMALS = 4
"""Degrees on a map are written to at least so many decimals (11 m); a plan of integers is none."""

_PLACE = 3


@dataclass(slots=True, eq=False)
class Places:
    """Positions by bus in lower case, EPSG:4326; and which lines of the files were refused."""

    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)

    def point(self, *buses: str) -> Point | None:
        """Return the middle of the buses that have a position, None where none has."""
        found = [self.points[bus] for bus in buses if bus in self.points]
        if not found:
            return None
        return Point(sum(x for x, _ in found) / len(found), sum(y for _, y in found) / len(found))

    def line(self, one: str, other: str) -> LineString | None:
        """Return the straight line between two buses, None where a place is not known or one."""
        ends = self.points.get(one), self.points.get(other)
        if ends[0] is None or ends[1] is None or ends[0] == ends[1]:
            return None
        return LineString(ends)


@dataclass(slots=True, eq=False)
class _Table:
    path: Path
    buses: list[str]
    xy: Floats
    refusals: list[Refusal]
    shortest: int

    @property
    def in_degrees(self) -> bool:
        """Whether the numbers are as degrees are: within the globe, and fine enough to be used."""
        within = np.abs(self.xy) <= (MAX_LON, MAX_LAT)
        return bool(within.all()) and self.shortest >= DECIMALS


def read_places(script: Script, crs: str | None) -> Places:
    """Read the positions of the buses of a script.

    Parameters
    ----------
    script
        Its `Buscoords` and `LatLongCoords` are read in order, a later position going before an
        earlier one; without either there are no positions.
    crs
        The reference system of `Buscoords`. If None they must be longitude and latitude with
        DECIMALS decimals at least, or a file beside the master whose name says both "lat" and
        "lon" must give every bus in degrees, in the order its name says.

    Raises
    ------
    UnreadableFile
        If a file is not there or no text, or its positions have no place on Earth that is known.
    """
    system = stated_system(script.master, crs)
    points: dict[str, tuple[float, float]] = {}
    refusals: list[Refusal] = []
    for path, is_lat_lon in script.coordinates:
        table = _swapped(_table(path)) if is_lat_lon else _table(path)
        if table.buses and not is_lat_lon:
            table = _on_earth(table, script, system)
        _add(table, points, refusals)
    return Places(points, refusals)


def _on_earth(table: _Table, script: Script, system: pyproj.CRS | None) -> _Table:
    if system is not None:
        table.xy, _ = on_earth(table.xy, system)
        return table
    if table.in_degrees:
        return table
    instead = _geographic(script.master.parent)
    if instead is not None:
        return instead
    x, y = table.xy[0].tolist()
    raise nowhere(
        table.path,
        f"it puts bus {table.buses[0]} at {x:g}, {y:g}, on a plane that it does not name",
        ", or put a file of bus, longitude and latitude called lon_lat_buscoords.txt beside the"
        " master",
    )


def geographic_files(folder: Path) -> list[Path]:
    """Return the files of a folder that by their names hold coordinates in lat and lon."""
    named = ("lat", "lon", "coord")
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    return [path for path in files if all(word in path.name.casefold() for word in named)]


def _geographic(folder: Path) -> _Table | None:
    """Find a file of degrees beside the master, by its name and by what is in it."""
    for path in geographic_files(folder):
        name = path.name.casefold()
        table = _table(path)
        table = _swapped(table) if name.find("lat") < name.find("lon") else table
        if table.buses and table.in_degrees:
            return table
    return None


def _swapped(table: _Table) -> _Table:
    return _Table(table.path, table.buses, table.xy[:, ::-1], table.refusals, table.shortest)


def _table(path: Path) -> _Table:
    buses: list[str] = []
    xy: list[tuple[float, float]] = []
    refusals: list[Refusal] = []
    decimals: list[int] = []
    for row, cells in _rows(path):
        try:
            place = _place(cells)
        except ValueError as error:
            if row > 1 or buses:
                refusals.append(Refusal(layer=path.name, row=row, id=cells[0], reason=str(error)))
            continue
        buses.append(cells[0].casefold())
        xy.append(place)
        decimals.append(min(len(cell.partition(".")[2]) for cell in cells[1:_PLACE]))
    usual = int(np.median(decimals)) if decimals else 0
    return _Table(path, buses, np.array(xy, np.float64).reshape(-1, 2), refusals, usual)


def _place(cells: list[str]) -> tuple[float, float]:
    if len(cells) < _PLACE:
        raise ValueError(f"it has {len(cells)} cells; expected bus, x, y")
    return named_number("x", cells[1]), named_number("y", cells[2])


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    for row, line in enumerate(read_text(path).splitlines(), start=1):
        said = re.sub(r"(?:!|//).*", "", line).strip()
        if said:
            yield row, [cell.strip("\"'") for cell in re.split(r"[,;\s]+", said)]


def _add(table: _Table, points: dict[str, tuple[float, float]], refusals: list[Refusal]) -> None:
    refusals.extend(table.refusals)
    for bus, (lon, lat) in zip(table.buses, table.xy.tolist(), strict=True):
        if abs(lon) <= MAX_LON and abs(lat) <= MAX_LAT:
            points[bus] = lon, lat
        else:
            reason = f"lon {lon:g}, lat {lat:g} is no place on Earth"
            refusals.append(Refusal(layer=table.path.name, row=None, id=bus, reason=reason))
