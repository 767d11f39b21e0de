"""CIM networks (CIM100 and CIM16/17, the distribution profile of IEC 61968-13) as RDF/XML.

- Names are the ids where no other thing of the kind has them, else name and mRID.
- A transformer of which an end is at 1 kV or less is one of the network; the others conduct.
- A feeder begins at its NormalHeadTerminal, or with the energy source in it, else where supply
  first reaches any equipment in it.
- A customer is a UsagePoint; of an EnergyConsumer without any, the consumer itself, or as many as
  its customerCount says.
- The normal state is `normalOpen`; `open` only where that is not given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from gis.network.kinds import CIM_KINDS, CustomerKind
from gis.network.model import (
    Level,
    LineSection,
    ReadResult,
    Refusal,
    Substation,
    Switch,
    Transformer,
    UsagePoint,
)
from gis.network.readers.assembly import Begin, Conductor, Part, Parts, Source, assemble, listed
from gis.network.readers.cim_file import CLASSES, CimFile, Thing, load
from gis.network.readers.cim_index import CONSUMERS, KINDS, LINES, SOURCES, End, Index, united
from gis.network.readers.cim_places import Places, read_places
from gis.network.readers.positions import drawn_m

LOW_V = 1000.0
MOST_CUSTOMERS = 10_000
SAME_VOLTAGE = 0.2
"""Ends whose voltages differ by no more than this share are those of a regulator."""

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
    reading = _Reading(found, Index(found), places, Parts(name=several[0].name.partition(".")[0]))
    reading.read()
    network, notes = assemble(reading.parts)
    return ReadResult(
        network=network, refusals=tuple(reading.refusals), notes=(*reading.notes, *notes)
    )


@dataclass(slots=True, eq=False)
class _Reading:
    found: CimFile
    index: Index
    places: Places
    parts: Parts
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    members: dict[str, set[Part]] = field(default_factory=dict)

    def read(self) -> None:
        """Take every object, or refuse it."""
        for thing in self.found.repeated:
            self._refuse(thing, f"{thing.kind} {thing.id} is given again, and differently")
        self._each(("Substation",), self._add_substation)
        self._each(SOURCES, self._add_source)
        self._each(LINES, self._add_section)
        self._each(tuple(KINDS), self._add_switch)
        self._add_transformers()
        self._add_customers()
        self._each(("Feeder",), self._add_feeder)
        standing = [each for each in self.found.all_of(*KINDS) if self._is_switched(each)]
        if standing:
            names = listed([self.index.names[each.id] for each in standing])
            self.notes.append(f"these switches stand other than normal in the file: {names}")

    def _each(self, kinds: tuple[str, ...], add: Callable[[Thing], None]) -> None:
        for thing in self.found.all_of(*kinds):
            try:
                _check_in_service(thing)
                add(thing)
            except ValueError as error:
                self._refuse(thing, str(error))

    def _refuse(self, thing: Thing, reason: str) -> None:
        name = self.index.names.get(thing.id, thing.id)
        self.refusals.append(Refusal(layer=thing.kind, row=thing.row, id=name, reason=reason))

    def _belongs(self, thing: Thing, part: Part) -> None:
        container = thing.find("EquipmentContainer")
        if container is not None:
            self.members.setdefault(container, set()).add(part)

    def _add_substation(self, thing: Thing) -> None:
        name = self.index.names[thing.id]
        point = self.places.point(thing.find("Location"))
        self.parts.substations.append(Substation(id=name, name=name, point=point))

    def _add_source(self, thing: Thing) -> None:
        (node,) = self.index.ends(thing, 1)
        name = self.index.names[thing.id]
        substation = self.index.substation_of(thing.find("EquipmentContainer"))
        self.parts.sources.append(Source(node=node, name=name, substation_id=substation))

    def _add_section(self, thing: Thing) -> None:
        from_node, to_node = self.index.ends(thing, _TWO)
        line = self.places.line(thing.find("Location"))
        stated_m = thing.number("length") if thing.kind == "ACLineSegment" else 0.0
        if stated_m is not None and stated_m < 0:
            raise ValueError(f"length is {stated_m:g}; expected a number of at least 0")
        section = LineSection(
            id=self.index.names[thing.id],
            from_node=from_node,
            to_node=to_node,
            level=Level.MV,
            phases=self.index.phases_of(thing),
            line=line,
            length_m=drawn_m(line) if stated_m is None else stated_m,
        )
        self.parts.sections.append(section)
        self._belongs(thing, (LineSection, section.id))

    def _add_switch(self, thing: Thing) -> None:
        from_node, to_node = self.index.ends(thing, _TWO)
        normal = thing.flag("normalOpen")
        switch = Switch(
            id=self.index.names[thing.id],
            kind=KINDS[thing.kind],
            from_node=from_node,
            to_node=to_node,
            point=self.places.point(thing.find("Location")),
            normal_open=bool(thing.flag("open")) if normal is None else normal,
            phases=self.index.phases_of(thing),
        )
        self.parts.switches.append(switch)
        self._belongs(thing, (Switch, switch.id))

    def _add_transformers(self) -> None:
        ends: dict[str, list[End]] = {}
        self._each(("PowerTransformerEnd",), lambda thing: self.index.note_end(thing, ends))
        self._each(("TransformerTankEnd",), lambda thing: self.index.note_tank_end(thing, ends))
        self._each(
            ("PowerTransformer",),
            lambda thing: self._add_transformer(thing, united(ends.get(thing.id, []))),
        )

    def _add_transformer(self, thing: Thing, ends: Sequence[End]) -> None:
        if len(ends) < _TWO:
            raise ValueError(f"it has {len(ends)} ends; expected at least two")
        bare = next((end for end in ends if not end.volts), None)
        if bare is not None:
            raise ValueError(f"its end {bare.number} has neither BaseVoltage nor ratedU")
        high = max(ends, key=lambda end: end.volts)
        node = self.index.end_node(thing, high)
        lows = {self.index.end_node(thing, end): end for end in ends if end is not high}
        lows.pop(node, None)
        if not lows:
            raise ValueError(f"all its ends are at node {node}; expected two nodes")
        id_, low_volts = self.index.names[thing.id], min(end.volts for end in lows.values())
        phases = high.phases.replace("N", "") or self.index.phases_of(thing)
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

    def _conduct(self, thing: Thing, one: str, other: str, phases: str) -> None:
        """Add a section without length for a transformer that merely conducts."""
        id_ = f"{thing.kind}.{self.index.names[thing.id]}"
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
        (node,) = self.index.ends(thing, 1)
        point = self.places.point(thing.find("Location"))
        phases, usage_points = self.index.find_phases(thing), served.get(thing.id, [])
        for each in usage_points:
            own = each.find("UsagePointLocation") or each.find("ServiceLocation")
            meter = meters.get(each.id)
            try:
                kind = self._kind_of(each, meter)
            except ValueError as error:
                self._refuse(each, str(error))
                continue
            self.parts.customers.append(
                UsagePoint(
                    account=self.index.names[each.id],
                    meter=(meter.find("name") or meter.id) if meter else None,
                    point=self.places.point(own) or point,
                    node=node,
                    kind=kind,
                    phases=phases,
                )
            )
        if usage_points:
            return
        count = thing.number("customerCount") or 1
        if not 0 < count <= MOST_CUSTOMERS:
            raise ValueError(f"customerCount is {count:g}; expected 0 to {MOST_CUSTOMERS}")
        account = self.index.names[thing.id]
        for place in range(1, int(count) + 1):
            named = account if place == 1 else f"{account}#{place}"
            self.parts.customers.append(
                UsagePoint(account=named, node=node, point=point, phases=phases)
            )

    def _kind_of(self, point: Thing, meter: Thing | None) -> CustomerKind | None:
        """The kind of the customer of a usage point's agreement, else of its meter."""
        agreement = self.found.find(point.find("CustomerAgreement"), "CustomerAgreement")
        ids = [each.find("Customer") for each in (agreement, meter) if each is not None]
        customers = (self.found.find(id_, "Customer") for id_ in ids)
        said = next((c.find("kind") for c in customers if c is not None), None)
        if said is None:
            return None
        value = said.rpartition(".")[2]
        if value.casefold() not in CIM_KINDS:
            raise ValueError(f"Customer.kind is {value!r}; expected one of CIM's CustomerKind")
        return CIM_KINDS[value.casefold()]

    def _add_feeder(self, thing: Thing) -> None:
        name = self.index.names[thing.id]
        substation = self.index.substation_of(thing.id)
        head = self.index.head_terminal(thing)
        if head is not None:
            equipment = head.find("ConductingEquipment") or ""
            kinds: tuple[type[Conductor], ...] = (LineSection, Switch)
            parts = {(kind, self.index.names.get(equipment, equipment)) for kind in kinds}
            begin = Begin(id=name, name=name, substation_id=substation, at=self.index.node(head))
            self.parts.begins.append(replace(begin, parts=frozenset(parts)))
            return
        inside = [
            each
            for each in self.found.all_of(*SOURCES)
            if each.find("EquipmentContainer") == thing.id
        ]
        at = self.index.ends(inside[0], 1)[0] if inside else None
        members = frozenset(self.members.get(thing.id, set())) if at is None else frozenset()
        self.parts.begins.append(
            Begin(id=name, name=name, substation_id=substation, at=at, parts=members)
        )

    def _is_switched(self, thing: Thing) -> bool:
        stands = thing.find("open"), thing.find("normalOpen")
        return None not in stands and len({str(each).casefold() for each in stands}) > 1


def _check_in_service(thing: Thing) -> None:
    if "inService" in CLASSES[thing.kind] and thing.flag("inService") is False:
        raise ValueError("inService is false")
