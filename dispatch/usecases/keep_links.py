"""Keep the list of suspected links as it was just worked out; the record itself stays as it is."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.link import LinkLook, SuspectedLink
from dispatch.ports import Store
from dispatch.rates import SHIPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepLinks:
    """What was found among `judged` customers, of which time, and by whom."""

    found: tuple[SuspectedLink, ...]
    since: datetime
    until: datetime
    judged: int
    by: str


def keep_links(store: Store, command: KeepLinks, *, now: datetime) -> LinkLook:
    """Replace the list; what somebody dismissed is not listed anew."""
    look = LinkLook(
        made_at=now,
        since=command.since,
        until=command.until,
        judged=command.judged,
        rates_version=store.rates.in_force() or SHIPPED,
        by=command.by,
    )
    store.links.renew(look, command.found)
    return look
