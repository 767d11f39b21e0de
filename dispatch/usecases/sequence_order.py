"""Somebody says that work on an order begins only when that on others is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.order import DispatchStep, StepKind, TroubleOrder
from dispatch.domain.words import OrderId
from dispatch.errors import InvalidInput
from dispatch.journal import order_event
from dispatch.ports import Store
from dispatch.procedures.checking import check_order, need_reason

FIELD = "orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceOrder:
    """Which order comes after which (none: it waits for nothing any more), who says so and why."""

    order_id: OrderId
    after: tuple[OrderId, ...]
    by: str
    reason: str
    seen_version: int


def sequence_order(store: Store, command: SequenceOrder, *, now: datetime) -> TroubleOrder:
    """Write down what an order waits for: the plan keeps to it, and the crew reads it.

    Raises
    ------
    ReasonRequired
        Nobody says why.
    NotFound
        There is no such order.
    StaleVersion
        The order changed since somebody looked.
    IllegalStep
        Work on the order has begun, or it is over, or it brings a second crew to another.
    InvalidInput
        One of the others is over, of another district, or waits for this order itself.
    """
    why = need_reason(command.reason, "the order of work")
    order = store.orders.lock(command.order_id)
    check_order(order, command.seen_version)
    after = tuple(sorted(set(command.after)))
    sequenced = order.begin_after(after)
    _check(store, order, after)
    if after == order.after:
        return order
    saved = store.orders.save(sequenced)
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.SEQUENCED,
            at=now,
            recorded_at=now,
            by=command.by,
            reason=why,
            facts={"after": list(after)},
        )
    )
    store.events.append(
        order_event(saved, "sequenced", at=now, by=command.by, after=list(after), reason=why)
    )
    return saved


def _check(store: Store, order: TroubleOrder, after: Sequence[OrderId]) -> None:
    """Walk what the others wait for in their turn; all are locked, so that no circle can close."""
    ahead, seen = list(after), set(after)
    while ahead:
        each = ahead.pop()
        if each == order.id:
            raise InvalidInput(FIELD, list(after), f"orders that do not wait for order {order.id}")
        other = store.orders.lock(each)
        if each in after:
            _must_be_ahead(order, other)
        if other.is_open:
            ahead += [one for one in other.after if one not in seen]
            seen.update(other.after)


def _must_be_ahead(order: TroubleOrder, other: TroubleOrder) -> None:
    if other.supports_id is not None:
        raise InvalidInput(FIELD, other.id, f"order {other.supports_id}, whose second crew it is")
    if not other.is_open:
        raise InvalidInput(FIELD, other.id, "an order that is not over")
    if other.district_id != order.district_id:
        raise InvalidInput(FIELD, other.id, "an order of the same district")
