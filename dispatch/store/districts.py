"""What is known of a district where no feeder is modelled."""

import math
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from dispatch.domain.facts import DistrictEvidence, ReportFact, TransformerNode
from dispatch.domain.words import DistrictId, TicketId
from dispatch.store import evidence
from dispatch.store.direct import Direct
from dispatch.store.trees import METRES_PER_DEGREE, STIRRED_WITHIN, Trees, transformer_node

NOBODY_LISTED = 10_000
"""Customers of a district whose customers are not on record (assumption)."""

PER_KM2: Mapping[str, float] = {"urban": 1_000.0, "rural": 60.0, "remote": 10.0}
"""Customers around a place whose neighbours are not on record, by area class (assumption)."""

AROUND_M = 500.0

_TRANSFORMERS = Direct(
    """
    SELECT id, name, NULL AS device_id, 0 AS pre, ST_X(point) AS lon, ST_Y(point) AS lat, customers,
        kinds
    FROM transformer
    WHERE device_pre IS NULL AND retired_at IS NULL AND id IN (
        SELECT id FROM transformer WHERE district_id = :district_id
        UNION
        SELECT unsure.id FROM feeder JOIN transformer AS unsure ON unsure.feeder_id = feeder.id
        WHERE feeder.district_id = :district_id AND unsure.district_id IS NULL
    )
    ORDER BY id
    """
)
_LOOSE_CUSTOMERS = Direct(
    """
    SELECT count(*) FROM usage_point
    WHERE district_id = :district_id AND transformer_id IS NULL AND disconnected_for IS NULL
    """
)
_OPENED_LATELY = Direct(
    """
    SELECT count(*) FILTER (WHERE device_kind NOT IN ('service', 'points')) AS opened_devices,
        count(*) FILTER (WHERE device_kind IN ('service', 'points')) AS opened_homes
    FROM outage
    WHERE opened_at > :since AND district_id = :district_id AND level <> 'feeder_model'
        AND merged_into_id IS NULL
    """
)
_NEIGHBOURS = Direct(
    """
    SELECT ticket.area_class, (
        SELECT count(*) FROM usage_point
        WHERE usage_point.point && ST_Expand(
            ticket.point, CAST(:reach_x AS double precision), CAST(:reach_y AS double precision)
        )
    ) AS neighbours
    FROM ticket WHERE ticket.id = :ticket_id
    """
)


def of_district(
    connection: Connection, trees: Trees, district_id: DistrictId, now: datetime
) -> DistrictEvidence:
    """Read what is known of it; where every feeder is modelled, or it is not known, empty."""
    transformers, customers = trees.loose(
        connection, district_id, lambda: _read(connection, district_id)
    )
    found = evidence.without_feeder(
        connection, trees, district_id, [t.id for t in transformers], now
    )
    lately = {"since": now - STIRRED_WITHIN, "district_id": district_id}
    by_position = [r for r in found["reports"] if r.transformer_id is None]
    return DistrictEvidence(
        district_id=district_id,
        transformers=transformers,
        customers=customers,
        per_km2={r.ticket_id: _per_km2(connection, trees, r) for r in by_position},
        **found,
        **(_OPENED_LATELY.first(connection, lately) or {}),
    )


def _read(
    connection: Connection, district_id: DistrictId
) -> tuple[tuple[TransformerNode, ...], int]:
    asked = {"district_id": district_id}
    rows = _TRANSFORMERS.rows(connection, asked)
    listed = int(_LOOSE_CUSTOMERS.value(connection, asked) or 0)
    return tuple(map(transformer_node, rows)), listed or NOBODY_LISTED


def _per_km2(connection: Connection, trees: Trees, report: ReportFact) -> float:
    """How densely people live around a report: its listed neighbours, else by its area class."""
    return trees.density(report.ticket_id, lambda: _count(connection, report))


def _count(connection: Connection, report: ReportFact) -> float:
    reach = AROUND_M / METRES_PER_DEGREE
    asked = {
        "ticket_id": TicketId(report.ticket_id),
        "reach_x": reach / max(math.cos(math.radians(report.lat or 0.0)), 0.01),
        "reach_y": reach,
    }
    row = _NEIGHBOURS.first(connection, asked)
    assert row is not None, "the report is on record"
    if row["neighbours"] > 1:
        return float(row["neighbours"]) / (2 * AROUND_M / 1000) ** 2
    return PER_KM2[row["area_class"]]
