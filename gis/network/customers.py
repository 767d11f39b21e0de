"""Customers from any vector or CSV file, a part at a time, so that millions need little memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from shapely import Point

from gis.crs import Datum, checked_lon_lat, to_wgs84
from gis.csvs import CsvStream, is_csv, open_csv
from gis.errors import EmptyInput, OffPlanet, UnknownColumn, UnknownField
from gis.network.model import Refusal, UsagePoint
from gis.network.readers.layers import CUSTOMER_COLUMNS, usage_point
from gis.network.readers.records import Record, Seen, take
from gis.network.readers.source import Layer, open_source
from gis.vectors import LAT_NAMES, LON_NAMES

CHUNK_ROWS = 20_000
CUSTOMERS = "customers"

_TROUBLE = "(width)"
_ALIASES = {"lon": LON_NAMES, "lat": LAT_NAMES}


@dataclass(frozen=True, slots=True)
class CustomerChunk:
    """A part of a file: what was taken of its rows and what was refused."""

    usage_points: tuple[UsagePoint, ...]
    refusals: tuple[Refusal, ...]


def read_customers(
    path: Path | str,
    mapping: Mapping[str, str] | None = None,
    datum: Datum = Datum.WGS84,
    chunk_rows: int = CHUNK_ROWS,
) -> Iterator[CustomerChunk]:
    """Read customers of a file, `chunk_rows` rows at a time.

    Parameters
    ----------
    path
        A CSV file (UTF-8, UTF-16 or GB18030; `,`, `;`, `|` or tab; plain, .gz, .bz2 or .xz) with
        `lon` and `lat` columns, or any vector file with points that GDAL opens, of any reference
        system.
        Of a file with several layers that called "customers" is read, else the first.
    mapping
        Field to column, for columns that are not called as the field: the columns of the layer
        "customers" in docs/formats.md, and `lon` and `lat` for CSV. Only `account` is needed.
    datum
        The datum of the positions.

    Yields
    ------
    CustomerChunk
        Rows in file order. An account that came before is refused. A row without position is
        taken, without a point.

    Raises
    ------
    UnreadableFile
        If the file is absent, damaged or cut off; of a file that is read to its end in parts, this
        may show only after some parts were given.
    UnknownColumn
        If `account` has no column, or a mapped column does not exist.
    UnknownField
        If a column is mapped to a field that there is not.
    EmptyInput
        If the file holds no row.
    """
    path = Path(path)
    chunks = _csv_chunks if is_csv(path) else _layer_chunks
    seen = Seen()
    for layer in chunks(path, mapping or {}, chunk_rows):
        taken, refused = take(layer, "account", lambda row: _customer(row, datum), seen)
        yield CustomerChunk(tuple(taken), tuple(refused))
    if not seen.rows:
        raise EmptyInput(path, "at least one customer")


def _customer(row: Record, datum: Datum) -> UsagePoint:
    _check_width(row)
    point = row.find_point() if row.layer.shapes is not None else _lon_lat(row)
    if point is not None and datum is not Datum.WGS84:
        point = Point(to_wgs84(point.x, point.y, datum))
    return usage_point(row, point)


def _check_width(row: Record) -> None:
    """Refuse a CSV record that has more or fewer cells than the header."""
    trouble = row.find_text(_TROUBLE)
    if trouble is not None:
        raise ValueError(trouble)


def _lon_lat(row: Record) -> Point | None:
    lon, lat = (row.find_number(name, least=float("-inf")) for name in ("lon", "lat"))
    if lon is None and lat is None:
        return None
    if lon is None or lat is None:
        raise ValueError(f"{'lon' if lon is None else 'lat'} is empty; expected a number")
    try:
        return Point(checked_lon_lat(lon, lat))
    except OffPlanet as error:
        raise ValueError(str(error)) from None


def _csv_chunks(path: Path, mapping: Mapping[str, str], rows: int) -> Iterator[Layer]:
    with open_csv(path) as stream:
        columns = _columns((*CUSTOMER_COLUMNS, "lon", "lat"), mapping, stream.header)
        places = {field: stream.header.index(column) for field, column in columns.items()}
        while records := list(islice(stream.records, rows)):
            yield _csv_layer(path, records, places, stream)


def _csv_layer(
    path: Path, records: Sequence[Sequence[str]], places: Mapping[str, int], stream: CsvStream
) -> Layer:
    width = len(stream.header)
    whole = [record if len(record) == width else [*record, *[""] * width] for record in records]
    cells: dict[str, list[object]] = {
        field: [record[place] for record in whole] for field, place in places.items()
    }
    cells[_TROUBLE] = [
        None if len(record) == width else f"it has {len(record)} cells; expected {width}"
        for record in records
    ]
    return Layer(name=path.stem, count=len(records), columns=cells, shapes=None)


def _layer_chunks(path: Path, mapping: Mapping[str, str], rows: int) -> Iterator[Layer]:
    with open_source(path) as source:
        name = CUSTOMERS if source.has(CUSTOMERS) else next(iter(source.places))
        columns = _columns(CUSTOMER_COLUMNS, mapping, source.describe(name)[0])
        for layer in source.chunks(name, list(columns.values()), rows):
            cells = {field: layer.columns[column.casefold()] for field, column in columns.items()}
            yield Layer(
                name=layer.name,
                count=layer.count,
                columns=cells,
                shapes=layer.shapes or [None] * layer.count,
                trouble=layer.trouble,
            )


def _columns(
    fields: Sequence[str], mapping: Mapping[str, str], header: Sequence[str]
) -> dict[str, str]:
    """Say which column holds each field; raises UnknownColumn, UnknownField."""
    for field, column in mapping.items():
        if field not in fields:
            raise UnknownField(field, column, fields)
        if column not in header:
            raise UnknownColumn(field, column, list(header))
    folded = {column.strip().casefold(): column for column in reversed(header)}
    found = dict(mapping)
    for field in fields:
        names = _ALIASES.get(field, (field,))
        present = [folded[name] for name in names if name in folded]
        if present:
            found.setdefault(field, present[0])
    if "account" not in found:
        raise UnknownColumn("account", None, list(header))
    return found
