"""Errors as pages: what happened and what to do, for people; programs get the problem itself."""

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from api.headers import dress
from api.routers.frame import language_of, page
from dispatch.errors import NotAuthenticated
from maps.languages import marked
from maps.pages import Pages

Handler = Callable[[Request, Exception], Response]

MALFORMED = (
    marked("The request cannot be read"),
    marked("The address, or what was sent with it, is damaged."),
    marked("Go back and try again. Look at the address once more if you typed it."),
)
OVERTAKEN = (
    marked("Somebody was faster"),
    marked("What you wanted does not fit how things stand by now. Nothing was changed."),
    marked("Open it again, look at what has changed, and decide anew."),
)
BROKEN = (
    marked("Something went wrong on our side"),
    marked("It was logged. Nothing was half stored."),
    marked(
        "Try again. If it happens again, tell whoever looks after the system the time and the"
        " address below."
    ),
)
SAID: Mapping[int, tuple[str, str, str]] = {
    400: MALFORMED,
    403: (
        marked("Not for your role"),
        marked("This screen belongs to another role."),
        marked("Go on with your first screen, or ask whoever manages the logins."),
    ),
    404: (
        marked("There is nothing here"),
        marked("The address is wrong, or what stood here is gone or belongs to another district."),
        marked("Look at the address once more, or go on with your first screen."),
    ),
    405: MALFORMED,
    409: OVERTAKEN,
    412: OVERTAKEN,
    413: (
        marked("This is too large"),
        marked("More was sent than this call takes. Nothing was stored."),
        marked("Send less, or in parts."),
    ),
    422: (
        marked("Something in the address does not fit"),
        marked("A value in it is not one that this page knows. Nothing was changed."),
        marked("Go back and choose again."),
    ),
    428: OVERTAKEN,
    429: (
        marked("Too many attempts"),
        marked("A login was tried too often with a wrong password. It is closed for a while."),
        marked("Wait a quarter of an hour, or ask whoever manages the logins."),
    ),
    500: BROKEN,
    503: (
        marked("The database is away"),
        marked("The program runs, but its database does not answer. What was stored is not lost."),
        marked(
            "Try again in a moment. Until then write calls down on paper and go on by telephone."
        ),
    ),
}
"""By status: what it is, what happened, what to do."""


def install(app: FastAPI) -> None:
    """Put a page before every problem, where a person's browser asked for one."""
    for kind, handler in list(app.exception_handlers.items()):
        if not iscoroutinefunction(handler):
            app.add_exception_handler(kind, _for_people(handler))


def _for_people(handler: Callable[..., Any]) -> Handler:
    def answer(request: Request, exc: Exception) -> Response:
        problem: Response = handler(request, exc)
        if not _is_page(request):
            return problem
        if isinstance(exc, NotAuthenticated) and request.method == "GET":
            return _log_in_first(request)
        return problem if "HX-Request" in request.headers else _page(request, problem)

    return answer


def _page(request: Request, problem: Response) -> Response:
    pages: Pages = request.app.state.pages
    language = language_of(request)
    title, happened, todo = (
        pages.say(language, said) for said in SAID.get(problem.status_code, BROKEN)
    )
    shown = page(
        request,
        "error.html",
        caller=getattr(request.state, "caller", None),
        status=problem.status_code,
        code=problem.status_code,
        title=title,
        happened=happened,
        todo=todo,
        again=_address(request) if request.method == "GET" else request.url.path,
    )
    for name in ("Retry-After", "WWW-Authenticate", "Allow"):
        if name in problem.headers:
            shown.headers[name] = problem.headers[name]
    dress(shown.raw_headers, request.state.csp_nonce)
    return shown


def _log_in_first(request: Request) -> Response:
    if "HX-Request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    target = _address(request)
    goto = "" if target == "/" else "?" + urlencode({"goto": target})
    return RedirectResponse(f"/login{goto}", status_code=303)


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _is_page(request: Request) -> bool:
    """Whether a person's browser asked for a page, and not a program for data."""
    wants = "text/html" in request.headers.get("Accept", "") or "HX-Request" in request.headers
    return wants and not request.url.path.startswith(("/api/", "/trackers/"))
