"""What is learned, and what it is learned from."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from dispatch.domain.link import LinkDecision, LinkLook, SuspectedLink
from dispatch.domain.outage import Scope
from dispatch.domain.past import LinkHistory, RatesVersion
from dispatch.domain.repair import DistrictNow, ForecastVersion, Telling
from dispatch.domain.signal import MeteredPoint, MeterRecord, NamedDevice, SightingRecord
from dispatch.domain.words import (
    DistrictId,
    UsagePointId,
)

Built = TypeVar("Built")


class Signals(Protocol):
    """What meters and switchgear say, and whom their names mean."""

    def points_of_meters(self, meters: Collection[str]) -> Mapping[str, MeteredPoint]: ...
    def points_of_accounts(self, accounts: Collection[str]) -> Mapping[str, MeteredPoint]: ...
    def named_devices(self, names: Collection[str]) -> Mapping[str, NamedDevice]:
        """Devices by our id, by the asset's own id, or by name; without those that name several."""
        ...

    def record_meter_signals(self, signals: Sequence[MeterRecord]) -> int:
        """Store what is new by its id; how many that were."""
        ...

    def record_sightings(self, sightings: Sequence[SightingRecord]) -> frozenset[str]:
        """Store what is new by its id; the ids of those."""
        ...


class KeptRates(Protocol):
    """Versions of the rates that inference assumes; what is written stays as it is."""

    def in_force(self) -> int | None:
        """The version in force; None: the rates that were shipped."""
        ...

    def get(self, version: int) -> RatesVersion: ...
    def list_versions(self) -> Sequence[RatesVersion]:
        """Every version, oldest first."""
        ...

    def add(self, made: RatesVersion) -> RatesVersion:
        """Keep a new version; it comes back with its number."""
        ...

    def put_into_force(
        self, version: int | None, *, at: datetime, by: str, reason: str
    ) -> None: ...


class Forecasts(Protocol):
    """Versions of what was learned of waits, and what a forecast needs to know of a district."""

    @property
    def telling(self) -> Telling:
        """What people are told of what is foreseen: the process's settings."""
        ...

    def in_use(self, build: Callable[[ForecastVersion], Built]) -> Built | None:
        """Build from the version in force, once for each process; None: the shipped table."""
        ...

    def in_force(self) -> int | None:
        """The version in force; None: the shipped table."""
        ...

    def get(self, version: int) -> ForecastVersion: ...
    def list_versions(self) -> Sequence[ForecastVersion]:
        """Every version without its model, oldest first."""
        ...

    def add(self, made: ForecastVersion) -> ForecastVersion:
        """Keep a new version; it comes back with its number."""
        ...

    def put_into_force(
        self, version: int | None, *, at: datetime, by: str, reason: str
    ) -> None: ...
    def around(self, district_id: DistrictId, since: datetime) -> DistrictNow:
        """How busy a district is, and how many outages were opened after `since`."""
        ...

    def count_customers(self, scope: Scope) -> int: ...


class Links(Protocol):
    """Customers who seem to hang elsewhere, and what people decided."""

    def history(self, since: datetime, until: datetime) -> LinkHistory:
        """What links are judged by; years of everybody's record."""
        ...

    def renew(self, look: LinkLook, found: tuple[SuspectedLink, ...]) -> None:
        """Replace the list; what was dismissed stays so."""
        ...

    def last_look(self) -> LinkLook | None:
        """When the list was last worked out; None: never."""
        ...

    def lock(self, usage_point_id: UsagePointId) -> SuspectedLink:
        """Read a suspicion that nobody has decided on; `NotFound` where there is none."""
        ...

    def decide(self, decision: LinkDecision) -> LinkDecision:
        """Keep it; it comes back with its number, and its suspicion is off the list."""
        ...

    def lock_decision(self, decision_id: int) -> LinkDecision: ...
    def take_back(self, decision: LinkDecision) -> None:
        """Write down that it counts no more; its suspicion is on the list again."""
        ...

    def move(self, usage_point_id: UsagePointId, from_id: str, to_id: str) -> bool:
        """Hang a customer on another transformer; False if they are not on `from_id` any more."""
        ...
