"""End loans whose time is over, whose crew has come home, and what nobody answered."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.loan import CrewLoan, LendingPolicy, LoanStatus
from dispatch.journal import SYSTEM
from dispatch.ports import Store
from dispatch.procedures.lending import bring_home, holds_for_borrower
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TendLoans:
    """How many to look at in one transaction."""

    limit: int = 500


def tend_loans(
    store: Store, command: TendLoans, *, policy: LendingPolicy, now: datetime
) -> tuple[CrewLoan, ...]:
    """Bring what is over to its end; the loans that changed.

    A crew is out of the borrower's plan from the moment its loan ends, whether this has run or not.
    """
    changed = []
    for loan in store.loans.list_to_tend(command.limit):
        why = _why_over(store, loan, policy, now)
        if why is not None:
            changed.append(bring_home(store, loan, "ended", by=SYSTEM, why=why, now=now))
    return tuple(changed)


def _why_over(store: Store, loan: CrewLoan, policy: LendingPolicy, now: datetime) -> str | None:
    if loan.status is LoanStatus.ASKED:
        in_vain = loan.wanted_until is not None and loan.wanted_until <= now
        forgotten = loan.asked_by == SYSTEM and now - loan.asked_at >= policy.answer_within
        return reason("loan_unanswered") if in_vain or forgotten else None
    if loan.status is LoanStatus.RECALLED:
        return None if holds_for_borrower(store, loan, now) else reason("loan_came_home")
    return reason("loan_time_over") if loan.until is not None and loan.until <= now else None
