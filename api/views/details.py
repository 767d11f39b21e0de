"""An outage with everything that belongs to it, as clients read it."""

from api.views.orders import OrderFull
from api.views.outages import DarkForOut, OutageOut
from api.views.proposals import SplitProposalOut
from api.views.tickets import TicketOut


class OutageDetail(OutageOut):
    """An outage with its callers, its scope and its order.

    `still_dark` is what keeps customers without light whose own fault was repaired here;
    `split_proposals` wait for a decision, the most urgent first.
    """

    transformers_out: list[str]
    usage_points_out: list[int]
    customers_out: int
    still_dark: list[DarkForOut]
    split_proposals: list[SplitProposalOut]
    tickets: list[TicketOut]
    order: OrderFull | None
