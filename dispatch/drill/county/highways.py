"""Roads between settlements: cheapest paths over the terrain, so that they keep to the valleys."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import networkx as nx
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from dispatch.drill.county import parameters as p
from dispatch.drill.county.frame import Bools, Floats, Ints, stream, turned
from dispatch.drill.county.places import Place
from dispatch.drill.county.roads import Draft
from dispatch.drill.county.terrain import Terrain

CLASSES = ("", "primary", "tertiary", "unclassified", "mountain")  # rank 1 is the greatest
Links = dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True, eq=False)
class Passable:
    """The cost of going from a cell to each neighbour, as a matrix, and where each step stands."""

    cost: csr_matrix
    keys: Ints

    def graph(self, links: Links) -> csr_matrix:
        """The costs as a matrix; a road that is already there costs half."""
        if not links:
            return self.cost
        cells = self.cost.shape[0]
        known = np.array(list(links), dtype=np.int64)
        steps = np.r_[known[:, 0] * cells + known[:, 1], known[:, 1] * cells + known[:, 0]]
        data = self.cost.data.copy()
        data[np.searchsorted(self.keys, steps)] *= 0.5
        return csr_matrix((data, self.cost.indices, self.cost.indptr), shape=self.cost.shape)


@dataclass(slots=True)
class Plan:
    """Roads as steps from cell to cell, before they are drawn."""

    terrain: Terrain
    passable: Passable
    links: Links

    def points(self) -> Floats:
        """Centres of the cells that have a road, shape (n, 2)."""
        xy: Floats = self.terrain.cell_xy()[np.unique(np.array(list(self.links)).ravel())]
        return xy

    def join(self, sources: Ints, targets: Ints, rank: int) -> None:
        """Lead a road of class `rank` from the nearest of `sources` to each target."""
        graph = self.passable.graph(self.links)
        for a, b in _tree(graph, sources, targets):
            key = _key(a, b)
            self.links[key] = min(rank, self.links.get(key, rank))


def plan_main(terrain: Terrain, towns: list[Place]) -> Plan:
    """Plan the trunk road through the seat to the border, and the roads between towns."""
    at = np.array([terrain.cell_of(town.xy) for town in towns])
    xy = np.array([town.xy for town in towns])
    plan = Plan(terrain, _passable(terrain), {})
    plan.join(at[:1], _exits(terrain), 1)
    plan.join(at[:1], at[1:], 2)
    for town in range(1, len(towns)):
        near = np.argsort(np.hypot(*(xy[1:] - xy[town]).T), kind="stable")[1:3] + 1
        plan.join(at[[town]], at[near], 2)
    return plan


def plan_lanes(plan: Plan, seed: int, places: list[Place]) -> None:
    """Plan the roads to villages, some between neighbouring villages, and those to hamlets."""
    rng = stream(seed, "lanes")
    at = np.array([plan.terrain.cell_of(place.xy) for place in places])
    xy = np.array([place.xy for place in places])
    villages = np.array([i for i, q in enumerate(places) if q.kind == "village"])
    hamlets = np.array([i for i, q in enumerate(places) if q.kind == "hamlet"])
    for group, rank in ((villages, 3), (hamlets, 4)):
        gap = KDTree(plan.points()).query(xy[group])[0]
        for near in np.array_split(group[np.argsort(gap, kind="stable")], 6):
            known = np.unique(np.array(list(plan.links)).ravel())
            plan.join(known, at[near], rank)
    for village in rng.choice(villages, size=len(villages) // 6, replace=False):
        gaps = np.hypot(*(xy[villages] - xy[village]).T)
        neighbour = villages[np.argsort(gaps, kind="stable")[1]]
        plan.join(at[[village]], at[[neighbour]], 3)


def draw_highways(draft: Draft, seed: int, plan: Plan, places: list[Place]) -> dict[int, int]:
    """Draw the planned roads.

    Returns
    -------
    anchors
        Node of the main road at each village and hamlet, by index of the place.
    """
    rng = stream(seed, "highways")
    terrain = plan.terrain
    cells = {
        int(terrain.cell_of(q.xy)): i
        for i, q in enumerate(places)
        if q.kind in ("village", "hamlet")
    }
    _clear_towns(terrain, places, plan.links)
    nodes = _draw(draft, rng, terrain, (plan.links, cells, places))
    return {i: nodes[cell] for cell, i in cells.items() if cell in nodes}


def _join_towns(draft: Draft, terrain: Terrain, places: list[Place], ends: Ints) -> None:
    """Lead every road that ends before a town to that town's nearest street corner.

    A town that no great road reaches that way gets a street to the nearest one.
    """
    xy = np.array(draft.points)
    great = np.unique(
        [n for way in draft.ways if way.highway in ("primary", "tertiary") and way.place < 0
         for n in way.nodes]
    )  # fmt: skip
    for index, town in enumerate(places):
        if town.kind not in ("seat", "town"):
            continue
        gates = [int(end) for end in ends if _within(terrain, town, xy[end], 3)]
        if not np.isin(gates, great).any():
            gates.append(int(great[np.argmin(np.hypot(*(xy[great] - town.xy).T))]))
        corners = _corners(draft, index)
        for gate in gates:
            nearest = corners[np.argmin(np.hypot(*(xy[corners] - xy[gate]).T))]
            draft.way([gate, int(nearest)], "tertiary", "")


def _corners(draft: Draft, town: int) -> Ints:
    """Nodes of a town's streets that hang together."""
    graph: nx.Graph[int] = nx.Graph()
    for way in draft.ways:
        if way.place == town:
            nx.add_path(graph, way.nodes)
    parts: list[set[int]] = list(nx.connected_components(graph))
    largest = min(parts, key=lambda part: -len(part))
    return np.array(sorted(largest), dtype=np.int64)


