"""Take tickets out of an outage into one of their own: another fault hides behind the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Outage
from dispatch.domain.words import OutageId, TicketId
from dispatch.ports import Store
from dispatch.procedures.checking import check_version, need_reason
from dispatch.procedures.splitting import Parting, split
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOutage:
    """Which tickets leave, who says so and why."""

    outage_id: OutageId
    tickets: Sequence[TicketId]
    by: str
    reason: str
    seen_version: int | None = None


def split_outage(store: Store, command: SplitOutage, *, now: datetime) -> Outage:
    """Open a new outage for the tickets, remembered as kept apart; see `split`."""
    why = need_reason(command.reason, "splitting an outage")
    outage = store.outages.lock(command.outage_id)
    check_version(outage, command.seen_version)
    parting = Parting(by=command.by, why=why, belongs=reason("by_hand", reason=why))
    return split(store, outage, command.tickets, parting, now=now)
