"""Reports, what they hang on, and what callers and the public are told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from dispatch.domain.desk import DeskAction
from dispatch.domain.notice import Notice, NoticeAnswer, NoticeFacts, Served
from dispatch.domain.outage import Outage, Scope
from dispatch.domain.proposal import Dismissed, SplitProposal
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.watcher import Message, MessageId, Watcher
from dispatch.domain.words import (
    NoticeId,
    OutageId,
    PlannedOutageId,
    ProposalId,
    TicketId,
)


class Tickets(Protocol):
    """Trouble tickets and what they are attached to."""

    def find(self, ticket_id: TicketId) -> TroubleTicket | None: ...
    def get(self, ticket_id: TicketId) -> TroubleTicket: ...
    def find_by_number(self, number: str) -> TroubleTicket | None:
        """The latest ticket that people call so: by its id, or by the last twelve signs of it."""
        ...

    def add(self, ticket: TroubleTicket, attachment: "Attachment | None" = None) -> None:
        """Store a new ticket, attached from the start if there is an attachment.

        Its feeder is to be looked at.
        """
        ...

    def save(self, ticket: TroubleTicket) -> TroubleTicket: ...
    def list_of_outage(self, outage_id: OutageId) -> Sequence[TroubleTicket]: ...
    def list_merged_from(self, outage_id: OutageId) -> Sequence[TroubleTicket]:
        """Tickets that went with the outage into the larger one that it is part of."""
        ...

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
    def record_told(self, told: "Told") -> None:
        """Note what a caller answered; nobody holds the call any more."""
        ...

    def find_told_at(self, ticket_id: TicketId) -> datetime | None:
        """When this caller was last called back since supply came back; None if not yet."""
        ...

    def is_new(self, action: DeskAction, recorded_at: datetime) -> bool:
        """Note what a desk sent, unless it was noted before; `IdentityTaken` for another's id."""
        ...

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


class Watchers(Protocol):
    """Who waits to be told that supply is back, and the messages that a gateway sends."""

    def count_of(self, phone: str, now: datetime) -> int:
        """For how many places a telephone waits."""
        ...

    def add(self, watcher: Watcher) -> None:
        """Keep it; the same telephone and area again only moves the end."""
        ...

    def take_lit(self, dark: Collection[str], *, most: int, now: datetime) -> Sequence[Watcher]:
        """Take out those whose report has light, or whose area is not among `dark` any more."""
        ...

    def say(
        self, phone: str, language: str, body: str, *, now: datetime, expires_at: datetime
    ) -> None: ...
    def lease(self, *, most: int, until: datetime, now: datetime) -> Sequence[Message]:
        """Hand out waiting messages, oldest first; nobody else gets them before `until`."""
        ...

    def end(self, message_id: MessageId, status: str, note: str, *, now: datetime) -> None: ...
    def wait(self, message_id: MessageId, note: str, *, until: datetime) -> None: ...
