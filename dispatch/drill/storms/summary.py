"""Figures over many episodes, with confidence intervals, and how probabilities kept their word."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dispatch.drill.storms.scores import Score

DRAWS = 1_000
CONFIDENCE = 0.95
BINS = 10

Bins = Sequence[tuple[float, bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its 95 % confidence interval; None where there was nothing to count."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How probabilities kept their word.

    `bins` has per tenth how many there were, the mean given and the share that was so. `brier` is
    the mean squared error, `ece` the mean gap between given and true, weighted by count (expected
    calibration error); None where no probability was given.
    """

    bins: tuple[tuple[int, float, float], ...]
    brier: float | None
    ece: float | None


MEANS = {
    "f1": "pairwise F1 of reports",
    "precision": "pairwise precision",
    "recall": "pairwise recall",
    "bcubed": "B-cubed F1",
    "rand": "adjusted Rand index",
}
"""Figures that are means over episodes."""

RATES = {
    "pooled_f1": "pairwise F1, the pairs of all episodes together",
    "needless": "needless orders per 100 real outages",
    "nothing_found": "orders that found nothing of ours, per 100 real outages",
    "hidden": "hidden faults per 100 isolated callers",
    "right_5": "device right 5 minutes after the first call",
    "right_15": "device right after 15 minutes",
    "right_30": "device right after 30 minutes",
    "right_60": "device right after 60 minutes",
    "top3_15": "device among the first three after 15 minutes",
    "hops_15": "devices between the one told and the true one, after 15 minutes",
    "ever_right": "device right before a crew found it",
    "minutes_until_right": "minutes until the device was right, where it was",
}
"""Figures that are sums over episodes, one divided by the other."""

FIGURES = {**MEANS, **RATES}


def figures(scores: Sequence[Score], seed: int = 0) -> dict[str, Figure]:
    """All figures of one method, with intervals by bootstrap over whole episodes."""
    draws = np.random.default_rng(seed).integers(len(scores), size=(DRAWS, len(scores)))
    found = {}
    for name in MEANS:
        values = np.array([getattr(s.partitions, name) for s in scores])
        found[name] = _figure(values, np.ones(len(values)), draws)
    for name in RATES:
        pairs = np.array([s.ratios.get(name, (0.0, 0.0)) for s in scores])
        found[name] = _figure(pairs[:, 0], pairs[:, 1], draws)
    return found


def _figure(
    parts: "np.typing.NDArray[np.float64]",
    wholes: "np.typing.NDArray[np.float64]",
    draws: "np.typing.NDArray[np.int64]",
) -> Figure:
    if not wholes.sum():
        return Figure(value=None)
    tops, bottoms = parts[draws].sum(axis=1), wholes[draws].sum(axis=1)
    rates = tops[bottoms > 0] / bottoms[bottoms > 0]
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(rates, [tail, 100 - tail])
    return Figure(value=float(parts.sum() / wholes.sum()), low=float(low), high=float(high))


def difference(ours: Sequence[Score], theirs: Sequence[Score], name: str, seed: int = 0) -> Figure:
    """How much a figure of one method is above another's in the same episodes (paired)."""
    draws = np.random.default_rng(seed).integers(len(ours), size=(DRAWS, len(ours)))
    value = _paired(name)
    whole = value(ours) - value(theirs)
    found = [
        value([ours[i] for i in draw]) - value([theirs[i] for i in draw]) for draw in draws.tolist()
    ]
    if np.isnan(whole):
        return Figure(value=None)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.nanpercentile(found, [tail, 100 - tail])
    return Figure(value=float(whole), low=float(low), high=float(high))


def _paired(name: str) -> Callable[[Sequence[Score]], float]:
    def mean(scores: Sequence[Score]) -> float:
        return float(np.mean([getattr(s.partitions, name) for s in scores]))

    def rate(scores: Sequence[Score]) -> float:
        pairs = [s.ratios.get(name, (0.0, 0.0)) for s in scores]
        count = sum(pair[1] for pair in pairs)
        return sum(pair[0] for pair in pairs) / count if count else float("nan")

    return mean if name in MEANS else rate


def reliability(given: Bins) -> Reliability:
    """Compare probabilities with what was so, in tenths."""
    if not given:
        return Reliability(bins=(), brier=None, ece=None)
    chance = np.array([pair[0] for pair in given])
    so = np.array([pair[1] for pair in given], dtype=np.float64)
    tenth = np.minimum((chance * BINS).astype(np.int64), BINS - 1)
    bins, gap = [], 0.0
    for number in range(BINS):
        inside = tenth == number
        count = int(inside.sum())
        mean, share = (
            (float(chance[inside].mean()), float(so[inside].mean())) if count else (0.0, 0.0)
        )
        gap += count * abs(mean - share)
        bins.append((count, mean, share))
    return Reliability(
        bins=tuple(bins), brier=float(((chance - so) ** 2).mean()), ece=gap / len(given)
    )


def device_reliability(scores: Sequence[Score]) -> Reliability:
    """Of the devices' probabilities 15 minutes after the first call."""
    return reliability([pair for s in scores for pair in s.device_bins])


def ticket_reliability(scores: Sequence[Score]) -> Reliability:
    """Of the probabilities that reports belong to their outage."""
    return reliability([pair for s in scores for pair in s.ticket_bins])
