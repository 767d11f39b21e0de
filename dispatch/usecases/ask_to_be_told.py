"""Keep a telephone that asked to be told when supply is back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.watcher import Watcher
from dispatch.domain.words import TicketId
from dispatch.errors import InvalidInput
from dispatch.ports import Store

WAITS_FOR = timedelta(days=3)
"""Longer outages are told of by the company itself; a number is not kept for ever (assumption)."""
MOST_PLACES = 3
"""One telephone waits for so many places: a home, parents, a shop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskToBeTold:
    """Whom to tell of what; the area, the report, or both."""

    id: str
    phone: str
    language: str
    area_id: str = ""
    area_name: str = ""
    ticket_id: TicketId | None = None


def ask_to_be_told(store: Store, command: AskToBeTold, *, now: datetime) -> Watcher:
    """Keep it until it is told or expires; the same telephone and area again moves the end.

    Raises
    ------
    InvalidInput
        Neither an area nor a report is named, or the telephone waits for enough places.
    """
    if not command.area_id and command.ticket_id is None:
        raise InvalidInput("area", "", "an area of the map, or a report")
    if store.watchers.count_of(command.phone, now) >= MOST_PLACES:
        raise InvalidInput(
            "phone", "...", f"a number that waits for fewer than {MOST_PLACES} places"
        )
    watcher = Watcher(
        id=command.id,
        phone=command.phone,
        language=command.language,
        area_id=command.area_id,
        area_name=command.area_name,
        ticket_id=command.ticket_id,
        consented_at=now,
        expires_at=now + WAITS_FOR,
    )
    store.watchers.add(watcher)
    return watcher
