"""Outages and planned work, and who is out because of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from dispatch.domain.facts import (
    DistrictEvidence,
    FeederEvidence,
    RestoredFacts,
)
from dispatch.domain.outage import Outage, PlannedOutage, Scope
from dispatch.domain.words import (
    DistrictId,
    OutageId,
    PlannedOutageId,
)


class Outages(Protocol):
    """Unplanned and planned outages, their scope, and the interruptions they cause."""

    def next_id(self) -> OutageId: ...
    def get(self, outage_id: OutageId) -> Outage: ...
    def lock(self, outage_id: OutageId, *, to_end: bool = False) -> Outage:
        """As `get`, and nobody else changes it before this transaction ends.

        Reports go on joining it meanwhile, except where it is locked `to_end` it.
        """
        ...

    def join(self, outage_id: OutageId) -> Outage:
        """As `get`, and it stays open until this transaction ends; `Collision` if it is over."""
        ...

    def add(self, outage: Outage, scope: Scope) -> None: ...
    def save(self, outage: Outage) -> Outage: ...
    def scope_out(self, outage_id: OutageId) -> Scope:
        """Who is out now because of it."""
        ...

    def customers_out(self, outage_ids: Collection[OutageId]) -> Mapping[OutageId, int]:
        """How many customers are out now because of each; those without any are left out."""
        ...

    def list_open(self, district_id: DistrictId) -> Sequence[Outage]:
        """A district's outages that are not over."""
        ...

    def find_confirmed(self, device_id: str, *, but: OutageId) -> OutageId | None:
        """The open outage, other than `but`, that was confirmed with a device; the oldest."""
        ...

    def find_seen_open(self, device_id: str, at: datetime) -> OutageId | None:
        """The prediction that names a device which was seen open since it began, until `at`."""
        ...

    def list_expiring(self, now: datetime, within: timedelta, limit: int) -> Sequence[Outage]:
        """Those whose estimate passes within so long, or has passed, with no alarm of it so far."""
        ...

    def lit_last(self, outage_ids: Collection[OutageId]) -> Mapping[OutageId, datetime]:
        """When the latest of those who have light again got it; outages without any left out."""
        ...

    def transformers_lit(self, outage_id: OutageId) -> frozenset[str]:
        """The transformers that were out because of it and have light again."""
        ...

    def widen(self, outage_id: OutageId, scope: Scope, out_from: datetime) -> None:
        """Add to who is out; what is out already is out since the earlier of the two times."""
        ...

    def release(self, outage_id: OutageId) -> None:
        """Drop everybody still out from it: the prediction was moved or merged."""
        ...

    def release_part(self, outage_id: OutageId, scope: Scope) -> None:
        """Drop some of those still out from it: they are out for another cause."""
        ...

    def restore(self, outage_id: OutageId, scope: Scope, at: datetime) -> int:
        """Mark `scope` as supplied again and record the interruptions; customers restored.

        What an earlier interruption of a usage point already covers is not recorded again.
        """
        ...

    def transformers_out(
        self, among: Collection[str], *, but: OutageId | None = None
    ) -> frozenset[str]:
        """Those of the transformers that an open outage, other than `but`, holds now."""
        ...

    def not_held(self, scope: Scope, *, but: OutageId | None = None) -> Scope:
        """What of `scope` no open outage, other than `but`, holds now."""
        ...

    def kept_dark(self, among: Collection[str], *, but: OutageId) -> Mapping[str, OutageId]:
        """Which confirmed outage, other than `but`, leaves a transformer dark all the same.

        That is the one whose device is nearest on the transformer's way to its source and other
        than the device of `but`, unless it has given this transformer light again already.
        Transformers that nothing keeps dark are left out.
        """
        ...

    def ask_grouping(
        self, feeder_id: str | None, district_id: DistrictId | None, now: datetime
    ) -> None:
        """Note that a feeder is to be looked at again; without one, its district."""
        ...

    def district_evidence(self, district_id: DistrictId, now: datetime) -> DistrictEvidence:
        """What is known where no feeder is modelled; the notes of news are taken away."""
        ...

    def feeder_evidence(self, feeder_id: str, now: datetime) -> FeederEvidence:
        """What is known along the feeder; the notes that it has news are taken away."""
        ...

    def look_along(self, feeder_id: str, now: datetime) -> FeederEvidence:
        """As `feeder_evidence`, for somebody who only looks: the notes stay."""
        ...

    def find_restored(self, outage: Outage, now: datetime) -> RestoredFacts | None:
        """What its restoration left to be asked; None as long as nothing is restored."""
        ...


class PlannedOutages(Protocol):
    """Planned outages, their transformers, and what became of them."""

    def next_id(self) -> PlannedOutageId: ...
    def get(self, planned_id: PlannedOutageId) -> PlannedOutage: ...
    def list_overdue(self, now: datetime, limit: int) -> Sequence[PlannedOutage]:
        """Past their planned end, with no end recorded, and not noted so far; earliest first."""
        ...

    def add(self, planned: PlannedOutage) -> None: ...
    def save(self, planned: PlannedOutage) -> PlannedOutage: ...
    def record_interruptions(self, planned: PlannedOutage, at: datetime) -> int: ...
