"""Orders, the crews that carry them out, and what these send from the site."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from dispatch.domain.arrival import ArrivalEvidence
from dispatch.domain.crew import Crew, CrewState, PositionFix, Posting, Rest
from dispatch.domain.depot import Depot
from dispatch.domain.loan import CrewLoan, LendingRule
from dispatch.domain.order import DispatchStep, Incident, Sending, TroubleOrder
from dispatch.domain.photo import Photo
from dispatch.domain.safety import AtWork, MissedCheckIn
from dispatch.domain.words import (
    CrewId,
    DepotId,
    DistrictId,
    IncidentId,
    LendingRuleId,
    LoanId,
    OrderId,
    OutageId,
    TicketId,
)


class Orders(Protocol):
    """Trouble orders, their steps, incidents and what phones sent."""

    def next_id(self) -> OrderId: ...
    def get(self, order_id: OrderId) -> TroubleOrder: ...
    def lock(self, order_id: OrderId) -> TroubleOrder: ...
    def add(self, order: TroubleOrder) -> None: ...
    def save(self, order: TroubleOrder) -> TroubleOrder: ...
    def find_open_of_outage(self, outage_id: OutageId) -> TroubleOrder | None: ...
    def find_open_of_incident(self, incident_id: IncidentId) -> TroubleOrder | None: ...
    def find_open_support(self, order_id: OrderId) -> TroubleOrder | None:
        """Read the order that brings a second crew to the work of an order."""
        ...

    def list_supports(self, order_id: OrderId) -> Sequence[TroubleOrder]:
        """List the orders that brought, or bring, a second crew to the work of an order."""
        ...

    def list_awaiting(self, district_id: DistrictId) -> Sequence[TroubleOrder]:
        """Orders without a crew, most urgent first."""
        ...

    def list_under_way(self, district_id: DistrictId) -> Sequence[TroubleOrder]:
        """Orders that a crew holds, by number."""
        ...

    def still_open(self, order_ids: Collection[OrderId]) -> frozenset[OrderId]:
        """Which of these are not over yet."""
        ...

    def declined(self, order_ids: Collection[OrderId]) -> Mapping[OrderId, frozenset[CrewId]]:
        """Crews that gave an order back, and the last one that did not accept it in time.

        Silence is no refusal: when the next crew is silent as well, the first may be asked again.
        Orders without any are left out.
        """
        ...

    def list_unaccepted(self, assigned_before: datetime) -> Sequence[TroubleOrder]: ...
    def list_of_crew(self, crew_id: CrewId, since: datetime) -> Sequence[TroubleOrder]:
        """Orders the crew holds, and those it completed after `since`."""
        ...

    def record(self, step: DispatchStep) -> None: ...
    def list_steps(self, order_id: OrderId) -> Sequence[DispatchStep]: ...
    def next_incident_id(self) -> IncidentId: ...
    def get_incident(self, incident_id: IncidentId) -> Incident: ...
    def find_incident_of(self, ticket_id: TicketId) -> Incident | None: ...
    def add_incident(self, incident: Incident) -> None: ...
    def save_incident(self, incident: Incident) -> Incident: ...
    def find_action(self, action_id: str) -> "ActionRecord | None": ...
    def record_action(self, action: "ActionRecord") -> None: ...
    def list_passed_on(
        self, crew_id: CrewId, since: datetime
    ) -> Sequence[tuple[TroubleOrder, Sending]]:
        """Orders that passed on from the crew after `since`, and when it had them."""
        ...

    def find_arrival(
        self, order: TroubleOrder, sending: Sending | None = None
    ) -> ArrivalEvidence | None:
        """How the arrival of a crew was judged last; without one, of who holds it or held it last.

        Each time that a crew was sent is judged by itself.
        """
        ...

    def list_earlier_arrivals(self, order: TroubleOrder) -> Sequence[ArrivalEvidence]:
        """How the arrivals of those who held it before were judged last."""
        ...

    def add_arrival(
        self, order_id: OrderId, sending: Sending, evidence: ArrivalEvidence, now: datetime
    ) -> None:
        """Keep a new judgement; the older ones stay."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRecord:
    """One action of a crew's phone as it was taken: `applied`, `repeated`, `late` or `refused`."""

    id: str
    crew_id: CrewId
    seq: int
    kind: str
    order_id: OrderId
    occurred_at: datetime
    received_at: datetime
    facts: Mapping[str, object]
    outcome: str
    detail: str


