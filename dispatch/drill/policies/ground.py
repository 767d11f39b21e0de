"""Where days are played through: a network, its roads, area classes and crews."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from shapely import Point, STRtree

from dispatch.coverage import Cells, CoveragePolicy, Places, cells_of
from dispatch.domain.clock import PUBLISHED_RULES, RuleSet
from dispatch.domain.crew import Crew
from dispatch.domain.month import MonthSoFar
from dispatch.domain.words import AreaClass, CrewId, DistrictId
from dispatch.drill.county import generate
from dispatch.drill.county import parameters as county
from dispatch.drill.county.files import write_roads
from dispatch.drill.county.frame import Floats
from dispatch.drill.elsewhere.crews import crews_on
from dispatch.drill.elsewhere.on_roads import network_on
from dispatch.drill.policies import parameters as p
from gis.areas import AreaMap, District
from gis.crs import distance_m, local_metric
from gis.network.model import Network
from gis.roads.cch import CchTravelTimes
from gis.roads.graph import RoadGraph
from gis.roads.network import RoadNetwork
from gis.roads.readers import read_roads

DISTRICT = DistrictId("drill")
MINUTES = 60.0
ClassOf = Callable[[float, float], AreaClass]
DistrictOf = Callable[[float, float], DistrictId]
At = Sequence[tuple[float, float]]


def published() -> RuleSet:
    """The commitments as published."""
    return RuleSet(version=1, valid_from=county.DAY, rules=PUBLISHED_RULES)


def everywhere(_lon: float, _lat: float) -> DistrictId:
    """One district answers for every place."""
    return DISTRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A crew and the local hours between which it works; an end before the begin is next day's."""

    crew: Crew
    begins_h: float
    ends_h: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """A place to play days on, with the promises made there; positions are EPSG:4326.

    Attributes
    ----------
    faults
        How many things break on a usual day, calm and with a storm, whoever is on shift.
    district_of
        Which district answers for a place; a crew is that of its base.
    as_one
        Whether all districts are planned as one, as if there were no borders.
    cells
        Where the customers of each district are, where they are not.
    month
        How the month of arrival commitments stands when a day begins.
    """

    name: str
    network: Network
    drives: "Drives"
    class_of: ClassOf
    shifts: tuple[Shift, ...]
    faults: Mapping[bool, int]
    rules: RuleSet = field(default_factory=published)
    district_of: DistrictOf = everywhere
    as_one: bool = True
    cells: Mapping[DistrictId, Cells] = field(default_factory=dict)
    month: Mapping[AreaClass, MonthSoFar] = field(default_factory=dict)

    def answers_for(self, lon: float, lat: float) -> DistrictId:
        """The district whose plan a place is in."""
        return DISTRICT if self.as_one else self.district_of(lon, lat)

    def manned(self, crew: Crew) -> Crew:
        """The crew as one of its district; of that of its base, where it is not known."""
        if not self.as_one and crew.district_id != DISTRICT:
            return crew
        return replace(crew, district_id=self.answers_for(crew.base_lon, crew.base_lat))


def apart(ground: Ground) -> Ground:
    """The same ground where each district plans by itself."""
    points = [u.point for u in ground.network.usage_points if u.point is not None]
    at = np.array([(point.x, point.y) for point in points], float).reshape(-1, 2)
    owner = np.array([ground.district_of(lon, lat) for lon, lat in at.tolist()])
    policy = CoveragePolicy(most_cells=p.MOST_CELLS)
    cells = {
        DistrictId(district): cells_of(_places(at[owner == district]), policy)
        for district in np.unique(owner).tolist()
    }
    return replace(ground, as_one=False, cells=cells)


def _places(at: Floats) -> Places:
    """One customer at each of n points, shape (n, 2), EPSG:4326; none of them critical."""
    none = np.zeros(len(at), np.int64)
    return Places(lon=at[:, 0], lat=at[:, 1], customers=none + 1, critical=none, area=none)


class Drives:
    """Minutes and kilometres by road between places."""

    def __init__(self, graph: RoadGraph) -> None:
        self.graph = graph.largest_part()
        engine = CchTravelTimes(self.graph)
        self._roads = RoadNetwork(engine)
        self._lengths = CchTravelTimes(self.graph, engine.order_bytes())
        self._lengths.reweight(np.maximum(1, self.graph.edge_length_m).astype(np.int64))

    def tables(self, places: At) -> tuple[Floats, Floats]:
        """Minutes by the fastest road and kilometres by the shortest, both of shape (k, k).

        Where a place has no road near it, both are those of the straight line.
        """
        minutes = self._roads.table(places, places) / MINUTES
        at = np.array(places, float)
        lon, lat = at[:, 0], at[:, 1]
        km: Floats = distance_m(lon[:, None], lat[:, None], lon[None], lat[None]) / 1000
        snaps = self._roads.snap_all(lon, lat)
        known = [i for i, snap in enumerate(snaps) if snap is not None]
        found = [snap for snap in snaps if snap is not None]
        km[np.ix_(known, known)] = self._lengths.seconds(found, found)  # a metre a millisecond
        return minutes, km


