"""Decide on a suspected link: correct the record, or dismiss the suspicion."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.link import LinkDecision, LinkVerdict
from dispatch.domain.words import UsagePointId
from dispatch.errors import IllegalStep, StaleVersion
from dispatch.journal import link_event
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideLink:
    """Whose link, what of it, by whom and why; `candidate_id` is the one that was looked at."""

    usage_point_id: UsagePointId
    candidate_id: str
    verdict: LinkVerdict
    by: str
    reason: str


def decide_link(store: Store, command: DecideLink, *, now: datetime) -> LinkDecision:
    """Hang the customer on the other transformer, or leave them; journalled, and undoable.

    Raises
    ------
    NotFound
        Nobody suspects this customer's link, or somebody has decided already.
    StaleVersion
        Another transformer is suspected by now.
    IllegalStep
        The customer is no longer on record where the suspicion saw them.
    ReasonRequired
        Nobody says why.
    """
    reason = need_reason(command.reason, "deciding on a link")
    link = store.links.lock(command.usage_point_id)
    if link.candidate_id != command.candidate_id:
        raise StaleVersion("another transformer is suspected by now", candidate=link.candidate_id)
    if command.verdict is LinkVerdict.CORRECTED and not store.links.move(
        link.usage_point_id, link.transformer_id, link.candidate_id
    ):
        raise IllegalStep("the customer hangs on another transformer by now", account=link.account)
    decision = store.links.decide(
        LinkDecision(
            usage_point_id=link.usage_point_id,
            account=link.account,
            transformer_id=link.transformer_id,
            candidate_id=link.candidate_id,
            district_id=link.district_id,
            verdict=command.verdict,
            probability=link.probability,
            outages=link.outages,
            at=now,
            by=command.by,
            reason=reason,
        )
    )
    store.events.append(
        link_event(decision, command.verdict.value, at=now, by=command.by, reason=reason)
    )
    return decision
