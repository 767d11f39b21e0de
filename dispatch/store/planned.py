"""Planned outages: which transformers, from when to when, and what became of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from dispatch.domain.outage import PlannedOutage
from dispatch.domain.words import DistrictId, PlannedOutageId
from dispatch.errors import NotFound, StaleVersion
from dispatch.store import interruptions
from dispatch.store.direct import Row
from dispatch.store.tables.outages import planned_number, planned_outage, planned_outage_transformer


class PgPlannedOutages:
    """Reads and writes planned outages on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def next_id(self) -> PlannedOutageId:
        """Take the next number."""
        return PlannedOutageId(self._connection.execute(planned_number.next_value()).scalar_one())

    def get(self, planned_id: PlannedOutageId) -> PlannedOutage:
        """Read one planned outage with its transformers."""
        query = select(planned_outage).where(planned_outage.c.id == planned_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("planned outage", planned_outage_id=planned_id)
        transformers = select(planned_outage_transformer.c.transformer_id).where(
            planned_outage_transformer.c.planned_outage_id == planned_id
        )
        return _from_row(row, frozenset(self._connection.scalars(transformers)))

    def list_overdue(self, now: datetime, limit: int) -> Sequence[PlannedOutage]:
        """List those past their planned end of which that was not noted, earliest end first."""
        p = planned_outage.c
        query = (
            select(p.id)
            .where(
                p.ends_at < now,
                p.cancelled_at.is_(None),
                p.ended_at.is_(None),
                p.overdue_at.is_(None),
            )
            .order_by(p.ends_at, p.id)
            .limit(limit)
        )
        ids = self._connection.scalars(query).all()
        return [self.get(PlannedOutageId(each)) for each in ids]

    def add(self, planned: PlannedOutage) -> None:
        """Store a new planned outage."""
        self._connection.execute(insert(planned_outage).values(**_to_row(planned)))
        self._write_transformers(planned)

    def save(self, planned: PlannedOutage) -> PlannedOutage:
        """Write `planned` over the version it was read at."""
        saved = replace(planned, version=planned.version + 1)
        done = self._connection.execute(
            update(planned_outage)
            .where(planned_outage.c.id == planned.id, planned_outage.c.version == planned.version)
            .values(**_to_row(saved))
        )
        if done.rowcount != 1:
            raise StaleVersion("the planned outage has changed", planned_outage_id=planned.id)
        links = planned_outage_transformer
        self._connection.execute(
            links.delete().where(
                links.c.planned_outage_id == planned.id,
                links.c.transformer_id.not_in(sorted(planned.transformers)),
            )
        )
        self._write_transformers(saved)
        return saved

    def record_interruptions(self, planned: PlannedOutage, at: datetime) -> int:
        """Record that its customers were out from its start to `at`; how many they were."""
        return interruptions.record_planned(self._connection, planned.id, planned.starts_at, at)

    def _write_transformers(self, planned: PlannedOutage) -> None:
        self._connection.execute(
            text(
                "INSERT INTO planned_outage_transformer (planned_outage_id, transformer_id)"
                " SELECT :id, unnest(CAST(:transformers AS text[])) ON CONFLICT DO NOTHING"
            ),
            {"id": planned.id, "transformers": sorted(planned.transformers)},
        )


def _from_row(row: Row, transformers: frozenset[str]) -> PlannedOutage:
    return PlannedOutage(
        id=PlannedOutageId(row["id"]),
        district_id=DistrictId(row["district_id"]),
        feeder_id=row["feeder_id"],
        reason=row["reason"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        transformers=transformers,
        notified_at=row["notified_at"],
        cancelled_at=row["cancelled_at"],
        ended_at=row["ended_at"],
        overdue_at=row["overdue_at"],
        reminded_at=row["reminded_at"],
        version=row["version"],
    )


def _to_row(planned: PlannedOutage) -> dict[str, Any]:
    return {
        "id": planned.id,
        "district_id": planned.district_id,
        "feeder_id": planned.feeder_id,
        "reason": planned.reason,
        "starts_at": planned.starts_at,
        "ends_at": planned.ends_at,
        "notified_at": planned.notified_at,
        "cancelled_at": planned.cancelled_at,
        "ended_at": planned.ended_at,
        "overdue_at": planned.overdue_at,
        "reminded_at": planned.reminded_at,
        "version": planned.version,
    }
