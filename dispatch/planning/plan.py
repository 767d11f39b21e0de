"""A plan: which crew goes where in which order, and when each thing is expected."""

from collections.abc import Mapping
from dataclasses import dataclass

from dispatch.domain.words import CrewId, OrderId

Sequences = Mapping[CrewId, tuple[OrderId, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One crew at one order, in minutes from the moment of planning.

    `depart_min` is when the crew sets out, a meal break before it included; `arrive_sd_min` and
    `end_sd_min` are standard deviations. `begin_min` is later than the arrival where another crew
    or another order is waited for.
    """

    order_id: OrderId
    crew_id: CrewId
    position: int
    depart_min: float
    arrive_min: float
    arrive_sd_min: float
    begin_min: float
    end_min: float
    end_sd_min: float
    meal: bool
    by_depot: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a plan costs in weighted minutes late; `total` is what the search lowers."""

    late_minutes: float
    late_charges: float
    restoration: float
    change: float
    unplaced: float

    @property
    def total(self) -> float:
        """The objective."""
        parts = (self.late_minutes, self.late_charges, self.restoration, self.change)
        return sum(parts) + self.unplaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The crews' sequences with their times, what they cost, and what no crew can take."""

    sequences: Sequences
    stops: tuple[Stop, ...]
    unplaced: tuple[OrderId, ...]
    costs: Costs

    def crew_of(self, order_id: OrderId) -> CrewId | None:
        """Who goes to an order; None where nobody can."""
        return next((stop.crew_id for stop in self.stops if stop.order_id == order_id), None)
