"""What is known along one feeder, in a few short queries."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from dispatch.domain.facts import (
    DeviceSighting,
    FeederEvidence,
    FeederTree,
    MeterSignal,
    MeterSignalKind,
    OutageElsewhere,
    OutageFact,
    PlannedWork,
    ReportFact,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import (
    NOT_A_LOSS,
    DistrictId,
    NetworkLevel,
    OutageId,
    Symptom,
    TicketId,
    UsagePointId,
)
from dispatch.journal import SYSTEM
from dispatch.known import DEFAULT_WEIGHTS, CallerSays
from dispatch.store.direct import Direct, Row, kept_plans
from dispatch.store.predictions import prediction
from dispatch.store.trees import Kept, Spread, Trees
from dispatch.store.zones import in_force

LIT_WITHIN = timedelta(days=1)
BY_POSITION = frozenset({"position", "address", "landmark"})
FINEST_M = 30.0
"""No position is nearer to its customer's meter than this (assumption)."""

_REPORT = """
    SELECT ticket.id AS ticket_id, usage_point_id, ticket.transformer_id, ticket.outage_id,
        received_at, usage_point.phases,
        usage_point.kind AS customer_kind,
        symptoms, multiple_premises, found_by, accuracy_m, ticket.point,
        ST_X(ticket.point) AS lon, ST_Y(ticket.point) AS lat,
        coalesce(held.by <> :system, false) AS by_hand, held.probability,
        (
            SELECT array_agg(DISTINCT attachment.outage_id)
            FROM attachment JOIN outage ON outage.id = attachment.outage_id
            WHERE attachment.ticket_id = ticket.id AND attachment.detached_by <> :system
                AND attachment.outage_id IS DISTINCT FROM ticket.outage_id
                AND outage.status NOT IN ('restored', 'closed')
        ) AS kept_apart_from
    FROM ticket
    LEFT JOIN attachment AS held ON held.ticket_id = ticket.id AND held.detached_at IS NULL
    LEFT JOIN usage_point ON usage_point.id = ticket.usage_point_id
    WHERE ticket.status = 'open' AND ticket.disposition <> 'planned'
        AND NOT (symptoms <> '{}' AND symptoms <@ CAST(:not_a_loss AS text[]))
"""
_IN_ORDER = " ORDER BY received_at, ticket.id"
_REPORTS = Direct(_REPORT + "AND ticket.feeder_id = :feeder_id" + _IN_ORDER)
_WITHOUT_FEEDER = """
    AND ticket.district_id = :district_id
    AND (ticket.feeder_id IS NULL OR ticket.feeder_id = ANY(ARRAY(
        SELECT id FROM feeder
        WHERE feeder.district_id = :district_id
            AND NOT EXISTS (SELECT FROM device WHERE device.feeder_id = feeder.id)
    )))
"""
_REPORTS_WITHOUT_FEEDER = Direct(_REPORT + _WITHOUT_FEEDER + _IN_ORDER)
_OUTAGE = """
    SELECT outage.id, status, level, device_id, phases, started_at, opened_at, prediction,
        (
            SELECT max(trouble_order.hold_until) FROM trouble_order
            WHERE trouble_order.outage_id = outage.id
                AND trouble_order.status = 'awaiting_assignment'
        ) AS hold_until,
        EXISTS (
            SELECT FROM trouble_order
            WHERE trouble_order.outage_id = outage.id
                AND trouble_order.status NOT IN ('field_complete', 'cancelled')
                AND trouble_order.status IN ('accepted', 'en_route', 'arrived')
        ) AS crew_on_its_way,
        EXISTS (
            SELECT FROM trouble_order
            WHERE trouble_order.outage_id = outage.id AND trouble_order.status <> 'cancelled'
                AND trouble_order.supports_id IS NULL
                AND (
                    trouble_order.status <> 'awaiting_assignment'
                    OR trouble_order.hold_until IS NULL
                )
        ) AS order_sent,
        ARRAY(
            SELECT transformer_id FROM outage_transformer
            WHERE outage_transformer.outage_id = outage.id
                AND coalesce(restored_at, 'infinity') = 'infinity'
        ) AS transformers
    FROM outage
    WHERE status NOT IN ('restored', 'closed')
"""
_BY_AGE = " ORDER BY started_at, outage.id"
_OUTAGES = Direct(_OUTAGE + "AND feeder_id = :feeder_id" + _BY_AGE)
_OUTAGES_WITHOUT_FEEDER = Direct(
    _OUTAGE + "AND district_id = :district_id AND level <> 'feeder_model'" + _BY_AGE
)
# Somebody has light: supply was restored, a caller said so, or the neighbours have it. What went
# over to another outage at its restoration got none.
_LIT = """
    SELECT transformer_id, max(lit_at) AS lit_at, max(lost_at) AS lost_at,
        max(lit_at) FILTER (WHERE lost_at IS NOT NULL) AS relit_at
    FROM (
        SELECT restored.transformer_id, restored.out_from AS lost_at, restored.restored_at AS lit_at
        FROM outage_transformer AS restored
        JOIN transformer ON transformer.id = restored.transformer_id
        WHERE {here} AND restored.restored_at > :since
            AND NOT EXISTS (
                SELECT FROM outage_transformer AS taken
                WHERE taken.transformer_id = restored.transformer_id
                    AND taken.outage_id <> restored.outage_id
                    AND taken.out_from = restored.restored_at
            )
        UNION ALL
        SELECT said.transformer_id, NULL, said.received_at
        FROM ticket AS said
        JOIN transformer ON transformer.id = said.transformer_id
        WHERE {here} AND said.received_at > :since
            AND '{lit}' = ANY(said.symptoms)
        UNION ALL
        SELECT asked.transformer_id, NULL, told.told_at
        FROM ticket AS asked
        JOIN transformer ON transformer.id = asked.transformer_id
        JOIN told ON told.ticket_id = asked.id AND told.power_on
        WHERE {here} AND asked.received_at > :since
    ) AS seen
    GROUP BY transformer_id
"""
_SAID_LIT = Symptom.NEIGHBOURS_LIT.value  # written out, so that its small index serves
_LIT_ALONG = Direct(_LIT.format(here="transformer.feeder_id = :feeder_id", lit=_SAID_LIT))
_LIT_OF = Direct(
    _LIT.format(here="transformer.id = ANY(CAST(:transformers AS text[]))", lit=_SAID_LIT)
)

