"""Trouble orders with their steps, incidents, what phones sent, and how arrivals were judged."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    insert,
    literal_column,
    select,
    text,
    update,
)

from dispatch.domain.arrival import ArrivalEvidence, Verdict
from dispatch.domain.order import (
    OVER,
    UNDER_WAY,
    DispatchStep,
    Incident,
    Sending,
    StepKind,
    TroubleOrder,
)
from dispatch.domain.order import OrderStatus as Status
from dispatch.domain.words import (
    AreaClass,
    CrewId,
    DistrictId,
    IncidentId,
    OrderId,
    OutageId,
    TicketId,
)
from dispatch.errors import NotFound, StaleVersion
from dispatch.ports import ActionRecord
from dispatch.store.direct import Direct, Row
from dispatch.store.points import lon_lat_instead, point
from dispatch.store.tables.orders import arrival, crew_action, dispatch_step, order_number
from dispatch.store.tables.orders import trouble_order as t
from dispatch.store.tables.tickets import incident as i
from dispatch.store.tables.tickets import incident_number

_SELECT = select(*lon_lat_instead(t))
_NEXT = Direct(select(order_number.next_value()))
_ADD = Direct(insert(t))
_UPDATE = Direct(
    update(t).where(t.c.id == bindparam("read_id"), t.c.version == bindparam("read_version"))
)
"""Names the row and the version it was read at; what is written comes as parameters."""
_SELECT_INCIDENT = select(*lon_lat_instead(i))
_OPEN = t.c.status.not_in(sorted(OVER))
_GET = Direct(_SELECT.where(t.c.id == bindparam("id")))
_LOCK = Direct(_SELECT.where(t.c.id == bindparam("id")).with_for_update(key_share=True))
_OPEN_OF_OUTAGE = Direct(
    _SELECT.where(
        t.c.outage_id == bindparam("id"),
        t.c.status.not_in([literal_column(f"'{status}'") for status in sorted(OVER)]),
        t.c.supports_id.is_(None),
    )
)
_OPEN_SUPPORT = Direct(
    _SELECT.where(
        t.c.supports_id == bindparam("id"),
        t.c.status.not_in([literal_column(f"'{status}'") for status in sorted(OVER)]),
    )
)
_UNDER_WAY = t.c.status.in_(sorted(UNDER_WAY))

# The clocks that an order has to meet are those of its reports (and its own) that end with an
# arrival; which those are says the rule set each clock was started under. The least headroom is
# the earliest end. An order with no such clock counts as due on receipt. `coalesce` keeps the plan
# off the index of running clocks, as in `dispatch.store.known`.
_AWAITING = text(
    """
    SELECT waiting.id
    FROM trouble_order AS waiting
    LEFT JOIN incident ON incident.id = waiting.incident_id
    LEFT JOIN LATERAL (
        SELECT min(promise.due_at) AS due_at
        FROM (
            SELECT clock.rule_id, clock.rule_version, clock.due_at
            FROM ticket JOIN clock ON clock.ticket_id = ticket.id
            WHERE ticket.outage_id = waiting.outage_id AND coalesce(clock.verdict, '') = 'running'
            UNION ALL
            SELECT clock.rule_id, clock.rule_version, clock.due_at
            FROM clock
            WHERE clock.ticket_id = incident.ticket_id AND coalesce(clock.verdict, '') = 'running'
            UNION ALL
            SELECT clock.rule_id, clock.rule_version, clock.due_at
            FROM clock WHERE clock.order_id = waiting.id AND coalesce(clock.verdict, '') = 'running'
        ) AS promise
        WHERE EXISTS (
            SELECT FROM rule_set, jsonb_array_elements(rule_set.rules) AS rule
            WHERE rule_set.version = promise.rule_version
                AND rule ->> 'id' = promise.rule_id AND rule ->> 'stops' = 'arrived'
        )
    ) AS headroom ON true
    WHERE waiting.status = 'awaiting_assignment' AND waiting.district_id = :district_id
    ORDER BY waiting.priority DESC, waiting.urged DESC,
        coalesce(headroom.due_at, waiting.received_at), waiting.received_at, waiting.id
    """
)

# The number of the next step is taken under the order's lock in every use case; two that meet
# all the same collide on the key.
_RECORD = Direct(
    """
    INSERT INTO dispatch_step
        (order_id, kind, at, recorded_at, by, crew_id, reason, facts, seq)
    VALUES (
        :order_id, :kind, :at, :recorded_at, :by, :crew_id, :reason, :facts,
        (SELECT coalesce(max(seq), 0) + 1 FROM dispatch_step WHERE order_id = :order_id)
    )
    """
)


_EARLIER = Direct(
    """
    SELECT DISTINCT ON (crew_id, sent_at) * FROM arrival
    WHERE order_id = :order_id
        AND (CAST(:before AS timestamptz) IS NULL OR sent_at < :before)
    ORDER BY crew_id, sent_at, id DESC
    """
)
HELD = timedelta(days=1)
"""No crew has an order for longer and then gives it back."""

_PASSED_ON = text(
    """
    SELECT held.order_id, held.at AS sent_at, ended.at AS ended_at
    FROM dispatch_step AS held
    JOIN trouble_order AS sent ON sent.id = held.order_id
        AND (sent.crew_id = :crew_id AND sent.assigned_at = held.at) IS NOT TRUE
    CROSS JOIN LATERAL (
        SELECT min(at) AS at FROM dispatch_step
        WHERE dispatch_step.order_id = held.order_id AND (
            at > held.at AND kind IN ('assigned', 'reassigned')
            OR at >= held.at AND crew_id = :crew_id AND (
                kind IN ('returned', 'awaiting_assignment')
                OR kind = 'escalated' AND facts ->> 'rule' IS NULL
            )
        )
    ) AS ended
    WHERE held.crew_id = :crew_id AND held.kind IN ('assigned', 'reassigned')
        AND held.at > CAST(:since AS timestamptz) - CAST(:held AS interval) AND ended.at > :since
    ORDER BY held.at
    """
)
# A crew that let its time to accept run out leaves an escalation that no rule's clock caused.
_DECLINED = text(
    """
    SELECT order_id, crew_id FROM dispatch_step
    WHERE order_id = ANY(CAST(:ids AS bigint[])) AND crew_id IS NOT NULL AND kind = 'returned'
    UNION
    SELECT order_id, crew_id FROM (
        SELECT DISTINCT ON (order_id) order_id, crew_id FROM dispatch_step
        WHERE order_id = ANY(CAST(:ids AS bigint[])) AND crew_id IS NOT NULL
            AND kind = 'escalated' AND facts ->> 'rule' IS NULL
        ORDER BY order_id, seq DESC
    ) AS slept
    """
)


class PgOrders:
    """Reads and writes orders and incidents on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def next_id(self) -> OrderId:
        """Take the next number."""
        return OrderId(_NEXT.value(self._connection))

    def get(self, order_id: OrderId) -> TroubleOrder:
        """Read one order."""
        return _found(_GET.first(self._connection, {"id": order_id}), order_id)

    def lock(self, order_id: OrderId) -> TroubleOrder:
        """Read one order that nobody else changes before this transaction ends."""
        return _found(_LOCK.first(self._connection, {"id": order_id}), order_id)

    def add(self, order: TroubleOrder) -> None:
        """Store a new order."""
        _ADD.run(self._connection, _to_row(order))

    def save(self, order: TroubleOrder) -> TroubleOrder:
        """Write `order` over the version it was read at."""
        saved = replace(order, version=order.version + 1)
        read = {"read_id": order.id, "read_version": order.version}
        if _UPDATE.run(self._connection, {**_to_row(saved), **read}) != 1:
            raise StaleVersion("the order has changed", order_id=order.id)
        return saved

    def find_open_of_outage(self, outage_id: OutageId) -> TroubleOrder | None:
        """Read the order still open for an outage, not the one of its second crew."""
        row = _OPEN_OF_OUTAGE.first(self._connection, {"id": outage_id})
        return None if row is None else _from_row(row)

    def find_open_of_incident(self, incident_id: IncidentId) -> TroubleOrder | None:
        """Read the order still open for an incident, not the one of its second crew."""
        return self._find((t.c.incident_id == incident_id) & _OPEN & t.c.supports_id.is_(None))

    def find_open_support(self, order_id: OrderId) -> TroubleOrder | None:
        """Read the order that brings a second crew to the work of an order."""
        row = _OPEN_SUPPORT.first(self._connection, {"id": order_id})
        return None if row is None else _from_row(row)

    def list_supports(self, order_id: OrderId) -> Sequence[TroubleOrder]:
        """List the orders that brought, or bring, a second crew to the work of an order."""
        return self._list(t.c.supports_id == order_id)

    def list_awaiting(self, district_id: DistrictId) -> Sequence[TroubleOrder]:
        """List orders without a crew: hazards, then urged ones, then the least headroom."""
        ids = list(self._connection.scalars(_AWAITING, {"district_id": district_id}))
        found = {order.id: order for order in self._list(t.c.id.in_(ids))}
        return [found[OrderId(order_id)] for order_id in ids]

    def list_under_way(self, district_id: DistrictId) -> Sequence[TroubleOrder]:
        """List orders of a district that a crew holds, by number."""
        return self._list((t.c.district_id == district_id) & _OPEN & _UNDER_WAY)

    def list_unaccepted(self, assigned_before: datetime) -> Sequence[TroubleOrder]:
        """List orders whose crew has not answered since before then, longest waiting first."""
        return self._list(
            (t.c.status == Status.ASSIGNED.value) & (t.c.assigned_at < assigned_before),
            t.c.assigned_at,
        )

    def still_open(self, order_ids: Collection[OrderId]) -> frozenset[OrderId]:
        """Which of these orders are not over yet."""
        if not order_ids:
            return frozenset()
        query = select(t.c.id).where(t.c.id.in_(sorted(order_ids)), _OPEN)
        return frozenset(OrderId(each) for each in self._connection.scalars(query))

    def declined(self, order_ids: Collection[OrderId]) -> Mapping[OrderId, frozenset[CrewId]]:
        """Crews that gave an order back or did not accept it; orders without any are left out."""
        found: dict[OrderId, set[CrewId]] = {}
        for row in self._connection.execute(_DECLINED, {"ids": sorted(order_ids)}):
            found.setdefault(OrderId(row.order_id), set()).add(CrewId(row.crew_id))
        return {order_id: frozenset(crews) for order_id, crews in found.items()}

    def list_of_crew(self, crew_id: CrewId, since: datetime) -> Sequence[TroubleOrder]:
        """List the orders a crew holds, and those it completed after `since`, oldest first."""
        return self._list(
            (t.c.crew_id == crew_id) & (_UNDER_WAY | (t.c.completed_at > since)), t.c.assigned_at
        )

    def record(self, step: DispatchStep) -> None:
        """Add a step to an order's history."""
        _RECORD.run(
            self._connection,
            {
                "order_id": step.order_id,
                "kind": step.kind.value,
                "at": step.at,
                "recorded_at": step.recorded_at,
                "by": step.by,
                "crew_id": step.crew_id,
                "reason": step.reason,
                "facts": json.dumps(dict(step.facts)),
            },
        )

    def list_steps(self, order_id: OrderId) -> Sequence[DispatchStep]:
        """List an order's history as it was recorded."""
        query = (
            select(dispatch_step)
            .where(dispatch_step.c.order_id == order_id)
            .order_by(dispatch_step.c.seq)
        )
        return [_step(row) for row in self._connection.execute(query).mappings()]

    def next_incident_id(self) -> IncidentId:
        """Take the next number."""
        return IncidentId(self._connection.execute(incident_number.next_value()).scalar_one())

    def get_incident(self, incident_id: IncidentId) -> Incident:
        """Read one incident."""
        found = self._find_incident(i.c.id == incident_id)
        if found is None:
            raise NotFound("incident", incident_id=incident_id)
        return found

    def find_incident_of(self, ticket_id: TicketId) -> Incident | None:
        """Read the incident that a ticket opened."""
        return self._find_incident(i.c.ticket_id == ticket_id)

    def add_incident(self, incident: Incident) -> None:
        """Store a new incident."""
        self._connection.execute(insert(i), _incident_row(incident))

    def save_incident(self, incident: Incident) -> Incident:
        """Write an incident over the version it was read at."""
        saved = replace(incident, version=incident.version + 1)
        done = self._connection.execute(
            update(i)
            .where(i.c.id == incident.id, i.c.version == incident.version)
            .values(**_incident_row(saved))
        )
        if done.rowcount != 1:
            raise StaleVersion("the incident has changed", incident_id=incident.id)
        return saved

    def find_action(self, action_id: str) -> ActionRecord | None:
        """Read what a phone sent before under this id."""
        query = select(crew_action).where(crew_action.c.id == action_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return None
        return ActionRecord(
            **{
                **row,
                "crew_id": CrewId(row["crew_id"]),
                "order_id": OrderId(row["order_id"]),
            }
        )

    def record_action(self, action: ActionRecord) -> None:
        """Keep what a phone sent and what became of it."""
        self._connection.execute(
            insert(crew_action).values(
                id=action.id,
                crew_id=action.crew_id,
                seq=action.seq,
                kind=action.kind,
                order_id=action.order_id,
                occurred_at=action.occurred_at,
                received_at=action.received_at,
                facts=dict(action.facts),
                outcome=action.outcome,
                detail=action.detail,
            )
        )

    def list_passed_on(
        self, crew_id: CrewId, since: datetime
    ) -> Sequence[tuple[TroubleOrder, Sending]]:
        """List orders that passed on from a crew, and when it had them, the oldest first.

        Of those that passed on after `since`, and had been with the crew for less than a day.
        """
        asked = {"crew_id": crew_id, "since": since, "held": HELD}
        return [
            (
                self.get(OrderId(row.order_id)),
                Sending(crew_id=crew_id, sent_at=row.sent_at, ended_at=row.ended_at),
            )
            for row in self._connection.execute(_PASSED_ON, asked)
        ]

    def find_arrival(
        self, order: TroubleOrder, sending: Sending | None = None
    ) -> ArrivalEvidence | None:
        """Read how the arrival of a crew was judged last; of the one that was sent last, if none.

        Each time that a crew was sent is judged by itself.
        """
        sending = sending or order.sending
        if sending is None:
            return None
        query = (
            select(arrival)
            .where(
                arrival.c.order_id == order.id,
                arrival.c.crew_id == sending.crew_id,
                arrival.c.sent_at == sending.sent_at,
            )
            .order_by(arrival.c.id.desc())
            .limit(1)
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else arrival_evidence(row)

    def list_earlier_arrivals(self, order: TroubleOrder) -> Sequence[ArrivalEvidence]:
        """List how the arrivals of those who held an order before were judged last."""
        asked = {"order_id": order.id, "before": order.assigned_at}
        return [arrival_evidence(row) for row in _EARLIER.rows(self._connection, asked)]

    def add_arrival(
        self, order_id: OrderId, sending: Sending, evidence: ArrivalEvidence, now: datetime
    ) -> None:
        """Keep a new judgement of a crew's arrival beside the older ones."""
        self._connection.execute(
            insert(arrival).values(
                order_id=order_id,
                crew_id=sending.crew_id,
                sent_at=sending.sent_at,
                verdict=evidence.verdict.value,
                earliest=evidence.earliest,
                latest=evidence.latest,
                claimed_at=evidence.claimed_at,
                reasons=list(evidence.reasons),
                judged_at=now,
            )
        )

    def _find(self, condition: ColumnElement[bool]) -> TroubleOrder | None:
        row = self._connection.execute(_SELECT.where(condition)).mappings().first()
        return None if row is None else _from_row(row)

    def _list(
        self, condition: ColumnElement[bool], *order_by: ColumnElement[Any]
    ) -> Sequence[TroubleOrder]:
        query = _SELECT.where(condition).order_by(*order_by, t.c.id)
        return [_from_row(row) for row in self._connection.execute(query).mappings()]

    def _find_incident(self, condition: ColumnElement[bool]) -> Incident | None:
        row = self._connection.execute(_SELECT_INCIDENT.where(condition)).mappings().first()
        return None if row is None else _incident(row)


def _found(row: Row | None, order_id: OrderId) -> TroubleOrder:
    if row is None:
        raise NotFound("order", order_id=order_id)
    return _from_row(row)


def _from_row(row: Row) -> TroubleOrder:
    district_id, outage_id, incident_id = row["district_id"], row["outage_id"], row["incident_id"]
    return TroubleOrder(
        id=OrderId(row["id"]),
        district_id=None if district_id is None else DistrictId(district_id),
        outage_id=None if outage_id is None else OutageId(outage_id),
        incident_id=None if incident_id is None else IncidentId(incident_id),
        lon=row["lon"],
        lat=row["lat"],
        accuracy_m=row["accuracy_m"],
        area_class=AreaClass(row["area_class"]),
        received_at=row["received_at"],
        skills=frozenset(row["skills"]),
        hazards=tuple(row["hazards"]),
        priority=row["priority"],
        urged=row["urged"],
        status=Status(row["status"]),
        crew_id=row["crew_id"],
        proposed_crew_id=row["proposed_crew_id"],
        assigned_at=row["assigned_at"],
        accepted_at=row["accepted_at"],
        en_route_at=row["en_route_at"],
        arrived_at=row["arrived_at"],
        completed_at=row["completed_at"],
        travel_s=row["travel_s"],
        travel_basis=row["travel_basis"],
        why=tuple(row["why"]),
        hold_until=row["hold_until"],
        after=tuple(OrderId(each) for each in row["after"]),
        supports_id=None if row["supports_id"] is None else OrderId(row["supports_id"]),
        parts=frozenset(row["parts"]),
        fetched=frozenset(row["fetched"]),
        version=row["version"],
    )


def _to_row(order: TroubleOrder) -> dict[str, Any]:
    return {
        "id": order.id,
        "district_id": order.district_id,
        "outage_id": order.outage_id,
        "incident_id": order.incident_id,
        "status": order.status.value,
        "crew_id": order.crew_id,
        "proposed_crew_id": order.proposed_crew_id,
        "skills": sorted(order.skills),
        "hazards": list(order.hazards),
        "priority": order.priority,
        "urged": order.urged,
        "point": point(order.lon, order.lat),
        "accuracy_m": order.accuracy_m,
        "area_class": order.area_class.value,
        "received_at": order.received_at,
        "assigned_at": order.assigned_at,
        "accepted_at": order.accepted_at,
        "en_route_at": order.en_route_at,
        "arrived_at": order.arrived_at,
        "completed_at": order.completed_at,
        "travel_s": order.travel_s,
        "travel_basis": order.travel_basis,
        "why": list(order.why),
        "hold_until": order.hold_until,
        "after": list(order.after),
        "supports_id": order.supports_id,
        "parts": sorted(order.parts),
        "fetched": sorted(order.fetched),
        "version": order.version,
    }


def _incident(row: Row) -> Incident:
    return Incident(
        id=IncidentId(row["id"]),
        ticket_id=row["ticket_id"],
        district_id=None if row["district_id"] is None else DistrictId(row["district_id"]),
        kind=row["kind"],
        hazards=tuple(row["hazards"]),
        lon=row["lon"],
        lat=row["lat"],
        accuracy_m=row["accuracy_m"],
        area_class=AreaClass(row["area_class"]),
        received_at=row["received_at"],
        closed_at=row["closed_at"],
        close_reason=row["close_reason"],
        version=row["version"],
    )


def _incident_row(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "ticket_id": incident.ticket_id,
        "district_id": incident.district_id,
        "kind": incident.kind,
        "hazards": list(incident.hazards),
        "status": "open" if incident.closed_at is None else "closed",
        "point": point(incident.lon, incident.lat),
        "accuracy_m": incident.accuracy_m,
        "area_class": incident.area_class.value,
        "received_at": incident.received_at,
        "closed_at": incident.closed_at,
        "close_reason": incident.close_reason,
        "version": incident.version,
    }


def _step(row: Row) -> DispatchStep:
    facts: Mapping[str, object] = row["facts"]
    return DispatchStep(
        order_id=OrderId(row["order_id"]),
        kind=StepKind(row["kind"]),
        at=row["at"],
        recorded_at=row["recorded_at"],
        by=row["by"],
        crew_id=row["crew_id"],
        reason=row["reason"],
        facts=facts,
    )


def arrival_evidence(row: Row) -> ArrivalEvidence:
    """Make the evidence from a row of `arrival`."""
    return ArrivalEvidence(
        verdict=Verdict(row["verdict"]),
        earliest=row["earliest"],
        latest=row["latest"],
        claimed_at=row["claimed_at"],
        reasons=tuple(row["reasons"]),
    )
