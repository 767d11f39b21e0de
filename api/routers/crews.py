"""What a crew's phone calls: its orders, what it did, where it is. Everything may be sent twice."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.expecting import expect_anew
from api.house import House
from api.inputs.crews import ActionIn, ActionsIn, FixIn, PositionsIn
from api.routers.depots import DepotOut
from api.routers.parts import Working, in_one_go
from api.views.orders import IncidentOut, OrderOut
from api.views.outages import OutageOut
from api.views.tickets import TicketOut
from dispatch.assignment import Fetch
from dispatch.domain.crew import PositionFix
from dispatch.domain.order import TroubleOrder
from dispatch.domain.warning import ClockWarning
from dispatch.domain.words import ActionKind, CrewId, OrderId, TicketId
from dispatch.errors import (
    Collision,
    DispatchError,
    IdentityTaken,
    InvalidInput,
    StoreUnavailable,
)
from dispatch.ports import ActionRecord, Store
from dispatch.procedures.fetching import fetch_for
from dispatch.procedures.sequencing import waits_for
from dispatch.procedures.supporting import partner_of
from dispatch.restoration import asks_crew
from dispatch.usecases.record_crew_action import (
    RecordCrewAction,
    record_crew_action,
    record_refusal,
)
from dispatch.usecases.record_positions import RecordPositions, record_positions
from gis.crs import to_wgs84
from gis.errors import OffPlanet

router = APIRouter(tags=["crews"])

RECENTLY = timedelta(hours=12)


class CrewOrderOut(BaseModel):
    """An order as its crew sees it; telephone numbers only while the crew is on it.

    `asks_estimate`: the crew on site is to say when supply will be back, as nobody there has, or
    what was said is about to pass. Work must not begin before that on the orders in `begins_after`
    is done. Where it takes two crews, `partner_order` is the order of the other one, and `partner`
    its name as soon as one is sent. `fetch` is where the crew gets the parts that it lacks.
    """

    order: OrderOut
    outage: OutageOut | None
    incident: IncidentOut | None
    tickets: list[TicketOut]
    asks_estimate: bool
    begins_after: list[int] = []
    partner_order: int | None = None
    partner: str | None = None
    fetch: "FetchOut | None" = None
    warnings: list["CrewWarningOut"] = []


class FetchOut(BaseModel):
    """Which parts a crew lacks, and the depot to go by (EPSG:4326); null where none has all."""

    parts: list[str]
    depot: DepotOut | None


class CrewWarningOut(BaseModel):
    """A promise of the order that runs out, or is over, and that the crew has to hear of."""

    id: int
    rule: str
    level: int
    overdue: bool
    due_at: datetime
    sent_at: datetime

    @classmethod
    def of(cls, warning: ClockWarning) -> "CrewWarningOut":
        """Build from the warning."""
        return cls(
            id=warning.number,
            rule=warning.rule_id,
            level=warning.level,
            overdue=warning.overdue,
            due_at=warning.due_at,
            sent_at=warning.sent_at,
        )


class ActionOut(BaseModel):
    """What became of an action: applied, late (kept as history) or refused, and why."""

    id: str
    seq: int
    outcome: str
    detail: str


class ActionsOut(BaseModel):
    """What became of each action, in the order they were sent."""

    actions: list[ActionOut]


class RefusedFix(BaseModel):
    """A position that cannot be one, or that is nobody's business: `off_duty`, `too_old`."""

    id: str
    why: str


class PositionsOut(BaseModel):
    """How many positions came, how many were new, and which were refused."""

    received: int
    new: int
    refused: list[RefusedFix]


@router.get(f"{API}/crew/orders")
def get_orders(caller: Calling, house: Working) -> list[CrewOrderOut]:
    """List the orders of the calling crew: under way, and those of the last twelve hours."""
    with house.transaction() as store:
        orders = store.orders.list_of_crew(caller.crew, since=house.now() - RECENTLY)
        mine = [order for order in orders if order.crew_id == caller.crew]
        return [_crew_order(store, order, caller, house) for order in mine]


def fetch_of(store: Store, order: TroubleOrder, house: House) -> Fetch | None:
    """What the crew of an order lacks for it, and where it gets that; None: nothing."""
    if not order.is_under_way or order.crew_id is None or not order.parts:
        return None
    state = store.crews.state(order.crew_id, house.now())
    policy = house.policies.assignment
    return fetch_for(store, order, state, house.travel_times(), policy=policy, now=house.now())


def _fetch_out(fetch: Fetch | None) -> FetchOut | None:
    if fetch is None:
        return None
    depot = None if fetch.depot is None else DepotOut.of(fetch.depot)
    return FetchOut(parts=sorted(fetch.parts), depot=depot)


