"""Roads from a pair of tables: nodes and edges, as CSV files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gis.cells import number, shown, text
from gis.crs import Floats, checked_lon_lat, distance_m
from gis.csvs import open_csv, read_csv
from gis.errors import EmptyInput, OffPlanet, UnknownColumn, UnreadableFile
from gis.roads.build import travel_ms
from gis.roads.graph import Flags, Int32s, Ints, RoadGraph, starts, validate
from gis.roads.speeds import CLASS_BY_NAME, RoadClass, speed_kmh
from gis.vectors import LAT_NAMES, LON_NAMES

MPS_KMH = 3.6

NODE_COLUMNS = {
    "id": ("node_id", "id", "osmid", "node"),
    "lon": LON_NAMES,
    "lat": LAT_NAMES,
}
EDGE_COLUMNS = {
    "from": ("from_node", "from", "source", "u", "start"),
    "to": ("to_node", "to", "target", "v", "end"),
    "id": ("edge_id", "id", "way_id", "osmid"),
    "length_m": ("length_m", "length"),
    "speed_mps": ("speed_mps",),
    "speed_kmh": ("speed_kmh", "speed_kph", "maxspeed"),
    "class": ("highway", "class"),
    "name": ("name", "street"),
    "oneway": ("oneway",),
}
_NEEDED = frozenset({"id", "lon", "lat", "from", "to"})
_LONGEST_ID = 18
_TRUE = frozenset({"1", "yes", "true", "t", "y"})


def is_node_table(path: Path) -> bool:
    """Say whether a CSV file has the columns of a node table; raises as `open_csv` does."""
    with open_csv(path) as stream:
        header = stream.header
    return all(_column(header, NODE_COLUMNS[name]) is not None for name in ("id", "lon", "lat"))


def read_tables(nodes_csv: Path, edges_csv: Path) -> RoadGraph:
    """Read roads from a node table and an edge table.

    An edge row is one direction, or both where the file has a `oneway` column and it says no. Two
    rows that join the same nodes in opposite directions with one length are one street. A given
    speed is taken as the speed driven; without one the class, or ROAD, says it.
    Lengths are metres; without them the straight line counts. Positions are WGS-84.

    Raises
    ------
    UnreadableFile
        If a file is damaged, or a row holds what cannot be read; the message names the row.
    UnknownColumn
        If a column needed is absent.
    EmptyInput
        If a table has no row.
    """
    nodes_csv, edges_csv = Path(nodes_csv), Path(edges_csv)
    nodes: dict[str, tuple[float, float]] = {}
    for cells in _rows(nodes_csv, NODE_COLUMNS):
        with cells as cell:
            if text(cell["id"]) in nodes:
                raise ValueError(f"node {shown(cell['id'])} was already given")
            nodes[text(cell["id"])] = checked_lon_lat(number(cell["lon"]), number(cell["lat"]))
    index = {name: at for at, name in enumerate(nodes)}
    places = np.array(list(nodes.values()))
    edges: list[_Edge] = []
    for cells in _rows(edges_csv, EDGE_COLUMNS):
        with cells as cell:
            edges.extend(_edges(cell, index, places, len(edges)))
    return _assemble(list(nodes), places, edges)


@dataclass(frozen=True, slots=True)
class _Edge:
    start: int
    end: int
    length_m: float
    speed_kmh: float
    road_class: RoadClass
    way: int
    name: str


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one row; as a context it puts file and row into what goes wrong inside."""

    path: Path
    row: int
    cells: Mapping[str, str]

    def __enter__(self) -> Mapping[str, str]:
        return self.cells

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError | OffPlanet):
            raise UnreadableFile(self.path, f"row {self.row}: {error}") from None


def _rows(path: Path, wanted: Mapping[str, Sequence[str]]) -> Iterator[_Cells]:
    header, records = read_csv(path)
    columns = {name: _column(header, names) for name, names in wanted.items()}
    for name in _NEEDED & columns.keys():
        if columns[name] is None and not (name == "id" and wanted is EDGE_COLUMNS):
            raise UnknownColumn(name, None, header)
    row = 0
    for row, record in enumerate(records, 1):
        if len(record) != len(header):
            raise UnreadableFile(path, f"row {row}: {len(record)} cells, the header {len(header)}")
        cells = {name: record[at] for name, at in columns.items() if at is not None}
        yield _Cells(path, row, cells)
    if row == 0:
        raise EmptyInput(path, "at least one row")


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    folded = [name.casefold() for name in header]
    return next((folded.index(name) for name in names if name in folded), None)


