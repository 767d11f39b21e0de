"""The network along the roads drawn: sections with the roads' shapes, switches, open ties."""

from dataclasses import dataclass, field

import shapely
from scipy.sparse import csr_matrix
from shapely import LineString, Point

from dispatch.drill.county import parameters as p
from dispatch.drill.county.feeders import Tie, Tree
from dispatch.drill.elsewhere import parameters as here
from gis.network.model import Feeder, Level, LineSection, Switch, SwitchKind
from gis.roads.graph import RoadGraph


@dataclass(frozen=True, slots=True, eq=False)
class Streets:
    """Roads that a line may follow either way.

    `lengths` is a symmetric matrix of metres between junctions, `edge_between` the directed road
    edge behind each entry, by its lower and its higher junction.
    """

    roads: RoadGraph
    lengths: csr_matrix
    edge_between: dict[tuple[int, int], int]

    def along(self, start: int, end: int) -> tuple[LineString | None, float]:
        """Shape from one junction to the next (EPSG:4326; None where it is a point), and metres."""
        edge = self.edge_between[min(start, end), max(start, end)]
        points = self.roads.line(edge)
        if int(self.roads.edge_from[edge]) != start:
            points = points[::-1]
        line = shapely.linestrings(points)
        return line if line.length > 0 else None, float(self.roads.edge_length_m[edge])

    def point(self, junction: int) -> Point:
        """Where a junction lies, EPSG:4326."""
        return Point(self.roads.node_lon[junction], self.roads.node_lat[junction])


@dataclass(slots=True)
class Lines:
    """What has been drawn so far."""

    streets: Streets
    feeders: list[Feeder] = field(default_factory=list)
    sections: list[LineSection] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)

    def draw_feeder(self, tree: Tree) -> None:
        """Draw the breaker at the gate, then every road piece, the busiest first."""
        gate = tree.station.vertex
        head = f"{tree.id}-0"
        self.feeders.append(
            Feeder(id=tree.id, name=tree.name, substation_id=tree.station.id, head_node=head)
        )
        point = self.streets.point(gate)
        self._switch(SwitchKind.BREAKER, (head, node_at(tree, gate)), point)
        guards = _Guards(tree)
        for node in sorted(tree.parent, key=lambda n: (-tree.below[n], n)):
            above = tree.parent[node]
            line, length_m = self.streets.along(above, node)
            start = node_at(tree, above)
            kind = guards.device(above, node, length_m)
            if kind is not None:
                below = f"{node_at(tree, node)}s"
                self._switch(kind, (start, below), self._down(above, line, length_m))
                start = below
            self._section((start, node_at(tree, node)), line, length_m)

    def draw_tie(self, tie: Tie, one: Tree, two: Tree) -> None:
        """Draw the road pieces of a tie from `one` on, and the open switch where `two` begins."""
        start = node_at(one, tie.path[0])
        for k, (above, node) in enumerate(zip(tie.path, tie.path[1:], strict=False), start=1):
            end = f"{one.id}-{two.id}-{k}"
            self._section((start, end), *self.streets.along(above, node))
            start = end
        ends = (start, node_at(two, tie.path[-1]))
        point = self.streets.point(tie.path[-1])
        self._switch(SwitchKind.LOAD_BREAK, ends, point, normal_open=True)

    def _down(self, above: int, line: LineString | None, length_m: float) -> Point:
        if line is None:
            return self.streets.point(above)
        share = min(0.5, here.DEVICE_M / max(length_m, here.DEVICE_M))
        return line.interpolate(share, normalized=True)

    def _section(self, ends: tuple[str, str], line: LineString | None, length_m: float) -> None:
        self.sections.append(
            LineSection(
                id=f"M{len(self.sections) + 1:05d}",
                from_node=ends[0],
                to_node=ends[1],
                level=Level.MV,
                line=line,
                length_m=round(length_m, 1),
            )
        )

    def _switch(
        self, kind: SwitchKind, ends: tuple[str, str], point: Point, *, normal_open: bool = False
    ) -> None:
        self.switches.append(
            Switch(
                id=f"K{len(self.switches) + 1:05d}",
                kind=kind,
                from_node=ends[0],
                to_node=ends[1],
                point=point,
                normal_open=normal_open,
            )
        )


def node_at(tree: Tree, junction: int) -> str:
    """The feeder's node at a junction: feeders on one road do not touch."""
    return f"{tree.id}-{junction + 1}"


class _Guards:
    """Which protective devices a feeder gets, asked in the order in which it is drawn."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.trunk = frozenset(tree.trunk)
        self.fused: set[int] = set()
        self.waiting = [
            (here.SECTIONALISER_SHARE, SwitchKind.SECTIONALISER),
            (here.RECLOSER_SHARE, SwitchKind.RECLOSER),
        ]

    def device(self, above: int, node: int, length_m: float) -> SwitchKind | None:
        """What stands at the head of the piece from `above` to `node`, if anything."""
        below = self.tree.below[node]
        if node in self.trunk:
            share = below / len(self.tree.transformers)
            if self.waiting and share <= self.waiting[-1][0]:
                return self.waiting.pop()[1]
            return None
        if above in self.fused:
            self.fused.add(node)
            return None
        if below > p.FUSED_LATERAL_MOST:
            return SwitchKind.SECTIONALISER if above in self.trunk else None
        if below > 1 or length_m > p.FUSED_SPUR_M:
            self.fused.add(node)
            return SwitchKind.FUSE
        return None
