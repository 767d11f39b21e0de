"""Which feeder supplies which node, and by which edge: a spanning forest grown from the heads.

The forest grows breadth first from all heads at once and crosses a switch that is normally open
(but closed now) only when nothing else is left to cross. So each feeder keeps its own ground, and
where two feeders meet or a loop closes, the cut falls on the tie if there is one. The result
depends on the order of the rows and on nothing else.
"""

from collections import deque
from dataclasses import dataclass, field

from gis.network.wiring import NOWHERE, Wiring

UNREACHED = -2
AT_HEAD = -1


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """For each node its feeder, the edge that brings its supply, and how many edges from the head.

    `via` is UNREACHED where no supply comes and AT_HEAD at a head. `surplus` are the closed edges
    between two supplied nodes that the forest does not use: each closes a loop or joins two
    feeders.
    """

    wiring: Wiring
    feeder: list[int]
    via: list[int]
    hops: list[int]
    surplus: list[int] = field(default_factory=list)

    def is_reached(self, node: int) -> bool:
        """Whether supply comes to `node`."""
        return self.via[node] != UNREACHED

    def upstream(self, node: int) -> int:
        """Return the next node towards the head; `node` must be reached and no head."""
        return self.wiring.other_end(self.via[node], node)

    def paths_to_meeting(self, edge: int) -> list[int]:
        """Return the edges from both ends of `edge` up to where they meet, or to both heads."""
        one, other = self.wiring.from_[edge], self.wiring.to[edge]
        left: list[int] = []
        right: list[int] = []
        while one != other:
            if self.hops[one] >= self.hops[other] and self.via[one] != AT_HEAD:
                left.append(self.via[one])
                one = self.upstream(one)
            elif self.via[other] != AT_HEAD:
                right.append(self.via[other])
                other = self.upstream(other)
            else:
                break
        return [*left[::-1], edge, *right]


def spread(wiring: Wiring, heads: list[int], is_open: set[int], ties: set[int]) -> Supply:
    """Grow the supply from `heads` (a node per feeder, NOWHERE for a feeder without one).

    Edges in `is_open` are not crossed, those in `ties` last. Linear in nodes and edges.
    """
    nodes = len(wiring.edges_at)
    growth = _Growth(
        supply=Supply(wiring, [NOWHERE] * nodes, [UNREACHED] * nodes, [0] * nodes),
        blocked=is_open,
        last=ties - is_open,
    )
    for feeder, head in enumerate(heads):
        if head != NOWHERE and not growth.supply.is_reached(head):
            growth.reach(head, AT_HEAD, feeder, 0)
    growth.run()
    return growth.supply


@dataclass(slots=True, eq=False)
class _Growth:
    supply: Supply
    blocked: set[int]
    last: set[int]
    front: deque[int] = field(default_factory=deque)
    waiting: deque[tuple[int, int]] = field(default_factory=deque)
    surplus: dict[int, None] = field(default_factory=dict)

    def reach(self, node: int, via: int, feeder: int, hops: int) -> None:
        supply = self.supply
        supply.via[node], supply.feeder[node], supply.hops[node] = via, feeder, hops
        self.front.append(node)

    def run(self) -> None:
        while self.front or self.waiting:
            if self.front:
                self._leave(self.front.popleft())
            else:
                self._cross(*self.waiting.popleft())
        self.supply.surplus.extend(self.surplus)

    def _leave(self, node: int) -> None:
        via = self.supply.via[node]
        for edge in self.supply.wiring.edges_at[node]:
            if edge == via or edge in self.blocked:
                continue
            if edge in self.last:
                self.waiting.append((edge, node))
            else:
                self._cross(edge, node)

    def _cross(self, edge: int, node: int) -> None:
        supply = self.supply
        wiring = supply.wiring
        if edge >= wiring.first_transformer and wiring.from_[edge] != node:
            return
        other = wiring.other_end(edge, node)
        if other == NOWHERE:
            return
        via = supply.via[other]
        if via == UNREACHED:
            self.reach(other, edge, supply.feeder[node], supply.hops[node] + 1)
        elif via != edge and supply.via[node] != edge:
            self.surplus.setdefault(edge)
