"""Crews as they are on record, in service or retired."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.store.reads.visible import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewOnRecord:
    """A crew as its list gave it; `retired_at` is None while it is in service."""

    id: str
    name: str
    district_id: str
    skills: list[str]
    members: str
    vehicle: str
    carries: list[str]
    retired_at: datetime | None


_CREWS = text(
    """
    SELECT id, name, district_id, skills, members, vehicle, carries, retired_at
    FROM crew
    WHERE (retired_at IS NOT NULL) = :retired
        AND (CAST(:districts AS text[]) IS NULL OR district_id = ANY(:districts))
    ORDER BY id
    """
)


def crews_on_record(
    connection: Connection, districts: Collection[str] | None, *, retired: bool = False
) -> list[CrewOnRecord]:
    """List the crews of some districts (None: all) in service, or those that are retired."""
    rows = connection.execute(_CREWS, {"districts": listed(districts), "retired": retired})
    return [CrewOnRecord(**row) for row in rows.mappings()]
