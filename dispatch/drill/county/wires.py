"""The network drawn: feeders as sections and switches, ties, transformers, low-voltage lines."""

from dataclasses import dataclass, field

import numpy as np
import shapely

from dispatch.drill.county import parameters as p
from dispatch.drill.county.feeders import Station, Tie, Tree
from dispatch.drill.county.frame import Floats, Ints, lonlat, rank_within
from dispatch.drill.county.premises import Premises
from dispatch.drill.county.roads import Roads
from dispatch.drill.county.sites import Sites
from gis.network.model import (
    Feeder,
    Level,
    LineSection,
    Substation,
    Switch,
    SwitchKind,
    Transformer,
)

APART_M = 5.0  # feeders on one road are drawn this far from its middle
DEVICE_M = 9.0  # a switch is drawn this far down the line it guards


@dataclass(slots=True)
class Wires:
    """What has been drawn so far; `box_of` is the low-voltage node of each customer."""

    sections: list[LineSection] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    transformers: list[Transformer] = field(default_factory=list)
    feeders: list[Feeder] = field(default_factory=list)
    box_of: list[str] = field(default_factory=list)

    def section(self, ends: tuple[str, str], xy: Floats, level: Level = Level.MV) -> None:
        """Draw a section along `xy` in metres."""
        id_ = f"{'M' if level is Level.MV else 'L'}{len(self.sections) + 1:05d}"
        length = float(np.hypot(*np.diff(xy, axis=0).T).sum())
        line = shapely.LineString(lonlat(xy))
        self.sections.append(
            LineSection(
                id=id_,
                from_node=ends[0],
                to_node=ends[1],
                level=level,
                line=line,
                length_m=round(length, 1),
            )
        )

    def switch(
        self, kind: SwitchKind, ends: tuple[str, str], xy: Floats, *, normal_open: bool = False
    ) -> None:
        """Draw a switch at `xy` in metres, shape (2,)."""
        lon, lat = lonlat(xy[None])[0].tolist()
        self.switches.append(
            Switch(
                id=f"K{len(self.switches) + 1:05d}",
                kind=kind,
                from_node=ends[0],
                to_node=ends[1],
                point=shapely.Point(lon, lat),
                normal_open=normal_open,
            )
        )


def substations(stations: list[Station], roads: Roads) -> tuple[Substation, ...]:
    """The substations, each some metres off its road."""
    at = lonlat(roads.xy[[s.vertex for s in stations]] + 25.0)
    return tuple(
        Substation(id=s.id, name=s.name, point=shapely.Point(*xy))
        for s, xy in zip(stations, at.tolist(), strict=True)
    )


def draw(
    trees: list[Tree], ties: list[Tie], sites: Sites, roads: Roads, premises: Premises
) -> Wires:
    """Draw the whole network."""
    wires = Wires()
    kept = [_kept(tree, ties, k, sites) for k, tree in enumerate(trees)]
    drawn = [_Drawn(tree, roads, k, kept[k]) for k, tree in enumerate(trees)]
    for one in drawn:
        one.draw(wires)
    for tie in ties:
        _draw_tie(wires, drawn, tie)
    for one in drawn:
        for t in one.tree.transformers:
            _draw_transformer(wires, one, t, sites)
    wires.transformers.sort(key=lambda each: each.id)
    _draw_low_voltage(wires, sites, premises)
    return wires


def _kept(tree: Tree, ties: list[Tie], k: int, sites: Sites) -> set[int]:
    """Road nodes at which something is joined: the rest only bend a section."""
    children = np.unique(list(tree.parent.values()), return_counts=True)
    kept = {tree.station.vertex, *children[0][children[1] > 1].tolist()}
    kept |= {int(sites.vertex[t]) for t in tree.transformers}
    kept |= {tie.path[0] for tie in ties if tie.a == k}
    return kept | {tie.path[-1] for tie in ties if tie.b == k}


class _Drawn:
    """One feeder while it is drawn."""

    def __init__(self, tree: Tree, roads: Roads, index: int, kept: set[int]) -> None:
        self.tree = tree
        self.kept = kept
        angle = 2.399963 * index  # the golden angle keeps feeders on one road apart
        self.xy = roads.xy + APART_M * np.array([np.cos(angle), np.sin(angle)])
        order = sorted(kept, key=lambda n: (-tree.below[n], n))
        self.name_of = {node: f"{tree.id}-{k}" for k, node in enumerate(order, start=1)}
        self.trunk = set(tree.trunk)
        self.guarded: set[int] = set()
        self.long = tree.trunk_m > p.LONG_TRUNK_M
        kind = SwitchKind.SECTIONALISER if self.long else SwitchKind.LOAD_BREAK
        first = SwitchKind.RECLOSER if self.long else SwitchKind.LOAD_BREAK
        self.on_trunk = [(0.66, first), (0.33, kind)]

    def draw(self, wires: Wires) -> None:
        """Draw the breaker, then every section from the gate outwards."""
        tree, root = self.tree, self.tree.station.vertex
        head = f"{tree.id}-0"
        wires.feeders.append(
            Feeder(id=tree.id, name=tree.name, substation_id=tree.station.id, head_node=head)
        )
        wires.switch(SwitchKind.BREAKER, (head, self.name_of[root]), self.xy[root])
        upward = {node: self._up(node) for node in self.kept if node != root}
        for node in sorted(upward, key=lambda n: (-tree.below[n], n)):
            path = upward[node]
            line = self.xy[path[::-1]]
            start = self.name_of[path[-1]]
            kind = self._device(path[-1], node, float(np.hypot(*np.diff(line, axis=0).T).sum()))
            if kind is not None:
                below = f"{self.name_of[node]}s"
                toward = (line[1] - line[0]) / max(float(np.hypot(*(line[1] - line[0]))), 1e-9)
                wires.switch(kind, (start, below), line[0] + DEVICE_M * toward)
                start = below
            wires.section((start, self.name_of[node]), line)

    def _up(self, node: int) -> list[int]:
        path = [node, self.tree.parent[node]]
        while path[-1] not in self.kept:
            path.append(self.tree.parent[path[-1]])
        return path

    def _device(self, above: int, node: int, length: float) -> SwitchKind | None:
        """What stands at the head of the section from `above` to `node`."""
        below = self.tree.below[node]
        if node in self.trunk:
            share = below / len(self.tree.transformers)
            if self.on_trunk and share <= self.on_trunk[0][0] and below > 1:
                return self.on_trunk.pop(0)[1]
            return None
        if above in self.guarded:
            self.guarded.add(node)
            return None
        if above in self.trunk and below > p.FUSED_LATERAL_MOST:
            return SwitchKind.SECTIONALISER if self.long else SwitchKind.LOAD_BREAK
        if 1 < below <= p.FUSED_LATERAL_MOST or length > p.FUSED_SPUR_M:
            if below <= p.FUSED_LATERAL_MOST:
                self.guarded.add(node)
                return SwitchKind.FUSE
        return None


