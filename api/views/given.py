"""What callers were told before, as clients read it."""

from datetime import datetime

from pydantic import BaseModel

from api.callers import Caller
from dispatch.domain.given import AnswerGiven
from dispatch.given import Judged


class GivenOut(BaseModel):
    """An answer as it was given."""

    id: str
    at: datetime
    by: str
    answer: str
    said: str
    language: str
    usage_point_id: int | None
    phone: str | None
    ticket_id: str | None
    outage_id: int | None
    etr_at: datetime | None
    etr_to: datetime | None
    checked: list[str]

    @classmethod
    def of(cls, given: AnswerGiven, caller: Caller) -> "GivenOut":
        """Build from the answer, for one caller."""
        return cls(
            id=given.id,
            at=given.at,
            by=given.by,
            answer=given.kind.value,
            said=given.said,
            language=given.tongue,
            usage_point_id=given.usage_point_id,
            phone=caller.phone(given.phone),
            ticket_id=given.ticket_id,
            outage_id=given.outage_id,
            etr_at=given.etr_at,
            etr_to=given.etr_to,
            checked=list(given.checked),
        )


class GivenBeforeOut(GivenOut):
    """The same, and whether it turned out true; `late_by_s` is how much later light was back."""

    lit_at: datetime | None
    truth: str
    late_by_s: float

    @classmethod
    def judged(cls, judged: Judged, caller: Caller) -> "GivenBeforeOut":
        """Build from the judged answer, for one caller."""
        return cls(
            **GivenOut.of(judged.before.given, caller).model_dump(),
            lit_at=judged.before.lit_at,
            truth=judged.truth.value,
            late_by_s=judged.late_by.total_seconds(),
        )
