"""A network as numbered nodes and edges, the form in which it is searched.

Edges are numbered sections first, then switches, then transformers; a transformer leads only from
its medium- to its low-voltage node. Of rows that share an id the first is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from gis.network.model import LineSection, Network, Switch, Transformer

NOWHERE = -1

_Row = TypeVar("_Row", LineSection, Switch, Transformer)


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """Nodes by number, edges as two lists of ends, and the edges at each node.

    `first_switch` and `first_transformer` are the numbers of the first edge of that kind.
    """

    sections: tuple[LineSection, ...]
    switches: tuple[Switch, ...]
    transformers: tuple[Transformer, ...]
    node_names: tuple[str, ...]
    node_number: dict[str, int]
    from_: list[int]
    to: list[int]
    edges_at: list[list[int]]
    first_switch: int
    first_transformer: int

    def switch(self, edge: int) -> Switch | None:
        """Return the switch that `edge` is, or None."""
        if self.first_switch <= edge < self.first_transformer:
            return self.switches[edge - self.first_switch]
        return None

    def transformer(self, edge: int) -> Transformer | None:
        """Return the transformer that `edge` is, or None."""
        if edge >= self.first_transformer:
            return self.transformers[edge - self.first_transformer]
        return None

    def id_of(self, edge: int) -> str:
        """Return the id of the section, switch or transformer that `edge` is."""
        if edge < self.first_switch:
            return self.sections[edge].id
        switch = self.switch(edge)
        return switch.id if switch else self.transformers[edge - self.first_transformer].id

    def other_end(self, edge: int, node: int) -> int:
        """Return the node across `edge`; NOWHERE where it has none."""
        return self.to[edge] if self.from_[edge] == node else self.from_[edge]

    def switches_at(self, switch_ids: Iterable[str]) -> set[int]:
        """Return the edges that are switches with one of `switch_ids`."""
        wanted = set(switch_ids)
        return {
            self.first_switch + place
            for place, switch in enumerate(self.switches)
            if switch.id in wanted
        }


def wire(network: Network) -> Wiring:
    """Number the nodes and edges of `network`.

    An edge with both ends on one node joins nothing and stands at no node.
    """
    sections = _first_of_each(network.sections)
    switches = _first_of_each(network.switches)
    transformers = _first_of_each(network.transformers)
    number: dict[str, int] = {}
    from_: list[int] = []
    to: list[int] = []
    for section in sections:
        from_.append(number.setdefault(section.from_node, len(number)))
        to.append(number.setdefault(section.to_node, len(number)))
    for switch in switches:
        from_.append(number.setdefault(switch.from_node, len(number)))
        to.append(number.setdefault(switch.to_node, len(number)))
    for transformer in transformers:
        from_.append(number.setdefault(transformer.node, len(number)))
        low = transformer.lv_node
        to.append(NOWHERE if low is None else number.setdefault(low, len(number)))
    for feeder in network.feeders:
        number.setdefault(feeder.head_node, len(number))
    return Wiring(
        sections=sections,
        switches=switches,
        transformers=transformers,
        node_names=tuple(number),
        node_number=number,
        from_=from_,
        to=to,
        edges_at=_edges_at(len(number), from_, to),
        first_switch=len(sections),
        first_transformer=len(sections) + len(switches),
    )


def _first_of_each(rows: tuple[_Row, ...]) -> tuple[_Row, ...]:
    by_id: dict[str, _Row] = {}
    for row in rows:
        by_id.setdefault(row.id, row)
    return rows if len(by_id) == len(rows) else tuple(by_id.values())


def _edges_at(nodes: int, from_: list[int], to: list[int]) -> list[list[int]]:
    edges_at: list[list[int]] = [[] for _ in range(nodes)]
    for edge, (one, other) in enumerate(zip(from_, to, strict=True)):
        if one == other:
            continue
        edges_at[one].append(edge)
        if other != NOWHERE:
            edges_at[other].append(edge)
    return edges_at
