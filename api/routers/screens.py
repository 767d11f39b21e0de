"""The pages that people work with, and the parts of them that are read again when things change."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from api import desk
from api.access import DESK, ROOM, WATCH
from api.callers import Caller, Calling, Role
from api.house import House
from api.problems import refused
from api.routers.parts import Working, ticket_for
from api.routers.sessions import HOME, safe_goto
from dispatch.assignment import RankedCrew, choose
from dispatch.domain.clock import ARRIVAL_COMMITMENT, Clock
from dispatch.domain.order import DispatchStep, TroubleOrder
from dispatch.domain.words import HAZARDS_KNOWN, CrewId, IncidentId, OutageId, TicketId
from dispatch.errors import Forbidden, NotAuthenticated, NotFound
from dispatch.procedures.ranking import rank_for
from dispatch.store.clocks import PgClocks
from dispatch.store.orders import PgOrders
from dispatch.store.reads import details, field, map_layers
from dispatch.store.reads.details import CrewOrder, TimelineEntry
from dispatch.store.reads.worklist import worklist
from dispatch.store.transaction import reading
from maps import layers, style
from maps.languages import Language, marked, preferred
from maps.pages import Moment, Pages
from maps.shell import shell
from maps.story import Shown

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LANGUAGE_COOKIE = "relight_language"
YEAR_S = 365 * 86_400
MENU = (
    ("/console", marked("Console"), WATCH),
    ("/desk", marked("Desk"), DESK),
    ("/crew", marked("Orders"), frozenset({Role.CREW})),
)
LEGEND = (
    ("hazard", marked("Danger")),
    ("outage-predicted", marked("Outage, predicted")),
    ("outage-confirmed", marked("Outage, confirmed")),
    ("incident", marked("Incident")),
    ("report", marked("Report")),
    ("transformer-out", marked("Transformer without supply")),
    ("crew-free", marked("Crew, free")),
    ("crew-busy", marked("Crew with an order")),
    ("crew-stale", marked("Crew, position old or unknown")),
    ("mv-lit", marked("Line with supply")),
    ("predicted", marked("Line, thought to be out")),
    ("out", marked("Line out")),
)
OSM_FILES = (".osm", ".osm.bz2", ".osm.pbf", ".pbf")

Written = Annotated[str, Query(max_length=300)]
After = Annotated[str | None, Query(max_length=100, description="mark what is newer than this")]


def _language(request: Request) -> Language:
    return preferred(
        request.cookies.get(LANGUAGE_COOKIE), request.headers.get("Accept-Language", "")
    )


def _page(
    request: Request, name: str, *, caller: Caller | None, status: int = 200, **values: object
) -> HTMLResponse:
    """Render a template for whoever calls, in the language they read."""
    pages: Pages = request.app.state.pages
    house: House = request.app.state.house
    language = _language(request)
    moment = Moment(house.now(), house.clockface.zone)
    frame: dict[str, object] = {
        "caller": caller,
        "path": request.url.path,
        "nonce": request.state.csp_nonce,
        "demo": request.app.state.settings.demo,
        "menu": [
            (address, pages.say(language, name))
            for address, name, roles in MENU
            if caller is not None and caller.role in roles
        ],
        "phone": (lambda number: number) if caller is None else caller.phone,
        "may_act": caller is not None and caller.role in ROOM,
    }
    body = pages.render(name, language, moment, {**frame, **values})
    headers = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"}
    return HTMLResponse(body, status_code=status, headers=headers)


@router.get("/")
def get_root(caller: Calling) -> RedirectResponse:
    """Lead everybody to the first screen of their role."""
    return RedirectResponse(HOME[caller.role], status_code=303)


@router.get("/login")
def get_login(request: Request, wrong: bool = False, goto: Written = "") -> HTMLResponse:  # noqa: FBT001, FBT002 (a query parameter)
    """Ask for login and password."""
    return _page(request, "login.html", caller=None, wrong=wrong, goto=safe_goto(goto) or "")


@router.get("/language/{code}")
def get_language(code: Language, request: Request, goto: Written = "/") -> RedirectResponse:
    """Remember which language somebody reads, and go back."""
    answer = RedirectResponse(safe_goto(goto) or "/", status_code=303)
    answer.set_cookie(
        LANGUAGE_COOKIE,
        code.value,
        max_age=YEAR_S,
        samesite="lax",
        secure=request.app.state.settings.secure_cookies,
        httponly=True,
    )
    return answer


# The console -----------------------------------------------------------------------------------


@router.get("/console")
def get_console(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The map, the list and the detail of one thing."""
    pages: Pages = request.app.state.pages
    language = _language(request)
    with reading(house.engine) as connection:
        listed = _list_values(connection, caller, house)
        view = map_layers.extent(connection, _districts(caller))
        source = map_layers.road_source(connection) or ""
    return _page(
        request,
        "console.html",
        caller=caller,
        map=shell(view).with_nonce(request.state.csp_nonce),
        style=json.dumps(style.table()),
        legend=[(name, pages.say(language, label)) for name, label in LEGEND],
        attribution=source.lower().endswith(OSM_FILES),
        **listed,
    )


