"""OwnTracks over HTTP: JSON of many types, of which only `location` matters here."""

from collections.abc import Mapping

from api.trackers.readings import (
    KMH_MPS,
    Message,
    Reading,
    Refused,
    Sent,
    Unread,
    Why,
    accuracy,
    battery,
    moment,
    position,
    speed,
)
from api.trackers.traccar import read_json


def parse(sent: Sent) -> Message:
    """Read a request; the device is the user of Basic auth, else the header `X-Limit-U`."""
    device = sent.user or sent.headers.get("x-limit-u") or None
    if not sent.body.strip():
        return Message(device)
    told = read_json(sent.body)
    if told is None:
        return Message(device, (Unread(Why.UNREADABLE),))
    if told.get("_type") == "encrypted":
        return Message(device, (Unread(Why.ENCRYPTED),))
    if told.get("_type") != "location":
        return Message(device)
    return Message(device, (_reading(told),))


def _reading(told: Mapping[str, object]) -> Reading | Unread:
    try:
        lon, lat = position(told.get("lon"), told.get("lat"))
        return Reading(
            lon=lon,
            lat=lat,
            fixed_at=moment(told.get("tst")),
            accuracy_m=accuracy(told.get("acc")),
            speed_mps=speed(told.get("vel"), KMH_MPS),
            battery=battery(told.get("batt")),
        )
    except Refused as refused:
        return Unread(refused.why)
