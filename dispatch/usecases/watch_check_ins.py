"""Miss the word of a crew at work, and say so while it can still be helped."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.order import DispatchStep, StepKind
from dispatch.domain.safety import AtWork, MissedCheckIn, SafetyPolicy
from dispatch.journal import SYSTEM, order_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCheckIns:
    """Look at every crew that is at its site."""


def watch_check_ins(
    store: Store,
    command: WatchCheckIns,  # noqa: ARG001 (a command like every other)
    *,
    policy: SafetyPolicy,
    now: datetime,
) -> int:
    """End alarms of crews that were heard, raise those of crews that were not; how many are new.

    What a phone sends late, at the time at which it was pressed, counts for that time.
    """
    for heard in store.check_ins.hear():
        _record(store, heard, StepKind.HEARD_AGAIN, heard.heard_at or now, now)
    if not policy.is_on:
        return 0
    silent = store.check_ins.list_silent(now - policy.every - policy.grace)
    return sum(_miss(store, crew, policy, now) for crew in silent)


def _miss(store: Store, crew: AtWork, policy: SafetyPolicy, now: datetime) -> bool:
    missed = MissedCheckIn(
        order_id=crew.order_id,
        crew_id=crew.crew_id,
        district_id=crew.district_id,
        last_sign_at=crew.last_sign_at,
        due_at=policy.due_at(crew.last_sign_at),
        raised_at=now,
    )
    if not store.check_ins.miss(missed):
        return False
    _record(store, missed, StepKind.CHECK_IN_MISSED, missed.due_at, now)
    return True


def _record(
    store: Store, missed: MissedCheckIn, kind: StepKind, at: datetime, now: datetime
) -> None:
    facts = {"last_sign_at": missed.last_sign_at.isoformat(), "due_at": missed.due_at.isoformat()}
    store.orders.record(
        DispatchStep(
            order_id=missed.order_id,
            kind=kind,
            at=at,
            recorded_at=now,
            by=SYSTEM,
            crew_id=missed.crew_id,
            facts=facts,
        )
    )
    order = store.orders.get(missed.order_id)
    store.events.append(order_event(order, kind.value, at=at, by=SYSTEM, **facts))
