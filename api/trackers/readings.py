"""What a device's message comes to: readings, or the reasons why there are none.

Nothing is guessed here. A value that cannot be meant makes the reading `Unread`, with a reason
that is counted; a value that says "unknown" on its wire is None.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 1e11
"""So many seconds would be the year 5138; so they are milliseconds, from 1973 on."""

FASTEST_MPS = 150.0
WORST_ACCURACY_M = 100_000.0
KNOT_MPS = 1852 / 3600
KMH_MPS = 1 / 3.6
LONGEST_NUMBER = 40


class Why(StrEnum):
    """Why a message, or a position in it, was not taken."""

    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    UNSUPPORTED = "unsupported"
    NO_DEVICE = "no_device"
    NO_POSITION = "no_position"
    NO_FIX = "no_fix"
    BAD_POSITION = "bad_position"
    BAD_TIME = "bad_time"
    BAD_SPEED = "bad_speed"
    BAD_ACCURACY = "bad_accuracy"


@dataclass(frozen=True, slots=True)
class Unread:
    """A position that was not taken."""

    why: Why


@dataclass(frozen=True, slots=True)
class Reading:
    """A position as a device gave it: degrees in the device's own datum, SI units, aware UTC.

    `battery` is what is left of the device's, in per cent.
    """

    lon: float
    lat: float
    fixed_at: datetime
    accuracy_m: float | None = None
    speed_mps: float | None = None
    mock: bool = False
    battery: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A request of an HTTP tracker, without the web around it; the user is that of Basic auth."""

    params: Mapping[str, str]
    body: bytes = b""
    is_json: bool = False
    user: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """Which device spoke (None: it did not say), and what it said."""

    device: str | None
    items: tuple[Reading | Unread, ...] = ()


class Refused(ValueError):
    """A value that cannot be meant; never leaves this package."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


def number(value: object, why: Why) -> float | None:
    """A finite number, from text or JSON; None where there is none. `Refused` for anything else."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Refused(why)
    if isinstance(value, str) and (len(value) > LONGEST_NUMBER or "_" in value):
        raise Refused(why)
    try:
        found = float(value)
    except (ValueError, OverflowError):
        raise Refused(why) from None
    if not math.isfinite(found):
        raise Refused(why)
    return found


def position(lon: object, lat: object) -> tuple[float, float]:
    """Longitude and latitude in degrees; `Refused` unless both are there and on Earth."""
    x, y = number(lon, Why.BAD_POSITION), number(lat, Why.BAD_POSITION)
    if x is None or y is None:
        raise Refused(Why.NO_POSITION)
    if abs(x) > 180 or abs(y) > 90:  # noqa: PLR2004 (degrees)
        raise Refused(Why.BAD_POSITION)
    return x, y


def moment(value: object) -> datetime:
    """A time: seconds or milliseconds since 1970, or ISO 8601 with its zone; `Refused` if none."""
    at = _iso(value) if isinstance(value, str) and "T" in value else _since_epoch(value)
    if not EARLIEST <= at <= LATEST:
        raise Refused(Why.BAD_TIME)
    return at


def _iso(text: str) -> datetime:
    if len(text) > LONGEST_NUMBER:
        raise Refused(Why.BAD_TIME)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise Refused(Why.BAD_TIME)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(Why.BAD_TIME) from None


def _since_epoch(value: object) -> datetime:
    found = number(value, Why.BAD_TIME)
    if found is None:
        raise Refused(Why.BAD_TIME)
    seconds = found / 1000 if abs(found) >= MILLISECONDS_FROM else found
    try:
        return EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise Refused(Why.BAD_TIME) from None


def speed(value: object, unit_mps: float) -> float | None:
    """A speed in m/s; a negative one means unknown. `Refused` above what drives."""
    found = number(value, Why.BAD_SPEED)
    if found is None or found < 0:
        return None
    if found * unit_mps > FASTEST_MPS:
        raise Refused(Why.BAD_SPEED)
    return found * unit_mps


def accuracy(value: object) -> float | None:
    """A radius in metres; 0 means unknown, a negative one that the position is not valid."""
    found = number(value, Why.BAD_ACCURACY)
    if not found:
        return None
    if found < 0:
        raise Refused(Why.NO_FIX)
    if found > WORST_ACCURACY_M:
        raise Refused(Why.BAD_ACCURACY)
    return found


def battery(value: object, whole: float = 100.0) -> int | None:
    """What is left of a battery in per cent, of a number whose `whole` is a full one.

    What cannot be meant counts as unknown: no position is lost for a battery's sake.
    """
    try:
        found = number(value, Why.UNREADABLE)
    except Refused:
        return None
    return None if found is None or not 0 <= found <= whole else round(100 * found / whole)


def flag(value: object) -> bool | None:
    """True, false, or None where nothing is said; anything else counts as nothing."""
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    return True if word in {"true", "1"} else False if word in {"false", "0"} else None
