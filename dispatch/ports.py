"""What the use cases need from the outside world; each port is as narrow as its users."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.arrival import ArrivalEvidence
from dispatch.domain.clock import Clock, RuleSet
from dispatch.domain.crew import Crew, CrewState, PositionFix
from dispatch.domain.event import Event
from dispatch.domain.facts import (
    DistrictEvidence,
    FeederEvidence,
    KnownFacts,
    RestoredFacts,
    ServicePoint,
    TransformerAt,
)
from dispatch.domain.link import LinkDecision, LinkLook, SuspectedLink
from dispatch.domain.notice import Notice, NoticeAnswer, NoticeFacts, Served
from dispatch.domain.order import DispatchStep, Incident, TroubleOrder
from dispatch.domain.outage import Outage, PlannedOutage, PredictedDevice, Scope
from dispatch.domain.past import LinkHistory, RatesVersion
from dispatch.domain.proposal import Dismissed, SplitProposal
from dispatch.domain.signal import MeteredPoint, MeterRecord, NamedDevice, SightingRecord
from dispatch.domain.ticket import AreaAtReport, Place, TroubleTicket
from dispatch.domain.tracking import Duty, Extent, Tracker
from dispatch.domain.words import (
    CrewId,
    DistrictId,
    IncidentId,
    NoticeId,
    OrderId,
    OutageId,
    PlannedOutageId,
    ProposalId,
    TicketId,
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

    def find_device(self, device_id: str) -> PredictedDevice | None: ...
    def list_below_device(self, device_id: str) -> Sequence[str]:
        """The transformers below a device as switched now; empty for an unknown one."""
        ...

    def count_customers(self, scope: Scope) -> int: ...
    def list_critical(self, scope: Scope) -> Sequence[str]: ...


class Known(Protocol):
    """What may explain a caller; one query each."""

    def facts_of(
        self, usage_point_id: UsagePointId, phone: str | None, now: datetime
    ) -> KnownFacts: ...
    def facts_at(self, place: Place, phone: str | None, now: datetime) -> KnownFacts: ...


class Tickets(Protocol):
    """Trouble tickets and what they are attached to."""

    def find(self, ticket_id: TicketId) -> TroubleTicket | None: ...
    def get(self, ticket_id: TicketId) -> TroubleTicket: ...
    def add(self, ticket: TroubleTicket, attachment: "Attachment | None" = None) -> None:
        """Store a new ticket, attached from the start if there is an attachment.

        Its feeder is to be looked at.
        """
        ...

    def save(self, ticket: TroubleTicket) -> TroubleTicket: ...
    def list_of_outage(self, outage_id: OutageId) -> Sequence[TroubleTicket]: ...
    def list_of_planned(self, planned_id: PlannedOutageId) -> Sequence[TroubleTicket]: ...
    def attach(self, attachment: "Attachment") -> None:
        """End the ticket's current attachment, if any, and begin this one."""
        ...

    def detach(self, ticket_id: TicketId, *, by: str, reason: str, at: datetime) -> None: ...
    def weigh(self, probabilities: Mapping[TicketId, float]) -> None:
        """Take down anew how probably tickets belong to the outages they are attached to."""
        ...

    def kept_apart(self, ticket_id: TicketId) -> frozenset[OutageId]:
        """Outages that a human took this ticket out of."""
        ...

    def must_tell(self, ticket_ids: Collection[TicketId], due_at: datetime) -> None: ...
    def record_told(self, told: "Told") -> None: ...
    def list_unverified(self, outage_id: OutageId) -> Sequence[TicketId]:
        """Tickets of the outage whose caller has not said that power is on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A ticket explained by an outage: how probably, on what basis, why, and who decided."""

    ticket_id: TicketId
    outage_id: OutageId
    probability: float
    basis: str
    reasons: tuple[str, ...]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A call-back: what the caller answered."""

    ticket_id: TicketId
    at: datetime
    by: str
    power_on: bool | None
    satisfied: bool | None
    note: str


class Outages(Protocol):
    """Unplanned and planned outages, their scope, and the interruptions they cause."""

    def next_id(self) -> OutageId: ...
    def get(self, outage_id: OutageId) -> Outage: ...
    def lock(self, outage_id: OutageId) -> Outage:
        """As `get`, and nobody else changes it before this transaction ends."""
        ...

    def add(self, outage: Outage, scope: Scope) -> None: ...
    def save(self, outage: Outage) -> Outage: ...
    def scope_out(self, outage_id: OutageId) -> Scope:
        """Who is out now because of it."""
        ...

    def customers_out(self, outage_ids: Collection[OutageId]) -> Mapping[OutageId, int]:
        """How many customers are out now because of each; those without any are left out."""
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

    def kept_dark(self, among: Collection[str], *, but: OutageId) -> Mapping[str, OutageId]:
        """Which confirmed outage, other than `but`, leaves a transformer dark all the same.

        That is the one whose device is nearest on the transformer's way to its source and other
        than the device of `but`, unless it has given this transformer light again already.
        Transformers that nothing keeps dark are left out.
        """
        ...

    def next_planned_id(self) -> PlannedOutageId: ...
    def get_planned(self, planned_id: PlannedOutageId) -> PlannedOutage: ...
    def list_planned_overdue(self, now: datetime, limit: int) -> Sequence[PlannedOutage]:
        """Past their planned end, with no end recorded, and not noted so far; earliest first."""
        ...

    def add_planned(self, planned: PlannedOutage) -> None: ...
    def save_planned(self, planned: PlannedOutage) -> PlannedOutage: ...
    def record_planned_interruptions(self, planned: PlannedOutage, at: datetime) -> int: ...
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


class Notices(Protocol):
    """Public notices and whom they answered."""

    def served(
        self, outage: Outage, scope: Scope, *, window: timedelta, earlier: timedelta, now: datetime
    ) -> Served:
        """Whom the transformers of `scope` serve, and how many calls came from them."""
        ...

    def get(self, notice_id: NoticeId) -> Notice: ...
    def find_out(self, outage_id: OutageId) -> Notice | None:
        """The notice of the outage that was not withdrawn, if there is one."""
        ...

    def add(
        self,
        outage: Outage,
        facts: NoticeFacts,
        *,
        say_by: datetime,
        released_at: datetime,
        released_by: str,
    ) -> Notice: ...
    def save(self, notice: Notice) -> Notice: ...
    def find_answering(self, ticket_id: TicketId) -> Notice | None:
        """The notice that a report was answered from, if one was."""
        ...

    def answered(self, answer: NoticeAnswer) -> None:
        """Count a caller who was answered from a notice; the same one twice counts once."""
        ...


class Proposals(Protocol):
    """Proposals to split a confirmed outage."""

    def get(self, proposal_id: ProposalId) -> SplitProposal: ...
    def next_id(self) -> ProposalId: ...
    def add(self, proposal: SplitProposal) -> None: ...
    def save(self, proposal: SplitProposal) -> SplitProposal: ...
    def list_open(self, outage_ids: Collection[OutageId]) -> Sequence[SplitProposal]: ...
    def list_open_along(self, feeder_id: str) -> Sequence[SplitProposal]:
        """Those that wait for a decision on outages of the feeder, also where these are over."""
        ...

    def dismissed(self, outage_ids: Collection[OutageId]) -> Dismissed:
        """Reports that a dismissed proposal of the outage named; outages without any left out."""
        ...


class Orders(Protocol):
    """Trouble orders, their steps, incidents and what phones sent."""

    def next_id(self) -> OrderId: ...
    def get(self, order_id: OrderId) -> TroubleOrder: ...
    def lock(self, order_id: OrderId) -> TroubleOrder: ...
    def add(self, order: TroubleOrder) -> None: ...
    def save(self, order: TroubleOrder) -> TroubleOrder: ...
    def find_open_of_outage(self, outage_id: OutageId) -> TroubleOrder | None: ...
    def find_open_of_incident(self, incident_id: IncidentId) -> TroubleOrder | None: ...
    def list_awaiting(self, district_id: DistrictId) -> Sequence[TroubleOrder]:
        """Orders without a crew, most urgent first."""
        ...

    def list_under_way(self, district_id: DistrictId) -> Sequence[TroubleOrder]:
        """Orders that a crew holds, by number."""
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
    def find_arrival(self, order_id: OrderId, crew_id: CrewId) -> ArrivalEvidence | None: ...
    def save_arrival(
        self, order_id: OrderId, crew_id: CrewId, evidence: ArrivalEvidence, now: datetime
    ) -> None: ...


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

    def get(self, crew_id: CrewId) -> Crew: ...
    def list_states(self, district_id: DistrictId, now: datetime) -> Sequence[CrewState]: ...
    def state(self, crew_id: CrewId, now: datetime) -> CrewState: ...
    def record_fixes(self, fixes: Sequence[PositionFix]) -> int:
        """Store new fixes and move last positions; how many were new."""
        ...

    def list_fixes(
        self, crew_id: CrewId, since: datetime, until: datetime
    ) -> Sequence[PositionFix]: ...


class Positions(Protocol):
    """What is known of positions beside the fixes themselves."""

    def duty(self, crew_ids: Collection[CrewId], since: datetime, until: datetime) -> Duty:
        """When these crews were at work: on shift, or on an order."""
        ...

    def extents(self, crew_ids: Collection[CrewId]) -> Mapping[CrewId, Extent]:
        """The boxes around the crews' districts, of those that have a boundary."""
        ...

    def last_of_devices(
        self, crew_ids: Collection[CrewId], devices: Collection[str]
    ) -> Mapping[tuple[CrewId, str], PositionFix]:
        """The newest good fix of each of these devices for each of these crews."""
        ...

    def list_jumps(
        self, crew_id: CrewId, device: str, since: datetime, until: datetime, most: int
    ) -> Sequence[PositionFix]:
        """A device's latest fixes between two moments that were taken for jumps, by time."""
        ...

    def list_last(self, districts: Collection[DistrictId] | None) -> Sequence[PositionFix]: ...
    def with_orders(self, crew_ids: Collection[CrewId], since: datetime) -> Sequence[CrewId]:
        """Those of the crews that hold an order, or completed one after `since`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerCount:
    """How many messages of an enrolled device met one fate (`taken`, or why not), and when last."""

    tracker_id: str
    what: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownTracker:
    """A device that is not enrolled, and how often it called."""

    wire: str
    device: str
    count: int
    first_at: datetime
    last_at: datetime


class Trackers(Protocol):
    """Devices that may say where a crew is."""

    def find(self, tracker_id: str) -> Tracker | None: ...
    def get(self, tracker_id: str) -> Tracker: ...
    def list_all(self) -> Sequence[Tracker]: ...
    def list_of_vehicle(self, vehicle: str) -> Sequence[Tracker]: ...
    def save(self, tracker: Tracker) -> None:
        """Add or change a device with its bindings."""
        ...

    def count(self, counts: Sequence[TrackerCount], seen: Mapping[str, datetime]) -> None: ...
    def count_unknown(self, unknown: Sequence[UnknownTracker]) -> None: ...
    def list_counts(self) -> Sequence[TrackerCount]: ...
    def list_seen(self) -> Mapping[str, datetime]: ...
    def list_unknown(self) -> Sequence[UnknownTracker]: ...


class Clocks(Protocol):
    """Commitments in force and the clocks that run."""

    def rules_at(self, at: datetime) -> RuleSet: ...
    def get_rules(self, version: int) -> RuleSet: ...
    def start(self, clocks: Sequence[Clock]) -> Sequence[Clock]:
        """Start clocks; one that runs or ran already is left alone. Those that were started."""
        ...

    def save(self, clocks: Sequence[Clock]) -> None: ...
    def list_unsettled_of_tickets(self, ticket_ids: Collection[TicketId]) -> Sequence[Clock]:
        """Clocks still running, or judged `cannot_say` for want of evidence."""
        ...

    def list_unsettled_of_order(self, order_id: OrderId) -> Sequence[Clock]: ...
    def list_of_ticket(self, ticket_id: TicketId) -> Sequence[Clock]: ...
    def list_due_warning(self, now: datetime, limit: int) -> Sequence[Clock]:
        """Running clocks, soonest first, that may have reached their next level."""
        ...


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


class Events(Protocol):
    """The append-only journal, written in the transaction of the change."""

    def append(self, event: Event) -> None: ...


class Store(Protocol):
    """Everything one transaction can read and write."""

    @property
    def directory(self) -> Directory: ...
    @property
    def known(self) -> Known: ...
    @property
    def tickets(self) -> Tickets: ...
    @property
    def outages(self) -> Outages: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def proposals(self) -> Proposals: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def crews(self) -> Crews: ...
    @property
    def positions(self) -> Positions: ...
    @property
    def trackers(self) -> Trackers: ...
    @property
    def clocks(self) -> Clocks: ...
    @property
    def signals(self) -> Signals: ...
    @property
    def rates(self) -> KeptRates: ...
    @property
    def links(self) -> Links: ...
    @property
    def events(self) -> Events: ...


@dataclass(frozen=True, slots=True)
class Travel:
    """How long a crew drives: `basis` is `road`, `straight_line` (declared) or `unreachable`."""

    seconds: float
    metres: float | None
    basis: str


class TravelTimes(Protocol):
    """Road times between places, each (lon, lat)."""

    def travel_to(
        self, lon: float, lat: float, origins: Sequence[tuple[float, float]]
    ) -> Sequence[Travel]:
        """How long it takes from each place to one, and what that rests on."""
        ...

    def minutes(
        self, starts: Sequence[tuple[float, float]], ends: Sequence[tuple[float, float]]
    ) -> NDArray[np.float32]:
        """The minutes from each of n places to each of m, shape (n, m), as `travel_to` has them.

        Infinite where no road leads. Which of them rest on a straight line `travel_to` says, and it
        is asked before a crew is sent.
        """
        ...
