"""Supply is back, for everybody or for some."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Outage, Scope
from dispatch.domain.words import OutageId
from dispatch.ports import Store
from dispatch.procedures.checking import check_version
from dispatch.procedures.restoring import restore


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOutage:
    """Who has light again since when; `part` None means everybody still out."""

    outage_id: OutageId
    at: datetime
    by: str
    part: Scope | None = None
    cause: str | None = None
    seen_version: int | None = None


def restore_outage(store: Store, command: RestoreOutage, *, now: datetime) -> Outage:
    """Record the restoration with its interruptions; see `restore` for what is refused."""
    outage = store.outages.lock(command.outage_id, to_end=True)
    check_version(outage, command.seen_version)
    restoration = restore(
        store,
        outage,
        command.part,
        command.at,
        by=command.by,
        cause=command.cause,
        now=now,
    )
    return restoration.outage
