"""Bodies about reports."""

from datetime import datetime

from pydantic import model_validator

from api.inputs.fields import (
    AHEAD,
    OLDEST,
    ClientId,
    Code,
    Line,
    LocationIn,
    Moment,
    NoteIn,
    Phone,
    Prose,
    Reason,
    ReasonIn,
    Serial,
    Strict,
    Words,
)
from dispatch.domain.ticket import Complaint
from dispatch.domain.words import Channel
from dispatch.errors import InvalidInput


class TicketIn(Strict):
    """A report; at least one way to find the place is wanted, though none is refused."""

    id: ClientId
    channel: Channel
    account: Code | None = None
    phone: Phone | None = None
    meter: Code | None = None
    address: Line | None = None
    location: LocationIn | None = None
    description: Prose = ""
    hazards: Words = []
    multiple_premises: bool | None = None
    symptoms: Words = []
    received_at: Moment | None = None

    def complaint(self) -> Complaint:
        """What the caller says, as the core knows it."""
        return Complaint(
            channel=self.channel,
            description=self.description,
            hazards=tuple(dict.fromkeys(self.hazards)),
            symptoms=tuple(dict.fromkeys(self.symptoms)),
            multiple_premises=self.multiple_premises,
            account=self.account or None,
            phone=self.phone,
            meter=self.meter or None,
            address=self.address or None,
        )

    def received(self, now: datetime) -> datetime:
        """When the report came in: as said, within a month back and a minute ahead."""
        if self.received_at is None:
            return now
        return recent("received_at", self.received_at, now)


def recent(field: str, at: datetime, now: datetime) -> datetime:
    """`at`, if it may be when something was reported; at most now.

    Raises
    ------
    InvalidInput
        It lies more than a minute ahead, or more than 31 days back.
    """
    if at > now + AHEAD:
        raise InvalidInput(field, at.isoformat(), f"a time not after {now.isoformat()}")
    if at < now - OLDEST:
        raise InvalidInput(field, at.isoformat(), "a time within the last 31 days")
    return min(at, now)


class UrgeIn(NoteIn):
    """What was said; `at` is when, if it comes late."""

    id: ClientId | None = None
    at: Moment | None = None


class AttachIn(ReasonIn):
    """To which outage, and why."""

    outage_id: Serial


class CallbackIn(Strict):
    """What the caller answered; `power_on` null means nobody was reached, `at` is when, if late."""

    id: ClientId | None = None
    at: Moment | None = None
    power_on: bool | None
    satisfied: bool | None = None
    note: Reason = ""


class PlaceIn(Strict):
    """Where an unlocated report comes from: one of these."""

    account: Code | None = None
    meter: Code | None = None
    address: Line | None = None
    location: LocationIn | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "PlaceIn":
        if not any((self.account, self.meter, self.address, self.location)):
            raise ValueError("one of account, meter, address, location")
        return self