# A cancelled one that had begun was dark until it was cancelled.
_PLANNED = """
    SELECT array_agg(held.transformer_id) AS transformers,
        starts_at - :early AS begins_at,
        coalesce(ended_at, cancelled_at, ends_at + :late) AS ends_at
    FROM planned_outage
    JOIN planned_outage_transformer AS held ON held.planned_outage_id = planned_outage.id
    JOIN transformer ON transformer.id = held.transformer_id
    WHERE {here} AND ends_at + :late > :since AND starts_at - :early <= :now
        AND coalesce(cancelled_at > starts_at, true)
    GROUP BY planned_outage.id ORDER BY planned_outage.id
"""
_PLANNED_ALONG = Direct(_PLANNED.format(here="transformer.feeder_id = :feeder_id"))
_PLANNED_OF = Direct(_PLANNED.format(here="transformer.id = ANY(CAST(:transformers AS text[]))"))

# What other feeders' outages hold of the places where callers of this one may be.
_HOLDING = Direct(
    """
    SELECT outage.id, status <> 'predicted' AS is_confirmed, started_at, 0 AS reports,
        array_agg(transformer_id) AS transformers
    FROM outage_transformer AS held JOIN outage ON outage.id = held.outage_id
    WHERE held.transformer_id = ANY(CAST(:places AS text[])) AND held.restored_at IS NULL
        AND outage.district_id = :district_id AND outage.feeder_id <> :feeder_id
        AND outage.device_id IS NOT NULL
    GROUP BY outage.id ORDER BY outage.id
    """
)

_SIGNALS = Direct(
    """
    SELECT usage_point_id, transformer_id, kind, at FROM meter_signal
    WHERE feeder_id = :feeder_id AND at > :since AND transformer_id IS NOT NULL ORDER BY at, id
    """
)
_SIGNALS_OF = Direct(
    """
    SELECT usage_point_id, transformer_id, kind, at FROM meter_signal
    WHERE feeder_id IS NULL AND at > :since
        AND transformer_id = ANY(CAST(:transformers AS text[])) ORDER BY at, id
    """
)
# When each device was last seen closed, and when first open since: who polls says so repeatedly.
_SIGHTINGS = Direct(
    """
    SELECT DISTINCT ON (device_id, is_open) device_id, is_open, is_live, at, source
    FROM (
        SELECT *, max(at) FILTER (WHERE NOT is_open) OVER (PARTITION BY device_id) AS closed_at
        FROM device_sighting WHERE feeder_id = :feeder_id AND at > :since
    ) AS seen
    WHERE CASE WHEN is_open THEN at > coalesce(closed_at, '-infinity') ELSE at = closed_at END
    ORDER BY device_id, is_open, at, id
    """
)