def _passable(terrain: Terrain) -> Passable:
    rows, columns = terrain.height_m.shape
    index = np.arange(rows * columns).reshape(rows, columns)
    height = terrain.height_m.ravel()
    wet = np.zeros(rows * columns, dtype=bool)
    line = np.array([terrain.cell_of(point) for point in _dense(terrain.river)])
    wet[line] = True
    starts, stops = [], []
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = index[: rows - dr, max(0, -dc) : columns - max(0, dc)]
        b = index[dr:, max(0, dc) : columns + min(0, dc)]
        starts.append(a.ravel())
        stops.append(b.ravel())
    start, end = np.concatenate(starts), np.concatenate(stops)
    ok = terrain.inside.ravel()[start] & terrain.inside.ravel()[end]
    start, end = start[ok], end[ok]
    cells = terrain.cell_xy()
    length = np.hypot(*(cells[start] - cells[end]).T)
    slope = np.abs(height[start] - height[end]) / length
    cost = length * (1 + (slope / p.STEEP_SLOPE) ** 2 + height[end] / 1_500)
    cost += 1_800.0 * (wet[start] | wet[end])
    ends = (np.r_[start, end], np.r_[end, start])
    matrix = csr_matrix((np.r_[cost, cost], ends), shape=(rows * columns,) * 2)
    matrix.sort_indices()
    from_ = np.repeat(np.arange(rows * columns, dtype=np.int64), np.diff(matrix.indptr))
    return Passable(matrix, from_ * (rows * columns) + matrix.indices)


def _exits(terrain: Terrain) -> Ints:
    """Three cells at the border where the trunk road leaves the county."""
    cells = terrain.cell_xy()
    inside = np.flatnonzero(terrain.inside.ravel())
    low = terrain.height_m.ravel()[inside] / 40
    x, y = cells[inside].T / 1_000
    return np.array([inside[np.argmax(score - low)] for score in (3 * x, -3 * x, 3 * y + x)])


def _tree(graph: csr_matrix, sources: Ints, targets: Ints) -> list[tuple[int, int]]:
    """Cell steps of the cheapest paths from the nearest of `sources` to each target."""
    _, before, _ = dijkstra(
        graph, indices=np.asarray(sources), min_only=True, return_predecessors=True
    )
    steps = set()
    for target in targets:
        here = int(target)
        while (back := int(before[here])) >= 0 and (back, here) not in steps:
            steps.add((back, here))
            here = back
    return sorted(steps)


def _within(terrain: Terrain, place: Place, xy: Floats, grow: float = 1.0) -> bool:
    if place.kind == "seat":
        u, v = turned((xy - place.xy)[None], -terrain.seat_angle)[0]
        a, b = p.SEAT_HALF_AXES_M
        return bool(np.hypot(u / (a * grow), v / (b * grow)) < 1)
    return bool(np.hypot(*(xy - place.xy)) < p.TOWN_RADIUS_M * 0.95 * grow)


def _clear_towns(terrain: Terrain, places: list[Place], links: Links) -> None:
    cells = terrain.cell_xy()
    centres = [q for q in places if q.kind in ("seat", "town")]
    inner = {
        cell
        for cell in {c for pair in links for c in pair}
        if any(_within(terrain, q, cells[cell]) for q in centres)
    }
    for pair in [pair for pair in links if pair[0] in inner or pair[1] in inner]:
        del links[pair]


def _draw(
    draft: Draft,
    rng: np.random.Generator,
    terrain: Terrain,
    plan: tuple[Links, dict[int, int], list[Place]],
) -> dict[int, int]:
    links, anchors, places = plan
    cells = terrain.cell_xy()
    spot: dict[int, Floats] = {}
    nodes: dict[int, int] = {}
    for chain, rank in _chains(links, set(anchors)):
        for cell in chain:
            if cell not in spot:
                spot[cell] = cells[cell] + rng.uniform(-95, 95, 2)
        for cell in (chain[0], chain[-1]):
            if cell not in nodes:
                nodes[cell] = draft.node(spot[cell], anchors.get(cell, -1))
        line = _winding(rng, terrain, np.array([spot[cell] for cell in chain]))
        path = [nodes[chain[0]], *draft.nodes(line[1:-1]), nodes[chain[-1]]]
        mountain = CLASSES[rank] == "mountain"
        highway = "unclassified" if mountain else CLASSES[rank]
        draft.way(path, highway, _road_name(rank, places, spot[chain[0]]))
        if mountain:
            draft.ways[-1] = replace(draft.ways[-1], maxspeed=p.MOUNTAIN_KMH)
    _join_towns(draft, terrain, places, _loose_ends(draft))
    _join_strays(draft)
    return nodes


