"""Loans and standing consents as the districts concerned see them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from dispatch.domain.loan import CrewLoan, LendingRule
from dispatch.domain.words import CrewId, LoanId, OrderId
from dispatch.errors import NotFound
from dispatch.store.loans import loan_from, rule_from
from dispatch.store.reads.visible import listed

MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLoan:
    """A loan with names, and the number of the order that its crew holds while it is away."""

    loan: CrewLoan
    from_name: str
    to_name: str
    crew_name: str | None
    order_id: OrderId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRule:
    """A standing consent with names, and how many crews are away by it."""

    rule: LendingRule
    from_name: str
    to_name: str | None
    out: int


_SEEN = """
    SELECT loan.*, lender.name AS from_name, borrower.name AS to_name, crew.name AS crew_name,
        sent.id AS order_id
    FROM crew_loan AS loan
    JOIN district AS lender ON lender.id = loan.from_id
    JOIN district AS borrower ON borrower.id = loan.to_id
    LEFT JOIN crew ON crew.id = loan.crew_id
    LEFT JOIN trouble_order AS sent ON sent.crew_id = loan.crew_id
        AND sent.status IN ('assigned', 'accepted', 'en_route', 'arrived')
        AND loan.status IN ('granted', 'recalled')
"""
_LOANS = text(
    f"""
    {_SEEN}
    WHERE (
            CAST(:districts AS text[]) IS NULL
            OR loan.from_id = ANY(:districts) OR loan.to_id = ANY(:districts)
        )
        AND (
            loan.status IN ('asked', 'granted', 'recalled')
            OR coalesce(loan.answered_at, loan.asked_at) > :since
            OR upper(loan.period) > :since
        )
    ORDER BY loan.status IN ('refused', 'ended'), loan.status <> 'asked', loan.asked_at, loan.id
    LIMIT :most
    """
)
_ONE = text(f"{_SEEN} WHERE loan.id = :id")
_OF_CREW = text(
    f"""
    {_SEEN}
    WHERE loan.crew_id = :crew_id AND loan.status IN ('granted', 'recalled')
    ORDER BY loan.id DESC LIMIT 1
    """
)
_RULES = text(
    """
    SELECT rule.*, lender.name AS from_name, borrower.name AS to_name,
        (
            SELECT count(*) FROM crew_loan AS loan
            WHERE loan.rule_id = rule.id AND loan.status = 'granted'
                AND loan.period @> CAST(:now AS timestamptz)
        ) AS away
    FROM lending_rule AS rule
    JOIN district AS lender ON lender.id = rule.from_id
    LEFT JOIN district AS borrower ON borrower.id = rule.to_id
    WHERE rule.revoked_at IS NULL AND (rule.until IS NULL OR rule.until > :now)
        AND (
            CAST(:districts AS text[]) IS NULL OR rule.from_id = ANY(:districts)
        )
    ORDER BY rule.id
    """
)


def loans_seen(
    connection: Connection, districts: Collection[str] | None, since: datetime
) -> list[SeenLoan]:
    """List loans that concern some districts: asks, what is lent, what was over after `since`."""
    asked = {"districts": listed(districts), "since": since, "most": MOST}
    return [_seen(row) for row in connection.execute(_LOANS, asked).mappings()]


def loan_seen(connection: Connection, loan_id: LoanId) -> SeenLoan:
    """Read one loan; `NotFound` where there is none."""
    row = connection.execute(_ONE, {"id": loan_id}).mappings().first()
    if row is None:
        raise NotFound("crew loan", id=loan_id)
    return _seen(row)


def loan_of_crew(connection: Connection, crew_id: CrewId) -> SeenLoan | None:
    """The loan by which a crew is away or on its way home."""
    row = connection.execute(_OF_CREW, {"crew_id": crew_id}).mappings().first()
    return None if row is None else _seen(row)


def rules_seen(
    connection: Connection, districts: Collection[str] | None, now: datetime
) -> list[SeenRule]:
    """List what some districts consent to beforehand; a lender's matter alone."""
    asked = {"districts": listed(districts), "now": now}
    return [
        SeenRule(
            rule=rule_from(row),
            from_name=row["from_name"],
            to_name=row["to_name"],
            out=row["away"],
        )
        for row in connection.execute(_RULES, asked).mappings()
    ]


def _seen(row: RowMapping) -> SeenLoan:
    order_id = row["order_id"]
    return SeenLoan(
        loan=loan_from(row),
        from_name=row["from_name"],
        to_name=row["to_name"],
        crew_name=row["crew_name"],
        order_id=None if order_id is None else OrderId(order_id),
    )
