"""Who calls and when, from closed outages: the share of callers and their delay.

An outage that nobody called for is never seen, so what is seen is weighed as "at least one called",
however late: without a call nobody comes to end it.
When it began is mostly known from the calls themselves; the beginning is summed out then, and the
customers who stayed silent help to date it. After its lights are on nobody calls for it any more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import expit, logit, logsumexp
from scipy.stats import beta

from dispatch.domain.past import PastOutage
from dispatch.domain.words import DistrictId
from dispatch.learning.pooling import Ints, Pooled, pool_curves
from dispatch.rates import Delay, Floats, Share

SHARE_WIDTH = 0.7
"""How sure the assumed share of callers is, on the scale of log odds (assumption)."""

DELAY_WIDTH = (0.5, 0.5, 0.8)
"""The same of the quick callers' delay, the late ones', and the log odds of being quick."""

SHARES: Floats = expit(np.linspace(logit(0.0006), logit(0.98), 32))
"""Shares of callers over which an outage is summed."""

MEANS: Floats = np.linspace(logit(0.01), logit(0.6), 140)
"""Candidates for the mean share, as log odds."""

TIMES: Floats = np.linspace(-1.5, 1.5, 31)
"""Candidates for how much slower a district's callers are, as a logarithm."""

LAGS: Floats = np.concatenate(([0.0], np.geomspace(0.03, 300.0, 36)))
"""Minutes from a beginning to the first call; the first stands for a beginning that is known."""

MOST_FOR_DELAY = 800
"""Outages that the delay is fitted to; more would add time and hardly any certainty."""

SOONEST_MIN = 0.05
EARLY_MIN = 3.0
"""A call this long before the beginning on record is put down to clocks that differ."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Outages as arrays; minutes count from the beginning, or the first call where it is unknown.

    `begun` says which beginnings are known, shape (outages,). Parts have `customers`, `callers`,
    `lit` and the outage they are `part_of`; calls have `at` and their outage `call_of`.
    """

    begun: Floats
    customers: Floats
    callers: Floats
    lit: Floats
    part_of: Ints
    at: Floats
    call_of: Ints

    @property
    def count(self) -> int:
        """How many outages."""
        return self.begun.size

    def per_outage(self, of: Ints, values: Floats) -> Floats:
        """Sum values of parts or calls over each outage; (outages, ...)."""
        size = values.shape[0]
        member = csr_array((np.ones(size), (of, np.arange(size))), shape=(self.count, size))
        summed = member @ values.reshape(size, -1)
        return np.asarray(summed, dtype=float).reshape(self.count, *values.shape[1:])

    @property
    def called(self) -> Floats:
        """Callers of each outage."""
        return self.per_outage(self.part_of, self.callers)


def usable(outages: Sequence[PastOutage]) -> list[PastOutage]:
    """Those that tell of callers: with customers, and called for or known to have begun."""
    return [
        o
        for o in outages
        if o.restored_at is not None
        and sum(part.customers for part in o.parts) > 1
        and (o.began_at is not None or any(part.called_at for part in o.parts))
    ]


