"""Let a crew stand by no longer."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.words import CrewId
from dispatch.errors import NotFound
from dispatch.ports import Store
from dispatch.procedures.assigning import end_posting


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCrew:
    """Which crew, who says so and why."""

    crew_id: CrewId
    by: str
    reason: str


def release_crew(store: Store, command: ReleaseCrew, *, now: datetime) -> None:
    """End it; `NotFound` for a crew that stands by nowhere."""
    posting = store.crews.find_posting(command.crew_id)
    if posting is None or posting.ends_at <= now:
        raise NotFound("posting", crew_id=command.crew_id)
    end_posting(store, command.crew_id, by=command.by, why=command.reason, now=now)
