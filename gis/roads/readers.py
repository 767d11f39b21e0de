"""Roads from whatever files a user has: what they hold decides, not what they are called."""

from collections.abc import Sequence
from pathlib import Path

from gis.errors import UnreadableFile
from gis.roads.graph import RoadGraph
from gis.roads.osm import Progress, osm_format, read_osm
from gis.roads.tables import is_node_table, read_tables

PAIR = 2


def read_roads(paths: Sequence[Path], progress: Progress | None = None) -> RoadGraph:
    """Read roads from one OpenStreetMap or GraphML file, or from a node and an edge table.

    The two tables may come in either order. Connected or not, everything is kept; see
    `RoadGraph.largest_part`.

    Raises
    ------
    UnreadableFile
        If a file is absent, damaged, cut off, or none of these.
    EmptyInput
        If there is no drivable road.
    UnknownColumn
        If a table lacks a column.
    """
    files = [Path(path) for path in paths]
    if len(files) == PAIR:
        nodes, edges = files if is_node_table(files[0]) else reversed(files)
        return read_tables(nodes, edges)
    if len(files) != 1:
        listed = ", ".join(map(str, files)) or "nothing"
        raise UnreadableFile(listed, "roads are one file, or a node and an edge table")
    (path,) = files
    if osm_format(path) is not None:
        return read_osm(path, progress)
    if _is_graphml(path):
        from gis.roads.interchange import read_graphml  # noqa: PLC0415 (osmnx takes seconds)

        return read_graphml(path)
    raise UnreadableFile(path, "it is neither OpenStreetMap data nor GraphML; tables come in pairs")


def _is_graphml(path: Path) -> bool:
    with path.open("rb") as file:
        return b"<graphml" in file.read(2048)
