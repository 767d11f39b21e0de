"""A crew that one district lends to another: asked for, granted or refused, recalled, ended."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.words import CrewId, DistrictId, LendingRuleId, LoanId
from dispatch.errors import IllegalStep


class LoanStatus(StrEnum):
    """How far a loan has come."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    RECALLED = "recalled"
    ENDED = "ended"


NEXT: Mapping[LoanStatus, frozenset[LoanStatus]] = {
    LoanStatus.ASKED: frozenset({LoanStatus.GRANTED, LoanStatus.REFUSED, LoanStatus.ENDED}),
    LoanStatus.GRANTED: frozenset({LoanStatus.RECALLED, LoanStatus.ENDED}),
    LoanStatus.RECALLED: frozenset({LoanStatus.ENDED}),
    LoanStatus.REFUSED: frozenset(),
    LoanStatus.ENDED: frozenset(),
}
"""What may follow on what; nothing follows on a refusal or an end."""

OPEN = frozenset({LoanStatus.ASKED, LoanStatus.GRANTED, LoanStatus.RECALLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingPolicy:
    """When the planner asks for a crew, and what a lender keeps; assumptions until set.

    Attributes
    ----------
    ask_below
        Ask when the plan keeps less than this share of the arrival promises of what is open.
    least_orders
        A plan of fewer open orders is no storm.
    least_gain
        How many more promises one crew has to keep, in expectation, to be asked for.
    keep_covered
        The share of its customers that the lender's other free crews have to cover still.
    keep_free
        How many free crews the lender has to keep in any case.
    answer_within
        An ask of the planner that nobody answers ends after this; then it may ask anew.
    ask_again_after
        A neighbour where a person said no (refused, called a crew back, got one back) is left alone
        by the planner for so long.
    longest
        No loan is longer than this, nor than the crew's shift.
    """

    ask_below: float = 0.8
    least_orders: int = 3
    least_gain: float = 0.5
    keep_covered: float = 0.5
    keep_free: int = 1
    answer_within: timedelta = timedelta(minutes=15)
    ask_again_after: timedelta = timedelta(hours=1)
    longest: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewLoan:
    """One crew from one district to another.

    Attributes
    ----------
    crew_id
        Whom the lender sends; while the loan is only asked for, the crew that was proposed, if any.
    wanted_until
        How long the borrower asks for; None as long as it may.
    since, until
        While the crew works for the borrower; None before it does. An end before its time moves
        `until`.
    rule_id
        The standing rule that consented, where no dispatcher did.
    """

    id: LoanId
    from_id: DistrictId
    to_id: DistrictId
    reason: str
    asked_at: datetime
    asked_by: str
    wanted_until: datetime | None = None
    crew_id: CrewId | None = None
    status: LoanStatus = LoanStatus.ASKED
    since: datetime | None = None
    until: datetime | None = None
    terms: str = ""
    answered_at: datetime | None = None
    answered_by: str | None = None
    answered_for: str | None = None
    rule_id: LendingRuleId | None = None
    ended_by: str | None = None
    ended_for: str | None = None
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether something may still come of it."""
        return self.status in OPEN

    def holds(self, now: datetime) -> bool:
        """Whether the crew works for the borrower at `now`."""
        return (
            self.status is LoanStatus.GRANTED
            and self.since is not None
            and self.until is not None
            and self.since <= now < self.until
        )

    def grant(
        self,
        crew_id: CrewId,
        *,
        at: datetime,
        until: datetime,
        by: str,
        terms: str = "",
        rule_id: LendingRuleId | None = None,
    ) -> "CrewLoan":
        """The lender sends this crew, from now until then at the latest."""
        return replace(
            self._become(LoanStatus.GRANTED),
            crew_id=crew_id,
            since=at,
            until=until,
            terms=terms,
            answered_at=at,
            answered_by=by,
            rule_id=rule_id,
        )

    def refuse(self, *, at: datetime, by: str, reason: str) -> "CrewLoan":
        """The lender keeps its crews, for a reason."""
        refused = self._become(LoanStatus.REFUSED)
        return replace(refused, answered_at=at, answered_by=by, answered_for=reason)

    def recall(self, *, at: datetime, by: str, reason: str) -> "CrewLoan":
        """The crew gets no new order of the borrower and comes home after the one it holds."""
        return replace(
            self._become(LoanStatus.RECALLED), until=self._over(at), ended_by=by, ended_for=reason
        )

    def end(self, *, at: datetime, by: str, reason: str) -> "CrewLoan":
        """The crew is home again, or was never sent; who recalled it, and why, is kept."""
        return replace(
            self._become(LoanStatus.ENDED),
            until=self._over(at),
            ended_by=self.ended_by or by,
            ended_for=self.ended_for or reason,
        )

    def _over(self, at: datetime) -> datetime | None:
        return None if self.until is None else min(self.until, at)

    def _become(self, to: LoanStatus) -> "CrewLoan":
        if to not in NEXT[self.status]:
            raise IllegalStep(
                f"a loan that is {self.status} cannot become {to}", loan_id=self.id, to=to.value
            )
        return replace(self, status=to)


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingRule:
    """A district's consent beforehand: so many crews, to one district or to any (`to_id` None).

    `most` crews are out by this rule at one time, and `keep_free` free ones stay at home.
    """

    id: LendingRuleId
    from_id: DistrictId
    to_id: DistrictId | None
    most: int
    keep_free: int
    since: datetime
    until: datetime | None
    by: str
    reason: str
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    def holds_for(self, to_id: DistrictId, now: datetime) -> bool:
        """Whether it consents to a crew for that district at `now`."""
        in_time = self.since <= now and (self.until is None or now < self.until)
        return self.revoked_at is None and in_time and self.to_id in {None, to_id}

    def revoke(self, *, at: datetime, by: str) -> "LendingRule":
        """Consent to nothing more; what was lent stays lent."""
        if self.revoked_at is not None:
            raise IllegalStep("the lending rule was revoked before", rule_id=self.id)
        return replace(self, revoked_at=at, revoked_by=by)
