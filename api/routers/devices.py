"""The addresses that trackers send to. They know nothing of our calls: each has its own wire.

A device that is not enrolled, or whose secret is wrong, is refused, and so keeps its fixes until it
is let in. Once it is let in every readable request is answered 200, even one whose positions are
refused and counted: the same would be refused again, and what waits behind it would never come.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from api.trackers import gpslogger, osmand, owntracks, traccar
from api.trackers.readings import Message, Sent
from api.trackers.reception import Reception
from dispatch.domain.tracking import Wire
from dispatch.errors import InvalidInput, NotAuthenticated, StoreUnavailable

router = APIRouter(tags=["trackers"], prefix="/trackers")

MOST_BYTES = 100_000
MOST_FIELDS = 60
METHODS = ["GET", "POST"]

Basic = tuple[str | None, str | None]


@router.api_route("/traccar", methods=METHODS, include_in_schema=False)
@router.api_route("/traccar/{key}", methods=METHODS, include_in_schema=False)
async def from_traccar(request: Request, key: str = "") -> Response:
    """Take what Traccar Client sends, every generation of it."""
    return await _taken(request, Wire.TRACCAR, traccar.parse, key)


@router.api_route("/osmand", methods=METHODS, include_in_schema=False)
@router.api_route("/osmand/{key}", methods=METHODS, include_in_schema=False)
async def from_osmand(request: Request, key: str = "") -> Response:
    """Take what OsmAnd's live tracking sends."""
    return await _taken(request, Wire.OSMAND, osmand.parse, key)


@router.api_route("/gpslogger", methods=METHODS, include_in_schema=False)
@router.api_route("/gpslogger/{key}", methods=METHODS, include_in_schema=False)
async def from_gpslogger(request: Request, key: str = "") -> Response:
    """Take what GPSLogger for Android sends."""
    return await _taken(request, Wire.GPSLOGGER, gpslogger.parse, key)


@router.api_route("/owntracks", methods=METHODS, include_in_schema=False)
@router.api_route("/owntracks/{key}", methods=METHODS, include_in_schema=False)
async def from_owntracks(request: Request, key: str = "") -> Response:
    """Take what OwnTracks sends; it wants a list of things to tell it, and there is none."""
    await _taken(request, Wire.OWNTRACKS, owntracks.parse, key)
    return JSONResponse([])


async def _taken(
    request: Request, wire: Wire, parse: Callable[[Sent], Message], key: str
) -> Response:
    reception: Reception = request.app.state.reception
    if not reception.registry.is_loaded:
        raise StoreUnavailable("the list of devices is not known yet")
    sent, password = await _read(request)
    message = parse(sent)
    now = request.app.state.house.now()
    device = message.device or ""
    tracker = reception.registry.find(wire, device) if device else None
    if tracker is None:
        reception.tally.unknown(wire, device, now)
        if not device:
            raise InvalidInput("id", None, "the name of the device")
        raise NotAuthenticated("this device is not enrolled, or its secret is wrong")
    if not reception.registry.lets_in(tracker, password or key or sent.params.get("key")):
        reception.tally.count(tracker.id, "wrong_secret", now)
        raise NotAuthenticated("this device is not enrolled, or its secret is wrong")
    await reception.receive(tracker, message.items)
    return PlainTextResponse("OK")


async def _read(request: Request) -> tuple[Sent, str | None]:
    """The request without the web around it, and the password of Basic auth."""
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise HTTPException(413, f"a tracker's request has at most {MOST_BYTES} bytes")
    params = dict(list(request.query_params.items())[:MOST_FIELDS])
    kind = request.headers.get("content-type", "")
    is_json = kind.startswith("application/json") or body[:1] == b"{"
    if body and not is_json:
        params |= _form(body)
    user, password = _basic(request.headers)
    return Sent(params, body, is_json=is_json, user=user, headers=request.headers), password


def _form(body: bytes) -> Mapping[str, str]:
    """The fields of a form; none in a body that is something else."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def _basic(headers: Mapping[str, str]) -> Basic:
    """User and password of Basic auth, None where there are none."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None, None
    return user or None, password if colon else None
