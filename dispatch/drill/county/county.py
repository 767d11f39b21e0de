"""The demo county as a whole: one seed in, one county out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from dispatch.drill.county import parameters as p
from dispatch.drill.county.areas import (
    CrewPlan,
    DepotPlan,
    make_areas,
    make_crews,
    make_depots,
    make_districts,
)
from dispatch.drill.county.feeders import (
    Tie,
    Tree,
    choose_ties,
    grow_feeders,
    place_stations,
    road_graph,
)
from dispatch.drill.county.frame import stream
from dispatch.drill.county.highways import draw_highways, plan_lanes, plan_main
from dispatch.drill.county.landmarks import Landmark, make_landmarks
from dispatch.drill.county.people import make_customers
from dispatch.drill.county.places import Place, place_towns, settle
from dispatch.drill.county.premises import Premises, make_premises
from dispatch.drill.county.roads import Draft, Roads
from dispatch.drill.county.sites import Sites, make_sites
from dispatch.drill.county.streets import draw_seat, draw_town, draw_village
from dispatch.drill.county.terrain import Terrain, make_terrain
from dispatch.drill.county.wires import (
    draw_feeders,
    draw_low_voltage,
    substations,
    transformer_id,
    transformers,
)
from gis.areas import Area, District
from gis.network.model import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWork:
    """A planned outage of the simulated day; times are aware."""

    reason: str
    transformers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class County:
    """A made-up county. Public records are EPSG:4326; `terrain`, `roads`, `sites` are in metres.

    `network` holds the customers too. `trees` are the feeders over road nodes, which the
    simulated day uses.
    """

    seed: int
    terrain: Terrain
    places: tuple[Place, ...]
    roads: Roads
    sites: Sites
    premises: Premises
    trees: tuple[Tree, ...]
    ties: tuple[Tie, ...]
    network: Network
    areas: tuple[Area, ...]
    districts: tuple[District, ...]
    crews: tuple[CrewPlan, ...]
    depots: tuple[DepotPlan, ...]
    landmarks: tuple[Landmark, ...]
    planned: tuple[PlannedWork, ...]


def generate(seed: int, customers: int = 50_000) -> County:
    """Make up a county.

    Parameters
    ----------
    seed
        The same seed gives the same county.
    customers
        How many accounts there are, 2,000 or more; the land and the roads do not depend on it.

    Raises
    ------
    ValueError
        If `customers` are too few.
    """
    terrain = make_terrain(seed)
    places, roads = _settle(seed, terrain)
    sites = make_sites(seed, customers, places, roads)
    premises = make_premises(seed, sites, places, roads)
    graph = road_graph(roads)
    stations = place_stations(terrain, places, roads)
    trees = grow_feeders(graph, stations, sites, places)
    ties = choose_ties(graph, trees)
    wires = draw_feeders(trees, ties, sites, roads)
    boxes = draw_low_voltage(wires, sites, premises)
    districts = make_districts(places, terrain)
    network = Network(
        name=p.COUNTY,
        substations=substations(stations, roads),
        feeders=tuple(wires.feeders),
        sections=wires.finished_sections(),
        switches=wires.finished_switches(),
        transformers=transformers(sites),
        usage_points=make_customers(seed, sites, premises, boxes, places),
    )
    return County(
        seed=seed,
        terrain=terrain,
        places=tuple(places),
        roads=roads,
        sites=sites,
        premises=premises,
        trees=tuple(trees),
        ties=tuple(ties),
        network=network,
        areas=make_areas(terrain, places, roads),
        districts=tuple(district for district, _ in districts),
        crews=make_crews(seed, districts, places, roads),
        depots=make_depots(districts, places, roads),
        landmarks=make_landmarks(seed, places, roads, sites),
        planned=_planned(seed, trees),
    )


def _settle(seed: int, terrain: Terrain) -> tuple[list[Place], Roads]:
    towns = place_towns(seed, terrain)
    plan = plan_main(terrain, towns)
    places = settle(seed, terrain, towns, plan.points())
    plan_lanes(plan, seed, places)
    draft = Draft()
    draw_seat(draft, seed, terrain)
    for index in range(1, len(towns)):
        draw_town(draft, seed, index, places[index])
    anchors = draw_highways(draft, seed, plan, places)
    for index, anchor in anchors.items():
        draw_village(draft, seed, index, places[index], anchor)
    return places, draft.finish()


def _planned(seed: int, trees: list[Tree]) -> tuple[PlannedWork, ...]:
    """Work on parts of feeders, announced long before the day."""
    rng = stream(seed, "planned")
    works = []
    for tree in rng.choice(np.arange(len(trees)), p.PLANNED_WORKS, replace=False).tolist():
        rows = trees[tree].transformers
        some = rows[: max(2, len(rows) // int(rng.integers(3, 7)))]
        first, last = p.PLANNED_HOURS
        start = p.DAY + timedelta(hours=first + 0.5 * float(rng.integers(0, 4)))
        end = min(start + timedelta(hours=5 + float(rng.integers(0, 4))), p.DAY + _hours(last))
        reason = f"{trees[tree].name}{rng.choice(['导线更换', '开关检修', '树障清理', '配变增容'])}"
        ids = tuple(sorted(transformer_id(t) for t in some))
        works.append(PlannedWork(reason=reason, transformers=ids, starts_at=start, ends_at=end))
    return tuple(works)


def _hours(hours: float) -> timedelta:
    return timedelta(hours=hours)
