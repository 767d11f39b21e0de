"""Major event days of IEEE 1366, and indices of days put together.

A day is a major event day when its SAIDI is above `exp(alpha + 2.5 beta)`, where alpha and beta
are the mean and the standard deviation of the natural logarithms of the daily SAIDI of five years
before, days without any left out (IEEE Std 1366-2022, the 2.5 beta method). Days here are those
on which an interruption began, and all of its minutes belong to that day.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BETAS = 2.5
LEAST_DAYS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Above which daily SAIDI, in minutes, a day is a major event day; from `days` days."""

    saidi_minutes: float
    alpha: float
    beta: float
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Interruptions of a period: customers interrupted (each time anew), their minutes, short ones.

    `within_minutes` are the minutes that fell within the period, short ones too, whenever the
    interruption began; `period_minutes` is how long the period is, as far as it is on record.
    `lasting` of `sustained` are not over.
    """

    sustained: int = 0
    minutes: float = 0.0
    momentary: int = 0
    lasting: int = 0
    within_minutes: float = 0.0
    period_minutes: float = 0.0

    def saidi(self, served: int) -> float | None:
        """Minutes without supply for each customer served; None where nobody is served."""
        return self.minutes / served if served else None

    def saifi(self, served: int) -> float | None:
        """Sustained interruptions for each customer served."""
        return self.sustained / served if served else None

    @property
    def caidi(self) -> float | None:
        """Minutes for each sustained interruption; None without one."""
        return self.minutes / self.sustained if self.sustained else None

    def availability(self, served: int) -> float | None:
        """The share of the period in which customers had supply."""
        whole = served * self.period_minutes
        return 1 - self.within_minutes / whole if whole > 0 else None


def threshold(daily_saidi: Iterable[float]) -> Threshold | None:
    """Work the threshold out from earlier days; None with fewer than two days that had any."""
    logs: Sequence[float] = [math.log(each) for each in daily_saidi if each > 0]
    if len(logs) < LEAST_DAYS:
        return None
    alpha = sum(logs) / len(logs)
    beta = math.sqrt(sum((each - alpha) ** 2 for each in logs) / (len(logs) - 1))
    return Threshold(
        saidi_minutes=math.exp(alpha + BETAS * beta), alpha=alpha, beta=beta, days=len(logs)
    )
