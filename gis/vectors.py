"""Rows of any vector or CSV file, with refusals row by row.

The caller names the fields it wants; a mapping says under which column the file keeps each. What
comes out is WGS-84, whatever the file's own reference system or datum was.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from gis.cells import Parse, Value, number, shown, text
from gis.crs import Datum, Floats, to_wgs84
from gis.csvs import read_csv
from gis.errors import (
    EmptyInput,
    GisError,
    UnknownColumn,
    UnknownField,
    UnreadableFile,
    said_by_gdal,
)

LON_NAMES = ("lon", "lng", "long", "longitude", "x", "经度")
LAT_NAMES = ("lat", "latitude", "y", "纬度")
WKT_NAMES = ("wkt", "geometry", "geom", "the_geom")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken; `row` counts records from 1, without the header."""

    row: int
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was taken; `geometry` is WGS-84 and None only where the file holds none."""

    row: int
    values: Mapping[str, Value]
    geometry: BaseGeometry | None


@dataclass(frozen=True, slots=True)
class Table:
    """What a file gave: rows taken, rows refused, and the names of its columns."""

    rows: Sequence[Row]
    refusals: Sequence[Refusal]
    columns: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A field wanted from a file.

    Attributes
    ----------
    name
        Its name here; a column of that name, in any case, is taken when the mapping is silent.
    parse
        Turns a cell that is not empty into a value, or raises ValueError with the reason.
    required
        Without it a row is refused, and without its column the whole file.
    aliases
        Further column names looked for, in order, after `name`.
    unique
        A second row with the same value is refused.
    """

    name: str
    parse: Parse = text
    required: bool = True
    aliases: tuple[str, ...] = ()
    unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read a file, beyond its fields.

    Attributes
    ----------
    kinds
        Geometry types allowed, such as ("Point",); empty where a row needs no geometry.
    datum
        The datum of the positions, for files in degrees.
    layer
        Layer of a file with several; by default its first.
    crs
        Reference system of a file that does not name its own.
    """

    kinds: tuple[str, ...] = ("Point",)
    datum: Datum = Datum.WGS84
    layer: str | None = None
    crs: str | None = None


POINTS = Reading(kinds=("Point",))
POLYGONS = Reading(kinds=("Polygon", "MultiPolygon"))
NO_PLACE = Reading(kinds=())


def read_vector(
    path: Path, fields: Sequence[Field], mapping: Mapping[str, str], reading: Reading = POINTS
) -> Table:
    """Read the `fields` of every row, and its geometry in WGS-84.

    Parameters
    ----------
    path
        Any vector file that GDAL opens, or a CSV file (UTF-8, UTF-16 or GB18030; `,`, `;`, `|` or
        tab; plain, .gz, .bz2 or .xz) with `lon` and `lat` columns or a WKT column.
    fields
        What to take.
    mapping
        Field name to column name; `lon`, `lat` and `wkt` may be mapped for CSV files.
    reading
        Geometry allowed, datum, layer and reference system.

    Returns
    -------
    Table
        Rows and refusals in file order. A refusal's id is the first field's cell.

    Raises
    ------
    UnreadableFile
        If the file is absent, damaged, cut off or of unknown reference system.
    EmptyInput
        If it holds no row at all.
    UnknownColumn
        If a mapped or required column is absent.
    UnknownField
        If a column is mapped to a field that nobody asked for.
    """
    path = Path(path)
    if not path.is_file() and path.suffix.lower() != ".gdb":
        raise UnreadableFile(path, "there is no such file")
    if _is_csv(path):
        return _read_csv_rows(path, fields, mapping, reading)
    return _read_features(path, fields, mapping, reading)


def _is_csv(path: Path) -> bool:
    names = [suffix.lower() for suffix in path.suffixes[-2:]]
    return bool(names) and (
        names[-1] in {".csv", ".tsv", ".txt"}
        or (names[0] in {".csv", ".tsv", ".txt"} and names[-1] in {".gz", ".xz", ".bz2"})
    )


def _read_csv_rows(
    path: Path, fields: Sequence[Field], mapping: Mapping[str, str], reading: Reading
) -> Table:
    header, records = read_csv(path)
    places = [] if not reading.kinds else _place_fields(header, mapping)
    columns = _columns([*fields, *places], mapping, header, allowed=("lon", "lat", "wkt"))
    index = {name: header.index(column) for name, column in columns.items()}
    sieve = _Sieve(fields, reading)
    for cells in records:
        if len(cells) != len(header):
            first = index.get(fields[0].name, 0)
            name = cells[first] if first < len(cells) else ""
            sieve.refuse(name, f"has {len(cells)} cells where the header has {len(header)}")
            continue
        raw = {name: cells[at] for name, at in index.items()}
        sieve.take(raw, lambda raw=raw: _csv_place(raw, reading))  # type: ignore[misc]
    return sieve.table(path, header)


def _place_fields(header: Sequence[str], mapping: Mapping[str, str]) -> list[Field]:
    lon, lat = Field("lon", aliases=LON_NAMES), Field("lat", aliases=LAT_NAMES)
    wkt = Field("wkt", aliases=WKT_NAMES)
    if {"lon", "lat"} & mapping.keys():
        return [lon, lat]
    if "wkt" in mapping or (_find(wkt, header) is not None and _find(lon, header) is None):
        return [wkt]
    return [lon, lat]


def _csv_place(raw: Mapping[str, Value], reading: Reading) -> BaseGeometry | None:
    if not reading.kinds:
        return None
    if "wkt" in raw:
        try:
            return _in_wgs84(shapely.from_wkt(str(raw["wkt"])), reading)
        except shapely.errors.GEOSException:
            raise ValueError(f"{shown(raw['wkt'])} is not WKT") from None
    lon, lat = _coordinate("lon", raw["lon"]), _coordinate("lat", raw["lat"])
    return shapely.Point(to_wgs84(lon, lat, reading.datum))


def _coordinate(name: str, value: Value) -> float:
    if _missing(value):
        raise ValueError(f"{name} is empty")
    try:
        return number(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _read_features(
    path: Path, fields: Sequence[Field], mapping: Mapping[str, str], reading: Reading
) -> Table:
    frame = _open_frame(path, reading.layer)
    header = [name for name in frame.columns if name != "geometry"]
    columns = _columns(fields, mapping, header, allowed=())
    geometries: Iterable[BaseGeometry | None] = [None] * len(frame)
    if reading.kinds:
        geometries = _frame_in_degrees(path, frame, reading)
    cells = {name: frame[column].tolist() for name, column in columns.items()}
    sieve = _Sieve(fields, reading)
    for at, geometry in enumerate(geometries):
        raw = {name: column[at] for name, column in cells.items()}
        sieve.take(raw, lambda geometry=geometry: _in_wgs84(geometry, reading))  # type: ignore[misc]
    return sieve.table(path, header)


def _open_frame(path: Path, layer: str | None) -> geopandas.GeoDataFrame:
    try:
        promised = pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"]
        frame = geopandas.read_file(path, layer=layer, engine="pyogrio")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise UnreadableFile(path, said_by_gdal(error)) from None
    except (shapely.errors.ShapelyError, RuntimeError, ValueError, OSError) as error:
        raise UnreadableFile(path, f"damaged: {error}") from None
    if 0 <= promised != len(frame):
        raise UnreadableFile(path, f"cut off: {len(frame)} of {promised} rows can be read")
    return frame


def _frame_in_degrees(
    path: Path, frame: geopandas.GeoDataFrame, reading: Reading
) -> Iterable[BaseGeometry | None]:
    if "geometry" not in frame.columns:
        raise UnreadableFile(path, f"its rows have no geometry; expected {_kinds(reading)}")
    if frame.crs is None:
        if reading.crs is None:
            raise UnreadableFile(path, "it names no coordinate reference system")
        frame = frame.set_crs(reading.crs)
    whole: np.ndarray[tuple[int], np.dtype[np.object_]] = frame.geometry.to_crs(4326).to_numpy()
    return whole


def _in_wgs84(geometry: BaseGeometry | None, reading: Reading) -> BaseGeometry | None:
    if not reading.kinds:
        return None
    if geometry is None or geometry.is_empty:
        raise ValueError(f"has no geometry; expected {_kinds(reading)}")
    geometry = _single(shapely.force_2d(geometry), reading)
    if geometry.geom_type not in reading.kinds:
        raise ValueError(f"is a {geometry.geom_type}; expected {_kinds(reading)}")
    geometry = shapely.transform(geometry, lambda places: _checked(places, reading.datum))
    if not geometry.is_valid:
        raise ValueError(f"is not a valid shape: {shapely.is_valid_reason(geometry)}")
    return geometry


def _checked(places: Floats, datum: Datum) -> Floats:
    return np.array([to_wgs84(lon, lat, datum) for lon, lat in places.tolist()]).reshape(-1, 2)


def _single(geometry: BaseGeometry, reading: Reading) -> BaseGeometry:
    """Open a collection of one, where only its member's type is allowed."""
    if geometry.geom_type in reading.kinds or shapely.get_num_geometries(geometry) != 1:
        return geometry
    return shapely.get_geometry(geometry, 0)


