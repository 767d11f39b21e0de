"""Datums, distances and local metric projections; inside the system there is only WGS-84.

Positions are longitude first, in degrees. GCJ-02 is the offset datum Chinese maps and phones give,
BD-09 the same with Baidu's own offset on top; both lie some hundred metres off WGS-84 inside China
and are the same as WGS-84 outside it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import overload

import geocoordinates_ffi as china  # type: ignore[import-untyped]
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from gis.errors import OffPlanet

Floats = NDArray[np.float64]

MAX_LON, MAX_LAT = 180.0, 90.0

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the WGS-84 ellipsoid (IUGG R1); haversine on it is within 0.6 %."""


class Datum(StrEnum):
    """The datum a position was given in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def checked_lon_lat(lon: float, lat: float) -> tuple[float, float]:
    """Return the position if it lies on Earth.

    Parameters
    ----------
    lon, lat
        Degrees, any datum.

    Raises
    ------
    OffPlanet
        If either is not finite, longitude is beyond 180 or latitude beyond 90 degrees; the message
        says so when the two look swapped. A swap that still lies on Earth cannot be seen here.
    """
    lon, lat = float(lon), float(lat)
    if abs(lon) <= MAX_LON and abs(lat) <= MAX_LAT:
        return lon, lat
    if abs(lat) <= MAX_LON and abs(lon) <= MAX_LAT:
        raise OffPlanet(lon, lat, "longitude and latitude look swapped; longitude comes first")
    raise OffPlanet(lon, lat, "longitude is within 180 and latitude within 90 degrees")


def to_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """Turn a position in `datum` into WGS-84 (lon, lat), to within a metre.

    Outside China every datum is WGS-84. Raises OffPlanet as `checked_lon_lat` does.
    """
    lon, lat = checked_lon_lat(lon, lat)
    if datum is Datum.WGS84 or china.out_of_china(lat, lon):
        return lon, lat
    if datum is Datum.GCJ02:
        there = china.gcj02_to_wgs84_refined(china.Gcj02(lat=lat, lon=lon))
    else:
        there = china.bd09_to_wgs84_refined(china.Bd09(lat=lat, lon=lon))
    return there.lon, there.lat


def from_wgs84(lon: float, lat: float, datum: Datum) -> tuple[float, float]:
    """Turn a WGS-84 position into `datum` (lon, lat); the same place outside China.

    Raises OffPlanet as `checked_lon_lat` does.
    """
    lon, lat = checked_lon_lat(lon, lat)
    if datum is Datum.WGS84 or china.out_of_china(lat, lon):
        return lon, lat
    convert = china.wgs84_to_gcj02 if datum is Datum.GCJ02 else china.wgs84_to_bd09
    there = convert(china.Wgs84(lat=lat, lon=lon))
    return there.lon, there.lat


def to_wgs84_arrays(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[Floats, Floats]:
    """`to_wgs84` for arrays of shape (n,); empty gives empty; the first bad position raises."""
    return _each(lon, lat, datum, to_wgs84)


def from_wgs84_arrays(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> tuple[Floats, Floats]:
    """`from_wgs84` for arrays of shape (n,); empty gives empty; the first bad position raises."""
    return _each(lon, lat, datum, from_wgs84)


def _each(
    lon: ArrayLike,
    lat: ArrayLike,
    datum: Datum,
    convert: Callable[[float, float, Datum], tuple[float, float]],
) -> tuple[Floats, Floats]:
    lons, lats = np.asarray(lon, float), np.asarray(lat, float)
    if lons.shape != lats.shape:
        msg = f"longitudes have shape {lons.shape}, latitudes {lats.shape}"
        raise ValueError(msg)
    pairs = np.array(
        [convert(x, y, datum) for x, y in zip(lons.tolist(), lats.tolist(), strict=True)]
    ).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def reference_system(said: str) -> CRS:
    """Return the reference system of that name (EPSG:4490, a URN, PROJ or WKT text).

    Raises ValueError where there is none of that name.
    """
    try:
        return CRS.from_user_input(said)
    except CRSError:
        raise ValueError(f"the coordinate reference system {said!r} is unknown") from None


def degrees_of(places: Floats, system: CRS) -> Floats:
    """Turn positions of shape (n, 2), east before north, from `system` into EPSG:4326 lon, lat.

    What has no place on Earth becomes infinite.
    """
    if system == CRS.from_epsg(4326):
        return places
    to_degrees = Transformer.from_crs(system, 4326, always_xy=True)
    return np.column_stack(to_degrees.transform(places[:, 0], places[:, 1]))


@overload
def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float: ...
@overload
def distance_m(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> Floats: ...
def distance_m(
    lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike
) -> float | Floats:
    """Great-circle distance in metres between WGS-84 positions in degrees (haversine).

    Scalars give a float; arrays broadcast and give an array. Within 0.6 % of the geodesic, which is
    less than the accuracy of any position it is asked about here.
    """
    phi1, phi2 = np.radians(lat1), np.radians(lat2)
    half = (
        np.sin((phi2 - phi1) / 2) ** 2
        + np.cos(phi1) * np.cos(phi2) * np.sin(np.radians(np.subtract(lon2, lon1)) / 2) ** 2
    )
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return float(metres) if np.ndim(metres) == 0 else metres


@dataclass(frozen=True, slots=True)
class LocalMetric:
    """A plane in metres that touches the Earth at one place; true within tens of kilometres."""

    forward: Transformer
    backward: Transformer

    def xy(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
        """Turn WGS-84 degrees into metres east and north of the place of contact."""
        x, y = self.forward.transform(np.asarray(lon, float), np.asarray(lat, float))
        return x, y

    def lon_lat(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Turn metres east and north back into WGS-84 degrees."""
        lon, lat = self.backward.transform(np.asarray(x, float), np.asarray(y, float))
        return lon, lat

    def to_plane(self, geometry: BaseGeometry) -> BaseGeometry:
        """Project a WGS-84 geometry onto the plane (metres)."""
        return shapely.transform(geometry, lambda c: np.column_stack(self.xy(c[:, 0], c[:, 1])))

    def to_wgs84(self, geometry: BaseGeometry) -> BaseGeometry:
        """Project a geometry on the plane back to WGS-84 degrees."""
        return shapely.transform(
            geometry, lambda c: np.column_stack(self.lon_lat(c[:, 0], c[:, 1]))
        )


@lru_cache(maxsize=256)
def local_metric(lon: float, lat: float) -> LocalMetric:
    """Give the plane around a WGS-84 position (azimuthal equidistant, metres), for buffers.

    Raises OffPlanet as `checked_lon_lat` does.
    """
    lon, lat = checked_lon_lat(lon, lat)
    plane = f"+proj=aeqd +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84 +units=m +no_defs"
    return LocalMetric(
        Transformer.from_crs("EPSG:4326", plane, always_xy=True),
        Transformer.from_crs(plane, "EPSG:4326", always_xy=True),
    )
