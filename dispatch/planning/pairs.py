"""Work that takes two crews: one piece of work to the search, an order for each crew on record."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.words import OrderId
from dispatch.planning.acting import Move
from dispatch.planning.plan import Plan
from dispatch.planning.problem import Hold, Problem, Work

Pairs = Mapping[OrderId, OrderId]
"""The order of the second crew by the order that it supports."""


def pairs_of(orders: Sequence[TroubleOrder]) -> Pairs:
    """Which of the orders wait for each other: two of one work where nobody has arrived."""
    ahead = {order.id for order in orders if order.status is not OrderStatus.ARRIVED}
    return {
        order.supports_id: order.id
        for order in orders
        if order.id in ahead and order.supports_id in ahead and order.supports_id is not None
    }


def joined(problem: Problem, pairs: Pairs) -> Problem:
    """The same problem where the two orders of a pair are one piece of work for two crews."""
    if not pairs:
        return problem
    works, seconds = problem.work_of, set(pairs.values())
    return replace(
        problem,
        works=tuple(
            _join(work, works[pairs[work.order_id]]) if work.order_id in pairs else work
            for work in problem.works
            if work.order_id not in seconds
        ),
    )


def left_out(plan: Plan, pairs: Pairs) -> frozenset[OrderId]:
    """The pairs, by their first order, for which the plan found no two crews."""
    return frozenset(pairs.keys() & set(plan.unplaced))


def each_its_order(
    plan: Plan, moves: Sequence[Move], pairs: Pairs, orders: Mapping[OrderId, TroubleOrder]
) -> tuple[Move, ...]:
    """Say which order of a pair each crew is sent to, and which it leaves.

    A crew keeps the order that it is proposed for; then come orders without a crew, the first one
    before the second, and then those whose crew the plan sends elsewhere.
    """
    told: list[Move] = []
    for move in moves:
        leaves = move.leaves
        if leaves is not None and leaves in pairs and orders[pairs[leaves]].crew_id == move.crew_id:
            leaves = pairs[leaves]
        if move.order_id not in pairs:
            told.append(replace(move, leaves=leaves))
            continue
        goes = {each.order_id for each in told}
        both = [orders[each] for each in (move.order_id, pairs[move.order_id]) if each not in goes]
        if slot := _slot(move, both, plan.crew_of(move.order_id)):
            told.append(replace(move, order_id=slot.id, leaves=leaves))
    return tuple(told)


def _slot(move: Move, both: Sequence[TroubleOrder], going: Collection[str]) -> TroubleOrder | None:
    proposed = [o for o in both if o.crew_id is None and o.proposed_crew_id == move.crew_id]
    others = [o for o in both if o.crew_id is None and o.proposed_crew_id not in going]
    free = [o for o in both if o.crew_id is None]
    taken = [o for o in both if o.crew_id is not None and o.crew_id not in going]
    return next(iter((*proposed, *others, *free, *taken)), None)


def _join(first: Work, second: Work) -> Work:
    """Both crews have all skills; whoever gave either order back is not sent to the other."""
    sent = [work for work in (first, second) if work.hold is not Hold.PLANNED]
    holders = [crew for work in sent or (first, second) for crew in work.holders]
    holds = {work.hold for work in sent}
    hold = Hold.EN_ROUTE if Hold.EN_ROUTE in holds else Hold.SENT if holds else Hold.PLANNED
    return replace(
        first,
        crews=2,
        needs=first.needs | second.needs,
        release_min=max(first.release_min, second.release_min),
        pinned=tuple(dict.fromkeys((*first.pinned, *second.pinned))),
        holders=tuple(dict.fromkeys(holders)),
        hold=hold,
        barred=(first.barred | second.barred) - set(holders),
    )
