"""Take what many devices sent together; arrivals are weighed afterwards, crew by crew."""

from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.domain.crew import PositionFix
from dispatch.domain.tracking import TrackingPolicy
from dispatch.ports import Store
from dispatch.procedures.tracking import Kept, keep_fixes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTracks:
    """Fixes of any crews and devices, in any order."""

    fixes: Sequence[PositionFix]


def record_tracks(store: Store, command: RecordTracks, *, tracking: TrackingPolicy) -> Kept:
    """Store what is new and may be kept.

    Orders are left alone, or one order that somebody else is changing would hold up the positions
    of every crew; `weigh_positions` looks at them in a transaction of each crew's own.
    """
    return keep_fixes(store, command.fixes, tracking)
