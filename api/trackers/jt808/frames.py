"""Frames of JT/T 808: `7E | header | body | xor | 7E`, escaped, in pieces or several at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import xor

MOST_BODY = 1023
_LONGEST = 2 * (21 + MOST_BODY + 1)
"""Between two flags: the longest header, the longest body and the xor, every byte escaped."""

_SPLIT_BIT, _EDITION_BIT, _LENGTH_BITS, _ENCRYPTION_BITS = 0x2000, 0x4000, 0x03FF, 0x1C00
_PHONE_2013, _PHONE_2019 = 6, 10
_SHORTEST = 13  # an empty message of 2013 with its xor
_ESCAPE = re.compile(rb"\x7d(.?)", re.DOTALL)
_UNESCAPED = {b"\x01": b"\x7d", b"\x02": b"\x7e"}


class BadFrame(StrEnum):
    """Why the bytes between two flags are no message."""

    OVERSIZE = "frame_oversize"
    SHORT = "frame_short"
    ESCAPE = "frame_escape"
    CHECKSUM = "frame_checksum"
    LENGTH = "frame_length"
    PHONE = "frame_phone"
    ENCRYPTED = "frame_encrypted"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message, or one part of a split one (`part` of `parts`, counted from 1)."""

    id: int
    phone: str
    seq: int
    body: bytes
    edition_2019: bool = False
    version: int = 1
    parts: int = 1
    part: int = 1


class Framer:
    """Cuts a stream of bytes into frames; holds at most one unfinished frame."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._skipping = False

    @property
    def holds(self) -> int:
        """How many bytes wait for the rest of their frame."""
        return len(self._held)

    def feed(self, data: bytes) -> Iterator[Frame | BadFrame]:
        """Give every frame that is complete with `data`, in order, bad ones by their reason."""
        *ended, rest = data.split(b"\x7e")
        for piece in ended:
            if self._held or self._skipping or len(piece) > _LONGEST:
                yield from self._end(piece)
            elif piece:  # a whole frame; between two frames there is nothing
                yield decode(piece)
        if rest:
            yield from self._hold(rest)

    def _hold(self, piece: bytes) -> Iterator[BadFrame]:
        if self._skipping:
            return
        if len(self._held) + len(piece) > _LONGEST:
            self._held.clear()
            self._skipping = True
            yield BadFrame.OVERSIZE
        else:
            self._held += piece

    def _end(self, piece: bytes) -> Iterator[Frame | BadFrame]:
        yield from self._hold(piece)
        if self._skipping:
            self._skipping = False
            return
        raw = bytes(self._held)
        self._held.clear()
        yield decode(raw)


def decode(raw: bytes) -> Frame | BadFrame:
    """Read what stood between two flags."""
    plain = _unescaped(raw)
    if plain is None:
        return BadFrame.ESCAPE
    if len(plain) < _SHORTEST:
        return BadFrame.SHORT
    if reduce(xor, plain):
        return BadFrame.CHECKSUM
    properties = int.from_bytes(plain[2:4], "big")
    if properties & _ENCRYPTION_BITS:
        return BadFrame.ENCRYPTED
    return _decoded(plain, properties)


def _decoded(plain: bytes, properties: int) -> Frame | BadFrame:
    edition_2019 = bool(properties & _EDITION_BIT)
    at = 5 if edition_2019 else 4
    digits = _PHONE_2019 if edition_2019 else _PHONE_2013
    is_split = bool(properties & _SPLIT_BIT)
    begins = at + digits + 2 + (4 if is_split else 0)
    body = plain[begins:-1]
    if len(plain) <= begins or len(body) != properties & _LENGTH_BITS:
        return BadFrame.LENGTH
    phone = plain[at : at + digits].hex().lstrip("0")
    if not phone.isdecimal():
        return BadFrame.PHONE
    seq = int.from_bytes(plain[at + digits : at + digits + 2], "big")
    total, index = 1, 1
    if is_split:
        total = int.from_bytes(plain[begins - 4 : begins - 2], "big")
        index = int.from_bytes(plain[begins - 2 : begins], "big")
    version = plain[4] if edition_2019 else 1
    message_id = int.from_bytes(plain[:2], "big")
    return Frame(message_id, phone, seq, body, edition_2019, version, total, index)


def _unescaped(raw: bytes) -> bytes | None:
    if b"\x7d" not in raw:
        return raw
    wrong = False

    def plain(found: re.Match[bytes]) -> bytes:
        nonlocal wrong
        meant = _UNESCAPED.get(found[1])
        wrong = wrong or meant is None
        return meant or b""

    whole = _ESCAPE.sub(plain, raw)
    return None if wrong else whole


def encode(frame: Frame) -> bytes:
    """Write a frame as it goes over the wire.

    Raises ValueError for a body of more than 1,023 bytes or a phone that does not fit the header.
    """
    if len(frame.body) > MOST_BODY:
        raise ValueError(f"the body has {len(frame.body)} bytes; at most {MOST_BODY} fit")
    digits = 2 * (_PHONE_2019 if frame.edition_2019 else _PHONE_2013)
    if len(frame.phone) > digits or not frame.phone.isdecimal():
        raise ValueError(f"the phone {frame.phone!r} is not up to {digits} digits")
    is_split = frame.parts != 1
    properties = (
        len(frame.body)
        | (_SPLIT_BIT if is_split else 0)
        | (_EDITION_BIT if frame.edition_2019 else 0)
    )
    plain = frame.id.to_bytes(2, "big") + properties.to_bytes(2, "big")
    if frame.edition_2019:
        plain += bytes([frame.version])
    plain += bytes.fromhex(frame.phone.zfill(digits)) + frame.seq.to_bytes(2, "big")
    if is_split:
        plain += frame.parts.to_bytes(2, "big") + frame.part.to_bytes(2, "big")
    plain += frame.body
    plain += bytes([reduce(xor, plain)])
    escaped = plain.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")
    return b"\x7e" + escaped + b"\x7e"
