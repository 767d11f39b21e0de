"""Versions of what was learned of waits, which of them is in force, and how busy districts are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, insert, select

from dispatch.domain.outage import Scope
from dispatch.domain.repair import DistrictNow, ForecastVersion, Telling
from dispatch.domain.words import DistrictId
from dispatch.errors import NotFound
from dispatch.store.direct import Direct
from dispatch.store.tables.learned import forecast_in_force, forecast_version

Built = TypeVar("Built")

_IN_FORCE = Direct("SELECT version FROM forecast_in_force ORDER BY id DESC LIMIT 1")
_KEPT = tuple(column.name for column in forecast_version.c if column.name != "version")
_LISTED = [column for column in forecast_version.c if column.name != "model"]
_AROUND = Direct(
    """
    SELECT
        (
            SELECT count(*) FROM outage
            WHERE district_id = :district AND opened_at > :since AND merged_into_id IS NULL
        ) AS opened_lately,
        (
            SELECT count(*) FROM outage
            WHERE district_id = :district AND status <> 'closed'
                AND status IN ('predicted', 'confirmed')
                AND NOT EXISTS (
                    SELECT FROM trouble_order
                    WHERE trouble_order.outage_id = outage.id AND trouble_order.status = 'arrived'
                )
        ) AS unreached,
        (
            SELECT count(*) FROM crew WHERE district_id = :district AND retired_at IS NULL
        ) AS crews
    """
)
_CUSTOMERS = Direct(
    """
    SELECT cardinality(CAST(:homes AS bigint[])) + coalesce(sum(customers), 0) AS customers
    FROM transformer WHERE id = ANY(CAST(:transformers AS text[]))
    """
)


@dataclass(slots=True)
class Loaded:
    """What a process has built from the version in force; made anew when another one is."""

    held: tuple[int, Any] | None = None


class PgForecasts:
    """Reads and writes versions on one connection; what is written stays as it is."""

    def __init__(
        self,
        connection: Connection,
        loaded: Loaded | None = None,
        telling: Telling | None = None,
    ) -> None:
        self._connection = connection
        self.telling = Telling() if telling is None else telling
        self._loaded = Loaded() if loaded is None else loaded

    def in_use(self, build: Callable[[ForecastVersion], Built]) -> Built | None:
        """Build from the version in force, once for each process; None: the shipped table."""
        version = self.in_force()
        if version is None:
            return None
        held = self._loaded.held
        if held is None or held[0] != version:
            held = self._loaded.held = (version, build(self.get(version)))
        built: Built = held[1]
        return built

    def in_force(self) -> int | None:
        """The version in force; None: the shipped table."""
        version = _IN_FORCE.value(self._connection)
        return None if version is None else int(version)

    def get(self, version: int) -> ForecastVersion:
        """Read a version with its model."""
        query = select(forecast_version).where(forecast_version.c.version == version)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("version of the forecasts", version=version)
        return ForecastVersion(**row)

    def list_versions(self) -> Sequence[ForecastVersion]:
        """List every version without its model, oldest first."""
        query = select(*_LISTED).order_by(forecast_version.c.version)
        return [_listed(row) for row in self._connection.execute(query).mappings()]

    def add(self, made: ForecastVersion) -> ForecastVersion:
        """Keep a new version; it comes back with its number."""
        values = {name: getattr(made, name) for name in _KEPT}
        query = insert(forecast_version).values(**values).returning(forecast_version.c.version)
        return replace(made, version=self._connection.execute(query).scalar_one())

    def put_into_force(self, version: int | None, *, at: datetime, by: str, reason: str) -> None:
        """Let a version count from now on; None: the shipped table."""
        values = {"version": version, "from_at": at, "by": by, "reason": reason}
        self._connection.execute(insert(forecast_in_force).values(**values))

    def around(self, district_id: DistrictId, since: datetime) -> DistrictNow:
        """How busy a district is, and how many outages were opened after `since`."""
        row = _AROUND.first(self._connection, {"district": district_id, "since": since})
        assert row is not None, "counts are a row"
        return DistrictNow(**row)

    def count_customers(self, scope: Scope) -> int:
        """How many customers a scope holds."""
        asked = {"homes": sorted(scope.usage_points), "transformers": sorted(scope.transformers)}
        return int(_CUSTOMERS.value(self._connection, asked) or 0)


def _listed(row: RowMapping) -> ForecastVersion:
    return ForecastVersion(**row, model={})
