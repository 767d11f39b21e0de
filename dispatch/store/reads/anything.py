"""Where something is that somebody names: an outage, a report, a crew, a device, a transformer."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

from dispatch.store.reads.visible import listed, visible

MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A thing with a place, EPSG:4326; `key` names its row in the list, '' where it has none."""

    kind: str
    key: str
    name: str
    lon: float
    lat: float


_FIND = text(
    f"""
    SELECT kind, key, name, ST_X(point) AS lon, ST_Y(point) AS lat FROM (
        SELECT 1 AS rank, 'outage' AS kind, 'outage-' || outage.id AS key,
            '#' || outage.id || ' ' || outage.device_name AS name, outage.point
        FROM outage WHERE outage.id = :number AND {visible("outage")}
        UNION ALL
        SELECT 2, 'report', CASE
                WHEN ticket.outage_id IS NOT NULL THEN 'outage-' || ticket.outage_id
                WHEN incident.id IS NOT NULL THEN 'incident-' || incident.id
                ELSE ''
            END, ticket.id || ' ' || coalesce(ticket.address, ''), ticket.point
        FROM ticket LEFT JOIN incident ON incident.ticket_id = ticket.id
        WHERE (ticket.id = :words OR right(ticket.id, 12) = lower(:words)) AND {visible("ticket")}
        UNION ALL
        SELECT 3, 'crew', 'crew-' || crew.id, crew.name,
            coalesce(ST_SetSRID(ST_MakePoint(seen.lon, seen.lat), 4326), crew.base)
        FROM crew LEFT JOIN crew_position AS seen ON seen.crew_id = crew.id
        WHERE crew.retired_at IS NULL AND {visible("crew")}
            AND (crew.id = :words OR crew.name ILIKE :like)
        UNION ALL
        SELECT 4, device.kind, '', device.name, device.point
        FROM device JOIN feeder ON feeder.id = device.feeder_id
        WHERE (device.id ILIKE :like OR device.name ILIKE :like) AND {visible("feeder")}
        UNION ALL
        SELECT 5, 'transformer-only', '', transformer.name, transformer.point
        FROM transformer
        LEFT JOIN device ON device.id = transformer.device_id AND device.kind = 'transformer'
            AND device.name = transformer.name AND device.point IS NOT NULL
        WHERE device.id IS NULL AND transformer.retired_at IS NULL AND {visible("transformer")}
            AND (transformer.id ILIKE :like OR transformer.name ILIKE :like)
    ) AS found
    WHERE point IS NOT NULL
    ORDER BY rank, length(name), name LIMIT :most
    """  # noqa: S608 (constants)
)
_LARGEST = 2**62


def find_anything(
    connection: Connection, words: str, districts: Collection[str] | None
) -> list[Found]:
    """List what has this number, id or part of a name, at most twelve; nothing gives none."""
    literal = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    plain = words.removeprefix("#")
    number = int(plain) if plain.isdecimal() and plain.isascii() else None
    values = {
        "words": words,
        "like": f"%{literal}%",
        "number": number if number is None or number < _LARGEST else None,
        "districts": listed(districts),
        "most": MOST,
    }
    rows = connection.execute(_FIND, values).mappings()
    seen: set[tuple[str, float, float]] = set()
    found = []
    for row in rows:
        each = Found(**row)
        if (each.name, each.lon, each.lat) not in seen:
            seen.add((each.name, each.lon, each.lat))
            found.append(each)
    return found
