"""Around every request: how large it may be, and headers that keep strangers out of its answer."""

import secrets
from collections.abc import Iterable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import too_large

RawHeaders = list[tuple[bytes, bytes]]
"""Names in small letters with their values, as ASGI carries them."""

_FIXED: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"geolocation=(self), screen-wake-lock=(self), camera=(), microphone=()",
    ),
]
_OF_DATA: RawHeaders = [
    *_FIXED,
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
"""What nobody looks at as a page needs no nonce, whose making costs a call of the system."""
_ONLY_HTTPS: RawHeaders = [(b"strict-transport-security", b"max-age=31536000")]
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data: blob:{tiles}; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)


def dress(headers: RawHeaders, nonce: str, tiles: str = "") -> None:
    """Add what every answer carries, also one that is made outside of all middleware."""
    policy = _POLICY.format(nonce=nonce, tiles=tiles).encode()
    _complete(headers, [*_FIXED, (b"content-security-policy", policy)])


def _complete(headers: RawHeaders, more: RawHeaders) -> None:
    """Add what is not there; in place."""
    present = {name for name, _ in headers}
    headers += [each for each in more if each[0] not in present]


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """The value of a header, empty where there is none."""
    return next((value for each, value in headers if each == name), b"")


class SecurityHeaders:
    """Adds the headers; a page finds its nonce in `request.state.csp_nonce`, data has none.

    Pictures may come from one host besides, that of the company's own map tiles.
    """

    def __init__(self, app: ASGIApp, *, https: bool, tiles: str = "") -> None:
        self._app = app
        self._https = https
        self._tiles = f" {tiles}" if tiles else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and dress its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_data = scope["path"].startswith("/api/")
        nonce = "" if is_data else secrets.token_urlsafe(16)
        scope.setdefault("state", {})["csp_nonce"] = nonce

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = list(message.get("headers", ()))
                if is_data:
                    _complete(headers, _OF_DATA)
                else:
                    dress(headers, nonce, self._tiles)
                if self._https:
                    _complete(headers, _ONLY_HTTPS)
            await send(message)

        await self._app(scope, receive, dressed)


class BodyLimit:
    """Refuses a body above a limit: by its announced length at once, else while it comes in."""

    def __init__(self, app: ASGIApp, *, most_bytes: int) -> None:
        self._app = app
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = header(scope["headers"], b"content-length")
        if announced.isdigit() and int(announced[:20]) > self._most:
            request = Request(scope)
            answer = too_large(request, self._most)
            await answer(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise HTTPException(413, f"this server takes at most {self._most} bytes")
            return message

        await self._app(scope, counted, send)
