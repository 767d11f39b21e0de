"""See whether fixes that were stored prove an arrival of their crew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.arrival import ArrivalPolicy
from dispatch.domain.crew import PositionFix
from dispatch.domain.words import CrewId
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.arriving import weigh_touched


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighPositions:
    """A crew with those of its fixes that are new; at least one."""

    crew_id: CrewId
    fixes: Sequence[PositionFix]


def weigh_positions(
    store: Store,
    command: WeighPositions,
    *,
    policy: ArrivalPolicy,
    now: datetime,
    travel_times: TravelTimes | None = None,
) -> None:
    """Weigh the crew's orders again; nothing happens where the fixes tell nothing new."""
    weigh_touched(
        store,
        command.crew_id,
        command.fixes,
        policy=policy,
        now=now,
        travel_times=travel_times,
    )
