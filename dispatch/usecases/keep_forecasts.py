"""Keep what was learned of waits as a new version; nothing uses it before it is applied."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.repair import ForecastVersion
from dispatch.journal import forecast_event
from dispatch.learning.forecaster import SHIPPED, Forecaster
from dispatch.learning.judging_forecasts import Report
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepForecasts:
    """What was learned from outages opened between `since` and `until`, by whom and why.

    `report` is how the same way of learning did on the newest weeks, which it had not seen.
    """

    forecaster: Forecaster
    report: Report
    since: datetime
    until: datetime
    repairs: int
    by: str
    reason: str


def keep_forecasts(store: Store, command: KeepForecasts, *, now: datetime) -> ForecastVersion:
    """Store it; the version with its number.

    Raises
    ------
    ReasonRequired
        Nobody says why.
    """
    kept = store.forecasts.add(
        ForecastVersion(
            version=SHIPPED,  # the store gives the next number
            made_at=now,
            made_by=command.by,
            reason=need_reason(command.reason, "keeping forecasts"),
            since=command.since,
            until=command.until,
            repairs=command.repairs,
            model=command.forecaster.to_dict(),
            report=command.report.to_dict(),
        )
    )
    store.events.append(
        forecast_event(
            "kept",
            at=now,
            by=command.by,
            version=kept.version,
            reason=kept.reason,
            since=kept.since.isoformat(),
            until=kept.until.isoformat(),
            repairs=kept.repairs,
        )
    )
    return kept
