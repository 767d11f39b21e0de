"""What may explain a caller: one statement, one row, nothing but index look-ups.

The texts are psycopg's own (`%(name)s`), so an asynchronous caller runs the very same statement on
a psycopg `AsyncConnection` and hands its one value to `facts_from`. Every text takes `phone` (may
be None) and `now`, and besides `usage_point_id`, `account`, `meter` or, for a place,
`usage_point_id`, `transformer_id` (both may be None), `lon` and `lat`. No row comes back for an
unknown customer, several for a telephone with several accounts.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from dispatch.domain.facts import (
    CrewProgress,
    KnownFacts,
    OutageNearby,
    OwnTicket,
    PlannedNearby,
    ServicePoint,
    ZoneAround,
)
from dispatch.domain.notice import NoticeNearby
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import (
    PLANNED_LATE,
    OutageStatus,
    PredictedDevice,
)
from dispatch.domain.ticket import Place
from dispatch.domain.words import (
    DistrictId,
    NetworkLevel,
    NoticeId,
    OutageId,
    PlannedOutageId,
    TicketId,
    UsagePointId,
)
from dispatch.domain.zone import ZoneKind
from dispatch.errors import NotFound
from dispatch.store.direct import Direct, kept_plans
from dispatch.store.estimates import read_estimate
from dispatch.store.notices import facts_read
from dispatch.store.predictions import calling
from dispatch.store.zones import in_force

REPORTS_COUNTED = 100
"""Reports of one outage are counted up to here; more say nothing new."""

# How far back and around an outage still speaks for a caller; assumptions, as in `dispatch.known`.
RESTORED_WITHIN = "4 hours"
PLANNED_WITHIN = "24 hours"
OVERDUE_WITHIN = "7 days"
NEAR_WITHIN = "12 hours"
OWN_WITHIN = "7 days"
NEAR_M = 500
SAME_CALLER_M = 1000

_CUSTOMER = """
    SELECT usage_point.id AS usage_point_id, usage_point.transformer_id,
        coalesce(usage_point.point, transformer.point) AS point,
        transformer.feeder_id, transformer.device_pre, transformer.customers,
        transformer.kinds, {given}
    FROM usage_point LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    WHERE {condition}
"""
_PLACE = """
    SELECT given.usage_point_id, given.transformer_id, given.point,
        transformer.feeder_id, transformer.device_pre, transformer.customers,
        transformer.kinds, {given}
    FROM (
        SELECT CAST(%(usage_point_id)s AS bigint) AS usage_point_id,
            coalesce(
                CAST(%(transformer_id)s AS text),
                (
                    SELECT usage_point.transformer_id FROM usage_point
                    WHERE usage_point.id = CAST(%(usage_point_id)s AS bigint)
                )
            ) AS transformer_id,
            ST_Point(%(lon)s, %(lat)s, 4326) AS point
    ) AS given
    LEFT JOIN transformer ON transformer.id = given.transformer_id
