"""Districts drawn towards their company, and the company towards what was assumed.

Two ways to the same end. `pool_curves` takes any likelihood of one number per district, tabulated;
`pool_counts` takes counts of events with their exposure (gamma and Poisson).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

from dispatch.rates import Floats

Ints = NDArray[np.intp]

SPREADS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
LIKELY_SPREAD = 0.3
"""How much districts of one company differ, on the scale of logarithms (assumption)."""

LEAST = 1e-300

PRIOR_EVENTS = 4.0
"""The assumed rates weigh as much as so many events (assumption: right within a factor of 2-3)."""

ALIKE = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
LIKELY_ALIKE, ALIKE_SPREAD = 12.0, 1.2
"""The company weighs as much as so many events of a district; centre and spread of its log."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """Means and standard deviations on the grid's scale; of the districts, shape (districts,)."""

    mean: float
    sd: float
    district_mean: Floats
    district_sd: Floats


def pool_curves(curves: Floats, grid: Floats, centre: float, width: float) -> Pooled:
    """Posterior of the company's value and of each district's, by summing over the grid.

    Parameters
    ----------
    curves
        Log likelihood of each district's value, shape (districts, grid).
    grid
        The values, evenly spaced; shape (grid,).
    centre, width
        Mean and standard deviation of what was assumed of the company's value.
    """
    gap = (grid[None, :] - grid[:, None]) ** 2
    spreads = np.array(SPREADS)
    kernel = -0.5 * gap[None] / spreads[:, None, None] ** 2
    kernel = np.exp(kernel - logsumexp(kernel, axis=2, keepdims=True))
    top = curves.max(axis=1)
    likely = np.exp(curves - top[:, None])
    # (spreads, company's value, districts): the district's own value summed out
    marginal = np.log(np.maximum(kernel @ likely.T, LEAST))
    joint = marginal.sum(axis=2) - 0.5 * ((grid - centre) / width) ** 2
    joint -= 0.5 * (spreads[:, None] / LIKELY_SPREAD) ** 2
    joint -= logsumexp(joint)
    mean, sd = _moments(logsumexp(joint, axis=0), grid)
    of_districts = []
    for d, own in enumerate(likely):
        company = joint - marginal[:, :, d]
        drawn = np.tensordot(np.exp(company - company.max()), kernel, axes=2)
        of_districts.append(_moments(np.log(np.maximum(drawn * own, LEAST)), grid))
    means, sds = np.array(of_districts).reshape(-1, 2).T
    return Pooled(mean, sd, means, sds)


def _moments(log_weights: Floats, grid: Floats) -> tuple[float, float]:
    weights = np.exp(log_weights - logsumexp(log_weights))
    mean = float(weights @ grid)
    variance = float(weights @ (grid - mean) ** 2)
    return mean, float(np.sqrt(variance))


@dataclass(frozen=True, slots=True)
class Counts:
    """Events of things that fail at a rate which is a sum of causes.

    `events` and `exposure` (years watched) are of shape (things,), `load` says how much of each
    cause a thing carries, shape (things, causes), `district` numbers its district.
    """

    events: Floats
    exposure: Floats
    load: Floats
    district: Ints
    districts: int


@dataclass(frozen=True, slots=True)
class PooledCounts:
    """Rates per year of a unit of load, with the standard deviation of their logarithm.

    `events` are those put down to each cause, split where a thing carries several. The company's
    are of shape (causes,), the districts' of shape (districts, causes).
    """

    rate: Floats
    log_sd: Floats
    events: Floats
    district_rate: Floats
    district_log_sd: Floats
    district_events: Floats


ROUNDS = 200
CLOSE = 1e-7


def pool_counts(counts: Counts, assumed: Floats) -> PooledCounts:
    """Gamma-Poisson rates of every cause: the company's, then each district's drawn to it.

    Which cause an event is due to is not seen; it is split in proportion to the rates, again and
    again until they stand still (expectation-maximisation).

    Parameters
    ----------
    counts
        What happened.
    assumed
        Rates a year before anything was seen, shape (causes,); each must be positive.
    """
    exposed = counts.exposure @ counts.load
    rate = assumed.copy()
    for _ in range(ROUNDS):
        split = _split(counts, rate[None, :].repeat(counts.districts, axis=0))
        new = (PRIOR_EVENTS + split.sum(axis=0)) / (PRIOR_EVENTS / assumed + exposed)
        still = np.abs(np.log(new / rate)).max() < CLOSE
        rate = new
        if still:
            break
    split = _split(counts, rate[None, :].repeat(counts.districts, axis=0))
    information = (split.T / np.maximum(counts.events, 1.0)) @ split
    information += np.diag(np.full(rate.size, PRIOR_EVENTS))
    log_sd = np.sqrt(np.diag(np.linalg.inv(information)))
    of_district, district_events, alike = _districts(counts, rate)
    return PooledCounts(
        rate=rate,
        log_sd=log_sd,
        events=split.sum(axis=0),
        district_rate=of_district,
        district_log_sd=np.sqrt(
            1 / (alike + district_events) + (alike / (alike + district_events) * log_sd) ** 2
        ),
        district_events=district_events,
    )


def _split(counts: Counts, rates: Floats) -> Floats:
    """Events by cause, (things, causes), under each district's rates (districts, causes)."""
    shares = counts.load * rates[counts.district]
    total = shares.sum(axis=1, keepdims=True)
    out: Floats = np.zeros_like(shares)
    np.divide(shares * counts.events[:, None], total, out=out, where=total > 0)
    return out


def _by_district(counts: Counts, values: Floats) -> Floats:
    out = np.zeros((counts.districts, values.shape[1]))
    np.add.at(out, counts.district, values)
    return out


def _districts(counts: Counts, rate: Floats) -> tuple[Floats, Floats, float]:
    """Rates and events (districts, causes), and how alike the districts are."""
    expected = _by_district(counts, counts.load * counts.exposure[:, None]) * rate
    rates = rate[None, :].repeat(counts.districts, axis=0)
    events, alike = np.zeros_like(expected), LIKELY_ALIKE
    for _ in range(ROUNDS):
        events = _by_district(counts, _split(counts, rates))
        alike = _alike(events, expected)
        new = rate * (alike + events) / (alike + expected)
        still = np.abs(np.log(new / rates)).max() < CLOSE
        rates = new
        if still:
            break
    return rates, events, alike


def _alike(events: Floats, expected: Floats) -> float:
    """The weight of the company that makes the districts' events most probable, with its prior."""
    k = np.array(ALIKE)[:, None]
    n, e = events[expected > 0][None, :], expected[expected > 0][None, :]
    fit = gammaln(k + n) - gammaln(k) + k * np.log(k / (k + e)) + n * np.log(e / (k + e))
    odds = fit.sum(axis=1) - 0.5 * (np.log(k[:, 0] / LIKELY_ALIKE) / ALIKE_SPREAD) ** 2
    return float(ALIKE[int(np.argmax(odds))])
