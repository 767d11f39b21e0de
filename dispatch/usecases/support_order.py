"""Somebody says that the work of an order takes a second crew, or that one is enough."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.words import OrderId
from dispatch.errors import IllegalStep
from dispatch.ports import Store
from dispatch.procedures.checking import lock_order, need_reason
from dispatch.procedures.supporting import ask_support, dismiss_support


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportOrder:
    """Which order, whether a second crew is wanted, who says so and why."""

    order_id: OrderId
    wanted: bool
    by: str
    reason: str
    seen_version: int


def support_order(store: Store, command: SupportOrder, *, now: datetime) -> TroubleOrder:
    """Open the order that brings a second crew, or take it back; the first order afterwards.

    What is so already stays as it is.

    Raises
    ------
    ReasonRequired
        Nobody says why.
    NotFound
        There is no such order.
    StaleVersion
        The order changed since somebody looked.
    IllegalStep
        The order is over or brings a second crew itself, or the second crew is at its work.
    """
    why = need_reason(command.reason, "the number of crews")
    order = lock_order(store, command.order_id, command.seen_version)
    if order.supports_id is not None:
        raise IllegalStep("the order brings a second crew itself", order_id=order.id)
    support = store.orders.find_open_support(order.id)
    if command.wanted == (support is not None):
        return order
    if support is None:
        ask_support(store, order, by=command.by, reason=why, now=now)
    else:
        support = store.orders.lock(support.id)
        if support.status is OrderStatus.ARRIVED:
            raise IllegalStep("the second crew is at its work", order_id=support.id)
        dismiss_support(store, order, support, by=command.by, reason=why, now=now)
    return store.orders.get(order.id)
