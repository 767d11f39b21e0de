"""CIM objects by what refers to them: names, nodes, terminals, phases and transformer ends."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from gis.network.model import SwitchKind
from gis.network.phases import live_phases
from gis.network.readers.cim_file import CimFile, Thing

HIGHEST_KV = 1500.0
"""No grid has more; so nominal voltages that are all below it are kilovolts, others volts."""

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
LINES = ("ACLineSegment", "SeriesCompensator")


@dataclass(slots=True)
class End:
    """An end of a transformer: where, at how many volts, on which phases, rated how."""

    number: int
    terminal: str | None
    volts: float
    phases: str = ""
    rated_va: float = 0.0


@dataclass(slots=True, eq=False)
class Index:
    """What the references of CIM files say, each the other way round.

    `names` are our ids by mRID, `nodes` our nodes by that of a ConnectivityNode, `terminals` those
    of each equipment in order, `phases` those that objects of their own give.
    """

    found: CimFile
    names: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    terminals: dict[str, list[Thing]] = field(default_factory=dict)
    phases: dict[str, str] = field(default_factory=dict)
    tank_ends: dict[tuple[str, int], Thing] = field(default_factory=dict)
    heads: dict[str, Thing] = field(default_factory=dict)
    kilo: float = 1.0

    def __post_init__(self) -> None:
        for kinds in (
            *(("Substation",), ("Feeder",), tuple(KINDS), ("PowerTransformer",)),
            *(LINES, CONSUMERS, ("UsagePoint",), SOURCES),
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
            ("EnergyConsumerPhase", "EnergyConsumer", "phase"),
        ):
            for thing in self.found.all_of(kind):
                owner, phase = thing.find(of), _letters(thing.find(said))
                if owner is not None and not (of == "EnergyConsumer" and _is_leg(thing.find(said))):
                    self.phases[owner] = "".join(sorted({*self.phases.get(owner, ""), *phase}))

    def _highest(self) -> float:
        """Return the highest voltage that the file names, in its own unit; 0 for none."""
        highest = 0.0
        for kind, key in (
            ("BaseVoltage", "nominalVoltage"),
            ("PowerTransformerEnd", "ratedU"),
            ("TransformerEndInfo", "ratedU"),
        ):
            for thing in self.found.all_of(kind):
                # What is no number is refused with the thing that needs it.
                with suppress(ValueError):
                    highest = max(highest, thing.number(key) or 0.0)
        return highest

    def node(self, terminal: Thing) -> str:
        """Return the node of a terminal; raises ValueError where the file has none."""
        for name in ("ConnectivityNode", "TopologicalNode"):
            id_ = terminal.find(name)
            if id_ is not None:
                if id_ not in self.nodes:
                    raise ValueError(f"its terminal is at {name} {id_}, which is not in the file")
                return self.nodes[id_]
        raise ValueError("its terminal is at no node")

    def ends(self, thing: Thing, count: int) -> list[str]:
        """Return the nodes of an equipment's `count` terminals in order; raises ValueError."""
        terminals = self.terminals.get(thing.id, [])
        if len(terminals) != count:
            raise ValueError(f"it has {len(terminals)} terminals; expected {count}")
        return [self.node(terminal) for terminal in terminals]

    def find_phases(self, consumer: Thing) -> str | None:
        """Return the phases of a load, None where the file gives it none of its own."""
        return live_phases(self.phases.get(consumer.id))

    def phases_of(self, thing: Thing) -> str:
        """Return the phases of an equipment, ABC where the file does not say."""
        if thing.id in self.phases:
            return self.phases[thing.id]
        said = (terminal.find("phases") for terminal in self.terminals.get(thing.id, []))
        return next((letters for each in said if (letters := _letters(each))), "ABC")

    def substation_of(self, container: str | None) -> str | None:
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

    def note_end(self, thing: Thing, ends: dict[str, list[End]]) -> None:
        """Add a PowerTransformerEnd to `ends`, which are by transformer."""
        volts = self._nominal(thing) or (thing.number("ratedU") or 0.0) * self.kilo
        end = End(_number(thing), thing.find("Terminal"), volts)
        end.rated_va = thing.number("ratedS") or 0.0
        ends.setdefault(thing.find("PowerTransformer") or "", []).append(end)

    def note_tank_end(self, thing: Thing, ends: dict[str, list[End]]) -> None:
        """Add a TransformerTankEnd to `ends`, rated as the info of its tank says."""
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
            End(number, thing.find("Terminal"), volts, phases, rated_va)
        )

    def _nominal(self, thing: Thing) -> float:
        voltage = self.found.find(thing.find("BaseVoltage"), "BaseVoltage")
        return ((voltage and voltage.number("nominalVoltage")) or 0.0) * self.kilo

    def end_node(self, thing: Thing, end: End) -> str:
        """Return the node of a transformer's end; raises ValueError where it has none."""
        terminals = self.terminals.get(thing.id, [])
        terminal = next((each for each in terminals if each.id == end.terminal), None)
        if terminal is None and end.terminal is None and len(terminals) >= end.number > 0:
            terminal = terminals[end.number - 1]
        if terminal is None:
            raise ValueError(f"the terminal of its end {end.number} is not in the file")
        return self.node(terminal)

    def head_terminal(self, feeder: Thing) -> Thing | None:
        """Return the NormalHeadTerminal of a feeder, None where it names none."""
        named = self.found.find(feeder.find("NormalHeadTerminal"), "Terminal")
        if named is None and feeder.find("NormalHeadTerminal"):
            raise ValueError("its NormalHeadTerminal is not in the file")
        return named or self.heads.get(feeder.id)


def _names(things: Iterable[Thing]) -> dict[str, str]:
    """Name things by id: by their names, and those who share one by name and id."""
    rows = list(things)
    times = Counter(thing.find("name") for thing in rows)
    return {
        thing.id: name if name and times[name] == 1 else f"{name or ''} {thing.id}".strip()
        for thing in rows
        for name in [thing.find("name")]
    }


def _is_leg(said: str | None) -> bool:
    """Whether it is a leg of a split-phase secondary, s1 or s2, which is no phase of the line."""
    return (said or "").rpartition(".")[2].startswith("s")


def _letters(said: str | None) -> str:
    """Return the phases of a PhaseCode, OrderedPhaseCodeKind or SinglePhaseKind."""
    code = (said or "").rpartition(".")[2]
    if _is_leg(said):
        return "A"
    return "".join(sorted(set(code) & set("ABC")))


def _number(thing: Thing) -> int:
    return int(thing.number("endNumber") or 0)


def united(ends: Sequence[End]) -> list[End]:
    """Put the ends of the tanks of one transformer together, by their numbers."""
    united: dict[int, End] = {}
    for end in ends:
        first = united.setdefault(end.number, End(end.number, end.terminal, end.volts))
        first.phases = "".join(sorted({*first.phases, *end.phases}))
        first.rated_va += end.rated_va
    return [united[number] for number in sorted(united)]
