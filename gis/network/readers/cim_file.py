"""The objects of CIM RDF/XML files (IEC 61970-552), as few of them as a network needs.

Files are read as a stream: what is kept is one tuple per object of a class in CLASSES, so memory
goes with the network and not with the file, in which measurements and limits are most. An object
may be spread over several files (`rdf:ID` in one, `rdf:about` in the others). Entities are not
expanded: a file that declares any is refused, as no exchange file needs them.
"""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast
from xml.parsers import expat

from gis.cells import named_number
from gis.errors import UnreadableFile
from gis.network.readers.source import ZIP_ERRORS, damaged_zip, is_zip

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
CIM_MARK = b"iec.ch/TC57/"
_HEAD = 1 << 16
_BLOCK = 1 << 18
_OBJECT, _PROPERTY = 2, 3
_PACKED_ERRORS = (EOFError, OSError, zlib.error, lzma.LZMAError)

_NAME = ("name", "aliasName")
_EQUIPMENT = (*_NAME, "EquipmentContainer", "Location", "BaseVoltage", "inService")
_SWITCH = (*_EQUIPMENT, "normalOpen", "open")

CLASSES: Mapping[str, tuple[str, ...]] = {
    "CoordinateSystem": ("crsUrn",),
    "Location": ("CoordinateSystem",),
    "WorkLocation": ("CoordinateSystem",),
    "UsagePointLocation": ("CoordinateSystem",),
    "ServiceLocation": ("CoordinateSystem",),
    "PositionPoint": ("Location", "sequenceNumber", "xPosition", "yPosition"),
    "BaseVoltage": ("nominalVoltage",),
    "Substation": (*_NAME, "Location"),
    "VoltageLevel": ("Substation",),
    "Bay": ("VoltageLevel", "Substation"),
    "Feeder": (*_NAME, "NormalEnergizingSubstation", "NormalHeadTerminal"),
    "ConnectivityNode": ("name",),
    "TopologicalNode": ("name",),
    "Terminal": (
        *("ConductingEquipment", "ConnectivityNode", "TopologicalNode", "sequenceNumber"),
        *("phases", "NormalHeadFeeder"),
    ),
    "EnergySource": _EQUIPMENT,
    "ExternalNetworkInjection": _EQUIPMENT,
    "ACLineSegment": (*_EQUIPMENT, "length"),
    "ACLineSegmentPhase": ("ACLineSegment", "phase"),
    "SeriesCompensator": _EQUIPMENT,
    **dict.fromkeys(
        (
            *("Breaker", "Recloser", "Sectionaliser", "Fuse", "LoadBreakSwitch", "Disconnector"),
            *("Switch", "ProtectedSwitch", "Jumper", "Cut"),
        ),
        _SWITCH,
    ),
    "SwitchPhase": ("Switch", "phaseSide1"),
    "EnergyConsumerPhase": ("EnergyConsumer", "phase"),
    "PowerTransformer": _EQUIPMENT,
    "PowerTransformerEnd": (
        *("PowerTransformer", "Terminal", "endNumber", "BaseVoltage", "ratedU", "ratedS"),
    ),
    "TransformerTank": ("PowerTransformer", "TransformerTankInfo"),
    "TransformerTankEnd": (
        *("TransformerTank", "Terminal", "endNumber", "BaseVoltage", "orderedPhases", "phases"),
    ),
    "TransformerEndInfo": ("TransformerTankInfo", "endNumber", "ratedU", "ratedS"),
    **dict.fromkeys(
        ("EnergyConsumer", "ConformLoad", "NonConformLoad"), (*_EQUIPMENT, "customerCount")
    ),
    "UsagePoint": (
        *(*_NAME, "Equipments", "UsagePointLocation", "ServiceLocation", "isVirtual"),
        "CustomerAgreement",
    ),
    "Meter": (*_NAME, "UsagePoint", "Customer"),
    "CustomerAgreement": ("Customer",),
    "Customer": ("kind",),
}
"""Classes and properties that are kept. Properties go by their last part: names do not clash."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object: its class, id (mRID), values in the order of CLASSES, and where it stands."""

    kind: str
    id: str
    values: tuple[str | None, ...]
    row: int

    def find(self, name: str) -> str | None:
        """Return a value or the id referred to, None where there is none."""
        return self.values[CLASSES[self.kind].index(name)]

    def number(self, name: str) -> float | None:
        """Return a number, None where there is none; raises ValueError."""
        value = self.find(name)
        return None if value is None else named_number(name, value)

    def flag(self, name: str) -> bool | None:
        """Return a yes or no, None where there is none; raises ValueError."""
        value = self.find(name)
        if value is None:
            return None
        if value.casefold() not in {"true", "false", "1", "0"}:
            raise ValueError(f"{name} is {value!r}; expected true or false")
        return value.casefold() in {"true", "1"}


@dataclass(slots=True, eq=False)
class CimFile:
    """The objects of one or several files, by class and id in the order read."""

    things: dict[str, dict[str, Thing]] = field(default_factory=dict)
    repeated: list[Thing] = field(default_factory=list)

    def all_of(self, *kinds: str) -> Iterator[Thing]:
        """Give the objects of these classes."""
        for kind in kinds:
            yield from self.things.get(kind, {}).values()

    def find(self, id_: str | None, *kinds: str) -> Thing | None:
        """Return the object of that id and one of these classes, None where there is none."""
        if id_ is None:
            return None
        found = (self.things.get(kind, {}).get(id_) for kind in kinds)
        return next((thing for thing in found if thing is not None), None)


