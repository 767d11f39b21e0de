"""Networks saved by pandapower as JSON, read without pandapower; several files make one network.

A file holds a table per kind of element. What pandapower leaves to the reader is settled so:

- A feeder is a line that leaves the busbar of a source: an external grid, or the medium-voltage
  side of a transformer that feeds from above 60 kV. What else stands on that busbar makes one
  feeder more.
- A load is a customer; all loads on one bus are one. A load of type "MV/LV Station" on a
  medium-voltage bus is a transformer whose network is not drawn; elsewhere it is the sum of such
  a network and no customer.
- A low-voltage file joins a medium-voltage file where its source bus is called `..._idx_47` and
  that file has a bus 47, or has a bus of the same name, no farther than JOIN_M off.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pyproj
from shapely import LineString, Point

from gis.network.kinds import kind_of_profile
from gis.network.model import (
    Feeder,
    Level,
    LineSection,
    Network,
    ReadResult,
    Refusal,
    Substation,
    Switch,
    SwitchKind,
    Transformer,
    UsagePoint,
)
from gis.network.readers.assembly import with_traced_transformers
from gis.network.readers.pandapower_file import Bus, PandapowerFile, Row, load, number, whole

_Named = TypeVar("_Named", Substation, Feeder, LineSection, Switch, Transformer)

JOIN_M = 200.0
LOW_KV, HIGH_KV = 1.0, 60.0

_KINDS = {
    "CB": SwitchKind.BREAKER,
    "LBS": SwitchKind.LOAD_BREAK,
    "LS": SwitchKind.LOAD_BREAK,
    "DS": SwitchKind.DISCONNECTOR,
}
_STATION = "MV/LV Station"
_GEOD = pyproj.Geod(ellps="WGS84")


def read_pandapower(paths: Path | str | Sequence[Path | str]) -> ReadResult:
    """Read one or several pandapower JSON files as one network.

    Positions are the `geo` columns, longitude and latitude in EPSG:4326. Elements out of service
    are refused. A customer's transformer is the one that supplies it in the normal state. Raises
    UnreadableFile.
    """
    several = [paths] if isinstance(paths, (str, Path)) else list(paths)
    files = [load(Path(path)) for path in several]
    joins = _joins(files)
    parts = [_Part(file, joins, f"{file.name}/" if len(files) > 1 else "") for file in files]
    for part in parts:
        part.read()
    refusals = tuple(refusal for part in parts for refusal in part.refusals.values())
    return ReadResult(network=_whole_network(parts), refusals=refusals)


@dataclass(frozen=True, slots=True)
class _Place:
    """A bus of one of the files."""

    file: str
    bus: int


@dataclass(frozen=True, slots=True)
class _Join:
    to: _Place
    by: str


def _joins(files: Sequence[PandapowerFile]) -> dict[_Place, _Join]:
    """Find for each source bus the bus of another file that it stands for."""
    joins: dict[_Place, _Join] = {}
    for file in files:
        others = [other for other in files if other is not file]
        for bus in _source_buses(file):
            partner = _partner(bus, others)
            if partner is not None:
                joins[_Place(file.name, bus.index)] = _Join(partner, file.name)
    return joins


def _source_buses(file: PandapowerFile) -> list[Bus]:
    """Return the buses with an external grid below HIGH_KV."""
    buses = (file.buses.get(each) for each in _ends_of(file.rows("ext_grid").values(), "bus"))
    return [bus for bus in buses if bus is not None and bus.kv <= HIGH_KV]


def _ends_of(rows: Iterable[Row], name: str) -> list[int]:
    """Return the bus numbers of rows, without those that are none."""
    found = []
    for row in rows:
        with suppress(ValueError):
            found.append(whole(row, name))
    return found


def _partner(bus: Bus, others: Sequence[PandapowerFile]) -> _Place | None:
    numbered = re.search(r"idx_(\d+)$", bus.name)
    for other in others:
        for candidate in other.buses.values():
            is_meant = (
                candidate.index == int(numbered[1]) if numbered else candidate.name == bus.name
            )
            if is_meant and candidate.kv == bus.kv and _are_near(bus.point, candidate.point):
                return _Place(other.name, candidate.index)
    return None


def _are_near(one: Point | None, other: Point | None) -> bool:
    if one is None or other is None:
        return True
    return float(_GEOD.inv(one.x, one.y, other.x, other.y)[2]) <= JOIN_M


@dataclass(slots=True, eq=False)
class _Part:
    """What one file gives to the network."""

    file: PandapowerFile
    joins: dict[_Place, _Join]
    prefix: str
    refusals: dict[tuple[str, int], Refusal] = field(default_factory=dict)
    busbars: dict[int, str] = field(default_factory=dict)
    substations: list[Substation] = field(default_factory=list)
    feeders: list[Feeder] = field(default_factory=list)
    sections: list[LineSection] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    transformers: list[Transformer] = field(default_factory=list)
    customers: dict[int, UsagePoint] = field(default_factory=dict)
    switched: set[tuple[str, int, int]] = field(default_factory=set)

    def read(self) -> None:
        """Take every row of the file, or refuse it."""
        self._each("ext_grid", self._add_grid)
        self._each("trafo", self._add_grid_transformer)
        self._each("switch", self._note_switched)
        self._each("line", self._add_line)
        self._each("trafo", self._add_transformer)
        self._each("trafo3w", _refuse_three_windings)
        self._each("switch", self._add_switch)
        self._each("load", self._add_load)
        self._add_busbar_feeders()

    def _each(self, table: str, add: Callable[[Row], None]) -> None:
        for row in self.file.rows(table).values():
            try:
                _check_in_service(row)
                add(row)
            except ValueError as error:
                self.refusals[f"{self.file.name}:{table}", whole(row, "_row")] = Refusal(
                    layer=f"{self.file.name}:{table}",
                    row=whole(row, "_row"),
                    id=str(row["_id"]),
                    reason=str(error),
                )

    def _bus(self, row: Row, name: str) -> Bus:
        bus = self.file.buses.get(whole(row, name))
        if bus is None:
            raise ValueError(f"{name} is {row[name]}; expected the index of a bus in the file")
        return bus

    def _node(self, bus: Bus) -> str:
        join = self.joins.get(_Place(self.file.name, bus.index))
        if join is not None:
            return f"{join.to.file}/bus {join.to.bus}"
        return f"{self.prefix}bus {bus.index}"

    def _add_grid(self, row: Row) -> None:
        bus = self._bus(row, "bus")
        if bus.kv <= HIGH_KV and _Place(self.file.name, bus.index) not in self.joins:
            self._add_busbar(bus, str(row["_id"]))

    def _add_grid_transformer(self, row: Row) -> None:
        if self._bus(row, "hv_bus").kv > HIGH_KV:
            self._add_busbar(self._bus(row, "lv_bus"), str(row["_id"]))

    def _note_switched(self, row: Row) -> None:
        self.switched.add((str(row.get("et")), whole(row, "element"), whole(row, "bus")))

    def _add_busbar(self, bus: Bus, substation: str) -> None:
        if bus.index not in self.busbars:
            self.busbars[bus.index] = substation
            self.substations.append(Substation(id=substation, name=substation, point=bus.point))

    def _add_line(self, row: Row) -> None:
        ends = self._bus(row, "from_bus"), self._bus(row, "to_bus")
        if max(end.kv for end in ends) > HIGH_KV:
            raise ValueError(f"it is a {ends[0].kv:g} kV line; expected at most {HIGH_KV:g} kV")
        number_ = whole(row, "_index")
        nodes = [
            f"{self._node(end)}|line {number_}"
            if ("l", number_, end.index) in self.switched
            else self._line_side(end, number_)
            for end in ends
        ]
        points = [end.point for end in ends if end.point is not None]
        straight = LineString(points) if len(points) == len(ends) else None
        section = LineSection(
            id=str(row["_id"]),
            from_node=nodes[0],
            to_node=nodes[1],
            level=Level.LV if ends[0].kv <= LOW_KV else Level.MV,
            line=self.file.line_of(row) or straight,
            length_m=number(row, "length_km") * 1000.0,
        )
        self.sections.append(section)
        for end in ends:
            if end.index in self.busbars:
                self._add_feeder(end, self._line_side(end, number_), section.id)

    def _line_side(self, bus: Bus, line: int) -> str:
        """Return the node from which a line leaves: on a busbar, each line has its own."""
        node = self._node(bus)
        return f"{node}>line {line}" if bus.index in self.busbars else node

    def _add_feeder(self, bus: Bus, head_node: str, name: str) -> None:
        self.feeders.append(
            Feeder(
                id=f"{bus.id} {name}",
                name=name,
                substation_id=self.busbars[bus.index],
                head_node=head_node,
            )
        )

    def _add_transformer(self, row: Row) -> None:
        high, low = self._bus(row, "hv_bus"), self._bus(row, "lv_bus")
        if high.kv > HIGH_KV:
            return
        number_ = whole(row, "_index")
        high_node, low_node = (
            f"{self._node(bus)}|trafo {number_}"
            if ("t", number_, bus.index) in self.switched
            else self._node(bus)
            for bus in (high, low)
        )
        id_ = str(row["_id"])
        if low.kv > LOW_KV:
            self.sections.append(
                LineSection(id=id_, from_node=high_node, to_node=low_node, level=Level.MV)
            )
            return
        self._check_not_drawn(high)
        self.transformers.append(
            Transformer(
                id=id_,
                name=id_,
                node=high_node,
                lv_node=low_node,
                point=high.point or low.point,
                rated_kva=number(row, "sn_mva") * 1000.0,
            )
        )

    def _check_not_drawn(self, bus: Bus) -> None:
        place = _Place(self.file.name, bus.index)
        by = next((join.by for join in self.joins.values() if join.to == place), None)
        if by is not None:
            raise ValueError(f"its low-voltage network is drawn in {by}, which counts")

    def _add_switch(self, row: Row) -> None:
        bus, kind = self._bus(row, "bus"), str(row.get("et"))
        if kind == "b":
            far = self._node(self._bus(row, "element"))
            near = self._node(bus)
        elif kind in {"l", "t"}:
            element = whole(row, "element")
            near = self._line_side(bus, element) if kind == "l" else self._node(bus)
            far = f"{self._node(bus)}|{'line' if kind == 'l' else 'trafo'} {element}"
        else:
            raise ValueError(f"et is {kind!r}; expected b, l or t")
        self.switches.append(
            Switch(
                id=str(row["_id"]),
                kind=_KINDS.get(str(row.get("type")), SwitchKind.LOAD_BREAK),
                from_node=near,
                to_node=far,
                point=bus.point,
                normal_open=not row.get("closed", True),
            )
        )

    def _add_load(self, row: Row) -> None:
        bus = self._bus(row, "bus")
        if row.get("type") != _STATION:
            customer = self.customers.get(bus.index)
            if customer is None:
                customer = UsagePoint(account=bus.id, node=self._node(bus), point=bus.point)
            kind = customer.kind or kind_of_profile(_profile(row))
            self.customers[bus.index] = replace(customer, kind=kind)
        elif bus.kv > LOW_KV:
            self._check_not_drawn(bus)
            self.transformers.append(
                Transformer(
                    id=str(row["_id"]),
                    name=bus.name or str(row["_id"]),
                    node=self._node(bus),
                    point=bus.point,
                    rated_kva=None if row.get("sn_mva") is None else number(row, "sn_mva") * 1e3,
                )
            )

    def _add_busbar_feeders(self) -> None:
        """Make one feeder more of a busbar on which something other than lines stands."""
        standing = {edge.node for edge in self.transformers}
        standing |= {node for edge in self.switches for node in (edge.from_node, edge.to_node)}
        for index, substation in self.busbars.items():
            bus = self.file.buses[index]
            if self._node(bus) in standing:
                self._add_feeder(bus, self._node(bus), substation)


def _profile(row: Row) -> str | None:
    said = row.get("profile")
    return said if isinstance(said, str) else None


def _refuse_three_windings(row: Row) -> None:
    raise ValueError(f"{row['_id']} has three windings; expected two")


def _check_in_service(row: Row) -> None:
    if row.get("in_service") is False:
        raise ValueError("in_service is false")


def _whole_network(parts: Sequence[_Part]) -> Network:
    """Put the files together; an id that an earlier file has is preceded by its file's name."""
    network = Network(
        name=" + ".join(part.file.name for part in parts),
        substations=_apart([(part.prefix, part.substations) for part in parts]),
        feeders=_apart([(part.prefix, part.feeders) for part in parts]),
        sections=_apart([(part.prefix, part.sections) for part in parts]),
        switches=_apart([(part.prefix, part.switches) for part in parts]),
        transformers=_apart([(part.prefix, part.transformers) for part in parts]),
        usage_points=_accounts_apart(parts),
    )
    return with_traced_transformers(network)


def _apart(parts: Sequence[tuple[str, Sequence[_Named]]]) -> tuple[_Named, ...]:
    found: dict[str, _Named] = {}
    for prefix, rows in parts:
        for row in rows:
            id_ = row.id if row.id not in found else prefix + row.id
            found[id_] = row if id_ == row.id else replace(row, id=id_)
    return tuple(found.values())


def _accounts_apart(parts: Sequence[_Part]) -> tuple[UsagePoint, ...]:
    found: dict[str, UsagePoint] = {}
    for part in parts:
        for each in part.customers.values():
            account = each.account if each.account not in found else part.prefix + each.account
            found[account] = replace(each, account=account)
    return tuple(found.values())
