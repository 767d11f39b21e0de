"""The public notice of an outage: drafted by the system, released and withdrawn by a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch import notices
from dispatch.domain.notice import Notice, NoticeFacts, Served
from dispatch.domain.outage import Outage
from dispatch.domain.words import NoticeId, OutageId
from dispatch.errors import StaleVersion
from dispatch.journal import outage_event
from dispatch.notices import DEFAULT_BREAKER, Breaker
from dispatch.ports import Store
from dispatch.procedures.checking import check_version, need_reason
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What could be released now; `mark` names the draft, `out` is the notice that is out.

    `usual` is how many calls the window would bring; `holds` whether the notice that is out still
    says what is on record, and so answers callers.
    """

    facts: NoticeFacts
    mark: str
    say_by: datetime
    is_burst: bool
    calls: int
    usual: float
    window: timedelta
    out: Notice | None
    holds: bool

    @property
    def differs(self) -> bool:
        """Whether anything has changed since the release, if only the number of customers."""
        return self.out is not None and self.out.facts != self.facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNotice:
    """Release the draft that was read: `mark` says which; one that is out is replaced."""

    outage_id: OutageId
    mark: str
    by: str
    seen_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawNotice:
    """Take a notice back, with a reason."""

    notice_id: NoticeId
    by: str
    reason: str
    seen_version: int | None = None


def draft_notice(
    store: Store, outage: Outage, *, now: datetime, breaker: Breaker = DEFAULT_BREAKER
) -> Drafted:
    """Draft the notice of an open outage; changes nothing.

    Raises
    ------
    IllegalStep
        The outage is over, or only single homes are out.
    """
    scope = store.outages.scope_out(outage.id)
    served: Served = store.notices.served(
        outage, scope, window=breaker.window, earlier=breaker.earlier, now=now
    )
    customers = store.directory.count_customers(scope)
    facts = notices.draft(outage, scope, served, customers, now=now, breaker=breaker)
    out = store.notices.find_out(outage.id)
    return Drafted(
        facts=facts,
        mark=notices.mark(facts, replaces=out),
        say_by=now + breaker.say_again,
        is_burst=notices.is_burst(served, breaker),
        calls=served.calls,
        usual=notices.usual_calls(served),
        window=breaker.window,
        out=out,
        holds=out is not None and notices.holds(out.facts, out.say_by, outage, now=now),
    )


def release_notice(
    store: Store, command: ReleaseNotice, *, now: datetime, breaker: Breaker = DEFAULT_BREAKER
) -> Notice:
    """Let the notice out; callers whom it covers are answered from it from now on.

    Raises
    ------
    StaleVersion
        The outage, or what its notice would state, changed since somebody looked.
    IllegalStep
        The outage is over, or only single homes are out.
    """
    outage = store.outages.lock(command.outage_id)
    check_version(outage, command.seen_version)
    drafted = draft_notice(store, outage, now=now, breaker=breaker)
    if drafted.mark != command.mark:
        raise StaleVersion("the draft of the notice has changed", outage_id=outage.id)
    if drafted.out is not None:
        store.notices.save(drafted.out.withdraw(now, command.by, reason("notice_replaced")))
    released = store.notices.add(
        outage,
        drafted.facts,
        say_by=drafted.say_by,
        released_at=now,
        released_by=command.by,
    )
    store.events.append(
        outage_event(
            outage,
            "notice_released",
            at=now,
            by=command.by,
            notice=released.id,
            replaces=None if drafted.out is None else drafted.out.id,
            customers=drafted.facts.customers,
            restore_at=drafted.facts.restore_at and drafted.facts.restore_at.isoformat(),
        )
    )
    return released


def withdraw_notice(store: Store, command: WithdrawNotice, *, now: datetime) -> Notice:
    """Take the notice back.

    Raises
    ------
    StaleVersion, IllegalStep, ReasonRequired
        It changed since somebody looked; it was withdrawn before; nobody says why.
    """
    why = need_reason(command.reason, "withdrawing a notice")
    outage = store.outages.lock(store.notices.get(command.notice_id).outage_id)
    notice = store.notices.get(command.notice_id)
    if command.seen_version is not None and notice.version != command.seen_version:
        raise StaleVersion("the notice has changed", notice_id=notice.id, version=notice.version)
    withdrawn = store.notices.save(notice.withdraw(now, command.by, why))
    store.events.append(
        outage_event(
            outage, "notice_withdrawn", at=now, by=command.by, notice=notice.id, reason=why
        )
    )
    return withdrawn
