"""How to get to a customer's place: the key, the dog, whom to call ahead."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.words import UsagePointId

LONGEST = 300
"""Letters of a note; it is read at a gate, in the rain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessNote:
    """What the next crew has to know to get in; `by` wrote it."""

    usage_point_id: UsagePointId
    text: str
    by: str
    written_at: datetime