# A zone makes the whole feeder stormy as soon as one transformer lies in it: what opens may lie
# anywhere along the line. There are few zones, most days none, so they are looked at first.
_HOLDS = f"{in_force('CAST(:now AS timestamptz)')} AND kind <> 'no_go'"
_DECLARED = Direct(
    f"""
    WITH zone AS MATERIALIZED (SELECT area, districts FROM hazard_zone WHERE {_HOLDS})
    SELECT EXISTS (
        SELECT FROM zone JOIN transformer ON ST_Intersects(zone.area, transformer.point)
        WHERE transformer.feeder_id = :feeder_id
            AND CAST(:district_id AS text) = ANY(zone.districts)
    )
    """  # noqa: S608 (a constant)
)
_DECLARED_IN = Direct(
    f"""
    WITH zone AS MATERIALIZED (SELECT area, districts FROM hazard_zone WHERE {_HOLDS})
    SELECT EXISTS (
        SELECT FROM zone JOIN ticket ON ST_Intersects(zone.area, ticket.point)
        WHERE ticket.district_id = :district_id AND ticket.status = 'open'
            AND CAST(:district_id AS text) = ANY(zone.districts)
    )
    """  # noqa: S608 (a constant)
)


def of_feeder(
    connection: Connection, trees: Trees, feeder_id: str, now: datetime
) -> FeederEvidence:
    """Read what is known along a feeder; an unknown one is empty."""

    def rows(query: Direct, **more: object) -> list[dict[str, Any]]:
        return query.rows(connection, {"feeder_id": feeder_id, **more})

    kept = trees.read(connection, feeder_id)
    since = now - LIT_WITHIN
    with kept_plans(connection):
        lit = rows(_LIT_ALONG, since=since)
        called = rows(_REPORTS, system=SYSTEM, not_a_loss=sorted(NOT_A_LOSS))
    reports = tuple(_report(row, _spread(connection, trees, row)) for row in called)
    places = _places_elsewhere(reports, kept.tree)
    holding = rows(_HOLDING, district_id=kept.district_id, places=places) if places else []
    return FeederEvidence(
        tree=kept.tree,
        reports=reports,
        outages=tuple(map(_outage, rows(_OUTAGES))),
        **_light(lit),
        signals=tuple(map(_signal, rows(_SIGNALS, since=since))),
        sightings=tuple(DeviceSighting(**row) for row in rows(_SIGHTINGS, since=since)),
        around=replace(
            trees.around(connection, kept, now),
            declared=_is_declared(connection, kept, now),
        ),
        elsewhere=_elsewhere(trees.busy_elsewhere(connection, kept, now), holding),
        planned=tuple(map(_planned, rows(_PLANNED_ALONG, **_when(now)))),
        district_id=None if kept.district_id is None else DistrictId(kept.district_id),
    )


def without_feeder(
    connection: Connection,
    trees: Trees,
    district_id: DistrictId,
    transformers: Sequence[str],
    now: datetime,
) -> dict[str, Any]:
    """What is known of a district's transformers, and its places, that hang on no modelled feeder.

    As the fields of `DistrictEvidence` that change from look to look.
    """
    asked = {"transformers": list(transformers), "since": now - LIT_WITHIN}
    told = {"system": SYSTEM, "not_a_loss": sorted(NOT_A_LOSS), "district_id": district_id}
    lit = _LIT_OF.rows(connection, asked)
    reports = _REPORTS_WITHOUT_FEEDER.rows(connection, told)
    outages = _OUTAGES_WITHOUT_FEEDER.rows(connection, {"district_id": district_id})
    return {
        "reports": tuple(_report(row, _spread(connection, trees, row)) for row in reports),
        "outages": tuple(map(_outage, outages)),
        **_light(lit),
        "signals": tuple(map(_signal, _SIGNALS_OF.rows(connection, asked))),
        "planned": tuple(
            map(
                _planned,
                _PLANNED_OF.rows(connection, {"transformers": asked["transformers"]} | _when(now)),
            )
        ),
        "declared": bool(_DECLARED_IN.value(connection, {"district_id": district_id, "now": now})),
    }


