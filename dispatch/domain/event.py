"""What the journal keeps: one entry for each thing that happened, never changed afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.domain.words import DistrictId


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry; `stream` names the thing (`ticket:A1`), `at` is when it happened."""

    stream: str
    kind: str
    at: datetime
    actor: str
    district_id: DistrictId | None
    body: Mapping[str, object] = field(default_factory=dict)
