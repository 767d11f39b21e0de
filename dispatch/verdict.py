"""What one look makes of a feeder, and what mistakes cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.domain.outage import Calling
from dispatch.domain.words import NetworkLevel, OutageId, TicketId, UsagePointId
from dispatch.hidden import Hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What mistakes cost, in minutes of one caller's waiting; all assumptions, set per company.

    A crew's needless trip is about an hour of two people's work; a fault hidden behind another
    costs the hours until its caller complains again; moving a prediction costs trust.
    """

    needless_trip: float = 60.0
    late_minute: float = 1.0
    hidden_fault: float = 120.0
    move: float = 1.0  # log odds that a new device must be better by
    longest_hold_min: float = 12.0
    longest_misfiled_min: float = 120.0  # the same where it is likelier misfiled: call back and ask
    stay: float = 0.05  # a report stays where it is while it belongs there with this probability
    held: float = 3.0  # where a report is held counts so many times as much as another outage
    settle_min: float = 4.0  # what splits off an outage stands so long before a crew is asked for
    leave_own: float = 0.9  # it leaves an outage of its own, with an order, only for this much

    @property
    def join(self) -> float:
        """How probable it must be that a report belongs to an outage, for it to be put there."""
        return self.needless_trip / (self.hidden_fault + self.needless_trip)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One outage as it is thought to be now.

    `outage_id` is the open outage that lives on as this one, None where one is to be opened;
    `device_id` is None for one home, which `homes` names. `tickets` have the probability that
    they belong, `devices` the probability to have opened, most probable first. Eight times in ten
    as many customers are out as `customers_between` says, by those; `level` is what it rests on.
    `calling` is what whoever calls next is judged by.
    """

    outage_id: OutageId | None
    device_id: str | None
    tickets: Mapping[TicketId, float]
    devices: tuple[tuple[str, float], ...]
    probability: float
    customers_out: float
    customers_between: tuple[int, int]
    level: NetworkLevel
    transformers: frozenset[str]
    homes: frozenset[UsagePointId]
    started_at: datetime
    send: bool
    reasons: tuple[str, ...]
    calling: Calling


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one look at a feeder makes of it.

    `explained` are reports of confirmed outages with the probability. Those below `sure` are
    doubted: another fault may be hidden behind the outage. `hidden` is where that would be.
    """

    outages: tuple[Judged, ...] = ()
    explained: Mapping[TicketId, tuple[OutageId, float]] = field(default_factory=dict)
    sure: float = 2 / 3
    hidden: tuple[Hidden, ...] = ()
