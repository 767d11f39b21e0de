"""Layers of a vector file, packed or not, as columns and WGS-84 geometry."""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.crs import degrees_of, reference_system
from gis.errors import UnreadableFile, said_by_gdal

_GEOJSON = {".geojson", ".json"}
_GDAL_ERRORS = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
)
_GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """The rows of one layer: a list per column (name in lower case), and a shape per row.

    `shapes` are EPSG:4326, None where a row has none; the whole is None where the layer has none.
    `trouble` says why the geometry could not be used, if so.
    """

    name: str
    count: int
    columns: dict[str, list[object]]
    shapes: list[BaseGeometry | None] | None
    trouble: str | None = None

    def lengths_m(self) -> list[float]:
        """Return the length of each shape on the ellipsoid; 0 where there is none."""
        if self.shapes is None:
            return [0.0] * self.count
        places, owner = shapely.get_coordinates(self.shapes, return_index=True)
        steps = owner[1:] == owner[:-1]
        first, second = places[:-1][steps], places[1:][steps]
        _, _, step_m = _GEOD.inv(first[:, 0], first[:, 1], second[:, 0], second[:, 1])
        lengths = np.bincount(owner[1:][steps], weights=step_m, minlength=self.count)
        return [float(length) for length in lengths]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file (or folder) with its layers; `path` is what the user named.

    `crs` is the reference system of layers that name none.
    """

    path: Path
    places: dict[str, tuple[Path, str]]
    crs: str | None = None

    def has(self, *names: str) -> bool:
        """Whether every one of the layers is there; case does not count."""
        return all(name.casefold() in self.places for name in names)

    def read(self, names: Sequence[str], columns: Sequence[str]) -> Layer | None:
        """Read the first layer there of `names`, only `columns` of it; None if none is there.

        Raises UnreadableFile where the layer is damaged.
        """
        name = next((name for name in names if self.has(name)), None)
        if name is None:
            return None
        _, count = self.describe(name)
        return self._part(name, columns, 0, count)

    def chunks(self, name: str, columns: Sequence[str], rows: int) -> Iterator[Layer]:
        """Read a layer in parts of at most `rows` rows; raises UnreadableFile."""
        _, count = self.describe(name)
        for first in range(0, count, rows):
            yield self._part(name, columns, first, min(rows, count - first))

    def describe(self, name: str) -> tuple[list[str], int]:
        """Return the columns of a layer and how many rows it promises; raises UnreadableFile."""
        dataset, layer = self.places[name.casefold()]
        with _damage_of(self.path, layer):
            info = pyogrio.read_info(dataset, layer=layer, force_feature_count=True)
        return [str(column) for column in info["fields"]], int(info["features"])

    def _part(self, name: str, columns: Sequence[str], first: int, rows: int) -> Layer:
        dataset, layer = self.places[name.casefold()]
        wanted = {column.casefold() for column in columns}
        present = [column for column in self.describe(name)[0] if column.casefold() in wanted]
        with _damage_of(self.path, layer):
            meta, fids, shapes, fields = pyogrio.raw.read(
                dataset,
                layer=layer,
                columns=present,
                skip_features=first,
                max_features=rows,
                return_fids=True,
            )
        if len(fids) != rows:
            reason = f"layer {layer} is cut off: {len(fids)} of {rows} rows can be read"
            raise UnreadableFile(self.path, reason)
        names_read = [str(column).casefold() for column in meta["fields"]]
        placed, trouble = _placed(shapes, meta["crs"] or self.crs)
        return Layer(
            name=layer,
            count=rows,
            columns={key: cells.tolist() for key, cells in zip(names_read, fields, strict=True)},
            shapes=placed,
            trouble=trouble,
        )


@contextmanager
def _damage_of(path: Path, layer: str) -> Iterator[None]:
    """Turn what GDAL says of a damaged layer into UnreadableFile."""
    try:
        yield
    except (*_GDAL_ERRORS, RuntimeError, ValueError, OSError) as error:
        raise UnreadableFile(path, f"layer {layer} is damaged: {error}") from None


@contextmanager
def open_source(
    paths: Path | str | Sequence[Path | str], crs: str | None = None
) -> Iterator[Source]:
    """Open a GeoPackage, a FileGDB folder, GeoJSON, or a folder or zip file that holds such.

    Several paths make one source; of layers with one name the first counts. Zip files are unpacked
    into a temporary folder, which also checks them whole. `crs` is the reference system of layers
    that name none. Raises UnreadableFile.
    """
    several = [paths] if isinstance(paths, (str, Path)) else list(paths)
    places: dict[str, tuple[Path, str]] = {}
    with ExitStack() as stack:
        for path in map(Path, several):
            if not path.exists():
                raise UnreadableFile(path, "there is no such file")
            opened = path
            if is_zip(path):
                opened = stack.enter_context(unpacked(path))
            places = _places(path, opened) | places
        yield Source(Path(several[0]), places, crs)


ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)


def is_zip(path: Path) -> bool:
    """Whether it is a file called as a zip file is."""
    return path.is_file() and path.suffix.lower() == ".zip"


def names_in(path: Path) -> list[str]:
    """Return the names in a zip file, none where it is damaged."""
    try:
        with zipfile.ZipFile(path) as packed:
            return packed.namelist()
    except ZIP_ERRORS:
        return []


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack a zip file into a temporary folder, which checks it whole; raises UnreadableFile."""
    with tempfile.TemporaryDirectory(prefix="relight-") as folder:
        try:
            with zipfile.ZipFile(path) as packed:
                packed.extractall(folder)
        except ZIP_ERRORS as error:
            raise damaged_zip(path, error) from None
        yield Path(folder)


def damaged_zip(path: Path, error: Exception) -> UnreadableFile:
    """Say of a zip file that it cannot be unpacked."""
    return UnreadableFile(path, f"the zip file is damaged or cut off: {error}")


def _places(named: Path, path: Path) -> dict[str, tuple[Path, str]]:
    places: dict[str, tuple[Path, str]] = {}
    for dataset in _datasets(path):
        try:
            layers = [str(name) for name, _ in pyogrio.list_layers(dataset)]
        except (*_GDAL_ERRORS, OSError) as error:
            inside = "" if dataset == named else f"{dataset.name}: "
            raise UnreadableFile(named, inside + said_by_gdal(error)) from None
        for layer in layers:
            name = dataset.stem if dataset.suffix.lower() in _GEOJSON else layer
            places.setdefault(name.casefold(), (dataset, layer))
    if not places:
        raise UnreadableFile(named, "it holds no GeoPackage, FileGDB or GeoJSON layer")
    return places


def _datasets(path: Path) -> list[Path]:
    if path.is_file() or path.suffix.lower() == ".gdb":
        return [path]
    kinds = {".gpkg", ".gdb", *_GEOJSON}
    return sorted(
        found
        for found in path.rglob("*")
        if found.suffix.lower() in kinds
        and not any(p.suffix.lower() == ".gdb" for p in found.parents)
    )


def _placed(
    shapes: NDArray[np.object_] | None, crs: str | None
) -> tuple[list[BaseGeometry | None] | None, str | None]:
    """Turn WKB of any reference system into EPSG:4326, two-dimensional."""
    if shapes is None:
        return None, None
    if crs is None:
        return None, "the layer names no coordinate reference system; say --crs"
    found = shapely.force_2d(shapely.from_wkb(shapes, on_invalid="ignore"))
    try:
        known = reference_system(crs)
    except ValueError as error:
        return None, str(error)
    return list(shapely.transform(found, lambda places: degrees_of(places, known))), None
