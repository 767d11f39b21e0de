"""Traccar Client: parameters in query or form (up to 8, and 10 on), JSON (9).

Speeds are knots in parameters and m/s in JSON. What other programs send to the same address is
read as well: `location=lat,lon`, `deviceid`, `valid`, times in s, ms or ISO 8601, and requests
without a position.
"""

import json
from collections.abc import Mapping

from api.trackers.readings import (
    KNOT_MPS,
    Message,
    Reading,
    Refused,
    Sent,
    Unread,
    Why,
    accuracy,
    battery,
    flag,
    moment,
    position,
    speed,
)

_DEVICE = ("id", "deviceid", "device_id")
_PLACES = frozenset({"lat", "lon", "location"})


def parse(sent: Sent) -> Message:
    """Read a request of any generation of the client."""
    return _parse_json(sent.body) if sent.is_json else parse_parameters(sent.params)


def parse_parameters(params: Mapping[str, str], speed_unit_mps: float = KNOT_MPS) -> Message:
    """Read parameters; one without a position is a device that only says it is there."""
    device = next((params[name] for name in _DEVICE if params.get(name)), None)
    if not any(params.get(name) for name in _PLACES):
        return Message(device)
    return Message(device, (_reading(params, speed_unit_mps),))


def _reading(params: Mapping[str, str], speed_unit_mps: float) -> Reading | Unread:
    if flag(params.get("valid")) is False:
        return Unread(Why.NO_FIX)
    try:
        lat, _, lon = params.get("location", "").partition(",")
        x, y = position(params.get("lon") or lon.strip(), params.get("lat") or lat.strip())
        return Reading(
            lon=x,
            lat=y,
            fixed_at=moment(params.get("timestamp") or params.get("time")),
            accuracy_m=accuracy(params.get("accuracy")),
            speed_mps=speed(params.get("speed"), speed_unit_mps),
            mock=flag(params.get("mock")) is True,
            battery=battery(params.get("batt") or params.get("battery")),
        )
    except Refused as refused:
        return Unread(refused.why)


def read_json(body: bytes) -> Mapping[str, object] | None:
    """The JSON object in a body; None for anything else, however deep or large its numbers."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _parse_json(body: bytes) -> Message:
    told = read_json(body)
    if told is None:
        return Message(None, (Unread(Why.UNREADABLE),))
    device, location = told.get("device_id"), told.get("location")
    known = device if isinstance(device, str) and device else None
    if not isinstance(location, dict):
        return Message(known)
    coords = location.get("coords")
    if not isinstance(coords, dict):
        return Message(known)
    return Message(known, (_json_reading(location, coords),))


def _json_reading(location: Mapping[str, object], coords: Mapping[str, object]) -> Reading | Unread:
    try:
        lon, lat = position(coords.get("longitude"), coords.get("latitude"))
        return Reading(
            lon=lon,
            lat=lat,
            fixed_at=moment(location.get("timestamp")),
            accuracy_m=accuracy(coords.get("accuracy")),
            speed_mps=speed(coords.get("speed"), 1.0),
            mock=flag(location.get("mock")) is True,
            battery=_json_battery(location.get("battery")),
        )
    except Refused as refused:
        return Unread(refused.why)


def _json_battery(told: object) -> int | None:
    """The level of JSON's battery, 0 to 1; the client says -1 where it does not know."""
    return battery(told.get("level"), whole=1.0) if isinstance(told, dict) else None