def heard(outages: Sequence[PastOutage]) -> Heard:
    """Lay outages out; each must be `usable`."""
    parts: list[tuple[float, float, float, int]] = []
    calls: list[tuple[float, int]] = []
    for number, outage in enumerate(outages):
        zero = outage.began_at or outage.heard_at
        for part in outage.parts:
            lit = (part.lit_at - zero).total_seconds() / 60
            minutes = [(at - zero).total_seconds() / 60 for at in part.called_at]
            mine = [m for m in minutes if -EARLY_MIN <= m <= lit]
            if outage.began_at is not None:
                mine = [max(m, SOONEST_MIN) for m in mine]
            if lit > SOONEST_MIN:
                customers = max(part.customers, len(mine))
                parts.append((customers, len(mine), lit, number))
                calls += [(m, number) for m in mine]
    of_parts = np.array(parts, dtype=float).reshape(-1, 4)
    of_calls = np.array(calls, dtype=float).reshape(-1, 2)
    return Heard(
        begun=np.array([o.began_at is not None for o in outages], dtype=float),
        customers=of_parts[:, 0],
        callers=of_parts[:, 1],
        lit=of_parts[:, 2],
        part_of=of_parts[:, 3].astype(np.intp),
        at=of_calls[:, 0],
        call_of=of_calls[:, 1].astype(np.intp),
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """How well outages fit each share of callers, and how probably they had stayed unseen.

    Logarithms of shape (outages, shares); nothing stays unseen that tells of itself.
    """

    seen: Floats
    unseen: Floats

    def of_means(self, concentration: float) -> Floats:
        """Log likelihood under each mean share, given that it was seen; (outages, means)."""
        weights = beta_weights(expit(MEANS), concentration)
        top = self.seen.max(axis=1, keepdims=True)
        likely = np.log(np.exp(self.seen - top) @ weights) + top
        return np.asarray(likely - np.log1p(-np.minimum(np.exp(self.unseen) @ weights, 0.999999)))

    def of(self, share: Share) -> Floats:
        """Log likelihood with the share's Beta distribution; shape (outages,)."""
        weights = beta_weights(np.array([share.mean]), share.concentration)[:, 0]
        return np.asarray(logsumexp(self.seen + np.log(weights + 1e-300), axis=1), dtype=float)


def beta_weights(means: Floats, concentration: float) -> Floats:
    """Beta mass around each of `SHARES`, shape (shares, means)."""
    edges = np.concatenate(([0.0], (SHARES[1:] + SHARES[:-1]) / 2, [1.0]))
    return np.asarray(
        np.diff(
            beta.cdf(edges[:, None], means * concentration, (1 - means) * concentration), axis=0
        )
    )


def fit(those: Heard, delay: Delay) -> Fit:
    """Weigh every outage under every share of callers, its beginning summed out."""
    density = delay.density(those.at[:, None] + LAGS)
    when = those.per_outage(those.call_of, np.log(np.maximum(density, 1e-300)))
    reached = delay.distribution(those.lit[:, None] + LAGS)
    silent = (those.customers - those.callers)[:, None, None]
    quiet = silent * np.log1p(-reached[:, :, None] * SHARES)
    silence = those.per_outage(those.part_of, quiet)
    seen = logsumexp(when[:, :, None] + silence + _lag_weights(those)[:, :, None], axis=1)
    seen += those.called[:, None] * np.log(SHARES)
    customers = those.per_outage(those.part_of, those.customers)
    unseen = customers[:, None] * np.log1p(-SHARES)
    return Fit(seen, np.where(those.begun[:, None] > 0, -np.inf, unseen))


def _lag_weights(those: Heard) -> Floats:
    """Log of the minutes that each lag stands for; (outages, lags)."""
    width = np.concatenate(([0.0], np.gradient(LAGS[1:])))
    unknown = np.log(np.maximum(width, 1e-300))
    known = np.concatenate(([0.0], np.full(LAGS.size - 1, -690.0)))
    return np.where(those.begun[:, None] > 0, known, unknown)


@dataclass(frozen=True, slots=True)
class Callers:
    """What was learned of callers.

    `share` is pooled as log odds and `slower` as the logarithm of a factor on both delays; the
    districts' arrays are in the order asked for. `delay_sd` are standard deviations of the log of
    the quick delay, of the late one, and of the log odds of being quick.
    """

    share: Pooled
    delay: Delay
    delay_sd: Floats
    slower: Pooled
    calls: Ints

    def share_of(self, district: int | None, assumed: Share, off: float = 0.0) -> Share:
        """The share of a district's callers, None: the company's; `off` standard deviations off."""
        pooled = self.share
        mean, sd = (
            (pooled.mean, pooled.sd)
            if district is None
            else (pooled.district_mean[district], pooled.district_sd[district])
        )
        return replace(assumed, mean=float(expit(mean + off * sd)))

    def delay_of(self, district: int | None) -> Delay:
        """The delay of a district's callers; None: the company's."""
        return (
            self.delay
            if district is None
            else slowed(self.delay, self.slower.district_mean[district])
        )


ROUNDS = 2
AT_ONCE = 1_000
"""Outages weighed together; each takes some ten kilobytes a few times over."""


def learn_callers(
    outages: Sequence[PastOutage], districts: Sequence[DistrictId], share: Share, delay: Delay
) -> Callers:
    """Fit share and delay in turns, each with the other as it stands, then pool the districts.

    Parameters
    ----------
    outages
        Closed outages that are `usable`, at least one.
    districts
        Whose estimates to give.
    share, delay
        What was assumed.
    """
    chosen = heard(_telling(outages))
    everybody = [heard(outages[n : n + AT_ONCE]) for n in range(0, len(outages), AT_ONCE)]
    called = np.concatenate([those.called for those in everybody])
    number = {district: n for n, district in enumerate(districts)}
    of = np.array([number.get(o.district_id, -1) for o in outages], dtype=np.intp)
    moved, sd = np.zeros(3), np.array(DELAY_WIDTH)
    pooled = _pooled_share(everybody, of, len(districts), delay, share)
    for _ in range(ROUNDS):
        here = replace(share, mean=float(expit(pooled.mean)))
        if chosen.count:
            moved, sd = _fit_delay(chosen, here, delay, moved)
        pooled = _pooled_share(everybody, of, len(districts), _moved(delay, moved), share)
    found = _moved(delay, moved)
    return Callers(
        share=pooled,
        delay=found,
        delay_sd=sd,
        slower=_pooled_times(outages, len(districts), found, pooled, share, number),
        calls=np.bincount(of[of >= 0], weights=called[of >= 0], minlength=len(districts)).astype(
            np.intp
        ),
    )


def _telling(outages: Sequence[PastOutage]) -> list[PastOutage]:
    """The newest outages whose calls tell of delays: begun at a known time, or called for twice."""
    telling = [
        o
        for o in outages
        if sum(len(part.called_at) for part in o.parts) > (1 if o.began_at is None else 0)
    ]
    return sorted(telling, key=lambda o: (o.opened_at, o.id))[-MOST_FOR_DELAY:]


def _pooled_share(
    everybody: Sequence[Heard], of: Ints, districts: int, delay: Delay, share: Share
) -> Pooled:
    """The share of callers; each block of outages is weighed on its own, for the memory's sake."""
    curves = np.vstack([fit(those, delay).of_means(share.concentration) for those in everybody])
    return pool_curves(_curves(curves, of, districts), MEANS, float(logit(share.mean)), SHARE_WIDTH)


def _curves(per_outage: Floats, of: Ints, districts: int) -> Floats:
    out = np.zeros((max(districts, 1), per_outage.shape[1]))
    np.add.at(out, np.maximum(of, 0), np.where(of[:, None] >= 0, per_outage, 0.0))
    return out


def slowed(delay: Delay, log_factor: float) -> Delay:
    """The same callers, all so much slower."""
    factor = float(np.exp(log_factor))
    return replace(delay, scale_min=delay.scale_min * factor, late_min=delay.late_min * factor)


def _moved(delay: Delay, by: Floats) -> Delay:
    return replace(
        delay,
        scale_min=float(delay.scale_min * np.exp(by[0])),
        late_min=float(delay.late_min * np.exp(by[1])),
        soon=float(expit(logit(delay.soon) + by[2])),
    )


def _fit_delay(those: Heard, share: Share, assumed: Delay, start: Floats) -> tuple[Floats, Floats]:
    """How far the delay that fits best lies from what was assumed, with standard deviations."""
    width = np.array(DELAY_WIDTH)

    def unlikely(by: Floats) -> float:
        likely = fit(those, _moved(assumed, by)).of(share).sum()
        return float(-likely + 0.5 * ((by / width) ** 2).sum())

    best = minimize(
        unlikely,
        start,
        method="L-BFGS-B",
        bounds=[(-FARTHEST, FARTHEST)] * start.size,
        options={"eps": 1e-3, "ftol": 1e-7},
    )
    spread = np.linalg.inv(_curvature(unlikely, best.x))
    return best.x, np.sqrt(np.maximum(np.diag(spread), 1e-12))


FARTHEST = 2.5
STEP = 0.02


def _curvature(surface: Callable[[Floats], float], at: Floats) -> Floats:
    """Second derivatives by differences; the width of what was assumed is the least there is."""
    size = at.size
    steps = np.eye(size) * STEP
    out = np.zeros((size, size))
    for i in range(size):
        for j in range(i, size):
            a, b = steps[i], steps[j]
            out[i, j] = out[j, i] = (
                surface(at + a + b)
                - surface(at + a - b)
                - surface(at - a + b)
                + surface(at - a - b)
            ) / (4 * STEP**2)
    values, vectors = np.linalg.eigh(out)
    least = 1 / max(DELAY_WIDTH) ** 2
    return np.asarray((vectors * np.maximum(values, least)) @ vectors.T, dtype=float)


def _pooled_times(
    outages: Sequence[PastOutage],
    districts: int,
    delay: Delay,
    pooled: Pooled,
    share: Share,
    number: dict[DistrictId, int],
) -> Pooled:
    """How much slower each district's callers are than the company's."""
    chosen = _telling(outages)
    curves = np.zeros((max(districts, 1), TIMES.size))
    for district, n in number.items():
        those = heard([o for o in chosen if o.district_id == district])
        if those.count:
            here = replace(share, mean=float(expit(pooled.district_mean[n])))
            curves[n] = [fit(those, slowed(delay, by)).of(here).sum() for by in TIMES]
    return pool_curves(curves, TIMES, 0.0, CENTRED)


CENTRED = 0.05
"""The company's delay is fitted before; its districts' factors lie around one."""
