"""What a caller was told, word for word as it was told, and never worked out again."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.words import DistrictId, KnownKind, OutageId, UsagePointId


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGiven:
    """One answer as it was given; `id` is the client's, so that it may be sent twice.

    `said` is the sentence that was read out, `tongue` its language. `etr_at` is by when light was
    said to be back and `etr_to` the late end of the range that was said with it; both None where
    nothing was promised. `checked` are the symptoms that the caller had told of.
    """

    id: str
    at: datetime
    by: str
    kind: KnownKind
    said: str
    tongue: str = ""
    district_id: DistrictId | None = None
    usage_point_id: UsagePointId | None = None
    phone: str | None = None
    ticket_id: str | None = None
    outage_id: OutageId | None = None
    etr_at: datetime | None = None
    etr_to: datetime | None = None
    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenBefore:
    """An answer given before, and when that caller had light again; None while not known."""

    given: AnswerGiven
    lit_at: datetime | None = None
