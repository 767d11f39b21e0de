"""Customers, network, territory and places, to be looked up."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, text

from dispatch.domain.facts import ServicePoint, TransformerAt
from dispatch.domain.outage import PredictedDevice, Scope
from dispatch.domain.ticket import AreaAtReport
from dispatch.domain.words import AreaClass, DistrictId, UsagePointId
from dispatch.errors import NotFound
from dispatch.store import places
from dispatch.store.direct import Direct, Row
from dispatch.store.tables.territory import district
from gis.geocode import Match

ACCOUNTS_PER_PHONE = 50
STRICTEST = AreaClass.URBAN

_SERVICE_POINT = """
    SELECT usage_point.id, usage_point.account, usage_point.meter, usage_point.name,
        usage_point.address, ST_X(usage_point.point) AS lon, ST_Y(usage_point.point) AS lat,
        coalesce(usage_point.district_id, transformer.district_id, feeder.district_id)
            AS district_id,
        transformer.id AS transformer_id, transformer.name AS transformer_name,
        feeder.id AS feeder_id, feeder.name AS feeder_name,
        usage_point.disconnected_for, usage_point.critical, usage_point.kind
    FROM usage_point
    LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    LEFT JOIN feeder ON feeder.id = transformer.feeder_id
"""
_BY_ACCOUNT = Direct(_SERVICE_POINT + "WHERE usage_point.account = :value")
_BY_METER = Direct(_SERVICE_POINT + "WHERE usage_point.meter = :value")
_BY_ID = Direct(_SERVICE_POINT + "WHERE usage_point.id = :value")
_BY_PHONE = text(
    _SERVICE_POINT
    + """
    JOIN usage_point_phone ON usage_point_phone.usage_point_id = usage_point.id
    WHERE usage_point_phone.phone = :value ORDER BY usage_point.account LIMIT :limit
    """
)

_TRANSFORMER = """
    SELECT transformer.id, transformer.name, ST_X(transformer.point) AS lon,
        ST_Y(transformer.point) AS lat, transformer.device_id, transformer.feeder_id,
        coalesce(transformer.district_id, feeder.district_id) AS district_id
    FROM transformer LEFT JOIN feeder ON feeder.id = transformer.feeder_id
"""
_TRANSFORMER_BY_ID = Direct(_TRANSFORMER + "WHERE transformer.id = :value")

# Nearest by degrees are not quite nearest by metres: of a few by the index, the best by distance.
_NEAREST_CUSTOMER = """
    SELECT transformer_id FROM (
        SELECT transformer_id, ST_DistanceSphere(point, ST_Point(:lon, :lat, 4326)) AS away
        FROM usage_point WHERE transformer_id IS NOT NULL
        ORDER BY point <-> ST_Point(:lon, :lat, 4326) LIMIT 32
    ) AS close_by
    WHERE away <= :within_m ORDER BY away LIMIT 1
"""
_NEAREST_TRANSFORMER = """
    SELECT id FROM (
        SELECT id, ST_DistanceSphere(point, ST_Point(:lon, :lat, 4326)) AS away
        FROM transformer WHERE retired_at IS NULL
        ORDER BY point <-> ST_Point(:lon, :lat, 4326) LIMIT 32
    ) AS close_by
    WHERE away <= :within_m ORDER BY away LIMIT 1
"""
_SUPPLY_NEAR = Direct(
    _TRANSFORMER
    + f"WHERE transformer.id = coalesce(({_NEAREST_CUSTOMER}), ({_NEAREST_TRANSFORMER}))"
)

_DISTRICT = text(
    """
    SELECT id FROM district WHERE ST_Covers(boundary, ST_Point(:lon, :lat, 4326))
    ORDER BY id LIMIT 1
    """
)
_AREA = Direct(
    """
    SELECT newest.version, (
        SELECT area_class FROM area
        WHERE area.version = newest.version
            AND ST_Covers(area.boundary, ST_Point(:lon, :lat, 4326))
        ORDER BY array_position(CAST(:strictest_first AS text[]), area_class) LIMIT 1
    ) AS area_class
    FROM (SELECT max(version) AS version FROM area_map) AS newest
    """
)
# A switch that protects nothing, and a transformer that no feeder model holds, are no devices of
# the tree; they are named by their own rows.
_DEVICE = text(
    """
    SELECT id, kind, name FROM device WHERE id = :device_id
    UNION ALL
    SELECT :device_id, kind, id FROM switch
    WHERE :device_id LIKE 'switch:%' AND id = substr(:device_id, 8)
        AND NOT EXISTS (SELECT FROM device WHERE device.id = :device_id)
    UNION ALL
    SELECT :device_id, 'transformer', name FROM transformer
    WHERE :device_id LIKE 'transformer:%' AND id = substr(:device_id, 13)
        AND retired_at IS NULL
        AND NOT EXISTS (SELECT FROM device WHERE device.id = :device_id)
    """
)
_BELOW = text(
    """
    SELECT transformer.id
    FROM device JOIN transformer ON transformer.feeder_id = device.feeder_id
        AND transformer.device_pre >= device.pre AND transformer.device_pre < device.post
    WHERE device.id = :device_id AND transformer.retired_at IS NULL
        AND (CAST(:phases AS text) IS NULL OR transformer.phases ~ ('[' || :phases || ']'))
    ORDER BY transformer.device_pre, transformer.id
    """
)
_IN_SCOPE = """
    FROM usage_point
    WHERE (transformer_id = ANY(CAST(:transformers AS text[]))
        OR id = ANY(CAST(:usage_points AS bigint[])))
        AND disconnected_for IS NULL
