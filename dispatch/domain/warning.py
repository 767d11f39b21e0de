"""A warning before (催办) or after (督办) the end of a clock, sent once and acknowledged."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.rules import Means, Recipient
from dispatch.domain.words import CrewId, DistrictId, OrderId, TicketId
from dispatch.errors import IllegalStep


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWarning:
    """One level of one clock: to whom it went and how, and who took note of it."""

    id: int | None = None
    clock_id: int
    level: int
    overdue: bool
    district_id: DistrictId | None
    ticket_id: TicketId | None
    order_id: OrderId | None
    crew_id: CrewId | None
    rule_id: str
    due_at: datetime
    sent_at: datetime
    to: tuple[Recipient, ...]
    how: tuple[Means, ...]
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    note: str | None = None

    @property
    def number(self) -> int:
        """The number of a warning that is stored."""
        if self.id is None:
            raise ValueError("a warning has a number once it is stored")
        return self.id

    def acknowledge(self, *, by: str, note: str, now: datetime) -> "ClockWarning":
        """Somebody took note of it; once is enough."""
        if self.acknowledged_at is not None:
            raise IllegalStep("the warning was acknowledged already", warning_id=self.id)
        return replace(self, acknowledged_at=now, acknowledged_by=by, note=note)
