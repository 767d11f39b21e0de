"""What an agent, an IVR menu or a gateway calls: is it known, take a report, hurry, call back."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError
from starlette.concurrency import run_in_threadpool

from api.access import API
from api.callers import Caller, Calling, current_caller
from api.house import House
from api.inputs.fields import Code, Line, LocationIn, Metres, Phone, ReasonIn, Words
from api.inputs.reports import AttachIn, CallbackIn, PlaceIn, TicketIn, UrgeIn, recent
from api.reporting import queue_work, take_report
from api.routers.parts import Working, house_of, in_one_go, outage_for, ticket_for
from api.views.known import KnownOut
from api.views.tickets import ClockOut, ReportedOut, TicketFull, TicketOut
from dispatch.domain.facts import KnownFacts
from dispatch.domain.notice import How
from dispatch.domain.ticket import Complaint, TroubleTicket
from dispatch.domain.words import Channel, DistrictId, OutageId, TicketId
from dispatch.errors import IdentityTaken, InvalidInput
from dispatch.known import CallerSays, answered_from, explain
from dispatch.location import ReportedPosition, Whereabouts
from dispatch.ports import Store
from dispatch.sayings import WHERE
from dispatch.store.constraints import in_our_words
from dispatch.store.known import (
    ASKED_BY_ACCOUNT,
    ASKED_BY_METER,
    ASKED_BY_PHONE,
    facts_from,
)
from dispatch.store.notices import COUNT, answer_row
from dispatch.usecases.ask_known import AskKnown, Known, ask_known
from dispatch.usecases.attach_ticket import (
    AttachTicket,
    DetachTicket,
    attach_ticket,
    detach_ticket,
)
from dispatch.usecases.close_ticket import CloseTicket, close_ticket
from dispatch.usecases.place_ticket import PlaceTicket, place_ticket
from dispatch.usecases.record_callback import RecordCallback, record_callback
from dispatch.usecases.report_trouble import ReportTrouble
from dispatch.usecases.urge_ticket import UrgeTicket, urge_ticket
from gis.crs import Datum

router = APIRouter(tags=["agents"])


class Asking(BaseModel):
    """Who asks, by whatever is at hand; the surest trace is taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: Code | None = None
    phone: Phone | None = None
    meter: Code | None = None
    address: Line | None = None
    lon: FiniteFloat | None = None
    lat: FiniteFloat | None = None
    datum: Datum = Datum.WGS84
    accuracy_m: Metres | None = None
    multiple_premises: bool | None = None
    symptoms: Words = []

    def question(self) -> AskKnown:
        """The question as the core knows it."""
        caller = Complaint(
            channel=Channel.PHONE,
            account=self.account or None,
            phone=self.phone,
            meter=self.meter or None,
            address=self.address or None,
            symptoms=tuple(self.symptoms),
            multiple_premises=self.multiple_premises,
        )
        return AskKnown(caller=caller, position=self._position())

    def _position(self) -> ReportedPosition | None:
        if self.lon is None and self.lat is None:
            return None
        if self.lon is None or self.lat is None:
            raise InvalidInput("lon, lat", (self.lon, self.lat), "both or neither")
        place = LocationIn(lon=self.lon, lat=self.lat, datum=self.datum, accuracy_m=self.accuracy_m)
        return place.wgs84()


def _asked(request: Request) -> Asking:
    """Read the query string in one go: parameter by parameter costs more than finding the answer.

    Raises
    ------
    RequestValidationError
        Where it does not fit, as if every field were a parameter of its own.
    """
    said = request.query_params
    fields = {name: said.getlist(name) if name == "symptoms" else said[name] for name in said}
    try:
        return Asking.model_validate(fields)
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False)
        raise RequestValidationError(
            [{**error, "loc": ("query", *error["loc"])} for error in errors]
        ) from None


def _parameters() -> list[dict[str, Any]]:
    """The fields of `Asking` as OpenAPI parameters."""
    schema = Asking.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": schema["$defs"][of["$ref"].rpartition("/")[2]] if "$ref" in of else of,
        }
        for name, of in schema["properties"].items()
    ]


