"""Customers who seem to hang on another transformer than the record says, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dispatch.domain.words import DistrictId, OutageId, UsagePointId
from dispatch.errors import IllegalStep


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkEvidence:
    """One outage of either transformer.

    `called_at` None: the customer stayed silent; `gasped_at` None: their meter did, or cannot
    speak. `neighbour` says whether it was the neighbour that was out, `log_odds` how much all of
    it speaks for the neighbour.
    """

    outage_id: OutageId
    from_at: datetime
    to_at: datetime
    neighbour: bool
    called_at: datetime | None
    log_odds: float
    gasped_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectedLink:
    """A customer who seems to hang on another transformer than the record says.

    `probability` is that the record is wrong, `of_candidate` that `candidate_id` is right.
    """

    usage_point_id: UsagePointId
    account: str
    transformer_id: str
    candidate_id: str
    probability: float
    of_candidate: float
    evidence: tuple[LinkEvidence, ...]
    district_id: DistrictId | None = None

    @property
    def outages(self) -> int:
        """Outages of the neighbour alone in which the customer called, or their meter did."""
        return heard_of(self.evidence)


def heard_of(evidence: Sequence[LinkEvidence]) -> int:
    """Outages of the neighbour in which the customer was heard of."""
    return len(
        {e.outage_id for e in evidence if e.neighbour and (e.called_at or e.gasped_at) is not None}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLook:
    """One look at everybody's record: over which time, how many were judged, by which rates."""

    made_at: datetime
    since: datetime
    until: datetime
    judged: int
    rates_version: int
    by: str


class LinkVerdict(StrEnum):
    """What a person made of a suspicion."""

    CORRECTED = "corrected"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDecision:
    """A person's decision on a suspicion; `outages` and `probability` are what it then rested on.

    `id` is 0 until it is stored.
    """

    id: int = 0
    usage_point_id: UsagePointId
    account: str
    transformer_id: str
    candidate_id: str
    district_id: DistrictId | None
    verdict: LinkVerdict
    probability: float
    outages: int
    at: datetime
    by: str
    reason: str
    undone_at: datetime | None = None
    undone_by: str | None = None
    undone_for: str | None = None

    def undo(self, at: datetime, by: str, reason: str) -> "LinkDecision":
        """Take it back."""
        if self.undone_at is not None:
            raise IllegalStep("the decision was taken back before", decision_id=self.id)
        return replace(self, undone_at=at, undone_by=by, undone_for=reason)
