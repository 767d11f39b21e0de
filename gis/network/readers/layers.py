"""Our own exchange format: a layer per kind of thing; docs/formats.md describes it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import geopandas
import pandas as pd
from shapely import Point
from shapely.geometry.base import BaseGeometry

from gis.errors import UnreadableFile
from gis.network.kinds import KIND_WORDS, CustomerKind
from gis.network.model import (
    Feeder,
    Level,
    LineSection,
    Network,
    ReadResult,
    Refusal,
    Substation,
    Switch,
    SwitchKind,
    Transformer,
    UsagePoint,
)
from gis.network.phases import live_phases
from gis.network.readers.records import Record, missing_columns, take
from gis.network.readers.source import Layer, Source, open_source

_T = TypeVar("_T")

LAYERS = ("substations", "feeders", "sections", "switches", "transformers", "customers")

_LEVELS = {level.value: level for level in Level}
_KINDS = {kind.value: kind for kind in SwitchKind}
_OPEN = {
    **dict.fromkeys(("1", "true", "yes", "open"), True),
    **dict.fromkeys(("0", "false", "no", "closed"), False),
}
_PHASES = frozenset("ABCN")


@dataclass(frozen=True, slots=True)
class _Columns:
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


_COLUMNS = {
    "substations": _Columns(("id",), ("name",)),
    "feeders": _Columns(("id", "head_node"), ("name", "substation_id")),
    "sections": _Columns(("id", "from_node", "to_node", "level"), ("phases", "length_m")),
    "switches": _Columns(("id", "kind", "from_node", "to_node"), ("normal_open", "phases")),
    "transformers": _Columns(("id", "node"), ("name", "lv_node", "rated_kva", "phases")),
    "customers": _Columns(
        ("account",),
        (
            "meter",
            "name",
            "phones",
            "address",
            "transformer_id",
            "node",
            "disconnected_for",
            "critical",
            "kind",
            "phases",
        ),
    ),
}

CUSTOMER_COLUMNS = (*_COLUMNS["customers"].required, *_COLUMNS["customers"].optional)


def has_layers(source: Source) -> bool:
    """Whether the source holds at least one layer of this format."""
    return any(source.has(name) for name in LAYERS)


def read_layers(
    paths: Path | str | Sequence[Path | str], name: str | None = None, crs: str | None = None
) -> ReadResult:
    """Read a network from a GeoPackage, GeoJSON files, or a folder or zip file of them.

    The reference system that a layer names, else `crs`, is turned into EPSG:4326. A layer without a
    required column is refused as a whole. Raises UnreadableFile where the file is damaged or holds
    none of the layers.
    """
    with open_source(paths, crs) as source:
        if not has_layers(source):
            raise UnreadableFile(source.path, f"it holds none of the layers {', '.join(LAYERS)}")
        return _Reading(source).result(source.path.name.partition(".")[0] if name is None else name)


class _Reading:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.refusals: list[Refusal] = []

    def result(self, name: str) -> ReadResult:
        sections = self._layer("sections")
        lengths = sections.lengths_m() if sections else []
        network = Network(
            name=name,
            substations=self._take(self._layer("substations"), "id", _substation),
            feeders=self._take(self._layer("feeders"), "id", _feeder),
            sections=self._take(sections, "id", lambda row: _section(row, lengths[row.at])),
            switches=self._take(self._layer("switches"), "id", _switch),
            transformers=self._take(self._layer("transformers"), "id", _transformer),
            usage_points=self._take(
                self._layer("customers"),
                "account",
                lambda row: usage_point(row, row.find_point()),
            ),
        )
        return ReadResult(network=network, refusals=tuple(self.refusals))

    def _layer(self, name: str) -> Layer | None:
        columns = _COLUMNS[name]
        layer = self.source.read((name,), (*columns.required, *columns.optional))
        missing = missing_columns(layer, columns.required)
        if not missing:
            return layer
        reason = f"column {', '.join(missing)} is missing; expected {', '.join(columns.required)}"
        self.refusals.append(Refusal(layer=name, row=None, id=None, reason=reason))
        return None

    def _take(
        self, layer: Layer | None, id_field: str, build: Callable[[Record], _T]
    ) -> tuple[_T, ...]:
        taken, refused = take(layer, id_field, build)
        self.refusals.extend(refused)
        return tuple(taken)


def _substation(row: Record) -> Substation:
    id_ = row.text("id")
    return Substation(id=id_, name=row.find_text("name") or id_, point=row.find_point())


def _feeder(row: Record) -> Feeder:
    id_ = row.text("id")
    return Feeder(
        id=id_,
        name=row.find_text("name") or id_,
        substation_id=row.find_text("substation_id"),
        head_node=row.text("head_node"),
    )


def _section(row: Record, drawn_m: float) -> LineSection:
    stated_m = row.find_number("length_m")
    return LineSection(
        id=row.text("id"),
        from_node=row.text("from_node"),
        to_node=row.text("to_node"),
        level=row.choice("level", _LEVELS),
        phases=_phases(row),
        line=row.find_line(),
        length_m=drawn_m if stated_m is None else stated_m,
    )


def _switch(row: Record) -> Switch:
    return Switch(
        id=row.text("id"),
        kind=row.choice("kind", _KINDS),
        from_node=row.text("from_node"),
        to_node=row.text("to_node"),
        point=row.find_point(),
        normal_open=row.find_choice("normal_open", _OPEN, otherwise=False),
        phases=_phases(row),
    )


def _transformer(row: Record) -> Transformer:
    id_ = row.text("id")
    return Transformer(
        id=id_,
        name=row.find_text("name") or id_,
        node=row.text("node"),
        lv_node=row.find_text("lv_node"),
        point=row.find_point(),
        rated_kva=row.find_number("rated_kva"),
        phases=_phases(row),
    )


def usage_point(row: Record, point: Point | None) -> UsagePoint:
    """Build a customer of a row with CUSTOMER_COLUMNS; raises ValueError with the reason."""
    return UsagePoint(
        account=row.text("account"),
        meter=row.find_text("meter"),
        name=row.find_text("name") or "",
        phones=row.find_words("phones"),
        address=row.find_text("address") or "",
        point=point,
        transformer_id=row.find_text("transformer_id"),
        node=row.find_text("node"),
        disconnected_for=row.find_text("disconnected_for"),
        critical=row.find_text("critical"),
        kind=row.find_choice("kind", KIND_WORDS, otherwise=None),
        phases=live_phases(_phases(row)) if row.find_text("phases") is not None else None,
    )


def _phases(row: Record) -> str:
    said = row.find_text("phases")
    if said is None:
        return "ABC"
    if not set(said.upper()) <= _PHASES:
        raise ValueError(f"phases is {said!r}; expected letters of ABCN")
    return said.upper()


def write_layers(network: Network, path: Path | str) -> None:
    """Write a network so that `read_layers` gives it back.

    A path that ends in .gpkg becomes a GeoPackage, any other a folder of GeoJSON files. Layers
    without rows are left out; an existing file or layer of that name is replaced.
    """
    path = Path(path)
    is_package = path.suffix.lower() == ".gpkg"
    if is_package:
        path.unlink(missing_ok=True)
    else:
        path.mkdir(parents=True, exist_ok=True)
    for name, rows, shapes in _tables(network):
        if not rows:
            continue
        frame = geopandas.GeoDataFrame(pd.DataFrame(rows), geometry=shapes, crs=4326)
        if is_package:
            frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio")
        else:
            target = path / f"{name}.geojson"
            target.unlink(missing_ok=True)
            frame.to_file(target, driver="GeoJSON", engine="pyogrio", COORDINATE_PRECISION=15)


_Table = tuple[str, list[dict[str, object]], list[BaseGeometry | None]]


def _tables(network: Network) -> Iterable[_Table]:
    yield _table("substations", network.substations, "point")
    yield _table("feeders", network.feeders, None)
    yield _table("sections", network.sections, "line")
    yield _table("switches", network.switches, "point")
    yield _table("transformers", network.transformers, "point")
    yield _table("customers", network.usage_points, "point")


def _table(name: str, rows: Iterable[object], shape: str | None) -> _Table:
    columns = (*_COLUMNS[name].required, *_COLUMNS[name].optional)
    cells = [{column: _cell(getattr(row, column)) for column in columns} for row in rows]
    return name, cells, [getattr(row, shape) if shape else None for row in rows]


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return ";".join(value)
    if isinstance(value, (Level, SwitchKind, CustomerKind)):
        return value.value
    return value
