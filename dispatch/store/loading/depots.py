"""Depots and what they stock, as a company's own list gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from shapely import Point
from sqlalchemy import Connection

from dispatch.domain.parts import stock_in
from dispatch.errors import InvalidInput
from dispatch.store.loading.districts import ensure_district, place_in
from dispatch.store.loading.report import Change, Refused, refused_of
from dispatch.store.loading.staging import hex_wkb, merge, stage
from dispatch.store.tables.crews import depot
from gis.cells import Value, text
from gis.vectors import POINTS, Field, Reading, read_vector


@dataclass(frozen=True, slots=True, kw_only=True)
class DepotRow:
    """A depot as a file describes it, EPSG:4326."""

    row: int
    id: str
    name: str
    district_id: str | None
    stock: frozenset[str]
    point: Point


def stocked(value: Value) -> frozenset[str]:
    """Read the parts that a depot stocks, several with `;`."""
    try:
        return stock_in([text(value)])
    except InvalidInput as error:
        raise ValueError(str(error)) from None


DEPOT_FIELDS = (
    Field("id", aliases=("depot_id", "depot", "code", "编号"), unique=True),
    Field("name", required=False, aliases=("depot_name", "名称", "仓库")),
    Field("district_id", required=False, aliases=("district", "供电所")),
    Field("stock", stocked, required=False, aliases=("parts", "库存", "配件")),
)


def read_depots(
    path: Path, mapping: Mapping[str, str], reading: Reading = POINTS
) -> tuple[list[DepotRow], list[Refused]]:
    """Read depots, one row each, as point or lon and lat. Raises as `read_vector` does."""
    table = read_vector(path, DEPOT_FIELDS, mapping, reading)
    taken = []
    for row in table.rows:
        values = row.values
        assert isinstance(row.geometry, Point)
        taken.append(
            DepotRow(
                row=row.row,
                id=str(values["id"]),
                name=str(values["name"] or values["id"]),
                district_id=None if values["district_id"] is None else str(values["district_id"]),
                stock=cast("frozenset[str]", values["stock"] or frozenset()),
                point=row.geometry,
            )
        )
    return taken, refused_of("depots", table.refusals)


def store_depots(
    connection: Connection, depots: Sequence[DepotRow]
) -> tuple[Change, list[Refused], list[str]]:
    """Add or change depots by id; those not named stay as they are.

    One that names no district goes to the one whose polygon covers it, or to the only one there
    is; one of an unknown district is refused.
    """
    notes = list(ensure_district(connection))
    placed, refused = [], []
    for each in depots:
        district_id, why = place_in(connection, each.district_id, each.point, "it")
        if district_id is None:
            refused.append(Refused("depots", each.row, each.id, why))
        else:
            placed.append((each, district_id))
    rows = (
        (each.id, each.name, district_id, sorted(each.stock), hex_wkb(each.point))
        for each, district_id in placed
    )
    columns = ("id", "name", "district_id", "stock", "point")
    return merge(connection, depot, stage(connection, depot, columns, rows)), refused, notes
