"""From files to what the loaders store, where the readers of `gis` need joining."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from shapely import Point

from dispatch.store.loading.report import LoadRefused, Progress, Refused, refused_of
from gis.cells import Value, number, shown, text
from gis.crs import Datum
from gis.geocode.address import Entry, EntryKind
from gis.network.customers import read_customers
from gis.network.model import UsagePoint
from gis.roads.graph import RoadGraph
from gis.roads.osm import osm_format, read_osm
from gis.roads.places import read_osm_places
from gis.roads.tables import is_node_table, read_tables
from gis.vectors import Field, Reading, read_vector

_PAIR = 2


def read_customer_rows(
    path: Path, mapping: Mapping[str, str], datum: Datum, refused: list[Refused]
) -> Iterator[UsagePoint]:
    """Read customers one by one; what is refused is added to `refused` on the way."""
    for chunk in read_customers(path, mapping, datum):
        refused.extend(refused_of("customers", chunk.refusals))
        yield from chunk.usage_points


@dataclass(frozen=True, slots=True)
class RoadFiles:
    """What road files gave: the graph, and the places of an OpenStreetMap file."""

    graph: RoadGraph
    entries: Sequence[Entry] = ()
    notes: Sequence[str] = ()


def read_road_files(paths: Sequence[Path], progress: Progress) -> RoadFiles:
    """Read one OpenStreetMap file, or a pair of tables: nodes and edges, in either order.

    Raises GisError where a file cannot be read, LoadRefused where their number does not fit.
    """
    if len(paths) == 1 and osm_format(paths[0]) is not None:
        graph = read_osm(paths[0], lambda ways: progress("reading roads", ways))
        progress("reading addresses and names")
        found = read_osm_places(paths[0])
        note = (
            f"{found.addresses} addresses, {found.complete} of them complete (number, street, city)"
        )
        return RoadFiles(graph, found.entries, [note])
    if len(paths) != _PAIR:
        raise LoadRefused(
            "roads come as one OpenStreetMap file (.osm, .osm.bz2, .osm.gz, .osm.pbf) or as two"
            f" CSV files, nodes and edges; this is neither: {', '.join(map(str, paths))}"
        )
    nodes, edges = paths if is_node_table(paths[0]) else reversed(paths)
    return RoadFiles(read_tables(nodes, edges))


def entry_kind(value: Value) -> EntryKind:
    """Read what kind of place a row is."""
    said = text(value).casefold()
    kinds = {kind.value: kind for kind in EntryKind if kind is not EntryKind.USAGE_POINT}
    if said not in kinds:
        raise ValueError(f"{shown(value)} is no kind of place; there are {', '.join(kinds)}")
    return kinds[said]


PLACE_FIELDS = (
    Field("id", aliases=("place_id", "osm_id", "code", "编号"), unique=True),
    Field("name", aliases=("名称",)),
    Field("kind", entry_kind, required=False, aliases=("类型",)),
    Field("address", required=False, aliases=("addr", "地址")),
    Field("extent_m", number, required=False),
)


def read_place_file(
    path: Path, mapping: Mapping[str, str], reading: Reading
) -> tuple[Sequence[Entry], list[Refused]]:
    """Read places from an OpenStreetMap file, or from any vector or CSV file of points."""
    if path.is_file() and osm_format(path) is not None:
        return read_osm_places(path).entries, []
    table = read_vector(path, PLACE_FIELDS, mapping, reading)
    entries = []
    for row in table.rows:
        values, point = row.values, row.geometry
        assert isinstance(point, Point)
        entries.append(
            Entry(
                id=str(values["id"]),
                kind=cast("EntryKind", values["kind"] or EntryKind.LANDMARK),
                name=str(values["name"]),
                address=str(values["address"] or ""),
                lon=point.x,
                lat=point.y,
                extent_m=cast("float | None", values["extent_m"]),
            )
        )
    return entries, refused_of("places", table.refusals)
