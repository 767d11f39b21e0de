"""From conducting parts to a network: feeders, levels and banks, where a format has none of them.

CIM and OpenDSS tell what conducts between which nodes, where supply enters, and perhaps at which
part a feeder begins. What is left to the reader is settled here, alike for both:

- Parts of one kind side by side between the same two nodes, on different phases, are one.
- A feeder begins where its way from the source parts from that of the other feeders; what lies
  above is one feeder more, called after the source. Without any begin, a source is a feeder.
- Medium voltage is what the sources reach, low voltage what lies behind transformers.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TypeVar

from gis.network.model import (
    Feeder,
    Level,
    LineSection,
    Network,
    Substation,
    Switch,
    Transformer,
    UsagePoint,
)
from gis.network.trace import trace

Conductor = LineSection | Switch
Part = tuple[type[Conductor], str]
"""A section or switch by its class and id; the two classes may use the same id."""

_Conducts = TypeVar("_Conducts", LineSection, Switch)

SHOWN_IDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where supply enters from outside; `name` names the feeder of what no feeder holds."""

    node: str
    name: str
    substation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Where a format says that a feeder begins: at a node, or with one of some parts.

    `at` is the node. `parts` are ids, each with its class; of those on the way of supply the
    first counts, and the ends of the feeder's way are its. Either may be absent.
    """

    id: str
    name: str
    substation_id: str | None = None
    at: str | None = None
    parts: AbstractSet[Part] = frozenset()


@dataclass(slots=True, kw_only=True)
class Parts:
    """What a reader found, in the order of the file. Levels of sections are still to be settled.

    `power_transformers` are the ids of sections that stand for transformers between two voltages
    above low voltage: no feeder reaches up through one.
    """

    name: str
    sources: list[Source] = field(default_factory=list)
    begins: list[Begin] = field(default_factory=list)
    substations: list[Substation] = field(default_factory=list)
    sections: list[LineSection] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    transformers: list[Transformer] = field(default_factory=list)
    customers: list[UsagePoint] = field(default_factory=list)
    power_transformers: set[str] = field(default_factory=set)


def assemble(parts: Parts) -> tuple[Network, tuple[str, ...]]:
    """Make a network of `parts`; also what was decided by itself, in sentences."""
    notes: list[str] = []
    sections, switches = _ganged(parts.sections, notes), _ganged(parts.switches, notes)
    transformers = _banks(parts.transformers, notes)
    ways = _Ways.over(sections, switches, parts.sources)
    heads = _Heads(parts, (*sections, *switches), ways, notes)
    heads.settle()
    sections = [heads.cut(row) for row in sections]
    switches = [heads.cut(row) for row in switches]
    low = _low_nodes(heads.feeders, sections, switches, transformers)
    network = Network(
        name=parts.name,
        substations=tuple(parts.substations),
        feeders=tuple(heads.feeders),
        sections=tuple(
            replace(row, level=Level.LV if row.from_node in low else Level.MV) for row in sections
        ),
        switches=tuple(switches),
        transformers=tuple(transformers),
        usage_points=tuple(parts.customers),
    )
    return with_traced_transformers(network), tuple(notes)


def with_traced_transformers(network: Network) -> Network:
    """Write beside each customer the transformer that supplies it in the normal state."""
    transformer_of = trace(network).transformer_of_account
    supplied = (
        replace(each, transformer_id=transformer_of.get(each.account))
        for each in network.usage_points
    )
    return replace(network, usage_points=tuple(supplied))


def _ganged(rows: Sequence[_Conducts], notes: list[str]) -> list[_Conducts]:
    """Join rows between the same nodes, of one kind and state, whose phases differ."""
    kept: list[_Conducts] = []
    beside: dict[object, list[int]] = {}
    joined: list[str] = []
    for row in rows:
        key: tuple[object, ...] = (frozenset((row.from_node, row.to_node)),)
        if isinstance(row, Switch):
            key = (*key, row.kind, row.normal_open)
        places = beside.setdefault(key, [])
        place = next((p for p in places if not set(kept[p].phases) & set(row.phases)), None)
        if place is None:
            places.append(len(kept))
            kept.append(row)
        else:
            kept[place] = replace(kept[place], phases=_both(kept[place], row))
            joined.append(f"{row.id} with {kept[place].id}")
    _note_joined(joined, notes)
    return kept


def _banks(rows: Sequence[Transformer], notes: list[str]) -> list[Transformer]:
    """Join single-phase transformers between the same nodes into the bank that they are."""
    kept: list[Transformer] = []
    beside: dict[tuple[str, str | None], list[int]] = {}
    joined: list[str] = []
    for row in rows:
        places = beside.setdefault((row.node, row.lv_node), [])
        place = next((p for p in places if not set(kept[p].phases) & set(row.phases)), None)
        if place is None or row.lv_node is None:
            places.append(len(kept))
            kept.append(row)
        else:
            first = kept[place]
            ratings = [kva for kva in (first.rated_kva, row.rated_kva) if kva is not None]
            kept[place] = replace(
                first, phases=_both(first, row), rated_kva=sum(ratings) if ratings else None
            )
            joined.append(f"{row.id} with {first.id}")
    _note_joined(joined, notes)
    return kept


def _both(one: Conductor | Transformer, other: Conductor | Transformer) -> str:
    return "".join(sorted({*one.phases, *other.phases}))


def _note_joined(joined: Sequence[str], notes: list[str]) -> None:
    if joined:
        notes.append(f"parts side by side on other phases are taken as one: {listed(joined)}")


def listed(ids: Sequence[str]) -> str:
    """Write the first ids of a list, and how many more there are."""
    more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
    return ", ".join(ids[:SHOWN_IDS]) + more


@dataclass(slots=True, eq=False)
class _Ways:
    """How supply comes to each node when every normally open switch is open, breadth first."""

    came_by: dict[str, Conductor | None] = field(default_factory=dict)
    came_from: dict[str, str] = field(default_factory=dict)

    @classmethod
    def over(
        cls,
        sections: Iterable[LineSection],
        switches: Iterable[Switch],
        sources: Iterable[Source],
    ) -> "_Ways":
        closed = [row for row in switches if not row.normal_open]
        at = _at_nodes((*sections, *closed))
        ways = cls()
        front = deque(dict.fromkeys(source.node for source in sources))
        ways.came_by.update(dict.fromkeys(front))
        while front:
            node = front.popleft()
            for row in at.get(node, ()):
                far = row.to_node if row.from_node == node else row.from_node
                if far not in ways.came_by:
                    ways.came_by[far], ways.came_from[far] = row, node
                    front.append(far)
        return ways

    def up(self, node: str) -> Iterator[tuple[str, Conductor]]:
        """Give the nodes from `node` upwards, each with the part that brings its supply."""
        while (row := self.came_by.get(node)) is not None:
            yield node, row
            node = self.came_from[node]


@dataclass(slots=True, eq=False)
class _Heads:
    """The feeders, and at which end of which part each is cut off from what lies above."""

    parts: Parts
    rows: tuple[Conductor, ...]
    ways: _Ways
    notes: list[str]
    feeders: list[Feeder] = field(default_factory=list)
    upper_end: dict[Part, tuple[str, str]] = field(default_factory=dict)
    known: AbstractSet[Part] = field(init=False)

    def __post_init__(self) -> None:
        self.known = {_part(row) for row in self.rows}

    def settle(self) -> None:
        sources = {source.node: source for source in reversed(self.parts.sources)}
        below = self._begun()
        shared = Counter(_part(row) for _, low in below for _, row in self.ways.up(low))
        roots = Counter(self._root(node) for _, node in below)
        for begin, node in below:
            is_alone = roots[self._root(node)] == 1
            head = self._cut_above(begin, node, shared, is_alone=is_alone)
            substation = begin.substation_id
            self.feeders.append(
                Feeder(id=begin.id, name=begin.name, substation_id=substation, head_node=head)
            )
        taken = {feeder.head_node for feeder in self.feeders}
        for node, source in reversed(sources.items()):
            if node not in taken and self._has_more(node):
                self._add_source(source, is_above=node in roots)

    def cut(self, row: _Conducts) -> _Conducts:
        """Give the part as it is after the cuts: with its upper end on its feeder's own node."""
        from_node, to_node = self._ends(row)
        return replace(row, from_node=from_node, to_node=to_node)

    def _ends(self, row: Conductor) -> tuple[str, str]:
        upper, private = self.upper_end.get(_part(row), (None, ""))
        if upper == row.from_node:
            return private, row.to_node
        return row.from_node, private if upper == row.to_node else row.to_node

    def _begun(self) -> list[tuple[Begin, str]]:
        """Find the first node of each feeder; a feeder that begins on another's way is part of it.

        So is one of which no supply reaches any part.
        """
        order = {node: place for place, node in enumerate(self.ways.came_by)}
        found: list[tuple[Begin, str]] = []
        entered = {_part(row): node for node, row in self.ways.came_by.items() if row is not None}
        for begin in self.parts.begins:
            nodes = [entered[part] for part in begin.parts if part in entered]
            node = min(nodes, key=order.__getitem__) if nodes else begin.at
            if node is None:
                self.notes.append(
                    f"feeder {begin.id} is left out: no supply reaches any part of it"
                )
            else:
                found.append((begin, node))
        firsts: dict[str, Begin] = {}
        for begin, node in found:
            firsts.setdefault(node, begin)
        kept: list[tuple[Begin, str]] = []
        for begin, node in found:
            is_second = firsts[node] is not begin and node in self.ways.came_by
            at = firsts[node] if is_second else None
            above = next((firsts[up] for up in self._above(node) if up in firsts), at)
            if above is None:
                kept.append((begin, node))
            else:
                self.notes.append(
                    f"feeder {begin.id} begins on feeder {above.id} and is part of it"
                )
        return kept

    def _root(self, node: str) -> str:
        return next(iter(self._above(node)[-1:]), node)

    def _above(self, node: str) -> list[str]:
        return [self.ways.came_from[each] for each, _ in self.ways.up(node)]

    def _cut_above(
        self, begin: Begin, node: str, shared: Mapping[Part, int], *, is_alone: bool
    ) -> str:
        """Cut where the feeder's way parts from the others'; its head node, or the source's."""
        if node not in self.ways.came_by:
            return self._cut_unreached(begin, node)
        top: tuple[str, Conductor] | None = None
        for low, row in self.ways.up(node):
            if top is not None and (
                shared[_part(row)] > 1 or row.id in self.parts.power_transformers
            ):
                break
            top = low, row
        if top is None:
            return node
        low, row = top
        upper = self.ways.came_from[low]
        if self.ways.came_by[upper] is None and is_alone:
            return upper
        return self._cut_off(_part(row), upper)

    def _cut_unreached(self, begin: Begin, node: str) -> str:
        """Part the feeders that begin at one node which no source reaches, each with its part."""
        sharing = sum(each.at == node for each in self.parts.begins)
        own = begin.parts & self.known
        return self._cut_off(next(iter(own)), node) if sharing > 1 and len(own) == 1 else node

    def _cut_off(self, part: Part, upper: str) -> str:
        private = f"{upper}>{part[1]}"
        self.upper_end[part] = upper, private
        return private

    def _has_more(self, node: str) -> bool:
        """Whether anything still stands on a source's node."""
        return not self.feeders or any(node in self._ends(row) for row in self.rows)

    def _add_source(self, source: Source, *, is_above: bool) -> None:
        taken = {feeder.id for feeder in self.feeders}
        id_ = source.name if source.name not in taken else f"{source.name} ({source.node})"
        self.feeders.append(
            Feeder(id=id_, name=id_, substation_id=source.substation_id, head_node=source.node)
        )
        if is_above:
            self.notes.append(
                f"what lies above the feeders, in the substation, is a feeder of its own, {id_}"
            )


