"""Who is supplied through what.

`trace` looks at a network in one switching state (normal or current: only the set of open switches
differs) and finds for every feeder the tree of devices that a fault may open: the head, reclosers,
sectionalisers, fuses, and one device per transformer for its own fuse.
"""

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass, field

from shapely import Point

from gis.network.devices import (
    DEVICE_KINDS,
    Device,
    DeviceKind,
    DeviceTree,
    Problem,
    ProblemKind,
    Tracing,
)
from gis.network.model import Feeder, Network, UsagePoint
from gis.network.problems import problems_of
from gis.network.supply import Supply, spread
from gis.network.wiring import NOWHERE, Wiring, wire

__all__ = [
    "DEVICE_KINDS",
    "Device",
    "DeviceKind",
    "DeviceTree",
    "Problem",
    "ProblemKind",
    "Tracing",
    "trace",
]


def trace(network: Network, open_switches: Set[str] | None = None) -> Tracing:
    """Trace `network` with `open_switches` open; None stands for the normal state.

    Never fails on bad data: what is wrong stands in `problems`, and the sound part is traced. A
    loop is cut at a normally open switch if it has one, else where the way round is longest; where
    two feeders meet, likewise. An empty network gives an empty tracing. Linear in the size of the
    network, without recursion.
    """
    normal = network.normally_open()
    is_open = normal if open_switches is None else frozenset(open_switches)
    wiring = wire(network)
    feeders = tuple({feeder.id: feeder for feeder in reversed(network.feeders)}.values())[::-1]
    heads = [wiring.node_number[feeder.head_node] for feeder in feeders]
    supply = spread(wiring, heads, wiring.switches_at(is_open), wiring.switches_at(normal))
    forest = _Forest(wiring, supply, feeders)
    for place, head in enumerate(heads):
        forest.grow(place, head, is_rooted=head not in heads[:place])
    forest.close_surplus()
    hanging = _Hanging(wiring, forest, {transformer.id for transformer in wiring.transformers})
    for usage_point in network.usage_points:
        hanging.hang(usage_point)
    problems = (*problems_of(network, supply, is_open), *hanging.problems)
    return _tracing(forest, hanging, is_open, problems)


@dataclass(slots=True, eq=False)
class _Draft:
    """A device while its tree still grows."""

    id: str
    kind: DeviceKind
    asset_id: str
    feeder: int
    parent: int
    depth: int
    point: Point | None
    transformer_id: str | None
    length_m: float = 0.0
    transformers: int = 0
    customers: int = 0
    size: int = 1


