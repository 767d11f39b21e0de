"""Warnings of clocks: each is sent once, whoever tries, and acknowledged by a person."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from dispatch.domain.rules import Means, Recipient
from dispatch.domain.warning import ClockWarning
from dispatch.domain.words import CrewId
from dispatch.errors import NotFound
from dispatch.store.direct import Row
from dispatch.store.tables.clocks import clock_warning as t


class PgWarnings:
    """Reads and writes warnings on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, warning: ClockWarning) -> bool:
        """Keep a warning; False if this level of the clock was sent before."""
        row = {name: value for name, value in asdict(warning).items() if name != "id"}
        row["to"], row["how"] = [w.value for w in warning.to], [w.value for w in warning.how]
        kept = insert(t).values(**row).on_conflict_do_nothing(constraint="each_warning_once")
        return self._connection.scalar(kept.returning(t.c.id)) is not None

    def lock(self, warning_id: int) -> ClockWarning:
        """Read a warning that nobody else changes before this transaction ends."""
        query = select(t).where(t.c.id == warning_id).with_for_update(key_share=True)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("warning", id=warning_id)
        return warning_from_row(row)

    def save(self, warning: ClockWarning) -> None:
        """Write who took note of it."""
        self._connection.execute(update(t).where(t.c.id == warning.id).values(**_taken(warning)))

    def cover(self, warning: ClockWarning) -> None:
        """Take note of the lower levels of its clock as of this one, where nobody has.

        They are locked from the higher to the lower, so that two who cover each other's do not
        wait for one another.
        """
        lower = (
            select(t.c.id)
            .where(
                t.c.clock_id == warning.clock_id,
                t.c.level < warning.level,
                t.c.acknowledged_at.is_(None),
            )
            .order_by(t.c.level.desc())
            .with_for_update(key_share=True)
        )
        ids = self._connection.scalars(lower).all()
        self._connection.execute(update(t).where(t.c.id.in_(ids)).values(**_taken(warning)))

    def list_open_of_crew(self, crew_id: CrewId) -> Sequence[ClockWarning]:
        """List what a crew was told on its phone and has not taken note of, the newest first."""
        query = (
            select(t)
            .where(t.c.crew_id == crew_id, t.c.acknowledged_at.is_(None))
            .order_by(t.c.sent_at.desc(), t.c.id.desc())
        )
        found = map(warning_from_row, self._connection.execute(query).mappings())
        return [warning for warning in found if Means.PHONE in warning.how]


def _taken(warning: ClockWarning) -> dict[str, Any]:
    return {
        "acknowledged_at": warning.acknowledged_at,
        "acknowledged_by": warning.acknowledged_by,
        "note": warning.note,
    }


def warning_from_row(row: Row) -> ClockWarning:
    """Make a warning from a row of `clock_warning`."""
    return ClockWarning(
        **{
            **row,
            "to": tuple(map(Recipient, row["to"])),
            "how": tuple(map(Means, row["how"])),
        }
    )