def _part(row: Conductor) -> Part:
    return type(row), row.id


def _at_nodes(rows: Iterable[Conductor]) -> dict[str, list[Conductor]]:
    at: dict[str, list[Conductor]] = {}
    for row in rows:
        at.setdefault(row.from_node, []).append(row)
        if row.to_node != row.from_node:
            at.setdefault(row.to_node, []).append(row)
    return at


def _low_nodes(
    feeders: Iterable[Feeder],
    sections: Iterable[LineSection],
    switches: Iterable[Switch],
    transformers: Iterable[Transformer],
) -> set[str]:
    """Return the nodes that only transformers lead to, whatever is switched."""
    at = _at_nodes((*sections, *switches))
    medium = _flood((feeder.head_node for feeder in feeders), at, set())
    behind = (each.lv_node for each in transformers if each.lv_node is not None)
    return _flood(behind, at, medium)


def _flood(
    starts: Iterable[str], at: Mapping[str, Sequence[Conductor]], without: AbstractSet[str]
) -> set[str]:
    reached: set[str] = set()
    stack = [node for node in starts if node not in without]
    while stack:
        node = stack.pop()
        if node in reached:
            continue
        reached.add(node)
        for row in at.get(node, ()):
            far = row.to_node if row.from_node == node else row.from_node
            if far not in without:
                stack.append(far)
    return reached
