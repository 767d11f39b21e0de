"""The planner against simpler policies, on the roads of a Chinese city, in one run.

Orders came in during the last hour at junctions drawn by lot; crews stand at others. The objective
is the weighted minutes late against the arrival commitment, worked out by the evaluation that
shares nothing with the search. Times are of the processor, as the machine may be busy.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dispatch.domain.words import CrewId, OrderId
from dispatch.drill.county import generate
from dispatch.drill.county.files import write_roads
from dispatch.planning.evaluate import evaluate
from dispatch.planning.plan import Plan, Sequences
from dispatch.planning.policies import (
    hungarian_rounds,
    nearest_first,
    soonest_by_urgency,
    straight_lines,
)
from dispatch.planning.problem import Hands, Minutes, Problem, Promise, Roads, Work
from dispatch.planning.search import Rounds, Until, find_plan, prepare
from dispatch.planning.travel_table import TravelTable
from gis.crs import distance_m
from gis.roads.cch import CchTravelTimes
from gis.roads.ends import Snap
from gis.roads.graph import RoadGraph
from gis.roads.network import RoadNetwork
from gis.roads.readers import read_roads
from tests.bench.roads import data_folder
from tests.bench.rows import Row, machine, show

CITY = "Nanchang"
ROADS = {
    CITY: (
        "roads_nanchang_kddcup2021/nodes.csv",
        "roads_nanchang_kddcup2021/edges.csv",
    ),
    "Porto": ("osm_porto/porto.osm.pbf",),
    "Liechtenstein": ("osm_liechtenstein_2021/liechtenstein-20211028.osm.pbf",),
}
LARGE = "Porto"
"""A metropolis: fifty thousand junctions and more."""
COUNTY = "the county"
COUNTY_SEED = 20260618
ABSENT = "no real road data at hand (set RELIGHT_TEST_DATA): assignment not measured"
SIZES = ((60, 300), (500, 1500))
SEEDS = (1, 2, 3)
LINE_KMH = 30.0
DUE_MIN = (45.0, 90.0, 120.0)
SHARES = (0.6, 0.3, 0.1)
WEIGHTS, WEIGHT_SHARES = (1.0, 4.0, 10.0), (0.85, 0.1, 0.05)


def has_data(name: str = CITY) -> bool:
    return all((data_folder() / file).exists() for file in ROADS[name])


def graph_of(name: str) -> RoadGraph:
    """The roads of one of the places: files at hand, or the generated county."""
    if name != COUNTY:
        return read_roads([data_folder() / file for file in ROADS[name]])
    with tempfile.TemporaryDirectory() as folder:
        made = generate(COUNTY_SEED, customers=2_000)
        return read_roads([write_roads(made, Path(folder) / "roads.osm")])


class City:
    """A place's roads with times between all places that are asked for."""

    def __init__(self, name: str = CITY) -> None:
        graph = graph_of(name).largest_part()
        self.graph, self.engine = graph, CchTravelTimes(graph)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Minutes, Minutes]:
        """Minutes by road and by straight line between places drawn by lot."""
        edges = rng.integers(0, self.graph.edge_count, count)
        snaps = [
            Snap(int(edge), float(f)) for edge, f in zip(edges, rng.random(count), strict=True)
        ]
        road = (self.engine.seconds(snaps, snaps) / 60).astype(np.float32)
        ends = self.graph.edge_to[edges]
        lon, lat = self.graph.node_lon[ends], self.graph.node_lat[ends]
        line = distance_m(lon[:, None], lat[:, None], lon[None], lat[None])
        return road, straight_lines(line, LINE_KMH)


def instance(city: City, crews: int, orders: int, seed: int) -> tuple[Problem, Minutes]:
    rng = np.random.default_rng([seed, crews, orders])
    road, line = city.draw(crews + orders, rng)
    works = []
    for i in range(orders):
        due = float(rng.choice(DUE_MIN, p=SHARES)) - 60 * float(rng.random())
        weight = float(rng.choice(WEIGHTS, p=WEIGHT_SHARES))
        works.append(
            Work(
                order_id=OrderId(i + 1),
                place=crews + i,
                promises=(Promise(rule="arrival", due_min=due, weight=weight),),
                restore_weight=0.0,
                duration_min=float(rng.gamma(4.0, 10.0)),
                hazard=weight == max(WEIGHTS),
            )
        )
    hands = [
        Hands(crew_id=CrewId(f"C{c:03}"), place=c, free_min=30 * float(rng.random()))
        for c in range(crews)
    ]
    problem = Problem(works=tuple(works), crews=tuple(hands), roads=Roads(travel_min=road))
    return problem, line


def within(seconds: float, clock: Callable[[], float] = time.thread_time) -> Until:
    began = clock()
    return Until(lambda: (clock() - began) / seconds)


def late(problem: Problem, sequences: Sequences) -> tuple[float, int]:
    """Weighted minutes late, and how many orders are late; everything must be in the plan."""
    found = evaluate(problem, sequences)
    assert not found.violations and not found.plan.unplaced, found.violations[:3]
    return found.plan.costs.late_minutes, count_late(problem, found.plan)


def count_late(problem: Problem, plan: Plan) -> int:
    due = {work.order_id: work.promises[0].due_min for work in problem.works}
    return sum(stop.arrive_min > due[stop.order_id] for stop in plan.stops)


