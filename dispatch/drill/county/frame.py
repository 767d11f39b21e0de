"""Array types, the county's own metre frame, and its random streams."""

import math
import zlib

import numpy as np
from numpy.typing import NDArray

from dispatch.drill.county import parameters as p

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_M_PER_DEGREE_LAT = 110_800.0  # near 27 degrees north, on WGS-84
_M_PER_DEGREE_LON = 111_320.0 * math.cos(math.radians(p.ORIGIN_LAT))


def stream(seed: int, part: str) -> np.random.Generator:
    """The random stream of one part of the county: parts do not disturb each other."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


def lonlat(xy: Floats) -> Floats:
    """Turn metres east and north of the origin, shape (n, 2), into EPSG:4326 (lon, lat).

    Rounded to seven decimals (1 cm), so that every file says the same. Empty in, empty out.
    """
    scale = np.array([_M_PER_DEGREE_LON, _M_PER_DEGREE_LAT])
    origin = np.array([p.ORIGIN_LON, p.ORIGIN_LAT])
    degrees: Floats = np.asarray(xy, dtype=np.float64) / scale + origin
    return degrees.round(7)


def metres(position: Floats) -> Floats:
    """Turn EPSG:4326 (lon, lat), shape (n, 2), into metres east and north of the origin."""
    scale = np.array([_M_PER_DEGREE_LON, _M_PER_DEGREE_LAT])
    origin = np.array([p.ORIGIN_LON, p.ORIGIN_LAT])
    xy: Floats = (np.asarray(position, dtype=np.float64) - origin) * scale
    return xy


def turned(xy: Floats, angle: float) -> Floats:
    """`xy`, shape (n, 2), turned anticlockwise by `angle` radians about the origin."""
    c, s = math.cos(angle), math.sin(angle)
    moved: Floats = np.asarray(xy, dtype=np.float64) @ np.array([[c, s], [-s, c]])
    return moved


def shares(total: int, weights: Floats) -> Ints:
    """Split `total` into whole parts in proportion to `weights` (largest remainders)."""
    exact: Floats = total * weights / weights.sum()
    parts: Ints = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - parts), kind="stable")
    parts[order[: total - int(parts.sum())]] += 1
    return parts


def rank_within(group: Ints) -> Ints:
    """The running number (from 0) of each item inside its group, in the order given."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]] if len(group) else np.zeros(0, bool)
    starts = np.maximum.accumulate(np.where(first, np.arange(len(group)), 0))
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - starts
    return rank
