"""How many customers there are: what every index is divided by."""

from collections.abc import Collection

from sqlalchemy import Connection, text

from dispatch.store.reads.visible import listed, visible

_SERVED = text(
    f"""
    SELECT count(*) FROM usage_point
    LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    CROSS JOIN LATERAL (
        SELECT coalesce(usage_point.district_id, transformer.district_id) AS district_id
    ) AS home
    WHERE {visible("home")}
    """  # noqa: S608 (constants)
)


def customers_served(connection: Connection, districts: Collection[str] | None) -> int:
    """Count the customers of those districts."""
    return int(connection.scalar(_SERVED, {"districts": listed(districts)}) or 0)