def _is_declared(connection: Connection, kept: Kept, now: datetime) -> bool:
    """Whether somebody declared a storm, flood or fire along a feeder."""
    asked = {"feeder_id": kept.tree.feeder_id, "district_id": kept.district_id, "now": now}
    return bool(_DECLARED.value(connection, asked))


def _places_elsewhere(reports: Iterable[ReportFact], tree: FeederTree) -> list[str]:
    """Transformers of other feeders where reports of this one may have come from."""
    named = {transformer for report in reports for transformer, _ in report.spread}
    return sorted(named - {t.id for t in tree.transformers}) if named else []


def _elsewhere(busy: Iterable[Row], holding: Iterable[Row]) -> tuple[OutageElsewhere, ...]:
    """Other feeders' outages, each once: with many callers, or holding such a place."""
    found = {row["id"]: dict(row) for row in holding}
    for row in busy:
        found.setdefault(row["id"], dict(row))["reports"] = row["reports"]
    return tuple(
        OutageElsewhere(
            id=OutageId(row["id"]),
            is_confirmed=row["is_confirmed"],
            started_at=row["started_at"],
            reports=row["reports"],
            transformers=frozenset(row.get("transformers", ())),
        )
        for _, row in sorted(found.items())
    )


def _when(now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "since": now - LIT_WITHIN,
        "early": DEFAULT_WEIGHTS.planned_early,
        "late": DEFAULT_WEIGHTS.planned_late,
    }


def _planned(row: Row) -> PlannedWork:
    return PlannedWork(
        transformers=frozenset(row["transformers"]),
        begins_at=row["begins_at"],
        ends_at=row["ends_at"],
    )


def _light(rows: Sequence[Row]) -> dict[str, Any]:
    """When each transformer last had light, and since when it had been dark before."""
    return {
        "lit": {row["transformer_id"]: row["lit_at"] for row in rows},
        "relit": {
            row["transformer_id"]: (row["lost_at"], row["relit_at"])
            for row in rows
            if row["lost_at"] is not None
        },
    }


def _spread(connection: Connection, trees: Trees, row: Row) -> Spread:
    """Where a caller without an account may be; nothing where the place names the transformer."""
    if row["usage_point_id"] is not None or row["found_by"] not in BY_POSITION:
        return ()
    if row["point"] is None or not row["accuracy_m"]:
        return ()
    accuracy_m = max(float(row["accuracy_m"]), FINEST_M)
    return trees.spread(connection, row["ticket_id"], row["point"], row["lat"], accuracy_m)


def _report(row: Row, spread: Spread) -> ReportFact:
    usage_point_id, outage_id = row["usage_point_id"], row["outage_id"]
    caller = CallerSays(
        symptoms=frozenset(row["symptoms"]), multiple_premises=row["multiple_premises"]
    )
    return ReportFact(
        ticket_id=TicketId(row["ticket_id"]),
        usage_point_id=None if usage_point_id is None else UsagePointId(usage_point_id),
        transformer_id=row["transformer_id"],
        outage_id=None if outage_id is None else OutageId(outage_id),
        received_at=row["received_at"],
        kept_apart_from=frozenset(map(OutageId, row["kept_apart_from"] or ())),
        spread=spread,
        neighbours_out=caller.neighbours_out,
        by_hand=row["by_hand"],
        probability=None if row["probability"] is None else float(row["probability"]),
        lon=row["lon"],
        lat=row["lat"],
        phases=row["phases"],
        accuracy_m=0.0
        if usage_point_id is not None
        else max(float(row["accuracy_m"] or 0.0), FINEST_M),
        kind=row["customer_kind"],
    )


def _outage(row: Row) -> OutageFact:
    return OutageFact(
        id=OutageId(row["id"]),
        status=OutageStatus(row["status"]),
        device_id=row["device_id"],
        started_at=row["started_at"],
        crew_on_its_way=row["crew_on_its_way"],
        transformers=frozenset(row["transformers"]),
        order_sent=row["order_sent"],
        hold_until=row["hold_until"],
        prediction=prediction(row["prediction"]),
        opened_at=row["opened_at"],
        level=NetworkLevel(row["level"]),
        phases=row["phases"],
    )


def _signal(row: Row) -> MeterSignal:
    return MeterSignal(
        usage_point_id=UsagePointId(row["usage_point_id"]),
        transformer_id=row["transformer_id"],
        kind=MeterSignalKind(row["kind"]),
        at=row["at"],
    )
