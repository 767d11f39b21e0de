"""What the elements of an OpenDSS circuit are to a network.

- A line with `switch=y`, and a short one whose line code or Fuse, Recloser or Relay says so, is a
  switch; a longer line with such an object, or one that is opened, has a switch at that end.
- A switch is normally open where its SwtControl says so, where an `open` command opens it, or
  where it is not enabled. Anything else that is not enabled is refused.
- A transformer down to 1 kV or less is one of the network; every other conducts, as regulators and
  series reactors do.
- A load is a customer, or as many as its NumCust says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gis.network.kinds import kind_of_name
from gis.network.model import (
    Level,
    LineSection,
    Refusal,
    Substation,
    Switch,
    SwitchKind,
    Transformer,
    UsagePoint,
)
from gis.network.readers.assembly import Begin, Conductor, Part, Parts, Source
from gis.network.readers.opendss_places import Places
from gis.network.readers.opendss_script import Element, Script, words
from gis.network.readers.opendss_windings import windings_of
from gis.network.readers.positions import drawn_m

LOW_KV = 1.0
SWITCH_M = 10.0
"""A line with a switching device that is no longer than this is that device."""

MOST_CUSTOMERS = 10_000
"""On one load; more is a mistake."""

SAME_VOLTAGE = 0.2
"""Windings whose voltages differ by no more than this share are those of a regulator."""

UNITS_M = {
    "km": 1000.0,
    "m": 1.0,
    "cm": 0.01,
    "mm": 0.001,
    "mi": 1609.344,
    "kft": 304.8,
    "ft": 0.3048,
    "in": 0.0254,
}

CODES = (
    ("recloser", SwitchKind.RECLOSER),
    ("breaker", SwitchKind.BREAKER),
    ("sectional", SwitchKind.SECTIONALISER),
    ("fuse", SwitchKind.FUSE),
    ("loadbreak", SwitchKind.LOAD_BREAK),
    ("elbswitch", SwitchKind.LOAD_BREAK),
    ("padswitch", SwitchKind.LOAD_BREAK),
    ("disconnect", SwitchKind.DISCONNECTOR),
    ("disswitch", SwitchKind.DISCONNECTOR),
)
"""What a line code says that a line is; the first word found in it counts."""

_GUARDS = {
    "fuse": SwitchKind.FUSE,
    "recloser": SwitchKind.RECLOSER,
    "relay": SwitchKind.BREAKER,
}
_LETTERS = {"1": "A", "2": "B", "3": "C"}


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus as an element names it: `a.1.2` is bus a, phases A and B; names in lower case."""

    name: str
    phases: str

    @classmethod
    def of(cls, said: str, phases: int) -> "Bus":
        """Read a bus; without conductors it carries the first `phases` phases."""
        name, *conductors = said.casefold().split(".")
        if not name:
            raise ValueError(f"{said!r} is no bus; expected its name")
        letters = {_LETTERS[each] for each in conductors if each in _LETTERS}
        if not conductors:
            letters = set(list(_LETTERS.values())[: max(1, phases)])
        return cls(name, "".join(sorted(letters)) or "ABC")


