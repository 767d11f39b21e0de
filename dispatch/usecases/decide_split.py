"""A dispatcher accepts a proposal to split an outage, or says why it is not so."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Outage
from dispatch.domain.proposal import SplitProposal
from dispatch.domain.words import ProposalId
from dispatch.errors import StaleVersion
from dispatch.journal import split_event
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.procedures.splitting import Parting, split
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptSplit:
    """Carry out the proposal as it was read."""

    proposal_id: ProposalId
    by: str
    seen_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissSplit:
    """The reports belong where they are, for a reason; it is not proposed again for them."""

    proposal_id: ProposalId
    by: str
    reason: str
    seen_version: int | None = None


def accept_split(store: Store, command: AcceptSplit, *, now: datetime) -> SplitProposal:
    """Open an outage of their own for the reports, at the likely place; it is `into_id`.

    Raises
    ------
    StaleVersion, IllegalStep
        The proposal changed since somebody looked; it was decided before.
    InvalidInput
        One of its reports is elsewhere by now.
    """
    outage, proposal = _locked(store, command.proposal_id, command.seen_version)
    why = reason(
        "split_accepted",
        name=proposal.place.device.name,
        percent=round(100 * proposal.probability),
    )
    parting = Parting(by=command.by, why=why, belongs=why, place=proposal.place)
    apart = split(store, outage, proposal.tickets, parting, now=now)
    accepted = store.proposals.save(proposal.accept(now, command.by, apart.id))
    store.events.append(split_event(accepted, "accepted", at=now, by=command.by, into=apart.id))
    store.outages.ask_grouping(outage.feeder_id, outage.district_id, now)
    return accepted


def dismiss_split(store: Store, command: DismissSplit, *, now: datetime) -> SplitProposal:
    """Leave the reports where they are.

    Raises
    ------
    StaleVersion, IllegalStep, ReasonRequired
        It changed since somebody looked; it was decided before; nobody says why.
    """
    why = need_reason(command.reason, "dismissing a proposal")
    _, proposal = _locked(store, command.proposal_id, command.seen_version)
    dismissed = store.proposals.save(proposal.dismiss(now, command.by, why))
    store.events.append(split_event(dismissed, "dismissed", at=now, by=command.by, reason=why))
    return dismissed


def _locked(
    store: Store, proposal_id: ProposalId, seen: int | None
) -> tuple[Outage, SplitProposal]:
    """The proposal, unchanged before this transaction ends: its outage is locked."""
    outage = store.outages.lock(store.proposals.get(proposal_id).outage_id)
    proposal = store.proposals.get(proposal_id)
    if seen is not None and proposal.version != seen:
        raise StaleVersion(
            "the proposal has changed", proposal_id=proposal_id, version=proposal.version
        )
    proposal.must_wait()
    return outage, proposal
