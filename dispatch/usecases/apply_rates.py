"""Put a version of the rates into force, a new one or one from before."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.errors import IllegalStep
from dispatch.journal import rates_event
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.rates import SHIPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRates:
    """Which version, by whom and why; version 1 is what was shipped."""

    version: int
    by: str
    reason: str


def apply_rates(store: Store, command: ApplyRates, *, now: datetime) -> int:
    """Put it into force for every worker; the version that was in force before.

    Raises
    ------
    NotFound
        There is no such version.
    IllegalStep
        It is in force already.
    ReasonRequired
        Nobody says why.
    """
    reason = need_reason(command.reason, "putting rates into force")
    before = store.rates.in_force() or SHIPPED
    if command.version == before:
        raise IllegalStep(f"version {before} of the rates is in force already", version=before)
    kept = None if command.version == SHIPPED else store.rates.get(command.version).version
    store.rates.put_into_force(kept, at=now, by=command.by, reason=reason)
    store.events.append(
        rates_event(
            "applied", at=now, by=command.by, version=command.version, before=before, reason=reason
        )
    )
    return before
