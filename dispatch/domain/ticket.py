"""A trouble ticket: one customer's report, its place, and its own way to the end."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from dispatch.domain.words import (
    NOT_A_LOSS,
    AreaClass,
    Channel,
    Disposition,
    DistrictId,
    FoundBy,
    OutageId,
    PlannedOutageId,
    Symptom,
    TicketId,
    UsagePointId,
)
from dispatch.errors import IllegalStep


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaAtReport:
    """The area class of a place at the time of the report, with the map it came from.

    `covered` is false where no polygon held the place and the strictest class was taken.
    """

    area_class: AreaClass
    map_version: int | None
    covered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a report comes from: EPSG:4326, with how far off it may be and how it was found."""

    lon: float
    lat: float
    accuracy_m: float
    found_by: FoundBy
    usage_point_id: UsagePointId | None = None
    transformer_id: str | None = None
    feeder_id: str | None = None
    district_id: DistrictId | None = None


class TicketStatus(StrEnum):
    """Where the caller's own report stands."""

    OPEN = "open"
    RESTORED = "restored"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a caller says; texts as given, after validation."""

    channel: Channel
    description: str = ""
    hazards: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()
    multiple_premises: bool | None = None
    account: str | None = None
    phone: str | None = None
    meter: str | None = None
    address: str | None = None

    @property
    def loses_supply(self) -> bool:
        """Whether the complaint is, or may be, about having no supply."""
        return not self.symptoms or any(symptom not in NOT_A_LOSS for symptom in self.symptoms)

    @property
    def others_out(self) -> bool:
        """Whether the caller says that somebody else is out as well."""
        return self.multiple_premises is True or Symptom.NEIGHBOURS_OUT in self.symptoms


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleTicket:
    """One report; a merged ticket keeps its own clocks and its own answer."""

    id: TicketId
    complaint: Complaint
    place: Place | None
    area: AreaAtReport
    district_id: DistrictId | None
    received_at: datetime
    recorded_at: datetime
    disposition: Disposition
    status: TicketStatus = TicketStatus.OPEN
    outage_id: OutageId | None = None
    planned_outage_id: PlannedOutageId | None = None
    repeats_id: TicketId | None = None
    urged: int = 0
    restored_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 0

    def attach(self, outage_id: OutageId, disposition: Disposition) -> "TroubleTicket":
        """The ticket as one more caller of `outage_id`."""
        if self.status is TicketStatus.CLOSED:
            raise IllegalStep("a closed ticket cannot be attached", ticket_id=self.id)
        return replace(self, outage_id=outage_id, disposition=disposition)

    def detach(self) -> "TroubleTicket":
        """The ticket on its own again; `IllegalStep` if it is not attached."""
        if self.outage_id is None or self.status is TicketStatus.CLOSED:
            raise IllegalStep("the ticket is attached to no outage", ticket_id=self.id)
        return replace(self, outage_id=None)

    def urge(self) -> "TroubleTicket":
        """The caller asked to hurry."""
        if self.status is TicketStatus.CLOSED:
            raise IllegalStep("a closed ticket cannot be urged", ticket_id=self.id)
        return replace(self, urged=self.urged + 1)

    def restore(self, at: datetime) -> "TroubleTicket":
        """Supply is back, as far as the company knows."""
        if self.status is not TicketStatus.OPEN:
            return self
        return replace(self, status=TicketStatus.RESTORED, restored_at=at)

    def reopen(self) -> "TroubleTicket":
        """The caller still sits in the dark."""
        if self.status is TicketStatus.CLOSED:
            raise IllegalStep("a closed ticket cannot be reopened", ticket_id=self.id)
        return replace(self, status=TicketStatus.OPEN, restored_at=None)

    def close(self, at: datetime) -> "TroubleTicket":
        """Archive the ticket; doing so twice changes nothing."""
        if self.status is TicketStatus.CLOSED:
            return self
        return replace(self, status=TicketStatus.CLOSED, closed_at=at)