class _Forest:
    """The devices in preorder, and the device of every node, section and transformer."""

    def __init__(self, wiring: Wiring, supply: Supply, feeders: tuple[Feeder, ...]) -> None:
        self.wiring = wiring
        self.supply = supply
        self.feeders = feeders
        self.drafts: list[_Draft] = []
        self.heads: list[int] = []
        self.head_switches: set[str] = set()
        self.device_at: list[int] = [NOWHERE] * len(wiring.edges_at)
        self.device_of_section: dict[str, int] = {}
        self.device_of_transformer: dict[str, int] = {}

    def grow(self, feeder: int, head: int, *, is_rooted: bool) -> None:
        """Add the tree of one feeder; a feeder whose head another one holds gets only a head."""
        head_edge = self._head_switch(feeder, head)
        root = self._add_head(feeder, head_edge)
        self.heads.append(root)
        if not is_rooted:
            return
        stack = [(head, NOWHERE, root)]
        while stack:
            node, edge, above = stack.pop()
            device = above if edge in (NOWHERE, head_edge) else self._cross(edge, above)
            if node == NOWHERE:
                continue
            self.device_at[node] = device
            for onward in reversed(self.wiring.edges_at[node]):
                reached = self._leads_to(onward, node)
                if reached is not None:
                    stack.append((reached, onward, device))

    def close_surplus(self) -> None:
        """Give the sections that the forest leaves out (the cuts) the device at their first end."""
        for edge in self.supply.surplus:
            if edge < self.wiring.first_switch:
                self._expose(edge, self.device_at[self.wiring.from_[edge]])

    def _leads_to(self, edge: int, node: int) -> int | None:
        """Return the node that `edge` supplies from `node` (NOWHERE: only its own device)."""
        is_transformer = edge >= self.wiring.first_transformer
        if is_transformer and self.wiring.from_[edge] != node:
            return None
        other = self.wiring.other_end(edge, node)
        if other != NOWHERE and self.supply.via[other] == edge:
            return other
        return NOWHERE if is_transformer else None

    def _cross(self, edge: int, above: int) -> int:
        """Return the device behind `edge`, seen from the device `above`."""
        if edge < self.wiring.first_switch:
            self._expose(edge, above)
            return above
        switch = self.wiring.switch(edge)
        if switch is not None:
            if not switch.kind.is_protective:
                return above
            kind = DeviceKind(switch.kind.value)
            within = self.drafts[above].transformer_id
            return self._add(f"switch:{switch.id}", kind, above, switch.point, within)
        transformer = self.wiring.transformers[edge - self.wiring.first_transformer]
        device = self._add(
            f"transformer:{transformer.id}",
            DeviceKind.TRANSFORMER,
            above,
            transformer.point,
            transformer.id,
        )
        self.drafts[device].transformers = 1
        self.device_of_transformer[transformer.id] = device
        return device

    def _expose(self, edge: int, device: int) -> None:
        section = self.wiring.sections[edge]
        self.device_of_section[section.id] = device
        self.drafts[device].length_m += section.length_m

    def _add(
        self, id_: str, kind: DeviceKind, above: int, point: Point | None, within: str | None
    ) -> int:
        parent = self.drafts[above]
        self.drafts.append(
            _Draft(
                id=id_,
                kind=kind,
                asset_id=id_.partition(":")[2],
                feeder=parent.feeder,
                parent=above,
                depth=parent.depth + 1,
                point=point,
                transformer_id=within,
            )
        )
        return len(self.drafts) - 1

    def _head_switch(self, feeder: int, head: int) -> int:
        """Return the protective switch that heads a feeder, NOWHERE if none does.

        It is the first one on the way out of the head node, as long as the way leads over closed
        switches alone and nothing branches off: a bay of disconnector, breaker, disconnector.
        """
        came_by, node = NOWHERE, head
        while self.supply.feeder[node] == feeder:
            onward = [edge for edge in self.wiring.edges_at[node] if edge != came_by]
            switch = self.wiring.switch(onward[0]) if len(onward) == 1 else None
            if switch is None:
                break
            if switch.kind.is_protective:
                return NOWHERE if switch.id in self.head_switches else onward[0]
            came_by, node = onward[0], self.wiring.other_end(onward[0], node)
            if self.supply.via[node] != came_by:
                break
        return NOWHERE

    def _add_head(self, feeder: int, head_edge: int) -> int:
        switch = self.wiring.switch(head_edge)
        if switch:
            self.head_switches.add(switch.id)
        feeder_id = self.feeders[feeder].id
        self.drafts.append(
            _Draft(
                id=f"switch:{switch.id}" if switch else f"feeder:{feeder_id}",
                kind=DeviceKind(switch.kind.value) if switch else DeviceKind.FEEDER_HEAD,
                asset_id=switch.id if switch else feeder_id,
                feeder=feeder,
                parent=NOWHERE,
                depth=0,
                point=switch.point if switch else None,
                transformer_id=None,
            )
        )
        return len(self.drafts) - 1


