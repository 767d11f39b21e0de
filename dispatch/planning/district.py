"""A district as the planner sees it: open orders and crews, with the figures that weigh them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from dispatch.domain.clock import ARRIVAL_COMMITMENT, ARRIVAL_NATIONAL, RuleSet
from dispatch.domain.crew import CrewState
from dispatch.domain.depot import Depot
from dispatch.domain.order import (
    PRIORITY_CRITICAL,
    PRIORITY_HAZARD,
    OrderStatus,
    TroubleOrder,
)
from dispatch.domain.words import AreaClass, CrewId, OrderId
from dispatch.planning.problem import (
    LOAD_MIN,
    ChangeCosts,
    Hands,
    Hold,
    Meal,
    Minutes,
    Problem,
    Promise,
    Roads,
    Shelf,
    Work,
    by_depot_min,
    with_all,
)

MINUTE_S = 60.0
CHOSEN = "chosen_by"
TOLD = "told"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningPolicy:
    """What the planner weighs, all of it settings; assumptions until a utility sets its own.

    Attributes
    ----------
    hazard_weight, critical_weight
        Cost of a minute late where there is danger to life, or a critical customer; else 1.
    charge_min
        Being late at all costs as much as so many minutes late.
    standard_share
        Weight of the national standard's minutes next to the commitment's.
    month_share
        How much heavier the commitment is at most where this month's is about to be missed.
    told_share
        Weight of a minute without supply after the time that was told, next to a minute late.
    customer_hour
        Cost of an hour without supply of one customer.
    hazard_minute
        Cost of each minute until a danger to life is dealt with, from the first on.
    on_site_min, on_site_cv
        Mean time on site, and its spread over the mean, where nothing says what is broken.
    said_cv
        Spread of what is left of the work by a person's own estimate, over that.
    drive_cv
        Spread of drives, over the mean.
    storm_slow, storm_cv
        By how much drives to a site in a storm take longer, and their spread over the mean.
    slow_by_hour
        By how much roads are slower from now on, by the hour; the last one for good.
    """

    hazard_weight: float = 5.0
    critical_weight: float = 2.0
    charge_min: float = 1000.0
    standard_share: float = 0.25
    month_share: float = 0.25
    told_share: float = 0.25
    customer_hour: float = 0.05
    hazard_minute: float = 2.0
    on_site_min: float = 45.0
    on_site_cv: float = 0.6
    said_cv: float = 0.3
    drive_cv: float = 0.25
    storm_slow: float = 1.15
    storm_cv: float = 0.4
    slow_by_hour: tuple[float, ...] = (1.0,)
    change: ChangeCosts = field(default_factory=ChangeCosts)

    def weight_of(self, order: TroubleOrder) -> float:
        """What a minute late costs."""
        if order.hazards or order.priority >= PRIORITY_HAZARD:
            return self.hazard_weight
        return self.critical_weight if order.priority >= PRIORITY_CRITICAL else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSite:
    """How long work takes once a crew is there; where one is, how long it goes on."""

    mean_min: float
    sd_min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of orders beside what they say themselves, by order.

    Attributes
    ----------
    declined
        Who gave it back.
    customers
        How many customers are without supply.
    on_site
        The work; the policy's figures hold for the others.
    stormy
        Orders at places in a storm.
    told
        When supply was said to be back.
    month
        How much more the commitment of this month presses in an area class than where it presses
        least, from 0 to 1.
    cut_off
        Orders that their crew cannot reach any more: another may have them.
    """

    declined: Mapping[OrderId, frozenset[CrewId]] = field(default_factory=dict)
    customers: Mapping[OrderId, int] = field(default_factory=dict)
    on_site: Mapping[OrderId, OnSite] = field(default_factory=dict)
    stormy: Collection[OrderId] = ()
    told: Mapping[OrderId, datetime] = field(default_factory=dict)
    month: Mapping[AreaClass, float] = field(default_factory=dict)
    cut_off: Collection[OrderId] = ()