"""

_GIVEN = "CAST(%(now)s AS timestamptz) AS now, CAST(%(phone)s AS text) AS phone"

# Time and telephone go through the first part. A plan for just this time and number looks cheaper
# to the server than one for any, so it would plan anew at each call, which takes ten times as long
# as running it; here it cannot tell them apart, and keeps the plan.
# A box around the caller first, because the index knows boxes; then the distance in metres.
# `coalesce` hides a status from the indexes of what is open: those are all but empty in calm
# weather, so a plan made then would read one from end to end on every call of a storm.
_FACTS = """
WITH caller AS MATERIALIZED ({caller})
SELECT jsonb_build_object(
    'service_point', service_point.facts, 'outages', coalesce(outages.facts, '[]'),
    'planned', planned.facts, 'own_tickets', coalesce(own.facts, '[]'),
    'neighbours', coalesce(caller.customers, 0), 'kinds', coalesce(caller.kinds, '{{}}'),
    'zone', zone.facts
)
FROM caller
LEFT JOIN LATERAL (
    SELECT jsonb_build_object(
        'id', usage_point.id, 'account', usage_point.account, 'meter', usage_point.meter,
        'name', usage_point.name, 'address', usage_point.address,
        'lon', ST_X(usage_point.point), 'lat', ST_Y(usage_point.point),
        'district_id', coalesce(
            usage_point.district_id, transformer.district_id, feeder.district_id
        ),
        'transformer_id', transformer.id, 'transformer_name', transformer.name,
        'feeder_id', feeder.id, 'feeder_name', feeder.name,
        'disconnected_for', usage_point.disconnected_for, 'critical', usage_point.critical,
        'phases', usage_point.phases,
        'kind', usage_point.kind
    ) AS facts,
    coalesce(usage_point.district_id, transformer.district_id, feeder.district_id) AS district_id
    FROM usage_point
    LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
    LEFT JOIN feeder ON feeder.id = transformer.feeder_id
    WHERE usage_point.id = caller.usage_point_id
) AS service_point ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object(
            'id', outage.id, 'touches', touched.touches,
            'distance_m', coalesce(ST_DistanceSphere(outage.point, caller.point), 0),
            'level', outage.level, 'status', outage.status,
            'device_id', outage.device_id, 'device_kind', outage.device_kind,
            'device_name', outage.device_name, 'phases', outage.phases,
            'started_at', outage.started_at, 'restored_at', touched.restored_at,
            'reports', reports.count, 'cause', outage.cause,
            'etr_at', outage.etr_at, 'etr_source', outage.etr_source,
            'etr_confidence', outage.etr_confidence, 'etr_from', outage.etr_from,
            'etr_to', outage.etr_to, 'etr_basis', outage.etr_basis,
            'etr_said_at', outage.etr_said_at, 'etr_alarm', outage.etr_alarm,
            'crew', crew_sent.facts,
            'notice', released.facts, 'calling', outage.prediction -> 'calling',
            'reach', CASE WHEN outage.status = 'predicted' AND outage.feeder_id = caller.feeder_id
            THEN (
                SELECT coalesce(
                    sum(CAST(guess.value ->> 1 AS double precision) * (
                        SELECT CAST(
                            caller.device_pre >= pre AND caller.device_pre < post AS integer
                        )
                        FROM device WHERE id = guess.value ->> 0
                    )),
                    CASE WHEN held.devices = '[]' THEN 0 END
                )
                FROM jsonb_array_elements(held.devices) AS guess
            ) END
        )
        ORDER BY touched.restored_at IS NOT NULL, touched.rank, touched.restored_at DESC, outage.id
    ) AS facts
    FROM (
        SELECT DISTINCT ON (outage_id) outage_id, touches, rank, restored_at
        FROM (
            SELECT outage_id, 'usage_point' AS touches, 1 AS rank, restored_at
            FROM outage_usage_point AS home
            WHERE home.usage_point_id = caller.usage_point_id
                AND (home.restored_at IS NULL
                    OR home.restored_at > caller.now - interval '{restored_within}')
            UNION ALL
            SELECT outage_id, 'transformer', 2, restored_at
            FROM outage_transformer AS supply
            WHERE supply.transformer_id = caller.transformer_id
                AND (supply.restored_at IS NULL
                    OR supply.restored_at > caller.now - interval '{restored_within}')
            UNION ALL
            SELECT same.outage_id, 'transformer', 3, NULL
            FROM ticket AS same
            WHERE same.transformer_id = caller.transformer_id
                AND coalesce(same.status, '') = 'open' AND same.outage_id IS NOT NULL
                AND same.received_at > caller.now - interval '{near_within}'
            UNION ALL
            SELECT close_by.id, 'near', 4, NULL
            FROM outage AS close_by
            WHERE close_by.point && ST_Expand(
                    caller.point,
                    {near_m} / 111195.0 / greatest(cos(radians(ST_Y(caller.point))), 0.01),
                    {near_m} / 111195.0
                )
                AND close_by.level = 'points'
                AND coalesce(close_by.status, '')
                    IN ('predicted', 'confirmed', 'partially_restored')
                AND close_by.started_at > caller.now - interval '{near_within}'
                AND ST_DistanceSphere(close_by.point, caller.point) <= {near_m}
        ) AS every_touch
        ORDER BY outage_id, restored_at IS NOT NULL, rank
    ) AS touched
    JOIN outage ON outage.id = touched.outage_id
        AND (touched.rank <> 3 OR outage.status = 'predicted')
    CROSS JOIN LATERAL (
        SELECT coalesce(
            nullif(outage.prediction -> 'calling' -> 'devices', '[]'),
            outage.prediction -> 'devices'
        ) AS devices
    ) AS held
    CROSS JOIN LATERAL (
        SELECT count(*) FROM (
            SELECT FROM ticket
            WHERE ticket.outage_id = touched.outage_id AND ticket.disposition <> 'enquiry'
            LIMIT {reports_counted}
        ) AS attached
    ) AS reports
    LEFT JOIN LATERAL (
        SELECT jsonb_build_object(
            'name', crew.name, 'status', trouble_order.status,
            'expected_at', coalesce(trouble_order.en_route_at, trouble_order.assigned_at)
                + make_interval(secs => CAST(trouble_order.travel_s AS double precision))
        ) AS facts
        FROM trouble_order JOIN crew ON crew.id = trouble_order.crew_id
        WHERE trouble_order.outage_id = touched.outage_id
            AND coalesce(trouble_order.status, '') NOT IN ('field_complete', 'cancelled')
            AND trouble_order.supports_id IS NULL
    ) AS crew_sent ON true
    LEFT JOIN LATERAL (
        SELECT jsonb_build_object(
            'id', notice.id, 'facts', notice.facts, 'say_by', notice.say_by,
            'covers', touched.rank <= 2 AND touched.restored_at IS NULL
                AND coalesce(caller.transformer_id = ANY(notice.transformers), false),
            'probability', CASE WHEN outage.status = 'predicted'
                THEN CAST(outage.prediction ->> 'probability' AS double precision) END
        ) AS facts
        FROM notice
        WHERE notice.outage_id = touched.outage_id AND notice.withdrawn_at IS NULL
            AND outage.status IN ('predicted', 'confirmed', 'partially_restored')
    ) AS released ON true
) AS outages ON true
LEFT JOIN LATERAL (
    SELECT jsonb_build_object(
        'id', planned_outage.id, 'reason', planned_outage.reason,
        'starts_at', planned_outage.starts_at, 'ends_at', planned_outage.ends_at
    ) AS facts
    FROM planned_outage_transformer
    JOIN planned_outage ON planned_outage.id = planned_outage_transformer.planned_outage_id
    WHERE planned_outage_transformer.transformer_id = caller.transformer_id
        AND planned_outage.cancelled_at IS NULL AND planned_outage.ended_at IS NULL
        AND planned_outage.starts_at <= caller.now + interval '{planned_within}'
        AND planned_outage.ends_at > caller.now - interval '{overdue_within}'
    ORDER BY planned_outage.ends_at <= caller.now - interval '{planned_late}',
        planned_outage.starts_at, planned_outage.id
    LIMIT 1
) AS planned ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object(
            'id', own_ticket.id, 'received_at', own_ticket.received_at,
            'outage_id', own_ticket.outage_id
        )
        ORDER BY own_ticket.received_at, own_ticket.id
    ) AS facts
    FROM (
        SELECT id, received_at, outage_id FROM ticket AS of_home
        WHERE of_home.usage_point_id = caller.usage_point_id
            AND coalesce(of_home.status, '') = 'open'
            AND of_home.received_at > caller.now - interval '{own_within}'
        UNION
        SELECT id, received_at, outage_id FROM ticket AS of_phone
        WHERE of_phone.phone = caller.phone AND coalesce(of_phone.status, '') = 'open'
            AND of_phone.received_at > caller.now - interval '{own_within}'
            AND coalesce(of_phone.usage_point_id = caller.usage_point_id, true)
            AND coalesce(ST_DistanceSphere(of_phone.point, caller.point) <= {same_m}, true)
    ) AS own_ticket
) AS own ON true
LEFT JOIN LATERAL (
    SELECT jsonb_build_object(
        'kind', hazard_zone.kind, 'name', hazard_zone.name, 'ends_at', upper(hazard_zone.period)
    ) AS facts
    FROM hazard_zone
    WHERE {zone_in_force} AND ST_Intersects(hazard_zone.area, caller.point)
        AND coalesce(service_point.district_id = ANY(hazard_zone.districts), true)
    ORDER BY hazard_zone.kind = 'no_go', hazard_zone.id LIMIT 1
) AS zone ON true
"""


def _statement(caller: str, condition: str = "") -> str:
    """The statement for one way of naming the caller."""
    return _FACTS.format(
        caller=caller.format(given=_GIVEN, condition=condition),
        restored_within=RESTORED_WITHIN,
        planned_within=PLANNED_WITHIN,
        planned_late=f"{PLANNED_LATE.total_seconds():.0f} seconds",
        overdue_within=OVERDUE_WITHIN,
        near_within=NEAR_WITHIN,
        own_within=OWN_WITHIN,
        near_m=NEAR_M,
        zone_in_force=in_force("caller.now"),
        same_m=SAME_CALLER_M,
        reports_counted=REPORTS_COUNTED,
    )


KNOWN_BY_USAGE_POINT = _statement(_CUSTOMER, "usage_point.id = %(usage_point_id)s")
KNOWN_BY_ACCOUNT = _statement(_CUSTOMER, "usage_point.account = %(account)s")
KNOWN_BY_METER = _statement(_CUSTOMER, "usage_point.meter = %(meter)s")
KNOWN_BY_PHONE = _statement(
    _CUSTOMER,
    "usage_point.id IN (SELECT listed.usage_point_id FROM usage_point_phone AS listed"
    " WHERE listed.phone = %(phone)s LIMIT 50)",
)
KNOWN_AT_PLACE = _statement(_PLACE)


ASKED_BY_ACCOUNT = Direct.of_psycopg(KNOWN_BY_ACCOUNT)
ASKED_BY_METER = Direct.of_psycopg(KNOWN_BY_METER)
ASKED_BY_PHONE = Direct.of_psycopg(KNOWN_BY_PHONE)
_BY_USAGE_POINT = Direct.of_psycopg(KNOWN_BY_USAGE_POINT)
_AT_PLACE = Direct.of_psycopg(KNOWN_AT_PLACE)


class PgKnown:
    """Reads what may explain a caller on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def facts_of(
        self, usage_point_id: UsagePointId, phone: str | None, now: datetime
    ) -> KnownFacts:
        """Read what is on record around a customer."""
        asked = {"usage_point_id": usage_point_id, "phone": phone, "now": now}
        with kept_plans(self._connection):
            row = _BY_USAGE_POINT.value(self._connection, asked)
        if row is None:
            raise NotFound("usage point", usage_point_id=usage_point_id)
        return facts_from(row)

    def facts_at(self, place: Place, phone: str | None, now: datetime) -> KnownFacts:
        """Read what is on record around a place."""
        asked = {
            "usage_point_id": place.usage_point_id,
            "transformer_id": place.transformer_id,
            "lon": place.lon,
            "lat": place.lat,
            "phone": phone,
            "now": now,
        }
        with kept_plans(self._connection):
            row = _AT_PLACE.value(self._connection, asked)
        return facts_from(row)


