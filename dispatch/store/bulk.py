"""What was done to many rows at once, kept for as long as it can be undone and a while longer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from dispatch.errors import NotFound
from dispatch.store.tables.room import bulk_action, bulk_item


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkItem:
    """One row; `kept` is what was done to it and what undoing puts back."""

    thing: str
    kept: Mapping[str, Any]
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAction:
    """One action by somebody, with the rows it was done to."""

    id: int
    action: str
    by: str
    at: datetime
    undo_until: datetime
    undone_at: datetime | None
    items: Sequence[BulkItem]


class PgManyAtOnce:
    """Writes what was done to each row, in the transaction that does it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, bulk_id: int, thing: str, kept: Mapping[str, Any]) -> None:
        """Write down what was done to one row, and what undoing puts back."""
        row = {"bulk_id": bulk_id, "thing": thing, "kept": dict(kept)}
        self._connection.execute(insert(bulk_item).values(**row))

    def take_back(self, bulk_id: int, thing: str, at: datetime) -> None:
        """Write down that one row was undone."""
        i = bulk_item
        here = (i.c.bulk_id == bulk_id) & (i.c.thing == thing)
        self._connection.execute(update(i).where(here).values(undone_at=at))


def begin(
    connection: Connection, *, action: str, by: str, at: datetime, undo_until: datetime
) -> int:
    """Write an action down before its first row; its number."""
    row = {"action": action, "by": by, "at": at, "undo_until": undo_until}
    query = insert(bulk_action).values(**row).returning(bulk_action.c.id)
    return int(connection.execute(query).scalar_one())


def get(connection: Connection, bulk_id: int) -> BulkAction:
    """Read an action with its rows; `NotFound` for one that never was."""
    a, i = bulk_action, bulk_item
    row = connection.execute(select(a).where(a.c.id == bulk_id)).mappings().first()
    if row is None:
        raise NotFound("bulk action", id=bulk_id)
    items = connection.execute(
        select(i.c.thing, i.c.kept, i.c.undone_at).where(i.c.bulk_id == bulk_id).order_by(i.c.thing)
    ).mappings()
    return BulkAction(**row, items=[BulkItem(**each) for each in items])
