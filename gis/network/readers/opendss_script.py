"""What an OpenDSS script builds: its elements with their settings, and the files it names.

Only the commands that build and switch are followed; those that solve, show and plot are passed
over. Names are the same in any case. The grammar is that of the OpenDSS manual: a command and its
parameters, `name=value` or in the class's own order, parted by blanks or commas; values with
blanks in quotes or brackets; `~` goes on with the last element; `!` and `//` begin comments.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gis.cells import named_number
from gis.errors import UnreadableFile
from gis.network.model import Refusal

DEEPEST = 30
"""Scripts within scripts; more is a circle."""

CLASSES: Mapping[str, tuple[str, ...]] = {
    "circuit": ("bus1", "basekv", "pu", "angle", "frequency", "phases"),
    "vsource": ("bus1", "basekv", "pu", "angle", "frequency", "phases"),
    "line": (
        *("bus1", "bus2", "linecode", "length", "phases", "r1", "x1", "r0", "x0", "c1", "c0"),
        *("rmatrix", "xmatrix", "cmatrix", "switch", "rg", "xg", "rho", "geometry", "units"),
        "enabled",
    ),
    "linecode": ("nphases", "r1", "x1", "r0", "x0", "c1", "c0", "units"),
    "transformer": (
        *("phases", "windings", "wdg", "bus", "conn", "kv", "kva", "tap", "%r", "rneut", "xneut"),
        *("buses", "conns", "kvs", "kvas", "taps", "xhl", "xht", "xlt", "xfmrcode", "bank"),
        "enabled",
    ),
    "xfmrcode": (
        *("phases", "windings", "wdg", "conn", "kv", "kva", "tap", "%r", "rneut", "xneut"),
        *("conns", "kvs", "kvas", "taps"),
    ),
    "load": (
        *("phases", "bus1", "kv", "kw", "pf", "model", "yearly", "daily", "duty"),
        *("numcust", "enabled"),
    ),
    "capacitor": ("bus1", "bus2", "phases", "kvar", "kv", "conn", "enabled"),
    "reactor": ("bus1", "bus2", "phases", "kvar", "kv", "conn", "enabled"),
    "fuse": ("monitoredobj", "monitoredterm", "switchedobj", "switchedterm", "enabled"),
    "recloser": ("monitoredobj", "monitoredterm", "switchedobj", "switchedterm", "enabled"),
    "relay": ("monitoredobj", "monitoredterm", "switchedobj", "switchedterm", "enabled"),
    "swtcontrol": (
        *("switchedobj", "switchedterm", "action", "lock", "delay", "normal", "state"),
        "enabled",
    ),
    "energymeter": ("element", "terminal", "enabled"),
}
"""Classes that matter to a network, with their properties in order; a name may be shortened."""

CATALOGUES = frozenset({"linecode", "xfmrcode"})
"""Classes of types, not of things: many scripts of one circuit say the same of them again."""

COMMANDS = frozenset(
    {
        *("new", "edit", "more", "m", "~", "redirect", "compile", "buscoords", "latlongcoords"),
        *("open", "close", "enable", "disable", "clear"),
    }
)

_VALUE = r"""
    "(?P<double>[^"]*)" | '(?P<single>[^']*)' | \[(?P<square>[^\]]*)\] |
    \((?P<round>[^)]*)\) | \{(?P<curly>[^}]*)\} | (?P<plain>[^\s,=]+)
