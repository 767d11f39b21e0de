"""Counts of what became of what devices sent, gathered in memory and written every few seconds."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from dispatch.domain.tracking import Wire
from dispatch.ports import TrackerCount, UnknownTracker

UNKNOWN_HELD = 1000
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Counted:
    """What was gathered since the last time."""

    counts: tuple[TrackerCount, ...]
    seen: dict[str, datetime]
    unknown: tuple[UnknownTracker, ...]

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.counts or self.seen or self.unknown)


class Tally:
    """Bounded: one entry for each enrolled device and fate, a thousand for all the others."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], TrackerCount] = {}
        self._seen: dict[str, datetime] = {}
        self._unknown: OrderedDict[tuple[str, str], UnknownTracker] = OrderedDict()
        self._lock = Lock()

    def seen(self, tracker_id: str, at: datetime) -> None:
        """An enrolled device was heard."""
        with self._lock:
            self._seen[tracker_id] = at

    def count(self, tracker_id: str, what: str, at: datetime, times: int = 1) -> None:
        """So many messages of an enrolled device met this fate."""
        key = (tracker_id, what)
        with self._lock:
            before = self._counts.get(key)
            total = times + (before.count if before else 0)
            self._counts[key] = TrackerCount(
                tracker_id=tracker_id, what=what, count=total, last_at=at
            )

    def unknown(self, wire: Wire, device: str, at: datetime) -> None:
        """A device that is not enrolled called; an empty name: it did not say which."""
        name = "".join(c for c in device[:LONGEST_NAME] if c.isprintable())
        key = (wire.value, name)
        with self._lock:
            before = self._unknown.pop(key, None)
            self._unknown[key] = (
                replace(before, count=before.count + 1, last_at=at)
                if before
                else UnknownTracker(wire=wire.value, device=name, count=1, first_at=at, last_at=at)
            )
            while len(self._unknown) > UNKNOWN_HELD:
                self._unknown.popitem(last=False)

    def drain(self) -> Counted:
        """Give what was gathered, and begin anew."""
        with self._lock:
            counted = Counted(
                tuple(self._counts.values()), self._seen, tuple(self._unknown.values())
            )
            self._counts, self._seen, self._unknown = {}, {}, OrderedDict()
        return counted

    def put_back(self, counted: Counted) -> None:
        """Take what could not be written back, below what came since."""
        for each in counted.counts:
            self.count(each.tracker_id, each.what, each.last_at, each.count)
        with self._lock:
            self._seen = counted.seen | self._seen
            for unknown in counted.unknown:
                key = (unknown.wire, unknown.device)
                since = self._unknown.get(key)
                if since is not None:
                    total = since.count + unknown.count
                    self._unknown[key] = replace(since, count=total, first_at=unknown.first_at)
                elif len(self._unknown) < UNKNOWN_HELD:
                    self._unknown[key] = unknown