@dataclass(slots=True, eq=False)
class Circuit:
    """The elements of one master, added to `parts`, which it may share with other circuits.

    `prefix` goes before its nodes, and before ids that an earlier circuit has.
    """

    script: Script
    places: Places
    name: str
    prefix: str
    parts: Parts
    refusals: list[Refusal] = field(default_factory=list)
    guards: dict[str, Element] = field(default_factory=dict)
    controls: dict[str, Element] = field(default_factory=dict)
    buses: set[str] = field(default_factory=set)
    taken: dict[str, set[str]] = field(default_factory=dict)

    def read(self) -> None:
        """Take every element, or refuse it."""
        self.taken = {
            "section": {each.id for each in self.parts.sections},
            "switch": {each.id for each in self.parts.switches},
            "transformer": {each.id for each in self.parts.transformers},
            "account": {each.account for each in self.parts.customers},
        }
        for each in self.script.all_of("relay", "recloser", "fuse"):
            self._hang(each, "monitoredobj", self.guards)
        for each in self.script.all_of("swtcontrol"):
            self._hang(each, "switchedobj", self.controls)
        for add, kinds in (
            (self._add_source, ("circuit", "vsource")),
            (self._add_line, ("line",)),
            (self._add_transformer, ("transformer",)),
            (self._add_series, ("reactor", "capacitor")),
            (self._add_load, ("load",)),
        ):
            for element in self.script.all_of(*kinds):
                try:
                    add(element)
                except ValueError as error:
                    self._refuse(element, str(error))

    def find_node(self, bus: str) -> str | None:
        """Return the node of a bus of this circuit, None where nothing stands on it."""
        name = bus.casefold().partition(".")[0]
        return self.prefix + name if name in self.buses else None

    def meters(self) -> Iterator[Begin]:
        """Give a feeder for each energy meter, beginning with the element that is metered."""
        for meter in self.script.all_of("energymeter"):
            try:
                if meter.flag("enabled", otherwise=True):
                    yield self._begin(meter)
            except ValueError as error:
                self._refuse(meter, str(error))

    def _begin(self, meter: Element) -> Begin:
        kind, _, name = (meter.find("element") or "").casefold().partition(".")
        element = self.script.find(kind, name)
        if element is None or kind not in {"line", "transformer", "reactor"}:
            said = meter.find("element")
            raise ValueError(f"element is {said!r}; expected a line of the circuit")
        terminal = int(meter.number("terminal", 1))
        bus = self._terminals(element)[max(0, terminal - 1) : terminal]
        parts: set[Part] = set()
        if kind != "transformer" or terminal == 1:
            id_ = self._id_of(element) if kind == "line" else self._conducting(element)
            kinds: tuple[type[Conductor], ...] = (Switch, LineSection)
            parts = {(each, id_) for each in kinds}
        at = self.find_node(bus[0]) if bus else None
        return Begin(id=meter.name, name=meter.name, substation_id=self.name, at=at, parts=parts)

    def _terminals(self, element: Element) -> list[str]:
        if element.kind == "transformer":
            return [winding.bus for winding in windings_of(element, self.script)]
        return [element.find(key) or "" for key in ("bus1", "bus2")]

    def _refuse(self, element: Element, reason: str) -> None:
        self.refusals.append(
            Refusal(layer=element.layer, row=element.row, id=element.name, reason=reason)
        )

    def _id_of(self, element: Element) -> str:
        kind = {"line": "section", "load": "account"}.get(element.kind, element.kind)
        is_taken = element.name in self.taken.get(kind, ()) or (
            kind == "section" and element.name in self.taken["switch"]
        )
        return self.prefix + element.name if is_taken else element.name

    def _hang(self, element: Element, key: str, found: dict[str, Element]) -> None:
        """Note which line a fuse, recloser, relay or switch control sits on."""
        kind, _, name = (element.find(key) or "").casefold().partition(".")
        if not element.flag("enabled", otherwise=True) or kind not in {"line", ""}:
            return
        if self.script.find("line", name) is None:
            said = element.find(key)
            self._refuse(element, f"{key} is {said!r}; expected a line of the circuit")
            return
        found[name] = element

    def _node(self, bus: Bus) -> str:
        self.buses.add(bus.name)
        return self.prefix + bus.name

    def _add_source(self, element: Element) -> None:
        bus = Bus.of(element.find("bus1") or "sourcebus", 3)
        id_ = self.name if element.kind == "circuit" else f"{self.prefix}{element.name}"
        point = self.places.point(bus.name)
        self.parts.substations.append(Substation(id=id_, name=id_, point=point))
        self.parts.sources.append(Source(node=self._node(bus), name=id_, substation_id=id_))

    def _add_line(self, element: Element) -> None:
        section = self._section(element)
        kind = self._switch_kind(element, section.length_m)
        if kind is None:
            _check_enabled(element)
            self.parts.sections.append(section)
            return
        is_whole = element.flag("switch", otherwise=False) or section.length_m <= SWITCH_M
        far = self._far_end(element)
        near, inner = section.from_node, section.to_node
        if far:
            near, inner = inner, near
        if not is_whole:
            inner = f"{near}|{section.id}"
            ends = (section.from_node, inner) if far else (inner, section.to_node)
            self._add_section(section, *ends)
        self.parts.switches.append(
            Switch(
                id=section.id,
                kind=kind,
                from_node=near,
                to_node=inner,
                point=self.places.point(near.removeprefix(self.prefix))
                or self.places.point(inner.removeprefix(self.prefix)),
                normal_open=self._is_open(element),
                phases=section.phases,
            )
        )

    def _section(self, element: Element) -> LineSection:
        """Read a line, switch or not, as the section between its buses."""
        phases = int(element.number("phases", 3))
        one, other = (Bus.of(element.text(key), phases) for key in ("bus1", "bus2"))
        line = self.places.line(one.name, other.name)
        stated_m = self._length_m(element)
        return LineSection(
            id=self._id_of(element),
            from_node=self._node(one),
            to_node=self._node(other),
            level=Level.MV,
            phases=one.phases,
            line=line,
            length_m=drawn_m(line) if stated_m is None else stated_m,
        )

    def _add_section(self, like: LineSection, from_node: str, to_node: str) -> None:
        self.parts.sections.append(
            LineSection(
                id=like.id,
                from_node=from_node,
                to_node=to_node,
                level=Level.MV,
                phases=like.phases,
                line=like.line,
                length_m=like.length_m,
            )
        )

    def _switch_kind(self, element: Element, length_m: float) -> SwitchKind | None:
        guard = self.guards.get(element.name.casefold())
        if guard is not None:
            return _GUARDS[guard.kind]
        is_switch = element.flag("switch", otherwise=False)
        code = (element.find("linecode") or "").casefold()
        coded = next((kind for word, kind in CODES if word in code), None)
        if coded is not None and (is_switch or length_m <= SWITCH_M):
            return coded
        is_opened = element.find("stands") is not None
        if is_switch or is_opened or element.name.casefold() in self.controls:
            return SwitchKind.LOAD_BREAK
        return None

    def _far_end(self, element: Element) -> bool:
        """Whether the device of a line sits at its second end."""
        guard = self.guards.get(element.name.casefold())
        return guard is not None and int(guard.number("monitoredterm", 1)) > 1

    def _is_open(self, element: Element) -> bool:
        key = element.name.casefold()
        for each in (self.controls.get(key), self.guards.get(key)):
            said = each and (each.find("normal") or each.find("state") or each.find("action"))
            if said:
                return any(word[:1] in "oOtT" for word in words(said))
        if element.find("stands") is not None:
            return element.find("stands") == "open"
        return not element.flag("enabled", otherwise=True)

    def _length_m(self, element: Element) -> float | None:
        """Return the length in metres, None where the script gives none or in no unit."""
        code = self.script.find("linecode", element.find("linecode"))
        own, coded = element.find("units"), code.find("units") if code else None
        unit = UNITS_M.get((own or "none").casefold()) or UNITS_M.get((coded or "none").casefold())
        if unit is None or element.find("length") is None:
            return None
        length = element.number("length", 0.0)
        if length < 0:
            raise ValueError(f"length is {length:g}; expected a number of at least 0")
        return length * unit

    def _add_transformer(self, element: Element) -> None:
        _check_enabled(element)
        windings = windings_of(element, self.script)
        bare = [n for n, winding in enumerate(windings, start=1) if not winding.bus]
        if bare:
            raise ValueError(f"winding {bare[0]} is on no bus")
        phases = int(element.number("phases", 3))
        high = max(windings, key=lambda winding: winding.kv)
        bus = Bus.of(high.bus, phases)
        others = {Bus.of(w.bus, phases).name: w for w in windings if w is not high}
        others.pop(bus.name, None)
        if not others:
            raise ValueError(f"every winding is on bus {bus.name}; expected two buses")
        lows = [Bus.of(winding.bus, phases) for winding in others.values()]
        id_, low_kv = self._id_of(element), min(winding.kv for winding in others.values())
        if not low_kv <= LOW_KV < high.kv:
            for low in lows:
                self._conduct(element, bus, low, "" if low is lows[0] else f"#{low.name}")
                if low_kv < (1 - SAME_VOLTAGE) * high.kv:
                    self.parts.power_transformers.add(self.parts.sections[-1].id)
            return
        self.parts.transformers.append(
            Transformer(
                id=id_,
                name=id_,
                node=self._node(bus),
                lv_node=self._node(lows[0]),
                point=self.places.point(bus.name) or self.places.point(lows[0].name),
                rated_kva=high.kva,
                phases=bus.phases,
            )
        )
        for low in lows[1:]:
            self._conduct(element, lows[0], low, f"#{low.name}")

    def _add_series(self, element: Element) -> None:
        """Take a reactor or capacitor between two buses; one on a single bus joins nothing."""
        if not element.find("bus2"):
            return
        phases = int(element.number("phases", 3))
        one, other = (Bus.of(element.text(key), phases) for key in ("bus1", "bus2"))
        if one.name != other.name:
            _check_enabled(element)
            self._conduct(element, one, other, "")

    def _conducting(self, element: Element) -> str:
        """Return the id of the section that stands for something that merely conducts."""
        return f"{self.prefix}{element.kind}.{element.name}"

    def _conduct(self, element: Element, one: Bus, other: Bus, suffix: str) -> None:
        """Add a section without length for something that merely conducts."""
        self.parts.sections.append(
            LineSection(
                id=self._conducting(element) + suffix,
                from_node=self._node(one),
                to_node=self._node(other),
                level=Level.MV,
                phases=one.phases,
            )
        )

    def _add_load(self, element: Element) -> None:
        _check_enabled(element)
        bus = Bus.of(element.text("bus1"), int(element.number("phases", 3)))
        number_ = element.number("numcust", 1)
        if not 0 <= number_ <= MOST_CUSTOMERS:
            raise ValueError(f"numcust is {number_:g}; expected 0 to {MOST_CUSTOMERS}")
        account, point = self._id_of(element), self.places.point(bus.name)
        kind = kind_of_name(*map(element.find, ("yearly", "daily", "duty")), element.name)
        for place in range(max(1, int(number_))):
            self.parts.customers.append(
                UsagePoint(
                    account=account if place == 0 else f"{account}#{place + 1}",
                    node=self.prefix + bus.name,
                    point=point,
                    kind=kind,
                )
            )


def _check_enabled(element: Element) -> None:
    if not element.flag("enabled", otherwise=True):
        raise ValueError("enabled is no: it is out of service")
