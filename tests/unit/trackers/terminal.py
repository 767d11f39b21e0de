"""A terminal's side of JT/T 808, written from the description of the wire and not from our code."""

import struct
from datetime import datetime, timedelta
from functools import reduce
from operator import xor

LON, LAT = 115.9, 28.68


def framed(
    message_id: int,
    body: bytes = b"",
    *,
    phone: str = "13800001234",
    seq: int = 7,
    edition: int = 2013,
    parts: int = 1,
    part: int = 1,
    spoil: int = 0,
    encryption: int = 0,
) -> bytes:
    properties = len(body) | (0x2000 if parts > 1 else 0) | (encryption << 10)
    if edition == 2019:
        head = struct.pack(">HHB", message_id, properties | 0x4000, 1)
        head += bytes.fromhex(phone.rjust(20, "0"))
    else:
        head = struct.pack(">HH", message_id, properties) + bytes.fromhex(phone.rjust(12, "0"))
    head += struct.pack(">H", seq)
    if parts > 1:
        head += struct.pack(">HH", parts, part)
    plain = head + body
    plain += bytes([reduce(xor, plain) ^ spoil])
    escaped = b"".join({0x7D: b"\x7d\x01", 0x7E: b"\x7d\x02"}.get(b, bytes([b])) for b in plain)
    return b"\x7e" + escaped + b"\x7e"


def bcd(at: datetime) -> bytes:
    """A UTC time as the terminal writes it: China's clock."""
    return bytes.fromhex(f"{at.replace(tzinfo=None) + timedelta(hours=8):%y%m%d%H%M%S}")


def position(
    at: datetime,
    *,
    lon: float = LON,
    lat: float = LAT,
    kmh: float = 36.0,
    status: int = 0b11,
    items: bytes = b"\x01\x04\x00\x00\x00\x7e\x30\x01\x1f",
) -> bytes:
    status |= (0b100 if lat < 0 else 0) | (0b1000 if lon < 0 else 0)
    numbers = (0, status, round(abs(lat) * 1e6), round(abs(lon) * 1e6), 42, round(kmh * 10), 90)
    return struct.pack(">IIIIHHH", *numbers) + bcd(at) + items


def batch(*positions: bytes, kind: int = 1) -> bytes:
    items = b"".join(struct.pack(">H", len(each)) + each for each in positions)
    return struct.pack(">HB", len(positions), kind) + items


def registration(edition: int = 2013, terminal: str = "T000001", plate: str = "赣A12345") -> bytes:
    maker, model, name = {2011: (5, 8, 7), 2013: (5, 20, 7), 2019: (11, 30, 30)}[edition]
    return (
        struct.pack(">HH", 36, 102)
        + b"MAKER".ljust(maker, b"\x00")
        + b"MODEL".ljust(model, b"\x00")
        + terminal.encode().ljust(name, b"\x00")
        + b"\x02"
        + plate.encode("gbk")
    )


def authentication(code: str, edition: int = 2013) -> bytes:
    if edition != 2019:
        return code.encode("gbk")
    written = code.encode("gbk")
    return bytes([len(written)]) + written + b"3" * 15 + b"v1.0".ljust(20, b"\x00")


def unframed(data: bytes) -> list[tuple[int, int, bytes]]:
    """What the platform sent: message, its sequence number, body; 2013 and 2019 headers alike."""
    found = []
    for piece in data.split(b"\x7e"):
        if not piece:
            continue
        plain = piece.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
        assert reduce(xor, plain) == 0, plain.hex()
        message_id, properties = struct.unpack_from(">HH", plain)
        begins = 17 if properties & 0x4000 else 12
        seq = struct.unpack_from(">H", plain, begins - 2)[0]
        body = plain[begins:-1]
        assert len(body) == properties & 0x3FF
        found.append((message_id, seq, body))
    return found
