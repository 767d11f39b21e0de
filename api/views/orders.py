"""Orders, incidents and the crews for them, as clients read them."""

from datetime import datetime
from math import isfinite

from pydantic import BaseModel

from api.views.sayings import SayingOut, reasons_of
from api.views.tickets import TicketOut
from dispatch.assignment import RankedCrew
from dispatch.domain.eta import DoorEta
from dispatch.domain.order import DispatchStep, Incident, TroubleOrder
from dispatch.planning.explain import Option
from dispatch.procedures.foreseeing import Foreseen
from dispatch.sayings import say_reason


class StepOut(BaseModel):
    """One row of an order's history."""

    kind: str
    at: datetime
    recorded_at: datetime
    by: str
    crew_id: str | None
    reason: SayingOut | None
    why: list[SayingOut]

    @classmethod
    def of(cls, step: DispatchStep) -> "StepOut":
        """Build from the step."""
        why = step.facts.get("why")
        return cls(
            kind=step.kind.value,
            at=step.at,
            recorded_at=step.recorded_at,
            by=step.by,
            crew_id=step.crew_id,
            reason=None if step.reason is None else SayingOut.of(say_reason(step.reason)),
            why=reasons_of(str(each) for each in why) if isinstance(why, list | tuple) else [],
        )


class OrderOut(BaseModel):
    """A trouble order."""

    id: int
    version: int
    status: str
    district_id: str | None
    outage_id: int | None
    incident_id: int | None
    crew_id: str | None
    proposed_crew_id: str | None
    hazards: list[str]
    skills: list[str]
    priority: int
    urged: int
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    area_class: str
    received_at: datetime
    assigned_at: datetime | None
    accepted_at: datetime | None
    en_route_at: datetime | None
    arrived_at: datetime | None
    completed_at: datetime | None
    travel_s: float | None
    travel_basis: str | None
    after: list[int]
    supports_id: int | None
    parts: list[str]
    fetched: list[str]
    why: list[SayingOut]

    @classmethod
    def of(cls, order: TroubleOrder) -> "OrderOut":
        """Build from the order."""
        return cls(
            id=order.id,
            version=order.version,
            status=order.status.value,
            district_id=order.district_id,
            outage_id=order.outage_id,
            incident_id=order.incident_id,
            crew_id=order.crew_id,
            proposed_crew_id=order.proposed_crew_id,
            hazards=list(order.hazards),
            skills=sorted(order.skills),
            priority=order.priority,
            urged=order.urged,
            lon=order.lon,
            lat=order.lat,
            accuracy_m=order.accuracy_m,
            area_class=order.area_class.value,
            received_at=order.received_at,
            assigned_at=order.assigned_at,
            accepted_at=order.accepted_at,
            en_route_at=order.en_route_at,
            arrived_at=order.arrived_at,
            completed_at=order.completed_at,
            travel_s=order.travel_s,
            travel_basis=order.travel_basis,
            after=list(order.after),
            supports_id=order.supports_id,
            parts=sorted(order.parts),
            fetched=sorted(order.fetched),
            why=reasons_of(order.why),
        )


class EtaOut(BaseModel):
    """When the crew of an order is expected at the door.

    `arrives_at` is None where no open road leads; `stale` where the position is too old to believe.
    """

    order_id: int
    crew_id: str
    arrives_at: datetime | None
    basis: str
    fixed_at: datetime
    stale: bool

    @classmethod
    def of(cls, eta: DoorEta, *, stale: bool) -> "EtaOut":
        """Build from what was reckoned."""
        return cls(
            order_id=eta.order_id,
            crew_id=eta.crew_id,
            arrives_at=eta.arrives_at,
            basis=eta.basis,
            fixed_at=eta.fixed_at,
            stale=stale,
        )


class IncidentOut(BaseModel):
    """Trouble in the field with an order of its own."""

    id: int
    ticket_id: str
    district_id: str | None
    kind: str
    hazards: list[str]
    lon: float | None
    lat: float | None
    received_at: datetime
    closed_at: datetime | None
    close_reason: str | None

    @classmethod
    def of(cls, incident: Incident) -> "IncidentOut":
        """Build from the incident."""
        return cls(
            id=incident.id,
            ticket_id=incident.ticket_id,
            district_id=incident.district_id,
            kind=incident.kind,
            hazards=list(incident.hazards),
            lon=incident.lon,
            lat=incident.lat,
            received_at=incident.received_at,
            closed_at=incident.closed_at,
            close_reason=incident.close_reason,
        )


