"""Versions of the rates that inference assumes, and which of them is in force."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select

from dispatch.domain.past import RatesVersion
from dispatch.errors import NotFound
from dispatch.store.direct import Direct
from dispatch.store.tables.learned import rates_in_force, rates_version

_IN_FORCE = Direct("SELECT version FROM rates_in_force ORDER BY id DESC LIMIT 1")
_KEPT = tuple(column.name for column in rates_version.c if column.name != "version")


class PgRates:
    """Reads and writes versions on one connection; what is written stays as it is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def in_force(self) -> int | None:
        """The version in force; None: the rates that were shipped."""
        version = _IN_FORCE.value(self._connection)
        return None if version is None else int(version)

    def get(self, version: int) -> RatesVersion:
        """Read a version."""
        query = select(rates_version).where(rates_version.c.version == version)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("version of the rates", version=version)
        return _version(row)

    def list_versions(self) -> Sequence[RatesVersion]:
        """List every version, oldest first."""
        query = select(rates_version).order_by(rates_version.c.version)
        return [_version(row) for row in self._connection.execute(query).mappings()]

    def add(self, made: RatesVersion) -> RatesVersion:
        """Keep a new version; it comes back with its number."""
        values = {name: getattr(made, name) for name in _KEPT}
        query = insert(rates_version).values(**values).returning(rates_version.c.version)
        return replace(made, version=self._connection.execute(query).scalar_one())

    def put_into_force(self, version: int | None, *, at: datetime, by: str, reason: str) -> None:
        """Let a version count from now on; None: the rates that were shipped."""
        values = {"version": version, "from_at": at, "by": by, "reason": reason}
        self._connection.execute(insert(rates_in_force).values(**values))


def _version(row: RowMapping) -> RatesVersion:
    return RatesVersion(**{**row, "estimates": tuple(row["estimates"])})
