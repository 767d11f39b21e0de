"""A loan as somebody decides on it: unchanged since they looked, and by nobody else meanwhile."""

from dispatch.domain.loan import CrewLoan
from dispatch.domain.words import LoanId
from dispatch.errors import StaleVersion
from dispatch.ports import Store


def locked(store: Store, loan_id: LoanId, seen: int | None) -> CrewLoan:
    """Lock a loan; `StaleVersion` if it is not as it was seen."""
    loan = store.loans.lock(loan_id)
    if seen is not None and loan.version != seen:
        raise StaleVersion("the loan has changed", loan_id=loan.id, version=loan.version)
    return loan
