"""Take back a decision on a suspected link."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.link import LinkDecision, LinkVerdict
from dispatch.errors import IllegalStep
from dispatch.journal import link_event
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoLink:
    """Which decision, by whom and why."""

    decision_id: int
    by: str
    reason: str


def undo_link(store: Store, command: UndoLink, *, now: datetime) -> LinkDecision:
    """Hang a customer back on the transformer of before, or suspect their link again.

    Raises
    ------
    NotFound
        There is no such decision.
    IllegalStep
        It was taken back before, or the customer hangs on a third transformer by now.
    ReasonRequired
        Nobody says why.
    """
    reason = need_reason(command.reason, "taking back a decision")
    made = store.links.lock_decision(command.decision_id)
    undone = made.undo(now, command.by, reason)
    if made.verdict is LinkVerdict.CORRECTED and not store.links.move(
        made.usage_point_id, made.candidate_id, made.transformer_id
    ):
        raise IllegalStep("the customer hangs on another transformer by now", account=made.account)
    store.links.take_back(undone)
    store.events.append(link_event(undone, "undone", at=now, by=command.by, reason=reason))
    return undone
