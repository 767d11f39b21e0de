"""What reaches the desk in an episode, the same for every method."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.facts import MeterSignal, ReportFact
from dispatch.domain.words import TicketId
from dispatch.drill.storms.ground import Ground
from dispatch.drill.storms.truth import Condition, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call: `report` as filed, with no outage yet; `fault` is the truth, and not to be told."""

    at: datetime
    feeder_id: str
    report: ReportFact
    fault: int
    is_hazard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A ticket is settled: its caller has light, or there was nothing."""

    at: datetime
    ticket_id: TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalled:
    """A meter's signal."""

    at: datetime
    feeder_id: str
    signal: MeterSignal


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A crew has found the fault."""

    at: datetime
    fault: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relit:
    """Transformers have light again after a fault; `is_over` when that was all of it.

    What the desk believes: a transformer below another fault that nobody has seen is among them.
    """

    at: datetime
    fault: int
    transformers: frozenset[str]
    is_over: bool


Message = Called | Left | Signalled | Seen | Relit


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLife:
    """How a fault went: first call, found by a crew, over; None for what did not happen in time.

    `customers` are those at or below it.
    """

    fault: Fault
    customers: int
    first_call_at: datetime | None = None
    seen_at: datetime | None = None
    over_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Episode:
    """Some hours with a known truth; `lives[n]` is that of fault n, `messages` are in order.

    `ground` is as recorded in this episode.
    """

    seed: int
    condition: Condition
    ground: Ground
    begins: datetime
    ends: datetime
    lives: tuple[FaultLife, ...]
    messages: tuple[Message, ...]
