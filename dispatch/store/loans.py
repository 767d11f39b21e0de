"""Crews lent from one district to another, and the rules by which that is consented to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import Range

from dispatch.domain.loan import CrewLoan, LendingRule, LoanStatus
from dispatch.domain.words import CrewId, DistrictId, LendingRuleId, LoanId
from dispatch.errors import NotFound, StaleVersion
from dispatch.journal import SYSTEM
from dispatch.store.tables.crews import crew_loan as t
from dispatch.store.tables.crews import lending_rule as r

SEEN_BY = """(crew.district_id = ANY(:districts) OR EXISTS (
        SELECT FROM crew_loan AS seen_by
        WHERE seen_by.crew_id = crew.id AND seen_by.to_id = ANY(:districts)
            AND seen_by.status IN ('granted', 'recalled')
    ))"""
"""Whose a `crew` is, and who has it on loan until it has come home: both see it."""

_OPEN = t.c.status.in_(["asked", "granted", "recalled"])


class PgLoans:
    """Reads and writes loans and lending rules on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, loan_id: LoanId) -> CrewLoan:
        """Read one loan."""
        return self._one(loan_id, lock=False)

    def lock(self, loan_id: LoanId) -> CrewLoan:
        """As `get`, and nobody else changes it before this transaction ends."""
        return self._one(loan_id, lock=True)

    def add(self, loan: CrewLoan) -> CrewLoan:
        """Store a new loan; it comes back with its number."""
        query = insert(t).values(_loan_row(loan)).returning(t.c.id)
        return replace(loan, id=LoanId(self._connection.execute(query).scalar_one()))

    def save(self, loan: CrewLoan) -> CrewLoan:
        """Write `loan` over the version it was read at; `Collision` where its crew is lent."""
        saved = replace(loan, version=loan.version + 1)
        query = (
            update(t).where(t.c.id == loan.id, t.c.version == loan.version).values(_loan_row(saved))
        )
        if self._connection.execute(query).rowcount != 1:
            raise StaleVersion("the loan has changed", loan_id=loan.id)
        return saved

    def list_open(self, district_id: DistrictId) -> Sequence[CrewLoan]:
        """List what a district lends, borrows, asks for or is asked for; the oldest first."""
        mine = or_(t.c.from_id == district_id, t.c.to_id == district_id)
        return self._all(select(t).where(_OPEN, mine).order_by(t.c.id))

    def said_no(self, to_id: DistrictId, since: datetime) -> frozenset[DistrictId]:
        """List who lends a district nothing, as a person of either said since then.

        An ask that was refused or taken back, and a loan that somebody ended before its time.
        """
        by_hand = t.c.status.in_(["recalled", "ended"]) & (t.c.ended_by != SYSTEM)
        when = func.coalesce(func.upper(t.c.period), t.c.answered_at, t.c.asked_at)
        query = (
            select(t.c.from_id)
            .where(t.c.to_id == to_id, or_(t.c.status == "refused", by_hand), when >= since)
            .distinct()
        )
        return frozenset(map(DistrictId, self._connection.scalars(query)))

    def list_to_tend(self, limit: int) -> Sequence[CrewLoan]:
        """Take open loans, the oldest first; no other worker gets them."""
        query = select(t).where(_OPEN).order_by(t.c.id).limit(limit)
        return self._all(query.with_for_update(skip_locked=True))

    def find_of_crew(self, crew_id: CrewId) -> CrewLoan | None:
        """Find the loan by which a crew is away, or on its way home."""
        query = select(t).where(t.c.crew_id == crew_id, t.c.status.in_(["granted", "recalled"]))
        found = self._all(query.order_by(t.c.id.desc()).limit(1))
        return found[0] if found else None

    def add_rule(self, rule: LendingRule) -> LendingRule:
        """Store a new rule; it comes back with its number."""
        query = insert(r).values(_rule_row(rule)).returning(r.c.id)
        return replace(rule, id=LendingRuleId(self._connection.execute(query).scalar_one()))

    def save_rule(self, rule: LendingRule) -> None:
        """Write a rule that was locked."""
        self._connection.execute(update(r).where(r.c.id == rule.id).values(_rule_row(rule)))

    def lock_rule(self, rule_id: LendingRuleId) -> LendingRule:
        """Read a rule; nobody else lends by it before this transaction ends."""
        query = select(r).where(r.c.id == rule_id).with_for_update()
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFound("lending rule", id=rule_id)
        return rule_from(row)

    def lock_rules(self, from_id: DistrictId, to_id: DistrictId) -> Sequence[LendingRule]:
        """The rules by which one district may lend to another, locked; the oldest first."""
        query = (
            select(r)
            .where(
                r.c.from_id == from_id,
                r.c.revoked_at.is_(None),
                or_(r.c.to_id.is_(None), r.c.to_id == to_id),
            )
            .order_by(r.c.id)
            .with_for_update()
        )
        return [rule_from(row) for row in self._connection.execute(query).mappings()]

    def count_out(self, rule_id: LendingRuleId, now: datetime) -> int:
        """How many crews are away by a rule at `now`."""
        query = select(func.count()).where(
            t.c.rule_id == rule_id, t.c.status == "granted", t.c.period.contains(now)
        )
        return int(self._connection.execute(query).scalar_one())

    def _one(self, loan_id: LoanId, *, lock: bool) -> CrewLoan:
        query = select(t).where(t.c.id == loan_id)
        row = (
            self._connection.execute(query.with_for_update() if lock else query).mappings().first()
        )
        if row is None:
            raise NotFound("crew loan", id=loan_id)
        return loan_from(row)

    def _all(self, query: Any) -> Sequence[CrewLoan]:  # noqa: ANN401 (a select)
        return [loan_from(row) for row in self._connection.execute(query).mappings()]


