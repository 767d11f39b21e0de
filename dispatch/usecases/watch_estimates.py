"""Raise the alarm before an estimate passes, and again when it has: each once."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import EstimateAlarm, Outage
from dispatch.journal import SYSTEM, outage_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEstimates:
    """How many to look at in one go."""

    limit: int = 200


def watch_estimates(store: Store, command: WatchEstimates, *, now: datetime) -> int:
    """Raise `outage.estimate_expiring` and `outage.estimate_passed`; how many were raised.

    Only what a person said is raised beforehand: what is worked out is worked out anew before it
    passes. A new estimate of whomever begins without an alarm.
    """
    raised, ask_within = 0, store.forecasts.telling.ask_within
    for seen in store.outages.list_expiring(now, ask_within, command.limit):
        outage = store.outages.lock(seen.id)
        if outage.version == seen.version:
            raised += _raise(store, outage, now)
    return raised


def _raise(store: Store, outage: Outage, now: datetime) -> bool:
    estimate = outage.estimate
    if estimate is None:
        return False
    passed = estimate.has_passed(now)
    alarm = EstimateAlarm.PASSED if passed else EstimateAlarm.EXPIRING
    saved = store.outages.save(outage.raise_alarm(alarm))
    order = store.orders.find_open_of_outage(outage.id)
    store.events.append(
        outage_event(
            saved,
            f"estimate_{alarm.value}",
            at=now,
            by=SYSTEM,
            restore_at=estimate.at.isoformat(),
            source=estimate.source.value,
            crew=None if order is None else order.crew_id,
        )
    )
    return True
