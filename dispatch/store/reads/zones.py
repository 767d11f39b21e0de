"""What lies within an outline: customers, outages, orders and the crews that hold them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import shapely
from sqlalchemy import Connection, text

from dispatch.domain.words import DistrictId

_WITHIN = text(
    """
    WITH outline AS MATERIALIZED (SELECT ST_GeomFromWKB(:area, 4326) AS area)
    SELECT
        (
            SELECT coalesce(sum(transformer.customers), 0) FROM transformer, outline
            WHERE ST_Intersects(outline.area, transformer.point)
                AND transformer.retired_at IS NULL AND transformer.district_id = ANY(:districts)
        ) AS customers,
        (
            SELECT count(*) FROM outage, outline
            WHERE outage.status IN ('predicted', 'confirmed', 'partially_restored')
                AND ST_Intersects(outline.area, outage.point)
                AND outage.district_id = ANY(:districts)
        ) AS outages,
        ordered.waiting, ordered.crews
    FROM (
        SELECT count(*) FILTER (WHERE crew_id IS NULL) AS waiting,
            coalesce(
                array_agg(DISTINCT crew.name) FILTER (WHERE crew_id IS NOT NULL), '{}'
            ) AS crews
        FROM outline, trouble_order LEFT JOIN crew ON crew.id = trouble_order.crew_id
        WHERE trouble_order.status NOT IN ('field_complete', 'cancelled')
            AND ST_Intersects(outline.area, trouble_order.point)
            AND trouble_order.district_id = ANY(:districts)
    ) AS ordered
    """
)
_NAMES = text("SELECT id, name FROM district WHERE id = ANY(:districts)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """What an outline holds now; the `crews` named hold an order there, nobody a `waiting` one."""

    customers: int
    outages: int
    waiting: int
    crews: tuple[str, ...]


def within(
    connection: Connection, area: shapely.Polygon, districts: Collection[DistrictId]
) -> Within:
    """Count what lies within an outline (EPSG:4326) in some districts."""
    asked = {"area": area.wkb, "districts": sorted(districts)}
    row = connection.execute(_WITHIN, asked).mappings().one()
    return Within(
        customers=int(row["customers"]),
        outages=int(row["outages"]),
        waiting=int(row["waiting"]),
        crews=tuple(row["crews"]),
    )


def names_by_id(
    connection: Connection, districts: Collection[DistrictId]
) -> Mapping[DistrictId, str]:
    """The names of districts by their ids."""
    rows = connection.execute(_NAMES, {"districts": sorted(districts)})
    return {DistrictId(row.id): row.name for row in rows}
