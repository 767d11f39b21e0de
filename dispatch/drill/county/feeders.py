"""Which feeder supplies which transformer, along which roads, and where feeders can be tied."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from dispatch.drill.county import parameters as p
from dispatch.drill.county.frame import Floats, Ints, rank_within, turned
from dispatch.drill.county.places import Place
from dispatch.drill.county.roads import Roads
from dispatch.drill.county.sites import Sites
from dispatch.drill.county.terrain import Terrain

NUMERALS = ("", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "Ⅵ", "Ⅶ", "Ⅷ", "Ⅸ", "Ⅹ")


@dataclass(frozen=True, slots=True)
class Station:
    """A substation: its name, the road node at its gate, transformers wanted per feeder."""

    id: str
    name: str
    vertex: int
    target: int


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One feeder over the road nodes: `parent` of each node (the gate has none), busiest first.

    `below` counts transformers at a node and beyond it; `trunk` is the busiest path from the gate.
    """

    id: str
    name: str
    station: Station
    transformers: tuple[int, ...]
    parent: dict[int, int]
    below: dict[int, int]
    trunk: tuple[int, ...]
    trunk_m: float


@dataclass(frozen=True, slots=True)
class Tie:
    """A normally open connection: road nodes from a node of feeder `a` to one of feeder `b`."""

    a: int
    b: int
    path: tuple[int, ...]


def road_graph(roads: Roads) -> csr_matrix:
    """Lengths between road nodes, both ways, parallel pieces by the shortest."""
    edges = roads.edges()
    both = np.vstack([edges, edges[:, ::-1]])
    length = np.maximum(np.tile(roads.lengths(edges), 2), 0.01)
    order = np.lexsort((length, both[:, 1], both[:, 0]))
    both, length = both[order], length[order]
    first = np.r_[True, (np.diff(both, axis=0) != 0).any(axis=1)]
    size = (len(roads.xy),) * 2
    return csr_matrix((length[first], (both[first, 0], both[first, 1])), shape=size)


def place_stations(terrain: Terrain, places: list[Place], roads: Roads) -> list[Station]:
    """Put two substations at the ends of the seat, and others in towns far from one another."""
    street = np.unique(roads.edges().ravel())
    seat = street[roads.place[street] == 0]
    across = turned(roads.xy[seat] - terrain.seat, -terrain.seat_angle)[:, 0]
    stations = [
        Station("S1", "110kV云岭变", int(seat[np.argmin(across)]), p.FEEDER_TARGET["seat"]),
        Station("S2", "110kV城东变", int(seat[np.argmax(across)]), p.FEEDER_TARGET["seat"]),
    ]
    towns = [i for i, q in enumerate(places) if q.kind == "town"]
    xy = np.array([places[i].xy for i in towns])
    gap = np.hypot(*(xy - terrain.seat).T)
    height = terrain.height_at(xy)
    chosen: list[int] = []
    while len(stations) < p.SUBSTATIONS:
        k = int(np.argmax(gap))
        chosen.append(k)
        np.minimum(gap, np.hypot(*(xy - xy[k]).T), out=gap)
        nodes = street[roads.place[street] == towns[k]]
        vertex = int(nodes[np.argmax(np.hypot(*(roads.xy[nodes] - xy[k]).T))])
        name = f"35kV{places[towns[k]].name[:-1]}变"
        stations.append(Station(f"S{len(stations) + 1}", name, vertex, p.FEEDER_TARGET["town"]))
    top = 2 + int(np.argmax(height[chosen]))
    high = stations[top]
    stations[top] = Station(high.id, high.name, high.vertex, p.FEEDER_TARGET["mountain"])
    return stations


def grow_feeders(
    graph: csr_matrix, stations: list[Station], sites: Sites, places: list[Place]
) -> list[Tree]:
    """Divide the transformers among feeders that follow the shortest roads from the substations."""
    gates = np.array([station.vertex for station in stations])
    gap, back, source = dijkstra(graph, indices=gates, min_only=True, return_predecessors=True)
    before = back.astype(np.int64)
    groups: list[tuple[Station, list[int]]] = []
    for station in stations:
        mine = np.flatnonzero(source[sites.vertex] == station.vertex)
        groups += [(station, g) for g in _groups(station, mine, sites.vertex, (gap, before))]
    names = _names(places, sites, [group for _, group in groups])
    return [
        tree_of(f"F{k:02d}", names[k - 1], station, (tuple(group), sites.vertex, gap, before))
        for k, (station, group) in enumerate(groups, start=1)
    ]


def _groups(
    station: Station, mine: Ints, vertex: Ints, roots: tuple[Floats, Ints]
) -> list[list[int]]:
    """Cut the station's tree of shortest roads into groups of about its target, far ends first."""
    gap, before = roots
    waiting: dict[int, list[list[int]]] = {}
    for t in mine.tolist():
        waiting.setdefault(int(vertex[t]), []).append([t])
    groups: list[list[int]] = []
    for node in sorted(_on_the_way(waiting, before), key=lambda n: (-gap[n], n)):
        group: list[int] = []
        for part in sorted(waiting.pop(node, []), key=lambda part: (len(part), part)):
            group += part
            if len(group) >= station.target:
                groups.append(group)
                group = []
        if group and node != station.vertex:
            waiting.setdefault(int(before[node]), []).append(group)
        elif group:
            groups.append(group)
    if len(groups) > 1 and len(groups[-1]) < p.FEEDER_SMALLEST:
        rest = groups.pop()
        min(groups, key=len).extend(rest)
    return groups


