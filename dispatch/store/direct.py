"""Statements of the hot path: compiled once, sent straight through psycopg.

A statement costs SQLAlchemy about a quarter of a millisecond each time before it reaches the
driver, four times what the driver needs; a report takes fifteen. So those are written as
SQLAlchemy's like all others, and their text is kept. Types that SQLAlchemy converts itself
(ranges, JSON that is written) do not belong here.

The server reads parameters by number. psycopg turns names into numbers at each call, and keeps what
it found out only of short texts; here that is done once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import AsyncConnection, AsyncRawCursor, Cursor, RawCursor
from psycopg.rows import dict_row
from sqlalchemy import Connection, RowMapping, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql import ClauseElement

Row = Mapping[str, Any] | RowMapping
"""A row that was read, whichever way."""

Values = Mapping[str, Any]

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]
_NAME = re.compile(r"%\((\w+)\)s")
_MARK = re.compile(r"%\((\w+)\)s|%%")


class Direct:
    """One statement, SQLAlchemy's or a text with `:names`; its rows are dictionaries.

    `named` is its text with `%(names)s`, as psycopg reads it; what `of_psycopg` takes.
    """

    def __init__(self, statement: ClauseElement | str, *, named: str | None = None) -> None:
        self.named = named if named is not None else _compiled(statement)
        self._names = tuple(dict.fromkeys(_NAME.findall(self.named)))
        number = {name: f"${at}" for at, name in enumerate(self._names, start=1)}
        numbered = _MARK.sub(lambda mark: number[mark[1]] if mark[1] else "%", self.named)
        self._numbered = numbered.encode()

    @classmethod
    def of_psycopg(cls, statement: str) -> "Direct":
        """Take a text as psycopg reads it, with `%(names)s`."""
        return cls(statement, named=statement)

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

    async def rows_of(
        self, connection: AsyncConnection, values: Values, most: int
    ) -> Sequence[tuple[Any, ...]]:
        """The first rows on a connection of an event loop, as tuples."""
        cursor = AsyncRawCursor(connection)
        await cursor.execute(self._numbered, self._in_order(values))
        return await cursor.fetchmany(most)

    async def run_on(self, connection: AsyncConnection, values: Values) -> None:
        """Write on a connection of an event loop."""
        await AsyncRawCursor(connection).execute(self._numbered, self._in_order(values))

    def _in_order(self, values: Values | None) -> list[Any] | None:
        return [values[name] for name in self._names] if values else None

    def _sent(self, connection: Connection, values: Values | None) -> Cursor[dict[str, Any]]:
        if not connection.in_transaction():
            connection.begin()  # or a commit would not know that there is something to commit
        driver = connection.connection.driver_connection
        assert driver is not None, "a connection that is in use has a driver"
        cursor: Cursor[dict[str, Any]] = RawCursor(driver, row_factory=dict_row)
        return cursor.execute(self._numbered, self._in_order(values))


def _compiled(statement: ClauseElement | str) -> str:
    clause = text(statement) if isinstance(statement, str) else statement
    return str(clause.compile(dialect=DIALECT))


_ANY_VALUES = Direct("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)")
_AS_USUAL = Direct("SELECT set_config('plan_cache_mode', 'auto', true)")


@contextmanager
def kept_plans(connection: Connection) -> Iterator[None]:
    """Within, the server runs plans that serve any values, and keeps them.

    Left to itself it plans anew, for just these values, whenever its statistics make that look
    cheaper: in a storm, whose tables grow, on every third call, for ten times what running takes.
    Only for statements that reach everything by an index whatever they are given.
    """
    _ANY_VALUES.first(connection)
    yield
    _AS_USUAL.first(connection)  # where the block fails, the transaction does too
