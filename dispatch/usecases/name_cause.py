"""Say what caused an outage before anybody has been there; who finds another cause says so then."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.outage import Outage
from dispatch.domain.words import OutageId
from dispatch.errors import IllegalStep
from dispatch.journal import outage_event
from dispatch.ports import Store
from dispatch.procedures.checking import check_version, need_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCause:
    """Which outage, the cause and who says so."""

    outage_id: OutageId
    cause: str
    by: str
    seen_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnnameCause:
    """Take the cause back that was named; `cause` is the one that should stand there."""

    outage_id: OutageId
    cause: str
    by: str


def name_cause(store: Store, command: NameCause, *, now: datetime) -> Outage:
    """Write the cause down.

    Raises
    ------
    IllegalStep
        The outage is over, or a cause is on record already.
    StaleVersion
        It changed since somebody looked.
    """
    cause = need_reason(command.cause, "naming a cause")
    outage = store.outages.lock(command.outage_id)
    check_version(outage, command.seen_version)
    if not outage.is_open:
        raise IllegalStep("the outage is over")
    if outage.cause:
        raise IllegalStep("a cause is on record already")
    named = store.outages.save(replace(outage, cause=cause))
    store.events.append(outage_event(named, "cause_named", at=now, by=command.by, reason=cause))
    return named


def unname_cause(store: Store, command: UnnameCause, *, now: datetime) -> Outage:
    """Take it back; `IllegalStep` if another cause stands there by now, or the outage is over."""
    outage = store.outages.lock(command.outage_id)
    if not outage.is_open or outage.cause != command.cause:
        raise IllegalStep("somebody has acted on it since")
    open_again = store.outages.save(replace(outage, cause=None))
    store.events.append(
        outage_event(open_again, "cause_taken_back", at=now, by=command.by, reason=command.cause)
    )
    return open_again
