"""Which reader a network file is for, by what is in it."""

from collections.abc import Sequence
from pathlib import Path

from gis.errors import UnreadableFile
from gis.network.model import ReadResult
from gis.network.readers.bdgd import is_bdgd, read_bdgd
from gis.network.readers.layers import has_layers, read_layers
from gis.network.readers.pandapower import read_pandapower
from gis.network.readers.pandapower_file import is_pandapower
from gis.network.readers.source import open_source


def read_network(paths: Path | str | Sequence[Path | str]) -> ReadResult:
    """Read one network from one file or several, in any format that docs/formats.md names.

    Several files make one network: pandapower's, or one GeoJSON file per layer. Raises
    UnreadableFile where a file is absent, damaged or of no known format.
    """
    several = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    if not several:
        raise UnreadableFile("", "no file was named")
    from_pandapower = [path.is_file() and is_pandapower(path) for path in several]
    if all(from_pandapower):
        return read_pandapower(several)
    if any(from_pandapower):
        odd = several[from_pandapower.index(False)]
        raise UnreadableFile(odd, "it is not of pandapower, as the others are")
    with open_source(several) as source:
        is_regulators, is_ours = is_bdgd(source), has_layers(source)
    if is_regulators and len(several) == 1:
        return read_bdgd(several[0])
    if is_ours:
        return read_layers(several)
    raise UnreadableFile(
        several[0],
        "it is no network: neither layers of ours, a BDGD nor saved by pandapower",
    )
