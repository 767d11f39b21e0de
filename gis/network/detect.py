"""Which reader a network file is for, by what is in it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from gis.errors import UnreadableFile
from gis.network.model import ReadResult
from gis.network.readers.bdgd import is_bdgd, read_bdgd
from gis.network.readers.cim import read_cim
from gis.network.readers.cim_file import is_cim
from gis.network.readers.layers import has_layers, read_layers
from gis.network.readers.opendss import is_opendss, opendss_files, read_opendss
from gis.network.readers.pandapower import read_pandapower
from gis.network.readers.pandapower_file import is_pandapower
from gis.network.readers.source import open_source


def read_network(paths: Path | str | Sequence[Path | str], crs: str | None = None) -> ReadResult:
    """Read one network from one file or several, in any format that docs/formats.md names.

    Several files make one network: pandapower's, CIM profiles, OpenDSS masters, or one GeoJSON
    file per layer. `crs` is the reference system of positions whose file names none; in CIM it goes
    before what the file names. Raises UnreadableFile where a file is absent, damaged or of no
    known format, or where `crs` is given for pandapower, which is in degrees.
    """
    several = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    if not several:
        raise UnreadableFile("", "no file was named")
    for name, is_one, read in _BY_CONTENT:
        found = [is_one(path) for path in several]
        if all(found):
            return read(several, crs)
        if any(found):
            odd = several[found.index(False)]
            raise UnreadableFile(odd, f"it is not {name}, as the others are")
    with open_source(several, crs) as source:
        is_regulators, is_ours = is_bdgd(source), has_layers(source)
    if is_regulators and len(several) == 1:
        return read_bdgd(several[0], crs=crs)
    if is_ours:
        return read_layers(several, crs=crs)
    raise UnreadableFile(
        several[0],
        "it is no network: neither layers of ours, a BDGD, CIM, OpenDSS nor saved by pandapower",
    )


def parts_of(path: Path) -> list[Path]:
    """Return the files that a path stands for: an OpenDSS master, or folder, with all it names.

    Raises UnreadableFile where one of them is not there.
    """
    return opendss_files(path) if is_opendss(path) else [path]


def _read_pandapower(paths: Sequence[Path], crs: str | None) -> ReadResult:
    if crs is not None:
        raise UnreadableFile(paths[0], "pandapower keeps degrees; leave --crs away")
    return read_pandapower(paths)


_Read = Callable[[Sequence[Path], str | None], ReadResult]
_BY_CONTENT: tuple[tuple[str, Callable[[Path], bool], _Read], ...] = (
    ("of pandapower", lambda path: path.is_file() and is_pandapower(path), _read_pandapower),
    ("CIM", is_cim, read_cim),
    ("OpenDSS", is_opendss, read_opendss),
)
