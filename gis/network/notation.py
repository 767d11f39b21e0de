"""A small network drawn in a few lines of text, for tests and bug reports.

::

    [F1] -B:cb1- a(T1:12) -250- b -F:k1- c(T2:3)      # a feeder, its breaker, a fused branch
                                b -R:r1- d(T3:30)     # a recloser on the other branch
    d -/L:tie/- e                                     # an open tie to the next feeder
    [F2] -B:cb2- e(T4:5)

A line is a chain: node, connector, node, and so on, parted by spaces. A node may appear in any
number of lines; `#` after a space begins a comment.

========================  ==========================================================================
`[F1]`                    node F1, head of feeder F1; `[F1@n]` head node n; `[F1@n<S]` substation S
`a(T1:12)`                node a with transformer T1 and 12 customers; `(T1:12,T2:3)` two of them
`a(T1:12>x)`              the same, with low-voltage node x
`a{3}`                    three customers on node a itself
`--` `-250-`              medium-voltage section, 100 m or 250 m; `-250#s1-` its id is s1, not a-b
`==` `=30=` `~~` `~12~`   low-voltage section, service drop
`-B:cb1-`                 switch cb1, closed; B breaker, R recloser, S sectionaliser, F fuse,
                          L load break, D disconnector
`-/L:tie/-`               the same, normally open
========================  ==========================================================================

Accounts are called `T1.1`, `T1.2` (on a node: `a.1`). A character of an id that means something
here is written as in a web address (`%20` for a space).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from shapely import LineString, Point

from gis.errors import NotationError
from gis.network.model import (
    Feeder,
    Level,
    LineSection,
    Network,
    Substation,
    Switch,
    SwitchKind,
    Transformer,
    UsagePoint,
)

SECTION_M = 100.0
_COLUMN_DEG, _LINE_DEG = 0.0001, -0.001

_LETTER = {
    "B": SwitchKind.BREAKER,
    "R": SwitchKind.RECLOSER,
    "S": SwitchKind.SECTIONALISER,
    "F": SwitchKind.FUSE,
    "L": SwitchKind.LOAD_BREAK,
    "D": SwitchKind.DISCONNECTOR,
}
_LETTER_OF = {kind: letter for letter, kind in _LETTER.items()}
_LEVEL = {"-": Level.MV, "=": Level.LV, "~": Level.SERVICE}
_MARK_OF = {level: mark for mark, level in _LEVEL.items()}

_WORD = r"[^\s()\[\]{}<>@,:#]+"
_NODE = re.compile(
    rf"(?:\[(?P<feeder>{_WORD})(?:@(?P<head>{_WORD}))?(?:<(?P<substation>{_WORD}))?\]"
    rf"|(?P<node>{_WORD}))(?:\((?P<transformers>[^()\s]+)\))?(?:\{{(?P<customers>\d+)\}})?"
)
_TRANSFORMER = re.compile(rf"(?P<id>{_WORD})(?::(?P<customers>\d+))?(?:>(?P<low>{_WORD}))?")
_SWITCH = re.compile(rf"-(?P<open>/)?(?P<letter>[BRSFLD]):(?P<id>{_WORD}?)(?(open)/)-")
_SECTION = re.compile(
    rf"(?P<mark>[-=~])(?P<length>\d+(?:\.\d+)?(?:e[+-]?\d+)?)?(?:\#(?P<id>{_WORD}?))?(?P=mark)"
)
_SPECIAL = re.compile(r"[\s()\[\]{}<>@,:#%]")


def parse(text: str, name: str = "", origin: Point | None = None) -> Network:
    """Read a drawing.

    With an `origin` (lon, lat, EPSG:4326) everything gets a position: a column is 0.0001 degrees
    east, a line 0.001 degrees south of it; lengths stay as written. Raises NotationError with the
    line and what was expected there. Empty text gives an empty network.
    """
    sheet = _Sheet(origin)
    for row, line in enumerate(text.splitlines(), start=1):
        tokens = [
            (m.group(), m.start()) for m in re.finditer(r"\S+", re.sub(r"\s#.*|^#.*", "", line))
        ]
        if tokens:
            sheet.add_chain(row, tokens)
    return sheet.network(name)


def draw(network: Network) -> str:
    """Draw what the notation can say of `network`.

    Kept: ids, joints, levels, lengths, kinds, normal states, and how many connected customers hang
    where. Left out: positions, phases, ratings, names, accounts and all that is personal. Reading
    the drawing of a drawing gives the same network again, in another order perhaps.
    """
    return "\n".join(_Pen(network).lines()) + "\n" if network != Network(name=network.name) else ""


@dataclass(slots=True, eq=False)
class _Sheet:
    """What the lines read so far say."""

    origin: Point | None
    place: dict[str, Point] = field(default_factory=dict)
    substations: dict[str, Substation] = field(default_factory=dict)
    feeders: list[Feeder] = field(default_factory=list)
    sections: list[LineSection] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    transformers: list[Transformer] = field(default_factory=list)
    usage_points: list[UsagePoint] = field(default_factory=list)
    between: Counter[str] = field(default_factory=Counter)

    def add_chain(self, row: int, tokens: list[tuple[str, int]]) -> None:
        """Add one line; tokens are nodes and connectors in turn."""
        nodes = [self._node(row, *token) for token in tokens[::2]]
        connectors = [token for token, _ in tokens[1::2]]
        if len(connectors) == len(nodes):
            raise NotationError(row, connectors[-1], "a node behind it")
        for from_node, connector, to_node in zip(nodes, connectors, nodes[1:], strict=False):
            self._join(row, from_node, connector, to_node)

    def network(self, name: str) -> Network:
        """Return all that was read."""
        return Network(
            name=name,
            substations=tuple(self.substations.values()),
            feeders=tuple(self.feeders),
            sections=tuple(self.sections),
            switches=tuple(self.switches),
            transformers=tuple(self.transformers),
            usage_points=tuple(self.usage_points),
        )

    def _node(self, row: int, token: str, column: int) -> str:
        match = _NODE.fullmatch(token)
        if match is None:
            raise NotationError(row, token, "a node such as a, a(T1:12), a{3} or [F1]")
        feeder = match["feeder"]
        node = _plain(match["node"] or match["head"] or feeder)
        if self.origin is not None and node not in self.place:
            lon = self.origin.x + column * _COLUMN_DEG
            self.place[node] = Point(lon, self.origin.y + row * _LINE_DEG)
        if feeder:
            self._add_feeder(_plain(feeder), match["substation"], node)
        for part in (match["transformers"] or "").split(","):
            if part:
                self._add_transformer(row, part, node)
        self._add_customers(int(match["customers"] or 0), node, node=node)
        return node

    def _add_feeder(self, id_: str, substation: str | None, node: str) -> None:
        within = None if substation is None else _plain(substation)
        if within is not None:
            self.substations.setdefault(
                within, Substation(id=within, name=within, point=self.place.get(node))
            )
        self.feeders.append(Feeder(id=id_, name=id_, substation_id=within, head_node=node))

    def _add_transformer(self, row: int, part: str, node: str) -> None:
        match = _TRANSFORMER.fullmatch(part)
        if match is None:
            raise NotationError(row, part, "a transformer such as T1, T1:12 or T1:12>x")
        id_ = _plain(match["id"])
        low = None if match["low"] is None else _plain(match["low"])
        point = self.place.get(node)
        if low is not None and point is not None:
            self.place.setdefault(low, point)
        self.transformers.append(Transformer(id=id_, name=id_, node=node, lv_node=low, point=point))
        self._add_customers(int(match["customers"] or 0), id_, transformer_id=id_, at=node)

    def _add_customers(
        self,
        count: int,
        prefix: str,
        *,
        transformer_id: str | None = None,
        node: str | None = None,
        at: str | None = None,
    ) -> None:
        for number in range(1, count + 1):
            self.usage_points.append(
                UsagePoint(
                    account=f"{prefix}.{number}",
                    transformer_id=transformer_id,
                    node=node,
                    point=self.place.get(at or node or ""),
                )
            )

    def _join(self, row: int, from_node: str, connector: str, to_node: str) -> None:
        if switch := _SWITCH.fullmatch(connector):
            self.switches.append(
                Switch(
                    id=_plain(switch["id"]),
                    kind=_LETTER[switch["letter"]],
                    from_node=from_node,
                    to_node=to_node,
                    point=self.place.get(from_node),
                    normal_open=switch["open"] is not None,
                )
            )
        elif section := _SECTION.fullmatch(connector):
            self._add_section(section, from_node, to_node)
        else:
            raise NotationError(row, connector, "a connector such as --, -250-, == or -F:k1-")

    def _add_section(self, match: re.Match[str], from_node: str, to_node: str) -> None:
        between = f"{from_node}-{to_node}"
        self.between[between] += 1
        ends = [self.place[node] for node in (from_node, to_node) if node in self.place]
        self.sections.append(
            LineSection(
                id=_plain(match["id"]) if match["id"] else _usual_id(between, self.between),
                from_node=from_node,
                to_node=to_node,
                level=_LEVEL[match["mark"]],
                line=LineString(ends) if len(ends) == len((from_node, to_node)) else None,
                length_m=float(match["length"] or SECTION_M),
            )
        )


def _usual_id(between: str, times: Counter[str]) -> str:
    return between if times[between] == 1 else f"{between}/{times[between]}"


def _plain(word: str) -> str:
    return unquote(word)


def _escaped(word: str) -> str:
    return _SPECIAL.sub(lambda match: quote(match[0], safe=""), word)


class _Pen:
    """Draws chains from the feeder heads down, then whatever is left."""

    def __init__(self, network: Network) -> None:
        self.label: dict[str, str] = {}
        self.heads = [feeder.head_node for feeder in network.feeders]
        self.at: dict[str, list[LineSection | Switch]] = {node: [] for node in self.heads}
        for transformer in network.transformers:
            self.at.setdefault(transformer.node, [])
        edges: tuple[LineSection | Switch, ...] = (*network.sections, *network.switches)
        for edge in edges:
            self.at.setdefault(edge.from_node, []).append(edge)
            self.at.setdefault(edge.to_node, []).append(edge)
        self.drawn: set[int] = set()
        self.between: Counter[str] = Counter()
        self._label(network)

    def lines(self) -> Iterator[str]:
        """Give the lines: a chain each, as long as it goes on."""
        waiting = [*reversed(self.at), *reversed(self.heads)]
        while waiting:
            node = waiting.pop()
            chain = [self._node(node)]
            was_plain = chain[0] == _escaped(node)
            while (step := self._step(node)) is not None:
                waiting.append(node)
                connector, node = step
                chain += [connector, self._node(node)]
            if len(chain) > 1 or not was_plain:
                yield " ".join(chain)

    def _step(self, node: str) -> tuple[str, str] | None:
        for edge in self.at[node]:
            if id(edge) not in self.drawn and edge.from_node == node:
                self.drawn.add(id(edge))
                if isinstance(edge, Switch):
                    return _switch_token(edge), edge.to_node
                return self._section_token(edge), edge.to_node
        return None

    def _section_token(self, section: LineSection) -> str:
        mark = _MARK_OF[section.level]
        length = "" if section.length_m == SECTION_M else f"{section.length_m:.12g}"
        between = f"{section.from_node}-{section.to_node}"
        self.between[between] += 1
        usual = _usual_id(between, self.between)
        id_ = "" if section.id == usual else f"#{_escaped(section.id)}"
        return f"{mark}{length}{id_}{mark}"

    def _node(self, node: str) -> str:
        return self.label.pop(node, "") or _escaped(node)

    def _label(self, network: Network) -> None:
        """Prepare what is said of each node, once, where it first appears."""
        on_transformer, on_node = _customer_counts(network)
        for feeder in network.feeders:
            within = f"<{_escaped(feeder.substation_id)}" if feeder.substation_id else ""
            at = "" if feeder.head_node == feeder.id else f"@{_escaped(feeder.head_node)}"
            self.label[feeder.head_node] = f"[{_escaped(feeder.id)}{at}{within}]"
        hung: dict[str, list[str]] = {}
        for transformer in network.transformers:
            count = on_transformer[transformer.id]
            low = f">{_escaped(transformer.lv_node)}" if transformer.lv_node else ""
            said = f"{_escaped(transformer.id)}{f':{count}' if count else ''}{low}"
            hung.setdefault(transformer.node, []).append(said)
        for node in dict.fromkeys((*hung, *on_node)):
            transformers = f"({','.join(hung[node])})" if node in hung else ""
            customers = f"{{{on_node[node]}}}" if on_node[node] else ""
            self.at.setdefault(node, [])
            self.label[node] = self.label.get(node, _escaped(node)) + transformers + customers


def _switch_token(switch: Switch) -> str:
    word = f"{_LETTER_OF[switch.kind]}:{_escaped(switch.id)}"
    return f"-/{word}/-" if switch.normal_open else f"-{word}-"


def _customer_counts(network: Network) -> tuple[Counter[str], Counter[str]]:
    """Count the connected customers on each transformer, and those on a node itself."""
    known = {transformer.id for transformer in network.transformers}
    on_transformer: Counter[str] = Counter()
    on_node: Counter[str] = Counter()
    for usage_point in network.usage_points:
        if usage_point.disconnected_for is not None:
            continue
        if usage_point.node is not None:
            on_node[usage_point.node] += 1
        elif usage_point.transformer_id in known:
            on_transformer[str(usage_point.transformer_id)] += 1
    return on_transformer, on_node
