"""What an agent's desk does about a report, and for how long a call is one agent's alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.words import TicketId


class DeskActionKind(StrEnum):
    """What was done."""

    URGED = "urged"
    CALLED_BACK = "called_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskAction:
    """One thing that a desk sent; `id` is the desk's, so that it may be sent twice."""

    id: str
    ticket_id: TicketId
    kind: DeskActionKind
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBackPolicy:
    """How call-backs are handed out.

    `holds` is how long a customer is one agent's to call: no other agent is given this customer.
    """

    holds: timedelta = timedelta(minutes=5)