@router.get("/console/list")
def get_list(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The list of what is to be done, the most urgent first."""
    with reading(house.engine) as connection:
        listed = _list_values(connection, caller, house)
    return _page(request, "_list.html", caller=caller, **listed)


def _list_values(connection: Connection, caller: Caller, house: House) -> dict[str, Any]:
    items = worklist(connection, _districts(caller), house.now())
    return {"items": items, "customers": sum(item.customers_out for item in items)}


@router.get("/console/crews")
def get_crews(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The crews as a list, those on shift first."""
    with reading(house.engine) as connection:
        standing = field.crews_now(connection, _districts(caller), house.now())
    standing.sort(key=lambda each: (not each.state.on_shift, each.state.crew.id))
    return _page(request, "_crews.html", caller=caller, crews=standing)


@router.get("/console/outages/{outage_id}")
def get_outage(
    outage_id: int, request: Request, caller: Calling, house: Working, after: After = None
) -> HTMLResponse:
    """Everything about one outage, with the crews that could go."""
    with reading(house.engine) as connection:
        try:
            detail = details.outage_detail(connection, OutageId(outage_id), _districts(caller))
        except NotFound:
            return _page(request, "_gone.html", caller=caller, status=404)
        names = _crew_names(connection, caller, house.now())
    order = detail.orders[-1].order if detail.orders else None
    return _page(
        request,
        "_outage.html",
        caller=caller,
        detail=detail,
        names=names,
        after=None if after is None else Shown.read(after),
        seen=Shown.of(detail.timeline),
        **_ranking(house, order),
    )


@router.get("/console/incidents/{incident_id}")
def get_incident(
    incident_id: int, request: Request, caller: Calling, house: Working, after: After = None
) -> HTMLResponse:
    """Everything about one incident, with the crews that could go."""
    with reading(house.engine) as connection:
        orders = PgOrders(connection)
        try:
            incident = orders.get_incident(IncidentId(incident_id))
            caller.must_see(incident.district_id, "incident", id=incident_id)
            detail = details.ticket_detail(
                connection, TicketId(incident.ticket_id), _districts(caller)
            )
        except NotFound:
            return _page(request, "_gone.html", caller=caller, status=404)
        order = orders.find_open_of_incident(incident.id)
        steps = [] if order is None else [_entry(step) for step in orders.list_steps(order.id)]
        names = _crew_names(connection, caller, house.now())
    timeline = sorted((*detail.timeline, *steps), key=lambda entry: entry.at)
    return _page(
        request,
        "_incident.html",
        caller=caller,
        incident=incident,
        ticket=detail.ticket,
        clocks=detail.clocks,
        order=order,
        timeline=timeline,
        names=names,
        after=None if after is None else Shown.read(after),
        seen=Shown.of(timeline),
        **_ranking(house, order),
    )


@router.get("/console/reports/{ticket_id}")
def get_report(
    ticket_id: str, request: Request, caller: Calling, house: Working, after: After = None
) -> HTMLResponse:
    """A report, most often one that still needs a place."""
    with reading(house.engine) as connection:
        try:
            detail = details.ticket_detail(connection, TicketId(ticket_id), _districts(caller))
        except NotFound:
            return _page(request, "_gone.html", caller=caller, status=404)
    return _page(
        request,
        "_report.html",
        caller=caller,
        detail=detail,
        ticket=detail.ticket,
        names={},
        after=None if after is None else Shown.read(after),
        seen=Shown.of(detail.timeline),
    )


@router.get("/console/layers/{layer}")
def get_layer(
    layer: str, caller: Calling, house: Working, bbox: Written, zoom: float = 13
) -> Response:
    """One layer of the map within `bbox` (west,south,east,north), as GeoJSON."""
    box, districts, now = layers.box_of(bbox), _districts(caller), house.now()
    with reading(house.engine) as connection:
        if layer == "roads":
            drawn = layers.roads(connection, box, zoom)
        elif layer == "network":
            drawn = layers.network(connection, box, districts, zoom)
        elif layer == "transformers":
            drawn = layers.transformers(connection, box, districts)
        elif layer == "reports":
            drawn = layers.reports(connection, box, districts)
        elif layer == "work":
            drawn = layers.work(worklist(connection, districts, now), box)
        elif layer == "crews":
            drawn = layers.crews(field.crews_now(connection, districts, now), now)
        else:
            raise NotFound("layer", layer=layer)
    return Response(
        json.dumps(drawn, ensure_ascii=False, separators=(",", ":")),
        media_type="application/geo+json",
        headers={"Cache-Control": "no-store"},
    )


def _ranking(house: House, order: TroubleOrder | None) -> dict[str, Any]:
    """The crews for an order that still wants one, and the one the system would send."""
    ranked: tuple[RankedCrew, ...] = ()
    if order is not None and order.is_open:
        travel_times = house.travel_times()
        with house.transaction() as store:
            ranked = rank_for(
                store, order, travel_times, policy=house.policies.assignment, now=house.now()
            )
    best = choose(ranked)
    return {"ranked": ranked, "best": None if best is None else best.state.crew.id}


def _entry(step: DispatchStep) -> TimelineEntry:
    return TimelineEntry(
        at=step.at,
        recorded_at=step.recorded_at,
        what=f"order:{step.order_id}",
        kind=step.kind.value,
        by=step.by,
        crew_id=step.crew_id,
        reason=step.reason,
        facts=step.facts,
    )


def _crew_names(connection: Connection, caller: Caller, now: datetime) -> Mapping[str, str]:
    standing = field.crews_now(connection, _districts(caller), now)
    return {each.state.crew.id: each.state.crew.name for each in standing}


def _districts(caller: Caller) -> frozenset[str] | None:
    return caller.districts or None


# The desk --------------------------------------------------------------------------------------


@router.get("/desk")
def get_desk(
    request: Request,
    caller: Calling,
    house: Working,
    asking: Annotated[desk.DeskQuestion, Query()],
) -> HTMLResponse:
    """The agent's one box; `phone` (from the telephone system) or `q` fill it."""
    values = _answer_values(house, caller, asking)
    return _page(request, "desk.html", caller=caller, **values)


@router.get("/desk/answer")
def get_answer(
    request: Request,
    caller: Calling,
    house: Working,
    asking: Annotated[desk.DeskQuestion, Query()],
) -> HTMLResponse:
    """What is known of a caller, and what to say."""
    return _page(request, "_answer.html", caller=caller, **_answer_values(house, caller, asking))


def _answer_values(house: House, caller: Caller, asking: desk.DeskQuestion) -> dict[str, Any]:
    answered = desk.answer(house, caller, asking)
    return {
        "q": asking.typed,
        "known": answered.known,
        "who": answered.who,
        "says": asking,
        "hazards_known": list(HAZARDS_KNOWN),
    }


@router.get("/desk/reports/{ticket_id}")
def get_taken(ticket_id: str, request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """What became of a report that was just taken."""
    with house.transaction() as store:
        ticket = ticket_for(store, caller, ticket_id)
        clocks = store.clocks.list_of_ticket(ticket.id)
    return _page(request, "_taken.html", caller=caller, ticket=ticket, clocks=clocks)


# The crew's phone ------------------------------------------------------------------------------


@router.get("/crew")
def get_crew(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The orders of one crew, on a phone."""
    orders = _crew_orders(house, caller.crew)
    return _page(request, "crew.html", caller=caller, orders=orders)


@router.get("/crew/orders")
def get_crew_orders(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The same, without the page around it."""
    orders = _crew_orders(house, caller.crew)
    return _page(request, "_orders.html", caller=caller, orders=orders)


def _crew_orders(house: House, crew_id: CrewId) -> list[dict[str, object]]:
    """Orders under way with what is out and what was promised, then those done lately."""
    with reading(house.engine) as connection:
        found = details.crew_orders(connection, crew_id, house.now() - desk.RECENTLY)
        return [
            _crew_order(connection, each) for each in found if each.sent.order.crew_id == crew_id
        ]


def _crew_order(connection: Connection, each: CrewOrder) -> dict[str, object]:
    parts: list[details.TransformerPart] = []
    if each.outage is not None:
        detail = details.outage_detail(connection, each.outage.id, None)
        parts = [part for part in detail.transformers if part.restored_at is None]
        clocks: Sequence[Clock] = detail.clocks
    else:
        clocks = [c for t in each.tickets for c in PgClocks(connection).list_of_ticket(t.id)]
    promises = [c for c in clocks if c.rule_id == ARRIVAL_COMMITMENT and c.verdict == "running"]
    return {
        "sent": each.sent,
        "title": each.title,
        "outage": each.outage,
        "tickets": each.tickets,
        "parts": parts,
        "promises": promises[:1],
    }


# Who is not let in -----------------------------------------------------------------------------


def install(app: FastAPI) -> None:
    """Lead people without a session to the login page, and answer programs with a problem."""
    app.add_exception_handler(NotAuthenticated, _log_in_first)
    app.add_exception_handler(Forbidden, _not_yours)


def _log_in_first(request: Request, exc: Exception) -> Response:
    if not _is_page(request):
        return refused(request, exc)
    if "HX-Request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    goto = "" if target == "/" else "?" + urlencode({"goto": target})
    return RedirectResponse(f"/login{goto}", status_code=303)


def _not_yours(request: Request, exc: Exception) -> Response:
    if not _is_page(request) or "HX-Request" in request.headers:
        return refused(request, exc)
    pages: Pages = request.app.state.pages
    language = _language(request)
    return _page(
        request,
        "message.html",
        caller=request.state.caller,
        status=403,
        title=pages.say(language, marked("Not for your role")),
        text=pages.say(language, marked("This screen belongs to another role.")),
    )


def _is_page(request: Request) -> bool:
    """Whether a person's browser asked for a page, and not a program for data."""
    wants = "text/html" in request.headers.get("Accept", "") or "HX-Request" in request.headers
    return request.method == "GET" and wants and not request.url.path.startswith("/api/")
