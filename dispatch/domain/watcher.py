"""Who asked to be told when supply is back, and the messages that tell them."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from dispatch.domain.words import TicketId

MessageId = NewType("MessageId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """A telephone that waits for an area of the public map, for a report, or for both.

    `area_id` is empty where only the report is waited for. It is deleted when it was told.
    """

    id: str
    phone: str
    language: str
    area_id: str
    area_name: str
    ticket_id: TicketId | None
    consented_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text message that a gateway of the company's is to send; `tries` counts its leases."""

    id: MessageId
    phone: str
    language: str
    body: str
    made_at: datetime
    expires_at: datetime
    tries: int