class OrderFull(OrderOut):
    """An order with its history and, for an incident, what was reported.

    `partner` is the open order that sends the other crew where the work takes two.
    """

    steps: list[StepOut]
    partner: OrderOut | None = None
    incident: IncidentOut | None = None
    tickets: list[TicketOut] = []


class PromiseOut(BaseModel):
    """A promise of an order: when it ends, in minutes from now, and how probably it is kept."""

    rule_id: str
    due_min: float
    chance: float


class ToldOut(BaseModel):
    """When people were told that supply will be back, and how probably the work is done by then."""

    due_min: float
    chance: float


class BrokenOut(BaseModel):
    """A promise of another order, and how probably it is kept without and with the choice."""

    order_id: int
    rule_id: str
    before: float
    after: float


class OptionOut(BaseModel):
    """What a crew would give by the plan of the district, and what sending it would break.

    Times are minutes from now, reached in half and in nine tenths of all cases; `costs_more` counts
    weighted minutes late of all open orders together; `says` is the same in sentences.
    """

    chosen: bool
    arrive_p50_min: float | None
    arrive_p90_min: float | None
    promises: list[PromiseOut]
    told: ToldOut | None
    costs_more: float
    breaks: list[BrokenOut]
    says: list[SayingOut]

    @classmethod
    def of(cls, option: Option, *, chosen: bool) -> "OptionOut":
        """Build from the option; times are null for a crew that would never arrive."""
        comes = isfinite(option.arrive_p50_min)
        return cls(
            chosen=chosen,
            arrive_p50_min=round(option.arrive_p50_min, 1) if comes else None,
            arrive_p90_min=round(option.arrive_p90_min, 1) if comes else None,
            promises=[
                PromiseOut(
                    rule_id=kept.promise.rule,
                    due_min=round(kept.promise.due_min, 1),
                    chance=round(kept.chance, 3),
                )
                for kept in option.kept
            ],
            told=None
            if option.told is None
            else ToldOut(
                due_min=round(option.told.promise.due_min, 1), chance=round(option.told.chance, 3)
            ),
            costs_more=round(option.cost, 1),
            breaks=[
                BrokenOut(
                    order_id=broken.order_id,
                    rule_id=broken.promise.rule,
                    before=round(broken.before, 3),
                    after=round(broken.after, 3),
                )
                for broken in option.broken
            ],
            says=reasons_of(option.reasons) if comes else [],
        )


class RankedOut(BaseModel):
    """A crew for an order: how soon, why, and what stands against it."""

    crew_id: str
    name: str
    minutes: float | None
    metres: float | None
    basis: str
    on_shift: bool
    shift_ends_at: datetime | None
    fix_age_s: float | None
    fixed_at: datetime | None
    active_order_id: int | None
    reasons: list[SayingOut]
    blockers: list[SayingOut]
    doubts: list[SayingOut]
    plan: OptionOut | None
    excluded: list[SayingOut]
    leaves: SayingOut | None

    @classmethod
    def of(cls, ranked: RankedCrew, foreseen: Foreseen, leaves: str | None) -> "RankedOut":
        """Build from the ranking, the plan and what is left uncovered.

        Minutes are null where no road leads, `leaves` for a crew that covers nobody now.
        """
        option = foreseen.options.get(ranked.state.crew.id)
        state, travel = ranked.state, ranked.travel
        reachable = travel.basis != "unreachable"
        return cls(
            crew_id=state.crew.id,
            name=state.crew.name,
            minutes=round(ranked.minutes, 1) if reachable else None,
            metres=round(travel.metres) if reachable and travel.metres is not None else None,
            basis=travel.basis,
            on_shift=state.on_shift,
            shift_ends_at=state.shift_ends_at,
            fix_age_s=None if ranked.fix_age is None else ranked.fix_age.total_seconds(),
            fixed_at=None if state.last_fix is None else state.last_fix.fixed_at,
            active_order_id=state.active_order_id,
            reasons=reasons_of(ranked.reasons),
            blockers=reasons_of(ranked.blockers),
            doubts=reasons_of(ranked.doubts),
            plan=None
            if option is None
            else OptionOut.of(option, chosen=option.crew_id in foreseen.chosen),
            excluded=reasons_of(foreseen.excluded.get(state.crew.id, ())),
            leaves=None if leaves is None else SayingOut.of(say_reason(leaves)),
        )