def _crew_order(store: Store, order: TroubleOrder, caller: Caller, house: House) -> CrewOrderOut:
    now = house.now()
    outage = None if order.outage_id is None else store.outages.get(order.outage_id)
    incident = None if order.incident_id is None else store.orders.get_incident(order.incident_id)
    if incident is not None:
        tickets = [store.tickets.get(TicketId(incident.ticket_id))]
    else:
        tickets = [] if outage is None else list(store.tickets.list_of_outage(outage.id))
    shown = [TicketOut.of(ticket, caller) for ticket in tickets]
    if order.is_under_way:
        shown = [
            out.model_copy(update={"phone": ticket.complaint.phone})
            for out, ticket in zip(shown, tickets, strict=True)
        ]
    other = partner_of(store.orders, order)
    sent = None if other is None or other.crew_id is None else store.crews.get(other.crew_id)
    return CrewOrderOut(
        order=OrderOut.of(order),
        outage=None if outage is None else OutageOut.full(outage, now),
        incident=None if incident is None else IncidentOut.of(incident),
        tickets=shown,
        warnings=[
            CrewWarningOut.of(warning)
            for warning in store.warnings.list_open_of_crew(caller.crew)
            if warning.order_id == order.id
        ],
        begins_after=list(waits_for(store.orders, order)),
        partner_order=None if other is None else other.id,
        partner=None if sent is None else sent.name,
        fetch=_fetch_out(fetch_of(store, order, house)),
        asks_estimate=outage is not None
        and asks_crew(outage, order, telling=store.forecasts.telling, now=now),
    )


@router.post(f"{API}/crew/actions")
def post_actions(body: ActionsIn, caller: Calling, house: Working) -> ActionsOut:
    """Take a batch of actions; each is applied once, in the phone's own order."""
    crew_id = caller.crew
    outcomes = {
        action.id: _act(house, crew_id, action)
        for action in sorted(body.actions, key=lambda each: each.seq)
    }
    with house.transaction() as store:
        state = store.crews.state(crew_id, house.now())
    house.queue.assign(state.works_for, state.crew.district_id)
    return ActionsOut(actions=[outcomes[action.id] for action in body.actions])


def _act(house: House, crew_id: CrewId, action: ActionIn) -> ActionOut:
    """Apply one action in a transaction of its own, so that one refusal holds up no other."""
    try:
        command = _command(crew_id, action)
    except InvalidInput as refusal:
        return ActionOut(id=action.id, seq=action.seq, outcome="refused", detail=str(refusal))
    travel_times = house.travel_times()
    try:
        record = in_one_go(
            house,
            lambda store: record_crew_action(
                store,
                command,
                policy=house.policies.arrival,
                now=house.now(),
                travel_times=travel_times,
            ),
        )
    except (StoreUnavailable, Collision):
        raise  # the phone sends it again
    except DispatchError as refusal:
        why = refusal
        record = in_one_go(
            house, lambda store: record_refusal(store, command, why, now=house.now())
        )
    return _outcome(crew_id, record)


def _outcome(crew_id: CrewId, record: ActionRecord) -> ActionOut:
    if record.crew_id != crew_id:
        taken = IdentityTaken("this id was used before for something else")
        return ActionOut(id=record.id, seq=record.seq, outcome="refused", detail=str(taken))
    return ActionOut(id=record.id, seq=record.seq, outcome=record.outcome, detail=record.detail)


def _command(crew_id: CrewId, action: ActionIn) -> RecordCrewAction:
    if action.kind not in set(ActionKind):
        raise InvalidInput("kind", action.kind, f"one of {', '.join(ActionKind)}")
    facts = action.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return RecordCrewAction(
        id=action.id,
        crew_id=crew_id,
        seq=action.seq,
        kind=ActionKind(action.kind),
        order_id=OrderId(action.order_id),
        occurred_at=action.occurred_at,
        reason=action.reason,
        cause=action.cause,
        device_id=action.device_id,
        device_kind=action.device_kind,
        is_open=action.state == "open",
        is_live=action.live,
        phases=action.phases,
        restore_at=action.restore_at,
        transformers=None if action.transformers is None else tuple(action.transformers),
        note=action.note,
        damage=action.damage,
        parts=action.parts,
        parts_needed=tuple(action.parts_needed or ()),
        ticket_id=action.ticket_id,
        power_on=action.power_on,
        facts=facts,
    )


@router.post(f"{API}/crew/positions")
def post_positions(body: PositionsIn, caller: Calling, house: Working) -> PositionsOut:
    """Take a batch of positions, in any order; a position that was sent before is not new."""
    crew_id, now = caller.crew, house.now()
    fixes: list[PositionFix] = []
    refused: list[RefusedFix] = []
    for sent in body.positions:
        try:
            lon, lat = to_wgs84(sent.lon, sent.lat, sent.datum)
        except OffPlanet as nowhere:
            refused.append(RefusedFix(id=sent.id, why=str(nowhere)))
        else:
            fixes.append(_fix(crew_id, sent, lon, lat, now))
    command, travel_times = RecordPositions(crew_id=crew_id, fixes=fixes), house.travel_times()
    kept = in_one_go(
        house,
        lambda store: record_positions(
            store,
            command,
            tracking=house.policies.tracking,
            policy=house.policies.arrival,
            now=now,
            travel_times=travel_times,
        ),
    )
    if kept.new:
        expect_anew(house, [crew_id])
    refused += [RefusedFix(id=fix.id, why=why) for fix, why in kept.dropped]
    return PositionsOut(received=len(body.positions), new=kept.new, refused=refused)


def _fix(crew_id: CrewId, sent: FixIn, lon: float, lat: float, now: datetime) -> PositionFix:
    return PositionFix(
        id=sent.id,
        crew_id=crew_id,
        lon=lon,
        lat=lat,
        fixed_at=sent.fixed_at,
        received_at=now,
        accuracy_m=sent.accuracy_m,
        speed_mps=sent.speed_mps,
        mock=sent.mock,
        battery=sent.battery,
    )