@router.get(
    f"{API}/known-outage",
    response_model=KnownOut,
    openapi_extra={"parameters": _parameters()},
)
async def get_known_outage(request: Request) -> Response:
    """Say whether a caller's outage is known; registers nothing, counts what a notice answered."""
    # Asked for and written here: each dependency costs the framework as much as judging the answer,
    # and what it would validate again was made by us.
    asking, caller, house = _asked(request), await current_caller(request), await house_of(request)
    known = await _known(request.app.state.pool, caller, house, asking)
    return Response(known.model_dump_json(), media_type="application/json")


async def _known(
    pool: AsyncConnectionPool, caller: Caller, house: House, asking: Asking
) -> KnownOut:
    question = asking.question()
    facts = await _facts_on_record(pool, house, question)
    if facts is None:
        return await run_in_threadpool(_ask_core, house, caller, question)
    point = facts.service_point
    if point is not None and not caller.sees(point.district_id):
        return KnownOut.nowhere(_hidden(), caller)
    says = CallerSays(
        symptoms=frozenset(asking.symptoms), multiple_premises=asking.multiple_premises
    )
    now = house.now()
    answer = explain(facts, says, now=now, clockface=house.clockface)
    counted = answered_from(answer, facts, How.QUESTION, now=now)
    if counted is not None:
        with in_our_words():
            async with pool.connection() as connection:
                await COUNT.run_on(connection, answer_row(counted))
    return KnownOut.of(answer, point, now)


async def _facts_on_record(
    pool: AsyncConnectionPool, house: House, question: AskKnown
) -> KnownFacts | None:
    """The one statement of the hot call; None where the place has to be found another way."""
    who = question.caller
    asked: dict[str, Any] = {"phone": who.phone, "now": house.now()}
    for statement, key, value in (
        (ASKED_BY_ACCOUNT, "account", who.account),
        (ASKED_BY_METER, "meter", who.meter),
        (ASKED_BY_PHONE, "phone", who.phone),
    ):
        if value is None:
            continue
        with in_our_words():
            async with pool.connection() as connection:
                rows = await statement.rows_of(connection, {**asked, key: value}, 2)
        if len(rows) == 1:
            facts = facts_from(rows[0][0])
            point = facts.service_point
            return facts if point is not None and point.lon is not None else None
        if rows:
            return None
    return None


def _ask_core(house: House, caller: Caller, question: AskKnown) -> KnownOut:
    with house.transaction() as store:
        known = ask_known(store, question, now=house.now(), clockface=house.clockface)
    place = known.whereabouts.place
    if known.answer is None:
        return KnownOut.nowhere(known, caller)
    if place is not None and not caller.sees(place.district_id):
        return KnownOut.nowhere(_hidden(), caller)
    return KnownOut.of(known.answer, known.whereabouts.service_point, house.now())


def _hidden() -> Known:
    """What is said of an account that does not exist, or that another district keeps."""
    return Known(answer=None, whereabouts=Whereabouts(place=None), ask=WHERE)


@router.post(f"{API}/tickets", status_code=201, responses={200: {"model": ReportedOut}})
def post_ticket(body: TicketIn, response: Response, caller: Calling, house: Working) -> ReportedOut:
    """Take a report: 201 the first time, 200 with the same answer when it is sent again."""
    command = ReportTrouble(
        id=TicketId(body.id),
        complaint=body.complaint(),
        position=None if body.location is None else body.location.wgs84(),
        received_at=body.received(house.now()),
        by=caller.name,
        district_id=_only_district(caller),
    )

    reported = take_report(house, command)
    ticket = reported.ticket
    if not reported.is_new:
        response.status_code = 200
    if caller.sees(ticket.district_id):
        return ReportedOut.of(reported, caller)
    if ticket.complaint != command.complaint:
        raise IdentityTaken("this id was used before for another report", id=body.id)
    return ReportedOut.elsewhere(ticket)


def _only_district(caller: Caller) -> DistrictId | None:
    """Where an unlocated report belongs: the caller's district, if there is just one."""
    return DistrictId(next(iter(caller.districts))) if len(caller.districts) == 1 else None


@router.get(f"{API}/tickets/{{ticket_id}}")
def get_ticket(ticket_id: str, caller: Calling, house: Working) -> TicketFull:
    """Read a ticket with its clocks."""
    with house.transaction() as store:
        ticket = ticket_for(store, caller, ticket_id)
        clocks = store.clocks.list_of_ticket(ticket.id)
    return TicketFull(
        **TicketOut.of(ticket, caller).model_dump(), clocks=[ClockOut.of(c) for c in clocks]
    )


