"""Somebody says which parts the work of an order needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.order import TroubleOrder
from dispatch.domain.parts import parts_in
from dispatch.domain.words import OrderId
from dispatch.ports import Store
from dispatch.procedures.checking import lock_order, need_reason
from dispatch.procedures.needing import need_parts as need


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedParts:
    """Which order needs which parts (none: nothing any more), who says so and why."""

    order_id: OrderId
    parts: Iterable[str]
    by: str
    reason: str
    seen_version: int


def need_parts(store: Store, command: NeedParts, *, now: datetime) -> TroubleOrder:
    """Write down what an order needs: the plan sends whoever carries it, or by way of a depot.

    Raises
    ------
    ReasonRequired
        Nobody says why.
    NotFound
        There is no such order.
    StaleVersion
        The order changed since somebody looked.
    IllegalStep
        The order is over, or brings a second crew to another.
    InvalidInput
        More parts than an order can name, or a name that is too long.
    """
    why = need_reason(command.reason, "what an order needs")
    order = lock_order(store, command.order_id, command.seen_version)
    parts = parts_in(command.parts)
    return need(store, order, parts, by=command.by, reason=why, at=now, now=now)