"""
_PARAMETER = re.compile(rf"""(?:(?P<name>[^\s,=\[\]"'(){{}}]+)\s*=\s*)?(?:{_VALUE})""", re.VERBOSE)
_WORD = re.compile(_VALUE, re.VERBOSE)
_COMMAND = re.compile(r"(~|\S+)\s*(.*)")
_COMMENT = re.compile(r"""("[^"]*"|'[^']*')|(?:!|//).*""")
_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*.*?(?:\*/|\Z)", re.DOTALL | re.MULTILINE)

CIRCUIT = re.compile(
    r"^[ \t]*new[ \t]+(?:object[ \t]*=[ \t]*)?[\"']?circuit\..*", re.IGNORECASE | re.MULTILINE
)
"""The line that makes a circuit."""


@dataclass(slots=True, eq=False)
class Element:
    """Something that `New` made: its settings in the order given, and where it stands.

    `settings` are (property, value) pairs, the property in full and lower case.
    """

    kind: str
    name: str
    layer: str
    row: int
    settings: list[tuple[str, str]] = field(default_factory=list)

    def find(self, name: str) -> str | None:
        """Return what was last said of a property, None where nothing was."""
        return next((value for key, value in reversed(self.settings) if key == name), None)

    def text(self, name: str) -> str:
        """Return a property that must be there; raises ValueError."""
        value = self.find(name)
        if not value:
            raise ValueError(f"{name} is not given")
        return value

    def number(self, name: str, otherwise: float) -> float:
        """Return a number; raises ValueError with property, value and expectation."""
        value = self.find(name)
        return otherwise if value is None else named_number(name, value)

    def flag(self, name: str, *, otherwise: bool) -> bool:
        """Return a yes or no; OpenDSS looks at the first letter alone."""
        value = self.find(name)
        return otherwise if not value else value[0] in "yYtT1"


@dataclass(slots=True, eq=False)
class Script:
    """What a master script and all that it names build.

    `elements` are by class and name in lower case. `coordinates` are the files of bus positions in
    the order named, True where they are latitude and longitude; `files` all that were read.
    """

    master: Path
    elements: dict[str, dict[str, Element]] = field(default_factory=dict)
    coordinates: list[tuple[Path, bool]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def all_of(self, *kinds: str) -> Iterator[Element]:
        """Give the elements of these classes, a class after the other, in order of the script."""
        for kind in kinds:
            yield from self.elements.get(kind, {}).values()

    def find(self, kind: str, name: str | None) -> Element | None:
        """Return the element of that class and name, None where there is none."""
        return self.elements.get(kind, {}).get((name or "").casefold())


def words(value: str) -> list[str]:
    """Split an array, such as `a.1.2 b.1` or `'a' 'b'`, into its values."""
    return [_said(match) for match in _WORD.finditer(value)]


def run(master: Path) -> Script:
    """Follow a master script and every script it names.

    Raises UnreadableFile where a file that is named is not there, is no text, or is named by
    itself. A command that makes no sense is refused with its file and line.
    """
    script = Script(master=master)
    _Run(script).follow(master, ())
    return script


def circuit_of(master: Path) -> Element | None:
    """Return the circuit that a script makes, without following the scripts it names."""
    made = CIRCUIT.search(read_text(master))
    if made is None:
        return None
    script = Script(master=master)
    _Run(script).make(made[0])
    return next(script.all_of("circuit"), None)


def read_text(path: Path) -> str:
    """Read a text file: UTF-8, UTF-16 with its mark, else the Western code page."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(path, error.strerror or str(error)) from None
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    if b"\x00" in raw:
        raise UnreadableFile(path, "it holds NUL bytes: it is no text, or UTF-16 without its mark")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def beside(path: Path, named: str) -> Path:
    """Find the file that a script calls `named`, with either slash and in any case."""
    place = path.parent
    for part in named.replace("\\", "/").split("/"):
        there = place / part
        if not there.exists() and place.is_dir():
            folded = part.casefold()
            there = next((f for f in place.iterdir() if f.name.casefold() == folded), there)
        place = there
    return place


def _said(match: re.Match[str]) -> str:
    kinds = ("double", "single", "square", "round", "curly", "plain")
    return next(match[kind] for kind in kinds if match[kind] is not None).strip()


@dataclass(slots=True, eq=False)
class _Run:
    script: Script
    active: Element | None = None
    next_place: int = 0
    layer: str = ""
    row: int = 0

    def follow(self, path: Path, within: tuple[Path, ...]) -> None:
        if path in within or len(within) > DEEPEST:
            raise UnreadableFile(path, f"it is named by itself, through {within[-1].name}")
        text = _BLOCK_COMMENT.sub(lambda block: "\n" * block[0].count("\n"), read_text(path))
        self.script.files.append(path)
        for row, line in enumerate(text.splitlines(), start=1):
            said = _COMMENT.sub(lambda found: found[1] or "", line).strip()
            if not said:
                continue
            self.layer, self.row = path.name, row
            try:
                self._obey(said, path, within)
            except ValueError as error:
                self._refuse(None, str(error))

    def make(self, said: str) -> None:
        """Obey one line that makes something."""
        self._obey(_COMMENT.sub(lambda found: found[1] or "", said).strip(), self.script.master, ())

    def _refuse(self, id_: str | None, reason: str) -> None:
        self.script.refusals.append(Refusal(layer=self.layer, row=self.row, id=id_, reason=reason))

    def _obey(self, said: str, path: Path, within: tuple[Path, ...]) -> None:
        verb, rest = _COMMAND.fullmatch(said).groups("")  # type: ignore[union-attr]
        verb = verb.casefold()
        if verb not in COMMANDS:
            self._set_directly(said)
        elif verb in {"redirect", "compile", "buscoords", "latlongcoords"}:
            self._name_file(verb, rest, path, within)
        elif verb == "clear":
            self.script.elements.clear()
            self.script.coordinates.clear()
        else:
            self._change(
                verb, [(match["name"], _said(match)) for match in _PARAMETER.finditer(rest)]
            )

    def _name_file(self, verb: str, rest: str, path: Path, within: tuple[Path, ...]) -> None:
        match = _WORD.match(rest.strip())
        if match is None:
            raise ValueError(f"{verb} names no file")
        named = _said(match)
        file = beside(path, named)
        if not file.is_file():
            reason = f"{named}, which {path.name} names in line {self.row}, is not there"
            raise UnreadableFile(self.script.master, reason)
        if verb in {"buscoords", "latlongcoords"}:
            self.script.coordinates.append((file, verb == "latlongcoords"))
            self.script.files.append(file)
        else:
            self.follow(file, (*within, path))

    def _change(self, verb: str, parameters: list[tuple[str | None, str]]) -> None:
        if verb == "new":
            self._make(parameters)
        elif verb in {"~", "m", "more"}:
            self._settle(parameters)
        elif parameters:
            self._activate(parameters[0][1])
            if verb == "edit":
                self._settle(parameters[1:])
            elif self.active is not None:
                key = "enabled" if verb in {"enable", "disable"} else "stands"
                self.active.settings.append((key, {"enable": "y", "disable": "n"}.get(verb, verb)))

    def _make(self, parameters: list[tuple[str | None, str]]) -> None:
        if not parameters:
            raise ValueError("new names nothing; expected Class.Name")
        kind, dot, name = parameters[0][1].partition(".")
        kind = kind.casefold()
        self.active, self.next_place = None, 0
        if kind not in CLASSES:
            return
        if not dot or not name:
            raise ValueError(f"{parameters[0][1]!r} has no name; expected Class.Name")
        known = self.script.elements.setdefault(kind, {})
        if name.casefold() in known and kind in CATALOGUES:
            self.active = known[name.casefold()]
            self._settle(parameters[1:])
            return
        if name.casefold() in known:
            first = known[name.casefold()]
            reason = f"{kind} {name} was made in {first.layer}, line {first.row}, already"
            self._refuse(name, reason)
            return
        self.active = Element(kind, name, self.layer, self.row)
        known[name.casefold()] = self.active
        self._settle(parameters[1:])

    def _activate(self, named: str) -> None:
        kind, _, name = named.partition(".")
        self.active = self.script.find(kind.casefold(), name)
        self.next_place = 0

    def _settle(self, parameters: list[tuple[str | None, str]]) -> None:
        """Write what is said into the active element; of classes that do not matter, nothing."""
        if self.active is None:
            return
        properties = CLASSES[self.active.kind]
        for name, value in parameters:
            if name is None:
                if self.next_place >= len(properties):
                    continue
                key = properties[self.next_place]
            else:
                key = _whole_name(name.casefold(), properties)
            self.next_place = properties.index(key) + 1 if key in properties else len(properties)
            if key == "like":
                model = self.script.find(self.active.kind, value)
                if model is None:
                    raise ValueError(
                        f"like is {value!r}; expected a {self.active.kind} made before"
                    )
                self.active.settings.extend(model.settings)
            else:
                self.active.settings.append((key, value))

    def _set_directly(self, said: str) -> None:
        """Follow `Class.Name.Property=value`; anything else is a command that builds nothing."""
        match = _PARAMETER.match(said)
        if match is None or match["name"] is None:
            return
        kind, _, rest = match["name"].partition(".")
        name, dot, key = rest.rpartition(".")
        element = self.script.find(kind.casefold(), name) if dot else None
        if element is not None:
            key = _whole_name(key.casefold(), CLASSES[element.kind])
            element.settings.append((key, _said(match)))


def _whole_name(name: str, properties: tuple[str, ...]) -> str:
    """Return the property that a name stands for: itself, else the first that begins so."""
    if name in properties:
        return name
    return next((each for each in properties if each.startswith(name)), name)
