"""A waiting time as a curve of quantiles: read off, conditioned on time passed, and added.

Between its levels a curve is straight on the scale of normal scores against the logarithm of the
minutes, and goes on straight beyond them: each piece is lognormal, and so are the tails.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from dispatch.rates import Floats

LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Shares of all cases that a curve is held at."""

SCORES = ndtri(np.array(LEVELS))
LEAST_SLOPE = 0.01
"""No wait is surer than within a few hundredths; the curve never turns back."""

LEAST_MIN = 0.1
NO_TIME_MIN = 1e-9
FARTHEST = 30.0
"""So many standard deviations out, the normal tail can still be told from nothing."""

_PARTS = 48
_SHARES = (np.arange(_PARTS) + 0.5) / _PARTS


def rising(log_min: Floats) -> Floats:
    """Make quantiles rise that cross, shape (..., levels): sorted, then a little apart."""
    least = LEAST_SLOPE * (SCORES - SCORES[0])
    return np.asarray(np.maximum.accumulate(np.sort(log_min, axis=-1) - least, axis=-1) + least)


@dataclass(frozen=True, slots=True)
class Curve:
    """Minutes until something happens: their logarithms at `LEVELS`, rising.

    `passed_min` have gone by without it: quantiles are those of the cases that take longer, and are
    counted from now, so never below 0.
    """

    log_min: tuple[float, ...]
    passed_min: float = 0.0

    @classmethod
    def of(cls, log_min: Sequence[float] | Floats, passed_min: float = 0.0) -> "Curve":
        """Take quantiles that may cross."""
        return cls(tuple(map(float, rising(np.asarray(log_min, float)))), passed_min)

    @classmethod
    def lognormal(cls, median_min: float, log_sd: float) -> "Curve":
        """A median and the standard deviation of the logarithm."""
        return cls.of(math.log(max(median_min, LEAST_MIN)) + log_sd * SCORES)

    @classmethod
    def of_mean(cls, mean_min: float, sd_min: float) -> "Curve":
        """A mean and a standard deviation, both in minutes."""
        mean = max(mean_min, LEAST_MIN)
        variance = math.log1p((sd_min / mean) ** 2)
        return cls.lognormal(mean * math.exp(-variance / 2), math.sqrt(variance))

    @classmethod
    def of_minutes(cls, minutes: Floats, weights: Floats | None = None) -> "Curve":
        """The quantiles of waits, each with a weight."""
        order = np.argsort(minutes)
        weight = np.ones(minutes.size) if weights is None else weights[order]
        reached = (np.cumsum(weight) - weight / 2) / weight.sum()
        logs = np.log(np.maximum(minutes[order], LEAST_MIN))
        return cls.of(np.interp(LEVELS, reached, logs))

    @staticmethod
    def of_ratios(ratios: Floats) -> tuple[float, ...]:
        """The quantiles of positive numbers at `LEVELS`, as logarithms that rise."""
        return tuple(map(float, rising(np.quantile(np.log(ratios), LEVELS))))

    def after(self, passed_min: float) -> "Curve":
        """The same wait when so many minutes in all have gone by and it is not over."""
        return Curve(self.log_min, max(0.0, passed_min))

    def from_now(self) -> "Curve":
        """What is left of the wait, as a wait of its own."""
        return self if self.passed_min <= 0.0 else Curve.of_minutes(self.quantiles(_SHARES))

    def quantile(self, share: float) -> float:
        """Minutes from now that the wait keeps below in `share` of the cases still possible."""
        return float(self.quantiles(np.array([share]))[0])

    def quantiles(self, shares: Floats) -> Floats:
        """Minutes from now for each share between 0 and 1, any shape."""
        if self.passed_min <= 0.0:
            return np.asarray(np.exp(self._log_at(ndtri(shares))))
        reached = min(self._score_at(math.log(max(self.passed_min, NO_TIME_MIN))), FARTHEST)
        score = -ndtri((1 - shares) * ndtr(-reached))
        left = np.exp(self._log_at(np.maximum(score, reached))) - self.passed_min
        return np.asarray(np.maximum(left, 0.0))

    def mean_and_sd(self) -> tuple[float, float]:
        """Mean and standard deviation in minutes from now, but for the last hundredths."""
        minutes = self.quantiles(_SHARES)
        return float(minutes.mean()), float(minutes.std())

    def then(self, other: "Curve") -> "Curve":
        """One wait after the other, taken as independent of it."""
        sums = np.add.outer(self.quantiles(_SHARES), other.quantiles(_SHARES)).ravel()
        return Curve.of_minutes(sums)

    def _log_at(self, score: Floats) -> Floats:
        return _read_off(np.array(self.log_min), score)

    def _score_at(self, log_min: float) -> float:
        held = np.array(self.log_min)
        within = float(np.interp(log_min, held, SCORES))
        first = (SCORES[1] - SCORES[0]) / (held[1] - held[0])
        last = (SCORES[-1] - SCORES[-2]) / (held[-1] - held[-2])
        outside = min(log_min - held[0], 0.0) * first + max(log_min - held[-1], 0.0) * last
        return float(within + outside)


def _read_off(held: Floats, score: Floats) -> Floats:
    """The logarithm at each score, from those at `SCORES`."""
    within = np.interp(score, SCORES, held)
    first = (held[1] - held[0]) / (SCORES[1] - SCORES[0])
    last = (held[-1] - held[-2]) / (SCORES[-1] - SCORES[-2])
    below = np.minimum(score - SCORES[0], 0.0) * first
    return np.asarray(within + below + np.maximum(score - SCORES[-1], 0.0) * last)


def means_and_sds(log_min: Floats) -> tuple[Floats, Floats]:
    """`Curve.mean_and_sd` of many waits that begin now: shape (n, levels) gives (n,) and (n,)."""
    minutes = np.exp(log_min @ _TO_SHARES)
    return minutes.mean(axis=-1), minutes.std(axis=-1)


_TO_SHARES = np.array([_read_off(row, ndtri(_SHARES)) for row in np.eye(len(LEVELS))])
"""A curve is linear in its levels: their shares in the logarithms at `_SHARES`."""
