"""A made-up network along a real city's roads, for cities that publish roads and no network."""

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from dispatch.drill.county import parameters as p
from dispatch.drill.county.feeders import NUMERALS, Station, Tree, choose_ties, tree_of
from dispatch.drill.county.frame import Floats, Ints, stream
from dispatch.drill.county.people import PHONES, person, phone
from dispatch.drill.county.sites import customers_each
from dispatch.drill.elsewhere import parameters as here
from dispatch.drill.elsewhere.crews import spread
from dispatch.drill.elsewhere.lines import Lines, Streets, node_at
from gis.crs import LocalMetric, local_metric
from gis.errors import EmptyInput
from gis.network.model import Network, Substation, Transformer, UsagePoint
from gis.roads.graph import RoadGraph

MARK = f"（{p.SYNTHETIC}）"
SIDES = ("城东", "城东北", "城北", "城西北", "城西", "城西南", "城南", "城东南")


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One row per transformer: its junction, metres in the city's plane, and customers."""

    vertex: Ints
    xy: Floats
    customers: Ints


def network_on(
    roads: RoadGraph, seed: int, *, customers: int = 12_000, feeders: int = 8
) -> Network:
    """Make up a distribution network along `roads`.

    Feeders follow the shortest roads from their substation; a breaker stands at each head, a
    recloser and a sectionaliser on the trunk, fuses on the branches, open switches between
    feeders. There is no low voltage: customers hang on their transformer. Names are Chinese and
    say that they are made up. EPSG:4326, lengths in metres.

    Parameters
    ----------
    roads
        Any; only the largest part in which all is connected is used.
    seed
        The same roads, seed and numbers give the same network.
    customers
        How many accounts, at least 57 per feeder, the mean of one transformer.
    feeders
        How many feeders.

    Raises
    ------
    EmptyInput
        There are fewer than two junctions.
    ValueError
        `customers` or `feeders` are too few.
    """
    if feeders < 1 or customers < feeders * p.MEAN_CUSTOMERS_PER_TRANSFORMER:
        raise ValueError(
            f"{customers} customers on {feeders} feeders; expected 1 feeder or more, each with "
            f"{p.MEAN_CUSTOMERS_PER_TRANSFORMER} customers or more"
        )
    streets = streets_of(roads.largest_part())
    if len(streets.edge_between) == 0:
        raise EmptyInput("the road graph", "roads between two junctions or more")
    rng = stream(seed, "network elsewhere")
    plane, xy = _plane(streets.roads)
    gates = _gates(rng, xy, feeders)
    gap, back, source = dijkstra(
        streets.lengths, indices=gates, min_only=True, return_predecessors=True
    )
    site = _sites(rng, gap, xy, customers)
    stations = _stations(gates, xy)
    trees = _trees(
        stations, site, xy, feeders, (gap, back.astype(np.int64), source.astype(np.int64))
    )
    lines = Lines(streets)
    for tree in trees:
        lines.draw_feeder(tree)
    for tie in choose_ties(streets.lengths, trees):
        lines.draw_tie(tie, trees[tie.a], trees[tie.b])
    transformers = _transformers(rng, trees, site, plane)
    return Network(
        name=f"沿路生成的配电网{MARK}",
        substations=tuple(
            Substation(id=s.id, name=s.name, point=streets.point(s.vertex)) for s in stations
        ),
        feeders=tuple(lines.feeders),
        sections=tuple(lines.sections),
        switches=tuple(lines.switches),
        transformers=transformers,
        usage_points=_customers(rng, seed, site, transformers, plane),
    )


def streets_of(roads: RoadGraph) -> Streets:
    """Take roads as something to build along: either way, parallel ones by the shortest."""
    low = np.minimum(roads.edge_from, roads.edge_to).astype(np.int64)
    high = np.maximum(roads.edge_from, roads.edge_to).astype(np.int64)
    length = np.maximum(roads.edge_length_m, 0.01)
    order = np.lexsort((length, high, low))
    order = order[low[order] != high[order]]
    pairs = np.column_stack([low[order], high[order]])
    first = np.ones(len(pairs), dtype=np.bool_)
    first[1:] = (np.diff(pairs, axis=0) != 0).any(axis=1)
    pairs, edges = pairs[first], order[first]
    both = np.vstack([pairs, pairs[:, ::-1]])
    size = (roads.node_count,) * 2
    matrix = csr_matrix((np.tile(length[edges], 2), (both[:, 0], both[:, 1])), shape=size)
    keys = zip(*pairs.T.tolist(), strict=True)
    return Streets(roads, matrix, dict(zip(keys, edges.tolist(), strict=True)))


def _plane(roads: RoadGraph) -> tuple[LocalMetric, Floats]:
    plane = local_metric(float(roads.node_lon.mean()), float(roads.node_lat.mean()))
    return plane, np.column_stack(plane.xy(roads.node_lon, roads.node_lat))


