"""What is on record, as the pure rules read it: around one caller, and along one feeder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from dispatch.domain.notice import NoticeNearby
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import (
    Calling,
    EstimatedRestoration,
    OutageStatus,
    PredictedDevice,
    Prediction,
)
from dispatch.domain.phases import share_a_phase
from dispatch.domain.words import (
    DistrictId,
    NetworkLevel,
    OutageId,
    PlannedOutageId,
    TicketId,
    UsagePointId,
)
from dispatch.domain.zone import ZoneKind

Touches = Literal["usage_point", "transformer", "near"]
"""How an outage touches a caller: their home itself, their transformer, or only the vicinity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePoint:
    """A customer's usage point and what supplies it; EPSG:4326, None where not on record."""

    id: UsagePointId
    account: str
    meter: str | None = None
    name: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    district_id: DistrictId | None = None
    transformer_id: str | None = None
    transformer_name: str | None = None
    feeder_id: str | None = None
    feeder_name: str | None = None
    disconnected_for: str | None = None
    critical: str | None = None
    phases: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerAt:
    """A transformer and what protects it; EPSG:4326."""

    id: str
    name: str
    lon: float
    lat: float
    device_id: str | None
    feeder_id: str | None
    district_id: DistrictId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewProgress:
    """How far the outage's crew is; `expected_at` is None where nobody drives or knows."""

    name: str
    status: OrderStatus
    expected_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageNearby:
    """An outage that may explain a caller.

    `reports` counts the customers' reports attached to it, `distance_m` is from the caller's place
    (0 where it is not known). `restored_at` is when the caller's part had supply again, None while
    it is out. `reach` is how probably the caller's transformer hangs below what opened, as it was
    last inferred of a predicted outage; None where it was not. `calling` is what was then held of
    its callers, also of one that was confirmed since. `notice` is the public notice of it that is
    out.
    """

    id: OutageId
    touches: Touches
    distance_m: float
    level: NetworkLevel
    status: OutageStatus
    device: PredictedDevice
    started_at: datetime
    reports: int
    restored_at: datetime | None = None
    cause: str | None = None
    estimate: EstimatedRestoration | None = None
    crew: CrewProgress | None = None
    notice: NoticeNearby | None = None
    reach: float | None = None
    calling: Calling | None = None
    phases: str | None = None

    def may_put_out(self, customer: ServicePoint | None) -> bool:
        """Whether the customer's phases are not all others than those a transformer has lost."""
        if customer is None or self.touches != "transformer" or self.device.kind != "transformer":
            return True
        return share_a_phase(customer.phases, self.phases)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNearby:
    """A planned outage of the caller's transformer, under way or about to begin."""

    id: PlannedOutageId
    reason: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTicket:
    """An open report of the same customer."""

    id: TicketId
    received_at: datetime
    outage_id: OutageId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneAround:
    """The declared zone that a caller's place lies in."""

    kind: ZoneKind
    name: str
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFacts:
    """Everything on record around one caller; outages open first, then those restored recently.

    `neighbours` counts the customers of the caller's transformer, 0 where that is not known, and
    `kinds` those of them of each known kind.
    """

    service_point: ServicePoint | None = None
    neighbours: int = 0
    kinds: tuple[tuple[str, int], ...] = ()
    outages: tuple[OutageNearby, ...] = ()
    planned: PlannedNearby | None = None
    own_tickets: tuple[OwnTicket, ...] = ()
    zone: ZoneAround | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNode:
    """A protective device of a feeder; what is at or below it has `pre <= x < post`.

    `length_m` is the line exposed between this device and the next ones below.
    """

    id: str
    kind: str
    name: str
    parent_id: str | None
    pre: int
    post: int
    lon: float | None
    lat: float | None
    length_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerNode:
    """A transformer at its place in the feeder's tree; `device_id` is what protects it.

    `customers` counts those who can lose supply, `kinds` those of them of each known kind.
    """

    id: str
    name: str
    device_id: str | None
    pre: int
    lon: float
    lat: float
    customers: int = 0
    kinds: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederTree:
    """A feeder as switched now: devices in preorder, transformers by their place among them."""

    feeder_id: str
    devices: tuple[DeviceNode, ...] = ()
    transformers: tuple[TransformerNode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFact:
    """An open report of lost supply; `kept_apart_from` are open outages a human took it out of.

    A report that came with a position only hangs on the nearest customer's transformer, and
    `spread` says how the caller's place is shared among transformers (weights, adding up to one);
    it is empty where the customer is known. `neighbours_out` is what the caller said of the
    neighbours' light, None as long as nobody asked; `by_hand` that a person put it where it is.
    `probability` is that with which it is on record in its outage; `lon, lat` is EPSG:4326, right
    to `accuracy_m`. `phases` are those of the low-voltage network that the caller is connected to,
    None where that is not on record; `kind` is the customer's, likewise.
    """

    ticket_id: TicketId
    usage_point_id: UsagePointId | None
    transformer_id: str | None
    outage_id: OutageId | None
    received_at: datetime
    kept_apart_from: frozenset[OutageId] = frozenset()
    spread: tuple[tuple[str, float], ...] = ()
    neighbours_out: bool | None = None
    by_hand: bool = False
    probability: float | None = None
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float = 0.0
    phases: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageFact:
    """An open outage of the feeder and the transformers it holds.

    `order_sent` says whether its order may be given to a crew, `hold_until` until when it may not;
    `prediction` is what was last made of it. `phases` are the open ones, None: all of them.
    """

    id: OutageId
    status: OutageStatus
    device_id: str | None
    started_at: datetime
    crew_on_its_way: bool
    transformers: frozenset[str] = frozenset()
    order_sent: bool = False
    hold_until: datetime | None = None
    prediction: Prediction | None = None
    opened_at: datetime | None = None
    level: NetworkLevel = NetworkLevel.FEEDER_MODEL
    phases: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageElsewhere:
    """An open outage on another feeder, some of whose callers may have been filed on this one.

    `reports` counts its callers where it is a device's. `transformers` are those that it holds of
    the ones where reports of this feeder may have come from.
    """

    id: OutageId
    is_confirmed: bool
    started_at: datetime
    reports: int
    transformers: frozenset[str] = frozenset()


class MeterSignalKind(StrEnum):
    """What a meter says of its supply; pings are answers, or silence, when it was asked."""

    LAST_GASP = "last_gasp"
    POWER_UP = "power_up"
    PING_ON = "ping_on"
    PING_OFF = "ping_off"

    @property
    def tells_of_light(self) -> bool:
        """Whether there was supply when it came."""
        return self in {MeterSignalKind.PING_ON, MeterSignalKind.POWER_UP}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSignal:
    """A signal from one customer's meter; `at` is the meter's own time."""

    usage_point_id: UsagePointId
    transformer_id: str
    kind: MeterSignalKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSighting:
    """A device was seen open or closed: by SCADA, a crew or a dispatcher.

    `is_live` says whether there was voltage at it, None where nobody looked.
    """

    device_id: str
    is_open: bool
    at: datetime
    source: str
    is_live: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A feeder's district, and what opened there lately: by it inference knows a storm.

    `devices` counts the protective devices of each kind, `km` is the length of lines behind them;
    `opened_devices` and `opened_homes` are outages opened `within` the last hours, of devices and
    of single homes. `declared` where a dispatcher says that a storm, flood or fire is there.
    """

    devices: Mapping[str, int]
    km: float
    customers: int
    within: timedelta
    opened_devices: int = 0
    opened_homes: int = 0
    declared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWork:
    """Supply is cut on purpose: these are dark for it from `begins_at` until `ends_at`.

    Both as they count: some minutes before the announced time, and for a while after the announced
    end where nobody has said that it is over.
    """

    transformers: frozenset[str]
    begins_at: datetime
    ends_at: datetime

    def holds(self, transformer_id: str, at: datetime) -> bool:
        """Whether a transformer is dark for it at a moment."""
        return transformer_id in self.transformers and self.begins_at <= at <= self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class FeederEvidence:
    """What is known along one feeder; `lit` says when a transformer was last known to have light.

    `relit` has, of each transformer whose last known outage is over, when it lost supply and when
    that came back. Without `around` the weather is taken to be calm; `elsewhere` are outages on the
    district's other feeders whose callers may be among the reports, `planned` is work of the last
    day. `district_id` says whose rates count. Below the `level` of a feeder model the tree is an
    assumed one.
    """

    tree: FeederTree
    reports: tuple[ReportFact, ...] = ()
    outages: tuple[OutageFact, ...] = ()
    lit: Mapping[str, datetime] = field(default_factory=dict)
    relit: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    signals: tuple[MeterSignal, ...] = ()
    sightings: tuple[DeviceSighting, ...] = ()
    around: Surroundings | None = None
    elsewhere: tuple[OutageElsewhere, ...] = ()
    planned: tuple[PlannedWork, ...] = ()
    district_id: DistrictId | None = None
    level: NetworkLevel = NetworkLevel.FEEDER_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictEvidence:
    """What is known of a district where no feeder is modelled.

    `transformers` hang on no modelled feeder; they stay the same object until the network is loaded
    anew. `customers` lives on none of them, as far as known. `per_km2` is how densely people live
    around each report that came from a position alone.
    """

    district_id: DistrictId
    transformers: tuple[TransformerNode, ...] = ()
    customers: int = 0
    reports: tuple[ReportFact, ...] = ()
    outages: tuple[OutageFact, ...] = ()
    lit: Mapping[str, datetime] = field(default_factory=dict)
    relit: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    signals: tuple[MeterSignal, ...] = ()
    per_km2: Mapping[TicketId, float] = field(default_factory=dict)
    planned: tuple[PlannedWork, ...] = ()
    opened_devices: int = 0
    opened_homes: int = 0
    declared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Somebody at a restored place who can be asked whether there is light, or was.

    `person` is who, however often and by whatever report; `ticket_id` the report to be called
    back, None for a meter. `place` is a transformer, or `home:` with the usage point where single
    homes were out. `lit` is what was answered at `at`, None where nobody was reached or asked.
    `name` is the address or account, or the meter's number.
    """

    person: str
    place: str
    by_meter: bool
    name: str
    phone: str | None = None
    ticket_id: TicketId | None = None
    usage_point_id: UsagePointId | None = None
    at: datetime | None = None
    lit: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredFacts:
    """What an outage left behind that supply has come back to, in whole or in part.

    `places` are what has light again and is out for nothing else, with its customers. `asked` is
    everybody who was asked since `restored_at`, also when nobody answered.
    """

    tree: FeederTree
    device_id: str | None
    started_at: datetime
    restored_at: datetime
    places: Mapping[str, int]
    people: tuple[Asked, ...] = ()
    asked: tuple[Asked, ...] = ()
    around: Surroundings | None = None
    district_id: DistrictId | None = None
