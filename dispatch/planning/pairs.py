"""Work that takes two crews: an order for each, which the search places together or not at all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.words import OrderId
from dispatch.planning.plan import Plan
from dispatch.planning.problem import Problem, Promise, Work

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
    """The same problem where the two orders of a pair are worked on together."""
    if not pairs:
        return problem
    works = dict(problem.work_of)
    for first, second in pairs.items():
        works[first], works[second] = _together(works[first], works[second])
    return replace(problem, works=tuple(works.values()))


def left_out(plan: Plan, pairs: Pairs) -> frozenset[OrderId]:
    """The pairs, by their first order, for which the plan found no two crews."""
    return frozenset(pairs.keys() & set(plan.unplaced))


def but(pairs: Pairs, alone: Collection[OrderId]) -> Pairs:
    """The other pairs: the orders of these stand each by itself."""
    return {first: second for first, second in pairs.items() if first not in alone}


def _together(first: Work, second: Work) -> tuple[Work, Work]:
    """Both crews count half, in how soon they come and in whom they bring light.

    What has to be fetched the first one's crew brings. Whoever gave either order back is not sent
    to the other.
    """
    barred = (first.barred | second.barred) - {first.holder, second.holder}
    half = replace(
        first,
        promises=tuple(map(_half, first.promises)),
        restore_weight=first.restore_weight / 2,
        told=None if first.told is None else _half(first.told),
        release_min=max(first.release_min, second.release_min),
        barred=frozenset(barred),
    )
    other = replace(
        half,
        order_id=second.order_id,
        beside=first.order_id,
        needs=second.needs,
        parts=second.parts,
        pinned=second.pinned,
        holder=second.holder,
        hold=second.hold,
    )
    return half, other


def _half(promise: Promise) -> Promise:
    return replace(promise, weight=promise.weight / 2, charge=promise.charge / 2)
