"""The agent's desk, and the parts of it that are read again."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from api import desk
from api.callers import Caller, Calling
from api.house import House
from api.routers.callbacks import MOST_CALLBACKS, list_to_tell
from api.routers.frame import page
from api.routers.parts import Working, ticket_for
from dispatch.domain.access import AccessNote
from dispatch.domain.words import HAZARDS_KNOWN, UsagePointId
from dispatch.sayings import DANGER
from dispatch.store.access_notes import PgAccessNotes
from dispatch.store.transaction import reading

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Asked = Annotated[desk.DeskQuestion, Query()]


@router.get("/desk")
def get_desk(request: Request, caller: Calling, house: Working, asking: Asked) -> HTMLResponse:
    """The agent's one box; `phone` (from the telephone system) or `q` fill it."""
    values = _answer_values(house, caller, asking, asking.typed)
    return page(
        request, "desk.html", caller=caller, hazards=list(HAZARDS_KNOWN), danger=DANGER, **values
    )


@router.get("/desk/answer")
def get_answer(request: Request, caller: Calling, house: Working, asking: Asked) -> HTMLResponse:
    """What is known of a caller, and what to say."""
    asked = request.query_params.get("q", "")
    values = _answer_values(house, caller, asking, asked)
    return page(request, "_answer.html", caller=caller, **values)


def _answer_values(
    house: House, caller: Caller, asking: desk.DeskQuestion, asked: str
) -> dict[str, Any]:
    """What the answer shows; `asked` is the box to the letter, by which the page knows it again."""
    answer = desk.answer(house, caller, asking)
    return {"asked": asked, "a": answer, "access": _access_of(house, answer)}


def _access_of(house: House, answer: desk.Answered) -> AccessNote | None:
    """How to get to the caller's place, if it is known and somebody wrote it down."""
    if answer.known is None or answer.known.usage_point is None:
        return None
    home = UsagePointId(answer.known.usage_point.id)
    with reading(house.engine) as connection:
        return PgAccessNotes(connection).of([home]).get(home)


@router.get("/desk/reports/{ticket_id}")
def get_taken(ticket_id: str, request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """What became of a report that was just taken."""
    with house.transaction() as store:
        ticket = ticket_for(store, caller, ticket_id)
        clocks = store.clocks.list_of_ticket(ticket.id)
    return page(request, "_taken.html", caller=caller, ticket=ticket, clocks=clocks)


@router.get("/desk/callbacks")
def get_callbacks(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """Whom the agents of these districts have to tell that supply is back."""
    callers = list_to_tell(house, caller)
    return page(
        request,
        "_callbacks.html",
        caller=caller,
        callers=callers,
        most=MOST_CALLBACKS,
        holds=house.policies.calling_back.holds,
    )
