"""Positions on a plane, brought to Earth: what readers of formats without GDAL have in common."""

from pathlib import Path

import numpy as np
import pyproj
from numpy.typing import NDArray
from shapely import LineString

from gis.crs import MAX_LAT, MAX_LON, Floats, degrees_of, reference_system
from gis.errors import UnreadableFile

_GEOD = pyproj.Geod(ellps="WGS84")


def stated_system(path: Path, crs: str | None) -> pyproj.CRS | None:
    """Return the reference system that the user says, None for none; raises UnreadableFile."""
    try:
        return None if crs is None else reference_system(crs)
    except ValueError as error:
        raise UnreadableFile(path, str(error)) from None


def on_earth(xy: Floats, system: pyproj.CRS) -> tuple[Floats, NDArray[np.bool_]]:
    """Turn positions of shape (n, 2) into EPSG:4326; also which lie on Earth, shape (n,)."""
    lon_lat = degrees_of(xy, system)
    lon, lat = np.abs(lon_lat[:, 0]), np.abs(lon_lat[:, 1])
    return lon_lat, np.logical_and(lon <= MAX_LON, lat <= MAX_LAT)


def nowhere(path: Path, where: str, otherwise: str = "") -> UnreadableFile:
    """Say that the positions of a file have no place on Earth, and what its owner can do."""
    return UnreadableFile(
        path,
        f"{where}: say --crs EPSG:NNNN for what it is (for a mere drawing a PROJ text that lays it"
        f' somewhere, as "+proj=aeqd +lat_0=36.1 +lon_0=-79.8 +units=ft"){otherwise}',
    )


def drawn_m(line: LineString | None) -> float:
    """Return the length in metres of a line in EPSG:4326 on the ellipsoid; 0 for none."""
    if line is None:
        return 0.0
    places = np.asarray(line.coords)
    return float(_GEOD.line_length(places[:, 0], places[:, 1]))