def _on_the_way(nodes: Iterable[int], before: Ints) -> set[int]:
    """The nodes and all that lie between them and the gate."""
    found = set(nodes)
    for node in list(found):
        here = node
        while (here := int(before[here])) >= 0 and here not in found:
            found.add(here)
    return found


def tree_of(
    id_: str, name: str, station: Station, of: tuple[tuple[int, ...], Ints, Floats, Ints]
) -> Tree:
    """One feeder as a tree over vertices, `of` its transformers, their vertices, gaps, and ways."""
    transformers, vertex, gap, before = of
    parent: dict[int, int] = {}
    below: dict[int, int] = {station.vertex: 0}
    children: dict[int, list[int]] = {}
    for t in transformers:
        here = int(vertex[t])
        while here != station.vertex:
            below[here] = below.get(here, 0) + 1
            if here not in parent:
                parent[here] = int(before[here])
                children.setdefault(parent[here], []).append(here)
            here = int(before[here])
        below[station.vertex] += 1
    trunk = [station.vertex]
    while trunk[-1] in children:
        trunk.append(max(children[trunk[-1]], key=lambda n: (below[n], gap[n], n)))
    length = float(gap[trunk[-1]])
    return Tree(id_, name, station, transformers, parent, below, tuple(trunk), length)


def _names(places: list[Place], sites: Sites, groups: list[list[int]]) -> list[str]:
    """Name a feeder after the side of the seat, or the place, where most of it is."""
    bases = []
    for group in groups:
        home = int(np.bincount(sites.place[group]).argmax())
        if places[home].kind == "seat":
            east, north = sites.xy[group].mean(axis=0) - places[0].xy
            side = (
                "东北"
                if east > 0 < north
                else "东南"
                if east > 0
                else "西北"
                if north > 0
                else "西南"
            )
            near = abs(east) > 2 * abs(north), abs(north) > 2 * abs(east)
            bases.append("城" + (side[0] if near[0] else side[1] if near[1] else side))
        else:
            bases.append(places[home].name.removesuffix("村").removesuffix("镇").removesuffix("乡"))
    kinds = {base: i for i, base in enumerate(dict.fromkeys(bases))}
    rank = rank_within(np.array([kinds[base] for base in bases]))
    return [f"10kV{base}{NUMERALS[k]}线" for base, k in zip(bases, rank.tolist(), strict=True)]


def choose_ties(graph: csr_matrix, trees: list[Tree]) -> list[Tie]:
    """Choose the open points: short, between the outer parts of two trunks, shared out fairly."""
    at: dict[int, list[int]] = {}
    for k, tree in enumerate(trees):
        for node in sorted(tree.parent):
            at.setdefault(node, []).append(k)
    sources = np.array(sorted(at))
    gap, back, source = dijkstra(
        graph, indices=sources, min_only=True, limit=p.TIE_LONGEST_M, return_predecessors=True
    )
    before = back.astype(np.int64)
    options = _options(graph, trees, at, (gap, source.astype(np.int64)))
    wanted = round(p.OPEN_POINTS_PER_FEEDER * len(trees))
    ties: list[Tie] = []
    count = [0] * len(trees)
    pairs: set[tuple[int, int]] = set()
    for most in (1, 2, 3, 4):
        for _, a, b, u, v in options:
            pair = (min(a, b), max(a, b))
            if len(ties) == wanted or pair in pairs or max(count[a], count[b]) >= most:
                continue
            pairs.add(pair)
            count[a] += 1
            count[b] += 1
            path = _walk(before, u)[::-1] + (_walk(before, v) if u != v else [])
            ties.append(Tie(a, b, tuple(path)))
    return ties


def _options(
    graph: csr_matrix, trees: list[Tree], at: dict[int, list[int]], near: tuple[Floats, Ints]
) -> list[tuple[float, int, int, int, int]]:
    """(cost, feeder, feeder, road node, road node) of every way to tie two feeders."""
    gap, source = near
    edges = graph.tocoo()
    ahead = (edges.row < edges.col) & (source[edges.row] >= 0) & (source[edges.col] >= 0)
    ahead &= source[edges.row] != source[edges.col]
    links = zip(edges.row[ahead], edges.col[ahead], edges.data[ahead], strict=True)
    steps = [(int(u), int(v), float(m)) for u, v, m in links] + [(n, n, 0.0) for n in sorted(at)]
    trunks = [set(tree.trunk) for tree in trees]

    def cost(k: int, node: int) -> float:
        share = trees[k].below[node] / len(trees[k].transformers)
        return 3_000 * abs(share - 0.3) + 6_000 * (node not in trunks[k])

    options: list[tuple[float, int, int, int, int]] = []
    for u, v, length in steps:
        one, two = int(source[u]), int(source[v])
        total = float(gap[u]) + length + float(gap[v])
        options += [
            (total + cost(a, one) + cost(b, two), a, b, u, v)
            for a in at[one]
            for b in at[two]
            if a < b or (a != b and one != two)
        ]
    return sorted(options)


def _walk(before: Ints, node: int) -> list[int]:
    """Road nodes from `node` back to the feeder it is nearest to."""
    path = [node]
    while (back := int(before[path[-1]])) >= 0:
        path.append(back)
    return path
