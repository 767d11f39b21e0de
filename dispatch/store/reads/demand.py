"""Where the customers of a district are: the demand that crews cover."""

from collections.abc import Collection

import numpy as np
from sqlalchemy import Connection, text

from dispatch.coverage import Places
from dispatch.domain.words import AreaClass, DistrictId
from dispatch.store.reads.visible import listed

_VERSION = text(
    """
    SELECT coalesce((SELECT max(id) FROM load_receipt), 0),
        coalesce((SELECT max(version) FROM area_map), 0)
    """
)

# Customers are counted where their transformer stands, which is on a road's side of the garden;
# those of no transformer where they live, neighbours within some hundred metres together.
_PLACES = text(
    """
    WITH critical AS (
        SELECT transformer_id, count(*) AS count FROM usage_point
        WHERE critical IS NOT NULL AND transformer_id IS NOT NULL GROUP BY transformer_id
    ), place AS (
        SELECT ST_X(transformer.point) AS lon, ST_Y(transformer.point) AS lat,
            transformer.customers, coalesce(critical.count, 0) AS critical
        FROM transformer LEFT JOIN critical ON critical.transformer_id = transformer.id
        WHERE transformer.district_id = :district_id AND transformer.retired_at IS NULL
            AND transformer.customers > 0
        UNION ALL
        SELECT avg(ST_X(point)), avg(ST_Y(point)), count(*), count(critical)
        FROM usage_point
        WHERE transformer_id IS NULL AND district_id = :district_id AND point IS NOT NULL
        GROUP BY round(CAST(ST_X(point) AS numeric), 3), round(CAST(ST_Y(point) AS numeric), 3)
    )
    SELECT place.*, (
        SELECT min(array_position(CAST(:strictest_first AS text[]), area.area_class)) - 1
        FROM area
        WHERE area.version = (SELECT max(version) FROM area_map)
            AND ST_Covers(area.boundary, ST_Point(place.lon, place.lat, 4326))
    ) AS area
    FROM place ORDER BY lon, lat
    """
)

_NAMES = text(
    """
    SELECT id, name FROM district
    WHERE CAST(:districts AS text[]) IS NULL OR id = ANY(:districts) ORDER BY name, id
    """
)


def demand_version(connection: Connection) -> tuple[int, int]:
    """What changes whenever customers, transformers or areas are loaded."""
    loads, areas = connection.execute(_VERSION).one()
    return loads, areas


def demand_places(connection: Connection, district_id: DistrictId) -> Places:
    """Where the customers of a district are; a place in no area has the strictest class.

    Customers without a transformer and without a position are not counted.
    """
    asked = {"district_id": district_id, "strictest_first": [each.value for each in AreaClass]}
    rows = connection.execute(_PLACES, asked).all()
    return Places(
        lon=np.array([row.lon for row in rows], np.float64),
        lat=np.array([row.lat for row in rows], np.float64),
        customers=np.array([row.customers for row in rows], np.int64),
        critical=np.array([row.critical for row in rows], np.int64),
        area=np.array([row.area or 0 for row in rows], np.int64),
    )


def district_names(
    connection: Connection, districts: Collection[str] | None
) -> dict[DistrictId, str]:
    """The names of some districts by id, or of all for None; what is not there is left out."""
    rows = connection.execute(_NAMES, {"districts": listed(districts)})
    return {DistrictId(row.id): row.name for row in rows}
