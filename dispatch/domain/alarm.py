"""What the room has to take note of, and that somebody did."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dispatch.domain.words import DistrictId


class AlarmKind(StrEnum):
    """Why the room is alarmed, the gravest first."""

    HAZARD = "hazard"
    CHECK_IN_MISSED = "check_in_missed"
    CREW_SILENT = "crew_silent"
    CLOCK_OVER = "clock_over"
    HIDDEN_FAULT = "hidden_fault"
    SAME_DEVICE = "same_device"
    ARRIVAL_DOUBTED = "arrival_doubted"
    PLANNED_LATE = "planned_late"
    ESTIMATE_PASSED = "estimate_passed"
    CLOCK_SOON = "clock_soon"
    ESTIMATE_EXPIRING = "estimate_expiring"
    PLANNED_BEGINS = "planned_begins"


GRAVEST_FIRST = {kind: place for place, kind in enumerate(AlarmKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Somebody took note of an alarm."""

    at: datetime
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One occasion to be alarmed; it goes when its cause does, acknowledged or not.

    `id` names the thing and the occasion, so that the same thing alarms anew when it gets worse.
    `opens` is the row of the list it is about (`outage-17`, or `planned-3`); `at` is when it began
    and `due_at` when something runs out or begins. `level` tells alarms of a kind apart that get
    worse by steps. `facts` hold what a screen says of it.
    """

    id: str
    kind: AlarmKind
    district_id: DistrictId | None
    opens: str
    title: str
    at: datetime
    due_at: datetime | None = None
    level: int = 0
    facts: Mapping[str, object] = field(default_factory=dict)
    taken: Taken | None = None

    @property
    def stream(self) -> str:
        """In whose story it stands, as the journal names it."""
        kind, _, key = self.opens.partition("-")
        return f"{'ticket' if kind == 'unlocated' else kind}:{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomAlarms:
    """What alarms a room: those listed, the gravest first, and how many more are open.

    `unlisted` counts by kind what a limit kept off the list; none of it is graver than what is
    listed of its kind.
    """

    listed: tuple[Alarm, ...]
    unlisted: Mapping[AlarmKind, int] = field(default_factory=dict)

    @property
    def more(self) -> int:
        """How many open ones are not listed."""
        return sum(self.unlisted.values())

    @property
    def open(self) -> Mapping[AlarmKind, int]:
        """How many of each kind nobody has taken note of, listed or not."""
        return Counter(each.kind for each in self.listed if each.taken is None) + Counter(
            self.unlisted
        )


def gravest_first(alarm: Alarm) -> tuple[bool, int, int, float]:
    """Order alarms: open before acknowledged, the gravest, then the newest."""
    gravity = GRAVEST_FIRST[alarm.kind]
    return alarm.taken is not None, gravity, -alarm.level, -alarm.at.timestamp()
