"""The district that was asked for a crew sends one, or says why it cannot."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.loan import CrewLoan, LendingPolicy
from dispatch.domain.words import CrewId, LoanId
from dispatch.errors import InvalidInput
from dispatch.journal import loan_events
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.procedures.lending import lend
from dispatch.procedures.seen_loans import locked


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantCrew:
    """Which crew goes (None: the one that was proposed), until when and on what terms."""

    loan_id: LoanId
    by: str
    crew_id: CrewId | None = None
    until: datetime | None = None
    terms: str = ""
    seen_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseCrew:
    """The lender keeps its crews, for a reason."""

    loan_id: LoanId
    by: str
    reason: str
    seen_version: int | None = None


def grant_crew(
    store: Store, command: GrantCrew, *, policy: LendingPolicy, now: datetime
) -> CrewLoan:
    """Lend a crew from now on.

    Raises
    ------
    StaleVersion, IllegalStep
        The loan changed since somebody looked; it was answered before.
    NotFound, CrewUnavailable, InvalidInput
        The crew is another district's, off shift or lent already; none was named; the end is over.
    """
    loan = locked(store, command.loan_id, command.seen_version)
    crew_id = command.crew_id or loan.crew_id
    if crew_id is None:
        raise InvalidInput("crew", None, "a crew to send")
    return lend(
        store,
        loan,
        crew_id,
        until=command.until,
        terms=command.terms,
        by=command.by,
        policy=policy,
        now=now,
    )


def refuse_crew(store: Store, command: RefuseCrew, *, now: datetime) -> CrewLoan:
    """Send none.

    Raises
    ------
    ReasonRequired, StaleVersion, IllegalStep
        Nobody says why; the loan changed since somebody looked; it was answered before.
    """
    why = need_reason(command.reason, "refusing a crew")
    loan = locked(store, command.loan_id, command.seen_version)
    refused = store.loans.save(loan.refuse(at=now, by=command.by, reason=why))
    for event in loan_events(refused, "refused", at=now, by=command.by, reason=why):
        store.events.append(event)
    return refused
