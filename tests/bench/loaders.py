"""Rows per second of the loaders, against geopandas merely reading the same file.

The files are those of the demo county. Each load is the whole of it: read, checked, stored,
traced, committed. What is no row of the input (events, indexes, drawings) is not counted.
"""

import csv
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pyogrio
from sqlalchemy import Engine

from api import processes
from api.settings import Settings
from dispatch.drill.county.county import County, generate
from dispatch.drill.county.files import write
from dispatch.store.cluster import cluster
from dispatch.store.loading.files import load
from dispatch.store.transaction import open_engine
from tests.bench.rows import Row

SEED, CUSTOMERS = 7, 50_000


def rows() -> list[Row]:
    folder = Path(tempfile.mkdtemp(prefix="relight-bench-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        county = generate(SEED, CUSTOMERS)
        files = {**write(county, folder / "county"), "customers": folder / "customers.csv"}
        _write_customers(county, files["customers"])
        with cluster(folder / "home", program="the benchmark") as url:
            engine = open_engine(url, connections=2, patience_s=600)
            processes.prepare(engine, Settings())
            for what in ("districts", "areas"):
                _load(engine, what, files[what])
            kinds = ("roads", "network", "customers")
            found = [row for what in kinds for row in _rows_of(engine, what, files[what])]
            engine.dispose()
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _load(engine: Engine, what: str, path: Path) -> None:
    with engine.begin() as connection:
        load(connection, what, [path], now=datetime.now(UTC))


def _rows_of(engine: Engine, what: str, path: Path) -> list[Row]:
    read = 0

    def read_all() -> None:
        nonlocal read
        layers = [str(layer) for layer, _ in pyogrio.list_layers(path)]
        read = sum(len(gpd.read_file(path, layer=layer)) for layer in layers)

    def load_all() -> None:
        _load(engine, what, path)

    reading_s, loading_s, again_s = _seconds(read_all), _seconds(load_all), _seconds(load_all)
    group = f"{what} ({path.suffix[1:]}, {read:,} rows)"
    return [
        Row(group, "geopandas.read_file only", read / reading_s, "rows/s", 1.0),
        Row(group, "relight load", read / loading_s, "rows/s", reading_s / loading_s),
        Row(group, "relight load, again", again_s * 1000, "ms", note="recognised, nothing changes"),
    ]


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _write_customers(county: County, path: Path) -> None:
    """As many customers again, new ones, on the same transformers."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["account", "meter", "name", "phones", "address", "lon", "lat"])
        for each in county.network.usage_points:
            place = each.point
            table.writerow(
                [
                    f"N{each.account}",
                    f"N{each.meter}",
                    each.name,
                    ";".join(each.phones),
                    each.address,
                    "" if place is None else place.x,
                    "" if place is None else place.y,
                ]
            )
