"""Public notices as clients read them: drafts, what is out, and what was answered."""

from datetime import datetime

from pydantic import BaseModel

from api.views.sayings import SayingOut, reasons_of
from dispatch.domain.notice import Avoided, Notice, NoticeFacts
from dispatch.domain.words import OutageId
from dispatch.notices import say_notice
from dispatch.sayings import Clockface
from dispatch.store.reads.notices import Released
from dispatch.usecases.release_notice import Drafted


class StatedOut(BaseModel):
    """What a notice states; `percent` is null for a confirmed outage and without inference."""

    district: str
    feeder: str | None
    communities: list[str]
    transformers: list[str]
    customers: int
    cause: str | None
    restore_at: datetime | None
    confidence: str | None
    confirmed: bool
    percent: int | None

    @classmethod
    def of(cls, facts: NoticeFacts) -> "StatedOut":
        """Build from the facts."""
        return cls(
            district=facts.district,
            feeder=facts.feeder,
            communities=list(facts.communities),
            transformers=list(facts.transformers),
            customers=facts.customers,
            cause=facts.cause,
            restore_at=facts.restore_at,
            confidence=None if facts.confidence is None else facts.confidence.value,
            confirmed=facts.confirmed,
            percent=facts.percent,
        )


class AvoidedOut(BaseModel):
    """What was answered from notices, counted; nothing is estimated.

    `customers` were answered in any way, once for each notice. `told` asked whether it is known and
    were told; `told_only` of them sent no report since the release. `attached` are reports put to
    the outage at once, `unattended` of them came by any channel but the telephone. `repeats` are
    further calls of customers whose report stood already.
    """

    customers: int
    told: int
    told_only: int
    attached: int
    unattended: int
    repeats: int

    @classmethod
    def of(cls, avoided: Avoided) -> "AvoidedOut":
        """Build from the counts."""
        return cls(**{name: getattr(avoided, name) for name in cls.model_fields})


class NoticeOut(BaseModel):
    """A released notice; `version` is what `If-Match` wants, `is_out` whether it may answer."""

    id: int
    version: int
    outage_id: int
    district_id: str
    stated: StatedOut
    say: SayingOut
    say_by: datetime
    released_at: datetime
    released_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_for: SayingOut | None
    is_out: bool
    avoided: AvoidedOut

    @classmethod
    def of(cls, released: Released, now: datetime, face: Clockface) -> "NoticeOut":
        """Build from the notice and its counts."""
        notice: Notice = released.notice
        why = reasons_of([notice.withdrawn_for] if notice.withdrawn_for else [])
        return cls(
            id=notice.id,
            version=notice.version,
            outage_id=notice.outage_id,
            district_id=notice.district_id,
            stated=StatedOut.of(notice.facts),
            say=SayingOut.of(say_notice(notice.facts, notice.say_by, now=now, face=face)),
            say_by=notice.say_by,
            released_at=notice.released_at,
            released_by=notice.released_by,
            withdrawn_at=notice.withdrawn_at,
            withdrawn_by=notice.withdrawn_by,
            withdrawn_for=why[0] if why else None,
            is_out=released.is_out,
            avoided=AvoidedOut.of(released.avoided),
        )


class DraftOut(BaseModel):
    """What could be released now; `mark` names this draft.

    `calls` came in the last `window_minutes`, `usual` would come in as many. Of the notice that is
    out: `holds` says that it answers callers, `differs` that the draft is not the same.
    """

    outage_id: int
    mark: str
    stated: StatedOut
    say: SayingOut
    say_by: datetime
    is_burst: bool
    calls: int
    usual: float
    window_minutes: float
    holds: bool
    differs: bool

    @classmethod
    def of(
        cls, outage_id: OutageId, drafted: Drafted, now: datetime, face: Clockface
    ) -> "DraftOut":
        """Build from the draft."""
        return cls(
            outage_id=outage_id,
            mark=drafted.mark,
            stated=StatedOut.of(drafted.facts),
            say=SayingOut.of(say_notice(drafted.facts, drafted.say_by, now=now, face=face)),
            say_by=drafted.say_by,
            is_burst=drafted.is_burst,
            calls=drafted.calls,
            usual=drafted.usual,
            window_minutes=drafted.window.total_seconds() / 60,
            holds=drafted.holds,
            differs=drafted.differs,
        )


class OutageNoticesOut(BaseModel):
    """The draft of an outage's notice, null where none can be made, and those released so far."""

    draft: DraftOut | None
    notices: list[NoticeOut]
