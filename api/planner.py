"""The planner of a process: how long it may search, what it remembers, and when it is ready."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from dispatch.domain.words import DistrictId
from dispatch.planning.acting import running
from dispatch.planning.plan import Plan, Sequences
from dispatch.planning.problem import Hold, Problem
from dispatch.planning.search import Budget, PlanBroken, Rounds, Until, find_plan, prepare
from dispatch.planning.travel_table import Kept, TravelTable
from dispatch.ports import TravelTimes

log = logging.getLogger(__name__)

SEED = 1
FOR_ONE_S = 0.1
"""How long to search when one order came; a new plan of a district has up to `FOR_ALL_S`."""
FOR_ALL_S = 1.0
FOR_EACH_S = 0.02
ROUNDS_FOR_ONE = 100
ROUNDS_FOR_ALL = 500
ROUNDS_FOR_EACH = 20
ROUNDS_TO_LOOK = 30

MakeBudget = Callable[[int, int], Budget]


class Search(Protocol):
    """Finds one plan that holds, or raises `PlanBroken`."""

    def __call__(
        self, problem: Problem, *, budget: Budget, seed: int, running: Sequences | None = None
    ) -> Plan:
        """See `dispatch.planning.search.find_plan`."""
        ...


def by_clock(orders: int, new: int) -> Budget:
    """The time that so many orders are worth, of which so many are new."""
    most = FOR_ONE_S if new <= 1 else FOR_ALL_S
    seconds = min(most, FOR_EACH_S * orders)
    began = time.monotonic()
    return Until(lambda: (time.monotonic() - began) / seconds)


def by_rounds(orders: int, new: int) -> Budget:
    """As `by_clock`, in rounds: the same plan every time, whatever the machine is doing."""
    most = ROUNDS_FOR_ONE if new <= 1 else ROUNDS_FOR_ALL
    return Rounds(min(most, ROUNDS_FOR_EACH * orders))


class RollingPlanner:
    """Finds plans and begins each with the last one of the district.

    Parameters
    ----------
    budget
        How long to search for so many orders, of which so many are new.
    ready
        Whether the search is compiled already, or may be compiled while somebody waits; otherwise
        there are no plans before `warm` is done.
    search
        Finds one plan; see `find_plan`.
    """

    def __init__(self, budget: MakeBudget, *, ready: bool, search: Search = find_plan) -> None:
        self._budget = budget
        self._search = search
        self._last: dict[DistrictId, Sequences] = {}
        self._tables: dict[DistrictId, TravelTable] = {}
        self._ready = threading.Event()
        if ready:
            self._ready.set()

    def warm(self) -> None:
        """Load or compile the search in a thread of its own, and be ready after that."""
        threading.Thread(target=self._prepare, name="planner", daemon=True).start()

    def find(self, district_id: DistrictId, problem: Problem) -> Plan | None:
        """See `dispatch.procedures.planning.Planner`."""
        if not self._ready.is_set():
            log.info("%s is assigned by the nearest crew, the planner is not ready", district_id)
            return None
        begin = self._begin(district_id, problem)
        known = {order for orders in begin.values() for order in orders}
        new = sum(work.order_id not in known for work in problem.works)
        plan = self._found(district_id, problem, self._spend(problem, new), begin)
        if plan is None:
            self._last.pop(district_id, None)
        else:
            self._last[district_id] = plan.sequences
        return plan

    def sketch(self, district_id: DistrictId, problem: Problem) -> Plan | None:
        """See `dispatch.procedures.planning.Planner`."""
        if not self._ready.is_set():
            return None
        begin = self._begin(district_id, problem)
        return self._found(district_id, problem, Rounds(ROUNDS_TO_LOOK), begin)

    def kept(self, district_id: DistrictId, travel_times: TravelTimes) -> Kept:
        """See `dispatch.procedures.planning.Planner`."""
        return Kept(travel_times, self._tables.setdefault(district_id, TravelTable()))

    def _begin(self, district_id: DistrictId, problem: Problem) -> Sequences:
        """What to begin with; an only order is put anew, as a crew nearer to it may be free now."""
        last = {} if len(problem.works) == 1 else self._last.get(district_id, {})
        return running(problem, last)

    def _spend(self, problem: Problem, new: int) -> Budget:
        """One order without a crew is put where it costs least; there is nothing to improve."""
        alone = len(problem.works) == 1 and problem.works[0].hold is Hold.PLANNED
        return Rounds(0) if alone else self._budget(len(problem.works), new)

    def _prepare(self) -> None:
        try:
            prepare()
        except Exception:  # orders go to the nearest crew for as long as this process lives
            log.exception("the planner cannot be used")
        else:
            self._ready.set()

    def _found(
        self, district_id: DistrictId, problem: Problem, budget: Budget, begin: Sequences
    ) -> Plan | None:
        try:
            return self._search(problem, budget=budget, seed=SEED, running=begin)
        except PlanBroken:
            log.exception("there is no plan of %s: what was found does not hold", district_id)
            return None
