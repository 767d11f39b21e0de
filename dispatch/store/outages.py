"""Outages: who is out because of them, since when, until when."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, bindparam, delete, insert, or_, select, text, update

from dispatch.domain.facts import DistrictEvidence, FeederEvidence, RestoredFacts
from dispatch.domain.outage import (
    Outage,
    OutageStatus,
    PredictedDevice,
    Scope,
)
from dispatch.domain.words import (
    AreaClass,
    DistrictId,
    NetworkLevel,
    OutageId,
    UsagePointId,
)
from dispatch.errors import Collision, NotFound, StaleVersion
from dispatch.store import callbacks, districts, evidence, interruptions
from dispatch.store.direct import Direct, Row
from dispatch.store.estimates import read_estimate, written_estimate
from dispatch.store.points import lon_lat_instead, point
from dispatch.store.predictions import prediction, written
from dispatch.store.tables.outages import outage as t
from dispatch.store.tables.outages import outage_number, outage_transformer, outage_usage_point
from dispatch.store.trees import Trees

_SELECT = select(*lon_lat_instead(t))
_NEXT = Direct(select(outage_number.next_value()))
_GET = Direct(_SELECT.where(t.c.id == bindparam("id")))
# Rows that refer to an outage are added while somebody changes it, not while somebody ends it.
_LOCK = Direct(_SELECT.where(t.c.id == bindparam("id")).with_for_update(key_share=True))
_LOCK_TO_END = Direct(_SELECT.where(t.c.id == bindparam("id")).with_for_update())
_JOIN = Direct(_SELECT.where(t.c.id == bindparam("id")).with_for_update(read=True, key_share=True))
_ADD = Direct(insert(t))
_IS_OPEN = text("outage.status <> 'closed' AND outage.status <> 'restored'")
_OPEN = Direct(_SELECT.where(t.c.district_id == bindparam("district"), _IS_OPEN).order_by(t.c.id))
_EXPIRING = Direct(
    _SELECT.where(
        _IS_OPEN,
        text("outage.etr_alarm <> 'passed'"),
        t.c.etr_at <= bindparam("soon"),
        or_(
            text("outage.etr_alarm = 'none' AND outage.etr_source IN ('crew', 'dispatcher')"),
            t.c.etr_at <= bindparam("now"),
        ),
    )
    .order_by(t.c.etr_at, t.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_LIT_LAST = Direct(
    """
    SELECT outage_id, max(restored_at) AS lit_at FROM (
        SELECT outage_id, restored_at FROM outage_transformer
        WHERE outage_id = ANY(CAST(:ids AS bigint[]))
        UNION ALL
        SELECT outage_id, restored_at FROM outage_usage_point
        WHERE outage_id = ANY(CAST(:ids AS bigint[]))
    ) AS part
    WHERE restored_at IS NOT NULL GROUP BY outage_id
    """
)
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
_TRANSFORMERS_LIT = Direct(
    """
    SELECT transformer_id FROM outage_transformer
    WHERE outage_id = :id AND restored_at IS NOT NULL
    """
)
_TRANSFORMERS_OUT = Direct(
    """
    SELECT transformer_id FROM outage_transformer
    WHERE transformer_id = ANY(CAST(:among AS text[])) AND restored_at IS NULL
        AND outage_id IS DISTINCT FROM CAST(:but AS bigint)
    """
)
_HOMES_OUT = Direct(
    """
    SELECT usage_point_id FROM outage_usage_point
    WHERE usage_point_id = ANY(CAST(:among AS bigint[])) AND restored_at IS NULL
        AND outage_id IS DISTINCT FROM CAST(:but AS bigint)
    """
)
BEFORE_IT_BEGAN = "2 minutes"
"""A device seen open so long before an outage of it is thought to have begun opened for that."""

# The row of a transformer that an outage has given light again says so; no other device of the way
# is known to be open but those that somebody confirmed, or saw open and not closed since.
_KEPT_DARK = Direct(
    f"""
    SELECT DISTINCT ON (transformer.id) transformer.id AS transformer_id, outage.id AS outage_id
    FROM transformer
    JOIN device ON device.feeder_id = transformer.feeder_id
        AND transformer.device_pre >= device.pre AND transformer.device_pre < device.post
    JOIN outage ON outage.device_id = device.id
        AND outage.status IN ('predicted', 'confirmed', 'partially_restored')
        AND outage.status <> 'closed'
        AND (outage.confirmed_at IS NOT NULL OR (
            SELECT seen.is_open FROM device_sighting AS seen
            WHERE seen.device_id = outage.device_id
                AND seen.at >= outage.started_at - interval '{BEFORE_IT_BEGAN}'
            ORDER BY seen.at DESC, seen.id DESC LIMIT 1
        ))
    WHERE transformer.id = ANY(CAST(:among AS text[])) AND outage.id <> :but
        AND outage.device_id IS DISTINCT FROM (SELECT device_id FROM outage WHERE id = :but)
        AND NOT EXISTS (
            SELECT FROM outage_transformer AS lit
            WHERE lit.outage_id = outage.id AND lit.transformer_id = transformer.id
                AND lit.restored_at IS NOT NULL
        )
    ORDER BY transformer.id, device.pre DESC, outage.started_at, outage.id
    """  # noqa: S608 (a constant)
)


_CONFIRMED_WITH = text(
    """
    SELECT id FROM outage
    WHERE device_id = :device_id AND id <> :but AND status <> 'closed'
        AND status IN ('confirmed', 'partially_restored')
    ORDER BY confirmed_at, id LIMIT 1
    """
)


_SEEN_OPEN = Direct(
    f"""
    SELECT id FROM outage
    WHERE device_id = :device_id AND status = 'predicted' AND status <> 'closed' AND EXISTS (
        SELECT FROM device_sighting AS seen
        WHERE seen.device_id = :device_id AND seen.is_open
            AND seen.at BETWEEN outage.started_at - interval '{BEFORE_IT_BEGAN}' AND :at
    )
    ORDER BY started_at, id LIMIT 1
    """  # noqa: S608 (a constant)
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

    def lock(self, outage_id: OutageId, *, to_end: bool = False) -> Outage:
        """Read one outage that nobody else changes before this transaction ends.

        `to_end`: nor does anybody join it; who is about to has first come in.
        """
        statement = _LOCK_TO_END if to_end else _LOCK
        return _found(statement.first(self._connection, {"id": outage_id}), outage_id)

    def join(self, outage_id: OutageId) -> Outage:
        """Read one outage that does not end before this transaction; others may change it."""
        outage = _found(_JOIN.first(self._connection, {"id": outage_id}), outage_id)
        if not outage.is_open:
            raise Collision("the outage ended at the same moment", outage_id=outage_id)
        return outage

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

    def list_open(self, district_id: DistrictId) -> Sequence[Outage]:
        """List a district's outages that are not over, by their number."""
        return [_from_row(row) for row in _OPEN.rows(self._connection, {"district": district_id})]

    def list_expiring(self, now: datetime, within: timedelta, limit: int) -> Sequence[Outage]:
        """Those whose estimate has passed, or a person's soon will, and nobody was told of it.

        What is worked out is worked out anew before it passes, and holds up nobody's word here.
        """
        asked = {"now": now, "soon": now + within, "limit": limit}
        return [_from_row(row) for row in _EXPIRING.rows(self._connection, asked)]

    def lit_last(self, outage_ids: Collection[OutageId]) -> Mapping[OutageId, datetime]:
        """When the latest of those who have light again got it; outages without any left out."""
        rows = _LIT_LAST.rows(self._connection, {"ids": sorted(outage_ids)})
        return {OutageId(row["outage_id"]): row["lit_at"] for row in rows}

    def transformers_lit(self, outage_id: OutageId) -> frozenset[str]:
        """List the transformers that it gave light again."""
        return frozenset(_TRANSFORMERS_LIT.values(self._connection, {"id": outage_id}))

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

    def not_held(self, scope: Scope, *, but: OutageId | None = None) -> Scope:
        """What of `scope` no open outage, other than `but`, holds now."""
        homes = scope.usage_points
        if homes:
            asked = {"among": sorted(homes), "but": but}
            homes -= frozenset(map(UsagePointId, _HOMES_OUT.values(self._connection, asked)))
        supplies = scope.transformers - self.transformers_out(scope.transformers, but=but)
        return Scope(transformers=supplies, usage_points=homes)

    def find_confirmed(self, device_id: str, *, but: OutageId) -> OutageId | None:
        """Read which open outage, other than `but`, was confirmed with a device; the oldest."""
        found = self._connection.scalar(_CONFIRMED_WITH, {"device_id": device_id, "but": but})
        return None if found is None else OutageId(found)

    def find_seen_open(self, device_id: str, at: datetime) -> OutageId | None:
        """Read which prediction names a device that was seen open since then, until `at`."""
        found = _SEEN_OPEN.value(self._connection, {"device_id": device_id, "at": at})
        return None if found is None else OutageId(found)

    def kept_dark(self, among: Collection[str], *, but: OutageId) -> Mapping[str, OutageId]:
        """Read which outage known to be real, other than `but`, leaves each transformer dark."""
        if not among:
            return {}
        asked = {"among": sorted(among), "but": but}
        rows = _KEPT_DARK.rows(self._connection, asked)
        return {row["transformer_id"]: OutageId(row["outage_id"]) for row in rows}

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
        phases=row["phases"],
        close_reason=row["close_reason"],
        parent_id=row["parent_id"],
        merged_into_id=row["merged_into_id"],
        estimate=read_estimate(row),
        prediction=prediction(row["prediction"]),
        version=row["version"],
    )


def _to_row(outage: Outage) -> dict[str, Any]:
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
        "phases": outage.phases,
        "close_reason": outage.close_reason,
        "parent_id": outage.parent_id,
        "merged_into_id": outage.merged_into_id,
        **written_estimate(outage.estimate),
        "prediction": None if outage.prediction is None else json.dumps(written(outage.prediction)),
        "version": outage.version,
    }