class Crews(Protocol):
    """Crews, shifts and positions."""

    def get(self, crew_id: CrewId) -> Crew:
        """A crew, retired ones too."""
        ...

    def lock(self, crew_id: CrewId) -> Crew:
        """A crew that nobody else sends or retires before this transaction ends."""
        ...

    def must_serve(self, crew_id: CrewId) -> None:
        """`CrewUnavailable` for a retired crew; nobody retires it before this transaction ends."""
        ...

    def keep_in_service(self, crew_id: CrewId, *, retired_at: datetime | None) -> None:
        """Write since when a crew is retired; None: it is in service."""
        ...

    def load(self, crew_id: CrewId, carries: Collection[str]) -> None:
        """Write which parts a crew has aboard."""
        ...

    def list_states(self, district_id: DistrictId, now: datetime) -> Sequence[CrewState]:
        """The crews in the plan of a district: its own, less those lent, and those it borrows."""
        ...

    def state(self, crew_id: CrewId, now: datetime) -> CrewState: ...
    def record_fixes(self, fixes: Sequence[PositionFix]) -> int:
        """Store new fixes and move last positions; how many were new."""
        ...

    def find_posting(self, crew_id: CrewId) -> Posting | None:
        """Where the crew was asked to stand by, over or not."""
        ...

    def list_postings(self, district_id: DistrictId, now: datetime) -> Sequence[Posting]:
        """Where the crews of a district stand by at `now`."""
        ...

    def post(self, kept: Posting) -> None:
        """Keep where a crew stands by, in place of where it did."""
        ...

    def rest(self, crew_id: CrewId, rest: Rest, *, by: str, reason: str) -> None:
        """Give a crew a break, in place of the one that it was given before."""
        ...

    def end_rest(self, crew_id: CrewId, now: datetime) -> bool:
        """Take back the break that somebody gave a crew; False where that has passed."""
        ...

    def unpost(self, crew_id: CrewId) -> None:
        """Let a crew stand by nowhere."""
        ...

    def list_fixes(
        self, crew_id: CrewId, since: datetime, until: datetime
    ) -> Sequence[PositionFix]: ...
    def list_same_places(
        self, fixes: Collection[PositionFix], since: datetime, until: datetime
    ) -> Sequence[PositionFix]:
        """Fixes of the crew of `fixes`, of another time, with their very coordinates."""
        ...

    def find_seen_before(self, crew_id: CrewId, at: datetime) -> datetime | None:
        """When the crew was seen last before `at`, within an hour; None if it was not."""
        ...

    def list_beside(self, fix: PositionFix, since: datetime, until: datetime) -> Sequence[CrewId]:
        """Other crews that were within some hundred metres of a fix within that time."""
        ...


class Depots(Protocol):
    """Where crews fetch parts."""

    def get(self, depot_id: DepotId) -> Depot: ...
    def list_of(self, districts: Collection[DistrictId] | None) -> Sequence[Depot]:
        """The depots of these districts (None: of all), by id."""
        ...

    def save(self, depot: Depot) -> None: ...
    def remove(self, depot_id: DepotId) -> None: ...


class CheckIns(Protocol):
    """Crews at work on a site, and the words of theirs that did not come."""

    def find_at_work(self, order_id: OrderId) -> AtWork | None: ...
    def list_silent(self, since: datetime) -> Sequence[AtWork]:
        """Crews at their sites of whom nothing was heard after `since`."""
        ...

    def hear(self) -> Sequence[MissedCheckIn]:
        """End what was missed of crews that have given a sign after all."""
        ...

    def miss(self, missed: MissedCheckIn) -> bool:
        """Keep a word that did not come; False if that was known."""
        ...

    def lock(self, missed_id: int) -> MissedCheckIn: ...
    def save(self, missed: MissedCheckIn) -> None: ...


class ManyAtOnce(Protocol):
    """What one action did to each of many rows, so that it can be undone."""

    def keep(self, bulk_id: int, thing: str, kept: Mapping[str, Any]) -> None:
        """Write down what was done to one row, and what undoing puts back."""
        ...

    def take_back(self, bulk_id: int, thing: str, at: datetime) -> None:
        """Write down that one row was undone."""
        ...


class Photos(Protocol):
    """Photographs that crews took; they come in pieces."""

    def lock(self, photo_id: str) -> Photo | None:
        """What is known of one, that nobody else changes before this transaction ends."""
        ...

    def count(self, order_id: OrderId, crew_id: CrewId) -> int: ...
    def begin(self, photo: Photo) -> None: ...
    def append(self, photo_id: str, piece: bytes) -> None: ...
    def content(self, photo_id: str) -> bytes:
        """What has come so far."""
        ...

    def finish(self, photo: Photo, content: bytes) -> None:
        """Keep the whole picture as it is to be shown."""
        ...


class Loans(Protocol):
    """Crews lent from one district to another, and consent given beforehand."""

    def get(self, loan_id: LoanId) -> CrewLoan: ...
    def lock(self, loan_id: LoanId) -> CrewLoan: ...
    def add(self, loan: CrewLoan) -> CrewLoan:
        """Keep a new loan; it comes back with its number."""
        ...

    def save(self, loan: CrewLoan) -> CrewLoan:
        """Write it; `Collision` where its crew is lent at that time already."""
        ...

    def list_open(self, district_id: DistrictId) -> Sequence[CrewLoan]:
        """What a district lends, borrows, asks for or is asked for."""
        ...

    def said_no(self, to_id: DistrictId, since: datetime) -> frozenset[DistrictId]:
        """Who lends that district nothing, by the word of a person of either since then."""
        ...

    def list_to_tend(self, limit: int) -> Sequence[CrewLoan]:
        """Take open loans; no other worker gets them."""
        ...

    def find_of_crew(self, crew_id: CrewId) -> CrewLoan | None:
        """The loan by which a crew is away, or on its way home."""
        ...

    def add_rule(self, rule: LendingRule) -> LendingRule: ...
    def save_rule(self, rule: LendingRule) -> None: ...
    def lock_rule(self, rule_id: LendingRuleId) -> LendingRule: ...
    def lock_rules(self, from_id: DistrictId, to_id: DistrictId) -> Sequence[LendingRule]:
        """The rules by which one district may lend to another; nobody else lends by them now."""
        ...

    def count_out(self, rule_id: LendingRuleId, now: datetime) -> int:
        """How many crews are away by a rule at `now`."""
        ...
