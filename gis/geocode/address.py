"""What an address is made of, and what the search knows about a place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """One level of an address, coarsest first."""

    PROVINCE = "province"  # 省, 自治区, 直辖市
    CITY = "city"  # 市, 州; town of a Western address
    COUNTY = "county"  # 区, 县, 县级市
    POSTCODE = "postcode"
    TOWN = "town"  # 镇, 乡, 街道; quarter of a Western address
    VILLAGE = "village"  # 村, 社区, 屯
    GROUP = "group"  # 组, 队
    ROAD = "road"
    LANE = "lane"  # 弄, 巷 off a road
    HOUSE = "house"  # 号; house number
    COMPOUND = "compound"  # 小区, 苑, 大厦
    BUILDING = "building"  # 栋 = 幢 = 座 = 号楼
    UNIT = "unit"  # 单元
    FLOOR = "floor"  # 层
    ROOM = "room"  # 室; apartment
    LINE = "line"  # overhead line of a pole
    POLE = "pole"
    TRANSFORMER = "transformer"
    NAME = "name"  # what carries no sign of its level: landmarks, bare names


ADMIN = (Level.PROVINCE, Level.CITY, Level.COUNTY, Level.TOWN)
PLACES = (Level.VILLAGE, Level.GROUP, Level.ROAD, Level.LANE, Level.COMPOUND)
EQUIPMENT = (Level.LINE, Level.TRANSFORMER)
NAMED = (*ADMIN, *PLACES, *EQUIPMENT, Level.NAME)
NUMBERED = (Level.HOUSE, Level.BUILDING, Level.UNIT, Level.FLOOR, Level.ROOM, Level.POLE)
"""Levels that hold a number: they match exactly or not at all."""

ORDER = {level: rank for rank, level in enumerate(Level)}


class EntryKind(StrEnum):
    """What a searchable entry is."""

    USAGE_POINT = "usage_point"
    PLACE = "place"  # a street, compound or village as a whole
    LANDMARK = "landmark"
    POLE = "pole"
    TRANSFORMER = "transformer"
    SUBSTATION = "substation"


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """An address taken apart; `parts` hold normalised values without their level words for numbers.

    `near` is true for "opposite", "beside", "near": the place named is only a neighbour of the
    one meant. `phones` were found in the text and taken out. `chinese` says which reader read it.
    """

    text: str
    parts: Mapping[Level, str]
    phones: tuple[str, ...] = ()
    near: bool = False
    chinese: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A place that can be found; `lon`, `lat` EPSG:4326.

    `extent_m` is how far the place reaches from its point, where it is a street, a compound or a
    village; None for a point. `parts` come from `read_entry` or from columns of the source.
    """

    id: str
    kind: EntryKind
    name: str
    address: str
    lon: float
    lat: float
    parts: Mapping[Level, str] = field(default_factory=dict)
    extent_m: float | None = None
