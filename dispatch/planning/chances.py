"""How late something with a spread is on average, and with what chance it is in time.

Times on the way are taken as independent, so that means and variances add up along a sequence; the
sum is taken as normal while plans are compared, and as lognormal with the same mean and variance
when a chance is told to people, because a drive can be much later than its mean and not much
earlier.
"""

import math
from statistics import NormalDist

CERTAIN_SD = 1e-6
_UNIT = NormalDist()


def chance_late(mean: float, sd: float, due: float) -> float:
    """The chance that something is later than `due`, taken as normal; 0 or 1 without spread."""
    if sd <= CERTAIN_SD:
        return 1.0 if mean > due else 0.0
    return 0.5 * math.erfc((due - mean) / (sd * math.sqrt(2)))


def expected_lateness(mean: float, sd: float, due: float) -> float:
    """The mean of the minutes after `due`, counting none when early, taken as normal."""
    if sd <= CERTAIN_SD:
        return max(0.0, mean - due)
    z = (mean - due) / sd
    return sd * math.exp(-z * z / 2) / math.sqrt(2 * math.pi) + (mean - due) * chance_late(
        mean, sd, due
    )


def chance_in_time(mean: float, sd: float, due: float) -> float:
    """The chance that a wait from now with that mean and spread ends by `due`, as lognormal."""
    if sd <= CERTAIN_SD or mean <= 0:
        return 1.0 if mean <= due else 0.0
    if due <= 0:
        return 0.0
    log_var = math.log1p((sd / mean) ** 2)
    log_mean = math.log(mean) - log_var / 2
    return _UNIT.cdf((math.log(due) - log_mean) / math.sqrt(log_var))


def quantile(mean: float, sd: float, share: float) -> float:
    """The minutes that such a wait keeps below in `share` of all cases, as lognormal."""
    if sd <= CERTAIN_SD or mean <= 0:
        return mean
    log_var = math.log1p((sd / mean) ** 2)
    return math.exp(math.log(mean) - log_var / 2 + math.sqrt(log_var) * _UNIT.inv_cdf(share))
