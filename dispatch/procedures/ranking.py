"""Rank the crews of a district for one order, as both the planner and the dispatcher see it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dispatch.assignment import (
    AssignmentPolicy,
    RankedCrew,
    origin_of,
    rank_crews,
)
from dispatch.domain.clock import ARRIVAL_COMMITMENT
from dispatch.domain.crew import CrewState
from dispatch.domain.order import TroubleOrder
from dispatch.domain.words import CrewId
from dispatch.domain.zone import Zone, first_there
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.fetching import fetches
from dispatch.procedures.homing import home_in_time


def due_at(store: Store, order: TroubleOrder) -> datetime | None:
    """When the arrival commitment of an order ends: that of its earliest report."""
    rules = store.clocks.rules_at(order.received_at)
    rules = rules.of_district(order.district_id, order.received_at)
    for rule in rules.rules:
        if rule.id == ARRIVAL_COMMITMENT and order.area_class in rule.minutes:
            return order.received_at + timedelta(minutes=rule.minutes[order.area_class])
    return None


def barring(store: Store, order: TroubleOrder, now: datetime) -> Zone | None:
    """The no-go zone that an order lies in, if any."""
    zones = store.zones.list_in_force(now)
    return first_there(zones, order.district_id, order.lon, order.lat, no_go=True)


def rank_for(
    store: Store,
    order: TroubleOrder,
    travel_times: TravelTimes,
    *,
    policy: AssignmentPolicy,
    now: datetime,
) -> tuple[RankedCrew, ...]:
    """Every crew of the order's district, ranked; empty while the order has no place."""
    if order.lon is None or order.lat is None or order.district_id is None:
        return ()
    states = store.crews.list_states(order.district_id, now)
    declined = store.orders.declined([order.id]).get(order.id, frozenset())
    return rank_states(
        store, order, states, travel_times, declined=declined, policy=policy, now=now
    )


def rank_states(
    store: Store,
    order: TroubleOrder,
    states: Sequence[CrewState],
    travel_times: TravelTimes,
    *,
    declined: frozenset[CrewId],
    policy: AssignmentPolicy,
    now: datetime,
) -> tuple[RankedCrew, ...]:
    """The given crews, ranked for an order that has a place."""
    if order.lon is None or order.lat is None:
        return ()
    states = home_in_time(states, [(order.lon, order.lat)], travel_times)
    origins = [origin_of(state, policy, now) for state in states]
    places = [(o.lon, o.lat) for o in origins]
    straight = travel_times.travel_to(order.lon, order.lat, places)
    travels, needed = fetches(store, order, states, places, straight, travel_times)
    origins = [
        replace(origin, fetch=needed.get(state.crew.id))
        for origin, state in zip(origins, states, strict=True)
    ]
    return rank_crews(
        order,
        states,
        origins,
        travels,
        declined=declined,
        due_at=due_at(store, order),
        barred_by=barring(store, order, now),
        policy=policy,
        now=now,
    )
