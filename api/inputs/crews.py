"""Bodies about crews, what they send, and their trackers."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat, model_validator

from api.inputs.fields import (
    ClientId,
    Line,
    Metres,
    Moment,
    Name,
    NetworkId,
    Prose,
    Reason,
    Serial,
    Strict,
    Word,
    _cleaned,
    _identifier,
    _one_line,
    _vehicle,
)
from dispatch.domain.tracking import Wire
from gis.crs import Datum


class AssignmentIn(Strict):
    """Which crew to send; a reason where the system would send another."""

    crew_id: Name
    reason: Reason | None = None


class SequenceIn(Strict):
    """After which orders work on one begins, and why; none: after no other any more."""

    orders: Annotated[list[Annotated[int, Field(ge=1, le=2**62)]], Field(max_length=20)] = []
    reason: Reason


class RestIn(Strict):
    """From when a crew has a break (null: now), how long and why."""

    starts_at: Moment | None = None
    minutes: Annotated[int, Field(ge=1, le=720)] = 30
    reason: Reason


Parts = Annotated[list[Line], Field(max_length=20)]


class PartsIn(Strict):
    """Which parts the work of an order needs, and why; none: nothing any more."""

    parts: Parts = []
    reason: Reason


Aboard = Annotated[str, Field(max_length=1300), AfterValidator(_one_line)]
"""All that a crew carries, between commas, as the console's form has it in one line."""


class CarriesIn(Strict):
    """Which parts a crew has aboard."""

    carries: Annotated[list[Aboard], Field(max_length=20)] = []


Stock = Annotated[str, Field(max_length=130_000), AfterValidator(_cleaned)]
"""All that a depot stocks, one part a line, as the console's form has it in one text."""


class DepotIn(Strict):
    """What a depot is called, whose it is, where it is (WGS-84) and which parts it stocks."""

    name: Name
    district_id: Name
    lon: Annotated[FiniteFloat, Field(ge=-180, le=180)]
    lat: Annotated[FiniteFloat, Field(ge=-90, le=90)]
    stock: Annotated[list[Stock], Field(max_length=2000)] = []


class SupportIn(Strict):
    """Whether the work of an order takes a second crew, and why."""

    wanted: bool
    reason: Reason


class PostingIn(Strict):
    """Where a crew is asked to stand by, and why; `place` names it, empty in the street."""

    crew_id: Name
    lon: Annotated[FiniteFloat, Field(ge=-180, le=180)]
    lat: Annotated[FiniteFloat, Field(ge=-90, le=90)]
    place: Annotated[str, Field(max_length=100), AfterValidator(_one_line)] = ""
    reason: Reason = ""


class AskForCrewsIn(Strict):
    """Which district is asked, for which one, for how many crews, until when and why."""

    from_district: Name
    to_district: Name
    crews: Annotated[int, Field(ge=1, le=20)] = 1
    until: Moment | None = None
    crew_id: Name | None = None
    reason: Reason


class GrantCrewIn(Strict):
    """Which crew goes (none: the one proposed), until when at the latest and on what terms."""

    crew_id: Name | None = None
    until: Moment | None = None
    terms: Reason = ""


class LendingRuleIn(Strict):
    """What a district consents to beforehand; without `to_district` for any other one."""

    from_district: Name
    to_district: Name | None = None
    most: Annotated[int, Field(ge=1, le=100)] = 1
    keep_free: Annotated[int, Field(ge=0, le=1000)] = 1
    until: Moment | None = None
    reason: Reason


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
    state: Literal["open", "closed"] = "open"
    live: bool | None = None
    phases: Word | None = None
    restore_at: Moment | None = None
    transformers: Annotated[list[NetworkId], Field(max_length=2000)] | None = None
    note: Prose | None = None
    damage: Reason | None = None
    parts: Reason | None = None
    parts_needed: Parts | None = None
    ticket_id: ClientId | None = None
    power_on: bool | None = None


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
    battery: Annotated[int, Field(ge=0, le=100)] | None = None


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