def policies(problem: Problem, line: Minutes) -> dict[str, Callable[[], Sequences]]:
    return {
        "nearest first, by road": lambda: nearest_first(problem),
        "nearest first, by line": lambda: nearest_first(problem, line),
        "by urgency, who is there soonest": lambda: soonest_by_urgency(problem),
        "Hungarian, in rounds": lambda: hungarian_rounds(problem),
        "ours, 1 s": lambda: find_plan(problem, budget=within(1.0), seed=1).sequences,
        "ours, 5 s": lambda: find_plan(problem, budget=within(5.0), seed=1).sequences,
    }


def static_rows(city: City, crews: int, orders: int, place: str = CITY) -> list[Row]:
    """Every policy on the same instances, the sum over seeds, as a ratio to the first."""
    values: dict[str, list[float]] = {}
    counts: dict[str, int] = {}
    for seed in SEEDS:
        problem, line = instance(city, crews, orders, seed)
        for name, policy in policies(problem, line).items():
            minutes, count = late(problem, policy())
            values.setdefault(name, []).append(minutes)
            counts[name] = counts.get(name, 0) + count
    first, group = next(iter(values.values())), f"{place}, {crews} x {orders}"
    rows = []
    for name, found in values.items():
        ratios = [a / b for a, b in zip(found, first, strict=True)]
        note = f"{min(ratios):.2f} to {max(ratios):.2f}; {counts[name] / len(SEEDS):.0f} late"
        mean = sum(found) / len(found)
        rows.append(
            Row(
                group,
                name,
                mean,
                "weighted min",
                sum(found) / sum(first),
                note,
            )
        )
    return rows


def kept_share(before: Sequences, after: Sequences) -> float:
    """The share of the orders of the first plan that stay with their crew."""
    crew_of = {order: crew for crew, orders in after.items() for order in orders}
    pairs = [(crew, order) for crew, orders in before.items() for order in orders]
    return sum(crew_of.get(order) == crew for crew, order in pairs) / len(pairs)


def running_rows(city: City, crews: int, orders: int) -> list[Row]:
    """New orders come into a running plan: the answer's time, and what it is worth."""
    group = f"{crews} x {orders}, running"
    rows = []
    problem, _ = instance(city, crews, orders, 1)
    for new, name in ((1, "one new order"), (orders // 10, "a tenth of the orders new")):
        known = replace(problem, works=problem.works[:-new])
        first = find_plan(known, budget=within(5.0), seed=1)
        holder = {order: crew for crew, todo in first.sequences.items() for order in todo}
        works = tuple(
            replace(w, holder=holder[w.order_id]) if w.order_id in holder else w
            for w in problem.works
        )
        after = replace(problem, works=works)
        for rounds in (0, 30, 300):
            began = time.thread_time()
            found = find_plan(after, budget=Rounds(rounds), seed=1, running=first.sequences)
            took = time.thread_time() - began
            note = (
                f"{late(problem, found.sequences)[0]:,.0f} weighted min,"
                f" {100 * kept_share(first.sequences, found.sequences):.1f} % with the same crew"
            )
            rows.append(Row(group, f"{name}, {rounds} rounds", 1000 * took, "ms", None, note))
    return rows


class Timed:
    """Times by road, as the product asks for them."""

    version = "open"

    def __init__(self, city: City) -> None:
        self._network = RoadNetwork(city.engine)

    def minutes(
        self, starts: Sequence[tuple[float, float]], ends: Sequence[tuple[float, float]]
    ) -> Minutes:
        return (self._network.table(starts, ends) / 60).astype(np.float32)


def travel_rows(city: City, crews: int, orders: int) -> list[Row]:
    """The table of travel times of a plan: anew, and kept from the last one."""
    rng = np.random.default_rng([crews, orders])
    nodes = rng.integers(0, city.graph.node_count, 2 * crews + orders + 1)
    lon, lat = city.graph.node_lon[nodes].tolist(), city.graph.node_lat[nodes].tolist()
    at = list(zip(lon, lat, strict=True))
    moved = at[:crews]
    bases, sites = at[crews : 2 * crews], at[2 * crews :]
    times, table = Timed(city), TravelTable()
    tenth = [*moved[: crews // 10], *bases[crews // 10 :]]
    looks = (
        ("anew", bases, sites[:-1]),
        ("nothing changed", bases, sites[:-1]),
        ("one new order", bases, sites),
        ("a tenth of the crews moved", tenth, sites),
        ("all crews moved", moved, sites),
    )
    rows, first = [], 0.0
    for name, crews_at, orders_at in looks:
        began = time.thread_time()
        table.minutes(times, [*crews_at, *orders_at], orders_at)
        took = 1000 * (time.thread_time() - began)
        first = first or took
        rows.append(Row(f"{crews} x {orders}, travel times", name, took, "ms", took / first, ""))
    return rows


def run() -> list[Row]:
    """Measure everything."""
    prepare()
    city = City()
    rows = [row for crews, orders in SIZES for row in static_rows(city, crews, orders)]
    for name in [each for each in ROADS if each != CITY and has_data(each)] + [COUNTY]:
        place = City(name)
        for crews, orders in SIZES if name == LARGE else SIZES[:1]:
            rows += static_rows(place, crews, orders, name)
    rows += [row for crews, orders in SIZES for row in travel_rows(city, crews, orders)]
    return rows + [row for crews, orders in SIZES for row in running_rows(city, crews, orders)]


def main() -> None:
    if not has_data():
        raise SystemExit(ABSENT)
    before = machine()
    show("assignment", run(), before)


if __name__ == "__main__":
    main()
