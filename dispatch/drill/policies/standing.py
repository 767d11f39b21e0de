"""How a day that is played stands at a moment, and what of it each district knows."""

import heapq
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from dispatch.commitments import pressures_between
from dispatch.domain.clock import ARRIVAL_COMMITMENT
from dispatch.domain.crew import CrewState, Lent
from dispatch.domain.month import MonthSoFar
from dispatch.domain.order import (
    PRIORITY_CRITICAL,
    PRIORITY_HAZARD,
    PRIORITY_PLAIN,
    OrderStatus,
    TroubleOrder,
)
from dispatch.domain.outage import EstimatedRestoration
from dispatch.domain.words import AreaClass, CrewId, DistrictId, LoanId, OrderId
from dispatch.drill.county.frame import Floats
from dispatch.drill.policies.day import MIDNIGHT, Day, Duty, Job
from dispatch.planning.district import Known, PlanningPolicy, problem_of
from dispatch.planning.problem import Problem
from dispatch.procedures.homing import leave_in_time

NO_LOAN = LoanId(0)
NO_MONTH = MonthSoFar(ended=0, target_minutes=0.0, saved_minutes=0.0, judged=0, kept=0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Situation:
    """What a district knows at a moment: nothing of how long drives and work will truly take.

    Attributes
    ----------
    problem
        The district as the product states it; times from now.
    at_work
        Crews that have arrived somewhere.
    line_min
        Minutes along straight lines between the problem's places, shape (p, p).
    """

    district_id: DistrictId
    now_min: float
    problem: Problem
    at_work: frozenset[CrewId]
    line_min: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How an order went; times in minutes from midnight, infinite for never."""

    job: Job
    crew_id: CrewId | None = None
    arrived_min: float = math.inf
    done_min: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowed:
    """To whom a crew is lent, from and until which minute of the day."""

    to_id: DistrictId
    since_min: float
    until_min: float


@dataclass(slots=True)
class Standing:
    """Where a crew is: the rows say how far everything is from where it set out."""

    duty: Duty
    row_min: Floats
    row_km: Floats
    order: OrderId | None = None
    arrived: bool = False
    left_min: float = 0.0
    there_min: float = 0.0
    trip: int = 0
    km: float = 0.0
    overtime_min: float = 0.0
    loan: Borrowed | None = None

    @property
    def works_for(self) -> DistrictId:
        """In whose plan it is."""
        return self.duty.crew.district_id if self.loan is None else self.loan.to_id

    def is_on_shift(self, now: float) -> bool:
        """Whether its shift has begun and is not over."""
        return self.duty.begins_min <= now < self.duty.ends_min

    def share(self, now: float) -> float:
        """The share of its drive that lies behind it."""
        whole = self.there_min - self.left_min
        return 1.0 if whole <= 0 else min(1.0, (now - self.left_min) / whole)


@dataclass(slots=True)
class Standings:
    """The day as far as it has been played, and the events to come."""

    day: Day
    planning: PlanningPolicy
    crews: dict[CrewId, Standing]
    jobs: dict[OrderId, Job]
    served: dict[OrderId, Served]
    open: set[OrderId] = field(default_factory=set)
    told: dict[OrderId, EstimatedRestoration] = field(default_factory=dict)
    put_off: int = 0
    loans: int = 0
    lent_min: float = 0.0
    events: list[tuple[float, int, int, int, CrewId | None, int]] = field(default_factory=list)
    number: Callable[[], int] = field(default_factory=lambda: itertools.count().__next__)

    @classmethod
    def at_first(cls, day: Day, planning: PlanningPolicy) -> "Standings":
        """Every crew is at its base, and nothing has come."""
        return cls(
            day=day,
            planning=planning,
            crews={
                duty.crew.id: Standing(duty, day.map_min[duty.place], day.km[duty.place])
                for duty in day.duties
            },
            jobs={job.order_id: job for job in day.jobs},
            served={job.order_id: Served(job=job) for job in day.jobs},
        )

    def note(
        self, at: float, kind: int, order: int = 0, crew: CrewId | None = None, trip: int = 0
    ) -> None:
        """Let something happen later."""
        heapq.heappush(self.events, (at, self.number(), kind, order, crew, trip))

    def holder(self, order: OrderId) -> Standing | None:
        """Who was sent to an order, or is at it."""
        return next((crew for crew in self.crews.values() if crew.order == order), None)

    def waiting(self, district_id: DistrictId) -> list[OrderId]:
        """List a district's orders that nobody was sent to, those that came first, first."""
        held = {each.order for each in self.crews.values()}
        mine = (o for o in self.open - held if self.jobs[o].district_id == district_id)
        return sorted(mine)

    def crews_of(self, district_id: DistrictId) -> list[Standing]:
        """List the crews in a district's plan.

        One that still holds an order of another district is in nobody's.
        """
        return [
            each
            for each in self.crews.values()
            if each.works_for == district_id
            and (each.order is None or self.jobs[each.order].district_id == district_id)
        ]

    def month(self) -> Mapping[AreaClass, MonthSoFar]:
        """How the month of arrival commitments stands: as the day found it, and the day so far."""
        found = dict(self.day.month)
        for served in self.served.values():
            if not math.isinf(served.arrived_min):
                area, target = served.job.area_class, self.day.due_in(served.job)
                saved = target - (served.arrived_min - served.job.received_min)
                found[area] = found.get(area, NO_MONTH).with_one(target, saved)
        return found


def rows_now(state: Standings, crew: Standing, now: float) -> tuple[Floats, Floats]:
    """Minutes and kilometres from where a crew is to every place."""
    if crew.order is None or crew.arrived:
        return crew.row_min, crew.row_km
    return _rows_on_way(state.day, crew, state.jobs[crew.order].place, crew.share(now))


def situation(
    state: Standings, district_id: DistrictId, now: float, *, also: Sequence[Standing] = ()
) -> Situation:
    """State a district from the record, as the product does; with other crews, if there were."""
    crews = [*state.crews_of(district_id), *also]
    known = {each.duty.crew.id for each in crews}
    orders = [
        order_of(state, order_id)
        for order_id in sorted(state.open)
        if state.jobs[order_id].district_id == district_id
    ]
    orders = [order for order in orders if order.crew_id is None or order.crew_id in known]
    sites = [state.jobs[order.id].place for order in orders]
    size = len(crews) + len(orders)
    travel = np.full((size, size), np.inf, np.float32)
    line = np.full((size, size), np.inf)
    for i, each in enumerate(crews):
        travel[i, len(crews) :] = rows_now(state, each, now)[0][sites]
    travel[len(crews) :, len(crews) :] = state.day.map_min[np.ix_(sites, sites)]
    froms = [int(np.argmin(each.row_min)) for each in crews]  # for whoever goes by straight lines
    line[:, len(crews) :] = state.day.line_min[np.ix_([*froms, *sites], sites)]
    np.fill_diagonal(travel, 0.0)
    problem = problem_of(
        orders,
        _states(state, crews, sites, now),
        travel,
        rules_of=lambda _: state.day.rules,
        known=Known(  # the plan is told where, not what is broken, and of no storm
            customers={order.id: state.jobs[order.id].customers for order in orders},
            told={o.id: state.told[o.id].at for o in orders if o.id in state.told},
            month=pressures_between(state.month(), state.day.rules.get(ARRIVAL_COMMITMENT).goal),
        ),
        policy=state.planning,
        now=clock(now),
    )
    return Situation(
        district_id=district_id,
        now_min=now,
        problem=problem,
        at_work=frozenset(each.duty.crew.id for each in crews if each.arrived),
        line_min=line,
    )


def crew_state(crew: Standing) -> CrewState:
    """A crew on shift as the product sees it."""
    ends, loan = clock(crew.duty.ends_min), crew.loan
    return CrewState(
        crew=crew.duty.crew,
        on_shift=True,
        shift_ends_at=ends,
        last_fix=None,
        active_order_id=crew.order,
        lent=None
        if loan is None
        else Lent(loan_id=NO_LOAN, to_id=loan.to_id, until=clock(loan.until_min)),
    )


def _states(
    state: Standings, crews: Sequence[Standing], sites: Sequence[int], now: float
) -> list[CrewState]:
    """The crews of a problem; borrowed ones leave in time to be at their base."""
    states = [replace(crew_state(each), on_shift=each.is_on_shift(now)) for each in crews]
    bases = [each.duty.place for each in crews if each.loan is not None]
    if not sites or not bases:
        return states
    home = state.day.map_min[np.ix_(sites, bases)]
    return leave_in_time(states, np.where(np.isfinite(home), home, 0.0).max(axis=0).tolist())


def _rows_on_way(day: Day, crew: Standing, place: int, share: float) -> tuple[Floats, Floats]:
    """Minutes and kilometres from somewhere on a drive: on to its end, or back."""
    back, on = share * crew.row_min[place], (1 - share) * crew.row_min[place]
    forward = on + day.map_min[place] <= back + crew.row_min
    km = crew.row_km[place]
    minutes = np.where(forward, on + day.map_min[place], back + crew.row_min)
    return minutes, np.where(forward, (1 - share) * km + day.km[place], share * km + crew.row_km)


def order_of(state: Standings, order_id: OrderId) -> TroubleOrder:
    """An open order as the product has it."""
    job = state.jobs[order_id]
    holder = state.holder(order_id)
    priority = PRIORITY_CRITICAL if job.critical else PRIORITY_PLAIN
    order = TroubleOrder(
        id=order_id,
        district_id=job.district_id,
        lon=job.lon,
        lat=job.lat,
        accuracy_m=None,
        area_class=job.area_class,
        received_at=clock(job.received_min),
        skills=job.needs,
        hazards=() if job.hazard is None else (job.hazard,),
        priority=PRIORITY_HAZARD if job.hazard is not None else priority,
    )
    if holder is None:
        return order
    status = OrderStatus.ARRIVED if holder.arrived else OrderStatus.EN_ROUTE
    return replace(
        order,
        status=status,
        crew_id=holder.duty.crew.id,
        assigned_at=clock(holder.left_min),
        en_route_at=clock(holder.left_min),
        travel_s=None if holder.arrived else 60 * float(holder.row_min[job.place]),
        arrived_at=clock(holder.there_min) if holder.arrived else None,
    )


def clock(minutes: float) -> datetime:
    """A moment of the day, from minutes after midnight."""
    return MIDNIGHT + timedelta(minutes=minutes)
