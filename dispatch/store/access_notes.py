"""How to get to a customer's place: one note each, the last one written."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from dispatch.domain.access import AccessNote
from dispatch.domain.words import UsagePointId
from dispatch.store.tables.territory import access_note as t


class PgAccessNotes:
    """Reads and writes access notes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, places: Collection[UsagePointId]) -> Mapping[UsagePointId, AccessNote]:
        """The notes of those places that have one."""
        query = select(t).where(t.c.usage_point_id.in_(sorted(places)))
        return {
            UsagePointId(row["usage_point_id"]): AccessNote(
                usage_point_id=UsagePointId(row["usage_point_id"]),
                text=row["text"],
                by=row["by"],
                written_at=row["written_at"],
            )
            for row in self._connection.execute(query).mappings()
        }

    def write(self, note: AccessNote) -> None:
        """Keep a note in the place of the one before."""
        values = {"text": note.text, "by": note.by, "written_at": note.written_at}
        kept = insert(t).values(usage_point_id=note.usage_point_id, **values)
        self._connection.execute(kept.on_conflict_do_update(index_elements=[t.c[0]], set_=values))

    def remove(self, usage_point_id: UsagePointId) -> None:
        """Forget a place's note; nothing happens where there is none."""
        self._connection.execute(delete(t).where(t.c.usage_point_id == usage_point_id))
