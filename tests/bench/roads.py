"""Roads, measured in one run as ratios: matrices by three engines, two loaders, and memory.

Run it with the real data at hand: `python -m tests.bench.roads`. A loader is measured in a process
of its own, so that its memory is its own.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import networkx as nx
import numpy as np
import osmium
import routingkit_cch as rk
from osmium.osm.types import Way

from gis.roads.cch import CchTravelTimes
from gis.roads.dijkstra import DijkstraTravelTimes
from gis.roads.ends import Snap
from gis.roads.graph import CLOSED_MS, Ints, RoadGraph, from_bytes, to_bytes
from gis.roads.osm import drivable_class, osm_objects, read_osm
from gis.roads.snapping import Snapper
from gis.roads.turns import turns_of
from tests.bench.rows import Row, against_first, machine, show
from tests.data import ROOT

LAUF = "osm_lauf_2020/lauf-200115.osm.pbf"
PORTO = "osm_porto/porto.osm.pbf"
NETWORKX_SOURCES = 3
AREAS = (0.001, 0.01, 0.05, 0.2)
PARTS = (0.001, 0.0025, 0.005, 0.01, 0.05)
ABSENT = "no real road data at hand (set RELIGHT_TEST_DATA): roads not measured"


def data_folder() -> Path:
    return Path(os.environ.get("RELIGHT_TEST_DATA", ROOT / ".." / "shared" / "data")).resolve()


def has_data() -> bool:
    return (data_folder() / LAUF).exists()


def fastest_s(work: Callable[[], object], repeat: int = 3) -> float:
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def snaps_on(graph: RoadGraph, count: int, seed: int) -> list[Snap]:
    rng = np.random.default_rng(seed)
    edges = rng.integers(0, graph.edge_count, count)
    return [Snap(int(e), float(f)) for e, f in zip(edges, rng.random(count), strict=True)]


def matrix_rows(graph: RoadGraph, sources: int, targets: int) -> list[Row]:
    """Times of one matrix; networkx walks a few sources only and is scaled up."""
    a, b = snaps_on(graph, sources, 1), snaps_on(graph, targets, 2)
    fast, slow = CchTravelTimes(graph), DijkstraTravelTimes(graph)
    assert np.array_equal(fast.seconds(a, b), slow.seconds(a, b))
    roads = nx.DiGraph()
    roads.add_weighted_edges_from(
        zip(
            graph.edge_from.tolist(),
            graph.edge_to.tolist(),
            graph.edge_travel_ms.tolist(),
            strict=True,
        )
    )
    few = [int(graph.edge_to[snap.edge]) for snap in a[:NETWORKX_SOURCES]]

    def walk() -> None:
        for node in few:
            nx.single_source_dijkstra_path_length(roads, node)

    group = f"matrix {sources} x {targets}"
    return against_first(
        [
            Row(group, "contraction hierarchy", fastest_s(lambda: fast.seconds(a, b)), "s"),
            Row(group, "scipy Dijkstra", fastest_s(lambda: slow.seconds(a, b), 1), "s"),
            Row(group, "networkx", fastest_s(walk, 1) * sources / len(few), "s (scaled)"),
        ]
    )


def engine_rows(graph: RoadGraph) -> list[Row]:
    """What a dispatcher's click and a closure cost, and preparing the engine."""
    built = time.perf_counter()
    fast = CchTravelTimes(graph)
    built = time.perf_counter() - built
    order = fast.order_bytes()
    crews, (job,) = snaps_on(graph, 200, 3), snaps_on(graph, 1, 4)
    snapper = Snapper(graph)
    rng = np.random.default_rng(5)
    at = rng.integers(0, graph.node_count, 1000)
    lon, lat = graph.node_lon[at] + 0.0002, graph.node_lat[at] + 0.0002
    later = (graph.edge_travel_ms + n for n in count(1))  # the same times again would be no work
    streets = count(40)
    times = [
        ("prepare", built),
        ("prepare, node order stored", fastest_s(lambda: CchTravelTimes(graph, order), 1)),
        ("200 crews to one order", fastest_s(lambda: fast.many_to_one(crews, job), 20)),
        ("route with line", fastest_s(lambda: fast.route(crews[0], job), 20)),
        ("new times for all edges", fastest_s(lambda: fast.reweight(next(later)), 5)),
        ("one street shut", fastest_s(lambda: fast.shut_only([next(streets)]), 20)),
        ("snap one place", fastest_s(lambda: snapper.snap_all(lon, lat)) / 1000),
    ]
    return [Row("engine", what, seconds * 1000, "ms") for what, seconds in times]


