"""Play a day through: orders come one by one, crews drive and work, somebody says who goes."""

import heapq
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from dispatch.domain.words import DistrictId, OrderId
from dispatch.drill.policies import parameters as p
from dispatch.drill.policies.day import Day
from dispatch.drill.policies.standing import (
    Served,
    Situation,
    Standing,
    Standings,
    clock,
    order_of,
    rows_now,
    situation,
)
from dispatch.drill.policies.telling import told_now
from dispatch.errors import InvalidInput
from dispatch.planning.acting import Move
from dispatch.planning.district import PlanningPolicy
from dispatch.restoration import PlannedArrival

RECEIVED, ARRIVED, DONE, LOOK = range(4)


class Sender(Protocol):
    """A way of sending crews, for one day and all districts of it."""

    def choose(self, situation: Situation) -> Collection[Move]:
        """Say who sets out now, in one district."""
        ...


@runtime_checkable
class Foresees(Protocol):
    """A way of sending that also says when it expects a crew: people are told times by it."""

    def expected(self) -> Mapping[OrderId, PlannedArrival]:
        """When the crew of each order is expected, in minutes from the last `choose`."""
        ...


class Lends(Protocol):
    """How districts lend each other crews, for one day."""

    def bring_home(self, state: Standings, now: float) -> bool:
        """End the loans that are over; whether any was."""
        ...

    def borrow(self, state: Standings, district_id: DistrictId, now: float) -> bool:
        """Lend a district one more crew if it is in need; whether one was lent."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A whole day: how every order went, kilometres driven, minutes worked after the shift.

    `loans` is how often a crew was lent, `lent_min` for how long in all. `put_off` is how often
    people were told a later time for supply; None where nobody was told any.
    """

    day: Day
    served: tuple[Served, ...]
    km: float
    overtime_min: float
    loans: int = 0
    lent_min: float = 0.0
    put_off: int | None = None


def play(
    day: Day, sender: Sender, planning: PlanningPolicy, *, lends: Lends | None = None
) -> Played:
    """Play a day through; everything that is chance was drawn with the day.

    Somebody is asked in each district that has an order waiting whenever an order comes, a crew
    becomes free or begins its shift, and every few minutes while anything waits. A crew that is
    turned on its way goes on to its next place or back, whichever is shorter. Districts help each
    other only where `lends` says so.

    Raises
    ------
    InvalidInput
        A crew was sent that is at work, off shift, another district's or holds something else, or
        an order twice.
    """
    state = Standings.at_first(day, planning)
    for job in day.jobs:
        state.note(job.received_min, RECEIVED, job.order_id)
    for duty in day.duties:
        state.note(duty.begins_min, LOOK)
    districts = day.districts()
    while state.events:
        now, happened = _take(state)
        if happened:
            _look(state, districts, sender, lends, now)
    for crew in state.crews.values():
        if crew.loan is not None:
            state.lent_min += crew.duty.ends_min - crew.loan.since_min
    return Played(
        day=day,
        served=tuple(state.served.values()),
        km=sum(crew.km for crew in state.crews.values()),
        overtime_min=sum(crew.overtime_min for crew in state.crews.values()),
        loans=state.loans,
        lent_min=state.lent_min,
        put_off=state.put_off if isinstance(sender, Foresees) else None,
    )


def _take(state: Standings) -> tuple[float, bool]:
    """Let the next thing happen; when it did, and whether anybody has to look."""
    now, _, kind, order, crew_id, trip = heapq.heappop(state.events)
    if crew_id is not None:
        crew = state.crews[crew_id]
        if crew.trip == trip and kind == ARRIVED:
            _arrive(state, crew, OrderId(order), now)
        if crew.trip != trip or kind == ARRIVED:
            return now, False
        _finish(state, crew, OrderId(order), now)
    elif kind == RECEIVED:
        state.open.add(OrderId(order))
    return now, True