def facts_from(facts: Mapping[str, Any]) -> KnownFacts:
    """Make the facts from the one value of any statement here."""
    given, planned = facts["service_point"], facts["planned"]
    service_point = None if given is None else _service_point(given)
    outages = map(_outage, facts["outages"])
    return KnownFacts(
        service_point=service_point,
        outages=tuple(o for o in outages if o.may_put_out(service_point)),
        planned=None if planned is None else _planned(planned),
        own_tickets=tuple(map(_own_ticket, facts["own_tickets"])),
        neighbours=facts["neighbours"],
        kinds=tuple(sorted(facts["kinds"].items())),
        zone=None if facts["zone"] is None else _zone(facts["zone"]),
    )


def _zone(facts: Mapping[str, Any]) -> ZoneAround:
    return ZoneAround(
        kind=ZoneKind(facts["kind"]), name=facts["name"], ends_at=_maybe_time(facts["ends_at"])
    )


def _service_point(facts: Mapping[str, Any]) -> ServicePoint:
    district_id = facts["district_id"]
    return ServicePoint(
        **{
            **facts,
            "id": UsagePointId(facts["id"]),
            "district_id": None if district_id is None else DistrictId(district_id),
        }
    )


def _outage(facts: Mapping[str, Any]) -> OutageNearby:
    return OutageNearby(
        id=OutageId(facts["id"]),
        touches=facts["touches"],
        distance_m=facts["distance_m"],
        level=NetworkLevel(facts["level"]),
        status=OutageStatus(facts["status"]),
        device=PredictedDevice(
            id=facts["device_id"], kind=facts["device_kind"], name=facts["device_name"]
        ),
        started_at=_time(facts["started_at"]),
        reports=facts["reports"],
        restored_at=_maybe_time(facts["restored_at"]),
        phases=facts["phases"],
        cause=facts["cause"],
        estimate=read_estimate(facts, _maybe_time),
        crew=None if facts["crew"] is None else _crew(facts["crew"]),
        notice=None if facts["notice"] is None else _notice(facts["notice"]),
        reach=None if facts["reach"] is None else min(float(facts["reach"]), 1.0),
        calling=calling(facts["calling"]),
    )


def _notice(facts: Mapping[str, Any]) -> NoticeNearby:
    return NoticeNearby(
        id=NoticeId(facts["id"]),
        facts=facts_read(facts["facts"]),
        say_by=_time(facts["say_by"]),
        covers=facts["covers"],
        probability=facts["probability"],
    )


def _crew(facts: Mapping[str, Any]) -> CrewProgress:
    return CrewProgress(
        name=facts["name"],
        status=OrderStatus(facts["status"]),
        expected_at=_maybe_time(facts["expected_at"]),
    )


def _planned(facts: Mapping[str, Any]) -> PlannedNearby:
    return PlannedNearby(
        id=PlannedOutageId(facts["id"]),
        reason=facts["reason"],
        starts_at=_time(facts["starts_at"]),
        ends_at=_time(facts["ends_at"]),
    )


def _own_ticket(facts: Mapping[str, Any]) -> OwnTicket:
    outage_id = facts["outage_id"]
    return OwnTicket(
        id=TicketId(facts["id"]),
        received_at=_time(facts["received_at"]),
        outage_id=None if outage_id is None else OutageId(outage_id),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
