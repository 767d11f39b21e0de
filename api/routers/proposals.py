"""The alarm of hidden faults: proposals to split, accepted with one click or dismissed."""

from fastapi import APIRouter, Response

from api.access import API
from api.callers import Calling
from api.house import House
from api.inputs.fields import ReasonIn
from api.routers.parts import MustHaveSeen, Working, in_one_go, proposal_for, tag
from api.views.proposals import SplitProposalOut
from dispatch.domain.proposal import SplitProposal
from dispatch.domain.words import ProposalId
from dispatch.ports import Store
from dispatch.store.reads import proposals as read
from dispatch.store.transaction import reading
from dispatch.usecases.decide_split import (
    AcceptSplit,
    DismissSplit,
    accept_split,
    dismiss_split,
)

router = APIRouter(tags=["dispatchers"])
PROPOSAL = f"{API}/split-proposals/{{proposal_id}}"


@router.get(f"{API}/split-proposals")
def get_proposals(caller: Calling, house: Working) -> list[SplitProposalOut]:
    """List proposals that wait: danger first, then critical customers, then the oldest."""
    with reading(house.engine) as connection:
        found = read.waiting(connection, caller.scope)
    return [SplitProposalOut.of(each) for each in found]


@router.get(PROPOSAL)
def get_proposal(
    proposal_id: int, response: Response, caller: Calling, house: Working
) -> SplitProposalOut:
    """Read a proposal, decided or not; `ETag` is its version."""
    with house.transaction() as store:
        proposal = proposal_for(store, caller, proposal_id)
    return _answered(house, response, proposal)


@router.post(f"{PROPOSAL}/accept", status_code=201)
def post_accept(
    proposal_id: int, seen: MustHaveSeen, response: Response, caller: Calling, house: Working
) -> SplitProposalOut:
    """Give the reports an outage of their own at the likely place; it is `into`."""

    def accept(store: Store) -> SplitProposal:
        proposal_for(store, caller, proposal_id)
        command = AcceptSplit(
            proposal_id=ProposalId(proposal_id), by=caller.name, seen_version=seen
        )
        return accept_split(store, command, now=house.now())

    accepted = in_one_go(house, accept)
    house.queue.assign(accepted.district_id)
    return _answered(house, response, accepted)


@router.post(f"{PROPOSAL}/dismiss")
def post_dismiss(
    proposal_id: int,
    body: ReasonIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> SplitProposalOut:
    """Leave the reports where they are, with a reason; the same reports are not proposed again."""

    def dismiss(store: Store) -> SplitProposal:
        proposal_for(store, caller, proposal_id)
        command = DismissSplit(
            proposal_id=ProposalId(proposal_id),
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return dismiss_split(store, command, now=house.now())

    return _answered(house, response, in_one_go(house, dismiss))


def _answered(house: House, response: Response, proposal: SplitProposal) -> SplitProposalOut:
    tag(response, proposal.version)
    with reading(house.engine) as connection:
        found = read.of_outage(connection, proposal.outage_id)
    (this,) = (each for each in found if each.proposal.id == proposal.id)
    return SplitProposalOut.of(this)
