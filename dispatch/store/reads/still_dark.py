"""Who was repaired here and has no light all the same: what keeps them dark now."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from dispatch.domain.words import OutageId


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkFor:
    """An outage that took customers over from a repaired one, with those it still holds."""

    id: OutageId
    device_name: str
    device_kind: str
    transformers: tuple[str, ...]
    customers: int


# What took a transformer over began at the moment the other one ended, however often.
_DARK_FOR = text(
    """
    WITH RECURSIVE chain AS (
        SELECT outage_id, transformer_id, restored_at FROM outage_transformer
        WHERE outage_id = :id AND restored_at IS NOT NULL
        UNION
        SELECT taken.outage_id, taken.transformer_id, taken.restored_at
        FROM chain JOIN outage_transformer AS taken
            ON taken.transformer_id = chain.transformer_id
            AND taken.outage_id <> chain.outage_id AND taken.out_from = chain.restored_at
    )
    SELECT outage.id, outage.device_name, outage.device_kind,
        array_agg(transformer.name ORDER BY transformer.name) AS transformers,
        CAST(sum(transformer.customers) AS integer) AS customers
    FROM chain
    JOIN outage ON outage.id = chain.outage_id
    JOIN transformer ON transformer.id = chain.transformer_id
    WHERE chain.restored_at IS NULL AND chain.outage_id <> :id
    GROUP BY outage.id ORDER BY outage.id
    """
)


def dark_for(connection: Connection, outage_id: OutageId) -> tuple[DarkFor, ...]:
    """List what keeps customers dark who were given over when their own outage was repaired."""
    rows = connection.execute(_DARK_FOR, {"id": outage_id}).mappings()
    return tuple(DarkFor(**{**row, "transformers": tuple(row["transformers"])}) for row in rows)
