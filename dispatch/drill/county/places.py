"""Where people live: the seat, the townships, the villages and the far hamlets."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from scipy.spatial import KDTree

from dispatch.drill.county import parameters as p
from dispatch.drill.county import words
from dispatch.drill.county.frame import Bools, Floats, stream
from dispatch.drill.county.terrain import Terrain

PlaceKind = Literal["seat", "town", "village", "hamlet"]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One settlement; `town` is the index of the township that administers it."""

    kind: PlaceKind
    name: str
    xy: Floats
    town: int


def place_towns(seed: int, terrain: Terrain) -> list[Place]:
    """Choose the seat, which comes first, and the townships."""
    rng = stream(seed, "towns")
    cells = terrain.cell_xy()
    height = terrain.height_m.ravel()
    dry = _gaps(cells, terrain.river) > 700  # noqa: PLR2004 - metres off the river
    liking = -height / 260 + rng.gumbel(size=len(cells))
    allowed = _clear_of_border(terrain, cells) & dry
    chosen = _pick(cells, liking, allowed, [terrain.seat], (p.TOWNS, p.TOWN_SPACING_M))
    names = rng.permutation(words.TOWN_NAMES)
    return [
        Place("seat", "城关镇", terrain.seat, 0),
        *(Place("town", str(names[i]), xy, i + 1) for i, xy in enumerate(chosen)),
    ]


def settle(seed: int, terrain: Terrain, towns: list[Place], main_roads: Floats) -> list[Place]:
    """Add villages, mostly along `main_roads` (points), and hamlets far up.

    Returns
    -------
    places
        `towns`, then the villages, then the hamlets.
    """
    rng = stream(seed, "places")
    cells = terrain.cell_xy()
    height = terrain.height_m.ravel()
    centres = [town.xy for town in towns]
    free = _clear_of_border(terrain, cells) & (_gaps(cells, terrain.river) > 400)  # noqa: PLR2004
    free &= _gaps(cells, np.array(centres[:1])) > p.SEAT_CLEARANCE_M
    off_road = np.minimum(_gaps(cells, main_roads), 8_000)
    liking = -height / 150 - off_road / 900 + rng.gumbel(size=len(cells))
    settled = free & (_gaps(cells, np.array(centres)) > p.TOWN_CLEARANCE_M)
    villages = _pick(cells, liking, settled, centres[1:], (p.VILLAGES, p.VILLAGE_SPACING_M))
    high = free & (height > p.HAMLET_MIN_HEIGHT_M)
    high &= _gaps(cells, np.array(centres)) > p.HAMLET_CLEARANCE_M
    liking = height / 150 + off_road / 2_500 + rng.gumbel(size=len(cells))
    taken = centres + villages
    hamlets = _pick(cells, liking, high, taken, (p.HAMLETS, p.HAMLET_SPACING_M))
    return towns + _named(rng, np.array(centres), villages, hamlets)


def _named(
    rng: np.random.Generator, towns: Floats, villages: list[Floats], hamlets: list[Floats]
) -> list[Place]:
    heads = [f"{a}{b}" for a in words.VILLAGE_HEADS for b in words.VILLAGE_TAILS if a != b]
    tops = [f"{a}{b}" for a in words.VILLAGE_HEADS for b in words.HAMLET_TAILS]
    village_names = rng.permutation(heads)
    hamlet_names = rng.permutation(tops)
    places = [
        Place("village", f"{village_names[i]}村", xy, _closest(towns, xy))
        for i, xy in enumerate(villages)
    ]
    return places + [
        Place("hamlet", str(hamlet_names[i]), xy, _closest(towns[1:], xy) + 1)
        for i, xy in enumerate(hamlets)
    ]


def _closest(centres: Floats, xy: Floats) -> int:
    return int(np.argmin(np.hypot(*(centres - xy).T)))


def _pick(
    cells: Floats,
    liking: Floats,
    allowed: Bools,
    taken: list[Floats],
    wanted: tuple[int, float],
) -> list[Floats]:
    """Take up to `wanted[0]` cells, best liked first, `wanted[1]` metres apart."""
    count, spacing = wanted
    open_ = allowed & (_gaps(cells, np.array(taken)) > spacing)
    picked: list[Floats] = []
    score = np.where(open_, liking, -np.inf)
    while len(picked) < count:
        best = int(np.argmax(score))
        if not np.isfinite(score[best]):
            break
        picked.append(cells[best])
        score[np.hypot(*(cells - cells[best]).T) < spacing] = -np.inf
    return picked


def _gaps(cells: Floats, points: Floats) -> Floats:
    """Distance in metres of each cell from the nearest of `points`."""
    return np.asarray(KDTree(points).query(cells)[0], dtype=np.float64)


def _clear_of_border(terrain: Terrain, cells: Floats) -> Bools:
    clear: Bools = shapely.contains_xy(terrain.border.buffer(-1_800), cells[:, 0], cells[:, 1])
    return clear
