"""Whoever works alone says every so often that all is well; who does not is looked for."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.domain.words import CrewId, DistrictId, OrderId
from dispatch.errors import IllegalStep


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyPolicy:
    """How often a crew at a site says that all is well, and how late the office may hear of it.

    `every` of nothing at all: nobody is asked.
    """

    every: timedelta = timedelta(minutes=30)
    grace: timedelta = timedelta(minutes=5)

    @property
    def is_on(self) -> bool:
        """Whether crews are asked."""
        return self.every > timedelta()

    def due_at(self, last_sign_at: datetime) -> datetime:
        """When the next word is due after the last one."""
        return last_sign_at + self.every


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """A crew at its site: when it last pressed anything there, by its own phone's time."""

    order_id: OrderId
    crew_id: CrewId
    district_id: DistrictId | None
    last_sign_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedCheckIn:
    """A word that did not come: until when it was due, and what became of it.

    It is over when the crew was `heard_at` after all, or a person took note of it.
    """

    id: int | None = None
    order_id: OrderId
    crew_id: CrewId
    district_id: DistrictId | None
    last_sign_at: datetime
    due_at: datetime
    raised_at: datetime
    heard_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    note: str | None = None

    def acknowledge(self, *, by: str, note: str, now: datetime) -> "MissedCheckIn":
        """Somebody looks after the crew and says how; once is enough."""
        if self.acknowledged_at is not None:
            raise IllegalStep("the missed check-in was acknowledged already", id=self.id)
        return replace(self, acknowledged_at=now, acknowledged_by=by, note=note)
