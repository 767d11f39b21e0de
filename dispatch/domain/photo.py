"""A photograph of a crew: what may be one, looked at without ever unpacking it.

Only JPEG is taken. Its markers are walked, not its pixels decoded, so that no picture however
large can fill the memory of this process; how large it would unfold is read from its frame and
bounded for the sake of the browser that shows it.
"""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.words import CrewId, OrderId
from dispatch.errors import InvalidInput

MOST_BYTES = 2_000_000
MOST_PIXELS = 20_000_000
MOST_OF_AN_ORDER = 30
"""Of one crew for one order; more is a broken phone."""

_START = b"\xff\xd8\xff"
_MARK = 0xFF
_SCAN, _END = 0xDA, 0xD9
_IN_SCAN = frozenset({0x00, 0xFF, *range(0xD0, 0xD8)})
_NO_LENGTH = frozenset({0x01, _END, *range(0xD0, 0xD8)})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PRIVATE = frozenset({*range(0xE1, 0xF0), 0xFE}) - {0xEE}
"""Segments of cameras and programs: place, owner, thumbnails, comments. Adobe's colours stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photograph of an order: `bytes` it will have once here, of which `received` have come.

    `width` and `height` are in pixels, None until it is whole.
    """

    id: str
    order_id: OrderId
    crew_id: CrewId
    taken_at: datetime
    begun_at: datetime
    bytes: int
    received: int = 0
    width: int | None = None
    height: int | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG as it may be shown, without what a camera wrote beside the picture; in pixels."""

    content: bytes
    width: int
    height: int


def may_begin(piece: bytes) -> bool:
    """Whether a file that begins so can be a JPEG."""
    return piece.startswith(_START)


def read_picture(content: bytes) -> Picture:
    """Check that `content` is a JPEG of bounded size and drop what tells of place and owner.

    Raises
    ------
    InvalidInput
        It is no JPEG, is broken off, or would unfold beyond `MOST_PIXELS`.
    """
    if not may_begin(content):
        raise _refused("another kind of file", "a JPEG picture")
    kept, at, size, scans = [content[:2]], 2, None, 0
    while True:
        marker, end = _segment(content, at)
        if marker == _END:
            break
        if marker in _FRAMES:
            size = _size(content[at:end])
        if marker == _SCAN:
            end, scans = _after_scan(content, end), scans + 1
        if marker not in _PRIVATE:
            kept.append(content[at:end])
        at = end
    if size is None or not scans:
        raise _refused("no picture inside", "a JPEG picture")
    return Picture(b"".join((*kept, content[at:end])), *size)


def _after_scan(content: bytes, at: int) -> int:
    """Where the coded picture that begins at `at` ends: at the next marker that is not its own."""
    while True:
        at = content.find(_MARK, at)
        if at < 0 or at + 1 >= len(content):
            raise _refused("broken off", "a whole JPEG picture")
        if content[at + 1] not in _IN_SCAN:
            return at
        at += 1 if content[at + 1] == _MARK else 2


def _segment(content: bytes, at: int) -> tuple[int, int]:
    """The marker at `at` and where its segment ends."""
    if at + 2 > len(content) or content[at] != _MARK:
        raise _refused("broken off", "a whole JPEG picture")
    marker = content[at + 1]
    if marker in _NO_LENGTH:
        return marker, at + 2
    end = at + 2 + int.from_bytes(content[at + 2 : at + 4])
    if end <= at + 3 or end > len(content):
        raise _refused("broken off", "a whole JPEG picture")
    return marker, end


def _size(frame: bytes) -> tuple[int, int]:
    """Width and height of a frame segment, within bounds."""
    height, width = int.from_bytes(frame[5:7]), int.from_bytes(frame[7:9])
    if not 0 < width * height <= MOST_PIXELS:
        raise _refused(f"{width} x {height} pixels", f"at most {MOST_PIXELS} pixels")
    return width, height


def _refused(found: str, expected: str) -> InvalidInput:
    return InvalidInput("photo", found, expected)
