"""The tables of one pandapower JSON file."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shapely import LineString, Point
from shapely.errors import ShapelyError

from gis import cells
from gis.crs import checked_lon_lat
from gis.errors import OffPlanet, UnreadableFile

Row = Mapping[str, object]

_TABLES = ("bus", "line", "trafo", "trafo3w", "switch", "load", "ext_grid")


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus; `id` is its name where no other bus has it. `point` is EPSG:4326."""

    index: int
    id: str
    name: str
    kv: float
    point: Point | None


@dataclass(frozen=True, slots=True, eq=False)
class PandapowerFile:
    """One file: its tables, rows by index, each row with `_index`, `_row` and `_id` of ours."""

    name: str
    tables: Mapping[str, Mapping[int, Row]]
    buses: Mapping[int, Bus]

    def rows(self, table: str) -> Mapping[int, Row]:
        """Return the rows of a table, none where the file has no such table."""
        return self.tables.get(table, {})

    @staticmethod
    def line_of(row: Row) -> LineString | None:
        """Return the line that a row draws, EPSG:4326, None where it draws none."""
        places = _coordinates(row.get("geo"))
        if not places:
            return None
        try:
            return LineString([checked_lon_lat(*_pair(place)) for place in places])
        except (OffPlanet, ShapelyError) as error:
            raise ValueError(f"geo: {error}") from None


def whole(row: Row, name: str) -> int:
    """Return a whole number of a row; raises ValueError with field, value and expectation."""
    found = number(row, name)
    if not found.is_integer():
        raise ValueError(f"{name} is {found:g}; expected a whole number")
    return int(found)


def number(row: Row, name: str) -> float:
    """Return a number of a row; raises ValueError with field, value and expectation."""
    if row.get(name) is None:
        raise ValueError(f"{name} is empty; expected a number")
    return cells.named_number(name, row[name])


def is_pandapower(path: Path) -> bool:
    """Whether the file says in its first bytes that pandapower wrote it."""
    with path.open("rb") as opened:
        return b"pandapower" in opened.read(400)


def load(path: Path) -> PandapowerFile:
    """Read the tables of a file; raises UnreadableFile."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(path, str(error)) from None
    except ValueError as error:
        raise UnreadableFile(path, f"it is not JSON, or cut off: {error}") from None
    try:
        content = document["_object"]
        tables = {name: _table(content[name], name) for name in _TABLES if name in content}
        buses = {index: _bus(row) for index, row in tables["bus"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"it is no network of pandapower: {type(error).__name__} {error}"
        raise UnreadableFile(path, reason) from None
    return PandapowerFile(name=path.stem, tables=tables, buses=buses)


def _table(packed: Mapping[str, object], kind: str) -> dict[int, Row]:
    if packed.get("orient", "split") != "split":
        raise ValueError(f"table {kind} has orient {packed['orient']!r}; expected 'split'")
    body = packed["_object"]
    split = json.loads(body) if isinstance(body, str) else body
    if not isinstance(split, dict):
        raise TypeError(f"table {kind} is no table")
    rows = [dict(zip(split["columns"], cells, strict=True)) for cells in split["data"]]
    names = Counter(str(row.get("name") or "") for row in rows)
    table: dict[int, Row] = {}
    for at, (index, row) in enumerate(zip(split["index"], rows, strict=True), start=1):
        name = str(row.get("name") or "")
        is_alone = bool(name) and names[name] == 1
        row |= {"_index": index, "_row": at, "_id": name if is_alone else f"{name or kind} {index}"}
        table[int(index)] = row
    return table


def _bus(row: Row) -> Bus:
    return Bus(
        index=whole(row, "_index"),
        id=str(row["_id"]),
        name=str(row.get("name") or ""),
        kv=number(row, "vn_kv"),
        point=_point(row.get("geo")),
    )


def _point(geo: object) -> Point | None:
    place = _coordinates(geo)
    if not place:
        return None
    try:
        return Point(checked_lon_lat(*_pair(place)))
    except OffPlanet as error:
        raise ValueError(str(error)) from None


def _coordinates(geo: object) -> list[object]:
    if not geo:
        return []
    shape = json.loads(geo) if isinstance(geo, str) else geo
    found = shape.get("coordinates") if isinstance(shape, dict) else None
    return found if isinstance(found, list) else []


def _pair(place: object) -> tuple[float, float]:
    match place:
        case [float() | int() as lon, float() | int() as lat, *_]:
            return float(lon), float(lat)
    raise ValueError(f"geo is {cells.shown(place)}; expected [lon, lat]")
