"""An outage with everything that belongs to it, as clients read it."""

from api.views.orders import OrderFull
from api.views.outages import OutageOut
from api.views.tickets import TicketOut


class OutageDetail(OutageOut):
    """An outage with its callers, its scope and its order."""

    transformers_out: list[str]
    usage_points_out: list[int]
    customers_out: int
    tickets: list[TicketOut]
    order: OrderFull | None
