"""The frame of every page: who reads it, in which language, with which menu."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from api.access import DESK, ROOM, TEACHERS, WATCH
from api.callers import Caller, Role
from api.house import House
from maps.languages import Language, marked, preferred
from maps.pages import Moment, Pages

LANGUAGE_COOKIE = "relight_language"
YEAR_S = 365 * 86_400
MENU = (
    ("/console", marked("Console"), WATCH),
    ("/desk", marked("Desk"), DESK),
    ("/crew", marked("Orders"), frozenset({Role.CREW})),
    ("/learning", marked("Learning"), TEACHERS),
)

Written = Annotated[str, Query(max_length=300)]


def language_of(request: Request) -> Language:
    """The language of whoever reads: chosen, else the browser's."""
    return preferred(
        request.cookies.get(LANGUAGE_COOKIE), request.headers.get("Accept-Language", "")
    )


def page(
    request: Request, name: str, *, caller: Caller | None, status: int = 200, **values: object
) -> HTMLResponse:
    """Render a template for whoever calls, in the language they read."""
    pages: Pages = request.app.state.pages
    house: House = request.app.state.house
    language = language_of(request)
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
