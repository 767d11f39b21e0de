"""Devices and transformers by their name or number, for somebody who has to name one."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, text

from dispatch.store.reads.visible import listed, visible

MOST = 20
TRANSFORMER_ONLY = "transformer-only"
"""The kind of a transformer that no protective device of its own name stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkThing:
    """A protective device, or a transformer, with the feeder it hangs on."""

    id: str
    kind: str
    name: str
    feeder: str


_FIND = text(
    f"""
    SELECT id, kind, name, feeder FROM (
        SELECT device.id, device.kind, device.name, feeder.name AS feeder
        FROM device JOIN feeder ON feeder.id = device.feeder_id
        WHERE (device.id ILIKE :like OR device.name ILIKE :like) AND {visible("feeder")}
        UNION ALL
        SELECT transformer.id, '{TRANSFORMER_ONLY}', transformer.name, coalesce(feeder.name, '')
        FROM transformer
        LEFT JOIN feeder ON feeder.id = transformer.feeder_id
        LEFT JOIN device ON device.id = transformer.device_id AND device.kind = 'transformer'
        WHERE :with_transformers AND transformer.retired_at IS NULL
            AND device.name IS DISTINCT FROM transformer.name
            AND (transformer.id ILIKE :like OR transformer.name ILIKE :like)
            AND {visible("transformer")}
    ) AS found
    ORDER BY length(name), name, id LIMIT :most
    """  # noqa: S608 (constants)
)


def find_in_network(
    connection: Connection,
    words: str,
    districts: Collection[str] | None,
    *,
    with_transformers: bool,
) -> list[NetworkThing]:
    """List what has `words` in its name or number, the shortest names first, at most twenty."""
    literal = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values = {
        "like": f"%{literal}%",
        "with_transformers": with_transformers,
        "districts": listed(districts),
        "most": MOST,
    }
    return [NetworkThing(**row) for row in connection.execute(_FIND, values).mappings()]
