"""Which devices are enrolled, as this process knows it: read anew every few seconds."""

import hmac
import secrets
from collections.abc import Iterable

from api.callers import LONGEST_SECRET, digest_of
from dispatch.domain.tracking import Tracker, Wire, tracker_id


def new_secret() -> str:
    """Make a secret of 120 random bits, short enough to type into a phone."""
    return secrets.token_urlsafe(15)


class Registry:
    """The devices that are enrolled and not revoked."""

    def __init__(self) -> None:
        self._live: dict[str, Tracker] = {}
        self._changed: dict[str, Tracker] = {}
        self.is_loaded = False

    def expect(self) -> None:
        """A list is going to be read: what is changed from now on is newer than it."""
        self._changed = {}

    def load(self, trackers: Iterable[Tracker]) -> None:
        """Know these from now on, and what was changed while they were read."""
        known = {each.id: each for each in trackers} | self._changed
        self._live = {key: each for key, each in known.items() if each.revoked_at is None}
        self.is_loaded = True

    def put(self, tracker: Tracker) -> None:
        """Know a device as it stands after a change, ahead of the next reading."""
        self._changed = {**self._changed, tracker.id: tracker}
        others = {key: each for key, each in self._live.items() if key != tracker.id}
        self._live = others if tracker.revoked_at else {**others, tracker.id: tracker}

    def find(self, wire: Wire, device: str) -> Tracker | None:
        """Find an enrolled device by the name it gives itself."""
        return self._live.get(tracker_id(wire, device))

    @staticmethod
    def lets_in(tracker: Tracker, secret: str | None) -> bool:
        """Whether this is the device's secret."""
        if not secret or len(secret) > LONGEST_SECRET:
            return False
        return hmac.compare_digest(tracker.digest, digest_of(secret))
