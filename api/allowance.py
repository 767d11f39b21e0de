"""How often strangers may write to us: counts by key in this process, and says when again."""

import ipaddress
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from api.problems import TooManyAttempts

MOST_KEPT = 50_000


@dataclass(slots=True)
class Allowance:
    """So many of each kind in a window; `now` is an argument.

    Attributes
    ----------
    most
        How many, by kind of key. Behind one address of a mobile network sit hundreds of people.
    window
        Over how long.
    """

    most: Mapping[str, int]
    window: timedelta
    _taken: dict[tuple[str, str], deque[datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, keys: Mapping[str, str], now: datetime) -> None:
        """Count one more for every key, or count nothing and raise `TooManyAttempts`."""
        with self._lock:
            for kind, key in keys.items():
                times = self._live((kind, key), now)
                if len(times) >= self.most[kind]:
                    wait = times[0] + self.window - now
                    raise TooManyAttempts(max(1, round(wait.total_seconds())))
            if len(self._taken) >= MOST_KEPT:
                self._forget(now)
            for kind, key in keys.items():
                self._taken.setdefault((kind, key), deque()).append(now)

    def _live(self, key: tuple[str, str], now: datetime) -> deque[datetime]:
        times = self._taken.get(key, deque())
        while times and times[0] <= now - self.window:
            times.popleft()
        return times

    def _forget(self, now: datetime) -> None:
        """Drop what has run out; if that is not enough, everything: memory is not for strangers."""
        for key in list(self._taken):
            if not self._live(key, now):
                del self._taken[key]
        if len(self._taken) >= MOST_KEPT:
            self._taken.clear()


def network_of(host: str | None) -> str:
    """Whose line a request came over: an IPv4 address, or the first 64 bits of an IPv6 one."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host or "-"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
