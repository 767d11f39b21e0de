"""Take a crew's fixes, in any order and hours late, and see whether they prove an arrival."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.arrival import ArrivalPolicy
from dispatch.domain.crew import PositionFix
from dispatch.domain.tracking import TrackingPolicy
from dispatch.domain.words import CrewId
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.arriving import weigh_touched
from dispatch.procedures.tracking import Kept, keep_fixes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPositions:
    """Fixes of one crew; their ids are the device's, so that they may be sent twice."""

    crew_id: CrewId
    fixes: Sequence[PositionFix]


def record_positions(
    store: Store,
    command: RecordPositions,
    *,
    tracking: TrackingPolicy,
    policy: ArrivalPolicy,
    now: datetime,
    travel_times: TravelTimes | None = None,
) -> Kept:
    """Store what is new and may be kept, and weigh the crew's orders again."""
    kept = keep_fixes(store, command.fixes, tracking)
    if kept.new:
        weigh_touched(
            store,
            command.crew_id,
            kept.taken,
            policy=policy,
            now=now,
            travel_times=travel_times,
        )
    return kept
