"""The base map: one PMTiles file made of the loaded roads, or tiles of the company's own server."""

import gzip
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection

from api.settings import BasemapSettings
from dispatch.store.reads import ground, map_layers
from gis.ground import read_ground

FILE = "basemap.pmtiles"
OSM_CREDIT = "© OpenStreetMap contributors, ODbL"
OSM_FILES = (".osm", ".osm.bz2", ".osm.gz", ".osm.pbf", ".pbf")
FROM_ZOOM, TO_ZOOM = 5, 14
_HEAD_BYTES = 127
_GZIP = 2
_REASON_CHARACTERS = 400


class BasemapFailed(Exception):
    """A base map could not be made; the one before is still there."""


@dataclass(frozen=True, slots=True)
class Basemap:
    """What the map draws under the network; `file` or `template`, or neither."""

    file: Path | None = None
    template: str = ""
    credit: str = ""

    @property
    def origin(self) -> str:
        """The other host that tiles come from, for the content security policy; '' for none."""
        parts = urlsplit(self.template)
        return re.sub(r"\{.*?\}", "*", f"{parts.scheme}://{parts.netloc}") if self.template else ""

    def shown(self) -> dict[str, str]:
        """What the page is told: `kind` (pmtiles, tiles, damaged, none), `url`, `credit`.

        The file is looked at each time: a new one is drawn by the next page that is opened.
        """
        if self.template:
            return {"kind": "tiles", "url": self.template, "credit": self.credit}
        if self.file is None:
            return {"kind": "none", "url": "", "credit": ""}
        try:
            stamp = self.file.stat().st_mtime_ns
            credit = credit_of(self.file)
        except FileNotFoundError:
            return {"kind": "none", "url": "", "credit": ""}
        except (OSError, ValueError):
            return {"kind": "damaged", "url": "", "credit": ""}
        url = f"/basemap/{stamp:x}.pmtiles"
        return {"kind": "pmtiles", "url": url, "credit": self.credit or credit}


def chosen(settings: BasemapSettings) -> Basemap:
    """The base map that the settings ask for."""
    said = settings.basemap
    if said == "none":
        return Basemap()
    if said.startswith(("http://", "https://")):
        return Basemap(template=said, credit=settings.basemap_credit)
    return Basemap(
        file=Path(said) if said else settings.home / FILE, credit=settings.basemap_credit
    )


def credit_of(path: Path) -> str:
    """Whom a PMTiles file (version 3) names as its source; '' for nobody, ValueError if damaged."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if len(head) < _HEAD_BYTES or head[:8] != b"PMTiles\x03":
            raise ValueError("no PMTiles file of version 3")
        start, length = struct.unpack_from("<QQ", head, 24)
        file.seek(start)
        packed = file.read(length)
    try:
        said = json.loads(gzip.decompress(packed) if head[97] == _GZIP else packed)
    except (OSError, EOFError) as damage:
        raise ValueError("its metadata cannot be read") from damage
    return str(said.get("attribution", ""))


def make_basemap(connection: Connection, extracts: Iterable[Path], target: Path) -> int:
    """Make the base map of the loaded roads and names, and of OSM extracts what else they show.

    Parameters
    ----------
    connection
        Where the roads are loaded.
    extracts
        OpenStreetMap files: their water, land, houses, rails and settlements are drawn too.
    target
        The file that takes the place of the one before, whole or not at all.

    Returns
    -------
    int
        How many things are in it.

    Raises
    ------
    BasemapFailed
        Nothing is loaded, tippecanoe is not on this machine, or it gave up.
    GisError
        An extract cannot be read.
    """
    extracts = list(extracts)
    source = (map_layers.road_source(connection) or "").lower()
    credit = OSM_CREDIT if extracts or source.endswith(OSM_FILES) else ""
    target.parent.mkdir(parents=True, exist_ok=True)
    growing = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        count = _tile(_things(connection, extracts), growing, credit)
        growing.replace(target)
    finally:
        growing.unlink(missing_ok=True)
        growing.with_name(growing.name + "-journal").unlink(missing_ok=True)
    return count


def _things(connection: Connection, extracts: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Everything to draw: `layer`, `kind`, `name`, `from_zoom`, `geometry`."""
    extracts = list(extracts)
    read = (asdict(each) for path in extracts for each in read_ground(path))
    names = () if extracts else ground.settlements(connection)
    yield from chain(
        ({**each, "layer": "roads"} for each in ground.roads(connection)),
        ({**each, "layer": "places"} for each in names),
        read,
    )


def _tile(things: Iterable[dict[str, Any]], target: Path, credit: str) -> int:
    """Hand everything to tippecanoe, one feature a line; how many there were."""
    command = [
        *(_tippecanoe(), "--output", str(target), "--force", "--quiet"),
        *("--minimum-zoom", str(FROM_ZOOM), "--maximum-zoom", str(TO_ZOOM)),
        *("--drop-smallest-as-needed", "--no-tile-stats", "--temporary-directory"),
        *(str(target.parent), "--name", "Relight base map", "--attribution", credit),
        *("--layer", "other"),
    ]
    count = 0
    with subprocess.Popen(  # noqa: S603 (a program of ours, no shell)
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as tiling:
        assert tiling.stdin is not None
        assert tiling.stderr is not None
        try:
            for thing in things:
                tiling.stdin.write(_line(thing))
                count += 1
            tiling.stdin.close()
        except BrokenPipeError:
            pass  # it says why below
        except BaseException:
            tiling.kill()
            raise
        said = tiling.stderr.read().decode(errors="replace").strip()
    if not count:
        raise BasemapFailed("no roads are loaded: run relight load roads first")
    if tiling.returncode:
        raise BasemapFailed(f"tippecanoe gave up: {said[-_REASON_CHARACTERS:]}")
    return count


def _line(thing: dict[str, Any]) -> bytes:
    properties = {"kind": thing["kind"]}
    if thing["name"]:
        properties["name"] = thing["name"]
    feature = {
        "type": "Feature",
        "tippecanoe": {"layer": thing["layer"], "minzoom": thing["from_zoom"]},
        "properties": properties,
        "geometry": thing["geometry"],
    }
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _tippecanoe() -> str:
    """The program that cuts tiles: beside this Python, else on the PATH."""
    beside = Path(sys.executable).with_name("tippecanoe")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("tippecanoe")
    if found is None:
        raise BasemapFailed(
            "tippecanoe, which cuts the tiles, is not on this machine; make the file on another"
            " and name it in RELIGHT_BASEMAP. Without it the map shows the loaded roads"
        )
    return found
