"""When a crew that is on its way stands at the door, by its last position."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.words import CrewId, DistrictId, OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class EtaPolicy:
    """When an expected arrival is told again, and how long it is believed.

    Attributes
    ----------
    moved_by
        A new one is told when it differs from the last by as much.
    told_again_after
        And after this time in any case, so that whoever looks sees a fresh position.
    believed_for
        One that rests on an older position is marked so.
    """

    moved_by: timedelta = timedelta(seconds=30)
    told_again_after: timedelta = timedelta(minutes=1)
    believed_for: timedelta = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorEta:
    """When a crew is expected at the site of its order.

    Attributes
    ----------
    fixed_at
        When the crew was where this was reckoned from.
    travel_s
        Drive and walk from there; None where no open road leads.
    basis
        What the time rests on, as `Travel` has it.
    """

    order_id: OrderId
    crew_id: CrewId
    fixed_at: datetime
    travel_s: float | None
    basis: str

    @property
    def arrives_at(self) -> datetime | None:
        """When it stands at the door; None where it cannot get there."""
        return None if self.travel_s is None else self.fixed_at + timedelta(seconds=self.travel_s)

    def is_stale(self, now: datetime, policy: EtaPolicy) -> bool:
        """Whether the crew has not been seen for too long to believe it."""
        return now - self.fixed_at > policy.believed_for

    def is_news(self, last: "DoorEta | None", policy: EtaPolicy) -> bool:
        """Whether it should be told, after `last` was."""
        if last is None or (last.crew_id, last.basis) != (self.crew_id, self.basis):
            return True
        if self.fixed_at - last.fixed_at >= policy.told_again_after:
            return True
        before, after = last.arrives_at, self.arrives_at
        return before is not None and after is not None and abs(after - before) >= policy.moved_by


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTheWay:
    """A crew that drives to an order, where it was last, and what was told of it."""

    order_id: OrderId
    crew_id: CrewId
    district_id: DistrictId | None
    site: tuple[float, float]
    seen_at: tuple[float, float]
    fixed_at: datetime
    told: DoorEta | None
