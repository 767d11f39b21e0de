"""Login, language, the desk and the crew's phone, and the parts of them that are read again."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection

from api import desk
from api.callers import Caller, Calling
from api.house import House
from api.problems import refused
from api.routers.frame import LANGUAGE_COOKIE, YEAR_S, Written, language_of, page
from api.routers.parts import Working, ticket_for
from api.routers.sessions import HOME, safe_goto
from api.views.known import KnownOut
from api.views.sayings import SayingOut
from dispatch.domain.clock import ARRIVAL_COMMITMENT, Clock
from dispatch.domain.words import HAZARDS_KNOWN, CrewId, Symptom
from dispatch.errors import Forbidden, NotAuthenticated
from dispatch.sayings import MAIN_SWITCH, NEIGHBOURS
from dispatch.store.clocks import PgClocks
from dispatch.store.reads import details
from dispatch.store.reads.details import CrewOrder
from dispatch.store.transaction import reading
from maps.languages import Language, marked
from maps.pages import Pages

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def get_root(caller: Calling) -> RedirectResponse:
    """Lead everybody to the first screen of their role."""
    return RedirectResponse(HOME[caller.role], status_code=303)


@router.get("/login")
def get_login(request: Request, wrong: bool = False, goto: Written = "") -> HTMLResponse:  # noqa: FBT001, FBT002 (a query parameter)
    """Ask for login and password."""
    return page(request, "login.html", caller=None, wrong=wrong, goto=safe_goto(goto) or "")


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
    return page(request, "desk.html", caller=caller, **values)


@router.get("/desk/answer")
def get_answer(
    request: Request,
    caller: Calling,
    house: Working,
    asking: Annotated[desk.DeskQuestion, Query()],
) -> HTMLResponse:
    """What is known of a caller, and what to say."""
    return page(request, "_answer.html", caller=caller, **_answer_values(house, caller, asking))


def _answer_values(house: House, caller: Caller, asking: desk.DeskQuestion) -> dict[str, Any]:
    answered = desk.answer(house, caller, asking)
    return {
        "q": asking.typed,
        "known": answered.known,
        "replies": _replies(answered.known),
        "who": answered.who,
        "says": asking,
        "hazards_known": list(HAZARDS_KNOWN),
    }


def _replies(known: KnownOut | None) -> tuple[Symptom, ...]:
    """What a caller may answer to the question, as one key for the agent."""
    if known is None or known.ask is None:
        return ()
    if known.ask == SayingOut.of(NEIGHBOURS):
        return (Symptom.NEIGHBOURS_OUT, Symptom.NEIGHBOURS_LIT)
    return (Symptom.MAIN_SWITCH_TRIPPED,) if known.ask == SayingOut.of(MAIN_SWITCH) else ()


@router.get("/desk/reports/{ticket_id}")
def get_taken(ticket_id: str, request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """What became of a report that was just taken."""
    with house.transaction() as store:
        ticket = ticket_for(store, caller, ticket_id)
        clocks = store.clocks.list_of_ticket(ticket.id)
    return page(request, "_taken.html", caller=caller, ticket=ticket, clocks=clocks)


# The crew's phone ------------------------------------------------------------------------------


@router.get("/crew")
def get_crew(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The orders of one crew, on a phone."""
    orders = _crew_orders(house, caller.crew)
    return page(request, "crew.html", caller=caller, orders=orders)


@router.get("/crew/orders")
def get_crew_orders(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The same, without the page around it."""
    orders = _crew_orders(house, caller.crew)
    return page(request, "_orders.html", caller=caller, orders=orders)


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
        "dark_for": each.dark_for,
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
    language = language_of(request)
    return page(
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
