"""What comes in, checked field by field: lengths, times, places, texts, identifiers."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    model_validator,
)

from dispatch.domain.facts import MeterSignalKind
from dispatch.domain.link import LinkVerdict
from dispatch.domain.ticket import Complaint
from dispatch.domain.tracking import Wire
from dispatch.domain.words import Channel
from dispatch.errors import InvalidInput
from dispatch.location import ReportedPosition
from gis.crs import Datum, to_wgs84

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=1)
OLDEST = timedelta(days=31)

_KEPT = {"\n", "\t"}
_TURNS_TEXT_ROUND = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"}


def _cleaned(text: str) -> str:
    """Without control characters and marks that make text read backwards; spaces trimmed."""
    return "".join(
        c
        for c in text
        if c in _KEPT or (unicodedata.category(c) != "Cc" and c not in _TURNS_TEXT_ROUND)
    ).strip()


def _one_line(text: str) -> str:
    return " ".join(_cleaned(text).split())


def _identifier(text: str) -> str:
    if not text.isprintable() or text != text.strip() or "/" in text or text in {".", ".."}:
        raise ValueError("printable characters without a slash or spaces around them")
    return text


def _vehicle(text: str | None) -> str | None:
    return None if text is None else _identifier(text)


def _written_out(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise ValueError("a time written out, such as 2026-01-31T08:30:00+08:00")  # noqa: TRY004
    return value


def _in_our_age(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError("a time between the years 2000 and 2200")
    return at.astimezone(UTC)


def _digits(text: str) -> str:
    kept = "".join(c for c in text if c not in " -()")
    if not kept.lstrip("+").isdecimal() or not kept.isascii():
        raise ValueError("a telephone number: digits, maybe with +, spaces, hyphens, brackets")
    return kept


ClientId = Annotated[
    str,
    Field(min_length=1, max_length=100, description="made by the client, so that it may repeat"),
    AfterValidator(_identifier),
]
Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]
Name = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_one_line)]
Code = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line)]
Prose = Annotated[str, Field(max_length=2000), AfterValidator(_cleaned)]
Reason = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]
Phone = Annotated[str, Field(min_length=3, max_length=30), AfterValidator(_digits)]
Word = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_one_line)]
Words = Annotated[list[Word], Field(max_length=20)]
NetworkId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_our_age)]
Metres = Annotated[FiniteFloat, Field(ge=0, le=100_000)]
Serial = Annotated[int, Field(ge=0, le=2**62, strict=True)]


class Strict(BaseModel):
    """A body; a field nobody knows is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LocationIn(Strict):
    """A position in the datum it was measured in."""

    lon: FiniteFloat
    lat: FiniteFloat
    datum: Datum = Datum.WGS84
    accuracy_m: Metres | None = None

    def wgs84(self) -> ReportedPosition:
        """The position as the core knows it; `OffPlanet` if it is nowhere on Earth."""
        lon, lat = to_wgs84(self.lon, self.lat, self.datum)
        return ReportedPosition(lon=lon, lat=lat, accuracy_m=self.accuracy_m)


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


class ReasonIn(Strict):
    """Why."""

    reason: Reason


class LinkDecisionIn(ReasonIn):
    """What becomes of a suspected link, and which transformer was thought to be the right one."""

    verdict: LinkVerdict
    candidate: NetworkId


class NoteIn(Strict):
    """What was said, if anything."""

    note: Reason = ""


class AttachIn(ReasonIn):
    """To which outage, and why."""

    outage_id: Serial


class CallbackIn(Strict):
    """What the caller answered; `power_on` null means nobody was reached."""

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


class AssignmentIn(Strict):
    """Which crew to send; a reason where the system would send another."""

    crew_id: Name
    reason: Reason | None = None


class DeviceIn(Strict):
    """A device as somebody saw it."""

    id: NetworkId | None = None
    kind: Word
    name: Name


class ConfirmIn(Strict):
    """What was seen; without a device the predicted one is confirmed."""

    device: DeviceIn | None = None
    cause: Reason | None = None
    at: Moment | None = None


class SplitIn(ReasonIn):
    """Which tickets get an outage of their own."""

    tickets: Annotated[list[ClientId], Field(min_length=1, max_length=1000)]


class MergeIn(ReasonIn):
    """Which outage becomes a part of this one."""

    outage_id: Serial


class EstimateIn(Strict):
    """When supply is expected back."""

    at: Moment
    confidence: str = Field(default="medium", pattern="^(low|medium|high)$")


class RestoreIn(Strict):
    """Who has light again since when; neither list means everybody."""

    at: Moment | None = None
    transformers: Annotated[list[NetworkId], Field(max_length=5000)] | None = None
    usage_points: Annotated[list[Serial], Field(max_length=5000)] | None = None
    cause: Reason | None = None


