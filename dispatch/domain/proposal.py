"""A proposal to split: reports of a confirmed outage that another fault seems to hide behind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dispatch.domain.outage import PredictedDevice
from dispatch.domain.words import DistrictId, OutageId, ProposalId, TicketId, UsagePointId
from dispatch.errors import IllegalStep


class ProposalStatus(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyPlace:
    """Where the hidden fault seems to be: a device, or one caller's home; `lon, lat` is EPSG:4326.

    `usage_point_id` is None for a device, and for a caller who is not on record as a customer.
    """

    device: PredictedDevice
    lon: float
    lat: float
    usage_point_id: UsagePointId | None = None

    @property
    def is_home(self) -> bool:
        """Whether one home alone is meant."""
        return self.device.id is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitProposal:
    """Reports that should leave an outage, where their fault seems to be, how probably and why.

    `hazards` is what the callers among them reported; `critical` whether one of them is a critical
    customer. `into_id` is the outage that accepting it opened.
    """

    id: ProposalId
    outage_id: OutageId
    district_id: DistrictId
    place: LikelyPlace
    probability: float
    tickets: tuple[TicketId, ...]
    reasons: tuple[str, ...]
    proposed_at: datetime
    hazards: tuple[str, ...] = ()
    critical: bool = False
    status: ProposalStatus = ProposalStatus.OPEN
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_for: str | None = None
    into_id: OutageId | None = None
    version: int = 0

    def accept(self, at: datetime, by: str, into_id: OutageId) -> "SplitProposal":
        """Carried out: the reports have an outage of their own."""
        return replace(self._decide(ProposalStatus.ACCEPTED, at, by), into_id=into_id)

    def dismiss(self, at: datetime, by: str, reason: str) -> "SplitProposal":
        """A person knows better."""
        return replace(self._decide(ProposalStatus.DISMISSED, at, by), decided_for=reason)

    def withdraw(self, at: datetime, by: str, reason: str) -> "SplitProposal":
        """What it rested on is gone."""
        return replace(self._decide(ProposalStatus.WITHDRAWN, at, by), decided_for=reason)

    def must_wait(self) -> None:
        """`IllegalStep` if it was decided before."""
        if self.status is not ProposalStatus.OPEN:
            raise IllegalStep(
                "the proposal was decided before", proposal_id=self.id, status=self.status.value
            )

    def is_as(self, other: "SplitProposal") -> bool:
        """Whether both propose the same: the same reports at the same place."""
        return set(self.tickets) == set(other.tickets) and self.place.device == other.place.device

    def _decide(self, to: ProposalStatus, at: datetime, by: str) -> "SplitProposal":
        self.must_wait()
        return replace(self, status=to, decided_at=at, decided_by=by)


def most_urgent_first(proposal: SplitProposal) -> tuple[bool, bool, datetime, ProposalId]:
    """Sort key: danger, then critical customers, then what has waited longest."""
    return (
        not proposal.hazards,
        not proposal.critical,
        proposal.proposed_at,
        proposal.id,
    )


Dismissed = Mapping[OutageId, frozenset[TicketId]]
"""Reports of which a person has said, by outage, that they belong where they are."""