def _kinds(reading: Reading) -> str:
    return " or ".join(reading.kinds)


def _columns(
    fields: Sequence[Field],
    mapping: Mapping[str, str],
    header: Sequence[str],
    *,
    allowed: Sequence[str],
) -> dict[str, str]:
    """Say which column holds each field; raises UnknownColumn, UnknownField."""
    known = [wanted.name for wanted in fields]
    for name, column in mapping.items():
        if name not in known and name not in allowed:
            raise UnknownField(name, column, known)
        if column not in header:
            raise UnknownColumn(name, column, list(header))
    found = {}
    for wanted in fields:
        present = mapping.get(wanted.name) or _find(wanted, header)
        if present is not None:
            found[wanted.name] = present
        elif wanted.required:
            raise UnknownColumn(wanted.name, None, list(header))
    return found


def _find(wanted: Field, header: Sequence[str]) -> str | None:
    folded = {column.strip().casefold(): column for column in reversed(header)}
    for name in (wanted.name, *wanted.aliases):
        if name.casefold() in folded:
            return folded[name.casefold()]
    return None


def _missing(value: Value) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or str(value).strip() in {"", "NaT", "<NA>", "nan", "None"}
    )


@dataclass(slots=True)
class _Sieve:
    """Sorts rows into taken and refused, in order."""

    fields: Sequence[Field]
    reading: Reading
    rows: list[Row] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    seen: dict[str, dict[Value, int]] = field(default_factory=dict)
    count: int = 0

    def take(self, raw: Mapping[str, Value], place: Callable[[], BaseGeometry | None]) -> None:
        """Take the row, or refuse it with the first reason found."""
        self.count += 1
        try:
            values = {wanted.name: self._value(wanted, raw) for wanted in self.fields}
            geometry = place()
        except (ValueError, GisError) as error:
            self._note(raw.get(self.fields[0].name), str(error))
            return
        for wanted in self.fields:
            if wanted.unique and values[wanted.name] is not None:
                self.seen.setdefault(wanted.name, {})[values[wanted.name]] = self.count
        self.rows.append(Row(self.count, values, geometry))

    def refuse(self, name: Value, reason: str) -> None:
        """Refuse a row before its cells are looked at."""
        self.count += 1
        self._note(name, reason)

    def table(self, path: Path, header: Sequence[str]) -> Table:
        """Close the reading; raises EmptyInput where no row was seen."""
        if not self.count:
            raise EmptyInput(path, "at least one row")
        return Table(self.rows, self.refusals, tuple(header))

    def _value(self, wanted: Field, raw: Mapping[str, Value]) -> Value:
        cell = raw.get(wanted.name)
        if _missing(cell):
            if wanted.required:
                raise ValueError(f"{wanted.name} is empty")
            return None
        try:
            value = wanted.parse(cell)
        except ValueError as error:
            raise ValueError(f"{wanted.name}: {error}") from None
        first = self.seen.get(wanted.name, {}).get(value) if wanted.unique else None
        if first is not None:
            raise ValueError(f"{wanted.name} {shown(value)} was already given in row {first}")
        return value

    def _note(self, name: Value, reason: str) -> None:
        label = "" if _missing(name) else str(name).strip()[:80]
        self.refusals.append(Refusal(self.count, label, reason))
