"""What a plan is expected to keep, and which neighbour's crew is worth asking for."""

from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.domain.crew import CrewState
from dispatch.domain.loan import LendingPolicy
from dispatch.planning.chances import chance_in_time
from dispatch.planning.plan import Plan
from dispatch.planning.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How many orders are planned, and how many arrivals are expected to be in time."""

    orders: int
    kept: float

    @property
    def share(self) -> float:
        """Of all orders; 1 where there is none."""
        return self.kept / self.orders if self.orders else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A crew of a neighbour, how many minutes away it is, and what the plan would keep with it."""

    state: CrewState
    minutes: float
    outlook: Outlook


def outlook_of(problem: Problem, plan: Plan) -> Outlook:
    """How many of the planned orders' first promises are kept, in expectation.

    An order that no crew can take counts as missed; one without a promise does not count.
    """
    first = {work.order_id: work.promises[0] for work in problem.works if work.promises}
    chances = dict.fromkeys(first, 0.0)
    for stop in plan.stops:
        if stop.order_id in first:
            due = first[stop.order_id].due_min
            chance = chance_in_time(stop.arrive_min, stop.arrive_sd_min, due)
            chances[stop.order_id] = max(chances[stop.order_id], chance)
    return Outlook(orders=len(first), kept=sum(chances.values()))


def is_in_need(outlook: Outlook, policy: LendingPolicy) -> bool:
    """Whether a district with this outlook asks its neighbours."""
    return outlook.orders >= policy.least_orders and outlook.share < policy.ask_below


def worth_asking(as_it_is: Outlook, offers: Sequence[Offer], policy: LendingPolicy) -> Offer | None:
    """The crew with which the plan keeps most, the nearer first; None if that is not enough."""
    best = max(offers, key=lambda each: (each.outlook.kept, -each.minutes), default=None)
    if best is None or best.outlook.kept - as_it_is.kept < policy.least_gain:
        return None
    return best
