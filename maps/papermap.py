"""A map for paper: our own layers as paths in a frame, without tiles and without a browser."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dispatch.store.reads.field import Box

METRES_A_DEGREE = 111_195.0
WIDE, HIGH = 340.0, 190.0
PADDING = 1.25
LEAST_M = 500.0
BAR_PX = 90.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A path of one kind, as an SVG path holds it."""

    d: str
    kind: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the frame."""

    x: float
    y: float
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class PaperMap:
    """What to draw, back to front; `bar_px` is how long `bar_m` metres are."""

    wide: float
    high: float
    strokes: tuple[Stroke, ...]
    spots: tuple[Spot, ...]
    bar_px: float
    bar_m: int


def view_of(points: Sequence[Point], wide: float = WIDE, high: float = HIGH) -> Box:
    """The part of the map that shows all points (lon, lat; EPSG:4326) with some room around.

    It has the shape of the frame and is never less than half a kilometre wide.

    Raises
    ------
    ValueError
        There is no point.
    """
    if not points:
        raise ValueError("a map without a point shows nothing")
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    lon, lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    shrink = math.cos(math.radians(lat))
    east_m = (max(lons) - min(lons)) * METRES_A_DEGREE * shrink * PADDING
    north_m = (max(lats) - min(lats)) * METRES_A_DEGREE * PADDING
    across_m = max(east_m, north_m * wide / high, LEAST_M)
    half_lon = across_m / 2 / METRES_A_DEGREE / shrink
    half_lat = across_m * high / wide / 2 / METRES_A_DEGREE
    return Box(lon - half_lon, lat - half_lat, lon + half_lon, lat + half_lat)


def across(view: Box) -> float:
    """How many metres a view is wide, in its middle."""
    shrink = math.cos(math.radians((view.north + view.south) / 2))
    return (view.east - view.west) * METRES_A_DEGREE * shrink


def draw(
    view: Box,
    layers: Iterable[tuple[str, Mapping[str, Any]]],
    spots: Iterable[tuple[float, float, str, str]],
    wide: float = WIDE,
    high: float = HIGH,
) -> PaperMap:
    """Draw GeoJSON lines, each with its kind, and spots (lon, lat, kind, name) in a frame."""

    def placed(lon: float, lat: float) -> Point:
        x = (lon - view.west) / (view.east - view.west) * wide
        y = (view.north - lat) / (view.north - view.south) * high
        return round(x, 1), round(y, 1)

    across_m = across(view)
    bar_m = _round_down(across_m * BAR_PX / wide)
    return PaperMap(
        wide=wide,
        high=high,
        strokes=tuple(
            Stroke(d, kind)
            for kind, drawn in layers
            if (d := " ".join(_path(line, placed) for line in _lines(drawn)))
        ),
        spots=tuple(
            Spot(*placed(lon, lat), kind, name)
            for lon, lat, kind, name in spots
            if view.west <= lon <= view.east and view.south <= lat <= view.north
        ),
        bar_px=round(bar_m / across_m * wide, 1),
        bar_m=bar_m,
    )


def _path(line: Sequence[Sequence[float]], placed: Any) -> str:  # noqa: ANN401 (a function)
    steps = [placed(lon, lat) for lon, lat, *_ in line]
    return "M" + "L".join(f"{x} {y}" for x, y in steps)


def _lines(drawn: Mapping[str, Any]) -> Iterable[Sequence[Sequence[float]]]:
    for feature in drawn.get("features", ()):
        geometry = feature["geometry"]
        if geometry["type"] == "LineString":
            yield geometry["coordinates"]
        elif geometry["type"] == "MultiLineString":
            yield from geometry["coordinates"]
        elif geometry["type"] == "GeometryCollection":
            yield from (
                each["coordinates"]
                for each in geometry["geometries"]
                if each["type"] == "LineString"
            )


def _round_down(metres: float) -> int:
    """The largest of 1, 2 or 5 times a power of ten that is not above `metres`."""
    power = math.pow(10, math.floor(math.log10(max(metres, 1.0))))
    return int(max(step * power for step in (1, 2, 5) if step * power <= metres or step == 1))
