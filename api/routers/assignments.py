"""Who goes: ranked crews, and a dispatcher's choice, for outages and for incidents."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.crews import AssignmentIn, PartsIn, SequenceIn, SupportIn
from api.inputs.fields import ReasonIn
from api.routers.parts import (
    MustHaveSeen,
    Working,
    in_one_go,
    left_uncovered,
    order_for,
    outage_for,
    tag,
    weighed,
)
from api.views.orders import EtaOut, IncidentOut, OrderFull, OrderOut, RankedOut, StepOut
from api.views.outages import OutageOut
from api.views.tickets import TicketOut
from dispatch.domain.order import Incident, TroubleOrder
from dispatch.domain.outage import (
    Outage,
)
from dispatch.domain.words import (
    CrewId,
    IncidentId,
    OrderId,
    OutageId,
    TicketId,
)
from dispatch.errors import NotFound
from dispatch.ports import Store
from dispatch.procedures.supporting import partner_of
from dispatch.usecases.choose_crew import ChooseCrew, choose_crew
from dispatch.usecases.close_incident import CloseIncident, close_incident
from dispatch.usecases.need_parts import NeedParts, need_parts
from dispatch.usecases.sequence_order import SequenceOrder, sequence_order
from dispatch.usecases.support_order import SupportOrder, support_order

router = APIRouter(tags=["dispatchers"])
OUTAGE = f"{API}/outages/{{outage_id}}"


class AssignedOut(BaseModel):
    """The order as assigned, and the outage whose version changed with it."""

    order: OrderOut
    outage: OutageOut | None


def order_full(store: Store, order: TroubleOrder, caller: Caller) -> OrderFull:
    """Build an order with its history, for one caller."""
    incident = None if order.incident_id is None else store.orders.get_incident(order.incident_id)
    tickets = [] if incident is None else [store.tickets.get(TicketId(incident.ticket_id))]
    partner = partner_of(store.orders, order)
    return OrderFull(
        **OrderOut.of(order).model_dump(),
        steps=[StepOut.of(step) for step in store.orders.list_steps(order.id)],
        partner=None if partner is None else OrderOut.of(partner),
        incident=None if incident is None else IncidentOut.of(incident),
        tickets=[TicketOut.of(ticket, caller) for ticket in tickets],
    )


def ranked_out(house: House, find: Callable[[Store], TroubleOrder | None]) -> list[RankedOut]:
    """Rank the crews for an order, hold them against the plan, say what each leaves uncovered."""
    travel_times = house.travel_times()
    with house.transaction() as store:
        order = find(store)
        if order is None:
            return []
        ranked, foreseen = weighed(house, store, order, travel_times)
    leaves = left_uncovered(house, order, ranked, travel_times)
    return [RankedOut.of(each, foreseen, leaves.get(each.state.crew.id)) for each in ranked]


@router.get(f"{OUTAGE}/crews")
def get_outage_crews(outage_id: int, caller: Calling, house: Working) -> list[RankedOut]:
    """Rank the crews of the district for an outage: reasons, blockers, fix ages, and the plan."""

    def of_outage(store: Store) -> TroubleOrder | None:
        return store.orders.find_open_of_outage(outage_for(store, caller, outage_id).id)

    return ranked_out(house, of_outage)


@router.put(f"{OUTAGE}/assignment")
def put_outage_assignment(
    outage_id: int,
    body: AssignmentIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> AssignedOut:
    """Send a crew; 412 when the outage changed since it was looked at."""
    travel_times = house.travel_times()

    def choose(store: Store) -> tuple[TroubleOrder, Outage]:
        outage = outage_for(store, caller, outage_id)
        command = ChooseCrew(
            outage_id=OutageId(outage.id),
            crew_id=CrewId(body.crew_id),
            by=caller.name,
            seen_version=seen,
            reason=body.reason,
        )
        order = choose_crew(
            store, command, travel_times, policy=house.policies.assignment, now=house.now()
        )
        return order, store.outages.get(outage.id)

    order, outage = in_one_go(house, choose)
    house.queue.assign(outage.district_id)
    tag(response, outage.version)
    return AssignedOut(order=OrderOut.of(order), outage=OutageOut.full(outage, house.now()))


@router.get(f"{API}/orders/{{order_id}}")
def get_order(order_id: int, response: Response, caller: Calling, house: Working) -> OrderFull:
    """Read an order with its history; the way to an incident's order."""
    with house.transaction() as store:
        order = order_for(store, caller, order_id)
        full = order_full(store, order, caller)
    tag(response, order.version)
    return full


