"""The columns in which an outage keeps when supply is expected back."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from dispatch.domain.outage import (
    Confidence,
    EstimateAlarm,
    EstimateBasis,
    EstimatedRestoration,
    EstimateSource,
)
from dispatch.store.direct import Row

COLUMNS = (
    *("etr_at", "etr_source", "etr_confidence", "etr_from", "etr_to"),
    *("etr_basis", "etr_said_at", "etr_alarm"),
)


def _as_it_is(at: datetime | None) -> datetime | None:
    return at


def read_estimate(
    row: Row, time: Callable[[Any], datetime | None] = _as_it_is
) -> EstimatedRestoration | None:
    """Put an estimate together; None where there is none. `time` reads the times of JSON."""
    at = time(row["etr_at"])
    if at is None:
        return None
    basis = row["etr_basis"]
    return EstimatedRestoration(
        at=at,
        source=EstimateSource(row["etr_source"]),
        confidence=Confidence(row["etr_confidence"]),
        from_at=time(row["etr_from"]),
        to_at=time(row["etr_to"]),
        basis=None if basis is None else EstimateBasis(basis),
        said_at=time(row["etr_said_at"]),
        alarm=EstimateAlarm(row["etr_alarm"]),
    )


def written_estimate(etr: EstimatedRestoration | None) -> dict[str, Any]:
    """The columns of an estimate."""
    if etr is None:
        return {**dict.fromkeys(COLUMNS), "etr_alarm": EstimateAlarm.NONE.value}
    return {
        "etr_at": etr.at,
        "etr_source": etr.source.value,
        "etr_confidence": etr.confidence.value,
        "etr_from": etr.from_at,
        "etr_to": etr.to_at,
        "etr_basis": None if etr.basis is None else etr.basis.value,
        "etr_said_at": etr.said_at,
        "etr_alarm": etr.alarm.value,
    }
