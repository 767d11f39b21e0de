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
    """What has been drawn so far, in metres."""

    sections: list[tuple[tuple[str, str], Floats, Level]] = field(default_factory=list)
    switches: list[tuple[SwitchKind, tuple[str, str], Floats, bool]] = field(default_factory=list)
    feeders: list[Feeder] = field(default_factory=list)

    def section(self, ends: tuple[str, str], xy: Floats, level: Level = Level.MV) -> None:
        """Draw a section along `xy`."""
        self.sections.append((ends, xy, level))

    def switch(
        self, kind: SwitchKind, ends: tuple[str, str], xy: Floats, *, normal_open: bool = False
    ) -> None:
        """Draw a switch at `xy`, shape (2,)."""
        self.switches.append((kind, ends, xy, normal_open))

    def finished_sections(self) -> tuple[LineSection, ...]:
        """The sections as records, in the order drawn."""
        owner = np.repeat(np.arange(len(self.sections)), [len(xy) for _, xy, _ in self.sections])
        xy = np.vstack([xy for _, xy, _ in self.sections])
        lines = shapely.linestrings(lonlat(xy), indices=owner)
        lengths = shapely.length(shapely.linestrings(xy, indices=owner))
        return tuple(
            LineSection(
                id=f"{'M' if level is Level.MV else 'L'}{k:05d}",
                from_node=start,
                to_node=end,
                level=level,
                line=line,
                length_m=round(length, 1),
            )
            for k, (((start, end), _, level), line, length) in enumerate(
                zip(self.sections, lines, lengths.tolist(), strict=True), start=1
            )
        )

    def finished_switches(self) -> tuple[Switch, ...]:
        """The switches as records, in the order drawn."""
        points = shapely.points(lonlat(np.array([xy for _, _, xy, _ in self.switches])))
        return tuple(
            Switch(
                id=f"K{k:05d}",
                kind=kind,
                from_node=start,
                to_node=end,
                point=point,
                normal_open=normal_open,
            )
            for k, ((kind, (start, end), _, normal_open), point) in enumerate(
                zip(self.switches, points, strict=True), start=1
            )
        )


def substations(stations: list[Station], roads: Roads) -> tuple[Substation, ...]:
    """The substations, each some metres off its road."""
    at = lonlat(roads.xy[[s.vertex for s in stations]] + 25.0)
    return tuple(
        Substation(id=s.id, name=s.name, point=shapely.Point(*xy))
        for s, xy in zip(stations, at.tolist(), strict=True)
    )


def draw_feeders(trees: list[Tree], ties: list[Tie], sites: Sites, roads: Roads) -> Wires:
    """Draw the medium voltage, to the transformers."""
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
    return wires


def transformers(sites: Sites) -> tuple[Transformer, ...]:
    """The transformers as records, in the order of `sites`."""
    points = shapely.points(lonlat(sites.xy))
    return tuple(
        Transformer(
            id=transformer_id(t),
            name=sites.name[t],
            node=f"{transformer_id(t)}-M",
            lv_node=f"{transformer_id(t)}-L",
            point=points[t],
            rated_kva=float(sites.rated_kva[t]),
        )
        for t in range(len(sites.name))
    )


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
        if below <= p.FUSED_LATERAL_MOST and (below > 1 or length > p.FUSED_SPUR_M):
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
    vertex = int(sites.vertex[t])
    ends = (one.name_of[vertex], f"{transformer_id(t)}-M")
    wires.section(ends, np.vstack([one.xy[vertex], sites.xy[t]]))


def transformer_id(t: int) -> str:
    """The id of the transformer in row `t`."""
    return f"T{t + 1:04d}"


def draw_low_voltage(wires: Wires, sites: Sites, premises: Premises) -> list[str]:
    """Draw up to four circuits per transformer, each a fuse and a chain of meter boxes.

    Returns
    -------
    boxes
        The low-voltage node of each customer.
    """
    t = premises.transformer
    circuit, box = _boxes(sites, premises)
    count = np.bincount(box)
    xy = np.column_stack([np.bincount(box, weights=premises.xy[:, i]) / count for i in (0, 1)])
    first = np.empty(len(count), dtype=np.int64)
    first[box[::-1]] = np.arange(len(box))[::-1]
    order = rank_within(circuit[first])
    numbers = rank_within(t[first]) + 1
    names = [f"{transformer_id(t[f])}-{k}" for f, k in zip(first, numbers, strict=True)]
    for k, f in enumerate(first.tolist()):
        if t[f] >= sites.public:
            names[k] = f"{transformer_id(t[f])}-L"
        elif order[k]:
            wires.section((names[k - 1], names[k]), xy[[k - 1, k]], Level.LV)
        else:
            at, below = sites.xy[t[f]], f"{names[k]}f"
            wires.switch(SwitchKind.FUSE, (f"{transformer_id(t[f])}-L", below), at)
            wires.section((below, names[k]), np.vstack([at, xy[k]]), Level.LV)
    return [names[k] for k in box.tolist()]


def _boxes(sites: Sites, premises: Premises) -> tuple[Ints, Ints]:
    """Circuit and meter box of each customer; boxes count up along each circuit, outwards.

    A circuit serves one side of its transformer. A box holds six houses, or one staircase.
    """
    t = premises.transformer
    gap = premises.xy - sites.xy[t]
    flats = sites.compound[t]
    circuits = np.clip(-(-sites.customers // p.PREMISES_PER_CIRCUIT), 1, p.MOST_CIRCUITS)[t]
    sector = (np.arctan2(gap[:, 1], gap[:, 0]) / (2 * np.pi) + 0.5) * circuits
    circuit = t * p.MOST_CIRCUITS + np.minimum(sector.astype(np.int64), circuits - 1)
    order = np.lexsort((premises.unit, premises.building, np.hypot(*gap.T), circuit))
    circuit_, building, unit = circuit[order], premises.building[order], premises.unit[order]
    changed = (np.diff(building) != 0) | (np.diff(unit) != 0)
    full = rank_within(circuit_) % p.PREMISES_PER_BOX == 0
    begins = np.where(flats[order], np.r_[True, changed], full)
    begins |= np.r_[True, np.diff(circuit_) != 0]
    box = np.empty(len(t), dtype=np.int64)
    box[order] = np.cumsum(begins) - 1
    return circuit, box