@dataclass(slots=True, eq=False)
class _Hanging:
    """The customers, each on the lowest device above it."""

    wiring: Wiring
    forest: _Forest
    transformer_ids: set[str]
    device_of_account: dict[str, int] = field(default_factory=dict)
    transformer_of_account: dict[str, str] = field(default_factory=dict)
    connected: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    problems: list[Problem] = field(default_factory=list)

    def hang(self, usage_point: UsagePoint) -> None:
        """Hang one customer; what the data says of its transformer goes before its node."""
        account = usage_point.account
        if account in self.device_of_account:
            return
        transformer_id, device = self._place(usage_point)
        if transformer_id is not None:
            self.transformer_of_account[account] = transformer_id
        if device == NOWHERE:
            return
        self.device_of_account[account] = device
        if usage_point.disconnected_for is None:
            self.forest.drafts[device].customers += 1
            self.connected[device].append(account)

    def _place(self, usage_point: UsagePoint) -> tuple[str | None, int]:
        node = self.wiring.node_number.get(usage_point.node or "", NOWHERE)
        at_node = NOWHERE if node == NOWHERE else self.forest.device_at[node]
        traced = None if at_node == NOWHERE else self.forest.drafts[at_node].transformer_id
        stated = usage_point.transformer_id
        if stated in (None, traced) or stated not in self.transformer_ids:
            return traced, at_node
        if at_node != NOWHERE:
            self._report_elsewhere(usage_point, traced)
        return stated, self.forest.device_of_transformer.get(stated, NOWHERE)

    def _report_elsewhere(self, usage_point: UsagePoint, traced: str | None) -> None:
        account, stated = usage_point.account, usage_point.transformer_id
        message = (
            f"account {account} is on transformer {stated} by its record, but its node "
            f"{usage_point.node} hangs on {traced or 'no transformer'}; the record counts"
        )
        ids = (account, *(id_ for id_ in (stated, traced) if id_))
        self.problems.append(Problem(kind=ProblemKind.CUSTOMER_ELSEWHERE, ids=ids, message=message))


def _tracing(
    forest: _Forest,
    hanging: _Hanging,
    open_switches: frozenset[str],
    problems: tuple[Problem, ...],
) -> Tracing:
    drafts = forest.drafts
    connected = {drafts[place].id: tuple(names) for place, names in hanging.connected.items()}
    for draft in reversed(drafts):
        if draft.parent != NOWHERE:
            above = drafts[draft.parent]
            above.size += draft.size
            above.transformers += draft.transformers
            above.customers += draft.customers
    ids = [draft.id for draft in drafts]
    feeder_ids = [feeder.id for feeder in forest.feeders]
    color = [feeder_ids[draft.feeder] for draft in drafts]
    at = {
        name: place
        for name, place in zip(forest.wiring.node_names, forest.device_at, strict=True)
        if place != NOWHERE
    }
    return Tracing(
        open_switches=open_switches,
        devices=tuple(
            Device(
                id=draft.id,
                kind=draft.kind,
                asset_id=draft.asset_id,
                feeder_id=color[pre],
                parent_id=None if draft.parent == NOWHERE else ids[draft.parent],
                pre=pre,
                post=pre + draft.size,
                depth=draft.depth,
                point=draft.point,
                transformers=draft.transformers,
                customers=draft.customers,
                length_m=draft.length_m,
                transformer_id=draft.transformer_id,
            )
            for pre, draft in enumerate(drafts)
        ),
        head_of_feeder=dict(zip(feeder_ids, (ids[head] for head in forest.heads), strict=True)),
        device_of_node={key: ids[place] for key, place in at.items()},
        feeder_of_node={key: color[place] for key, place in at.items()},
        device_of_section={key: ids[place] for key, place in forest.device_of_section.items()},
        feeder_of_section={key: color[place] for key, place in forest.device_of_section.items()},
        device_of_transformer={
            key: ids[place] for key, place in forest.device_of_transformer.items()
        },
        feeder_of_transformer={
            key: color[place] for key, place in forest.device_of_transformer.items()
        },
        device_of_account={key: ids[place] for key, place in hanging.device_of_account.items()},
        feeder_of_account={key: color[place] for key, place in hanging.device_of_account.items()},
        transformer_of_account=hanging.transformer_of_account,
        accounts_of_device=connected,
        problems=problems,
        number_of_device={id_: place for place, id_ in enumerate(ids)},
    )