@router.get(f"{API}/orders/{{order_id}}/eta")
def get_order_eta(order_id: int, caller: Calling, house: Working) -> EtaOut:
    """Say when the crew is expected; 404 while nobody is on the way or has been seen on it."""
    with house.transaction() as store:
        order = order_for(store, caller, order_id)
        eta = store.etas.find(order.id)
    if eta is None:
        raise NotFound("expected arrival", order_id=order_id)
    return EtaOut.of(eta, stale=eta.is_stale(house.now(), house.policies.eta))


@router.get(f"{API}/orders/{{order_id}}/crews")
def get_order_crews(order_id: int, caller: Calling, house: Working) -> list[RankedOut]:
    """Rank the crews of the district for an order."""
    return ranked_out(house, lambda store: order_for(store, caller, order_id))


@router.put(f"{API}/orders/{{order_id}}/assignment")
def put_order_assignment(
    order_id: int,
    body: AssignmentIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> AssignedOut:
    """Send a crew to an incident, or a second one; 412 when the order has changed meanwhile."""
    travel_times = house.travel_times()

    def choose(store: Store) -> TroubleOrder:
        order = order_for(store, caller, order_id)
        command = ChooseCrew(
            order_id=order.id,
            crew_id=CrewId(body.crew_id),
            by=caller.name,
            seen_version=seen,
            reason=body.reason,
        )
        return choose_crew(
            store, command, travel_times, policy=house.policies.assignment, now=house.now()
        )

    order = in_one_go(house, choose)
    house.queue.assign(order.district_id)
    tag(response, order.version)
    return AssignedOut(order=OrderOut.of(order), outage=None)


@router.put(f"{API}/orders/{{order_id}}/after")
def put_order_after(
    order_id: int,
    body: SequenceIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> OrderOut:
    """Let work on an order begin only after that on others, as where a switch has to be open."""

    def sequence(store: Store) -> TroubleOrder:
        order = order_for(store, caller, order_id)
        for other in body.orders:
            order_for(store, caller, other)
        command = SequenceOrder(
            order_id=order.id,
            after=tuple(OrderId(each) for each in body.orders),
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return sequence_order(store, command, now=house.now())

    order = in_one_go(house, sequence)
    house.queue.assign(order.district_id)
    tag(response, order.version)
    return OrderOut.of(order)


@router.put(f"{API}/orders/{{order_id}}/parts")
def put_order_parts(
    order_id: int,
    body: PartsIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> OrderOut:
    """Say which parts the work of an order needs: who lacks one goes by a depot."""

    def need(store: Store) -> TroubleOrder:
        command = NeedParts(
            order_id=order_for(store, caller, order_id).id,
            parts=tuple(body.parts),
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return need_parts(store, command, now=house.now())

    order = in_one_go(house, need)
    house.queue.assign(order.district_id)
    tag(response, order.version)
    return OrderOut.of(order)


@router.put(f"{API}/orders/{{order_id}}/support")
def put_order_support(
    order_id: int,
    body: SupportIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> OrderFull:
    """Ask for a second crew for the work of an order, or let one be enough."""

    def support(store: Store) -> tuple[TroubleOrder, OrderFull]:
        command = SupportOrder(
            order_id=order_for(store, caller, order_id).id,
            wanted=body.wanted,
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        order = support_order(store, command, now=house.now())
        return order, order_full(store, order, caller)

    order, full = in_one_go(house, support)
    house.queue.assign(order.district_id)
    tag(response, order.version)
    return full


@router.post(f"{API}/incidents/{{incident_id}}/close")
def post_close_incident(
    incident_id: int, body: ReasonIn, caller: Calling, house: Working
) -> IncidentOut:
    """Close an incident that no crew needs to see any more."""

    def close(store: Store) -> Incident:
        try:
            incident = store.orders.get_incident(IncidentId(incident_id))
        except NotFound:
            raise NotFound("incident", id=incident_id) from None
        caller.must_see(incident.district_id, "incident", id=incident_id)
        command = CloseIncident(incident_id=incident.id, by=caller.name, reason=body.reason)
        return close_incident(store, command, now=house.now())

    return IncidentOut.of(in_one_go(house, close))
