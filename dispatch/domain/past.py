"""What the record keeps of outages that are over: the facts that learning starts from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.domain.words import DistrictId, OutageId, UsagePointId


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPart:
    """Customers of an outage who had light again at one moment, and when those of them called.

    `called_at` holds the first call of each customer who called before `lit_at`, `called_kinds` of
    what kind each is (None: not known), in the same order; `kinds` how many there are of each.
    """

    customers: int
    lit_at: datetime
    called_at: tuple[datetime, ...] = ()
    called_kinds: tuple[str | None, ...] = ()
    kinds: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOutage:
    """A closed outage.

    `began_at` is its beginning where something other than a call tells it (SCADA, meters), else
    None. `restored_at` is None where it was closed as nothing of ours. `parts` is empty for the
    fault of a single home.
    """

    id: OutageId
    district_id: DistrictId
    kind: str
    opened_at: datetime
    device_id: str | None = None
    began_at: datetime | None = None
    restored_at: datetime | None = None
    confirmed: bool = False
    parts: tuple[PastPart, ...] = ()

    @property
    def heard_at(self) -> datetime:
        """The first call; when it was opened, if nobody called."""
        return min((at for part in self.parts for at in part.called_at), default=self.opened_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedDevice:
    """A device that may open: `km` of line are its own, `customers` are at or below it.

    `watched` says that it tells of itself when it opens, so that no outage of it stays unseen.
    """

    id: str
    kind: str
    district_id: DistrictId
    parent_id: str | None = None
    km: float = 0.0
    customers: int = 0
    watched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Closed outages from `since` to `until`, and what could have failed in that time."""

    since: datetime
    until: datetime
    outages: tuple[PastOutage, ...] = ()
    devices: tuple[PlacedDevice, ...] = ()
    customers: Mapping[DistrictId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Darkness:
    """When an outage kept a transformer out.

    So many of the outage's customers called, and so many of their meters sent a last gasp.
    """

    outage_id: OutageId
    transformer_id: str
    from_at: datetime
    to_at: datetime
    customers: int
    callers: int
    gasps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedLoss:
    """A customer, or their meter, told of lost supply; the transformer is the one on record."""

    usage_point_id: UsagePointId
    transformer_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedCustomer:
    """Who hangs on which transformer by the record, and on which others nearby it might."""

    usage_point_id: UsagePointId
    account: str
    transformer_id: str
    nearby: tuple[str, ...]
    district_id: DistrictId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkHistory:
    """What the record holds to judge customers' transformers by.

    `customers` are those who were heard of more than once: called, or sent a last gasp while their
    transformer was not out. `gasps` are those of their meters and of the others on their
    transformers, `served` how many customers each of these has.
    """

    customers: tuple[LinkedCustomer, ...] = ()
    darkness: tuple[Darkness, ...] = ()
    reports: tuple[ReportedLoss, ...] = ()
    gasps: tuple[ReportedLoss, ...] = ()
    served: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesVersion:
    """A set of rates as it is kept: what was learned, from what, by whom.

    `company` and `districts` hold the rates as plain values, `estimates` what each rests on.
    """

    version: int
    made_at: datetime
    made_by: str
    reason: str
    since: datetime
    until: datetime
    outages: int
    company: Mapping[str, object]
    districts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    estimates: tuple[Mapping[str, object], ...] = ()
