"""Loans of crews and standing consents as they go out."""

from datetime import datetime

from pydantic import BaseModel

from api.views.sayings import SayingOut, reasons_of
from dispatch.store.reads.loans import SeenLoan, SeenRule


class CrewLoanOut(BaseModel):
    """One crew asked for, lent or back; `order_id` is what it holds while it is away.

    `reason` is why it was asked for, `answered_for` why it was refused, `ended_for` why it ended;
    `rule_id` the consent given beforehand by which it went.
    """

    id: int
    status: str
    from_district: str
    to_district: str
    crew_id: str | None
    crew: str | None
    order_id: int | None
    reason: SayingOut
    asked_at: datetime
    asked_by: str
    wanted_until: datetime | None
    since: datetime | None
    until: datetime | None
    terms: str
    answered_at: datetime | None
    answered_by: str | None
    answered_for: str | None
    rule_id: int | None
    ended_by: str | None
    ended_for: SayingOut | None
    version: int

    @classmethod
    def of(cls, seen: SeenLoan) -> "CrewLoanOut":
        """Build from the loan."""
        loan = seen.loan
        return cls(
            id=loan.id,
            status=loan.status.value,
            from_district=loan.from_id,
            to_district=loan.to_id,
            crew_id=loan.crew_id,
            crew=seen.crew_name,
            order_id=seen.order_id,
            reason=reasons_of([loan.reason])[0],
            asked_at=loan.asked_at,
            asked_by=loan.asked_by,
            wanted_until=loan.wanted_until,
            since=loan.since,
            until=loan.until,
            terms=loan.terms,
            answered_at=loan.answered_at,
            answered_by=loan.answered_by,
            answered_for=loan.answered_for,
            rule_id=loan.rule_id,
            ended_by=loan.ended_by,
            ended_for=None if loan.ended_for is None else reasons_of([loan.ended_for])[0],
            version=loan.version,
        )


class DrivesForOut(BaseModel):
    """For whom a crew drives; `status` is `recalled` where it comes home after its order."""

    status: str
    district_id: str
    district: str
    until: datetime | None
    terms: str

    @classmethod
    def of(cls, seen: SeenLoan) -> "DrivesForOut":
        """Build from the loan."""
        loan = seen.loan
        return cls(
            status=loan.status.value,
            district_id=loan.to_id,
            district=seen.to_name,
            until=loan.until,
            terms=loan.terms,
        )


class LendingRuleOut(BaseModel):
    """What a district consents to beforehand, and how many crews are `away` by it now."""

    id: int
    from_district: str
    to_district: str | None
    most: int
    keep_free: int
    since: datetime
    until: datetime | None
    by: str
    reason: str
    away: int

    @classmethod
    def of(cls, seen: SeenRule) -> "LendingRuleOut":
        """Build from the rule."""
        rule = seen.rule
        return cls(
            id=rule.id,
            from_district=rule.from_id,
            to_district=rule.to_id,
            most=rule.most,
            keep_free=rule.keep_free,
            since=rule.since,
            until=rule.until,
            by=rule.by,
            reason=rule.reason,
            away=seen.out,
        )
