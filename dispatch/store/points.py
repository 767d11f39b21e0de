"""Positions between the core's `lon, lat` (EPSG:4326) and PostGIS."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func

from dispatch.store.tables.base import SRID


def point(lon: float | None, lat: float | None) -> str | None:
    """Give a point as a parameter of a statement; None where there is no position."""
    if lon is None or lat is None:
        return None
    return f"SRID={SRID};POINT({lon!r} {lat!r})"


def lon_lat_instead(table: Table, column: str = "point") -> Sequence[ColumnElement[Any]]:
    """List the columns of `table`, with `lon` and `lat` instead of its point."""
    shape = table.c[column]
    return [
        *(c for c in table.c if c is not shape),
        func.ST_X(shape).label("lon"),
        func.ST_Y(shape).label("lat"),
    ]
