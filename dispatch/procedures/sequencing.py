"""Which orders still have to be done before work on another begins."""

from collections.abc import Iterable
from dataclasses import replace

from dispatch.domain.order import TroubleOrder
from dispatch.domain.words import OrderId
from dispatch.ports import Orders


def open_only(orders: Orders, given: Iterable[TroubleOrder]) -> list[TroubleOrder]:
    """The orders, each after those only that are not over; what is over holds up nothing."""
    given = list(given)
    still = orders.still_open({other for order in given for other in order.after})
    return [replace(o, after=tuple(x for x in o.after if x in still)) for o in given]


def waits_for(orders: Orders, order: TroubleOrder) -> tuple[OrderId, ...]:
    """Give the orders that are not over, before which work on this one must not begin."""
    return open_only(orders, [order])[0].after
