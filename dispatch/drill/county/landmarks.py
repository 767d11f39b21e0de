"""What people name when they say where they are: hospitals, schools, shops, police stations."""

from dataclasses import dataclass

import numpy as np

from dispatch.drill.county import parameters as p
from dispatch.drill.county import words
from dispatch.drill.county.frame import Floats, stream
from dispatch.drill.county.places import Place
from dispatch.drill.county.roads import Roads
from dispatch.drill.county.sites import Sites

Tag = tuple[str, str]

SEAT = (
    ("县公安局城关派出所", ("amenity", "police")),
    ("县第二小学", ("amenity", "school")),
    ("县实验中学", ("amenity", "school")),
    ("县图书馆", ("amenity", "library")),
    ("县文化广场", ("leisure", "park")),
    ("城南公园", ("leisure", "park")),
    ("惠万家超市", ("shop", "supermarket")),
    ("好又多超市城东店", ("shop", "supermarket")),
    ("云岭大酒店", ("tourism", "hotel")),
    ("县汽车站加油站", ("amenity", "fuel")),
    ("县农贸市场", ("amenity", "marketplace")),
    ("县消防救援大队", ("amenity", "fire_station")),
)
TOWN = (
    ("派出所", ("amenity", "police")),
    ("农贸市场", ("amenity", "marketplace")),
    ("超市", ("shop", "supermarket")),
    ("中学", ("amenity", "school")),
    ("加油站", ("amenity", "fuel")),
    ("人民政府", ("office", "government")),
    ("供电所", ("office", "energy_supplier")),
)
VILLAGE = (
    ("村委会", ("office", "government")),
    ("便民超市", ("shop", "convenience")),
    ("小学", ("amenity", "school")),
    ("卫生室", ("amenity", "clinic")),
    ("祠堂", ("historic", "building")),
)
OWNER_TAGS = (
    ("医院", ("amenity", "hospital")),
    ("保健院", ("amenity", "hospital")),
    ("卫生院", ("amenity", "clinic")),
    ("中学", ("amenity", "school")),
    ("小学", ("amenity", "school")),
    ("水厂", ("man_made", "water_works")),
    ("处理厂", ("man_made", "wastewater_plant")),
    ("基站", ("man_made", "mast")),
    ("抽水站", ("man_made", "pumping_station")),
    ("客运站", ("amenity", "bus_station")),
    ("政府", ("office", "government")),
    ("中心", ("amenity", "studio")),
    ("", ("man_made", "works")),
)


@dataclass(frozen=True, slots=True, eq=False)
class Landmark:
    """A named point of interest, in metres, with its main map tag."""

    name: str
    xy: Floats
    tag: Tag


def make_landmarks(
    seed: int, places: list[Place], roads: Roads, sites: Sites
) -> tuple[Landmark, ...]:
    """Name what stands at the streets, and every institution with its own transformer."""
    rng = stream(seed, "landmarks")
    used = np.unique(roads.edges().ravel())
    found = []
    for index, place in enumerate(places):
        nodes = used[roads.place[used] == index]
        for name, tag in _of(place, rng):
            xy = roads.xy[int(rng.choice(nodes))] + rng.uniform(-18, 18, 2)
            found.append(Landmark(name, np.round(xy, 2), tag))
    for t in range(sites.public, len(sites.owner)):
        owner = sites.owner[t]
        tag = next(tag for end, tag in OWNER_TAGS if end in owner)
        found.append(Landmark(owner, sites.xy[t], tag))
    return tuple(found)


def _of(place: Place, rng: np.random.Generator) -> list[tuple[str, Tag]]:
    if place.kind == "seat":
        branches = [(f"{head}便利店", ("shop", "convenience")) for head in words.STREET_HEADS[:20]]
        return [
            (name.replace("县", p.COUNTY, 1) if name[0] == "县" else name, tag)
            for name, tag in (*SEAT, *branches)
        ]
    if place.kind == "town":
        return [(place.name + name, tag) for name, tag in TOWN]
    wanted = VILLAGE[: int(rng.integers(2, 6))] if place.kind == "village" else VILLAGE[1:2]
    base = place.name.removesuffix("村")
    return [
        (base + ("村" if place.kind == "village" else "") + name.removeprefix("村"), tag)
        for name, tag in wanted
    ]
