"""A trouble order: what sends a crew, and the steps it may take."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from dispatch.domain.words import AreaClass, CrewId, DistrictId, IncidentId, OrderId, OutageId
from dispatch.errors import IllegalStep


class OrderStatus(StrEnum):
    """Where an order stands (CIM, plus accepted and cancelled)."""

    AWAITING_ASSIGNMENT = "awaiting_assignment"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    FIELD_COMPLETE = "field_complete"
    CANCELLED = "cancelled"


class StepKind(StrEnum):
    """One row of an order's history."""

    AWAITING_ASSIGNMENT = "awaiting_assignment"
    PROPOSED = "proposed"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    FIELD_COMPLETE = "field_complete"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    URGED = "urged"
    ESCALATED = "escalated"
    REASSIGNED = "reassigned"
    NOTED = "noted"
    SEQUENCED = "sequenced"
    CREWS_ASKED = "crews_asked"
    PARTS_ASKED = "parts_asked"
    FETCHED = "fetched"
    CHECKED_IN = "checked_in"
    CHECK_IN_MISSED = "check_in_missed"
    CHECK_IN_ACKNOWLEDGED = "check_in_acknowledged"
    HEARD_AGAIN = "heard_again"
    PHOTOGRAPHED = "photographed"


UNDER_WAY = frozenset(
    {OrderStatus.ASSIGNED, OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE, OrderStatus.ARRIVED}
)
OVER = frozenset({OrderStatus.FIELD_COMPLETE, OrderStatus.CANCELLED})

# A phone in a dead zone may send "arrived" when "accepted" never came through: a crew's own
# steps may skip forward, never back.
NEXT_STATUS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.AWAITING_ASSIGNMENT: frozenset(
        {OrderStatus.ASSIGNED, OrderStatus.FIELD_COMPLETE, OrderStatus.CANCELLED}
    ),
    OrderStatus.ASSIGNED: frozenset(
        {
            OrderStatus.AWAITING_ASSIGNMENT,
            OrderStatus.ASSIGNED,
            OrderStatus.ACCEPTED,
            OrderStatus.EN_ROUTE,
            OrderStatus.ARRIVED,
            OrderStatus.FIELD_COMPLETE,
            OrderStatus.CANCELLED,
        }
    ),
    OrderStatus.ACCEPTED: frozenset(
        {
            OrderStatus.AWAITING_ASSIGNMENT,
            OrderStatus.ASSIGNED,
            OrderStatus.EN_ROUTE,
            OrderStatus.ARRIVED,
            OrderStatus.FIELD_COMPLETE,
            OrderStatus.CANCELLED,
        }
    ),
    OrderStatus.EN_ROUTE: frozenset(
        {
            OrderStatus.AWAITING_ASSIGNMENT,
            OrderStatus.ASSIGNED,
            OrderStatus.ARRIVED,
            OrderStatus.FIELD_COMPLETE,
            OrderStatus.CANCELLED,
        }
    ),
    # Back on its way: the button was pressed by mistake.
    OrderStatus.ARRIVED: frozenset(
        {
            OrderStatus.AWAITING_ASSIGNMENT,
            OrderStatus.EN_ROUTE,
            OrderStatus.FIELD_COMPLETE,
            OrderStatus.CANCELLED,
        }
    ),
    OrderStatus.FIELD_COMPLETE: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}

