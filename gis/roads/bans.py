"""Turn bans: what a map's restrictions forbid, as pairs of edges."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from gis.roads.graph import RoadGraph, validate


@dataclass(frozen=True, slots=True)
class Restriction:
    """Off the ways `into`, at the node `via`, `out_of` are forbidden; or all others (`only`).

    The numbers are those of the source. `u_turn` bans turning round on the way itself.
    """

    into: tuple[int, ...]
    via: int
    out_of: tuple[int, ...]
    only: bool
    u_turn: bool = False


def with_bans(graph: RoadGraph, restrictions: Iterable[Restriction]) -> RoadGraph:
    """Give the same roads with these restrictions on top of the bans they have.

    A restriction whose node is no junction of the graph, or whose ways are not there, bans nothing.
    """
    node_at = {node: at for at, node in enumerate(graph.node_id.tolist())}
    into: dict[int, list[int]] = {}
    out_of: dict[int, list[int]] = {}
    wanted = [(node_at[each.via], each) for each in restrictions if each.via in node_at]
    named = {at for at, _ in wanted}
    for edge, (start, end) in enumerate(
        zip(graph.edge_from.tolist(), graph.edge_to.tolist(), strict=True)
    ):
        if end in named:
            into.setdefault(end, []).append(edge)
        if start in named:
            out_of.setdefault(start, []).append(edge)
    banned = {
        pair
        for at, restriction in wanted
        for pair in _pairs(graph, restriction, into.get(at, []), out_of.get(at, []))
    }
    banned |= set(zip(graph.ban_from.tolist(), graph.ban_to.tolist(), strict=True))
    pairs = np.array(sorted(banned), np.int32).reshape(-1, 2)
    return validate(replace(graph, ban_from=pairs[:, 0].copy(), ban_to=pairs[:, 1].copy()))


def _pairs(
    graph: RoadGraph, restriction: Restriction, into: list[int], out_of: list[int]
) -> list[tuple[int, int]]:
    first = [edge for edge in into if int(graph.edge_way[edge]) in restriction.into]
    named = {edge for edge in out_of if int(graph.edge_way[edge]) in restriction.out_of}
    if not named:
        return []
    if restriction.only:
        return [(one, other) for one in first for other in out_of if other not in named]
    if restriction.u_turn and set(restriction.into) & set(restriction.out_of):
        return [(one, int(graph.twin[one])) for one in first if graph.twin[one] in named]
    return [(one, other) for one in first for other in sorted(named) if graph.twin[one] != other]
