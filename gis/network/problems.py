"""What is wrong with a network as data: each finding names the ids it concerns."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from gis.counting import counted
from gis.network.devices import Problem, ProblemKind
from gis.network.model import Network
from gis.network.supply import Supply
from gis.network.wiring import NOWHERE, Wiring


def problems_of(
    network: Network, supply: Supply, open_switches: frozenset[str]
) -> tuple[Problem, ...]:
    """Return every problem of `network`, supplied as `supply` with `open_switches` open."""
    return (
        *_duplicates(network),
        *_head_problems(network, supply.wiring),
        *_zero_lengths(network),
        *_surplus(network, supply),
        *_dark(supply, open_switches),
        *_customers(network, supply),
    )


def _duplicates(network: Network) -> Iterator[Problem]:
    kinds: tuple[tuple[str, Iterable[str]], ...] = (
        ("substation", (row.id for row in network.substations)),
        ("feeder", (row.id for row in network.feeders)),
        ("section", (row.id for row in network.sections)),
        ("switch", (row.id for row in network.switches)),
        ("transformer", (row.id for row in network.transformers)),
        ("account", (row.account for row in network.usage_points)),
    )
    for kind, ids in kinds:
        for id_, times in Counter(ids).items():
            if times > 1:
                message = f"{kind} {id_} stands there {times} times; the first counts"
                yield Problem(kind=ProblemKind.DUPLICATE_ID, ids=(id_,), message=message)


def _head_problems(network: Network, wiring: Wiring) -> Iterator[Problem]:
    holder: dict[str, str] = {}
    for feeder in network.feeders:
        first = holder.setdefault(feeder.head_node, feeder.id)
        if first != feeder.id:
            yield Problem(
                kind=ProblemKind.SHARED_HEAD,
                ids=(first, feeder.id),
                message=f"feeders {first} and {feeder.id} share head node {feeder.head_node}; "
                f"{first} keeps it",
            )
        elif not wiring.edges_at[wiring.node_number[feeder.head_node]]:
            yield Problem(
                kind=ProblemKind.HEAD_NOWHERE,
                ids=(feeder.id,),
                message=f"nothing is joined to head node {feeder.head_node} of feeder {feeder.id}",
            )


def _zero_lengths(network: Network) -> Iterator[Problem]:
    for section in network.sections:
        if section.from_node == section.to_node:
            why = f"has both ends on node {section.from_node}"
        elif section.line is not None and section.line.length == 0:
            why = "has a line without length"
        else:
            continue
        yield Problem(
            kind=ProblemKind.ZERO_LENGTH, ids=(section.id,), message=f"section {section.id} {why}"
        )


def _surplus(network: Network, supply: Supply) -> Iterator[Problem]:
    """Say of every edge that the forest leaves out which loop it closes or which feeders it joins.

    Ids: of a loop, all that lies on it, from the cut round; of two feeders that meet, both
    feeders, the cut, and the closed switches between their heads.
    """
    wiring = supply.wiring
    feeder_ids = list(dict.fromkeys(feeder.id for feeder in network.feeders))
    for edge in supply.surplus:
        cut = wiring.id_of(edge)
        round_ = supply.paths_to_meeting(edge)
        one, other = (supply.feeder[node] for node in (wiring.from_[edge], wiring.to[edge]))
        if one == other:
            place = round_.index(edge)
            ids = tuple(wiring.id_of(each) for each in round_[place:] + round_[:place])
            message = f"a loop of {len(ids)} on feeder {feeder_ids[one]}, cut at {cut}"
            yield Problem(kind=ProblemKind.LOOP, ids=ids, message=message)
            continue
        switches = (wiring.switch(each) for each in round_ if each != edge)
        between = tuple(switch.id for switch in switches if switch)
        names = feeder_ids[one], feeder_ids[other]
        message = f"feeders {names[0]} and {names[1]} meet through closed switches, cut at {cut}"
        yield Problem(kind=ProblemKind.FEEDERS_MEET, ids=(*names, cut, *between), message=message)


def _dark(supply: Supply, open_switches: frozenset[str]) -> Iterator[Problem]:
    """Report what no supply reaches, by the pieces that hold together.

    A piece that some switch could join to a feeder falls apart at its open switches.
    """
    wiring = supply.wiring
    whole = _dark_pieces(supply, blocked=set())
    parts = _dark_pieces(supply, blocked=wiring.switches_at(open_switches))
    near_supply = {
        whole[node]
        for node in whole
        for edge in wiring.edges_at[node]
        if wiring.other_end(edge, node) not in whole and wiring.other_end(edge, node) != NOWHERE
    }
    members: dict[tuple[bool, int], list[int]] = defaultdict(list)
    for edge, node in enumerate(wiring.from_):
        if node not in whole:
            continue
        is_near = whole[node] in near_supply
        if not (is_near and wiring.switch(edge)):
            members[is_near, parts[node] if is_near else whole[node]].append(edge)
    for (is_near, _), edges in members.items():
        yield from _dark_piece(wiring, edges, is_switched_off=is_near)


def _dark_piece(wiring: Wiring, edges: list[int], *, is_switched_off: bool) -> Iterator[Problem]:
    ids = tuple(wiring.id_of(edge) for edge in edges)
    transformers = [wiring.id_of(edge) for edge in edges if edge >= wiring.first_transformer]
    has_line = any(edge < wiring.first_switch for edge in edges)
    if not has_line:
        for edge in edges:
            if wiring.switch(edge):
                yield Problem(
                    kind=ProblemKind.SWITCH_ON_NO_SECTION,
                    ids=(wiring.id_of(edge),),
                    message=f"switch {wiring.id_of(edge)} touches no section",
                )
    elif is_switched_off:
        message = (
            f"{counted(len(ids), 'part lies', 'parts lie')} behind open switches, without supply"
        )
        yield Problem(kind=ProblemKind.UNSUPPLIED, ids=ids, message=message)
    else:
        message = (
            f"{counted(len(ids), 'part is', 'parts are')} joined to no feeder, whatever is switched"
        )
        yield Problem(kind=ProblemKind.ISLAND, ids=ids, message=message)
    for id_ in transformers:
        if has_line or is_switched_off:
            kind, why = ProblemKind.TRANSFORMER_UNREACHED, "is reached by no feeder"
        else:
            kind, why = ProblemKind.TRANSFORMER_ON_NO_SECTION, "touches no section"
        yield Problem(kind=kind, ids=(id_,), message=f"transformer {id_} {why}")


def _dark_pieces(supply: Supply, blocked: set[int]) -> dict[int, int]:
    """Number the pieces into which the unreached nodes fall when `blocked` edges are cut."""
    wiring = supply.wiring
    dark = [node for node in range(len(wiring.edges_at)) if not supply.is_reached(node)]
    piece = dict.fromkeys(dark, NOWHERE)
    for start in dark:
        if piece[start] != NOWHERE:
            continue
        piece[start] = start
        stack = [start]
        while stack:
            node = stack.pop()
            for edge in wiring.edges_at[node]:
                other = wiring.other_end(edge, node)
                if edge not in blocked and piece.get(other) == NOWHERE:
                    piece[other] = start
                    stack.append(other)
    return piece


def _customers(network: Network, supply: Supply) -> Iterator[Problem]:
    known = {transformer.id for transformer in network.transformers}
    for usage_point in network.usage_points:
        stated, node = usage_point.transformer_id, usage_point.node
        number = supply.wiring.node_number.get(node or "")
        if stated in known or (stated is None and number is not None):
            continue
        why = f"on transformer {stated}, which is unknown" if stated else "on no transformer"
        if node and number is None:
            why += f"; node {node} is unknown"
        yield Problem(
            kind=ProblemKind.CUSTOMER_ON_NO_TRANSFORMER,
            ids=(usage_point.account,),
            message=f"account {usage_point.account} is {why}",
        )
