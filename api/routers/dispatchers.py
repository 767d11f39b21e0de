"""What a dispatcher's console calls: outages, who goes, what was seen, what is planned."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs import (
    AssignmentIn,
    CloseIn,
    ClosureIn,
    ConfirmIn,
    EndIn,
    EstimateIn,
    MergeIn,
    PlannedIn,
    ReasonIn,
    RestoreIn,
    SplitIn,
    recent,
)
from api.routers.parts import (
    MustHaveSeen,
    Seen,
    Working,
    in_one_go,
    order_for,
    outage_for,
    planned_for,
    tag,
    ticket_for,
)
from api.views import (
    IncidentOut,
    OrderFull,
    OrderOut,
    OutageDetail,
    OutageOut,
    PlannedOut,
    RankedOut,
    StepOut,
    TicketOut,
    ranked_out,
)
from dispatch.domain.order import Incident, TroubleOrder
from dispatch.domain.outage import (
    Confidence,
    EstimateSource,
    Outage,
    PlannedOutage,
    PredictedDevice,
    Scope,
)
from dispatch.domain.words import (
    CrewId,
    IncidentId,
    OutageId,
    TicketId,
    UsagePointId,
)
from dispatch.errors import InvalidInput, NotFound
from dispatch.ports import Store
from dispatch.procedures.ranking import rank_for
from dispatch.store import roads
from dispatch.store.constraints import in_our_words
from dispatch.usecases.choose_crew import ChooseCrew, choose_crew
from dispatch.usecases.close_incident import CloseIncident, close_incident
from dispatch.usecases.close_outage import CloseOutage, close_outage
from dispatch.usecases.confirm_outage import ConfirmOutage, confirm_outage
from dispatch.usecases.estimate_restoration import EstimateRestoration, estimate_restoration
from dispatch.usecases.merge_outages import MergeOutages, merge_outages
from dispatch.usecases.plan_outage import (
    CancelPlannedOutage,
    EndPlannedOutage,
    PlanOutage,
    cancel_planned_outage,
    end_planned_outage,
    plan_outage,
)
from dispatch.usecases.restore_outage import RestoreOutage, restore_outage
from dispatch.usecases.split_outage import SplitOutage, split_outage

router = APIRouter(tags=["dispatchers"])
OUTAGE = f"{API}/outages/{{outage_id}}"


class AssignedOut(BaseModel):
    """The order as assigned, and the outage whose version changed with it."""

    order: OrderOut
    outage: OutageOut | None


@router.get(OUTAGE)
def get_outage(outage_id: int, response: Response, caller: Calling, house: Working) -> OutageDetail:
    """Read an outage with its callers, scope and order; `ETag` is its version."""
    with house.transaction() as store:
        outage = outage_for(store, caller, outage_id)
        scope = store.outages.scope_out(outage.id)
        order = store.orders.find_open_of_outage(outage.id)
        detail = OutageDetail(
            **OutageOut.full(outage).model_dump(),
            transformers_out=sorted(scope.transformers),
            usage_points_out=sorted(scope.usage_points),
            customers_out=store.directory.count_customers(scope),
            tickets=[
                TicketOut.of(ticket, caller) for ticket in store.tickets.list_of_outage(outage.id)
            ],
            order=None if order is None else _order_full(store, order, caller),
        )
    tag(response, outage.version)
    return detail


def _order_full(store: Store, order: TroubleOrder, caller: Caller) -> OrderFull:
    incident = None if order.incident_id is None else store.orders.get_incident(order.incident_id)
    tickets = [] if incident is None else [store.tickets.get(TicketId(incident.ticket_id))]
    return OrderFull(
        **OrderOut.of(order).model_dump(),
        steps=[StepOut.of(step) for step in store.orders.list_steps(order.id)],
        incident=None if incident is None else IncidentOut.of(incident),
        tickets=[TicketOut.of(ticket, caller) for ticket in tickets],
    )


@router.get(f"{OUTAGE}/crews")
def get_outage_crews(outage_id: int, caller: Calling, house: Working) -> list[RankedOut]:
    """Rank the crews of the district for an outage, with reasons, blockers and fix ages."""
    travel_times = house.travel_times()
    with house.transaction() as store:
        outage = outage_for(store, caller, outage_id)
        order = store.orders.find_open_of_outage(outage.id)
        if order is None:
            return []
        return ranked_out(
            rank_for(
                store,
                order,
                travel_times,
                policy=house.policies.assignment,
                now=house.now(),
            )
        )


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
    return AssignedOut(order=OrderOut.of(order), outage=OutageOut.full(outage))


@router.get(f"{API}/orders/{{order_id}}")
def get_order(order_id: int, response: Response, caller: Calling, house: Working) -> OrderFull:
    """Read an order with its history; the way to an incident's order."""
    with house.transaction() as store:
        order = order_for(store, caller, order_id)
        full = _order_full(store, order, caller)
    tag(response, order.version)
    return full


