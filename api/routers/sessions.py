"""Logging in and out, and who one is."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api import passwords
from api.access import API
from api.callers import COOKIE, Caller, Calling, Role, csrf_of, digest_of, issue
from api.passwords import Throttle
from dispatch.errors import Forbidden, NotAuthenticated
from dispatch.store import access
from dispatch.store.constraints import in_our_words
from dispatch.store.transaction import reading

router = APIRouter(tags=["sessions"])

SESSION_LASTS = timedelta(hours=12)
ON_THE_WALL = timedelta(days=92)
"""A screen that only shows sums has nobody beside it who could log in at every shift."""


class LoginIn(BaseModel):
    """A login and its password."""

    login: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[str, Field(min_length=1, max_length=passwords.LONGEST)]


class CallerOut(BaseModel):
    """Who is calling; `csrf` goes into the header X-CSRF-Token of every change."""

    name: str
    role: Role
    districts: list[str]
    crew_id: str | None
    csrf: str | None

    @classmethod
    def of(cls, caller: Caller) -> "CallerOut":
        """Build from the caller."""
        return cls(
            name=caller.name,
            role=caller.role,
            districts=sorted(caller.districts),
            crew_id=caller.crew_id,
            csrf=caller.csrf,
        )


@router.get(f"{API}/me")
def get_me(caller: Calling) -> CallerOut:
    """Say who is calling."""
    return CallerOut.of(caller)


@router.post(f"{API}/sessions", status_code=201)
def post_session(request: Request, response: Response, body: LoginIn) -> CallerOut:
    """Log in; the session comes back as a cookie."""
    user, secret = _log_in(request, body.login, body.password)
    _set_cookie(request, response, secret, user)
    return CallerOut(
        name=user.login,
        role=Role(user.role),
        districts=sorted(user.districts),
        crew_id=user.crew_id,
        csrf=csrf_of(secret),
    )


@router.delete(f"{API}/sessions", status_code=204)
def delete_session(request: Request, response: Response, caller: Calling) -> None:
    """Log out; a bearer token is not ended by this."""
    if caller.login is not None:
        _end(request)
    response.delete_cookie(COOKIE, path="/")


@router.post("/login", include_in_schema=False)
def post_login_page(
    request: Request,
    login: Annotated[str, Form(max_length=100)],
    password: Annotated[str, Form(max_length=passwords.LONGEST)],
    goto: Annotated[str, Form(max_length=500)] = "",
) -> RedirectResponse:
    """Log in from the page; a wrong password leads back to it."""
    try:
        user, secret = _log_in(request, login, password)
    except NotAuthenticated:
        return RedirectResponse("/login?wrong=1", status_code=303)
    answer = RedirectResponse(safe_goto(goto) or HOME[Role(user.role)], status_code=303)
    _set_cookie(request, answer, secret, user)
    return answer


@router.post("/logout", include_in_schema=False)
def post_logout_page(request: Request) -> RedirectResponse:
    """Log out from a page."""
    refuse_foreign_pages(request)
    _end(request)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


HOME = {
    Role.AGENT: "/desk",
    Role.DISPATCHER: "/console",
    Role.CREW: "/crew",
    Role.SUPERVISOR: "/console",
    Role.INTEGRATION: "/login",
    Role.ADMIN: "/console",
    Role.WALL: "/board",
}


def lasts(role: Role) -> timedelta:
    """How long a session of this role lasts."""
    return ON_THE_WALL if role is Role.WALL else SESSION_LASTS


def _log_in(request: Request, login: str, password: str) -> tuple[access.User, str]:
    refuse_foreign_pages(request)
    throttle: Throttle = request.app.state.throttle
    engine = request.app.state.house.engine
    address = request.client.host if request.client else "-"
    now = datetime.now(UTC)
    throttle.check(login, address, now)
    with reading(engine) as connection:
        user = access.find_user(connection, login)
    live = user is not None and user.disabled_at is None
    if not passwords.matches(password, user.password_hash if user and live else None):
        throttle.failed(login, address, now)
        raise NotAuthenticated("the login or the password is wrong")
    assert user is not None
    throttle.succeeded(login, address)
    if passwords.is_outdated(user.password_hash):
        with in_our_words(), engine.begin() as connection:
            access.rehash_password(connection, login, passwords.hashed(password))
    secret = issue(
        engine,
        label=f"login of {user.login}",
        role=Role(user.role),
        districts=user.districts,
        crew_id=user.crew_id,
        login=user.login,
        now=now,
        lasts=lasts(Role(user.role)),
    )
    return user, secret


def _set_cookie(request: Request, response: Response, secret: str, user: access.User) -> None:
    response.set_cookie(
        COOKIE,
        secret,
        max_age=round(lasts(Role(user.role)).total_seconds()),
        path="/",
        secure=request.app.state.settings.secure_cookies,
        httponly=True,
        samesite="strict",
    )


def _end(request: Request) -> None:
    secret = request.cookies.get(COOKIE)
    if secret is None:
        return
    house = request.app.state.house
    with in_our_words(), house.engine.begin() as connection:
        access.revoke_digest(connection, digest_of(secret), datetime.now(UTC))
    request.app.state.callers.forget(secret)


def refuse_foreign_pages(request: Request) -> None:
    """Nothing is done for another site's page; programs send no such header."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("another site's page may not do this")


def safe_goto(goto: str) -> str | None:
    """A path of ours; anything that could lead elsewhere is dropped."""
    parts = urlsplit(goto)
    ours = not parts.scheme and not parts.netloc and goto.startswith("/")
    clean = not goto.startswith(("//", "/\\")) and "\\" not in goto and goto.isprintable()
    return goto if ours and clean else None
