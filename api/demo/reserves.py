"""On the storm's day each town's district posts a reserve in another of its towns.

The county's towns have their day crews at one base, from which under half of a district's customers
are within a quarter of an hour, so that by the rule of coverage none of them could ever be lent.
With two crews at the other end one can, also while another is at work.
"""

from dataclasses import replace

import numpy as np
import shapely

from dispatch.drill.county import County
from dispatch.drill.county.areas import CrewPlan
from dispatch.drill.county.frame import Floats, lonlat, metres
from gis.areas import District
from gis.roads.graph import Flags

RESERVES = 2
"""Crews that a district posts (assumption)."""
REACH_M = 6_000.0
"""So near a crew's base customers count as its own, as the crow flies (assumption)."""


def with_reserves(county: County) -> County:
    """The county with reserve crews by day in each district but the seat's."""
    crews = list(county.crews)
    for district in county.districts[1:]:
        like = next(crew for crew in county.crews if crew.district_id == district.id)
        post = _post(county, district, like)
        for nth in range(1, RESERVES + 1):
            crews.append(_reserve(district, like, post, nth, len(crews) + 1))
    return replace(county, crews=tuple(crews))


def _reserve(
    district: District, like: CrewPlan, post: tuple[float, float], nth: int, number: int
) -> CrewPlan:
    lon, lat = post
    return replace(
        like,
        id=f"C{number:02d}",
        name=f"{district.name[:-3]}抢修后备{nth}班",
        lon=lon,
        lat=lat,
        phone=f"{like.phone[:-2]}{number:02d}",
        vehicle=f"演示{number:02d}号抢修车",
    )


def _post(county: County, district: District, like: CrewPlan) -> tuple[float, float]:
    """The junction in the town around which most customers are that the base is far from."""
    base = metres(np.array([[like.lon, like.lat]]))[0]
    homes = county.premises.xy
    beyond = homes[_within(district, homes) & (_far_m(homes, base) > REACH_M)]
    towns = np.array([place.xy for place in county.places if place.kind in ("seat", "town")])
    towns = towns[_within(district, towns)]
    served = [np.count_nonzero(_far_m(beyond, town) <= REACH_M) for town in towns]
    streets = county.roads.xy[np.unique(county.roads.edges().ravel())]
    post = streets[np.argmin(_far_m(streets, towns[int(np.argmax(served))]))]
    lon, lat = lonlat(post[None])[0].tolist()
    return lon, lat


def _within(district: District, xy: Floats) -> Flags:
    inside: Flags = shapely.contains_xy(district.polygon, lonlat(xy))
    return inside


def _far_m(xy: Floats, at: Floats) -> Floats:
    far: Floats = np.hypot(*(xy - at).T)
    return far