@router.post(f"{API}/tickets/{{ticket_id}}/urge")
def post_urge(ticket_id: str, body: UrgeIn, caller: Calling, house: Working) -> TicketOut:
    """Record that the caller asked to hurry, once for its `id`; the order rises in every list."""
    now = house.now()
    at = None if body.at is None else recent("at", body.at, now)

    def urge(store: Store) -> TroubleTicket:
        ticket = ticket_for(store, caller, ticket_id)
        command = UrgeTicket(ticket_id=ticket.id, by=caller.name, note=body.note, id=body.id, at=at)
        return urge_ticket(store, command, now=now)

    return TicketOut.of(in_one_go(house, urge), caller)


@router.post(f"{API}/tickets/{{ticket_id}}/attach")
def post_attach(ticket_id: str, body: AttachIn, caller: Calling, house: Working) -> TicketOut:
    """Make the ticket one more caller of an outage, with a reason."""

    def attach(store: Store) -> TroubleTicket:
        ticket = ticket_for(store, caller, ticket_id)
        outage = outage_for(store, caller, body.outage_id)
        command = AttachTicket(
            ticket_id=ticket.id,
            outage_id=OutageId(outage.id),
            by=caller.name,
            reason=body.reason,
        )
        return attach_ticket(store, command, now=house.now())

    ticket = in_one_go(house, attach)
    queue_work(house, ticket)
    return TicketOut.of(ticket, caller)


@router.post(f"{API}/tickets/{{ticket_id}}/detach")
def post_detach(ticket_id: str, body: ReasonIn, caller: Calling, house: Working) -> TicketOut:
    """Take the ticket out of its outage, with a reason; the separation is remembered."""

    def detach(store: Store) -> TroubleTicket:
        ticket = ticket_for(store, caller, ticket_id)
        command = DetachTicket(ticket_id=ticket.id, by=caller.name, reason=body.reason)
        return detach_ticket(store, command, now=house.now())

    ticket = in_one_go(house, detach)
    queue_work(house, ticket)
    return TicketOut.of(ticket, caller)


@router.post(f"{API}/tickets/{{ticket_id}}/callback")
def post_callback(ticket_id: str, body: CallbackIn, caller: Calling, house: Working) -> TicketOut:
    """Record what a caller answered, once for its `id`; still dark opens a nested outage."""
    now = house.now()
    at = None if body.at is None else recent("at", body.at, now)

    def call_back(store: Store) -> TroubleTicket:
        ticket = ticket_for(store, caller, ticket_id)
        command = RecordCallback(
            ticket_id=ticket.id,
            by=caller.name,
            power_on=body.power_on,
            satisfied=body.satisfied,
            note=body.note,
            id=body.id,
            at=at,
        )
        return record_callback(store, command, now=now)

    ticket = in_one_go(house, call_back)
    queue_work(house, ticket)
    return TicketOut.of(ticket, caller)


@router.post(f"{API}/tickets/{{ticket_id}}/close")
def post_close(ticket_id: str, body: ReasonIn, caller: Calling, house: Working) -> TicketOut:
    """Close a report without a place that nobody has to come for, with a reason."""

    def close(store: Store) -> TroubleTicket:
        ticket = ticket_for(store, caller, ticket_id)
        command = CloseTicket(ticket_id=ticket.id, by=caller.name, reason=body.reason)
        return close_ticket(store, command, now=house.now())

    return TicketOut.of(in_one_go(house, close), caller)


@router.put(f"{API}/tickets/{{ticket_id}}/place")
def put_place(ticket_id: str, body: PlaceIn, caller: Calling, house: Working) -> TicketOut:
    """Say where an unlocated report comes from."""
    position = None if body.location is None else body.location.wgs84()

    def place(store: Store) -> TroubleTicket:
        ticket = ticket_for(store, caller, ticket_id)
        command = PlaceTicket(
            ticket_id=ticket.id,
            by=caller.name,
            account=body.account or None,
            meter=body.meter or None,
            address=body.address or None,
            position=position,
        )
        return place_ticket(store, command, now=house.now(), clockface=house.clockface)

    ticket = in_one_go(house, place)
    queue_work(house, ticket)
    return TicketOut.of(ticket, caller)
