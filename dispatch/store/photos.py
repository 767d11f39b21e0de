"""Photographs, in a table that nothing else reads; PostgreSQL keeps their bytes beside the rows."""

from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from dispatch.domain.photo import Photo
from dispatch.domain.words import CrewId, OrderId
from dispatch.store.direct import Row
from dispatch.store.tables.orders import photo as t

_ABOUT = [column for column in t.c if column.name != "content"]
ABOUT = select(*_ABOUT, func.length(t.c.content).label("received"))
"""Everything of a photograph but the photograph."""


class PgPhotos:
    """Reads and writes photographs on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, photo_id: str) -> Photo | None:
        """Read what is known of one, that nobody else changes before this transaction ends."""
        query = ABOUT.where(t.c.id == photo_id).with_for_update()
        row = self._connection.execute(query).mappings().first()
        return None if row is None else photo_from_row(row)

    def count(self, order_id: OrderId, crew_id: CrewId) -> int:
        """Count those of a crew for an order, whole or not."""
        mine = (t.c.order_id == order_id) & (t.c.crew_id == crew_id)
        query = select(func.count()).select_from(t).where(mine)
        return int(self._connection.scalar(query) or 0)

    def begin(self, photo: Photo) -> None:
        """Make room for a photograph of which nothing has come."""
        self._connection.execute(insert(t).values(**_row(photo), content=b""))

    def append(self, photo_id: str, piece: bytes) -> None:
        """Add what came to what is there."""
        longer = t.c.content.op("||")(piece)
        self._connection.execute(update(t).where(t.c.id == photo_id).values(content=longer))

    def content(self, photo_id: str) -> bytes:
        """Read what has come so far."""
        return bytes(self._connection.scalar(select(t.c.content).where(t.c.id == photo_id)) or b"")

    def finish(self, photo: Photo, content: bytes) -> None:
        """Keep the whole picture as it is to be shown."""
        row = {**_row(photo), "content": content}
        self._connection.execute(update(t).where(t.c.id == photo.id).values(**row))


def _row(photo: Photo) -> dict[str, Any]:
    return {column.name: getattr(photo, column.name) for column in _ABOUT}


def photo_from_row(row: Row) -> Photo:
    """Make a photograph from a row of `ABOUT`."""
    return Photo(**row)
