"""Take an estimate back that was set by mistake: the one before it holds again."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.outage import EstimatedRestoration, EstimateSource, Outage
from dispatch.domain.words import OutageId
from dispatch.errors import IllegalStep
from dispatch.journal import outage_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBackEstimate:
    """Which outage, the time that was set, what stood there before, and who takes it back."""

    outage_id: OutageId
    at: datetime
    before: EstimatedRestoration | None
    by: str


def take_back_estimate(store: Store, command: TakeBackEstimate, *, now: datetime) -> Outage:
    """Let the former estimate hold; `IllegalStep` if another one was set since."""
    outage = store.outages.lock(command.outage_id)
    held = outage.estimate
    set_here = held and held.at == command.at and held.source is EstimateSource.DISPATCHER
    if not outage.is_open or not set_here:
        raise IllegalStep("somebody has acted on it since")
    saved = store.outages.save(replace(outage, estimate=command.before))
    before = command.before and command.before.at.isoformat()
    store.events.append(
        outage_event(saved, "estimate_taken_back", at=now, by=command.by, restore_at=before)
    )
    return saved
