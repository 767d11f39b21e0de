"""The lender calls a crew back, or the borrower gives it back, or takes back that it asked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.domain.loan import CrewLoan, LoanStatus
from dispatch.domain.words import LoanId
from dispatch.errors import IllegalStep
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.procedures.lending import bring_home
from dispatch.procedures.seen_loans import locked


class Side(StrEnum):
    """Whose word ends a loan."""

    LENDER = "lender"
    BORROWER = "borrower"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallLoan:
    """Which loan, on whose word and why."""

    loan_id: LoanId
    side: Side
    by: str
    reason: str
    seen_version: int | None = None


def recall_loan(store: Store, command: RecallLoan, *, now: datetime) -> CrewLoan:
    """End a loan; a crew with an order of the borrower finishes that and gets no other.

    Raises
    ------
    ReasonRequired, StaleVersion, IllegalStep
        Nobody says why; the loan changed since somebody looked; it is over, or the lender calls
        back what it has not granted.
    """
    why = need_reason(command.reason, "ending a loan")
    loan = locked(store, command.loan_id, command.seen_version)
    if loan.status is LoanStatus.RECALLED:
        raise IllegalStep("the crew is on its way home already", loan_id=loan.id)
    if loan.status is LoanStatus.ASKED and command.side is Side.LENDER:
        raise IllegalStep("nothing was lent yet; refuse it instead", loan_id=loan.id)
    kind = "recalled" if command.side is Side.LENDER else "returned"
    return bring_home(store, loan, kind, by=command.by, why=why, now=now)