def closing_rows(graph: RoadGraph) -> list[Row]:
    """What closing areas takes with turns, to preparing everything; and where the limit lies.

    The parts of a second group are arcs that change, side by side or far apart, and only what
    hangs on them is worked out anew: above a ratio of one, preparing everything is faster.
    """
    fast = CchTravelTimes(graph, turns=turns_of(graph))
    every_s = processor_s(lambda: fast._spare.metric.reset(fast._current.arc_ms.tolist()))
    whole = Row("closing, with turns", "everything prepared anew", every_s * 1000, "ms")
    rng = np.random.default_rng(6)
    areas = []
    for share in AREAS:
        area = nearest_to(graph, int(rng.integers(0, graph.node_count)), share)
        fast.shut_only([])
        fast.shut_only([0])  # so that the spare has nothing shut that the area would open
        fast.shut_only([])
        took = processor_s(lambda area=area: fast.shut_only(area), 1)
        what = f"an area of {share:.1%} of all edges shut"
        note = f"{np.count_nonzero(fast._current.arc_ms != fast._spare.arc_ms)} arcs"
        areas.append(Row(whole.group, what, took * 1000, "ms", note=note))
    return against_first([whole, *areas]) + partial_rows(fast, every_s, rng)


def partial_rows(fast: CchTravelTimes, every_s: float, rng: np.random.Generator) -> list[Row]:
    """Time of changing a share of all arcs alone, to `every_s` of preparing them all."""
    arcs, begin = fast._spare.arc_ms, fast._states.arc_from
    lon, lat = fast._states.lon[begin], fast._states.lat[begin]
    rows = []
    for share in PARTS:
        count_ = int(len(arcs) * share)
        at = rng.integers(0, len(arcs))
        near = np.argpartition((lon - lon[at]) ** 2 + (lat - lat[at]) ** 2, count_)[:count_]
        drawn = {"side by side": near, "far apart": rng.choice(len(arcs), count_, replace=False)}
        for how, which in drawn.items():
            shut = dict.fromkeys(which.tolist(), CLOSED_MS)
            again = dict(zip(which.tolist(), arcs[which].tolist(), strict=True))
            updater = rk.CCHMetricPartialUpdater(fast._cch)
            took = processor_s(lambda u=updater, s=shut: u.apply(fast._spare.metric, s), 1)
            updater.apply(fast._spare.metric, again)
            what = f"{share:.2%} of {len(arcs)} arcs, {how}"
            rows.append(Row("partial", what, took * 1000, "ms", took / every_s))
    return rows


def nearest_to(graph: RoadGraph, node: int, share: float) -> Ints:
    """The edges nearest to a node, as many of all as a share says."""
    wide = np.cos(np.radians(graph.node_lat[node]))
    east, north = graph.node_lon - graph.node_lon[node], graph.node_lat - graph.node_lat[node]
    far = np.hypot(east * wide, north)
    further = np.maximum(far[graph.edge_from], far[graph.edge_to])
    return np.argsort(further, kind="stable")[: int(graph.edge_count * share)]


def processor_s(work: Callable[[], object], repeat: int = 3) -> float:
    """Least processor time of some runs, which says more than the clock on a busy machine."""
    times = []
    for _ in range(repeat):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def loader_rows(source: Path) -> list[Row]:
    """Edges per second and memory of reading one town's drivable roads, by arrays and by osmnx."""
    with tempfile.TemporaryDirectory() as folder:
        town = drivable_xml(source, Path(folder) / "town.osm")
        rows = {what: measured_in_own_process(what, town) for what in ("arrays", "osmnx")}
    speed = [
        Row("loader, one town as XML", what, found["edges"] / found["seconds"], "edges/s")
        for what, found in rows.items()
    ]
    memory = [
        Row("loader memory", what, found["peak_mb"], "MB, whole process")
        for what, found in rows.items()
    ]
    return against_first(speed) + against_first(memory)


