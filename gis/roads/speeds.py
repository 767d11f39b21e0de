"""How fast a repair vehicle drives, by road class: one explicit table, with where it comes from.

The class speeds are an assumption: free-flow speeds in and around a town, junction delays folded
in, of the size open car-routing profiles use. They are meant to be replaced by what tracks show. On
roads that carry long traffic a signposted limit is better knowledge than the class, so there it
counts; on the small ones it can only slow.
"""

from dataclasses import dataclass
from enum import IntEnum


class RoadClass(IntEnum):
    """OSM highway classes a repair vehicle may use, links with their own; codes are stored."""

    MOTORWAY = 0
    TRUNK = 1
    PRIMARY = 2
    SECONDARY = 3
    TERTIARY = 4
    UNCLASSIFIED = 5
    RESIDENTIAL = 6
    LIVING_STREET = 7
    SERVICE = 8
    TRACK = 9
    ROAD = 10
    MOTORWAY_LINK = 11
    TRUNK_LINK = 12
    PRIMARY_LINK = 13
    SECONDARY_LINK = 14
    TERTIARY_LINK = 15


CLASS_BY_NAME = {road_class.name.lower(): road_class for road_class in RoadClass}

SPEED_KMH: dict[RoadClass, float] = {
    # assumption, every row: see the module
    RoadClass.MOTORWAY: 90,
    RoadClass.TRUNK: 80,
    RoadClass.PRIMARY: 60,
    RoadClass.SECONDARY: 50,
    RoadClass.TERTIARY: 40,
    RoadClass.UNCLASSIFIED: 30,
    RoadClass.RESIDENTIAL: 25,
    RoadClass.LIVING_STREET: 10,
    RoadClass.SERVICE: 15,
    RoadClass.TRACK: 15,
    RoadClass.ROAD: 25,
    RoadClass.MOTORWAY_LINK: 45,
    RoadClass.TRUNK_LINK: 40,
    RoadClass.PRIMARY_LINK: 35,
    RoadClass.SECONDARY_LINK: 30,
    RoadClass.TERTIARY_LINK: 25,
}

MAIN_ROADS = frozenset(
    {
        RoadClass.MOTORWAY,
        RoadClass.TRUNK,
        RoadClass.PRIMARY,
        RoadClass.SECONDARY,
        RoadClass.TERTIARY,
    }
)

LIMIT_SHARE = 0.8
"""Share of a signposted limit that is driven on average (assumption)."""

MAX_KMH = 110.0
"""No repair vehicle is planned faster than this, whatever the sign says (assumption)."""

MILE_KM = 1.609344

_LIMIT_WORDS = {
    # zone words of OSM's maxspeed key, with the limits those zones mean in most countries
    "walk": 7.0,
    "living_street": 10.0,
    "zone30": 30.0,
    "zone:30": 30.0,
    "urban": 50.0,
    "rural": 90.0,
    "trunk": 100.0,
    "motorway": 120.0,
    "none": 140.0,
}


def limit_kmh(tag: str | None) -> float | None:
    """Read an OSM maxspeed value in km/h; None where it says nothing usable.

    Knows plain numbers, `mph`, zone words with or without a country (`DE:urban`), and lists such as
    `50;30`, of which the lowest counts.
    """
    if tag is None:
        return None
    found = [limit for part in tag.replace("|", ";").split(";") if (limit := _one_limit(part))]
    return min(found, default=None)


def _one_limit(part: str) -> float | None:
    word = part.strip().lower()
    if word.endswith("mph"):
        limit = _number(word[:-3])
        return None if limit is None else limit * MILE_KM
    limit = _number(word.removesuffix("km/h").removesuffix("kmh"))
    if limit is not None:
        return limit
    return _LIMIT_WORDS.get(word) or _LIMIT_WORDS.get(word.partition(":")[2])


def _number(word: str) -> float | None:
    try:
        limit = float(word)
    except ValueError:
        return None
    return limit if 1 <= limit <= _MAX_LIMIT else None


_MAX_LIMIT = 200.0


def speed_kmh(road_class: RoadClass, limit: float | None = None) -> float:
    """Give the speed planned for a road class and, where signposted, a limit in km/h."""
    usual = SPEED_KMH[road_class]
    if limit is None:
        return usual
    driven = min(limit * LIMIT_SHARE, MAX_KMH)
    return driven if road_class in MAIN_ROADS else min(usual, driven)


@dataclass(frozen=True, slots=True)
class OffRoad:
    """How travel is timed where no road is known.

    Attributes
    ----------
    line_kmh
        Speed along the straight line between two places, detours included (assumption).
    walk_kmh
        Speed between a place and the road it was joined to (assumption: on foot).
    """

    line_kmh: float = 25.0
    walk_kmh: float = 5.0