def _edges(
    cell: Mapping[str, str], index: Mapping[str, int], places: Floats, count: int
) -> list[_Edge]:
    for side in ("from", "to"):
        if text(cell[side]) not in index:
            raise ValueError(f"{side} names {shown(cell[side])}, which is no node")
    start, end = index[text(cell["from"])], index[text(cell["to"])]
    length_m = distance_m(*places[start], *places[end])
    if cell.get("length_m"):
        length_m = number(cell["length_m"])
    road_class = CLASS_BY_NAME.get(text(cell.get("class", "")), RoadClass.ROAD)
    speed = _speed_kmh(cell, road_class)
    if length_m < 0 or speed <= 0:
        raise ValueError(f"length {length_m} m at {speed} km/h cannot be driven")
    way = text(cell.get("id", ""))
    way_id = int(way) if way.isdecimal() and len(way) <= _LONGEST_ID else count + 1
    name = text(cell.get("name", ""))
    ahead = _Edge(start, end, length_m, speed, road_class, way_id, name)
    if "oneway" not in cell or text(cell["oneway"]).casefold() in _TRUE:
        return [ahead]
    return [ahead, replace(ahead, start=end, end=start)]


def _speed_kmh(cell: Mapping[str, str], road_class: RoadClass) -> float:
    if cell.get("speed_mps"):
        return number(cell["speed_mps"]) * MPS_KMH
    if cell.get("speed_kmh"):
        return number(cell["speed_kmh"])
    return speed_kmh(road_class)


def _assemble(ids: Sequence[str], places: Floats, edges: Sequence[_Edge]) -> RoadGraph:
    shape, against, ends = _shapes(edges)
    names = {name: at for at, name in enumerate(dict.fromkeys(["", *(e.name for e in edges)]))}
    length_m = np.array([edge.length_m for edge in edges])
    points = places[ends.ravel()]
    numeric = all(name.isdecimal() and len(name) <= _LONGEST_ID for name in ids)
    return validate(
        RoadGraph(
            node_id=np.array(
                [int(i) for i in ids] if numeric else range(1, len(ids) + 1), np.int64
            ),
            node_lon=places[:, 0],
            node_lat=places[:, 1],
            edge_from=np.array([edge.start for edge in edges], np.int32),
            edge_to=np.array([edge.end for edge in edges], np.int32),
            edge_length_m=length_m,
            edge_travel_ms=travel_ms(length_m, np.array([edge.speed_kmh for edge in edges])),
            edge_class=np.array([edge.road_class for edge in edges], np.uint8),
            edge_way=np.array([edge.way for edge in edges], np.int64),
            edge_name=np.array([names[edge.name] for edge in edges], np.int32),
            edge_shape=shape,
            edge_reversed=against,
            shape_start=starts(np.full(len(ends), 2)),
            shape_lon=points[:, 0],
            shape_lat=points[:, 1],
            names=tuple(names),
        )
    )


def _shapes(edges: Sequence[_Edge]) -> tuple[Int32s, Flags, Ints]:
    """Give shape and direction of every edge, and the end nodes of every shape, shape (s, 2)."""
    waiting: dict[tuple[int, int, float], list[int]] = {}
    shape: list[int] = []
    against: list[bool] = []
    ends: list[tuple[int, int]] = []
    for edge in edges:
        open_shapes = waiting.get((edge.end, edge.start, edge.length_m))
        if open_shapes and edge.start != edge.end:
            shape.append(open_shapes.pop())
            against.append(True)
            continue
        waiting.setdefault((edge.start, edge.end, edge.length_m), []).append(len(ends))
        shape.append(len(ends))
        against.append(False)
        ends.append((edge.start, edge.end))
    return np.array(shape, np.int32), np.array(against, np.bool_), np.array(ends, np.int64)
