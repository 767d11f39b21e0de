"""Who and what is on record, and what is known of a place."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dispatch.domain.access import AccessNote
from dispatch.domain.facts import (
    KnownFacts,
    ServicePoint,
    TransformerAt,
)
from dispatch.domain.given import AnswerGiven, GivenBefore
from dispatch.domain.outage import PredictedDevice, Scope
from dispatch.domain.ticket import AreaAtReport, Place
from dispatch.domain.words import (
    DistrictId,
    UsagePointId,
)
from gis.geocode import Match


class Directory(Protocol):
    """Customers, network and places, to be looked up."""

    def find_by_account(self, account: str) -> ServicePoint | None: ...
    def find_by_meter(self, meter: str) -> ServicePoint | None: ...
    def list_by_phone(self, phone: str) -> Sequence[ServicePoint]: ...
    def find_usage_point(self, usage_point_id: UsagePointId) -> ServicePoint | None: ...
    def find_transformer(self, transformer_id: str) -> TransformerAt | None: ...
    def find_supply_near(self, lon: float, lat: float, within_m: float) -> TransformerAt | None:
        """The transformer of the nearest customer, else the nearest transformer."""
        ...

    def search_places(self, text: str, limit: int) -> Sequence[Match]:
        """Ranked addresses, landmarks, poles and transformers; empty if nothing is like it."""
        ...

    def find_district(self, lon: float, lat: float) -> DistrictId | None: ...
    def list_districts(self) -> Sequence[DistrictId]: ...
    def assigns_by_itself(self, district_id: DistrictId) -> bool: ...
    def area_at(self, lon: float, lat: float) -> AreaAtReport: ...
    def strictest_area(self) -> AreaAtReport:
        """The area of a report that could not be located: urban, not covered."""
        ...

    def find_device(self, device_id: str) -> PredictedDevice | None:
        """A device of the network; without a feeder model a switch or a transformer by its id."""
        ...

    def list_below_device(self, device_id: str, phases: str | None = None) -> Sequence[str]:
        """The transformers below a device as switched now; empty for an unknown one."""
        ...

    def count_customers(self, scope: Scope) -> int: ...
    def list_critical(self, scope: Scope) -> Sequence[str]: ...


class AccessNotes(Protocol):
    """How crews get to customers' places."""

    def of(self, places: Collection[UsagePointId]) -> Mapping[UsagePointId, AccessNote]:
        """The notes of those places that have one."""
        ...

    def write(self, note: AccessNote) -> None: ...
    def remove(self, usage_point_id: UsagePointId) -> None: ...


class Known(Protocol):
    """What may explain a caller; one query each."""

    def facts_of(
        self, usage_point_id: UsagePointId, phone: str | None, now: datetime
    ) -> KnownFacts: ...
    def facts_at(self, place: Place, phone: str | None, now: datetime) -> KnownFacts: ...


class Given(Protocol):
    """What callers were told."""

    def add(self, given: AnswerGiven) -> AnswerGiven:
        """Keep an answer; of one sent twice the first stands, and is given back."""
        ...

    def list_before(
        self,
        usage_point_id: UsagePointId | None,
        phone: str | None,
        *,
        since: datetime,
        most: int,
    ) -> Sequence[GivenBefore]:
        """What a customer, or a telephone, was told since then, the latest first."""
        ...
