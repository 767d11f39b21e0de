"""Depots: where crews fetch the parts that they do not carry."""

from collections.abc import Iterable
from dataclasses import dataclass

from dispatch.domain.words import DepotId, DistrictId


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """A place with parts, EPSG:4326; `stock` are their names as `part_name` writes them.

    How many of each there are is not kept: what runs out is taken off the list.
    """

    id: DepotId
    name: str
    district_id: DistrictId
    lon: float
    lat: float
    stock: frozenset[str] = frozenset()

    def has(self, parts: Iterable[str]) -> bool:
        """Whether it stocks all of these."""
        return self.stock.issuperset(parts)