@router.get(f"{API}/orders/{{order_id}}/crews")
def get_order_crews(order_id: int, caller: Calling, house: Working) -> list[RankedOut]:
    """Rank the crews of the district for an order."""
    travel_times = house.travel_times()
    with house.transaction() as store:
        order = order_for(store, caller, order_id)
        return ranked_out(
            rank_for(store, order, travel_times, policy=house.policies.assignment, now=house.now())
        )


@router.put(f"{API}/orders/{{order_id}}/assignment")
def put_order_assignment(
    order_id: int,
    body: AssignmentIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> AssignedOut:
    """Send a crew to an incident; 412 when the order changed since it was looked at."""
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


def _answer(house: House, response: Response, outage: Outage) -> OutageOut:
    """Let the feeder and the district be looked at again, and answer the outage."""
    house.queue.group(outage.feeder_id, asked_at=house.now())
    house.queue.assign(outage.district_id)
    tag(response, outage.version)
    return OutageOut.full(outage)


@router.post(f"{OUTAGE}/confirm")
def post_confirm(
    outage_id: int,
    body: ConfirmIn,
    seen: Seen,
    response: Response,
    caller: Calling,
    house: Working,
) -> OutageOut:
    """Somebody saw it: confirm the outage, with another device if need be."""
    now = house.now()
    at = None if body.at is None else recent("at", body.at, now)
    device = body.device

    def confirm(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        command = ConfirmOutage(
            outage_id=OutageId(outage_id),
            by=caller.name,
            seen_version=seen,
            device=None
            if device is None
            else PredictedDevice(id=device.id, kind=device.kind, name=device.name),
            cause=body.cause,
            at=at,
        )
        return confirm_outage(store, command, now=now)

    return _answer(house, response, in_one_go(house, confirm))


@router.post(f"{OUTAGE}/split", status_code=201)
def post_split(
    outage_id: int, body: SplitIn, seen: Seen, response: Response, caller: Calling, house: Working
) -> OutageOut:
    """Take tickets out into an outage of their own, and answer that one."""

    def split(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        for ticket_id in body.tickets:
            ticket_for(store, caller, ticket_id)
        command = SplitOutage(
            outage_id=OutageId(outage_id),
            tickets=[TicketId(each) for each in body.tickets],
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return split_outage(store, command, now=house.now())

    return _answer(house, response, in_one_go(house, split))


@router.post(f"{OUTAGE}/merge")
def post_merge(
    outage_id: int, body: MergeIn, seen: Seen, response: Response, caller: Calling, house: Working
) -> OutageOut:
    """Make another prediction a part of this outage."""

    def merge(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        outage_for(store, caller, body.outage_id)
        command = MergeOutages(
            whole_id=OutageId(outage_id),
            part_id=OutageId(body.outage_id),
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return merge_outages(store, command, now=house.now())

    return _answer(house, response, in_one_go(house, merge))


@router.post(f"{OUTAGE}/estimate")
def post_estimate(
    outage_id: int,
    body: EstimateIn,
    seen: Seen,
    response: Response,
    caller: Calling,
    house: Working,
) -> OutageOut:
    """Say when supply is expected back; a crew's word is never overwritten."""

    def estimate(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        command = EstimateRestoration(
            outage_id=OutageId(outage_id),
            at=body.at,
            source=EstimateSource.DISPATCHER,
            confidence=Confidence(body.confidence),
            by=caller.name,
            seen_version=seen,
        )
        return estimate_restoration(store, command, now=house.now())

    return _answer(house, response, in_one_go(house, estimate))


@router.post(f"{OUTAGE}/restore")
def post_restore(
    outage_id: int,
    body: RestoreIn,
    seen: Seen,
    response: Response,
    caller: Calling,
    house: Working,
) -> OutageOut:
    """Supply is back for everybody, or for the part that is named."""
    now = house.now()
    at = now if body.at is None else recent("at", body.at, now)

    def bring_back(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        command = RestoreOutage(
            outage_id=OutageId(outage_id),
            at=at,
            by=caller.name,
            part=_part(body),
            cause=body.cause,
            seen_version=seen,
        )
        return restore_outage(store, command, now=now)

    return _answer(house, response, in_one_go(house, bring_back))


def _part(body: RestoreIn) -> Scope | None:
    if body.transformers is None and body.usage_points is None:
        return None
    part = Scope(
        transformers=frozenset(body.transformers or ()),
        usage_points=frozenset(UsagePointId(each) for each in body.usage_points or ()),
    )
    if not part:
        raise InvalidInput("transformers", [], "somebody, or neither list for everybody")
    return part


@router.post(f"{OUTAGE}/close")
def post_close(
    outage_id: int, body: CloseIn, seen: Seen, response: Response, caller: Calling, house: Working
) -> OutageOut:
    """Archive an outage, once every caller has light or a reason overrules it."""

    def close(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        command = CloseOutage(
            outage_id=OutageId(outage_id),
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return close_outage(store, command, now=house.now())

    return _answer(house, response, in_one_go(house, close))


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


@router.post(f"{API}/planned-outages", status_code=201)
def post_planned(body: PlannedIn, caller: Calling, house: Working) -> PlannedOut:
    """Announce that supply will be cut on purpose."""

    def plan(store: Store) -> PlannedOutage:
        for transformer_id in body.transformers:
            _must_see_transformer(store, caller, transformer_id)
        command = PlanOutage(
            reason=body.reason,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            by=caller.name,
            transformers=body.transformers,
            device_id=body.device_id,
        )
        planned = plan_outage(store, command, now=house.now())
        caller.must_see(planned.district_id, "device", id=body.device_id)
        return planned

    return PlannedOut.full(in_one_go(house, plan))


def _must_see_transformer(store: Store, caller: Caller, transformer_id: str) -> None:
    found = store.directory.find_transformer(transformer_id)
    if found is None or not caller.sees(found.district_id):
        raise InvalidInput("transformers", transformer_id, "a transformer of the network")


@router.post(f"{API}/planned-outages/{{planned_id}}/cancel")
def post_cancel_planned(planned_id: int, caller: Calling, house: Working) -> PlannedOut:
    """Call planned work off before it begins."""

    def cancel(store: Store) -> PlannedOutage:
        planned = planned_for(store, caller, planned_id)
        command = CancelPlannedOutage(planned_id=planned.id, by=caller.name)
        return cancel_planned_outage(store, command, now=house.now())

    return PlannedOut.full(in_one_go(house, cancel))


@router.post(f"{API}/planned-outages/{{planned_id}}/end")
def post_end_planned(planned_id: int, body: EndIn, caller: Calling, house: Working) -> PlannedOut:
    """Supply is back after planned work."""
    now = house.now()
    at = now if body.at is None else recent("at", body.at, now)

    def end(store: Store) -> PlannedOutage:
        planned = planned_for(store, caller, planned_id)
        command = EndPlannedOutage(planned_id=planned.id, by=caller.name, at=at)
        return end_planned_outage(store, command, now=now)

    return PlannedOut.full(in_one_go(house, end))


class ClosureOut(BaseModel):
    """A road that cannot be driven."""

    id: int
    district_id: str | None
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    by: str
    line: list[tuple[float, float]]
    lifted_at: datetime | None

    @classmethod
    def of(cls, closure: roads.RoadClosure) -> "ClosureOut":
        """Build from the closure."""
        return cls(
            id=closure.id,
            district_id=closure.district_id,
            reason=closure.reason,
            starts_at=closure.starts_at,
            ends_at=closure.ends_at,
            by=closure.by,
            line=list(closure.line),
            lifted_at=closure.lifted_at,
        )


@router.get(f"{API}/road-closures")
def get_closures(caller: Calling, house: Working) -> list[ClosureOut]:
    """List roads closed now or announced."""
    with in_our_words(), house.engine.connect() as connection:
        closures = roads.list_closures(connection, house.now())
    return [ClosureOut.of(c) for c in closures if caller.sees(c.district_id)]


@router.post(f"{API}/road-closures", status_code=201)
def post_closure(body: ClosureIn, caller: Calling, house: Working) -> ClosureOut:
    """Close a road to every crew until a time, or until it is lifted."""
    line = body.wgs84()
    starts_at = body.starts_at or house.now()
    if body.ends_at is not None and body.ends_at <= starts_at:
        raise InvalidInput("ends_at", body.ends_at.isoformat(), "a time after starts_at")
    with house.transaction() as store:
        district_id = store.directory.find_district(*line[0])
    caller.must_see(district_id, "road", lon=line[0][0], lat=line[0][1])
    with in_our_words(), house.engine.begin() as connection:
        closure = roads.add_closure(
            connection,
            district_id=district_id,
            reason=body.reason,
            line=line,
            starts_at=starts_at,
            ends_at=body.ends_at,
            by=caller.name,
        )
    return ClosureOut.of(closure)


@router.delete(f"{API}/road-closures/{{closure_id}}", status_code=204)
def delete_closure(closure_id: int, caller: Calling, house: Working) -> None:
    """Open the road again."""
    with in_our_words(), house.engine.begin() as connection:
        closure = roads.find_closure(connection, closure_id)
        caller.must_see(closure.district_id, "road closure", id=closure_id)
        roads.lift_closure(connection, closure_id, house.now())
