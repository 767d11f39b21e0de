"""What has to hold before a person's wish is carried out."""

from dispatch.domain.order import TroubleOrder
from dispatch.domain.outage import Outage
from dispatch.domain.words import OrderId
from dispatch.errors import ReasonRequired, StaleVersion
from dispatch.ports import Store


def check_version(outage: Outage, seen: int | None) -> None:
    """`StaleVersion` if the outage changed since somebody looked."""
    if seen is not None and outage.version != seen:
        raise StaleVersion("the outage has changed", outage_id=outage.id, version=outage.version)


def check_order(order: TroubleOrder, seen: int | None) -> None:
    """`StaleVersion` if the order changed since somebody looked."""
    if seen is not None and order.version != seen:
        raise StaleVersion("the order has changed", order_id=order.id, version=order.version)


def lock_order(store: Store, order_id: OrderId, seen: int | None) -> TroubleOrder:
    """Lock an order as it was seen.

    Its outage first, as everybody who assigns does: two must not wait in a circle.
    """
    outage_id = store.orders.get(order_id).outage_id
    if outage_id is not None:
        store.outages.lock(outage_id)
    order = store.orders.lock(order_id)
    check_order(order, seen)
    return order


def need_reason(reason: str | None, what: str) -> str:
    """The reason, or `ReasonRequired` if none was given for `what`."""
    if reason is None or not reason.strip():
        raise ReasonRequired(f"{what} needs a reason")
    return reason.strip()
