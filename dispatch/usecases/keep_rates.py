"""Keep re-estimated rates as a new version; nothing assumes them before they are applied."""

from dataclasses import asdict, dataclass
from datetime import datetime

from dispatch.domain.past import RatesVersion
from dispatch.journal import rates_event
from dispatch.learning.learn import Learned
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.rates import SHIPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRates:
    """What was learned from outages opened between `since` and `until`, by whom and why."""

    learned: Learned
    since: datetime
    until: datetime
    by: str
    reason: str


def keep_rates(store: Store, command: KeepRates, *, now: datetime) -> RatesVersion:
    """Store it; the version with its number.

    Raises
    ------
    ReasonRequired
        Nobody says why.
    """
    learned = command.learned
    kept = store.rates.add(
        RatesVersion(
            version=SHIPPED,  # the store gives the next number
            made_at=now,
            made_by=command.by,
            reason=need_reason(command.reason, "keeping rates"),
            since=command.since,
            until=command.until,
            outages=learned.outages,
            company=learned.company.to_dict(),
            districts={name: rates.to_dict() for name, rates in learned.districts.items()},
            estimates=tuple(asdict(estimate) for estimate in learned.estimates),
        )
    )
    store.events.append(
        rates_event(
            "kept",
            at=now,
            by=command.by,
            version=kept.version,
            reason=kept.reason,
            since=kept.since.isoformat(),
            until=kept.until.isoformat(),
            outages=kept.outages,
        )
    )
    return kept
