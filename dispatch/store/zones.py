"""Declared zones: few at a time, so those in force are read whole and compared in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import shapely
from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import Range

from dispatch.domain.words import DistrictId, ZoneId
from dispatch.domain.zone import Zone, ZoneKind
from dispatch.errors import NotFound
from dispatch.store.tables.base import SRID
from dispatch.store.tables.network import transformer
from dispatch.store.tables.territory import district
from dispatch.store.tables.territory import hazard_zone as t


def in_force(now: str) -> str:
    """Give the condition that a zone holds now, for SQL in which `now` is the present moment.

    It reads `hazard_zone_standing_ix`; of a moment that is past `zones_at` tells.
    """
    return f"hazard_zone.period @> {now} AND hazard_zone.ended_at IS NULL"


class PgZones:
    """Reads and writes zones on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._in_force: dict[datetime, Sequence[Zone]] = {}

    def lock(self, zone_id: ZoneId) -> Zone:
        """Read a zone; nobody else changes it before this transaction ends."""
        return get_zone(self._connection, zone_id, lock=True)

    def add(self, zone: Zone) -> Zone:
        """Store a new zone; it comes back with its number."""
        self._in_force.clear()
        number = self._connection.execute(insert(t).values(_row(zone)).returning(t.c.id))
        return replace(zone, id=ZoneId(number.scalar_one()))

    def save(self, zone: Zone) -> None:
        """Write a zone that was locked."""
        self._in_force.clear()
        self._connection.execute(update(t).where(t.c.id == zone.id).values(_row(zone)))

    def list_in_force(self, now: datetime) -> Sequence[Zone]:
        """List every zone that holds now, the oldest first; read once in a transaction."""
        if now not in self._in_force:
            holds = text(in_force(":now")).bindparams(now=now)
            self._in_force = {now: _all(self._connection, select(t).where(holds).order_by(t.c.id))}
        return self._in_force[now]

    def districts_reached(self, area: shapely.Polygon) -> frozenset[DistrictId]:
        """Districts whose boundary, or without one a transformer, lies in an outline."""
        drawn = from_shape(area, srid=SRID)
        supply = transformer.c
        within = select(supply.id).where(
            supply.district_id == district.c.id, func.ST_Intersects(supply.point, drawn)
        )
        reached = select(district.c.id).where(
            or_(
                func.ST_Intersects(district.c.boundary, drawn),
                and_(district.c.boundary.is_(None), within.exists()),
            )
        )
        return frozenset(map(DistrictId, self._connection.scalars(reached)))


def get_zone(connection: Connection, zone_id: ZoneId, *, lock: bool = False) -> Zone:
    """Read one zone; `NotFound` if there is none."""
    query = select(t).where(t.c.id == zone_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound("zone", id=zone_id)
    return _zone(row)


def zones_at(
    connection: Connection, districts: Collection[str] | None, at: datetime
) -> Sequence[Zone]:
    """List the zones that held at a moment and reach some districts (None: any), oldest first."""
    still = text(in_force(":at")).bindparams(at=at)
    held = or_(still, and_(t.c.period.contains(at), t.c.ended_at > at))
    return _all(connection, select(t).where(held, *_seen_by(districts)).order_by(t.c.id))


def zones_standing(
    connection: Connection, districts: Collection[str] | None, now: datetime
) -> Sequence[Zone]:
    """List the zones in force or announced that reach some districts, soonest first."""
    end = func.upper(t.c.period)
    standing = (t.c.ended_at.is_(None), or_(end.is_(None), end > now))
    query = select(t).where(*standing, *_seen_by(districts))
    return _all(connection, query.order_by(func.lower(t.c.period), t.c.id))


def _seen_by(districts: Collection[str] | None) -> tuple[ColumnElement[bool], ...]:
    if districts is None:
        return ()
    return (t.c.districts.bool_op("&&")(sorted(districts)),)


def _all(connection: Connection, query: Any) -> Sequence[Zone]:  # noqa: ANN401 (a select)
    return [_zone(row) for row in connection.execute(query).mappings()]


def _row(zone: Zone) -> dict[str, Any]:
    return {
        "kind": zone.kind.value,
        "name": zone.name,
        "districts": sorted(zone.districts),
        "period": Range(zone.starts_at, zone.ends_at),
        "area": from_shape(zone.area, srid=SRID),
        "by": zone.by,
        "declared_at": zone.declared_at,
        "ended_at": zone.ended_at,
        "ended_by": zone.ended_by,
    }


def _zone(row: RowMapping) -> Zone:
    return Zone(
        id=ZoneId(row["id"]),
        kind=ZoneKind(row["kind"]),
        name=row["name"],
        area=to_shape(row["area"]),
        districts=frozenset(map(DistrictId, row["districts"])),
        starts_at=row["period"].lower,
        ends_at=row["period"].upper,
        by=row["by"],
        declared_at=row["declared_at"],
        ended_at=row["ended_at"],
        ended_by=row["ended_by"],
    )