def _look(
    state: Standings,
    districts: Collection[DistrictId],
    sender: Sender,
    lends: Lends | None,
    now: float,
) -> None:
    """Ask in each district who goes where, and whom it could borrow."""
    if now > 60 * p.OVER_AFTER_H:
        return
    for district_id in districts:
        _send_in(state, district_id, sender, now)
    if lends is not None:
        _help_each_other(state, districts, sender, lends, now)
    waits = any(state.waiting(district_id) for district_id in districts)
    if waits and not any(each[2] == LOOK for each in state.events):
        state.note(now + p.LOOK_EVERY_MIN, LOOK)


def _help_each_other(
    state: Standings,
    districts: Collection[DistrictId],
    sender: Sender,
    lends: Lends,
    now: float,
) -> None:
    if lends.bring_home(state, now):
        for district_id in districts:
            _send_in(state, district_id, sender, now)
    for district_id in districts:
        while lends.borrow(state, district_id, now):
            _send_in(state, district_id, sender, now)


def _send_in(state: Standings, district_id: DistrictId, sender: Sender, now: float) -> None:
    """Do what is said in one district, if anything waits there and anybody could go."""
    crews = state.crews_of(district_id)
    if not state.waiting(district_id) or not any(each.is_on_shift(now) for each in crews):
        return
    for move in sender.choose(situation(state, district_id, now)):
        _send(state, district_id, move, now)
    if isinstance(sender, Foresees):
        _tell_anew(state, district_id, sender.expected(), now)


def _tell_anew(
    state: Standings,
    district_id: DistrictId,
    expected: Mapping[OrderId, PlannedArrival],
    now: float,
) -> None:
    """Tell people of a district when supply will be back, where that has changed."""
    for order_id in sorted(state.open):
        if state.jobs[order_id].district_id != district_id:
            continue
        held = state.told.get(order_id)
        told = told_now(held, order_of(state, order_id), expected.get(order_id), now=clock(now))
        if told is not None:
            state.told[order_id] = told
            state.put_off += held is not None and told.at > held.at


def _finish(state: Standings, crew: Standing, order: OrderId, now: float) -> None:
    crew.order, crew.arrived = None, False
    crew.overtime_min += max(0.0, now - max(crew.duty.ends_min, crew.left_min))
    state.open.discard(order)


def _arrive(state: Standings, crew: Standing, order: OrderId, now: float) -> None:
    job = state.jobs[order]
    crew.km += float(crew.row_km[job.place])
    crew.arrived = True
    crew.row_min, crew.row_km = state.day.map_min[job.place], state.day.km[job.place]
    done = now + job.work_min
    state.served[order] = Served(job=job, crew_id=crew.duty.crew.id, arrived_min=now, done_min=done)
    state.note(done, DONE, order, crew.duty.crew.id, crew.trip)


def _send(state: Standings, district_id: DistrictId, move: Move, now: float) -> None:
    """Let a crew set out; whoever else was on the way to the order stops."""
    crew, job = state.crews[move.crew_id], state.jobs[move.order_id]
    other = state.holder(move.order_id)
    if crew.works_for != district_id or job.district_id != district_id:
        raise InvalidInput("crew", move.crew_id, f"a crew and an order of {district_id}")
    if crew.order not in {None, move.leaves} or crew.arrived or not crew.is_on_shift(now):
        raise InvalidInput("crew", move.crew_id, "one on shift that holds what it leaves")
    if move.order_id not in state.open or other is crew or (other is not None and other.arrived):
        raise InvalidInput("order", move.order_id, "one that waits, or that another drives to")
    for each in (crew, other):
        if each is not None and each.order is not None:
            _stop_on_way(state, each, now)
    minutes = float(crew.row_min[job.place]) * job.slow * state.day.slow_at(now)
    crew.order = move.order_id
    crew.left_min, crew.there_min = now, now + minutes
    if math.isfinite(minutes):
        state.note(crew.there_min, ARRIVED, move.order_id, move.crew_id, crew.trip)


def _stop_on_way(state: Standings, crew: Standing, now: float) -> None:
    """Leave a crew where it is: from there it goes on, or back, to wherever it goes next."""
    assert crew.order is not None
    place, share = state.jobs[crew.order].place, crew.share(now)
    rows = rows_now(state, crew, now)
    crew.km += share * float(crew.row_km[place])
    crew.row_min, crew.row_km = rows
    crew.order, crew.trip = None, crew.trip + 1
