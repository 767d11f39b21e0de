"""Statements of the hot path: compiled once, sent straight through psycopg.

A statement costs SQLAlchemy about a quarter of a millisecond each time before it reaches the
driver, four times what the driver needs; a report takes fifteen. So those are written as
SQLAlchemy's like all others, and their text is kept. Types that SQLAlchemy converts itself
(ranges, JSON that is written) do not belong here.
"""

from collections.abc import Mapping
from typing import Any

from psycopg import Cursor
from psycopg.rows import dict_row
from sqlalchemy import Connection, RowMapping, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql import ClauseElement

Row = Mapping[str, Any] | RowMapping
"""A row that was read, whichever way."""

Values = Mapping[str, Any]

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


class Direct:
    """One statement, SQLAlchemy's or a text with `:names`; its rows are dictionaries."""

    def __init__(self, statement: ClauseElement | str) -> None:
        clause = text(statement) if isinstance(statement, str) else statement
        self.as_sent = str(clause.compile(dialect=DIALECT)).encode()

    @classmethod
    def of_psycopg(cls, statement: str) -> "Direct":
        """Take a text as psycopg reads it, with `%(names)s`."""
        made = cls.__new__(cls)
        made.as_sent = statement.encode()
        return made

    def rows(self, connection: Connection, values: Values | None = None) -> list[dict[str, Any]]:
        """Every row."""
        return self._sent(connection, values).fetchall()

    def first(self, connection: Connection, values: Values | None = None) -> dict[str, Any] | None:
        """The first row, if there is one."""
        return self._sent(connection, values).fetchone()

    def value(self, connection: Connection, values: Values | None = None) -> Any:  # noqa: ANN401
        """The first column of the first row; None if there is none."""
        row = self.first(connection, values)
        return None if row is None else next(iter(row.values()))

    def values(self, connection: Connection, values: Values | None = None) -> list[Any]:
        """The first column of every row."""
        return [next(iter(row.values())) for row in self.rows(connection, values)]

    def run(self, connection: Connection, values: Values | None = None) -> int:
        """How many rows were written."""
        return self._sent(connection, values).rowcount

    def _sent(self, connection: Connection, values: Values | None) -> Cursor[dict[str, Any]]:
        if not connection.in_transaction():
            connection.begin()  # or a commit would not know that there is something to commit
        driver = connection.connection.driver_connection
        assert driver is not None, "a connection that is in use has a driver"
        cursor: Cursor[dict[str, Any]] = driver.cursor(row_factory=dict_row)
        return cursor.execute(self.as_sent, values)