def _join_strays(draft: Draft) -> None:
    """Lead roads that hung on a stretch inside a town to the nearest road of the others."""
    graph: nx.Graph[int] = nx.Graph()
    for way in draft.ways:
        nx.add_path(graph, way.nodes)
    xy = np.array(draft.points)
    between = {node for way in draft.ways if way.place < 0 for node in way.nodes}
    parts: list[set[int]] = [part for part in nx.connected_components(graph) if part & between]
    parts.sort(key=lambda part: (-len(part), min(part)))
    main = np.array(sorted(parts[0]))
    for part in parts[1:]:
        stray = np.array(sorted(part))
        gap, near = KDTree(xy[main]).query(xy[stray])
        k = int(np.argmin(gap))
        draft.way([int(stray[k]), int(main[np.asarray(near)[k]])], "unclassified", "")
        main = np.r_[main, stray]


def _loose_ends(draft: Draft) -> Ints:
    """Where a road between settlements stops at none."""
    degree = np.zeros(len(draft.points), dtype=np.int64)
    for way in draft.ways:
        if way.place < 0:
            degree[[way.nodes[0], way.nodes[-1]]] += 1
    return np.flatnonzero((degree == 1) & (np.array(draft.places) < 0))


def _chains(links: Links, stops: set[int]) -> Iterator[tuple[list[int], int]]:
    """Stretches of cells between junctions, villages, and changes of class."""
    beside: dict[int, list[int]] = {}
    for a, b in links:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    ends = stops | {cell for cell in beside if _is_end(links, cell, beside[cell])}
    done: set[tuple[int, int]] = set()
    for start in sorted(ends & beside.keys()):
        for step in sorted(beside[start]):
            if _key(start, step) in done:
                continue
            chain = [start, step]
            while chain[-1] not in ends:
                one, two = beside[chain[-1]]
                chain.append(two if one == chain[-2] else one)
            done |= {_key(a, b) for a, b in pairwise(chain)}
            yield chain, links[_key(start, step)]


def _is_end(links: Links, cell: int, beside: list[int]) -> bool:
    if len(beside) != 2:  # noqa: PLR2004 - a cell on the way has one before and one behind
        return True
    return links[_key(cell, beside[0])] != links[_key(cell, beside[1])]


def _key(a: int, b: int) -> tuple[int, int]:
    return (min(a, b), max(a, b))


def _winding(rng: np.random.Generator, terrain: Terrain, line: Floats) -> Floats:
    """Round the corners; where it is high, let the road swing from side to side."""
    smooth = _chaikin(_chaikin(line))
    if len(smooth) < 4:  # noqa: PLR2004
        return smooth
    dense = _dense(smooth, 45.0)
    along = np.gradient(dense, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(
        np.hypot(*along.T), 1e-9
    ).reshape(-1, 1)
    high = np.clip((terrain.height_at(dense) - p.WINDING_HEIGHT_M) / 250, 0, 1)
    step = np.arange(len(dense)) * 45.0
    swing = 62 * np.sin(step / 52 + rng.uniform(0, 6)) + 20 * np.sin(step / 131 + rng.uniform(0, 6))
    fade = np.clip(np.minimum(step, step[-1] - step) / 150, 0, 1)
    wound = dense + across * (swing * high * fade)[:, None]
    calm: Bools = high * fade < 0.02  # noqa: PLR2004 - there the plain corners are enough
    keep = ~calm | (np.arange(len(dense)) % 3 == 0)
    keep[[0, -1]] = True
    return np.asarray(wound[keep], dtype=np.float64)


def _chaikin(line: Floats) -> Floats:
    a, b = line[:-1], line[1:]
    cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
    return np.vstack([line[:1], cut[1:-1], line[-1:]])


def _dense(line: Floats, step: float = 60.0) -> Floats:
    at = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
    wanted = np.linspace(0, at[-1], max(2, int(at[-1] / step) + 1))
    return np.column_stack([np.interp(wanted, at, line[:, 0]), np.interp(wanted, at, line[:, 1])])


def _road_name(rank: int, places: list[Place], xy: Floats) -> str:
    if CLASSES[rank] == "primary":
        return "云岭大道"
    towns = [q for q in places if q.kind in ("seat", "town")]
    first, second = sorted(towns, key=lambda q: float(np.hypot(*(q.xy - xy))))[:2]
    if CLASSES[rank] == "tertiary":
        names = sorted((first, second), key=lambda q: q.name)
        return f"{names[0].name[:1]}{names[1].name[:1]}公路"
    nearest = min(places, key=lambda q: float(np.hypot(*(q.xy - xy))))
    return f"{nearest.name.removesuffix('村').removesuffix('镇').removesuffix('乡')}村道"