class ReleaseIn(Strict):
    """Which draft of the notice was read: the `mark` it came with."""

    mark: Code


class CloseIn(Strict):
    """Why it is closed although somebody did not say that power is on."""

    reason: Reason | None = None


class PlannedIn(ReasonIn):
    """Which transformers, or all below a device, are out on purpose, and when."""

    starts_at: Moment
    ends_at: Moment
    transformers: Annotated[list[NetworkId], Field(max_length=5000)] = []
    device_id: NetworkId | None = None


class EndIn(Strict):
    """When supply was back."""

    at: Moment | None = None


class ClosureIn(ReasonIn):
    """A road that cannot be driven: a line of positions, from when, until when if known."""

    line: Annotated[list[tuple[FiniteFloat, FiniteFloat]], Field(min_length=2, max_length=500)]
    datum: Datum = Datum.WGS84
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    def wgs84(self) -> Sequence[tuple[float, float]]:
        """The line as the core knows it."""
        return [to_wgs84(lon, lat, self.datum) for lon, lat in self.line]


class ActionIn(Strict):
    """One action of a crew's phone; `seq` is the phone's own count."""

    id: ClientId
    seq: Serial
    kind: str = Field(max_length=40)
    order_id: Serial
    occurred_at: Moment
    reason: Reason | None = None
    cause: Reason | None = None
    device_id: NetworkId | None = None
    device_kind: Word | None = None
    restore_at: Moment | None = None
    transformers: Annotated[list[NetworkId], Field(max_length=2000)] | None = None
    note: Prose | None = None


class ActionsIn(Strict):
    """What a phone has gathered, in its own order."""

    actions: Annotated[list[ActionIn], Field(min_length=1, max_length=500)]


class FixIn(Strict):
    """One position of a crew's device, at the device's time."""

    id: ClientId
    lon: FiniteFloat
    lat: FiniteFloat
    datum: Datum = Datum.WGS84
    fixed_at: Moment
    accuracy_m: Metres | None = None
    speed_mps: Annotated[FiniteFloat, Field(ge=0, le=1000)] | None = None
    mock: bool = False


class PositionsIn(Strict):
    """What a device has gathered, in any order, hours late if need be."""

    positions: Annotated[list[FixIn], Field(min_length=1, max_length=2000)]


class TrackerIn(Strict):
    """A device to enrol, as it names itself on its wire."""

    wire: Wire
    device: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_identifier)]
    label: Annotated[str, Field(max_length=60), AfterValidator(_one_line)] = ""
    vehicle: Annotated[str | None, Field(min_length=1, max_length=60), AfterValidator(_vehicle)] = (
        None
    )
    datum: Datum = Datum.WGS84
    crew_id: Name | None = None

    @model_validator(mode="after")
    def _phone_of_a_terminal(self) -> "TrackerIn":
        digits = self.device.isascii() and self.device.isdecimal()
        if self.wire is Wire.JT808 and (not digits or self.device.startswith("0")):
            raise ValueError("the phone of a JT/T 808 terminal: digits without leading zeros")
        return self


class BindIn(Strict):
    """For whom a device speaks from now on; null: for nobody."""

    crew_id: Name | None


class MeterSignalIn(Strict):
    """One signal of a meter, at the meter's time; the meter by its number or its account."""

    id: ClientId
    meter: Code | None = None
    account: Code | None = None
    kind: MeterSignalKind
    at: Moment

    @model_validator(mode="after")
    def _one_of_them(self) -> "MeterSignalIn":
        if not (self.meter or self.account):
            raise ValueError("one of meter, account")
        return self


class MeterSignalsIn(Strict):
    """What meters said, in any order."""

    signals: Annotated[list[MeterSignalIn], Field(min_length=1, max_length=5000)]


class DeviceStateIn(Strict):
    """A device seen open or closed: our id, the asset's own id, or its name."""

    id: ClientId
    device: NetworkId
    state: Literal["open", "closed"]
    at: Moment


class DeviceStatesIn(Strict):
    """Which devices were seen in which state, in any order."""

    states: Annotated[list[DeviceStateIn], Field(min_length=1, max_length=1000)]


def version_of(if_match: str | None) -> int | None:
    """The version in an `If-Match` header such as `"7"`; None without one."""
    if if_match is None:
        return None
    bare = if_match.strip().removeprefix("W/").strip('"')
    if not bare.isdecimal() or not bare.isascii() or len(bare) > 18:  # noqa: PLR2004
        raise InvalidInput("If-Match", if_match, 'the ETag of the record, such as "7"')
    return int(bare)
