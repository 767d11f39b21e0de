"""Outlines that people draw: whether one encloses an area, and how wide it is."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.validation import explain_validity

from gis.errors import BadOutline

KM_PER_DEGREE = 111.195
LEAST_CORNERS = 3


def outline_of(corners: Sequence[tuple[float, float]], *, widest_km: float) -> shapely.Polygon:
    """The polygon with these corners.

    Parameters
    ----------
    corners
        Longitude and latitude, EPSG:4326, in turn; the first may be repeated as the last.
    widest_km
        No outline may reach further from west to east or from south to north.

    Raises
    ------
    BadOutline
        Fewer than three corners, a line that crosses or touches itself, no area, or one too wide.
    """
    if len(set(corners)) < LEAST_CORNERS:
        raise BadOutline(f"{len(set(corners))} corners", "three corners or more")
    polygon = shapely.Polygon(corners)
    wide = widest_span_km(polygon)
    if wide > widest_km:
        raise BadOutline(f"{wide:.0f} km across", f"at most {widest_km:.0f} km across")
    if not polygon.is_valid:
        where = explain_validity(polygon)
        raise BadOutline(f"corners that are no outline ({where})", "one that does not cross itself")
    if polygon.area == 0:
        raise BadOutline("a line", "an area")
    return polygon


def area_km2(polygon: shapely.Polygon) -> float:
    """How large a polygon (EPSG:4326) is, as if the ground were flat around its middle."""
    _, south, _, north = polygon.bounds
    return float(polygon.area * np.cos(np.radians((south + north) / 2)) * KM_PER_DEGREE**2)


def widest_span_km(polygon: shapely.Polygon) -> float:
    """How far a polygon (EPSG:4326) reaches from west to east or south to north, kilometres."""
    west, south, east, north = polygon.bounds
    middle = np.cos(np.radians((south + north) / 2))
    return float(max((east - west) * middle, north - south) * KM_PER_DEGREE)
