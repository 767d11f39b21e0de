"""CIM networks (CIM100 and CIM16/17, the distribution profile of IEC 61968-13) as RDF/XML.

- Names are the ids where no other thing of the kind has them, else name and mRID.
- A transformer of which an end is at 1 kV or less is one of the network; the others conduct.
- A feeder begins at its NormalHeadTerminal, or with the energy source in it, else where supply
  first reaches any equipment in it.
- A customer is a UsagePoint; of an EnergyConsumer without any, the consumer itself, or as many as
  its customerCount says.
- The normal state is `normalOpen`; `open` only where that is not given.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gis.network.model import (
    Level,
    LineSection,
    ReadResult,
    Refusal,
    Substation,
    Switch,
    SwitchKind,
    Transformer,
    UsagePoint,
)
from gis.network.readers.assembly import Begin, Conductor, Part, Parts, Source, assemble, listed
from gis.network.readers.cim_file import CLASSES, CimFile, Thing, load
from gis.network.readers.cim_places import Places, read_places
from gis.network.readers.positions import drawn_m

LOW_V = 1000.0
HIGHEST_KV = 1500.0
"""No grid has more; so nominal voltages that are all below it are kilovolts, others volts."""

MOST_CUSTOMERS = 10_000
SAME_VOLTAGE = 0.2
"""Ends whose voltages differ by no more than this share are those of a regulator."""

KINDS = {
    "Breaker": SwitchKind.BREAKER,
    "Recloser": SwitchKind.RECLOSER,
    "Sectionaliser": SwitchKind.SECTIONALISER,
    "Fuse": SwitchKind.FUSE,
    "LoadBreakSwitch": SwitchKind.LOAD_BREAK,
    "Disconnector": SwitchKind.DISCONNECTOR,
    "Switch": SwitchKind.LOAD_BREAK,
    "ProtectedSwitch": SwitchKind.BREAKER,
    "Jumper": SwitchKind.DISCONNECTOR,
    "Cut": SwitchKind.DISCONNECTOR,
}
SOURCES = ("EnergySource", "ExternalNetworkInjection")
CONSUMERS = ("EnergyConsumer", "ConformLoad", "NonConformLoad")
_TWO = 2


def read_cim(paths: Path | str | Sequence[Path | str], crs: str | None = None) -> ReadResult:
    """Read a network from CIM RDF/XML files, which together make one.

    Parameters
    ----------
    paths
        Files `.xml` or `.rdf`, plain or packed (.gz, .bz2, .xz, .zip).
    crs
        Reference system of the positions; it goes before what the files name. Without it they must
        name one that has a place on Earth.

    Raises
    ------
    UnreadableFile
        If a file is absent, cut off, damaged or declares entities, or its positions have no place
        on Earth.
    """
    several = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    found = load(several)
    places = read_places(found, several[0], crs)
    reading = _Reading(found, places, Parts(name=several[0].name.partition(".")[0]))
    reading.read()
    network, notes = assemble(reading.parts)
    return ReadResult(
        network=network, refusals=tuple(reading.refusals), notes=(*reading.notes, *notes)
    )


@dataclass(slots=True)
class _End:
    """An end of a transformer: where, at how many volts, on which phases, rated how."""

    number: int
    terminal: str | None
    volts: float
    phases: str = ""
    rated_va: float = 0.0


@dataclass(slots=True, eq=False)
class _Reading:
    found: CimFile
    places: Places
    parts: Parts
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    terminals: dict[str, list[Thing]] = field(default_factory=dict)
    phases: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[Part]] = field(default_factory=dict)
    tank_ends: dict[tuple[str, int], Thing] = field(default_factory=dict)
    heads: dict[str, Thing] = field(default_factory=dict)
    kilo: float = 1.0

    def read(self) -> None:
        """Take every object, or refuse it."""
        for thing in self.found.repeated:
            self._refuse(thing, f"{thing.kind} {thing.id} is given again, and differently")
        self._index()
        self._each(("Substation",), self._add_substation)
        self._each(SOURCES, self._add_source)
        self._each(("ACLineSegment",), self._add_section)
        self._each(("SeriesCompensator",), self._add_section)
        self._each(tuple(KINDS), self._add_switch)
        self._add_transformers()
        self._add_customers()
        self._each(("Feeder",), self._add_feeder)
        standing = [each for each in self.found.all_of(*KINDS) if self._is_switched(each)]
        if standing:
            names = listed([self.names[each.id] for each in standing])
            self.notes.append(f"these switches stand other than normal in the file: {names}")

    def _each(self, kinds: tuple[str, ...], add: Callable[[Thing], None]) -> None:
        for thing in self.found.all_of(*kinds):
            try:
                _check_in_service(thing)
                add(thing)
            except ValueError as error:
                self._refuse(thing, str(error))

    def _refuse(self, thing: Thing, reason: str) -> None:
        name = self.names.get(thing.id, thing.id)
        self.refusals.append(Refusal(layer=thing.kind, row=thing.row, id=name, reason=reason))

    def _index(self) -> None:
        """Name what has an id of its own, and sort terminals and phases by their equipment."""
        for kinds in (
            *(("Substation",), ("Feeder",), tuple(KINDS), ("PowerTransformer",)),
            *(("ACLineSegment", "SeriesCompensator"), CONSUMERS, ("UsagePoint",), SOURCES),
        ):
            self.names |= _names(self.found.all_of(*kinds))
        self.nodes = _names(self.found.all_of("ConnectivityNode"))
        self.nodes |= _names(self.found.all_of("TopologicalNode"))
        self._sort_terminals()
        self._gather_phases()
        for info in self.found.all_of("TransformerEndInfo"):
            self.tank_ends[info.find("TransformerTankInfo") or "", _number(info)] = info
        self.kilo = 1000.0 if self._highest() < HIGHEST_KV else 1.0

    def _sort_terminals(self) -> None:
        for terminal in self.found.all_of("Terminal"):
            equipment = terminal.find("ConductingEquipment")
            if equipment is not None:
                self.terminals.setdefault(equipment, []).append(terminal)
            if terminal.find("NormalHeadFeeder") is not None:
                self.heads[terminal.find("NormalHeadFeeder") or ""] = terminal
        for each in self.terminals.values():
            each.sort(key=lambda terminal: terminal.find("sequenceNumber") or "")

    def _gather_phases(self) -> None:
        for kind, of, said in (
            ("ACLineSegmentPhase", "ACLineSegment", "phase"),
            ("SwitchPhase", "Switch", "phaseSide1"),
        ):
            for thing in self.found.all_of(kind):
                owner, phase = thing.find(of), _letters(thing.find(said))
                if owner is not None:
                    self.phases[owner] = "".join(sorted({*self.phases.get(owner, ""), *phase}))

    def _highest(self) -> float:
        """Return the highest voltage that the file names, in its own unit; 0 for none."""
        named = [
            thing.number(key)
            for kind, key in (
                ("BaseVoltage", "nominalVoltage"),
                ("PowerTransformerEnd", "ratedU"),
                ("TransformerEndInfo", "ratedU"),
            )
            for thing in self.found.all_of(kind)
        ]
        return max((volts for volts in named if volts is not None), default=0.0)

    def _node(self, terminal: Thing) -> str:
        for name in ("ConnectivityNode", "TopologicalNode"):
            id_ = terminal.find(name)
            if id_ is not None:
                if id_ not in self.nodes:
                    raise ValueError(f"its terminal is at {name} {id_}, which is not in the file")
                return self.nodes[id_]
        raise ValueError("its terminal is at no node")

    def _ends(self, thing: Thing, count: int) -> list[str]:
        terminals = self.terminals.get(thing.id, [])
        if len(terminals) != count:
            raise ValueError(f"it has {len(terminals)} terminals; expected {count}")
        return [self._node(terminal) for terminal in terminals]

    def _phases_of(self, thing: Thing) -> str:
        if thing.id in self.phases:
            return self.phases[thing.id]
        said = (terminal.find("phases") for terminal in self.terminals.get(thing.id, []))
        return next((letters for each in said if (letters := _letters(each))), "ABC")

    def _belongs(self, thing: Thing, part: Part) -> None:
        container = thing.find("EquipmentContainer")
        if container is not None:
            self.members.setdefault(container, set()).add(part)

    def _add_substation(self, thing: Thing) -> None:
        name = self.names[thing.id]
        point = self.places.point(thing.find("Location"))
        self.parts.substations.append(Substation(id=name, name=name, point=point))

    def _add_source(self, thing: Thing) -> None:
        (node,) = self._ends(thing, 1)
        name = self.names[thing.id]
        substation = self._substation_of(thing.find("EquipmentContainer"))
        self.parts.sources.append(Source(node=node, name=name, substation_id=substation))

    def _substation_of(self, container: str | None) -> str | None:
        """Return the substation of a container: itself, or that of its voltage level or feeder."""
        for _ in range(3):
            thing = self.found.find(container, "Substation", "VoltageLevel", "Bay", "Feeder")
            if thing is None:
                return None
            if thing.kind == "Substation":
                return self.names[thing.id]
            if thing.kind == "Feeder":
                container = thing.find("NormalEnergizingSubstation")
            elif thing.kind == "Bay":
                container = thing.find("VoltageLevel") or thing.find("Substation")
            else:
                container = thing.find("Substation")
        return None

    def _add_section(self, thing: Thing) -> None:
        from_node, to_node = self._ends(thing, _TWO)
        line = self.places.line(thing.find("Location"))
        stated_m = thing.number("length") if thing.kind == "ACLineSegment" else 0.0
        if stated_m is not None and stated_m < 0:
            raise ValueError(f"length is {stated_m:g}; expected a number of at least 0")
        section = LineSection(
            id=self.names[thing.id],
            from_node=from_node,
            to_node=to_node,
            level=Level.MV,
            phases=self._phases_of(thing),
            line=line,
            length_m=drawn_m(line) if stated_m is None else stated_m,
        )
        self.parts.sections.append(section)
        self._belongs(thing, (LineSection, section.id))

    def _add_switch(self, thing: Thing) -> None:
        from_node, to_node = self._ends(thing, _TWO)
        normal = thing.flag("normalOpen")
        switch = Switch(
            id=self.names[thing.id],
            kind=KINDS[thing.kind],
            from_node=from_node,
            to_node=to_node,
            point=self.places.point(thing.find("Location")),
            normal_open=bool(thing.flag("open")) if normal is None else normal,
            phases=self._phases_of(thing),
        )
        self.parts.switches.append(switch)
        self._belongs(thing, (Switch, switch.id))

    def _add_transformers(self) -> None:
        ends: dict[str, list[_End]] = {}
        self._each(("PowerTransformerEnd",), lambda thing: self._note_end(thing, ends))
        self._each(("TransformerTankEnd",), lambda thing: self._note_tank_end(thing, ends))
        self._each(
            ("PowerTransformer",),
            lambda thing: self._add_transformer(thing, _united(ends.get(thing.id, []))),
        )

    def _note_end(self, thing: Thing, ends: dict[str, list[_End]]) -> None:
        volts = self._nominal(thing) or (thing.number("ratedU") or 0.0) * self.kilo
        end = _End(_number(thing), thing.find("Terminal"), volts)
        end.rated_va = thing.number("ratedS") or 0.0
        ends.setdefault(thing.find("PowerTransformer") or "", []).append(end)

    def _note_tank_end(self, thing: Thing, ends: dict[str, list[_End]]) -> None:
        tank = self.found.find(thing.find("TransformerTank"), "TransformerTank")
        if tank is None:
            raise ValueError(f"its TransformerTank {thing.find('TransformerTank')} is not there")
        number = _number(thing)
        info = self.tank_ends.get((tank.find("TransformerTankInfo") or "", number))
        volts, rated_va = self._nominal(thing), 0.0
        if info is not None:
            volts = volts or (info.number("ratedU") or 0.0) * self.kilo
            rated_va = info.number("ratedS") or 0.0
        phases = _letters(thing.find("orderedPhases") or thing.find("phases"))
        ends.setdefault(tank.find("PowerTransformer") or "", []).append(
            _End(number, thing.find("Terminal"), volts, phases, rated_va)
        )

    def _nominal(self, thing: Thing) -> float:
        voltage = self.found.find(thing.find("BaseVoltage"), "BaseVoltage")
        return ((voltage and voltage.number("nominalVoltage")) or 0.0) * self.kilo

    def _add_transformer(self, thing: Thing, ends: Sequence[_End]) -> None:
        if len(ends) < _TWO:
            raise ValueError(f"it has {len(ends)} ends; expected at least two")
        bare = next((end for end in ends if not end.volts), None)
        if bare is not None:
            raise ValueError(f"its end {bare.number} has neither BaseVoltage nor ratedU")
        high = max(ends, key=lambda end: end.volts)
        node = self._end_node(thing, high)
        lows = {self._end_node(thing, end): end for end in ends if end is not high}
        lows.pop(node, None)
        if not lows:
            raise ValueError(f"all its ends are at node {node}; expected two nodes")
        id_, low_volts = self.names[thing.id], min(end.volts for end in lows.values())
        phases = high.phases.replace("N", "") or self._phases_of(thing)
        if not low_volts <= LOW_V < high.volts:
            for low in lows:
                self._conduct(thing, node, low, phases)
                if low_volts < (1 - SAME_VOLTAGE) * high.volts:
                    self.parts.power_transformers.add(self.parts.sections[-1].id)
            return
        lv_node, *more = lows
        self.parts.transformers.append(
            Transformer(
                id=id_,
                name=id_,
                node=node,
                lv_node=lv_node,
                point=self.places.point(thing.find("Location")),
                rated_kva=high.rated_va / 1000.0 or None,
                phases=phases,
            )
        )
        for low in more:
            self._conduct(thing, lv_node, low, phases)

    def _end_node(self, thing: Thing, end: _End) -> str:
        terminals = self.terminals.get(thing.id, [])
        terminal = next((each for each in terminals if each.id == end.terminal), None)
        if terminal is None and end.terminal is None and len(terminals) >= end.number > 0:
            terminal = terminals[end.number - 1]
        if terminal is None:
            raise ValueError(f"the terminal of its end {end.number} is not in the file")
        return self._node(terminal)

    def _conduct(self, thing: Thing, one: str, other: str, phases: str) -> None:
        """Add a section without length for a transformer that merely conducts."""
        id_ = f"{thing.kind}.{self.names[thing.id]}"
        if any(each.id == id_ for each in self.parts.sections[-2:]):
            id_ = f"{id_}#{other}"
        self.parts.sections.append(
            LineSection(id=id_, from_node=one, to_node=other, level=Level.MV, phases=phases)
        )
        self._belongs(thing, (LineSection, id_))

    def _add_customers(self) -> None:
        served: dict[str, list[Thing]] = {}
        for point in self.found.all_of("UsagePoint"):
            served.setdefault(point.find("Equipments") or "", []).append(point)
        meters = {each.find("UsagePoint"): each for each in self.found.all_of("Meter")}
        self._each(CONSUMERS, lambda thing: self._add_consumer(thing, served, meters))
        taken = {thing.id for thing in self.found.all_of(*CONSUMERS)}
        for equipment, points in served.items():
            if equipment not in taken:
                for point in points:
                    self._refuse(
                        point, f"its equipment {equipment or 'is not given and'} is no load"
                    )

    def _add_consumer(
        self,
        thing: Thing,
        served: dict[str, list[Thing]],
        meters: dict[str | None, Thing],
    ) -> None:
        (node,) = self._ends(thing, 1)
        point = self.places.point(thing.find("Location"))
        usage_points = served.get(thing.id, [])
        for each in usage_points:
            own = each.find("UsagePointLocation") or each.find("ServiceLocation")
            meter = meters.get(each.id)
            self.parts.customers.append(
                UsagePoint(
                    account=self.names[each.id],
                    meter=(meter.find("name") or meter.id) if meter else None,
                    point=self.places.point(own) or point,
                    node=node,
                )
            )
        if usage_points:
            return
        count = thing.number("customerCount") or 1
        if not 0 < count <= MOST_CUSTOMERS:
            raise ValueError(f"customerCount is {count:g}; expected 0 to {MOST_CUSTOMERS}")
        account = self.names[thing.id]
        for place in range(1, int(count) + 1):
            named = account if place == 1 else f"{account}#{place}"
            self.parts.customers.append(UsagePoint(account=named, node=node, point=point))

    def _add_feeder(self, thing: Thing) -> None:
        name = self.names[thing.id]
        substation = self._substation_of(thing.id)
        head = self._head_terminal(thing)
        if head is not None:
            equipment = head.find("ConductingEquipment") or ""
            kinds: tuple[type[Conductor], ...] = (LineSection, Switch)
            parts = {(kind, self.names.get(equipment, equipment)) for kind in kinds}
            begin = Begin(id=name, name=name, substation_id=substation, at=self._node(head))
            self.parts.begins.append(replace(begin, parts=frozenset(parts)))
            return
        inside = [
            each
            for each in self.found.all_of(*SOURCES)
            if each.find("EquipmentContainer") == thing.id
        ]
        at = self._ends(inside[0], 1)[0] if inside else None
        members = frozenset(self.members.get(thing.id, set())) if at is None else frozenset()
        self.parts.begins.append(
            Begin(id=name, name=name, substation_id=substation, at=at, parts=members)
        )

    def _head_terminal(self, feeder: Thing) -> Thing | None:
        named = self.found.find(feeder.find("NormalHeadTerminal"), "Terminal")
        if named is None and feeder.find("NormalHeadTerminal"):
            raise ValueError("its NormalHeadTerminal is not in the file")
        return named or self.heads.get(feeder.id)

    def _is_switched(self, thing: Thing) -> bool:
        stands = thing.find("open"), thing.find("normalOpen")
        return None not in stands and len({str(each).casefold() for each in stands}) > 1


def _check_in_service(thing: Thing) -> None:
    if "inService" in CLASSES[thing.kind] and thing.flag("inService") is False:
        raise ValueError("inService is false")


def _names(things: Iterable[Thing]) -> dict[str, str]:
    """Name things by id: by their names, and those who share one by name and id."""
    rows = list(things)
    times = Counter(thing.find("name") for thing in rows)
    return {
        thing.id: name if name and times[name] == 1 else f"{name or ''} {thing.id}".strip()
        for thing in rows
        for name in [thing.find("name")]
    }


def _letters(said: str | None) -> str:
    """Return the phases of a PhaseCode, OrderedPhaseCodeKind or SinglePhaseKind."""
    code = (said or "").rpartition(".")[2]
    if code.startswith("s"):
        return "A"
    return "".join(sorted(set(code) & set("ABC")))


def _number(thing: Thing) -> int:
    return int(thing.number("endNumber") or 0)


def _united(ends: Sequence[_End]) -> list[_End]:
    """Put the ends of the tanks of one transformer together, by their numbers."""
    united: dict[int, _End] = {}
    for end in ends:
        first = united.setdefault(end.number, _End(end.number, end.terminal, end.volts))
        first.phases = "".join(sorted({*first.phases, *end.phases}))
        first.rated_va += end.rated_va
    return [united[number] for number in sorted(united)]
