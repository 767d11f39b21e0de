"""One row of a layer at a time: its cells as values, or the reason why the row is refused."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import shapely
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from gis import cells
from gis.network.model import Refusal
from gis.network.readers.source import Layer

_T = TypeVar("_T")

MAX_LON, MAX_LAT = 180.0, 90.0


@dataclass(slots=True, eq=False)
class Record:
    """A row; every method raises ValueError with field, value and what was expected.

    Several names for a field are alternatives: the first column that is there counts.
    """

    layer: Layer
    at: int

    def text(self, *names: str) -> str:
        """Return a text that must be there."""
        value = self.find_text(*names)
        if value is None:
            raise ValueError(f"{names[0]} is empty; expected a text")
        return value

    def find_text(self, *names: str) -> str | None:
        """Return a text, None where it is empty or the column is absent."""
        cell = self._cell(names)
        if cell is None or (isinstance(cell, float) and math.isnan(cell)):
            return None
        return self._read(names[0], cells.text, cell) or None

    def find_words(self, name: str) -> tuple[str, ...]:
        """Return a list of texts separated by `;`, empty where the cell is."""
        whole = self.find_text(name)
        return () if whole is None else cells.words(whole)

    def find_number(self, *names: str, least: float = 0.0) -> float | None:
        """Return a number of at least `least`, None where the cell is empty."""
        whole = self.find_text(*names)
        if whole is None:
            return None
        value = self._read(names[0], cells.number, whole)
        if value < least:
            raise ValueError(f"{names[0]} is {value:g}; expected a number of at least {least:g}")
        return value

    def choice(self, name: str, choices: Mapping[str, _T]) -> _T:
        """Return what the text stands for in `choices`, whatever its case."""
        said = self.text(name)
        if said.casefold() not in choices:
            expected = ", ".join(choices)
            raise ValueError(f"{name} is {cells.shown(said)}; expected one of {expected}")
        return choices[said.casefold()]

    def find_choice(self, name: str, choices: Mapping[str, _T], otherwise: _T) -> _T:
        """Return the same, `otherwise` where the cell is empty."""
        return otherwise if self.find_text(name) is None else self.choice(name, choices)

    def find_point(self) -> Point | None:
        """Return the row's point (the middle of another shape), None where it has no shape."""
        shape = self._shape()
        if shape is None:
            return None
        return shape if isinstance(shape, Point) else shape.representative_point()

    def find_line(self) -> LineString | None:
        """Return the row's line, None where it has no shape; parts that touch are joined."""
        shape = self._shape()
        if shape is None or isinstance(shape, LineString):
            return shape
        joined = shapely.line_merge(shape) if shape.geom_type == "MultiLineString" else shape
        if isinstance(joined, LineString):
            return joined
        raise ValueError(f"its shape is a {shape.geom_type}; expected one line")

    def _shape(self) -> BaseGeometry | None:
        if self.layer.trouble is not None:
            raise ValueError(self.layer.trouble)
        shape = None if self.layer.shapes is None else self.layer.shapes[self.at]
        if shape is None or shape.is_empty:
            return None
        west, south, east, north = shape.bounds
        if not (-MAX_LON <= west <= east <= MAX_LON and -MAX_LAT <= south <= north <= MAX_LAT):
            place = f"lon {west:g}, lat {south:g}"
            raise ValueError(f"its shape lies at {place}, off the planet; are lon and lat swapped?")
        return shape

    def _cell(self, names: tuple[str, ...]) -> object:
        for name in names:
            column = self.layer.columns.get(name.casefold())
            if column is not None:
                return column[self.at]
        return None

    @staticmethod
    def _read(name: str, read: Callable[[object], _T], cell: object) -> _T:
        try:
            return read(cell)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


@dataclass(slots=True, eq=False)
class Seen:
    """What came before in the same layer: how many rows, and in which row each id."""

    rows: int = 0
    first_row: dict[str, int] = field(default_factory=dict)


def take(
    layer: Layer | None,
    id_field: str,
    build: Callable[[Record], _T],
    seen: Seen | None = None,
) -> tuple[list[_T], list[Refusal]]:
    """Build something of every row; a row that raises ValueError is refused with that reason.

    So is a row whose id came before. No layer gives nothing. `seen` carries what came before from
    one part of a layer to the next.
    """
    taken: list[_T] = []
    refused: list[Refusal] = []
    seen = seen or Seen()
    for at in range(layer.count if layer else 0):
        assert layer is not None
        record = Record(layer, at)
        seen.rows += 1
        id_: str | None = None
        try:
            id_ = record.text(id_field)
            _check_new(id_field, id_, seen)
            row = build(record)
        except ValueError as error:
            refused.append(Refusal(layer=layer.name, row=seen.rows, id=id_, reason=str(error)))
            continue
        seen.first_row[id_] = seen.rows
        taken.append(row)
    return taken, refused


def _check_new(id_field: str, id_: str, seen: Seen) -> None:
    if id_ in seen.first_row:
        raise ValueError(f"{id_field} {id_} was given in row {seen.first_row[id_]} already")


def missing_columns(layer: Layer | None, columns: Iterable[str]) -> tuple[str, ...]:
    """Return which of `columns` a layer lacks; none where there is no layer."""
    return tuple(c for c in columns if layer is not None and c.casefold() not in layer.columns)
