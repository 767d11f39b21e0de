"""The county's border, its area classes, its supply districts with their offices and crews."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from dispatch.drill.county import parameters as p
from dispatch.drill.county.frame import Floats, lonlat, stream
from dispatch.drill.county.people import person, phone
from dispatch.drill.county.places import Place
from dispatch.drill.county.roads import Roads
from dispatch.drill.county.terrain import Terrain
from gis.areas import Area, AreaClass, District


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewPlan:
    """A row of the crew list; `lon` and `lat` (EPSG:4326) are those of its base."""

    id: str
    name: str
    district_id: str
    skills: tuple[str, ...]
    members: str
    phone: str
    lon: float
    lat: float
    shift_start: str
    shift_end: str
    vehicle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepotPlan:
    """A row of the list of depots; EPSG:4326."""

    id: str
    name: str
    district_id: str
    lon: float
    lat: float
    stock: tuple[str, ...]


def make_areas(terrain: Terrain, places: list[Place], roads: Roads) -> tuple[Area, ...]:
    """Cover the county with urban, rural and remote polygons, but for one small gap."""
    streets = [roads.xy[list(w.nodes)] for w in roads.ways if w.place == 0]
    urban = shapely.union_all([shapely.LineString(line).buffer(160) for line in streets])
    urban = urban.buffer(150).buffer(-150).simplify(20)
    towns = [q for q in places if q.kind == "town"]
    settled = shapely.union_all([shapely.Point(q.xy).buffer(1_600) for q in towns])
    remote = _high_ground(terrain, places).difference(settled).difference(urban)
    gap = _gap(terrain, places)
    rural = terrain.border.difference(urban).difference(remote)
    remote = remote.intersection(terrain.border)
    shapes = ((AreaClass.URBAN, urban), (AreaClass.RURAL, rural), (AreaClass.REMOTE, remote))
    return tuple(Area(kind, _geographic(shape.difference(gap))) for kind, shape in shapes)


def _high_ground(terrain: Terrain, places: list[Place]) -> BaseGeometry:
    step = 4
    height = terrain.height_m[2::step, 2::step]
    gx, gy = np.meshgrid(terrain.x[2::step], terrain.y[2::step])
    half = step * p.CELL_M / 2
    high = height > p.REMOTE_HEIGHT_M
    x, y = gx[high], gy[high]
    ground = shapely.union_all(shapely.box(x - half, y - half, x + half, y + half))
    hamlets = [shapely.Point(q.xy).buffer(1_300) for q in places if q.kind == "hamlet"]
    whole = shapely.union_all([ground, *hamlets]).buffer(700).buffer(-1_200).buffer(500)
    parts = shapely.get_parts(shapely.union_all([whole, *hamlets]))
    return shapely.union_all([part for part in parts if part.area > p.SMALLEST_REMOTE_M2])


def _gap(terrain: Terrain, places: list[Place]) -> shapely.Polygon:
    """A forgotten corner of the map, at the edge of the lowest village."""
    villages = [q for q in places if q.kind == "village"]
    height = terrain.height_at(np.array([q.xy for q in villages]))
    x, y = villages[int(np.argmin(height))].xy
    return shapely.box(x + 60, y - 250, x + 760, y + 300)


def make_districts(places: list[Place], terrain: Terrain) -> tuple[tuple[District, int], ...]:
    """Divide the county into supply districts; each with the index of its office's place."""
    towns = [i for i, q in enumerate(places) if q.kind in ("seat", "town")]
    xy = np.array([places[i].xy for i in towns])
    offices = [0]
    gap = np.hypot(*(xy - xy[0]).T)
    while len(offices) < p.DISTRICTS:
        offices.append(int(np.argmax(gap)))
        np.minimum(gap, np.hypot(*(xy - xy[offices[-1]]).T), out=gap)
    # The office sits in the district's town nearest to the seat, so its far ends are far.
    owner = np.array([np.argmin(np.hypot(*(xy[offices] - at).T)) for at in xy])
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.MultiPoint(xy), extend_to=terrain.border, ordered=True)
    )
    out = []
    for k in range(len(offices)):
        mine = np.flatnonzero(owner == k)
        shape = shapely.union_all(cells[mine]).intersection(terrain.border)
        near = mine[np.argmin(np.hypot(*(xy[mine] - xy[0]).T))]
        name = "城区供电所" if k == 0 else f"{places[towns[near]].name[:-1]}供电所"
        district = District(id=f"D{k + 1}", name=name, polygon=_geographic(shape))
        out.append((district, towns[int(near)]))
    return tuple(out)


def make_crews(
    seed: int, districts: tuple[tuple[District, int], ...], places: list[Place], roads: Roads
) -> tuple[CrewPlan, ...]:
    """Man the districts: more crews in town, some at night everywhere."""
    rng = stream(seed, "crews")
    street = np.unique(roads.edges().ravel())
    crews: list[CrewPlan] = []
    for district, office in districts:
        nodes = street[roads.place[street] == office]
        base = nodes[np.argmin(np.hypot(*(roads.xy[nodes] - places[office].xy).T))]
        lon, lat = lonlat(roads.xy[base][None])[0].tolist()
        rota = p.SEAT_CREWS if office == 0 else p.TOWN_CREWS
        for k, (shift, skills) in enumerate(rota, start=1):
            start, end = p.DAY_SHIFT if shift == "day" else p.NIGHT_SHIFT
            number = len(crews) + 1
            crews.append(
                CrewPlan(
                    id=f"C{number:02d}",
                    name=f"{district.name[:-3]}抢修{k}班" + ("（夜）" if shift == "night" else ""),
                    district_id=district.id,
                    skills=skills,
                    members="、".join(person(rng, int(rng.integers(2, 4)))),
                    phone=phone(9_990_000 + number),
                    lon=lon,
                    lat=lat,
                    shift_start=start,
                    shift_end=end,
                    vehicle=f"演示{number:02d}号抢修车",
                )
            )
    return tuple(crews)


def make_depots(
    districts: tuple[tuple[District, int], ...], places: list[Place], roads: Roads
) -> tuple[DepotPlan, ...]:
    """Give the two districts with most to do a depot each, at the far end of the office's town."""
    street = np.unique(roads.edges().ravel())
    depots = []
    for k, (district, office) in enumerate(districts[: len(p.DEPOT_STOCKS)]):
        nodes = street[roads.place[street] == office]
        far = nodes[np.argmax(np.hypot(*(roads.xy[nodes] - places[office].xy).T))]
        lon, lat = lonlat(roads.xy[far][None])[0].tolist()
        depots.append(
            DepotPlan(
                id=f"W{k + 1}",
                name=f"{district.name[:-3]}仓库",
                district_id=district.id,
                lon=lon,
                lat=lat,
                stock=p.DEPOT_STOCKS[k],
            )
        )
    return tuple(depots)


def _geographic(shape: BaseGeometry) -> BaseGeometry:
    def turn(xy: Floats) -> Floats:
        return lonlat(xy)

    return shapely.transform(shapely.force_2d(shape), turn)
