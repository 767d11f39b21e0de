"""Put a version of what was learned of waits into force, a new one or one from before."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.errors import IllegalStep
from dispatch.journal import forecast_event
from dispatch.learning.forecaster import SHIPPED
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.procedures.expecting import build_forecaster


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyForecasts:
    """Which version, by whom and why; version 1 is the shipped table."""

    version: int
    by: str
    reason: str


def apply_forecasts(store: Store, command: ApplyForecasts, *, now: datetime) -> int:
    """Foresee by it from now on, in every process; the version that was in force before.

    Raises
    ------
    NotFound
        There is no such version.
    IllegalStep
        It is in force already.
    InvalidInput
        This release cannot read it.
    ReasonRequired
        Nobody says why.
    """
    reason = need_reason(command.reason, "putting forecasts into force")
    before = store.forecasts.in_force() or SHIPPED
    if command.version == before:
        raise IllegalStep(f"version {before} of the forecasts is in force already", version=before)
    kept = None
    if command.version != SHIPPED:
        kept = build_forecaster(store.forecasts.get(command.version)).version
    store.forecasts.put_into_force(kept, at=now, by=command.by, reason=reason)
    store.events.append(
        forecast_event(
            "applied", at=now, by=command.by, version=command.version, before=before, reason=reason
        )
    )
    return before