def problem_of(
    orders: Sequence[TroubleOrder],
    states: Sequence[CrewState],
    travel_min: Minutes,
    *,
    rules_of: Callable[[TroubleOrder], RuleSet],
    known: Known,
    policy: PlanningPolicy,
    now: datetime,
    depots: Sequence[Depot] = (),
) -> Problem:
    """State what is to be planned from the record.

    Parameters
    ----------
    orders
        Open orders that have a place. One whose crew has arrived is frozen: the crew is free where
        it is, once the time on site is over. One that a dispatcher gave to a crew stays with it,
        so does a hazard that a crew was sent to, and one that its crew could not be sent to any
        more, as its shift is ending; none that is `cut_off`.
    states
        The district's crews; one that holds an order holds one of `orders`. Those off shift that
        hold nothing are left out.
    travel_min
        Mean minutes by road between crews, in the order of `states`, then `orders`, and then
        `depots`; shape (c + n + d, c + n + d). They know of no storm.
    depots
        Where crews may fetch the parts that they lack; nobody does before he goes to a danger.
    """
    at = {order.id: len(states) + i for i, order in enumerate(orders)}
    busy = {order.crew_id: order for order in orders if order.status is OrderStatus.ARRIVED}
    rough = frozenset(at[order.id] for order in orders if order.id in known.stormy)
    travel_min = _in_weather(travel_min, rough, policy)
    on_site = {o.id: known.on_site.get(o.id) or _usual(o, policy, now) for o in orders}
    reached = {order.supports_id or order.id for order in busy.values()}
    works = [
        _first_kept(
            _work(order, at[order.id], rules_of(order), on_site[order.id], policy=policy, now=now),
            order,
            reached,
        )
        for order in orders
        if order.status is not OrderStatus.ARRIVED
    ]
    left = {order.id: on_site[order.id] for order in busy.values()}
    loaded = {order.crew_id: order.fetched for order in orders if order.crew_id is not None}
    works = [_in_sequence(work, orders, left) for work in works]
    works = [
        _with_record(work, known.declined.get(work.order_id, frozenset()), known.customers, policy)
        for work in works
    ]
    weights = {order.id: policy.told_share * policy.weight_of(order) for order in orders}
    pressed = {order.id: known.month.get(order.area_class, 0.0) for order in orders}
    works = [_pressed(w, 1 + policy.month_share * pressed[w.order_id]) for w in works]
    works = [_with_told(w, known.told.get(w.order_id), weights[w.order_id], now) for w in works]
    crews = [
        _hands(state, i, busy.get(state.crew.id), at, left, loaded.get(state.crew.id), now=now)
        for i, state in enumerate(states)
        if state.on_shift or state.active_order_id is not None
    ]
    hands = {crew.crew_id: crew for crew in crews}
    shelves = tuple(
        Shelf(place=len(states) + len(orders) + i, name=each.name, stock=each.stock)
        for i, each in enumerate(depots)
    )
    works = [
        replace(work, pinned=None)
        if work.order_id in known.cut_off
        else _left_with_holder(work, hands, shelves, travel_min)
        for work in works
    ]
    roads = Roads(
        travel_min=travel_min,
        cv=policy.drive_cv,
        rough=rough,
        rough_cv=max(policy.storm_cv, policy.drive_cv),
        factors=policy.slow_by_hour,
    )
    return Problem(
        works=tuple(works),
        crews=tuple(crews),
        roads=roads,
        depots=shelves,
        change=policy.change,
    )


def _in_weather(travel_min: Minutes, rough: frozenset[int], policy: PlanningPolicy) -> Minutes:
    """Travel times with drives to places in a storm as much longer as they take."""
    if not rough:
        return travel_min
    slow = np.ones(travel_min.shape[1], np.float32)
    slow[sorted(rough)] = policy.storm_slow
    return travel_min * slow


def _work(
    order: TroubleOrder,
    place: int,
    rules: RuleSet,
    on_site: OnSite,
    *,
    policy: PlanningPolicy,
    now: datetime,
) -> Work:
    by_hand = is_chosen(order)
    hold = Hold.EN_ROUTE if order.status is OrderStatus.EN_ROUTE else Hold.SENT
    hazard = policy.weight_of(order) >= policy.hazard_weight
    release = 0.0 if order.hold_until is None else max(0.0, _minutes(order.hold_until, now))
    return Work(
        order_id=order.id,
        place=place,
        promises=_promises(order, rules, policy, now),
        restore_weight=0.0,
        duration_min=on_site.mean_min,
        duration_cv=on_site.sd_min / on_site.mean_min,
        needs=order.skills,
        parts=frozenset() if hazard else order.parts,
        release_min=release,
        after=order.after,
        hazard=hazard,
        pinned=order.crew_id if by_hand or hazard else None,
        holder=order.crew_id or order.proposed_crew_id,
        hold=Hold.PLANNED if order.crew_id is None else hold,
    )


def is_chosen(order: TroubleOrder) -> bool:
    """Whether a dispatcher decided on the order's crew."""
    return any(why.partition("?")[0] == CHOSEN for why in order.why)


def _first_kept(work: Work, order: TroubleOrder, reached: Collection[OrderId]) -> Work:
    """Where two crews are sent, the first to arrive keeps the promise: the other has none."""
    if order.supports_id is None and order.id not in reached:
        return work
    return replace(work, promises=())


def _usual(order: TroubleOrder, policy: PlanningPolicy, now: datetime) -> OnSite:
    """What is assumed of work of which nothing is known.

    What takes longer than usual is as likely as not to take a good while more.
    """
    passed = 0.0
    if order.status is OrderStatus.ARRIVED and order.arrived_at is not None:
        passed = -_minutes(order.arrived_at, now)
    left = max(policy.on_site_min - passed, policy.on_site_min / 4)
    return OnSite(mean_min=left, sd_min=policy.on_site_cv * policy.on_site_min)