def is_cim(path: Path) -> bool:
    """Whether the first bytes of a file, or of a member of a zip file, name a CIM of IEC TC 57."""
    if not path.is_file():
        return False
    try:
        with _streams(path) as streams:
            heads = (stream.read(_HEAD) for _, stream in streams)
            # UTF-16 has a NUL beside each of these letters.
            return any(CIM_MARK in head.replace(b"\x00", b"") for head in heads)
    except (*_PACKED_ERRORS, *ZIP_ERRORS):
        return False


def load(paths: Sequence[Path]) -> CimFile:
    """Read the objects of XML files, plain, packed (.gz, .bz2, .xz) or in zip files.

    Raises UnreadableFile where a file is absent, cut off, damaged, or declares entities.
    """
    found = CimFile()
    for path in paths:
        try:
            with _streams(path) as streams:
                for name, stream in streams:
                    _Reading(found, path, name).parse(stream)
        except ZIP_ERRORS + _PACKED_ERRORS as error:
            raise _damaged(path, error) from None
    return found


def _damaged(path: Path, error: Exception) -> UnreadableFile:
    if is_zip(path):
        return damaged_zip(path, error)
    return UnreadableFile(path, f"it cannot be unpacked, or is cut off: {error}")


@contextmanager
def _streams(path: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """Open the XML of a file: itself, or each member of a zip file called .xml or .rdf."""
    if is_zip(path):
        with zipfile.ZipFile(path) as packed:
            yield _members(packed)
    else:
        with _opened(path) as stream:
            yield iter([(path.name, stream)])


def _opened(path: Path) -> IO[bytes]:
    match path.suffix.lower():
        case ".gz":
            return cast("IO[bytes]", gzip.open(path))
        case ".bz2":
            return cast("IO[bytes]", bz2.open(path))
        case ".xz":
            return cast("IO[bytes]", lzma.open(path))
    return path.open("rb")


def _members(packed: zipfile.ZipFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in sorted(packed.namelist()):
        if member.casefold().endswith((".xml", ".rdf")):
            with packed.open(member) as stream:
                yield member, stream


class _Reading:
    """One XML document on its way in; `depth` is 2 within an object and 3 within a property."""

    def __init__(self, found: CimFile, path: Path, name: str) -> None:
        self.found, self.path, self.name = found, path, name
        self.depth = 0
        self.kind: str | None = None
        self.id = ""
        self.values: list[str | None] = []
        self.is_reference = False
        self.row = 0
        self.place = -1
        self.text: list[str] = []
        self.places = {kind: {n: i for i, n in enumerate(CLASSES[kind])} for kind in CLASSES}
        self.ids: dict[str, str] = {}
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.EntityDeclHandler = self.refuse_entity

    def parse(self, stream: IO[bytes]) -> None:
        try:
            while block := stream.read(_BLOCK):
                self.parser.Parse(block, False)  # noqa: FBT003
            self.parser.Parse(b"", True)  # noqa: FBT003
        except expat.ExpatError as error:
            why = f"{self.name} is cut off, or no XML: {error}"
            raise UnreadableFile(self.path, why) from None

    def refuse_entity(self, name: str, *_: object) -> None:
        why = f"{self.name} declares the entity {name!r}; entities are not expanded"
        raise UnreadableFile(self.path, why)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth == _OBJECT:
            self._begin(tag, attributes)
        elif self.depth == _PROPERTY and self.kind is not None:
            name = tag.rpartition(" ")[2].rpartition(".")[2]
            self.place = self.places[self.kind].get(name, -1)
            if self.place >= 0:
                reference = attributes.get(f"{RDF} resource")
                if reference is None:
                    self.text = []
                    self.parser.CharacterDataHandler = self.text.append
                else:
                    self.values[self.place] = self._referred(reference)
                    self.place = -1

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rpartition(" ")[2]
        id_ = attributes.get(f"{RDF} about") or attributes.get(f"{RDF} ID")
        if kind not in CLASSES or not id_:
            self.kind = None
            return
        self.kind, self.id = kind, self._referred(id_)
        self.is_reference = f"{RDF} ID" not in attributes
        self.row = self.parser.CurrentLineNumber
        self.values = [None] * len(CLASSES[kind])

    def end(self, _tag: str) -> None:
        if self.depth == _PROPERTY and self.kind is not None and self.place >= 0:
            self.parser.CharacterDataHandler = None
            self.values[self.place] = "".join(self.text).strip() or None
            self.place = -1
        elif self.depth == _OBJECT and self.kind is not None:
            self._keep()
            self.kind = None
        self.depth -= 1

    def _keep(self) -> None:
        assert self.kind is not None
        known = self.found.things.setdefault(self.kind, {})
        before = known.get(self.id)
        thing = Thing(self.kind, self.id, tuple(self.values), self.row)
        if before is None:
            known[self.id] = thing
            return
        pairs = list(zip(before.values, thing.values, strict=True))
        if any(one is not None and other is not None and one != other for one, other in pairs):
            self.found.repeated.append(thing)
            return
        merged = tuple(one if one is not None else other for one, other in pairs)
        known[self.id] = Thing(self.kind, self.id, merged, before.row)

    def _referred(self, said: str) -> str:
        """Return the bare id of `urn:uuid:X`, `#_X`, `_X` or a URL; one text for each."""
        id_ = said.removeprefix("urn:uuid:").rpartition("#")[2].removeprefix("_")
        return self.ids.setdefault(id_, id_)
