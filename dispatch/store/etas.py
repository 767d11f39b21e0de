"""Expected arrivals at the door: kept for each order on its way, told to whoever listens."""

import json
from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from dispatch.domain.eta import DoorEta, OnTheWay
from dispatch.domain.words import CrewId, DistrictId, OrderId
from dispatch.store.direct import Direct, Row
from dispatch.store.events import CHANNEL

# Only a position that came after the crew set out, and after the one reckoned from.
_ON_THE_WAY = Direct(
    """
    SELECT sent.id AS order_id, sent.crew_id, sent.district_id,
        ST_X(sent.point) AS site_lon, ST_Y(sent.point) AS site_lat,
        seen.lon, seen.lat, seen.fixed_at,
        told.fixed_at AS told_from, told.travel_s, told.basis
    FROM trouble_order AS sent
    JOIN crew_position AS seen ON seen.crew_id = sent.crew_id
    LEFT JOIN order_eta AS told ON told.order_id = sent.id AND told.crew_id = sent.crew_id
    WHERE sent.crew_id = ANY(:crews) AND sent.status = 'en_route' AND sent.point IS NOT NULL
        AND NOT seen.mock AND seen.fixed_at >= sent.assigned_at
        AND (told.fixed_at IS NULL OR told.fixed_at < seen.fixed_at)
    ORDER BY sent.id
    """
)

_SAVE = Direct(
    """
    INSERT INTO order_eta (order_id, crew_id, fixed_at, travel_s, basis)
    VALUES (:order_id, :crew_id, :fixed_at, CAST(:travel_s AS double precision), :basis)
    ON CONFLICT (order_id) DO UPDATE SET crew_id = excluded.crew_id, fixed_at = excluded.fixed_at,
        travel_s = excluded.travel_s, basis = excluded.basis
    """
)

_TELL = Direct("SELECT pg_notify(:channel, :payload)")

_FIND = Direct(
    """
    SELECT told.order_id, told.crew_id, told.fixed_at AS told_from, told.travel_s, told.basis
    FROM order_eta AS told
    JOIN trouble_order AS sent ON sent.id = told.order_id AND sent.crew_id = told.crew_id
    WHERE told.order_id = :order_id AND sent.status = 'en_route'
        AND told.fixed_at >= sent.assigned_at
    """
)


class PgEtas:
    """Reads and writes expected arrivals on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list_on_the_way(self, crew_ids: Collection[CrewId]) -> Sequence[OnTheWay]:
        """List those of the crews that drive and were seen since the last reckoning."""
        rows = _ON_THE_WAY.rows(self._connection, {"crews": list(crew_ids)})
        return [_way(row) for row in rows]

    def save(self, eta: DoorEta, district_id: DistrictId | None) -> None:
        """Keep it in the place of the last one; live screens hear when the transaction commits."""
        values = {
            "order_id": eta.order_id,
            "crew_id": eta.crew_id,
            "fixed_at": eta.fixed_at,
            "travel_s": eta.travel_s,
            "basis": eta.basis,
        }
        _SAVE.run(self._connection, values)
        # No entry of the journal: what was expected each minute is no part of the record.
        told = {"id": 0, "kind": "eta.told", "stream": f"eta:{eta.order_id}"}
        payload = json.dumps([{**told, "district_id": district_id}])
        _TELL.run(self._connection, {"channel": CHANNEL, "payload": payload})

    def find(self, order_id: OrderId) -> DoorEta | None:
        """The one that holds; None while nobody is on the way or has been seen on it."""
        row = _FIND.first(self._connection, {"order_id": order_id})
        return None if row is None else _eta(row)


def _way(row: Row) -> OnTheWay:
    district_id = row["district_id"]
    return OnTheWay(
        order_id=OrderId(row["order_id"]),
        crew_id=CrewId(row["crew_id"]),
        district_id=None if district_id is None else DistrictId(district_id),
        site=(row["site_lon"], row["site_lat"]),
        seen_at=(row["lon"], row["lat"]),
        fixed_at=row["fixed_at"],
        told=None if row["told_from"] is None else _eta(row),
    )


def _eta(row: Row) -> DoorEta:
    return DoorEta(
        order_id=OrderId(row["order_id"]),
        crew_id=CrewId(row["crew_id"]),
        fixed_at=row["told_from"],
        travel_s=row["travel_s"],
        basis=row["basis"],
    )
