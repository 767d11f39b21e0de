"""Errors as RFC 9457 problem details: one table says which status each error has."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy.exc
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.expected import expected_of
from dispatch import errors
from gis.errors import OffPlanet
from maps.paper import PaperUnavailable

log = logging.getLogger(__name__)

SHOWN = 80
RETRY_AFTER_S = 2


class PreconditionRequired(errors.DispatchError):
    """Say in `If-Match` which version of the record this change was decided on."""

    code = "precondition-required"


class TooManyAttempts(errors.DispatchError):
    """Too many failed logins; wait before the next one."""

    code = "too-many-attempts"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many failed logins; wait {retry_after_s} s")
        self.retry_after_s = retry_after_s


STATUS: Mapping[type[errors.DispatchError], int] = {
    errors.InvalidInput: 422,
    errors.NotFound: 404,
    errors.StaleVersion: 412,
    errors.Collision: 409,
    errors.IllegalStep: 409,
    errors.CrewUnavailable: 409,
    errors.CrewBusy: 409,
    errors.NoGoZone: 409,
    errors.ReasonRequired: 422,
    errors.NotVerified: 409,
    errors.BeingCalled: 409,
    errors.IdentityTaken: 409,
    errors.OverlappingInterruption: 409,
    errors.TooLittleToLearn: 409,
    errors.StoreUnavailable: 503,
    errors.Forbidden: 403,
    errors.NotAuthenticated: 401,
    PreconditionRequired: 428,
    TooManyAttempts: 429,
    PaperUnavailable: 503,
}

_HTTP: Mapping[int, tuple[str, str]] = {
    400: ("malformed-request", "The request cannot be read"),
    404: ("not-found", "There is nothing at this address"),
    405: ("method-not-allowed", "This address does not take that method"),
    413: ("body-too-large", "The body is larger than this call takes"),
}


class ProblemResponse(JSONResponse):
    """A problem details body."""

    media_type = "application/problem+json"


def problem(
    request: Request,
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    facts: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """Build the answer; `facts` become members beside the standard ones."""
    content: dict[str, Any] = {name: _shown(value) for name, value in (facts or {}).items()}
    content |= {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": _printable(detail),
        "instance": _printable(request.url.path),
    }
    return ProblemResponse(status_code=status, content=content, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Answer every kind of error as a problem."""
    app.add_exception_handler(errors.DispatchError, refused)
    app.add_exception_handler(OffPlanet, _off_planet)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for gone in (
        sqlalchemy.exc.OperationalError,
        sqlalchemy.exc.InterfaceError,
        sqlalchemy.exc.TimeoutError,
        sqlalchemy.exc.DBAPIError,
        psycopg.OperationalError,
    ):
        app.add_exception_handler(gone, _database)
    app.add_exception_handler(Exception, _unexpected)


def status_of(error: errors.DispatchError) -> int:
    """The status of an error, its own or that of the nearest listed ancestor."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def refused(request: Request, exc: Exception) -> ProblemResponse:
    """Answer what the core refused."""
    assert isinstance(exc, errors.DispatchError)
    return problem(
        request,
        status_of(exc),
        exc.code,
        _title(type(exc)),
        str(exc),
        facts=exc.context,
        headers=dict(_headers(exc)),
    )


def _headers(exc: errors.DispatchError) -> Iterator[tuple[str, str]]:
    if isinstance(exc, errors.NotAuthenticated):
        yield "WWW-Authenticate", 'Bearer realm="relight"'
    elif isinstance(exc, TooManyAttempts):
        yield "Retry-After", str(exc.retry_after_s)
    elif isinstance(exc, errors.Collision):
        yield "Retry-After", "1"
    elif isinstance(exc, errors.StoreUnavailable):
        yield "Retry-After", str(RETRY_AFTER_S)


def _off_planet(request: Request, exc: Exception) -> ProblemResponse:
    assert isinstance(exc, OffPlanet)
    return problem(request, 422, exc.code, _title(type(exc)), str(exc), facts=exc.context)


def _invalid(request: Request, exc: Exception) -> ProblemResponse:
    """Name every field, the value it had and what was expected."""
    assert isinstance(exc, RequestValidationError)
    found = exc.errors()
    if any(error["type"] == "json_invalid" for error in found):
        code, title = _HTTP[400]
        return problem(request, 400, code, title, "the body is not JSON")
    listed = [
        {
            "field": _field(error["loc"]),
            "value": _shown(error.get("input")) if error["type"] != "missing" else None,
            "expected": expected_of(error),
        }
        for error in found
    ]
    first = listed[0]
    return problem(
        request,
        422,
        errors.InvalidInput.code,
        _title(errors.InvalidInput),
        f"{first['field']} is {errors.shown(first['value'])}; expected {first['expected']}",
        facts={"errors": listed},
    )


def _http(request: Request, exc: Exception) -> ProblemResponse:
    assert isinstance(exc, HTTPException)
    code, title = _HTTP.get(exc.status_code, ("refused", "The request was refused"))
    return problem(
        request, exc.status_code, code, title, str(exc.detail), headers=exc.headers or {}
    )


def too_large(request: Request, most_bytes: int) -> ProblemResponse:
    """Answer a body that announces itself as larger than the limit."""
    code, title = _HTTP[413]
    return problem(request, 413, code, title, f"this server takes at most {most_bytes} bytes")


def _database(request: Request, exc: Exception) -> ProblemResponse:
    """Say that the database is away; anything else the driver complains of is a fault of ours."""
    if not _is_away(exc):
        return _unexpected(request, exc)
    log.warning("the database is away: %s", exc)
    return refused(request, errors.StoreUnavailable("the database does not answer"))


def _is_away(exc: BaseException) -> bool:
    if isinstance(exc, sqlalchemy.exc.DBAPIError):
        if exc.connection_invalidated:
            return True
        exc = exc.orig if exc.orig is not None else exc
    return isinstance(
        exc, psycopg.OperationalError | psycopg.InterfaceError | sqlalchemy.exc.TimeoutError
    )


def _unexpected(request: Request, exc: Exception) -> ProblemResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=exc)
    return problem(
        request,
        500,
        "internal-error",
        "Something went wrong on our side",
        "it was logged; nothing was half stored",
    )


def _title(kind: type[Exception]) -> str:
    return (kind.__doc__ or "").split("\n")[0]


# In place of words that speak of this program's insides, or name no expectation at all.
_SOURCES = frozenset({"body", "query", "path", "header", "cookie"})


def _field(location: Sequence[object]) -> str:
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in _SOURCES:
        parts = parts[1:]
    return _printable(".".join(parts))


def _shown(value: object) -> object:
    """A value as JSON can carry it: short, and without half characters."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, float):
        return value if value - value == 0 else repr(value)
    if isinstance(value, list | tuple | set | frozenset) and all(
        isinstance(entry, str | int) for entry in value
    ):
        return [_shown(entry) for entry in list(value)[:SHOWN]]
    return _printable(repr(value))


def _printable(value: str) -> str:
    whole = value.encode("utf-8", "backslashreplace").decode("utf-8")
    return whole if len(whole) <= 4 * SHOWN else whole[: 4 * SHOWN] + "..."
