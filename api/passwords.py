"""Passwords of the login page: argon2id, and patience that ends."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from types import MappingProxyType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from api.problems import TooManyAttempts
from dispatch.errors import InvalidInput

SHORTEST, LONGEST = 10, 200

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")


def hashed(password: str) -> str:
    """Hash a new password; `InvalidInput` when it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput("password", "*" * 3, f"{SHORTEST} to {LONGEST} characters")
    return _hasher.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether the password is right; an unknown user (None) costs the same time."""
    try:
        _hasher.verify(stored or _NOBODY, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


LIMITS: Mapping[str, int] = MappingProxyType({"pair": 5, "login": 30, "address": 60})
"""Failures allowed in the window: of one login from one address, of a login, of an address."""


@dataclass(slots=True)
class Throttle:
    """Counts failed logins of this process; `now` is an argument.

    A stranger who fails on purpose locks out his own address, and a login only after many more.
    """

    window: timedelta = timedelta(minutes=15)
    most_kept: int = 20_000
    _failed: dict[tuple[str, str], deque[datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def check(self, login: str, address: str, now: datetime) -> None:
        """Raise `TooManyAttempts` when one of the three limits is reached."""
        with self._lock:
            for kind, key in _keys(login, address):
                times = self._live((kind, key), now)
                if len(times) >= LIMITS[kind]:
                    wait = times[0] + self.window - now
                    raise TooManyAttempts(max(1, round(wait.total_seconds())))

    def failed(self, login: str, address: str, now: datetime) -> None:
        """Count one failure."""
        with self._lock:
            if len(self._failed) >= self.most_kept:
                self._failed.clear()
            for kind, key in _keys(login, address):
                self._failed.setdefault((kind, key), deque(maxlen=LIMITS[kind])).append(now)

    def succeeded(self, login: str, address: str) -> None:
        """Forget the failures of somebody who found the right password."""
        with self._lock:
            self._failed.pop(("pair", f"{login}\0{address}"), None)

    def _live(self, key: tuple[str, str], now: datetime) -> deque[datetime]:
        times = self._failed.get(key, deque())
        while times and times[0] <= now - self.window:
            times.popleft()
        return times


def _keys(login: str, address: str) -> tuple[tuple[str, str], ...]:
    return (("pair", f"{login}\0{address}"), ("login", login), ("address", address))
