"""Outages, planned and not: who is out because of them, since when, until when."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from dispatch.domain.facts import DistrictEvidence, FeederEvidence, RestoredFacts
from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    Outage,
    OutageStatus,
    PlannedOutage,
    PredictedDevice,
    Scope,
)
from dispatch.domain.words import (
    AreaClass,
    DistrictId,
    NetworkLevel,
    OutageId,
    PlannedOutageId,
    UsagePointId,
)
from dispatch.errors import NotFound, StaleVersion
from dispatch.store import callbacks, districts, evidence, interruptions
from dispatch.store.direct import Direct, Row
from dispatch.store.operations import outage as t
from dispatch.store.operations import (
    outage_number,
    outage_transformer,
    outage_usage_point,
    planned_number,
    planned_outage,
    planned_outage_transformer,
)
from dispatch.store.points import lon_lat_instead, point
from dispatch.store.predictions import prediction, written
from dispatch.store.trees import Trees

_SELECT = select(*lon_lat_instead(t))
_NEXT = Direct(select(outage_number.next_value()))
_GET = Direct(_SELECT.where(t.c.id == bindparam("id")))
_LOCK = Direct(_SELECT.where(t.c.id == bindparam("id")).with_for_update())
_ADD = Direct(insert(t))
_UPDATE = Direct(
    update(t).where(t.c.id == bindparam("read_id"), t.c.version == bindparam("read_version"))
)
"""Names the row and the version it was read at; what is written comes as parameters."""

# What is out already stays as it is; what this outage restored before is out again, at the
# earliest since then. The order of the rows is the order of the locks.
_WIDEN_TRANSFORMERS = Direct(
    """
    INSERT INTO outage_transformer (outage_id, transformer_id, out_from)
    SELECT CAST(:outage_id AS bigint), transformer_id, CAST(:out_from AS timestamptz)
    FROM unnest(CAST(:ids AS text[])) AS transformer_id ORDER BY transformer_id
    ON CONFLICT (outage_id, transformer_id) DO UPDATE
    SET restored_at = NULL,
        out_from = CASE
            WHEN outage_transformer.restored_at IS NULL
                THEN least(excluded.out_from, outage_transformer.out_from)
            ELSE greatest(excluded.out_from, outage_transformer.restored_at)
        END
    """
)
_WIDEN_USAGE_POINTS = Direct(
    """
    INSERT INTO outage_usage_point (outage_id, usage_point_id, out_from)
    SELECT CAST(:outage_id AS bigint), usage_point_id, CAST(:out_from AS timestamptz)
    FROM unnest(CAST(:ids AS bigint[])) AS usage_point_id ORDER BY usage_point_id
    ON CONFLICT (outage_id, usage_point_id) DO UPDATE
    SET restored_at = NULL,
        out_from = CASE
            WHEN outage_usage_point.restored_at IS NULL
                THEN least(excluded.out_from, outage_usage_point.out_from)
            ELSE greatest(excluded.out_from, outage_usage_point.restored_at)
        END
    """
)
# A row that was restored once before keeps that in `interruption`.
_RELEASE = (
    Direct("DELETE FROM outage_transformer WHERE outage_id = :id AND restored_at IS NULL"),
    Direct("DELETE FROM outage_usage_point WHERE outage_id = :id AND restored_at IS NULL"),
)


_SCOPE = Direct(
    """
    SELECT ARRAY(
        SELECT transformer_id FROM outage_transformer
        WHERE outage_id = :id AND restored_at IS NULL
    ) AS transformers, ARRAY(
        SELECT usage_point_id FROM outage_usage_point
        WHERE outage_id = :id AND restored_at IS NULL
    ) AS usage_points
    """
)
_CUSTOMERS_OUT = text(
    """
    SELECT outage_id, CAST(sum(customers) AS integer) AS customers
    FROM (
        SELECT held.outage_id, transformer.customers
        FROM outage_transformer AS held JOIN transformer ON transformer.id = held.transformer_id
        WHERE held.outage_id = ANY(CAST(:ids AS bigint[])) AND held.restored_at IS NULL
        UNION ALL
        SELECT outage_id, 1 FROM outage_usage_point
        WHERE outage_id = ANY(CAST(:ids AS bigint[])) AND restored_at IS NULL
    ) AS dark
    GROUP BY outage_id
    """
)
_ADD_NEWS = Direct(
    "INSERT INTO feeder_news (feeder_id, district_id, at) VALUES (:feeder_id, :district_id, :at)"
)
_TAKE_NEWS = Direct("DELETE FROM feeder_news WHERE feeder_id = :feeder_id")
_TAKE_DISTRICT_NEWS = Direct("DELETE FROM feeder_news WHERE district_id = :district_id")
_TRANSFORMERS_OUT = Direct(
    """
    SELECT transformer_id FROM outage_transformer
    WHERE transformer_id = ANY(CAST(:among AS text[])) AND restored_at IS NULL
        AND outage_id IS DISTINCT FROM CAST(:but AS bigint)
    """
)
# The row of a transformer that an outage has given light again says so; no other device of the way
# is known to be open but those that somebody confirmed.
_KEPT_DARK = Direct(
    """
    SELECT DISTINCT ON (transformer.id) transformer.id AS transformer_id, outage.id AS outage_id
    FROM transformer
    JOIN device ON device.feeder_id = transformer.feeder_id
        AND transformer.device_pre >= device.pre AND transformer.device_pre < device.post
    JOIN outage ON outage.device_id = device.id
        AND outage.status IN ('confirmed', 'partially_restored') AND outage.status <> 'closed'
        AND outage.confirmed_at IS NOT NULL
    WHERE transformer.id = ANY(CAST(:among AS text[])) AND outage.id <> :but
        AND outage.device_id IS DISTINCT FROM (SELECT device_id FROM outage WHERE id = :but)
        AND NOT EXISTS (
            SELECT FROM outage_transformer AS lit
            WHERE lit.outage_id = outage.id AND lit.transformer_id = transformer.id
                AND lit.restored_at IS NOT NULL
        )
    ORDER BY transformer.id, device.pre DESC, outage.started_at, outage.id
    """
)


class PgOutages:
    """Reads and writes outages on one connection."""

    def __init__(self, connection: Connection, trees: Trees | None = None) -> None:
        self._connection = connection
        self._trees = Trees() if trees is None else trees

    def next_id(self) -> OutageId:
        """Take the next number."""
        return OutageId(_NEXT.value(self._connection))

    def get(self, outage_id: OutageId) -> Outage:
        """Read one outage."""
        return _found(_GET.first(self._connection, {"id": outage_id}), outage_id)

    def lock(self, outage_id: OutageId) -> Outage:
        """Read one outage that nobody else changes before this transaction ends."""
        return _found(_LOCK.first(self._connection, {"id": outage_id}), outage_id)

    def add(self, outage: Outage, scope: Scope) -> None:
        """Store a new outage and who is out because of it, since it started."""
        _ADD.run(self._connection, _to_row(outage))
        self.widen(outage.id, scope, outage.started_at)

    def save(self, outage: Outage) -> Outage:
        """Write `outage` over the version it was read at."""
        saved = replace(outage, version=outage.version + 1)
        read = {"read_id": outage.id, "read_version": outage.version}
        if _UPDATE.run(self._connection, {**_to_row(saved), **read}) != 1:
            raise StaleVersion("the outage has changed", outage_id=outage.id)
        return saved

    def scope_out(self, outage_id: OutageId) -> Scope:
        """Read who is out now because of it."""
        out = _SCOPE.first(self._connection, {"id": outage_id})
        assert out is not None, "two arrays are a row"
        return Scope(
            transformers=frozenset(out["transformers"]),
            usage_points=frozenset(map(UsagePointId, out["usage_points"])),
        )

    def customers_out(self, outage_ids: Collection[OutageId]) -> Mapping[OutageId, int]:
        """Count who is out now because of each; outages with nobody out are left out."""
        rows = self._connection.execute(_CUSTOMERS_OUT, {"ids": sorted(outage_ids)})
        return {OutageId(row.outage_id): row.customers for row in rows if row.customers}

    def widen(self, outage_id: OutageId, scope: Scope, out_from: datetime) -> None:
        """Add to who is out; `Collision` where another open outage holds a part of `scope`."""
        common = {"outage_id": outage_id, "out_from": out_from}
        if scope.transformers:
            ids = list(scope.transformers)
            _WIDEN_TRANSFORMERS.run(self._connection, {**common, "ids": ids})
        if scope.usage_points:
            homes = list(scope.usage_points)
            _WIDEN_USAGE_POINTS.run(self._connection, {**common, "ids": homes})

    def release(self, outage_id: OutageId) -> None:
        """Drop everybody still out from it."""
        for statement in _RELEASE:
            statement.run(self._connection, {"id": outage_id})

    def release_part(self, outage_id: OutageId, scope: Scope) -> None:
        """Drop some of those still out from it."""
        for table, column, ids in (
            (outage_transformer, outage_transformer.c.transformer_id, scope.transformers),
            (outage_usage_point, outage_usage_point.c.usage_point_id, scope.usage_points),
        ):
            self._connection.execute(
                delete(table).where(
                    table.c.outage_id == outage_id,
                    table.c.restored_at.is_(None),
                    column.in_(sorted(ids)),
                )
            )

    def restore(self, outage_id: OutageId, scope: Scope, at: datetime) -> int:
        """Mark `scope` as supplied again and record the interruptions; customers restored."""
        return interruptions.restore(self._connection, outage_id, scope, at)

    def transformers_out(
        self, among: Collection[str], *, but: OutageId | None = None
    ) -> frozenset[str]:
        """List those of the transformers that an open outage, other than `but`, holds now."""
        if not among:
            return frozenset()
        asked = {"among": sorted(among), "but": but}
        return frozenset(_TRANSFORMERS_OUT.values(self._connection, asked))

    def kept_dark(self, among: Collection[str], *, but: OutageId) -> Mapping[str, OutageId]:
        """Read which confirmed outage, other than `but`, leaves each transformer dark."""
        if not among:
            return {}
        asked = {"among": sorted(among), "but": but}
        rows = _KEPT_DARK.rows(self._connection, asked)
        return {row["transformer_id"]: OutageId(row["outage_id"]) for row in rows}

    def next_planned_id(self) -> PlannedOutageId:
        """Take the next number."""
        return PlannedOutageId(self._connection.execute(planned_number.next_value()).scalar_one())

    def get_planned(self, planned_id: PlannedOutageId) -> PlannedOutage:
        """Read one planned outage with its transformers."""
        query = select(planned_outage).where(planned_outage.c.id == planned_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("planned outage", planned_outage_id=planned_id)
        transformers = select(planned_outage_transformer.c.transformer_id).where(
            planned_outage_transformer.c.planned_outage_id == planned_id
        )
        return _planned(row, frozenset(self._connection.scalars(transformers)))

    def list_planned_overdue(self, now: datetime, limit: int) -> Sequence[PlannedOutage]:
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
        return [self.get_planned(PlannedOutageId(each)) for each in ids]

    def add_planned(self, planned: PlannedOutage) -> None:
        """Store a new planned outage."""
        self._connection.execute(insert(planned_outage).values(**_planned_row(planned)))
        self._write_transformers(planned)

    def save_planned(self, planned: PlannedOutage) -> PlannedOutage:
        """Write `planned` over the version it was read at."""
        saved = replace(planned, version=planned.version + 1)
        done = self._connection.execute(
            update(planned_outage)
            .where(planned_outage.c.id == planned.id, planned_outage.c.version == planned.version)
            .values(**_planned_row(saved))
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

    def record_planned_interruptions(self, planned: PlannedOutage, at: datetime) -> int:
        """Record that its customers were out from its start to `at`; how many they were."""
        return interruptions.record_planned(self._connection, planned.id, planned.starts_at, at)

    def ask_grouping(
        self, feeder_id: str | None, district_id: DistrictId | None, now: datetime
    ) -> None:
        """Note that a feeder is to be looked at again; without one, its district."""
        if feeder_id is None and district_id is None:
            return
        where = None if feeder_id is not None else district_id
        note = {"feeder_id": feeder_id, "district_id": where, "at": now}
        _ADD_NEWS.run(self._connection, note)

    def district_evidence(self, district_id: DistrictId, now: datetime) -> DistrictEvidence:
        """Read what is known of a district where no feeder is modelled.

        The notes that it has news are taken away first, so that none is that was not read.
        """
        _TAKE_DISTRICT_NEWS.run(self._connection, {"district_id": district_id})
        return districts.of_district(self._connection, self._trees, district_id, now)

    def feeder_evidence(self, feeder_id: str, now: datetime) -> FeederEvidence:
        """Read what is known about a feeder: its devices, reports, outages, and who has light.

        The notes that it has news are taken away first, so that none is that was not read.
        """
        _TAKE_NEWS.run(self._connection, {"feeder_id": feeder_id})
        return self.look_along(feeder_id, now)

    def look_along(self, feeder_id: str, now: datetime) -> FeederEvidence:
        """Read the same for somebody who only looks: the notes that it has news stay."""
        return evidence.of_feeder(self._connection, self._trees, feeder_id, now)

    def find_restored(self, outage: Outage, now: datetime) -> RestoredFacts | None:
        """Read what its restoration left to be asked; None as long as nothing is restored."""
        return callbacks.restored_facts(self._connection, self._trees, outage, now)

    def _write_transformers(self, planned: PlannedOutage) -> None:
        self._connection.execute(
            text(
                "INSERT INTO planned_outage_transformer (planned_outage_id, transformer_id)"
                " SELECT :id, unnest(CAST(:transformers AS text[])) ON CONFLICT DO NOTHING"
            ),
            {"id": planned.id, "transformers": sorted(planned.transformers)},
        )


def _found(row: Row | None, outage_id: OutageId) -> Outage:
    if row is None:
        raise NotFound("outage", outage_id=outage_id)
    return _from_row(row)


def _from_row(row: Row) -> Outage:
    return Outage(
        id=OutageId(row["id"]),
        district_id=DistrictId(row["district_id"]),
        level=NetworkLevel(row["level"]),
        feeder_id=row["feeder_id"],
        device=PredictedDevice(
            id=row["device_id"], kind=row["device_kind"], name=row["device_name"]
        ),
        lon=row["lon"],
        lat=row["lat"],
        accuracy_m=row["accuracy_m"],
        area_class=AreaClass(row["area_class"]),
        started_at=row["started_at"],
        opened_at=row["opened_at"],
        status=OutageStatus(row["status"]),
        confirmed_at=row["confirmed_at"],
        restored_at=row["restored_at"],
        closed_at=row["closed_at"],
        cause=row["cause"],
        close_reason=row["close_reason"],
        parent_id=row["parent_id"],
        merged_into_id=row["merged_into_id"],
        estimate=estimate(row["etr_at"], row["etr_source"], row["etr_confidence"]),
        prediction=prediction(row["prediction"]),
        version=row["version"],
    )


def estimate(
    at: datetime | None, source: str | None, confidence: str | None
) -> EstimatedRestoration | None:
    """Put an estimate together from its three columns; None where there is none."""
    if at is None or source is None or confidence is None:
        return None
    return EstimatedRestoration(
        at=at, source=EstimateSource(source), confidence=Confidence(confidence)
    )


def _to_row(outage: Outage) -> dict[str, Any]:
    etr = outage.estimate
    return {
        "id": outage.id,
        "district_id": outage.district_id,
        "status": outage.status.value,
        "level": outage.level.value,
        "feeder_id": outage.feeder_id,
        "device_id": outage.device.id,
        "device_kind": outage.device.kind,
        "device_name": outage.device.name,
        "point": point(outage.lon, outage.lat),
        "accuracy_m": outage.accuracy_m,
        "area_class": outage.area_class.value,
        "started_at": outage.started_at,
        "opened_at": outage.opened_at,
        "confirmed_at": outage.confirmed_at,
        "restored_at": outage.restored_at,
        "closed_at": outage.closed_at,
        "cause": outage.cause,
        "close_reason": outage.close_reason,
        "parent_id": outage.parent_id,
        "merged_into_id": outage.merged_into_id,
        "etr_at": None if etr is None else etr.at,
        "etr_source": None if etr is None else etr.source.value,
        "etr_confidence": None if etr is None else etr.confidence.value,
        "prediction": None if outage.prediction is None else json.dumps(written(outage.prediction)),
        "version": outage.version,
    }


def _planned(row: Row, transformers: frozenset[str]) -> PlannedOutage:
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
        version=row["version"],
    )


def _planned_row(planned: PlannedOutage) -> dict[str, Any]:
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
        "version": planned.version,
    }
