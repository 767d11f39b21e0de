"""A public notice of an outage: what it states, since when, until when, and what it answered."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.outage import Confidence
from dispatch.domain.words import DistrictId, NoticeId, OutageId, UsagePointId
from dispatch.errors import IllegalStep


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFacts:
    """What a notice states; nothing in it is more than the record held when it was released.

    `restore_at` and `confidence` are both None where nobody has said so surely enough to publish
    it; `percent` is how probable inference thinks the outage, None once somebody confirmed it and
    where inference was not used. `transformers` are the ids of those that are out, sorted.
    """

    district: str
    feeder: str | None
    communities: tuple[str, ...]
    transformers: tuple[str, ...]
    customers: int
    cause: str | None
    restore_at: datetime | None
    confidence: Confidence | None
    confirmed: bool
    percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A released notice; `say_by` is when the public was told it would hear more."""

    id: NoticeId
    outage_id: OutageId
    district_id: DistrictId
    facts: NoticeFacts
    say_by: datetime
    released_at: datetime
    released_by: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawn_for: str | None = None
    version: int = 0

    def withdraw(self, at: datetime, by: str, reason: str) -> "Notice":
        """Take it back; it answers nobody any more."""
        if self.withdrawn_at is not None:
            raise IllegalStep("the notice was withdrawn before", notice_id=self.id)
        return replace(self, withdrawn_at=at, withdrawn_by=by, withdrawn_for=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeNearby:
    """A notice that is out, as a caller's record shows it.

    `covers` says whether the caller's transformer stands in it and is still out; `probability` is
    what inference thinks of the outage now, None where it was not used or somebody confirmed it.
    """

    id: NoticeId
    facts: NoticeFacts
    say_by: datetime
    covers: bool
    probability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Whom an outage holds: one address for each street or compound with its customers, and calls.

    `calls` came from its transformers within `window` before now; `earlier_calls` within `earlier`
    before the last day.
    """

    district: str
    feeder: str | None
    addresses: tuple[tuple[str, int], ...]
    transformer_names: tuple[str, ...]
    calls: int
    window: timedelta
    earlier_calls: int
    earlier: timedelta


class How(StrEnum):
    """In which way a caller was answered from a notice."""

    QUESTION = "question"
    ATTACHED = "attached"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeAnswer:
    """A customer was answered from a notice; `key` is what counts once: the ticket or the customer.

    So a question that is asked again while the agent types is still one.
    """

    notice_id: NoticeId
    how: How
    key: str
    usage_point_id: UsagePointId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Avoided:
    """What was answered from a notice, counted; a caller who never called is not in it.

    `customers` were answered in any way, each once. `told` asked whether it is known and were
    told; `told_only` of them sent no report since the notice was released. `attached` are reports
    put to the outage at once, `unattended` of them came in without an agent (any channel but the
    telephone). `repeats` are further calls of customers whose report stood already.
    """

    customers: int
    told: int
    told_only: int
    attached: int
    unattended: int
    repeats: int
