"""Areas that each hold enough customers: fixed squares of degrees, merged until they do.

Squares are counted from the corner of the world (-180, -90), so that the same square has the same
number in every year and for every company. EPSG:4326 throughout.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import shapely
from shapely.geometry.base import BaseGeometry

Cell = tuple[int, int]
"""Column and row, both 0 or more."""

SIDE_DEG = 0.01
"""About 1.1 km northwards; a kilometre or less eastwards."""


def cell_at(lon: float, lat: float, side_deg: float = SIDE_DEG) -> Cell:
    """The square that holds a place."""
    return math.floor((lon + 180) / side_deg), math.floor((lat + 90) / side_deg)


def outline(cells: Iterable[Cell], side_deg: float = SIDE_DEG) -> BaseGeometry:
    """The ground that some squares cover, as one shape; an empty one for no squares."""
    boxes = [
        shapely.box(
            column * side_deg - 180,
            row * side_deg - 90,
            (column + 1) * side_deg - 180,
            (row + 1) * side_deg - 90,
        )
        for column, row in cells
    ]
    # The corners of neighbours differ in the last digit unless they are put on one lattice.
    return shapely.set_precision(shapely.union_all(boxes), side_deg / 1000)


def patches(customers: Mapping[Cell, int], least: int) -> tuple[frozenset[Cell], ...]:
    """Put squares together until each area holds `least` customers; every square is in one.

    Four squares make a block, four blocks a larger one, and so on. What holds too few within a
    block is put together there if that is enough, else it joins its nearest neighbour in the block,
    else it waits for the next larger block. The same customers give the same areas; an empty
    result says that there are fewer than `least` customers in all.
    """
    blocks = {cell: [_Patch(frozenset({cell}), n)] for cell, n in customers.items() if n > 0}
    while blocks:
        settled = {block: _settle(patches, least) for block, patches in blocks.items()}
        if len(settled) == 1:
            (last,) = settled.values()
            return tuple(sorted((p.cells for p in last if p.customers >= least), key=min))
        larger: dict[Cell, list[_Patch]] = defaultdict(list)
        for (column, row), found in sorted(settled.items()):
            larger[column // 2, row // 2].extend(found)
        blocks = larger
    return ()


@dataclass(frozen=True)
class _Patch:
    cells: frozenset[Cell]
    customers: int

    @cached_property
    def middle(self) -> tuple[float, float]:
        count = len(self.cells)
        return sum(c for c, _ in self.cells) / count, sum(r for _, r in self.cells) / count

    def joined(self, other: "_Patch") -> "_Patch":
        return _Patch(self.cells | other.cells, self.customers + other.customers)


def _settle(patches: list[_Patch], least: int) -> list[_Patch]:
    """Within one block: those that hold enough, and at most one that does not."""
    enough = [patch for patch in patches if patch.customers >= least]
    few = [patch for patch in patches if patch.customers < least]
    if not few:
        return enough
    together = few[0]
    for patch in few[1:]:
        together = together.joined(patch)
    if together.customers >= least or not enough:
        return [*enough, together]
    middles = [patch.middle for patch in enough]
    for patch in few:
        nearest = min(range(len(middles)), key=lambda n: (math.dist(patch.middle, middles[n]), n))
        enough[nearest] = enough[nearest].joined(patch)
    return enough
