"""Large JSON answers go out compressed: in a storm the list has thousands of rows.

Only whole JSON answers are: never the live stream, whose messages must leave at once, nor what has
an encoding already. Pages are left alone too: they carry a session's word beside what somebody
else wrote, and the length of a compressed page would tell of it.
"""

import gzip
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.headers import header

LEAST_BYTES: Final = 4_000
"""Shorter answers fit into a few packets as they are."""
LEVEL: Final = 5
KINDS: Final = frozenset({b"application/json", b"application/geo+json"})


class CompressedJson:
    """Compresses JSON answers with gzip for who accepts that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back as it is or compressed."""
        if scope["type"] != "http" or scope["method"] == "HEAD":
            await self._app(scope, receive, send)
            return
        held: Message | None = None

        async def packed(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_worth_it(message):
                MutableHeaders(scope=message).add_vary_header("Accept-Encoding")
                accepted = header(scope["headers"], b"accept-encoding").decode("latin-1")
                held = message if accepts_gzip(accepted) else None
                if held is not None:
                    return
            elif held is not None:
                start, held = held, None
                if not message.get("more_body", False):
                    message = await _pack(start, message)
                await send(start)
            await send(message)

        await self._app(scope, receive, packed)


def accepts_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` names gzip, and not only to refuse it."""
    for each in accepted.lower().split(","):
        name, _, weight = each.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _is_worth_it(start: Message) -> bool:
    """Whether an answer is JSON, whole, long enough and not encoded yet."""
    headers = start["headers"]
    length = header(headers, b"content-length")
    if not length.isdigit() or int(length) < LEAST_BYTES:
        return False
    kind = header(headers, b"content-type").partition(b";")[0].strip()
    return kind in KINDS and not header(headers, b"content-encoding")


async def _pack(start: Message, message: Message) -> Message:
    body = await run_in_threadpool(gzip.compress, message["body"], LEVEL, mtime=0)
    headers = MutableHeaders(raw=start["headers"])
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(body))
    start["headers"] = headers.raw
    return {**message, "body": body}