"""
_COUNT = text("SELECT count(*)" + _IN_SCOPE)
_CRITICAL = Direct(
    """
    SELECT concat_ws(' ', critical, nullif(coalesce(nullif(name, ''), address), ''))
    """
    + _IN_SCOPE
    + "AND critical IS NOT NULL ORDER BY critical, account"
)


class PgDirectory:
    """Looks things up on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_by_account(self, account: str) -> ServicePoint | None:
        """Find a customer by the account number."""
        return self._service_point(_BY_ACCOUNT, account)

    def find_by_meter(self, meter: str) -> ServicePoint | None:
        """Find a customer by the meter number."""
        return self._service_point(_BY_METER, meter)

    def list_by_phone(self, phone: str) -> Sequence[ServicePoint]:
        """List the customers who gave a telephone number, by account, at most fifty."""
        rows = self._connection.execute(_BY_PHONE, {"value": phone, "limit": ACCOUNTS_PER_PHONE})
        return [_service_point(row) for row in rows.mappings()]

    def find_usage_point(self, usage_point_id: UsagePointId) -> ServicePoint | None:
        """Find a customer by our own number."""
        return self._service_point(_BY_ID, usage_point_id)

    def find_transformer(self, transformer_id: str) -> TransformerAt | None:
        """Find a transformer."""
        return self._transformer(_TRANSFORMER_BY_ID, {"value": transformer_id})

    def find_supply_near(self, lon: float, lat: float, within_m: float) -> TransformerAt | None:
        """The transformer of the nearest customer, else the nearest transformer."""
        return self._transformer(_SUPPLY_NEAR, {"lon": lon, "lat": lat, "within_m": within_m})

    def search_places(self, text: str, limit: int) -> Sequence[Match]:
        """Ranked addresses, landmarks, poles and transformers; empty if nothing is like it."""
        return places.search_places(self._connection, text, limit)

    def find_district(self, lon: float, lat: float) -> DistrictId | None:
        """Find the district whose boundary holds a place."""
        found = self._connection.scalar(_DISTRICT, {"lon": lon, "lat": lat})
        return None if found is None else DistrictId(found)

    def list_districts(self) -> Sequence[DistrictId]:
        """List every district."""
        ids = self._connection.scalars(select(district.c.id).order_by(district.c.id))
        return [DistrictId(district_id) for district_id in ids]

    def assigns_by_itself(self, district_id: DistrictId) -> bool:
        """Whether crews are sent there without a dispatcher's word."""
        query = select(district.c.assignment_mode).where(district.c.id == district_id)
        mode = self._connection.scalar(query)
        if mode is None:
            raise NotFound("district", district_id=district_id)
        return bool(mode == "automatic")

    def area_at(self, lon: float, lat: float) -> AreaAtReport:
        """The area class of a place on the newest map: the strictest of those that cover it."""
        order = [area_class.value for area_class in AreaClass]
        asked = {"lon": lon, "lat": lat, "strictest_first": order}
        row = _AREA.first(self._connection, asked)
        assert row is not None, "max() has a row"
        area_class = row["area_class"]
        return AreaAtReport(
            area_class=STRICTEST if area_class is None else AreaClass(area_class),
            map_version=row["version"],
            covered=area_class is not None,
        )

    def strictest_area(self) -> AreaAtReport:
        """The area of a report that could not be located: urban, not covered."""
        version = self._connection.scalar(text("SELECT max(version) FROM area_map"))
        return AreaAtReport(area_class=STRICTEST, map_version=version, covered=False)

    def find_device(self, device_id: str) -> PredictedDevice | None:
        """Find a device of the network, also a switch that protects nothing.

        `switch:` and `transformer:` before the asset's own id name one that no feeder model holds.
        """
        row = self._connection.execute(_DEVICE, {"device_id": device_id}).one_or_none()
        return None if row is None else PredictedDevice(id=row.id, kind=row.kind, name=row.name)

    def list_below_device(self, device_id: str, phases: str | None = None) -> Sequence[str]:
        """The transformers below a device as switched now; empty for an unknown one.

        Of some `phases` only: those that live on one of them at least.
        """
        return self._connection.scalars(_BELOW, {"device_id": device_id, "phases": phases}).all()

    def count_customers(self, scope: Scope) -> int:
        """How many customers a scope holds, without those cut off on purpose."""
        count = self._connection.scalar(_COUNT, _scope(scope))
        assert count is not None, "count(*) has a row"
        return int(count)

    def list_critical(self, scope: Scope) -> Sequence[str]:
        """The critical customers of a scope: what they are and their name."""
        return _CRITICAL.values(self._connection, _scope(scope))

    def _service_point(self, query: Direct, value: str | int) -> ServicePoint | None:
        row = query.first(self._connection, {"value": value})
        return None if row is None else _service_point(row)

    def _transformer(self, query: Direct, values: dict[str, Any]) -> TransformerAt | None:
        row = query.first(self._connection, values)
        return None if row is None else TransformerAt(**row)


def _service_point(row: Row) -> ServicePoint:
    return ServicePoint(**row)


def _scope(scope: Scope) -> dict[str, list[Any]]:
    return {
        "transformers": sorted(scope.transformers),
        "usage_points": sorted(scope.usage_points),
    }