def ground_on_roads(
    graph: RoadGraph,
    name: str,
    *,
    network: Network | None = None,
    seed: int = 1,
    crews: int = 0,
    districts: int = 1,
) -> Ground:
    """Take real roads, with a network that is made up along them unless one is given.

    There are `p.CREWS` crews unless another number above 0 is given. Area classes follow how many
    homes lie around each place. A place belongs to the nearest of so many districts' offices, which
    are bases of day crews far from each other.
    """
    if network is None:
        network = network_on(graph, seed, customers=p.CUSTOMERS, feeders=p.FEEDERS)
    points = [(t.point.x, t.point.y) for t in network.transformers if t.point is not None]
    shifts = _shifts_on(points, seed, crews or p.CREWS)
    return Ground(
        name=name,
        network=network,
        drives=Drives(graph),
        class_of=_by_homes(network),
        shifts=shifts,
        faults=usual_faults(shifts),
        district_of=_by_offices(shifts, districts),
    )


def county_ground(seed: int, customers: int = 50_000) -> Ground:
    """Take the made-up county, with its roads, area classes, districts, crews and shifts."""
    made = generate(seed, customers)
    with tempfile.TemporaryDirectory() as folder:
        graph = read_roads([write_roads(made, Path(folder) / "roads.osm")])
    areas = AreaMap(version="drill", areas=made.areas)
    shifts = tuple(
        Shift(
            crew=_crew(plan.id, plan.lon, plan.lat, plan.skills),
            begins_h=hour_of(plan.shift_start),
            ends_h=hour_of(plan.shift_end),
        )
        for plan in made.crews
    )
    return Ground(
        name=county.COUNTY,
        network=made.network,
        drives=Drives(graph),
        class_of=lambda lon, lat: areas.classify(lon, lat)[0],
        shifts=shifts,
        faults=usual_faults(shifts),
        district_of=_by_polygons(made.districts),
    )


def usual_faults(shifts: Sequence[Shift]) -> Mapping[bool, int]:
    """As many faults as keep the crews of the day about as busy everywhere, calm and stormy."""
    by_day = sum(shift.begins_h <= p.BEGINS_H < shift.ends_h for shift in shifts)
    return {storm: round(each * max(1, by_day)) for storm, each in p.FAULTS_PER_DAY_CREW.items()}


def _shifts_on(points: At, seed: int, count: int) -> tuple[Shift, ...]:
    hours = {"day": county.DAY_SHIFT, "night": county.NIGHT_SHIFT}
    shifts = []
    for k, (crew_id, _, lon, lat) in enumerate(crews_on(points, seed, count)):
        when, skills = county.SEAT_CREWS[k % len(county.SEAT_CREWS)]
        begins, ends = hours[when]
        crew = _crew(crew_id, lon, lat, skills)
        shifts.append(Shift(crew=crew, begins_h=hour_of(begins), ends_h=hour_of(ends)))
    return tuple(shifts)


def _crew(crew_id: str, lon: float, lat: float, skills: Sequence[str]) -> Crew:
    return Crew(
        id=CrewId(crew_id),
        name=crew_id,
        district_id=DISTRICT,
        skills=frozenset(skills),
        base_lon=lon,
        base_lat=lat,
    )


def hour_of(clock: str) -> float:
    """The hours of a time of day, such as 08:30.

    Raises
    ------
    ValueError
        It is none.
    """
    at = time.fromisoformat(clock)
    return at.hour + at.minute / MINUTES


def _by_polygons(districts: Sequence[District]) -> DistrictOf:
    """The district whose polygon holds a place, else the nearest one."""
    shapes = STRtree([district.polygon for district in districts])

    def district_of(lon: float, lat: float) -> DistrictId:
        return DistrictId(districts[int(shapes.nearest(Point(lon, lat)))].id)

    return district_of


def _by_offices(shifts: Sequence[Shift], count: int) -> DistrictOf:
    """The district whose office is nearest; each office is a base with a crew by day."""
    by_day = [s.crew for s in shifts if s.begins_h < s.ends_h] or [s.crew for s in shifts]
    bases = np.array([(crew.base_lon, crew.base_lat) for crew in by_day])
    plane = local_metric(*bases.mean(axis=0).tolist())
    xy = np.column_stack(plane.xy(*bases.T))
    offices = [0]
    gap = np.hypot(*(xy - xy[0]).T)
    while len(offices) < count and gap.max() > 0:
        offices.append(int(np.argmax(gap)))
        gap = np.minimum(gap, np.hypot(*(xy - xy[offices[-1]]).T))

    def district_of(lon: float, lat: float) -> DistrictId:
        at = np.column_stack(plane.xy(np.array([lon]), np.array([lat])))
        return DistrictId(f"D{int(np.argmin(np.hypot(*(xy[offices] - at).T))) + 1}")

    return district_of


def _by_homes(network: Network) -> ClassOf:
    """Tell urban from rural and remote places by how many homes lie around them."""
    points = [u.point for u in network.usage_points if u.point is not None]
    homes = np.array([(q.x, q.y) for q in points])
    plane = local_metric(*homes.mean(axis=0).tolist())
    tree = KDTree(np.column_stack(plane.xy(*homes.T)))

    def around(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Floats:
        xy = np.column_stack(plane.xy(lon, lat))
        found = tree.query_ball_point(xy, p.NEIGHBOURHOOD_M, return_length=True)
        return np.asarray(found, np.float64)

    at_homes = around(homes[:, 0], homes[:, 1])
    rural, urban = np.quantile(at_homes, [1 - p.URBAN_SHARE - p.RURAL_SHARE, 1 - p.URBAN_SHARE])

    def class_of(lon: float, lat: float) -> AreaClass:
        (homes_near,) = around(np.array([lon]), np.array([lat])).tolist()
        if homes_near >= urban:
            return AreaClass.URBAN
        return AreaClass.RURAL if homes_near >= rural else AreaClass.REMOTE

    return class_of
