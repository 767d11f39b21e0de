"""Area classes (urban, rural, remote) and supply districts: which polygons cover a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from gis.area_class import STRICTEST_FIRST, AreaClass
from gis.cells import Value, shown, text
from gis.crs import checked_lon_lat
from gis.vectors import POLYGONS, Field, Reading, Refusal, read_vector

__all__ = [
    "AREA_FIELDS",
    "DISTRICT_FIELDS",
    "Area",
    "AreaClass",
    "AreaMap",
    "District",
    "read_areas",
    "read_districts",
]

_CLASS_WORDS = {
    **{area.value: area for area in AreaClass},
    "城市": AreaClass.URBAN,
    "城区": AreaClass.URBAN,
    "市区": AreaClass.URBAN,
    "农村": AreaClass.RURAL,
    "乡村": AreaClass.RURAL,
    "特殊边远": AreaClass.REMOTE,
    "特殊边远地区": AreaClass.REMOTE,
    "边远": AreaClass.REMOTE,
    "偏远": AreaClass.REMOTE,
}


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon (WGS-84) and its class."""

    area_class: AreaClass
    polygon: BaseGeometry


@dataclass(frozen=True, slots=True)
class District:
    """A supply district: who is responsible for the places in its polygon (WGS-84)."""

    id: str
    name: str
    polygon: BaseGeometry


@dataclass(frozen=True)
class AreaMap:
    """One version of the area map; a ticket keeps the class it found and this version.

    Attributes
    ----------
    version
        Name of this version.
    areas
        Polygons with their class; they may overlap, and need not cover everything. May be empty.
    """

    version: str
    areas: Sequence[Area]
    _tree: shapely.STRtree = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        polygons = [area.polygon for area in self.areas]
        shapely.prepare(polygons)
        object.__setattr__(self, "_tree", shapely.STRtree(polygons))

    def classify(self, lon: float, lat: float) -> tuple[AreaClass, bool]:
        """Say the class of a WGS-84 place, and whether any polygon covers it.

        Where polygons overlap or meet, the stricter class holds; where none covers the place, the
        strictest class there is, with False. Raises OffPlanet.
        """
        place = shapely.Point(checked_lon_lat(lon, lat))
        found = {
            self.areas[at].area_class
            for at in self._tree.query(place, predicate="intersects").tolist()
        }
        for area_class in STRICTEST_FIRST:
            if area_class in found:
                return area_class, True
        return STRICTEST_FIRST[0], False


def _area_class(value: Value) -> AreaClass:
    try:
        return _CLASS_WORDS[text(value).casefold()]
    except KeyError:
        known = ", ".join(_CLASS_WORDS)
        raise ValueError(f"{shown(value)} is no area class; known are {known}") from None


AREA_FIELDS = (Field("class", _area_class, aliases=("area_class", "type", "分类", "类别")),)

DISTRICT_FIELDS = (
    Field("id", aliases=("district_id", "code", "编号"), unique=True),
    Field("name", aliases=("district", "名称")),
)


def read_areas(
    path: Path, mapping: Mapping[str, str], reading: Reading = POLYGONS
) -> tuple[list[Area], Sequence[Refusal]]:
    """Read the area polygons of a vector file, as `read_vector` does with its errors.

    The class column holds urban, rural or remote, or the Chinese words for them.
    """
    table = read_vector(path, AREA_FIELDS, mapping, reading)
    areas = []
    for row in table.rows:
        area_class = row.values["class"]
        assert isinstance(area_class, AreaClass)
        assert row.geometry is not None
        areas.append(Area(area_class, row.geometry))
    return areas, table.refusals


def read_districts(
    path: Path, mapping: Mapping[str, str], reading: Reading = POLYGONS
) -> tuple[list[District], Sequence[Refusal]]:
    """Read the districts (id, name, polygon) of a vector file, as `read_vector` does."""
    table = read_vector(path, DISTRICT_FIELDS, mapping, reading)
    districts = []
    for row in table.rows:
        assert row.geometry is not None
        districts.append(District(str(row.values["id"]), str(row.values["name"]), row.geometry))
    return districts, table.refusals
