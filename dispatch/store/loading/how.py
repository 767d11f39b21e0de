"""How to read and take an input; without the readers themselves, which take seconds to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gis.crs import Datum

if TYPE_CHECKING:
    from gis.vectors import Reading

DEFAULT_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How to read and take an input; what a kind of input does not know it ignores.

    Attributes
    ----------
    mapping
        Our field name to the file's column name.
    datum, layer, crs
        As in `gis.vectors.Reading`.
    strict
        Refuse the whole input when any row is refused.
    name
        Of a road graph, or of the source of places.
    zone
        Time zone of shifts that name none.
    replace
        A network may take the place of a quite different one.
    shifts
        The crews file holds shifts by date of crews that are loaded.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    datum: Datum = Datum.WGS84
    layer: str | None = None
    crs: str | None = None
    strict: bool = False
    name: str | None = None
    zone: str = DEFAULT_ZONE
    replace: bool = False
    shifts: bool = False

    def reading(self, like: Reading) -> Reading:
        """Give the `Reading` of a vector file with geometries as in `like`."""
        return replace(like, datum=self.datum, layer=self.layer, crs=self.crs)