def _gates(rng: np.random.Generator, xy: Floats, feeders: int) -> Ints:
    return np.sort(spread(rng, xy, min(-(-feeders // here.FEEDERS_PER_SUBSTATION), len(xy))))


def _stations(gates: Ints, xy: Floats) -> list[Station]:
    names = _told_apart([f"110kV{_side(xy[gate], xy)}" for gate in gates])
    return [
        Station(f"S{k}", f"{name}变{MARK}", int(gate), 0)
        for k, (gate, name) in enumerate(zip(gates.tolist(), names, strict=True), start=1)
    ]


def _sites(rng: np.random.Generator, gap: Floats, xy: Floats, customers: int) -> Site:
    """Put transformers at junctions within reach; on few junctions several stand at one."""
    count = round(customers / p.MEAN_CUSTOMERS_PER_TRANSFORMER)
    near = np.argsort(gap, kind="stable")
    near = near[gap[near] > 0]
    within = int(np.searchsorted(gap[near], here.REACH_M, side="right"))
    near = near[: max(within, round(count * here.SPARE_JUNCTIONS))]
    vertex = np.resize(rng.permutation(near), count)
    angle, off = rng.uniform(0, 2 * np.pi, count), rng.uniform(*here.TRANSFORMER_OFF_M, count)
    step = np.column_stack([np.cos(angle), np.sin(angle)]) * off[:, None]
    return Site(vertex, xy[vertex] + step, customers_each(rng, customers, ["seat"] * count))


def _trees(
    stations: list[Station],
    site: Site,
    xy: Floats,
    feeders: int,
    roots: tuple[Floats, Ints, Ints],
) -> list[Tree]:
    """Share out the feeders among the stations, and each station's transformers among its own."""
    gap, before, source = roots
    mine = [np.flatnonzero(source[site.vertex] == station.vertex) for station in stations]
    held = np.array([min(len(rows), 1) for rows in mine])  # however few there are, they have one
    for _ in range(feeders - int(held.sum())):
        held[np.argmax([len(rows) / (k + 1) for rows, k in zip(mine, held, strict=True)])] += 1
    groups: list[tuple[Station, Ints]] = []
    for station, rows, count in zip(stations, mine, held.tolist(), strict=True):
        place = _walk_round(station.vertex, site.vertex[rows], before, xy)
        ordered = rows[np.argsort([place[v] for v in site.vertex[rows].tolist()], kind="stable")]
        groups += [(station, part) for part in np.array_split(ordered, count)] if count else []
    sides = [_side(site.xy[group].mean(axis=0), xy) for _, group in groups]
    names = [f"{name}线{MARK}" for name in _told_apart([f"10kV{side}" for side in sides])]
    return [
        tree_of(f"F{k:02d}", name, station, (tuple(group.tolist()), site.vertex, gap, before))
        for k, ((station, group), name) in enumerate(zip(groups, names, strict=True), start=1)
    ]


def _walk_round(gate: int, wanted: Ints, before: Ints, xy: Floats) -> dict[int, int]:
    """Number the junctions as one meets them walking the tree of shortest roads, branch by branch.

    Neighbours in this order share most of their way to the gate.
    """
    children: dict[int, set[int]] = {}
    for node in wanted.tolist():
        here_ = node
        while here_ != gate:
            above = int(before[here_])
            known = children.setdefault(above, set())
            if here_ in known:
                break
            known.add(here_)
            here_ = above

    def bearing(node: int) -> tuple[float, int]:
        east, north = xy[node] - xy[gate]
        return float(np.arctan2(north, east)), node

    place: dict[int, int] = {}
    stack = [gate]
    while stack:
        node = stack.pop()
        place[node] = len(place)
        stack += sorted(children.get(node, ()), key=bearing)
    return place


def _transformers(
    rng: np.random.Generator, trees: list[Tree], site: Site, plane: LocalMetric
) -> tuple[Transformer, ...]:
    """One record per site, numbered along its feeder."""
    points = shapely.points(*plane.lon_lat(*site.xy.T))
    ratings = np.array(p.RATED_KVA)
    wanted = site.customers * p.KVA_PER_CUSTOMER * rng.uniform(0.9, 1.3, len(site.customers))
    rated = ratings[np.minimum(np.searchsorted(ratings, wanted), len(ratings) - 1)]
    at = {t: (tree, k) for tree in trees for k, t in enumerate(tree.transformers, start=1)}
    return tuple(
        Transformer(
            id=f"T{t + 1:04d}",
            name=f"{at[t][0].name.removesuffix(MARK)}{at[t][1]}号公变{MARK}",
            node=node_at(at[t][0], int(site.vertex[t])),
            point=points[t],
            rated_kva=float(rated[t]),
        )
        for t in range(len(site.customers))
    )


def _customers(
    rng: np.random.Generator,
    seed: int,
    site: Site,
    transformers: tuple[Transformer, ...],
    plane: LocalMetric,
) -> tuple[UsagePoint, ...]:
    """People about their transformers; the roads name no house, so there are no addresses."""
    owner = np.repeat(np.arange(len(transformers)), site.customers)
    step = rng.normal(0, here.HOME_SPREAD_M, (len(owner), 2))
    far = np.hypot(*step.T)
    step *= np.minimum(1.0, here.HOME_FARTHEST_M / np.maximum(far, 1e-9))[:, None]
    points = shapely.points(*plane.lon_lat(*(site.xy[owner] + step).T))
    names = person(rng, len(owner))
    start = int(rng.integers(PHONES))
    return tuple(
        UsagePoint(
            account=f"99{seed % 100:02d}{i + 1:07d}",
            meter=f"D99{seed % 100:02d}{i + 1:07d}",
            name=f"{names[i]}{MARK}",
            phones=(phone(start + i),),
            point=points[i],
            transformer_id=transformers[t].id,
        )
        for i, t in enumerate(owner.tolist())
    )


def _side(at: Floats, xy: Floats) -> str:
    """The side of the city on which a place lies."""
    east, north = at - xy.mean(axis=0)
    return SIDES[round(float(np.degrees(np.arctan2(north, east))) / 45) % len(SIDES)]


def _told_apart(names: list[str]) -> list[str]:
    """Number the second and further ones of a name."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        k = seen.get(name, 0)
        seen[name] = k + 1
        out.append(name + (NUMERALS[k] if k < len(NUMERALS) else str(k + 1)))
    return out
