"""Hills, a river and a border: what roads and places have to follow."""

from dataclasses import dataclass

import numpy as np
import shapely

from dispatch.drill.county import parameters as p
from dispatch.drill.county.frame import Bools, Floats, stream


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Cell centres in metres, heights per cell (rows go north), the river and the border."""

    x: Floats
    y: Floats
    height_m: Floats
    inside: Bools
    river: Floats
    border: shapely.Polygon
    seat: Floats
    seat_angle: float

    def cell_xy(self) -> Floats:
        """Centres of all cells, shape (rows * columns, 2), row by row."""
        gx, gy = np.meshgrid(self.x, self.y)
        return np.column_stack([gx.ravel(), gy.ravel()])

    def cell_of(self, xy: Floats) -> np.int64:
        """Index of the cell that holds the point `xy`, shape (2,)."""
        column = np.clip((xy[0] - self.x[0]) / p.CELL_M + 0.5, 0, len(self.x) - 1)
        row = np.clip((xy[1] - self.y[0]) / p.CELL_M + 0.5, 0, len(self.y) - 1)
        return np.int64(int(row) * len(self.x) + int(column))

    def height_at(self, xy: Floats) -> Floats:
        """Height in metres of the cells that hold the points, shape (n, 2)."""
        column = np.clip(((xy[:, 0] - self.x[0]) / p.CELL_M + 0.5), 0, len(self.x) - 1)
        row = np.clip(((xy[:, 1] - self.y[0]) / p.CELL_M + 0.5), 0, len(self.y) - 1)
        height: Floats = self.height_m[row.astype(np.int64), column.astype(np.int64)]
        return height


def make_terrain(seed: int) -> Terrain:
    """Lay out the land: mountains north-west, a plain along the river, a wavy border."""
    rng = stream(seed, "terrain")
    x = np.arange(-p.HALF_WIDTH_M, p.HALF_WIDTH_M + 1, p.CELL_M)
    y = np.arange(-p.HALF_HEIGHT_M, p.HALF_HEIGHT_M + 1, p.CELL_M)
    gx, gy = np.meshgrid(x, y)
    waves = rng.uniform(0, 2 * np.pi, 2)
    river_x = np.linspace(-p.HALF_WIDTH_M, p.HALF_WIDTH_M, 265)
    away = np.abs(gy - _river_y(gx, waves)) / np.hypot(1, 0.33)
    rise = np.clip((away - 2_000) / 17_000, 0, 1)
    north_west = np.clip(0.55 + (gy * 0.7 - gx * 0.5) / 45_000, 0.25, 1.15)
    ridges = 1 - np.abs(2 * _noise(rng, gx.shape) - 1)
    height = 60 + 1_050 * rise**0.9 * north_west * (0.25 + 0.75 * ridges)
    border = _border(rng)
    inside = shapely.contains_xy(border, gx, gy)
    at = 6_000.0
    seat = np.array([at, _river_y(np.array([at]), waves)[0] + 2_150])
    return Terrain(
        x=x,
        y=y,
        height_m=np.round(height, 1),
        inside=inside,
        river=np.column_stack([river_x, _river_y(river_x, waves)]),
        border=border,
        seat=seat,
        seat_angle=float(rng.uniform(-0.35, -0.2)),
    )


def _river_y(x: Floats, waves: Floats) -> Floats:
    return np.asarray(
        -0.33 * x
        + 2_300 * np.sin(x / 7_500 + waves[0])
        + 650 * np.sin(x / 2_300 + waves[1])
        - 1_500,
        dtype=np.float64,
    )


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Smooth noise in 0..1 whose power falls with frequency, as relief does."""
    fy = np.fft.fftfreq(shape[0])[:, None]
    fx = np.fft.rfftfreq(shape[1])[None, :]
    frequency = np.hypot(fx, fy)
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.normal(size=shape)) / np.maximum(frequency, 0.012) ** 1.9
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=shape)
    low, high = np.quantile(field, [0.02, 0.98])
    return np.asarray(np.clip((field - low) / (high - low), 0, 1), dtype=np.float64)


def _border(rng: np.random.Generator) -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    wobble = np.ones_like(angle)
    for waves, size in ((2, 0.02), (3, 0.035), (5, 0.03), (8, 0.018), (13, 0.012), (21, 0.006)):
        wobble += size * np.sin(waves * angle + rng.uniform(0, 2 * np.pi))
    c, s = np.cos(angle), np.sin(angle)
    oval = (np.abs(c) ** 2.6 + np.abs(s) ** 2.6) ** (-1 / 2.6)
    radius = np.minimum(oval * wobble * 0.9, 0.985 / np.maximum(np.abs(c), np.abs(s)))
    points = np.column_stack([radius * c * p.HALF_WIDTH_M, radius * s * p.HALF_HEIGHT_M])
    return shapely.Polygon(np.round(points, 2))
