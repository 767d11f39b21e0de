"""OpenDSS circuits: master scripts with the scripts they name, read without OpenDSS.

What a power flow does not need to say is settled in `opendss_circuit`. Several masters make one
network, in which nodes are told apart by the name of their circuit.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from gis.errors import UnreadableFile
from gis.network.model import ReadResult, Refusal
from gis.network.readers.assembly import Begin, Parts, assemble
from gis.network.readers.opendss_circuit import Circuit
from gis.network.readers.opendss_places import geographic_files, read_places
from gis.network.readers.opendss_script import CIRCUIT, Script, circuit_of, run
from gis.network.readers.source import is_zip, names_in, unpacked


def is_opendss(path: Path) -> bool:
    """Whether it is a script, or a folder or zip file with scripts in it or in folders below."""
    if path.is_dir():
        return any(each.suffix.casefold() == ".dss" for each in path.rglob("*"))
    if is_zip(path):
        return any(name.casefold().endswith(".dss") for name in names_in(path))
    return path.is_file() and path.suffix.casefold() == ".dss"


def read_opendss(paths: Path | str | Sequence[Path | str], crs: str | None = None) -> ReadResult:
    """Read one or several OpenDSS circuits as one network.

    Parameters
    ----------
    paths
        Master scripts; folders, of which the topmost masters are read; zip files of them. Buses
        of several circuits are told apart, even where they are called alike.
    crs
        Reference system of the bus coordinates, where they are not in degrees.

    Raises
    ------
    UnreadableFile
        If a script or a file it names is not there or no text, a folder has no master or several,
        or the bus coordinates have no place on Earth.
    """
    several = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    with ExitStack() as stack:
        masters: list[Path] = []
        for path in several:
            folder = stack.enter_context(unpacked(path)) if is_zip(path) else path
            found = [folder] if folder.is_file() else list(_masters_below(folder))
            if not found:
                raise UnreadableFile(path, "it holds no script that makes a new circuit")
            masters.extend(found)
        parts = Parts(name="")
        refusals = [row for each in masters for row in _read(each, crs, parts, len(masters))]
    network, notes = assemble(parts)
    return ReadResult(network=network, refusals=tuple(refusals), notes=notes)


def opendss_files(path: Path) -> list[Path]:
    """Return the files that decide what a master script or a folder of masters gives.

    Raises UnreadableFile where one that is named is not there.
    """
    found: list[Path] = []
    if is_zip(path):
        return [path]
    for master in [path] if path.is_file() else _masters_below(path):
        script = run(master)
        found.extend((*script.files, *geographic_files(master.parent)))
        for folder in _folders_beneath(script):
            found.extend(_masters_below(folder))
    return list(dict.fromkeys(found))


def _masters_below(folder: Path) -> Iterator[Path]:
    """Give the master of the folder, else those of the folders below, topmost only."""
    scripts = sorted(f for f in folder.iterdir() if f.suffix.casefold() == ".dss" and f.is_file())
    named = [f for f in scripts if f.stem.casefold() == "master"]
    found = named or [f for f in scripts if f.stem.casefold().startswith("master")]
    found = found or [f for f in scripts if _makes_circuit(f)]
    if len(found) > 1:
        names = ", ".join(f.name for f in found)
        raise UnreadableFile(folder, f"it holds several masters; name one of them: {names}")
    if found:
        yield found[0]
        return
    for below in sorted(f for f in folder.iterdir() if f.is_dir()):
        yield from _masters_below(below)


def _makes_circuit(path: Path) -> bool:
    return CIRCUIT.search(path.read_bytes().decode("latin-1")) is not None


def _read(master: Path, crs: str | None, parts: Parts, masters: int) -> list[Refusal]:
    """Add what one master builds to `parts`, and return what of it was refused."""
    script = run(master)
    made = next(script.all_of("circuit"), None)
    if made is None:
        raise UnreadableFile(master, "it makes no new circuit")
    places = read_places(script, crs)
    prefix = f"{made.name}/" if masters > 1 else ""
    circuit = Circuit(script, places, made.name, prefix, parts)
    circuit.read()
    parts.name = " + ".join(filter(None, (parts.name, made.name)))
    begins = list(_masters_beneath(script, circuit)) or list(circuit.meters())
    parts.begins.extend(begins)
    return [*script.refusals, *places.refusals, *circuit.refusals]


def _masters_beneath(script: Script, circuit: Circuit) -> Iterator[Begin]:
    """Give the feeders: where folders of the scripts have masters whose circuits begin in this one.

    So SMART-DS lays out a substation: one folder per feeder, each of which also runs alone.
    """
    top = script.master.parent
    for folder in _folders_beneath(script):
        for master in _masters_below(folder):
            made = circuit_of(master)
            node = circuit.find_node((made and made.find("bus1")) or "sourcebus")
            if node is not None and node not in {source.node for source in circuit.parts.sources}:
                name = folder.relative_to(top).as_posix()
                yield Begin(id=name, name=name, substation_id=circuit.name, at=node)


def _folders_beneath(script: Script) -> list[Path]:
    """Return the folders below the master's from which it took scripts."""
    top = script.master.parent
    folders = dict.fromkeys(path.parent for path in script.files)
    return [folder for folder in folders if top in folder.parents]
