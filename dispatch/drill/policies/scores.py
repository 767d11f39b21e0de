"""What a day comes to, and whether one way of sending is better than another over many days."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from dispatch.domain.clock import ARRIVAL_COMMITMENT, ARRIVAL_NATIONAL
from dispatch.domain.words import AreaClass
from dispatch.drill.policies.day import Day
from dispatch.drill.policies.playing import Played
from dispatch.drill.policies.standing import Served

Figures = Mapping[str, float]

KEPT, STANDARD = "kept", "kept_standard"
WORDS: Mapping[str, str] = {
    KEPT: "kept, %",
    **{f"{KEPT}_{area.value}": f"{area.value}, %" for area in AreaClass},
    STANDARD: "standard kept, %",
    **{f"{STANDARD}_{area.value}": f"standard {area.value}, %" for area in AreaClass},
    "p50_min": "half there by, min",
    "p90_min": "nine tenths by, min",
    "hazards_p90_min": "at nine tenths of the hazards by, min",
    "km": "km",
    "overtime_h": "overtime, h",
    "customer_hours": "customer-hours out",
    "loans": "crews lent",
    "lent_h": "lent for, h",
    "put_off": "told times put off, by order",
}
SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over days with its 95 % interval, by Student's t; `value` is NaN where no day counts.

    The ends are NaN where fewer than two do.
    """

    value: float
    low: float
    high: float


def is_kept(day: Day, served: Served, rule: str = ARRIVAL_COMMITMENT) -> bool:
    """Whether the crew arrived in time."""
    return served.arrived_min - served.job.received_min <= day.due_in(served.job, rule)


def count_kept(played: Played) -> int:
    """How many arrival commitments were kept."""
    return sum(is_kept(played.day, served) for served in played.served)


def figures(played: Played) -> Figures:
    """Everything that is told about a day; NaN where there is nothing to tell of."""
    waits = [s.arrived_min - s.job.received_min for s in played.served]
    out = [(s.done_min - s.job.received_min) / 60 * s.job.customers for s in played.served]
    found = {}
    for name, rule in ((KEPT, ARRIVAL_COMMITMENT), (STANDARD, ARRIVAL_NATIONAL)):
        found[name] = _percent([is_kept(played.day, s, rule) for s in played.served])
        for area in AreaClass:
            mine = [is_kept(played.day, s, rule) for s in played.served if s.job.area_class is area]
            found[f"{name}_{area.value}"] = _percent(mine)
    return {
        **found,
        "p50_min": _quantile(waits, 0.5),
        "p90_min": _quantile(waits, 0.9),
        "hazards_p90_min": _quantile(
            [w for w, s in zip(waits, played.served, strict=True) if s.job.hazard is not None], 0.9
        ),
        "km": played.km,
        "overtime_h": played.overtime_min / 60,
        "customer_hours": float(np.sum(out)),
        "loans": float(played.loans),
        "lent_h": played.lent_min / 60,
        "put_off": math.nan
        if played.put_off is None
        else played.put_off / max(1, len(played.served)),
    }


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of what is known, with its interval."""
    known = np.array([value for value in values if math.isfinite(value)])
    if len(known) < 2:  # noqa: PLR2004 (a spread takes two)
        return Mean(float(known.mean()) if len(known) else math.nan, math.nan, math.nan)
    half = stats.t.ppf((1 + SHARE) / 2, len(known) - 1) * known.std(ddof=1) / math.sqrt(len(known))
    return Mean(float(known.mean()), float(known.mean() - half), float(known.mean() + half))


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Mean:
    """The mean of ours less theirs, day by day."""
    return mean_of([a - b for a, b in zip(ours, theirs, strict=True)])


def _percent(kept: Sequence[bool]) -> float:
    return 100 * sum(kept) / len(kept) if kept else math.nan


def _quantile(values: Sequence[float], share: float) -> float:
    """The value that so many keep below: one of them, so that never is never in between."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else math.nan
