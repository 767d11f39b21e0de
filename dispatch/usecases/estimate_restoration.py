"""Say when supply is expected back; a crew's word outlasts every guess."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Confidence, EstimatedRestoration, EstimateSource, Outage
from dispatch.domain.words import OutageId
from dispatch.errors import InvalidInput
from dispatch.journal import outage_event
from dispatch.ports import Store
from dispatch.procedures.checking import check_version


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRestoration:
    """A new estimate from a person or a model."""

    outage_id: OutageId
    at: datetime
    source: EstimateSource
    confidence: Confidence
    by: str
    seen_version: int | None = None


def estimate_restoration(store: Store, command: EstimateRestoration, *, now: datetime) -> Outage:
    """Take the estimate over unless the one held outweighs it; the outage as it stands."""
    if command.at <= now:
        raise InvalidInput("at", command.at.isoformat(), "a time to come")
    outage = store.outages.lock(command.outage_id)
    check_version(outage, command.seen_version)
    estimate = EstimatedRestoration(
        at=command.at, source=command.source, confidence=command.confidence, said_at=now
    )
    expected = outage.expect(estimate)
    if expected is outage:
        return outage
    saved = store.outages.save(expected)
    store.events.append(
        outage_event(
            saved,
            "estimated",
            at=now,
            by=command.by,
            source=command.source.value,
            restore_at=command.at.isoformat(),
        )
    )
    return saved