def _draw_tie(wires: Wires, drawn: list[_Drawn], tie: Tie) -> None:
    one, two = drawn[tie.a], drawn[tie.b]
    start, end = one.xy[tie.path[0]], two.xy[tie.path[-1]]
    middle = one.xy[list(tie.path[1:-1])]
    last = middle[-1] if len(middle) else start
    stop = last + 0.8 * (end - last)
    open_end = f"{one.tree.id}-{two.tree.id}"
    wires.section((one.name_of[tie.path[0]], open_end), np.vstack([start, middle, stop]))
    ends = (open_end, two.name_of[tie.path[-1]])
    wires.switch(SwitchKind.LOAD_BREAK, ends, stop, normal_open=True)


def _draw_transformer(wires: Wires, one: _Drawn, t: int, sites: Sites) -> None:
    id_ = transformer_id(t)
    vertex = int(sites.vertex[t])
    wires.section((one.name_of[vertex], f"{id_}-M"), np.vstack([one.xy[vertex], sites.xy[t]]))
    wires.transformers.append(
        Transformer(
            id=id_,
            name=sites.name[t],
            node=f"{id_}-M",
            lv_node=f"{id_}-L",
            point=shapely.Point(*lonlat(sites.xy[t][None])[0].tolist()),
            rated_kva=float(sites.rated_kva[t]),
        )
    )


def transformer_id(t: int) -> str:
    """The id of the transformer in row `t`."""
    return f"T{t + 1:04d}"


def _draw_low_voltage(wires: Wires, sites: Sites, premises: Premises) -> None:
    """Draw up to four circuits per transformer, each a fuse and a chain of meter boxes."""
    t = premises.transformer
    circuit, box = _boxes(sites, premises)
    _, first, back = np.unique(box, return_index=True, return_inverse=True)
    count = np.bincount(back)
    xy = np.column_stack([np.bincount(back, weights=premises.xy[:, i]) / count for i in (0, 1)])
    order = rank_within(circuit[first])
    names = [f"{transformer_id(t[f])}-{k}" for f, k in zip(first, rank_within(t[first]) + 1, strict=True)]
    for k, f in enumerate(first.tolist()):
        if t[f] >= sites.public:
            continue
        if order[k]:
            wires.section((names[k - 1], names[k]), xy[[k - 1, k]], Level.LV)
            continue
        start, below = f"{transformer_id(t[f])}-L", f"{names[k]}f"
        at = sites.xy[t[f]]
        wires.switch(SwitchKind.FUSE, (start, below), at)
        wires.section((below, names[k]), np.vstack([at, xy[k]]), Level.LV)
    own = t >= sites.public
    wires.box_of = [
        f"{transformer_id(row)}-L" if special else names[k]
        for row, special, k in zip(t.tolist(), own.tolist(), back.tolist(), strict=True)
    ]


def _boxes(sites: Sites, premises: Premises) -> tuple[Ints, Ints]:
    """Circuit and meter box of each customer, as numbers that rise along each circuit."""
    t = premises.transformer
    gap = premises.xy - sites.xy[t]
    homes = np.where(sites.compound, 0, sites.customers)
    circuits = np.clip(-(-homes // p.PREMISES_PER_CIRCUIT), 1, p.MOST_CIRCUITS)[t]
    sector = np.arctan2(gap[:, 1], gap[:, 0]) / (2 * np.pi) + 0.5
    within = np.minimum((sector * circuits).astype(np.int64), circuits - 1)
    within = np.where(premises.building > 0, premises.building % p.MOST_CIRCUITS, within)
    circuit = t * (p.MOST_CIRCUITS + 1) + within
    order = np.lexsort((np.hypot(*gap.T), circuit))
    rank = np.empty(len(t), dtype=np.int64)
    rank[order] = rank_within(circuit[order])
    step = np.where(
        premises.building > 0,
        premises.building * 8 + premises.unit,
        rank // p.PREMISES_PER_BOX,
    )
    return circuit, circuit * 1_000 + step
