"""The frame of every page: who reads it, in which language, with which menu."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.access import DESK, ROOM, TEACHERS, WALL, WATCH
from api.callers import Caller, Role
from api.house import House
from api.routers.sessions import safe_goto
from maps.languages import Language, marked, preferred
from maps.pages import Moment, Pages
from maps.themes import chosen

LANGUAGE_COOKIE = "relight_language"
THEME_COOKIE = "relight_theme"
YEAR_S = 365 * 86_400
MENU = (
    ("/console", marked("Console"), WATCH),
    ("/desk", marked("Desk"), DESK),
    ("/crew", marked("Orders"), frozenset({Role.CREW})),
    ("/commitments", marked("Commitments"), WATCH),
    ("/board", marked("Board"), WALL),
    ("/reports", marked("Statistics"), WATCH),
    ("/trackers", marked("Trackers"), WATCH),
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
        "theme": chosen(request.cookies.get(THEME_COOKIE)),
        "nonce": request.state.csp_nonce,
        "demo": request.app.state.settings.demo,
        "menu": [
            (address, pages.say(language, name))
            for address, name, roles in MENU
            if caller is not None and caller.role in roles
        ],
        "phone": (lambda number: number) if caller is None else caller.phone,
        "may_act": caller is not None and caller.role in ROOM,
        "may_teach": caller is not None and caller.role in TEACHERS,
    }
    body = pages.render(name, language, moment, {**frame, **values})
    headers = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"}
    return HTMLResponse(body, status_code=status, headers=headers)


def remembering(request: Request, goto: str, cookie: str, value: str) -> RedirectResponse:
    """Lead back to `goto` with a choice that this browser keeps for a year."""
    answer = RedirectResponse(safe_goto(goto) or "/", status_code=303)
    answer.set_cookie(
        cookie,
        value,
        max_age=YEAR_S,
        samesite="lax",
        secure=request.app.state.settings.secure_cookies,
        httponly=True,
    )
    return answer


def geojson(drawn: Mapping[str, Any]) -> Response:
    """Answer with something to draw on the map."""
    return Response(
        json.dumps(drawn, ensure_ascii=False, separators=(",", ":")),
        media_type="application/geo+json",
        headers={"Cache-Control": "no-store"},
    )