def measured_in_own_process(what: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.roads", what, str(path)]
    told = subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout
    found: dict[str, float] = json.loads(told)
    return found


def load_by(what: str, path: Path) -> dict[str, float]:
    """Read once in this process, and say how long it took and what it needed."""
    if what == "osmnx":
        ox = importlib.import_module("osmnx")

        def read() -> int:
            return int(ox.graph_from_xml(path, retain_all=True).size())
    else:

        def read() -> int:
            return read_osm(path).edge_count

    began = time.perf_counter()
    edges = read()
    return {"edges": edges, "seconds": time.perf_counter() - began, "peak_mb": memory_mb("VmHWM")}


def memory_mb(kind: str) -> float:
    """Give the memory of this process alone: VmHWM its peak, VmRSS what it holds now.

    The system's getrusage will not do: its peak begins with that of the parent.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = next(line for line in status.splitlines() if line.startswith(f"{kind}:"))
    return int(found.split()[1]) / 1024


def drivable_xml(source: Path, target: Path) -> Path:
    """Write the drivable ways of a file as XML, the one form that both loaders read.

    Ways that leave the extract are left out: osmnx refuses a file that holds one.
    """
    held = {node.id for node in osm_objects(source, osmium.osm.NODE, ())}
    with osmium.BackReferenceWriter(str(target), ref_src=str(source), overwrite=True) as writer:
        for way in osm_objects(source, osmium.osm.WAY, ["highway"]):
            assert isinstance(way, Way)
            whole = held.issuperset(node.ref for node in way.nodes)
            if whole and drivable_class(dict(way.tags)) is not None:
                writer.add(way)
    return target


def memory_rows(graph: RoadGraph) -> list[Row]:
    """Memory for a million edges: the graph's arrays, and what the engine adds to a process."""
    with tempfile.TemporaryDirectory() as folder:
        packed, order = Path(folder) / "graph", Path(folder) / "order"
        packed.write_bytes(to_bytes(graph))
        order.write_bytes(CchTravelTimes(graph).order_bytes())
        grown = measured_in_own_process("engine", packed)["grown_mb"]
    million = graph.edge_count / 1e6
    group = "memory per million edges"
    return [
        Row(group, "graph arrays", graph.nbytes / 2**20 / million, "MB"),
        Row(group, "engine", grown / million, "MB"),
    ]


def engine_memory(packed: Path) -> dict[str, float]:
    """Build the engine once in this process, and say what that added to its memory."""
    graph = from_bytes(packed.read_bytes())
    before = memory_mb("VmRSS")
    engine = CchTravelTimes(graph, packed.with_name("order").read_bytes())
    engine.seconds(snaps_on(graph, 10, 1), snaps_on(graph, 10, 2))
    return {"grown_mb": memory_mb("VmRSS") - before}


def run() -> list[Row]:
    """Measure everything; the big graph where its data is at hand, else the small town."""
    folder = data_folder()
    big = folder / PORTO if (folder / PORTO).exists() else folder / LAUF
    graph = read_osm(big).largest_part()
    rows = loader_rows(folder / LAUF) + memory_rows(graph) + engine_rows(graph)
    rows += closing_rows(graph)
    return rows + matrix_rows(graph, 200, 200) + matrix_rows(graph, 1000, 200)


def main() -> None:
    """Print the table; with two arguments, measure one thing for the caller."""
    if len(sys.argv) == 3:
        what, path = sys.argv[1], Path(sys.argv[2])
        print(json.dumps(engine_memory(path) if what == "engine" else load_by(what, path)))
        return
    if not has_data():
        raise SystemExit(ABSENT)
    before = machine()
    show("roads", run(), before)


if __name__ == "__main__":
    main()
