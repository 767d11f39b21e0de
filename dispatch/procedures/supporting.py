"""The second crew of an order: the order that brings it, from the asking until it is over."""

from datetime import datetime

from dispatch.domain.order import OVER, DispatchStep, OrderStatus, StepKind, TroubleOrder
from dispatch.journal import order_event
from dispatch.ports import Orders, Store
from dispatch.procedures.opening import add_order

NOT_BEGUN = frozenset({OrderStatus.AWAITING_ASSIGNMENT, OrderStatus.ASSIGNED})
"""Nobody has said that he goes."""


def partner_of(orders: Orders, order: TroubleOrder) -> TroubleOrder | None:
    """The open order that sends the other crew to the same work."""
    if order.supports_id is None:
        return orders.find_open_support(order.id)
    first = orders.get(order.supports_id)
    return first if first.is_open else None


def ask_support(
    store: Store, first: TroubleOrder, *, by: str, reason: str, now: datetime
) -> TroubleOrder:
    """Let a second crew be sent to the work of an order; its order."""
    support = first.ask_support(store.orders.next_id())
    asked = store.orders.save(first)
    _tell_asked(store, asked, 2, by=by, reason=reason, now=now)
    add_order(store, support, now=now)
    return support


def dismiss_support(
    store: Store, first: TroubleOrder, support: TroubleOrder, *, by: str, reason: str, now: datetime
) -> None:
    """Let one crew be enough for an order."""
    asked = store.orders.save(first)
    _tell_asked(store, asked, 1, by=by, reason=reason, now=now)
    cancel(store, support, by=by, reason=reason, now=now)


def follow(store: Store, first: TroubleOrder) -> None:
    """Send the second crew where the first one's work turned out to be, unless it has gone."""
    support = store.orders.find_open_support(first.id)
    if support is None or support.status is not OrderStatus.AWAITING_ASSIGNMENT:
        return
    support = store.orders.lock(support.id)
    followed = support.follow(first)
    if support.status is OrderStatus.AWAITING_ASSIGNMENT and followed != support:
        store.orders.save(followed)


def cancel_support(
    store: Store, first: TroubleOrder, *, by: str, reason: str, now: datetime
) -> bool:
    """Take back the order of the second crew unless that crew has accepted it."""
    support = store.orders.find_open_support(first.id)
    if support is None:
        return False
    support = store.orders.lock(support.id)
    if support.status not in NOT_BEGUN:
        return False
    cancel(store, support, by=by, reason=reason, now=now)
    return True


def end_needless(store: Store, order: TroubleOrder, *, by: str, now: datetime) -> TroubleOrder:
    """A second crew that gives its order back when the work is over needs no successor."""
    if order.supports_id is None or order.status is not OrderStatus.AWAITING_ASSIGNMENT:
        return order
    first = store.orders.get(order.supports_id)
    over = first.status in OVER
    if order.outage_id is not None and not over:
        over = not store.outages.get(order.outage_id).is_open
    if not over:
        return order
    return cancel(store, order, by=by, reason=f"order {first.id} is over", now=now)


def cancel(
    store: Store, order: TroubleOrder, *, by: str, reason: str, now: datetime
) -> TroubleOrder:
    """Take an order back, whoever holds it."""
    cancelled = store.orders.save(order.cancel())
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.CANCELLED,
            at=now,
            recorded_at=now,
            by=by,
            crew_id=order.crew_id,
            reason=reason,
        )
    )
    store.events.append(order_event(cancelled, "cancelled", at=now, by=by, reason=reason))
    return cancelled


def _tell_asked(
    store: Store, first: TroubleOrder, crews: int, *, by: str, reason: str, now: datetime
) -> None:
    store.orders.record(
        DispatchStep(
            order_id=first.id,
            kind=StepKind.CREWS_ASKED,
            at=now,
            recorded_at=now,
            by=by,
            reason=reason,
            facts={"crews": crews},
        )
    )
    store.events.append(
        order_event(first, "crews_asked", at=now, by=by, crews=crews, reason=reason)
    )
