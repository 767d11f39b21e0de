"""Where people live: the seat, the townships, the villages and the far hamlets."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely

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


def make_places(seed: int, terrain: Terrain) -> list[Place]:
    """Choose the settlements: the seat first, then towns, villages, hamlets.

    Returns
    -------
    places
        `places[0]` is the seat, `places[1 : 1 + TOWNS]` the townships.
    """
    rng = stream(seed, "places")
    cells = terrain.cell_xy()
    height = terrain.height_m.ravel()
    allowed = terrain.inside.ravel() & _clear_of_border(terrain, cells)
    dry = _river_distance(terrain, cells)
    chosen = [terrain.seat]
    liking = -height / 260 + rng.gumbel(size=len(cells))
    chosen += _pick(cells, liking, allowed & (dry > 700), chosen, (p.TOWNS, p.TOWN_SPACING_M))
    free = allowed & (dry > 400) & (_nearest(cells, chosen[:1]) > 3_400)
    liking = -height / 130 + rng.gumbel(size=len(cells))
    settled = free & (_nearest(cells, chosen) > 1_700)
    villages = _pick(cells, liking, settled, chosen[1:], (p.VILLAGES, p.VILLAGE_SPACING_M))
    high = free & (height > p.HAMLET_MIN_HEIGHT_M) & (_nearest(cells, chosen) > 4_500)
    liking = height / 150 + rng.gumbel(size=len(cells))
    hamlets = _pick(cells, liking, high, chosen + villages, (p.HAMLETS, p.HAMLET_SPACING_M))
    return _named(rng, chosen, villages, hamlets)


def _named(
    rng: np.random.Generator, centres: list[Floats], villages: list[Floats], hamlets: list[Floats]
) -> list[Place]:
    town_names = rng.permutation(words.TOWN_NAMES)[: len(centres) - 1]
    places = [Place("seat", "城关镇", centres[0], 0)]
    places += [
        Place("town", str(name), xy, i)
        for i, (name, xy) in enumerate(zip(town_names, centres[1:], strict=True), start=1)
    ]
    heads = [f"{a}{b}" for a in words.VILLAGE_HEADS for b in words.VILLAGE_TAILS if a != b]
    tops = [f"{a}{b}" for a in words.VILLAGE_HEADS for b in words.HAMLET_TAILS]
    village_names = rng.permutation(heads)
    hamlet_names = rng.permutation(tops)
    towns = np.array(centres)
    for i, xy in enumerate(villages):
        places.append(Place("village", f"{village_names[i]}村", xy, _closest(towns, xy)))
    for i, xy in enumerate(hamlets):
        places.append(Place("hamlet", str(hamlet_names[i]), xy, _closest(towns[1:], xy) + 1))
    return places


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
    open_ = allowed & (_nearest(cells, taken) > spacing) if taken else allowed.copy()
    picked: list[Floats] = []
    score = np.where(open_, liking, -np.inf)
    while len(picked) < count:
        best = int(np.argmax(score))
        if not np.isfinite(score[best]):
            break
        picked.append(cells[best])
        score[np.hypot(*(cells - cells[best]).T) < spacing] = -np.inf
    return picked


def _nearest(cells: Floats, centres: list[Floats]) -> Floats:
    distance = np.full(len(cells), np.inf)
    for centre in centres:
        np.minimum(distance, np.hypot(*(cells - centre).T), out=distance)
    return distance


def _river_distance(terrain: Terrain, cells: Floats) -> Floats:
    return _nearest(cells, list(terrain.river))


def _clear_of_border(terrain: Terrain, cells: Floats) -> Bools:
    return shapely.contains_xy(terrain.border.buffer(-1_800), cells[:, 0], cells[:, 1])
