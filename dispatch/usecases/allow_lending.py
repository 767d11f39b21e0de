"""A district consents beforehand to lend crews, or takes that back."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.loan import LendingRule
from dispatch.domain.words import DistrictId, LendingRuleId
from dispatch.errors import InvalidInput, NotFound
from dispatch.journal import lending_event
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason

UNSAVED = LendingRuleId(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowLending:
    """So many crews to one district (`to_id` None: any), with so many free ones kept at home."""

    from_id: DistrictId
    to_id: DistrictId | None
    most: int
    keep_free: int
    until: datetime | None
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeLending:
    """Which rule consents to nothing more, and why."""

    rule_id: LendingRuleId
    by: str
    reason: str


def allow_lending(store: Store, command: AllowLending, *, now: datetime) -> LendingRule:
    """Consent from now on.

    Raises
    ------
    ReasonRequired, InvalidInput, NotFound
        Nobody says why; the end is over, or a district lends to itself; there is no such district.
    """
    why = need_reason(command.reason, "a standing consent")
    districts = store.directory.list_districts()
    for district_id in (command.from_id, command.to_id):
        if district_id is not None and district_id not in districts:
            raise NotFound("district", id=district_id)
    if command.from_id == command.to_id:
        raise InvalidInput("to", command.to_id, "another district than the one that lends")
    if command.until is not None and command.until <= now:
        raise InvalidInput("until", command.until.isoformat(), "a time that is to come")
    rule = store.loans.add_rule(
        LendingRule(
            id=UNSAVED,
            from_id=command.from_id,
            to_id=command.to_id,
            most=command.most,
            keep_free=command.keep_free,
            since=now,
            until=command.until,
            by=command.by,
            reason=why,
        )
    )
    store.events.append(lending_event(rule, "allowed", at=now, by=command.by, reason=why))
    return rule


def revoke_lending(store: Store, command: RevokeLending, *, now: datetime) -> LendingRule:
    """Take a consent back; crews that are away stay away until they are recalled.

    Raises
    ------
    ReasonRequired, NotFound, IllegalStep
        Nobody says why; there is no such rule; it was revoked before.
    """
    why = need_reason(command.reason, "revoking a consent")
    rule = store.loans.lock_rule(command.rule_id).revoke(at=now, by=command.by)
    store.loans.save_rule(rule)
    store.events.append(lending_event(rule, "revoked", at=now, by=command.by, reason=why))
    return rule
