"""Depots and what they stock."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, RowMapping, delete, select
from sqlalchemy.dialects.postgresql import insert

from dispatch.domain.depot import Depot
from dispatch.domain.words import DepotId, DistrictId
from dispatch.errors import NotFound
from dispatch.store.points import lon_lat_instead, point
from dispatch.store.tables.crews import depot as t


class PgDepots:
    """Reads and writes depots on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, depot_id: DepotId) -> Depot:
        """Read one depot."""
        query = select(*lon_lat_instead(t)).where(t.c.id == depot_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("depot", depot_id=depot_id)
        return _from_row(row)

    def list_of(self, districts: Collection[DistrictId] | None) -> Sequence[Depot]:
        """List the depots of these districts (None: of all), by id."""
        query = select(*lon_lat_instead(t)).order_by(t.c.id)
        if districts is not None:
            query = query.where(t.c.district_id.in_(sorted(districts)))
        return [_from_row(row) for row in self._connection.execute(query).mappings()]

    def save(self, depot: Depot) -> None:
        """Keep a depot in the place of the one of its id."""
        values = {
            "name": depot.name,
            "district_id": depot.district_id,
            "stock": sorted(depot.stock),
            "point": point(depot.lon, depot.lat),
        }
        kept = insert(t).values(id=depot.id, **values)
        self._connection.execute(kept.on_conflict_do_update(index_elements=[t.c.id], set_=values))

    def remove(self, depot_id: DepotId) -> None:
        """Forget a depot; nothing happens where there is none."""
        self._connection.execute(delete(t).where(t.c.id == depot_id))


def _from_row(row: RowMapping) -> Depot:
    return Depot(
        id=DepotId(row["id"]),
        name=row["name"],
        district_id=DistrictId(row["district_id"]),
        lon=row["lon"],
        lat=row["lat"],
        stock=frozenset(row["stock"]),
    )
