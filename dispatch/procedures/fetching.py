"""Which depot a crew goes by for the parts that it lacks, and how long that takes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from dispatch.assignment import AssignmentPolicy, Fetch, origin_of
from dispatch.domain.crew import Crew, CrewState
from dispatch.domain.depot import Depot
from dispatch.domain.order import TroubleOrder
from dispatch.domain.words import CrewId
from dispatch.planning.problem import LOAD_MIN
from dispatch.ports import Store, Travel, TravelTimes

MINUTE_S = 60.0
BASES = ("road", "straight_line", "unreachable")
"""What a drive rests on, the surest first; one of two legs rests on the weaker."""


def lacked(order: TroubleOrder, crew: Crew) -> frozenset[str]:
    """The parts of an order that a crew neither carries nor has fetched for it."""
    fetched = order.fetched if order.crew_id == crew.id else frozenset()
    return order.parts - crew.carries - fetched


def depots_for(store: Store, orders: Sequence[TroubleOrder]) -> Sequence[Depot]:
    """The depots of the orders' districts that stock anything the orders need; mostly none.

    Danger to life waits for no part.
    """
    needing = [order for order in orders if order.parts and not order.is_dangerous]
    districts = {order.district_id for order in needing if order.district_id is not None}
    if not districts:
        return ()
    wanted = frozenset[str]().union(*(order.parts for order in needing))
    return [each for each in store.depots.list_of(districts) if each.stock & wanted]


def stocked_near(store: Store, order: TroubleOrder) -> list[str]:
    """What the depots of an order's district stock, for whoever says what is needed."""
    if order.district_id is None:
        return []
    depots = store.depots.list_of([order.district_id])
    return sorted(frozenset[str]().union(*(each.stock for each in depots)))


def fetch_for(
    store: Store,
    order: TroubleOrder,
    state: CrewState,
    travel_times: TravelTimes,
    *,
    policy: AssignmentPolicy,
    now: datetime,
) -> Fetch | None:
    """What one crew lacks for an order, and where it gets that; None where it lacks nothing.

    Asked where there is danger, too: once that is over the work needs its parts.
    """
    parts = lacked(order, state.crew)
    if not parts:
        return None
    origin = origin_of(state, policy, now)
    _, found = fetches(
        store,
        replace(order, hazards=(), priority=0),
        [state],
        [(origin.lon, origin.lat)],
        [Travel(seconds=0.0, metres=None, basis="road")],
        travel_times,
    )
    return found[state.crew.id]


def fetches(
    store: Store,
    order: TroubleOrder,
    states: Sequence[CrewState],
    origins: Sequence[tuple[float, float]],
    travels: Sequence[Travel],
    travel_times: TravelTimes,
) -> tuple[Sequence[Travel], Mapping[CrewId, Fetch]]:
    """Send each crew that lacks a part by the depot by which it is there first.

    `states`, `origins` and `travels` go together, one per crew; `travels` lead straight to the
    order. A crew that lacks what no depot has keeps its own.
    """
    lacking = {state.crew.id: lacked(order, state.crew) for state in states}
    if order.is_dangerous or not any(lacking.values()):
        return travels, {}
    depots = [each for each in depots_for(store, [order]) if any(map(each.has, lacking.values()))]
    ways = _ways(order, depots, origins, travel_times)
    found: dict[CrewId, Fetch] = {}
    made = list(travels)
    for i, state in enumerate(states):
        parts = lacking[state.crew.id]
        if not parts:
            continue
        stops = [(ways[d][i], d) for d, depot in enumerate(depots) if depot.has(parts)]
        best = min(stops, key=lambda stop: (stop[0].seconds, stop[1]), default=None)
        found[state.crew.id] = Fetch(parts=parts, depot=None if best is None else depots[best[1]])
        made[i] = made[i] if best is None else best[0]
    return made, found


def _ways(
    order: TroubleOrder,
    depots: Sequence[Depot],
    origins: Sequence[tuple[float, float]],
    travel_times: TravelTimes,
) -> list[list[Travel]]:
    """The way from each origin to the order by each depot, loading included."""
    if order.lon is None or order.lat is None or not depots:
        return []
    on = travel_times.travel_to(order.lon, order.lat, [(d.lon, d.lat) for d in depots])
    return [
        [_joined(first, then) for first in travel_times.travel_to(depot.lon, depot.lat, origins)]
        for depot, then in zip(depots, on, strict=True)
    ]


def _joined(first: Travel, then: Travel) -> Travel:
    metres = (first.metres, then.metres)
    return replace(
        then,
        seconds=first.seconds + LOAD_MIN * MINUTE_S + then.seconds,
        metres=None if None in metres else sum(each for each in metres if each is not None),
        basis=max(first.basis, then.basis, key=BASES.index),
        on_foot_m=first.on_foot_m + then.on_foot_m,
    )