def _in_sequence(
    work: Work, orders: Sequence[TroubleOrder], left: Mapping[OrderId, OnSite]
) -> Work:
    """Let work wait for that on other orders.

    For what is under way already the crew may have to wait at the site, at most for as long as
    that goes on; it is counted as work.
    """
    if not work.after:
        return work
    planned = {order.id for order in orders} - left.keys()
    waits = max((left[each].mean_min for each in work.after if each in left), default=0.0)
    return replace(
        work,
        after=tuple(each for each in work.after if each in planned),
        duration_min=work.duration_min + waits,
    )


def _left_with_holder(
    work: Work, crews: Mapping[CrewId, Hands], shelves: Sequence[Shelf], travel_min: Minutes
) -> Work:
    """Leave an order with its crew, though the crew could not be given it now."""
    crew = None if work.holder is None else crews.get(work.holder)
    if work.hold is Hold.PLANNED or work.pinned or crew is None:
        return work
    drive = float(travel_min[crew.place, work.place])
    if lacks := crew.lacks(work):
        drive = by_depot_min(travel_min, crew, work, with_all(shelves, lacks), LOAD_MIN)
    end = crew.free_min + drive + work.duration_min
    return (
        work if crew.is_able(work) and end <= crew.until_min else replace(work, pinned=work.holder)
    )


def _with_record(
    work: Work,
    declined: frozenset[CrewId],
    customers: Mapping[OrderId, int],
    policy: PlanningPolicy,
) -> Work:
    """Add who gave the order back and who is without supply: at least one customer."""
    out = max(1, customers.get(work.order_id, 1))
    danger = policy.hazard_minute if work.hazard else 0.0
    weight = policy.customer_hour * out / 60 + danger
    return replace(work, barred=declined, restore_weight=weight)


def _pressed(work: Work, factor: float) -> Work:
    """Let the commitment weigh more where its month is about to be missed."""
    if factor <= 1:
        return work
    promises = tuple(
        replace(p, weight=p.weight * factor, charge=p.charge * factor)
        if p.rule == ARRIVAL_COMMITMENT
        else p
        for p in work.promises
    )
    return replace(work, promises=promises)


def _with_told(work: Work, told: datetime | None, weight: float, now: datetime) -> Work:
    """Add when supply was said to be back."""
    if told is None:
        return work
    return replace(work, told=Promise(rule=TOLD, due_min=_minutes(told, now), weight=weight))


def _promises(
    order: TroubleOrder, rules: RuleSet, policy: PlanningPolicy, now: datetime
) -> tuple[Promise, ...]:
    """The commitment first, then the national standard, where the rules have them."""
    weight = policy.weight_of(order)
    shares = {ARRIVAL_COMMITMENT: 1.0, ARRIVAL_NATIONAL: policy.standard_share}
    since = -_minutes(order.received_at, now)
    return tuple(
        Promise(
            rule=rule.id,
            due_min=rule.minutes[order.area_class] - since,
            weight=weight * shares[rule.id],
            charge=weight * shares[rule.id] * policy.charge_min,
        )
        for rule in sorted(rules.rules, key=lambda rule: rule.id)
        if rule.id in shares and order.area_class in rule.minutes
    )


def _hands(
    state: CrewState,
    place: int,
    at_work: TroubleOrder | None,
    at: Mapping[OrderId, int],
    left: Mapping[OrderId, OnSite],
    loaded: frozenset[str] | None,
    *,
    now: datetime,
) -> Hands:
    ends = state.leaves_at
    until = float("inf") if ends is None else _minutes(ends, now)
    if not state.on_shift:
        until = 0.0
    free, sd = 0.0, 0.0
    if at_work is not None:
        place = at[at_work.id]
        free, sd = left[at_work.id].mean_min, left[at_work.id].sd_min
    if state.rest is not None and state.rests(now):
        free = _minutes(state.rest.ends_at, now)
    return Hands(
        meal=_meal(state, at_work, now),
        crew_id=state.crew.id,
        place=place,
        free_min=free,
        free_sd_min=sd,
        until_min=until,
        can=state.crew.skills,
        carries=state.crew.carries | (loaded or frozenset()),
    )


def _meal(state: CrewState, at_work: TroubleOrder | None, now: datetime) -> Meal | None:
    """The break that a crew still has before it: before the first drive from its time on.

    A crew that drives to an order when it comes is there first; nobody waits for it beforehand.
    """
    rest = state.rest
    if rest is None or state.rests(now):
        return None
    begins = _minutes(rest.begins_at, now)
    if begins <= 0 and at_work is None:
        return None
    lasts = (rest.ends_at - rest.begins_at).total_seconds() / MINUTE_S
    return Meal(from_min=begins, until_min=float("inf"), minutes=lasts)


def _minutes(at: datetime, now: datetime) -> float:
    return (at - now).total_seconds() / MINUTE_S
