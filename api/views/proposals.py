"""Proposals to split as clients read them."""

from datetime import datetime

from pydantic import BaseModel

from api.views.sayings import SayingOut, reasons_of
from dispatch.store.reads.proposals import Suspected


class LikelyPlaceOut(BaseModel):
    """Where the hidden fault seems to be; `device_id` is null for one caller's home."""

    device_id: str | None
    kind: str
    name: str
    usage_point_id: int | None
    lon: float
    lat: float


class SplitProposalOut(BaseModel):
    """Reports that should leave an outage; `version` is what `If-Match` wants.

    `probability` is that of a fault at `place`. `into` is the outage that accepting it opened.
    """

    id: int
    version: int
    outage_id: int
    outage_device: str
    district_id: str
    status: str
    place: LikelyPlaceOut
    probability: float
    tickets: list[str]
    callers: list[str]
    reasons: list[SayingOut]
    hazards: list[str]
    critical: bool
    proposed_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    decided_for: SayingOut | None
    into: int | None

    @classmethod
    def of(cls, suspected: Suspected) -> "SplitProposalOut":
        """Build from the proposal."""
        proposal, place = suspected.proposal, suspected.proposal.place
        why = reasons_of([proposal.decided_for] if proposal.decided_for else [])
        return cls(
            id=proposal.id,
            version=proposal.version,
            outage_id=proposal.outage_id,
            outage_device=suspected.outage_device,
            district_id=proposal.district_id,
            status=proposal.status.value,
            place=LikelyPlaceOut(
                device_id=place.device.id,
                kind=place.device.kind,
                name=place.device.name,
                usage_point_id=place.usage_point_id,
                lon=place.lon,
                lat=place.lat,
            ),
            probability=proposal.probability,
            tickets=list(proposal.tickets),
            callers=list(suspected.callers),
            reasons=reasons_of(proposal.reasons),
            hazards=list(proposal.hazards),
            critical=proposal.critical,
            proposed_at=proposal.proposed_at,
            decided_at=proposal.decided_at,
            decided_by=proposal.decided_by,
            decided_for=why[0] if why else None,
            into=proposal.into_id,
        )
