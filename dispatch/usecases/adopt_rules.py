"""Put a rule set into force from now or a later moment, or withdraw one that never held."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.rule_faults import faults_of
from dispatch.domain.rules import RuleSet, RuleVersion
from dispatch.errors import IllegalStep, InvalidInput
from dispatch.journal import rules_event
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from gis.counting import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptRules:
    """Which rules, by whom and why; `valid_from` None means now."""

    rules: RuleSet
    by: str
    reason: str
    valid_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawRules:
    """Which version is not to come into force, by whom and why."""

    version: int
    by: str
    reason: str


def adopt_rules(store: Store, command: AdoptRules, *, now: datetime) -> RuleVersion:
    """Keep the set as a new version; clocks that began before it stay with the rules they have.

    Raises
    ------
    ReasonRequired
        Nobody says why.
    InvalidInput
        The set has faults, or is to hold from a moment that is past.
    """
    why = need_reason(command.reason, "putting rules into force")
    valid_from = command.valid_from or now
    if valid_from < now:
        raise InvalidInput(
            "valid_from", valid_from.isoformat(), "now or later: what was judged stays judged"
        )
    faults = faults_of(command.rules, districts=store.directory.list_districts())
    if faults:
        said = "; ".join(f"{fault.where} is {fault.what}" for fault in faults)
        raise InvalidInput(
            "rule set", counted(len(faults), "fault"), f"a set without faults ({said})"
        )
    made = store.rules.adopt(
        replace(command.rules, valid_from=valid_from), by=command.by, note=why, at=now
    )
    store.events.append(
        rules_event(
            "adopted",
            at=now,
            by=command.by,
            version=made.rules.version,
            valid_from=valid_from.isoformat(),
            reason=why,
        )
    )
    return made


def withdraw_rules(store: Store, command: WithdrawRules, *, now: datetime) -> RuleVersion:
    """Take back a version before it holds; `IllegalStep` once it does, or if it was taken back."""
    why = need_reason(command.reason, "withdrawing rules")
    kept = store.rules.get(command.version)
    if kept.rules.valid_from <= now or kept.withdrawn_at is not None:
        raise IllegalStep("only rules that are not in force yet can be withdrawn")
    store.rules.withdraw(command.version, by=command.by, reason=why, at=now)
    store.events.append(
        rules_event("withdrawn", at=now, by=command.by, version=command.version, reason=why)
    )
    return store.rules.get(command.version)
