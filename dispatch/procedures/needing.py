"""Write down what the work of an order needs, with its step and its entry in the journal."""

from datetime import datetime

from dispatch.domain.order import DispatchStep, StepKind, TroubleOrder
from dispatch.domain.words import CrewId
from dispatch.journal import order_event
from dispatch.ports import Store


def need_parts(
    store: Store,
    order: TroubleOrder,
    parts: frozenset[str],
    *,
    by: str,
    reason: str | None,
    at: datetime,
    now: datetime,
    crew_id: CrewId | None = None,
) -> TroubleOrder:
    """Let an order need these parts; what is so already stays as it is."""
    needing = order.need(parts)
    if needing == order:
        return order
    saved = store.orders.save(needing)
    told = sorted(parts)
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.PARTS_ASKED,
            at=at,
            recorded_at=now,
            by=by,
            crew_id=crew_id,
            reason=reason,
            facts={"parts": told},
        )
    )
    store.events.append(order_event(saved, "parts_asked", at=at, by=by, parts=told, reason=reason))
    return saved
