"""Small inputs for the loaders, and what the tables hold afterwards."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import geopandas
from shapely import Point, Polygon, box
from sqlalchemy import Connection, text

from dispatch.store.loading.files import How, load
from dispatch.store.loading.report import LoadReport
from gis.network.notation import parse
from gis.network.readers.layers import write_layers

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ORIGIN = Point(115.9, 28.6)

TWO_FEEDERS = """
[F1<S1] -B:cb1- a(T1:12) -250- b -F:k1- c(T2:3)
                            b -R:r1- d(T3:30)
d -/L:tie/- e
[F2<S1] -B:cb2- f -- e(T4:5)
"""

LOADED = (
    *("district", "area_map", "area", "substation", "feeder", "device", "switch"),
    *(
        "line_section",
        "transformer",
        "address_text",
        "usage_point",
        "usage_point_phone",
        "network_problem",
    ),
    *("place", "road_graph", "road_line", "load_receipt", "crew", "shift", "shift_pattern"),
)


def a_network(folder: Path, drawing: str, name: str = "net.gpkg") -> Path:
    """A network file of ours, drawn in the notation."""
    path = folder / name
    path.unlink(missing_ok=True)
    write_layers(parse(drawing, origin=ORIGIN), path)
    return path


def a_csv(folder: Path, name: str, rows: Iterable[Sequence[object]]) -> Path:
    path = folder / name
    lines = (",".join("" if cell is None else str(cell) for cell in row) for row in rows)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def a_vector(
    folder: Path, name: str, rows: list[dict[str, object]], crs: str | None = "EPSG:4326"
) -> Path:
    path = folder / name
    geopandas.GeoDataFrame(rows, geometry="geometry", crs=crs).to_file(path)
    return path


def west_and_east(folder: Path, border: float = 115.9030) -> Path:
    """Two districts that part the drawing at `border`."""
    halves: list[tuple[str, Polygon]] = [
        ("west", box(115.0, 28.0, border, 29.0)),
        ("east", box(border, 28.0, 117.0, 29.0)),
    ]
    rows = [{"id": id_, "name": id_.title(), "geometry": half} for id_, half in halves]
    return a_vector(folder, "districts.geojson", rows)


def take(connection: Connection, what: str, *paths: Path, how: How | None = None) -> LoadReport:
    return load(connection, what, paths, how, now=NOW)


def content(connection: Connection, *tables: str) -> dict[str, tuple[int, str]]:
    """Row count and hash of every table that loads write, or of `tables`."""
    found = {}
    for table in tables or LOADED:
        row = connection.execute(
            text(
                f"SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')"
                f" FROM {table} t"
            )
        ).one()
        found[table] = (row[0], row[1])
    return found


def rows(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(sql))]


def feeder_of_transformers(connection: Connection) -> dict[str, str | None]:
    return dict(connection.execute(text("SELECT id, feeder_id FROM transformer")).all())  # type: ignore[arg-type]


def head_customers(connection: Connection) -> dict[str, int]:
    sql = "SELECT feeder_id, customers FROM device WHERE parent_id IS NULL"
    return dict(connection.execute(text(sql)).all())  # type: ignore[arg-type]
