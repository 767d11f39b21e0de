"""How much of a thing's history a screen has shown, so that it can say later what is new.

Entries of the journal carry the database's time of writing, steps of an order the field's; the
two are never compared with each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from dispatch.errors import InvalidInput
from dispatch.store.reads.details import TimelineEntry

BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shown:
    """Until when the journal and the order's steps were shown."""

    journal_until: datetime
    steps_until: datetime

    @classmethod
    def of(cls, entries: Iterable[TimelineEntry]) -> "Shown":
        """Everything in `entries` was shown."""
        journal, steps = [BEFORE_ALL], [BEFORE_ALL]
        for entry in entries:
            (steps if _is_step(entry) else journal).append(entry.recorded_at)
        return cls(max(journal), max(steps))

    @classmethod
    def read(cls, written: str) -> "Shown":
        """Read what `str` wrote; InvalidInput for anything else."""
        try:
            journal, steps = (datetime.fromisoformat(part) for part in written.split(" "))
        except ValueError:
            raise InvalidInput("after", written, "what the page itself said") from None
        if journal.tzinfo is None or steps.tzinfo is None:
            raise InvalidInput("after", written, "times with a zone")
        return cls(journal, steps)

    def __str__(self) -> str:
        """The two times, for a page to keep."""
        return f"{self.journal_until.isoformat()} {self.steps_until.isoformat()}"

    def lacks(self, entry: TimelineEntry) -> bool:
        """Whether `entry` was written since."""
        until = self.steps_until if _is_step(entry) else self.journal_until
        return entry.recorded_at > until


def _is_step(entry: TimelineEntry) -> bool:
    return entry.what.startswith("order:")
