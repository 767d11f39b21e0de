"""What stands in the bodies of JT/T 808 messages."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from api.trackers.jt808.frames import MOST_BODY, Frame
from api.trackers.readings import EARLIEST, FASTEST_MPS, KMH_MPS, LATEST, Reading, Unread, Why

CHINA_AHEAD = timedelta(hours=8)
"""Of UTC: a terminal's clock shows China's time, whatever zone the vehicle is in."""


class Id(IntEnum):
    """The messages that are understood."""

    TERMINAL_REPLY = 0x0001
    HEARTBEAT = 0x0002
    LOGOUT = 0x0003
    REGISTER = 0x0100
    AUTHENTICATE = 0x0102
    POSITION = 0x0200
    BATCH = 0x0704
    REPLY = 0x8001
    REGISTER_REPLY = 0x8100
    TEXT = 0x8300


class Result(IntEnum):
    """How a message was taken, in a general reply."""

    OK = 0
    FAILED = 1
    BAD = 2
    UNSUPPORTED = 3


class Registered(IntEnum):
    """How a registration was taken."""

    OK = 0
    VEHICLE_TAKEN = 1
    NO_VEHICLE = 2
    TERMINAL_TAKEN = 3
    NO_TERMINAL = 4


_FIX = struct.Struct(">IIIIHHH6s")
_VALID, _SOUTH, _WEST = 1 << 1, 1 << 2, 1 << 3
_TENTH_KMH = KMH_MPS / 10


def read_position(body: bytes) -> Reading | Unread:
    """Read a 0x0200 body; whatever items follow the position are left alone."""
    if len(body) < _FIX.size:
        return Unread(Why.UNREADABLE)
    _alarm, status, lat, lon, _altitude, speed, _course, time = _FIX.unpack_from(body)
    if not status & _VALID:
        return Unread(Why.NO_FIX)
    fixed_at = _time(time)
    if fixed_at is None:
        return Unread(Why.BAD_TIME)
    if lat > 90_000_000 or lon > 180_000_000:  # noqa: PLR2004 (millionths of a degree)
        return Unread(Why.BAD_POSITION)
    if speed * _TENTH_KMH > FASTEST_MPS:
        return Unread(Why.BAD_SPEED)
    return Reading(
        lon=lon / (-1e6 if status & _WEST else 1e6),
        lat=lat / (-1e6 if status & _SOUTH else 1e6),
        fixed_at=fixed_at,
        speed_mps=speed * _TENTH_KMH,
    )


def _time(digits: bytes) -> datetime | None:
    text = digits.hex()
    if not text.isdecimal():
        return None
    year, month, day = 2000 + int(text[:2]), int(text[2:4]), int(text[4:6])
    hour, minute, second = int(text[6:8]), int(text[8:10]), int(text[10:])
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - CHINA_AHEAD
    except ValueError:
        return None
    return at if EARLIEST <= at <= LATEST else None


def read_batch(body: bytes) -> tuple[Reading | Unread, ...]:
    """Read a 0x0704 body; what is cut short at its end is one refusal, the rest stands."""
    if len(body) < 3:  # noqa: PLR2004 (count and type)
        return (Unread(Why.UNREADABLE),)
    return tuple(_items(body, int.from_bytes(body[:2], "big")))


def _items(body: bytes, count: int) -> Iterator[Reading | Unread]:
    at = 3
    for _ in range(count):
        length = int.from_bytes(body[at : at + 2], "big")
        item = body[at + 2 : at + 2 + length]
        if at + 2 > len(body) or len(item) < length:
            yield Unread(Why.UNREADABLE)
            return
        yield read_position(item)
        at += 2 + length


@dataclass(frozen=True, slots=True)
class Registration:
    """Which unit asks, and what its number plate is said to be."""

    terminal: str
    plate: str


def read_registration(frame: Frame) -> Registration | None:
    """Read a 0x0100 body; 2011 and 2013 differ in length only. None for one that is too short."""
    body = frame.body
    if frame.edition_2019:
        model, terminal, end = 4 + 11, 30, 4 + 11 + 30 + 30
    else:
        # 2011: model[8], 2013: model[20]; the plate has at most 12 bytes in GBK.
        model, terminal = 4 + 5, 7
        end = model + (20 if len(body) >= 4 + 5 + 20 + 7 + 1 else 8) + terminal
    if len(body) < end + 1:
        return None
    name = body[end - terminal : end].strip(b"\x00 ").decode("gbk", "replace")
    plate = body[end + 1 :].strip(b"\x00 ").decode("gbk", "replace")
    return Registration(terminal=name, plate=plate[:20])


def read_code(frame: Frame) -> str | None:
    """The authentication code of a 0x0102 body; None where it cannot be one."""
    body = frame.body
    if frame.edition_2019:
        if not body or len(body) < 1 + body[0]:
            return None
        body = body[1 : 1 + body[0]]
    try:
        return body.rstrip(b"\x00").decode("gbk") or None
    except UnicodeDecodeError:
        return None


def reply(frame: Frame, seq: int, result: Result) -> Frame:
    """The general answer (0x8001) to a terminal's message."""
    body = struct.pack(">HHB", frame.seq, frame.id, result)
    return answer(frame, Id.REPLY, seq, body)


def register_reply(frame: Frame, seq: int, result: Registered, code: str = "") -> Frame:
    """The answer (0x8100) to a registration; with the code to authenticate by if it is taken."""
    body = struct.pack(">HB", frame.seq, result) + code.encode("gbk")
    return answer(frame, Id.REGISTER_REPLY, seq, body)


def text(to: Frame, seq: int, words: str) -> Frame:
    """A text (0x8300) for the driver: shown and read out; cut where it is too long."""
    head = b"\x0c\x01" if to.edition_2019 else b"\x0c"  # bit 2 screen, bit 3 read out; 1: a notice
    room = MOST_BODY - len(head)
    encoded = words.encode("gbk", "replace")
    if len(encoded) > room:
        encoded = encoded[:room].decode("gbk", "ignore").encode("gbk")
    return answer(to, Id.TEXT, seq, head + encoded)


def answer(to: Frame, message: Id, seq: int, body: bytes) -> Frame:
    """A message to the terminal that sent `to`, in its own edition."""
    return Frame(message, to.phone, seq, body, to.edition_2019, to.version)
