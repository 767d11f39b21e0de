"""Take a crew's fixes, in any order and hours late, and see whether they prove an arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.arrival import ArrivalPolicy
from dispatch.domain.crew import PositionFix
from dispatch.domain.order import TroubleOrder
from dispatch.domain.words import CrewId
from dispatch.ports import Store
from dispatch.procedures.arriving import BEFORE_SENT, weigh_track


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPositions:
    """Fixes of one crew; their ids are the device's, so that they may be sent twice."""

    crew_id: CrewId
    fixes: Sequence[PositionFix]


def record_positions(
    store: Store, command: RecordPositions, *, policy: ArrivalPolicy, now: datetime
) -> int:
    """Store what is new and weigh the crew's orders again; how many fixes were new."""
    new = store.crews.record_fixes(command.fixes)
    if not new:
        return 0
    oldest = min(fix.fixed_at for fix in command.fixes)
    for order in store.orders.list_of_crew(command.crew_id, since=oldest):
        if _may_tell(order, command.fixes):
            weigh_track(store, order, policy=policy, now=now)
    return new


def _may_tell(order: TroubleOrder, fixes: Sequence[PositionFix]) -> bool:
    """Whether any of the fixes lies within the time that counts for the order."""
    if order.assigned_at is None:
        return False
    begins = order.assigned_at - BEFORE_SENT
    ends = order.completed_at or max(fix.fixed_at for fix in fixes) + timedelta(seconds=1)
    return any(begins <= fix.fixed_at <= ends for fix in fixes)
