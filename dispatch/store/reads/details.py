"""One outage, one ticket, one crew's work: everything a screen shows of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, select, text

from dispatch.domain.arrival import ArrivalEvidence
from dispatch.domain.clock import Clock
from dispatch.domain.order import TroubleOrder
from dispatch.domain.outage import Outage
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import CrewId, OrderId, OutageId, TicketId
from dispatch.errors import NotFound
from dispatch.store.clocks import PgClocks, clock_from_row
from dispatch.store.orders import PgOrders
from dispatch.store.outages import PgOutages
from dispatch.store.reads.still_dark import DarkFor, dark_for
from dispatch.store.tables.clocks import clock
from dispatch.store.tickets import PgTickets


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """Something that happened; `what` names the thing as the journal does (`order:7`)."""

    at: datetime
    recorded_at: datetime
    what: str
    kind: str
    by: str
    crew_id: str | None
    reason: str | None
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedTicket:
    """A ticket with why it was attached; the last four are None for an enquiry on another."""

    ticket: TroubleTicket
    probability: float | None
    basis: str | None
    reasons: tuple[str, ...]
    attached_by: str | None
    attached_at: datetime | None
    told_at: datetime | None
    power_on: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerPart:
    """A transformer of an outage; `restored_at` is None while it is out."""

    id: str
    name: str
    customers: int
    lon: float
    lat: float
    out_from: datetime
    restored_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePart:
    """A single home of an outage; `restored_at` is None while it is out."""

    id: int
    account: str
    address: str
    critical: str | None
    out_from: datetime
    restored_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOrder:
    """An order with its crew's name, how that crew's arrival was judged, and its own clocks."""

    order: TroubleOrder
    crew_name: str | None
    arrival: ArrivalEvidence | None
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageDetail:
    """Everything about one outage; `customer_minutes` are those recorded so far.

    `dark_for` is what keeps customers dark whose own fault was repaired here.
    """

    outage: Outage
    transformers: tuple[TransformerPart, ...]
    homes: tuple[HomePart, ...]
    tickets: tuple[AttachedTicket, ...]
    clocks: tuple[Clock, ...]
    orders: tuple[SentOrder, ...]
    children: tuple[OutageId, ...]
    customer_minutes: float
    dark_for: tuple[DarkFor, ...]
    timeline: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDetail:
    """Everything about one ticket; `attachments` are all there were, oldest first."""

    ticket: TroubleTicket
    attachments: tuple[Mapping[str, object], ...]
    clocks: tuple[Clock, ...]
    incident_id: int | None
    told: Mapping[str, object] | None
    enquiries: tuple[TicketId, ...]
    timeline: tuple[TimelineEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewOrder:
    """An order as its crew sees it: what is broken, who called, how to get in touch.

    `dark_for` is what keeps customers dark whose own fault the crew has repaired.
    """

    sent: SentOrder
    title: str
    outage: Outage | None
    tickets: tuple[TroubleTicket, ...]
    dark_for: tuple[DarkFor, ...] = ()


_TRANSFORMERS = text(
    """
    SELECT transformer.id, name, customers, ST_X(point) AS lon, ST_Y(point) AS lat,
        out_from, restored_at
    FROM outage_transformer JOIN transformer ON transformer.id = transformer_id
    WHERE outage_id = :id ORDER BY transformer.id
    """
)
_HOMES = text(
    """
    SELECT usage_point.id, account, address, critical, out_from, restored_at
    FROM outage_usage_point JOIN usage_point ON usage_point.id = usage_point_id
    WHERE outage_id = :id ORDER BY account
    """
)
_REASONS = text(
    """
    SELECT ticket.id, attachment.probability, attachment.basis, attachment.reasons,
        attachment.by, attachment.at, told.told_at, told.power_on
    FROM ticket
    LEFT JOIN attachment ON attachment.ticket_id = ticket.id AND attachment.detached_at IS NULL
    LEFT JOIN told ON told.ticket_id = ticket.id
    WHERE ticket.outage_id = :id
    """
)
_MINUTES = text(
    """
    SELECT coalesce(extract(epoch FROM sum(upper(period) - lower(period))) / 60, 0)
    FROM interruption WHERE outage_id = :id
    """
)
_TIMELINE = text(
    """
    SELECT at, recorded_at, stream AS what, kind, actor AS by, NULL AS crew_id,
        body ->> 'reason' AS reason, body AS facts, id AS place
    FROM event WHERE stream = ANY(:streams)
    UNION ALL
    SELECT at, recorded_at, 'order:' || order_id, kind, by, crew_id, reason, facts, seq
    FROM dispatch_step WHERE order_id = ANY(:orders)
    UNION ALL
    SELECT coalesce(latest, claimed_at, judged_at), judged_at, 'order:' || order_id,
        'order.arrival_' || verdict, 'relight', NULL, reasons[1],
        jsonb_build_object('crew', crew_id), id
    FROM arrival WHERE order_id = ANY(:orders)
    ORDER BY recorded_at, at, place
    """
)
_ATTACHMENTS = text(
    """
    SELECT outage_id, probability, basis, reasons, by, at, detached_at, detached_by,
        detached_reason
    FROM attachment WHERE ticket_id = :id ORDER BY id
    """
)
_TOLD = text(
    "SELECT due_at, told_at, by, power_on, satisfied, note FROM told WHERE ticket_id = :id"
)
# The outage's own come last, the newest at the end: those of second crews stand before.
_ORDERS_OF = text(
    "SELECT id FROM trouble_order WHERE outage_id = :id ORDER BY supports_id IS NULL, id"
)


def outage_detail(
    connection: Connection, outage_id: OutageId, districts: Collection[str] | None
) -> OutageDetail:
    """Read one outage; `NotFound` as well when it is of another district."""
    outage = PgOutages(connection).get(outage_id)
    _may_see(outage.district_id, districts, "outage", outage_id=outage_id)
    tickets = _attached(connection, outage_id)
    orders = [OrderId(each) for each in connection.scalars(_ORDERS_OF, {"id": outage_id})]
    streams = [f"outage:{outage_id}", *(f"ticket:{each.ticket.id}" for each in tickets)]
    children = text("SELECT id FROM outage WHERE parent_id = :id ORDER BY id")
    return OutageDetail(
        outage=outage,
        transformers=tuple(
            TransformerPart(**row) for row in _rows(connection, _TRANSFORMERS, outage_id)
        ),
        homes=tuple(HomePart(**row) for row in _rows(connection, _HOMES, outage_id)),
        tickets=tickets,
        clocks=_clocks(connection, [each.ticket.id for each in tickets]),
        orders=tuple(_sent(connection, order_id) for order_id in orders),
        children=tuple(map(OutageId, connection.scalars(children, {"id": outage_id}))),
        customer_minutes=float(connection.scalar(_MINUTES, {"id": outage_id}) or 0),
        dark_for=dark_for(connection, outage_id),
        timeline=_timeline(connection, streams, orders),
    )


def ticket_detail(
    connection: Connection, ticket_id: TicketId, districts: Collection[str] | None
) -> TicketDetail:
    """Read one ticket; `NotFound` as well when it is of another district."""
    ticket = PgTickets(connection).get(ticket_id)
    _may_see(ticket.district_id, districts, "ticket", ticket_id=ticket_id)
    incident = PgOrders(connection).find_incident_of(ticket_id)
    enquiries = text("SELECT id FROM ticket WHERE repeats_id = :id ORDER BY received_at, id")
    told = _rows(connection, _TOLD, ticket_id)
    return TicketDetail(
        ticket=ticket,
        attachments=tuple(_rows(connection, _ATTACHMENTS, ticket_id)),
        clocks=tuple(PgClocks(connection).list_of_ticket(ticket_id)),
        incident_id=None if incident is None else incident.id,
        told=told[0] if told else None,
        enquiries=tuple(map(TicketId, connection.scalars(enquiries, {"id": ticket_id}))),
        timeline=_timeline(connection, [f"ticket:{ticket_id}"], []),
    )


def crew_orders(connection: Connection, crew_id: CrewId, since: datetime) -> list[CrewOrder]:
    """List what a crew has to do, and what it completed after `since`."""
    return [
        _crew_order(connection, order)
        for order in PgOrders(connection).list_of_crew(crew_id, since)
    ]


def _crew_order(connection: Connection, order: TroubleOrder) -> CrewOrder:
    tickets: tuple[TroubleTicket, ...] = ()
    dark: tuple[DarkFor, ...] = ()
    outage, title = None, ""
    if order.outage_id is not None:
        outage = PgOutages(connection).get(order.outage_id)
        tickets = tuple(PgTickets(connection).list_of_outage(order.outage_id))
        title, dark = outage.device.name, dark_for(connection, outage.id)
    elif order.incident_id is not None:
        incident = PgOrders(connection).get_incident(order.incident_id)
        tickets = (PgTickets(connection).get(TicketId(incident.ticket_id)),)
        title = tickets[0].complaint.address or incident.kind
    return CrewOrder(
        sent=_sent(connection, order.id),
        title=title,
        outage=outage,
        tickets=tickets,
        dark_for=dark,
    )


def _sent(connection: Connection, order_id: OrderId) -> SentOrder:
    orders = PgOrders(connection)
    order = orders.get(order_id)
    name = text("SELECT name FROM crew WHERE id = :id")
    clocks = select(clock).where(clock.c.order_id == order_id).order_by(clock.c.due_at)
    return SentOrder(
        order=order,
        crew_name=connection.scalar(name, {"id": order.crew_id}),
        arrival=orders.find_arrival(order),
        clocks=tuple(clock_from_row(row) for row in connection.execute(clocks).mappings()),
    )


def _attached(connection: Connection, outage_id: OutageId) -> tuple[AttachedTicket, ...]:
    why = {row["id"]: row for row in _rows(connection, _REASONS, outage_id)}
    return tuple(
        AttachedTicket(
            ticket=ticket,
            probability=_maybe_float(why[ticket.id]["probability"]),
            basis=why[ticket.id]["basis"],
            reasons=tuple(why[ticket.id]["reasons"] or ()),
            attached_by=why[ticket.id]["by"],
            attached_at=why[ticket.id]["at"],
            told_at=why[ticket.id]["told_at"],
            power_on=why[ticket.id]["power_on"],
        )
        for ticket in PgTickets(connection).list_of_outage(outage_id)
    )


def _clocks(connection: Connection, ticket_ids: Sequence[TicketId]) -> tuple[Clock, ...]:
    query = (
        select(clock)
        .where(clock.c.ticket_id.in_(bindparam("ids", expanding=True)))
        .order_by(clock.c.due_at, clock.c.id)
    )
    rows = connection.execute(query, {"ids": list(ticket_ids)}).mappings()
    return tuple(clock_from_row(row) for row in rows)


def story(connection: Connection, stream: str) -> tuple[TimelineEntry, ...]:
    """What the journal says of one thing (`incident:4`), in the order in which it was written."""
    return _timeline(connection, [stream], [])


def _timeline(
    connection: Connection, streams: Sequence[str], orders: Sequence[OrderId]
) -> tuple[TimelineEntry, ...]:
    rows = connection.execute(
        _TIMELINE, {"streams": list(streams), "orders": list(orders)}
    ).mappings()
    return tuple(
        TimelineEntry(**{key: value for key, value in row.items() if key != "place"})
        for row in rows
    )


def _rows(connection: Connection, query: TextClause, of: object) -> list[Mapping[str, Any]]:
    rows = connection.execute(query, {"id": of}).mappings()
    return [{str(key): value for key, value in row.items()} for row in rows]


def _maybe_float(value: Any) -> float | None:  # noqa: ANN401 (numeric, or NULL)
    return None if value is None else float(value)


def _may_see(
    district_id: str | None, districts: Collection[str] | None, what: str, **named: object
) -> None:
    """Another district's record is as good as none."""
    if districts is not None and district_id is not None and district_id not in districts:
        raise NotFound(what, **named)