# Order of urgency in every list; hazards stand above everything.
PRIORITY_HAZARD = 100
PRIORITY_CRITICAL = 50
PRIORITY_PLAIN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchStep:
    """Something that happened to an order; `at` is when, `recorded_at` when we heard."""

    order_id: OrderId
    kind: StepKind
    at: datetime
    recorded_at: datetime
    by: str
    crew_id: CrewId | None = None
    reason: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One time that a crew was sent to an order; what its track shows is judged by itself.

    It ends when the crew is through with its work or the order passes on, `ended_at`.
    """

    crew_id: CrewId
    sent_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleOrder:
    """The order that sends a crew to one outage or one incident.

    `district_id` is None only while a hazard could not be located: every dispatcher sees it.
    Until `hold_until` no crew is sent by itself: it may turn out to be part of another outage.
    Work on it begins when that on the orders in `after` is done, such as a switch that has to be
    open first; those that are over are done. One that names another in `supports_id` brings the
    second crew to the work of that order, which is the outage's own; it makes no promise itself.
    The work needs `parts`; those in `fetched` its crew has loaded for it on the way.
    """

    id: OrderId
    district_id: DistrictId | None
    outage_id: OutageId | None = None
    incident_id: IncidentId | None = None
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    area_class: AreaClass
    received_at: datetime
    skills: frozenset[str] = frozenset()
    hazards: tuple[str, ...] = ()
    priority: int = PRIORITY_PLAIN
    urged: int = 0
    status: OrderStatus = OrderStatus.AWAITING_ASSIGNMENT
    crew_id: CrewId | None = None
    proposed_crew_id: CrewId | None = None
    assigned_at: datetime | None = None
    accepted_at: datetime | None = None
    en_route_at: datetime | None = None
    arrived_at: datetime | None = None
    completed_at: datetime | None = None
    travel_s: float | None = None
    travel_basis: str | None = None
    why: tuple[str, ...] = ()
    hold_until: datetime | None = None
    after: tuple[OrderId, ...] = ()
    supports_id: OrderId | None = None
    parts: frozenset[str] = frozenset()
    fetched: frozenset[str] = frozenset()
    version: int = 0

    @property
    def is_dangerous(self) -> bool:
        """Whether there is danger to life; a crew goes there straight, with parts or without."""
        return bool(self.hazards) or self.priority >= PRIORITY_HAZARD

    @property
    def is_open(self) -> bool:
        """Whether work is still to be done."""
        return self.status not in OVER

    def is_held(self, now: datetime) -> bool:
        """Whether no crew is to be sent by itself yet."""
        return self.hold_until is not None and now < self.hold_until

    @property
    def is_under_way(self) -> bool:
        """Whether a crew holds it."""
        return self.status in UNDER_WAY

    @property
    def sending(self) -> Sending | None:
        """The crew that holds it, or held it last; None while it waits for one."""
        if self.crew_id is None or self.assigned_at is None:
            return None
        return Sending(crew_id=self.crew_id, sent_at=self.assigned_at, ended_at=self.completed_at)

    def assign(
        self,
        crew_id: CrewId,
        at: datetime,
        *,
        travel_s: float | None,
        travel_basis: str | None,
        why: tuple[str, ...],
    ) -> "TroubleOrder":
        """Give the order to `crew_id`, taking it from another crew if need be."""
        moved = self._move(OrderStatus.ASSIGNED)
        return replace(
            moved,
            crew_id=crew_id,
            proposed_crew_id=None,
            assigned_at=at,
            accepted_at=None,
            en_route_at=None,
            travel_s=travel_s,
            travel_basis=travel_basis,
            why=why,
            fetched=self.fetched if self.crew_id == crew_id else frozenset(),
        )

    def accept(self, at: datetime) -> "TroubleOrder":
        """The crew takes it."""
        return replace(self._move(OrderStatus.ACCEPTED), accepted_at=at)

    def start(self, at: datetime) -> "TroubleOrder":
        """The crew drives."""
        if self.status is OrderStatus.ARRIVED:
            raise IllegalStep("the order has arrived already", order_id=self.id)
        moved = self._move(OrderStatus.EN_ROUTE)
        return replace(moved, en_route_at=at, accepted_at=self.accepted_at or at)

    def arrive(self, at: datetime) -> "TroubleOrder":
        """The crew is there, by its word or by its track."""
        moved = self._move(OrderStatus.ARRIVED)
        return replace(
            moved,
            arrived_at=at,
            accepted_at=self.accepted_at or at,
            en_route_at=self.en_route_at or at,
        )

    def take_back_arrival(self, *, proven: bool) -> "TroubleOrder":
        """The crew is not there: it pressed by mistake. What a track has proven stays."""
        if proven:
            raise IllegalStep("the track shows the arrival; it stays", order_id=self.id)
        if self.status is not OrderStatus.ARRIVED:
            raise IllegalStep("the order has not arrived", order_id=self.id)
        return replace(self._move(OrderStatus.EN_ROUTE), arrived_at=None)

    def complete(self, at: datetime) -> "TroubleOrder":
        """The work in the field is done."""
        return replace(self._move(OrderStatus.FIELD_COMPLETE), completed_at=at)

    def give_back(self) -> "TroubleOrder":
        """The crew cannot do it (退单); it waits for another."""
        if not self.is_under_way:
            raise IllegalStep("the order is with no crew", order_id=self.id)
        moved = self._move(OrderStatus.AWAITING_ASSIGNMENT)
        return replace(
            moved,
            crew_id=None,
            assigned_at=None,
            accepted_at=None,
            en_route_at=None,
            arrived_at=None,
            travel_s=None,
            travel_basis=None,
            why=(),
            fetched=frozenset(),
        )

    def need(self, parts: frozenset[str]) -> "TroubleOrder":
        """The work needs these parts and no others."""
        if not self.is_open:
            raise IllegalStep("the order is over", order_id=self.id)
        if self.supports_id is not None:
            raise IllegalStep("the order brings a second crew itself", order_id=self.id)
        return replace(self, parts=parts)

    def fetch(self) -> "TroubleOrder":
        """The crew has loaded what the work needs."""
        if not self.is_under_way:
            raise IllegalStep("the order is with no crew", order_id=self.id)
        return replace(self, fetched=self.parts)

    def begin_after(self, others: tuple[OrderId, ...]) -> "TroubleOrder":
        """Work begins only when that on `others` is done; none: whenever a crew is there."""
        if not self.is_open or self.status is OrderStatus.ARRIVED:
            raise IllegalStep("work on the order has begun", order_id=self.id)
        if self.supports_id is not None:
            raise IllegalStep("the order brings a second crew itself", order_id=self.id)
        return replace(self, after=others)

    def ask_support(self, number: OrderId) -> "TroubleOrder":
        """Give the order, of this number, that brings a second crew to the same work."""
        if not self.is_open:
            raise IllegalStep("the order is over", order_id=self.id)
        if self.supports_id is not None:
            raise IllegalStep("the order brings a second crew itself", order_id=self.id)
        fresh = TroubleOrder(
            id=number,
            district_id=self.district_id,
            outage_id=self.outage_id,
            incident_id=self.incident_id,
            lon=self.lon,
            lat=self.lat,
            accuracy_m=self.accuracy_m,
            area_class=self.area_class,
            received_at=self.received_at,
            hazards=self.hazards,
            supports_id=self.id,
        )
        return fresh.follow(self)

    def follow(self, first: "TroubleOrder") -> "TroubleOrder":
        """Say of the work what the order says that this one supports.

        It is not put on hold itself: while the other waits for that, so does this one.
        """
        return replace(
            self,
            district_id=first.district_id,
            lon=first.lon,
            lat=first.lat,
            accuracy_m=first.accuracy_m,
            received_at=first.received_at,
            skills=first.skills,
            priority=first.priority,
            urged=first.urged,
        )

    def cancel(self) -> "TroubleOrder":
        """Nothing to do any more."""
        return self._move(OrderStatus.CANCELLED)

    def _move(self, to: OrderStatus) -> "TroubleOrder":
        if to not in NEXT_STATUS[self.status]:
            raise IllegalStep(
                f"an order that is {self.status} cannot become {to}",
                order_id=self.id,
                status=self.status.value,
            )
        return replace(self, status=to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Trouble in the field that wants a crew of its own: a hazard, or a fault without an outage."""

    id: IncidentId
    ticket_id: str
    district_id: DistrictId | None
    kind: str
    hazards: tuple[str, ...]
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    area_class: AreaClass
    received_at: datetime
    closed_at: datetime | None = None
    close_reason: str | None = None
    version: int = 0

    def close(self, at: datetime, reason: str) -> "Incident":
        """The trouble is gone."""
        if self.closed_at is not None:
            raise IllegalStep("the incident is closed", incident_id=self.id)
        return replace(self, closed_at=at, close_reason=reason)