def loan_from(row: RowMapping) -> CrewLoan:
    """Make a loan of a row of its table."""
    period: Range[datetime] | None = row["period"]
    crew_id, rule_id = row["crew_id"], row["rule_id"]
    since = until = None
    if period is not None:  # an empty one has no bounds: it ended in the moment in which it began
        since, until = period.lower or row["answered_at"], period.upper or row["answered_at"]
    return CrewLoan(
        id=LoanId(row["id"]),
        from_id=DistrictId(row["from_id"]),
        to_id=DistrictId(row["to_id"]),
        crew_id=None if crew_id is None else CrewId(crew_id),
        status=LoanStatus(row["status"]),
        reason=row["reason"],
        asked_at=row["asked_at"],
        asked_by=row["asked_by"],
        wanted_until=row["wanted_until"],
        since=since,
        until=until,
        terms=row["terms"],
        answered_at=row["answered_at"],
        answered_by=row["answered_by"],
        answered_for=row["answered_for"],
        rule_id=None if rule_id is None else LendingRuleId(rule_id),
        ended_by=row["ended_by"],
        ended_for=row["ended_for"],
        version=row["version"],
    )


def rule_from(row: RowMapping) -> LendingRule:
    """Make a lending rule of a row of its table."""
    to_id = row["to_id"]
    return LendingRule(
        id=LendingRuleId(row["id"]),
        from_id=DistrictId(row["from_id"]),
        to_id=None if to_id is None else DistrictId(to_id),
        most=row["most"],
        keep_free=row["keep_free"],
        since=row["since"],
        until=row["until"],
        by=row["by"],
        reason=row["reason"],
        revoked_at=row["revoked_at"],
        revoked_by=row["revoked_by"],
    )


def _loan_row(loan: CrewLoan) -> dict[str, Any]:
    return {
        "from_id": loan.from_id,
        "to_id": loan.to_id,
        "crew_id": loan.crew_id,
        "status": loan.status.value,
        "reason": loan.reason,
        "asked_at": loan.asked_at,
        "asked_by": loan.asked_by,
        "wanted_until": loan.wanted_until,
        "period": None if loan.since is None else Range(loan.since, loan.until),
        "terms": loan.terms,
        "answered_at": loan.answered_at,
        "answered_by": loan.answered_by,
        "answered_for": loan.answered_for,
        "rule_id": loan.rule_id,
        "ended_by": loan.ended_by,
        "ended_for": loan.ended_for,
        "version": loan.version,
    }


def _rule_row(rule: LendingRule) -> dict[str, Any]:
    return {
        "from_id": rule.from_id,
        "to_id": rule.to_id,
        "most": rule.most,
        "keep_free": rule.keep_free,
        "since": rule.since,
        "until": rule.until,
        "by": rule.by,
        "reason": rule.reason,
        "revoked_at": rule.revoked_at,
        "revoked_by": rule.revoked_by,
    }
