"""Which kinds of customer call more often than others, from who called of who was out.

Each caller of a known kind was one of those who could have been next: the customers of known kinds
in the same part of the outage who had not called yet, each as probable as often as its kind calls
(Cox's partial likelihood). So neither the share of that outage's callers, nor their delay, nor
whether anybody would have been heard, has to be known. Factors are relative to the mean customer
who was out, and drawn towards one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from dispatch.domain.past import PastOutage, PastPart
from dispatch.learning.pooling import Ints
from dispatch.rates import Floats

WIDTH = 0.4
"""How unlike kinds are, on the scale of logarithms (assumption: nine in ten within a half and
double)."""


FEWEST = 2
"""Kinds that can be told apart at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfKind:
    """How often a kind calls against the mean customer; `log_sd` is that of its logarithm."""

    factor: float
    log_sd: float
    calls: int


@dataclass(frozen=True, slots=True)
class _Draws:
    """Callers as draws: `left`, (calls, kinds), is who could have been next, `drawn` who was.

    `mean` of shape (kinds,) is the share of each kind among the customers who were out.
    """

    left: Floats
    drawn: Ints
    mean: Floats

    def relative(self, log: Floats) -> Floats:
        """Logarithms of factors, relative to that of the mean customer."""
        return np.asarray(log - np.log(self.mean @ np.exp(log)), dtype=float)

    def unlikely(self, log: Floats) -> float:
        """Negative log posterior of factors; a common factor of all of them is held at one."""
        likely = float((log[self.drawn] - np.log(self.left @ np.exp(log))).sum())
        prior = float((self.relative(log) ** 2).sum()) / (2 * WIDTH**2)
        common = float(np.log(self.mean @ np.exp(log)))
        return prior - likely + common**2 / 2

    def curvature(self, log: Floats) -> Floats:
        """Second derivatives of the same at its least, (kinds, kinds)."""
        chance = self.left * np.exp(log)
        chance /= chance.sum(axis=1, keepdims=True)
        of_calls = np.diag(chance.sum(axis=0)) - chance.T @ chance
        towards = self.mean * np.exp(self.relative(log))
        to_mean = np.eye(log.size) - towards
        return np.asarray(
            of_calls + to_mean.T @ to_mean / WIDTH**2 + np.outer(towards, towards), dtype=float
        )


def learn_kinds(outages: Sequence[PastOutage]) -> Mapping[str, OfKind]:
    """How often each kind calls that was out in an outage; nothing where fewer than two were."""
    parts = [part for outage in outages for part in outage.parts]
    out = Counter[str]()
    for part in parts:
        out.update({kind: count for kind, count in part.kinds if count > 0})
    kinds = sorted(out)
    if len(kinds) < FEWEST:
        return {}
    draws = _draws(parts, kinds, np.array([out[kind] for kind in kinds], dtype=float))
    best = minimize(draws.unlikely, np.zeros(len(kinds)), method="BFGS").x
    towards = draws.mean * np.exp(draws.relative(best))
    to_mean = np.eye(best.size) - towards
    spread = to_mean @ np.linalg.inv(draws.curvature(best)) @ to_mean.T
    calls = np.bincount(draws.drawn, minlength=len(kinds))
    return {
        kind: OfKind(factor=float(factor), log_sd=float(sd), calls=int(count))
        for kind, factor, sd, count in zip(
            kinds, np.exp(draws.relative(best)), np.sqrt(np.diag(spread)), calls, strict=True
        )
    }


def _draws(parts: Sequence[PastPart], kinds: Sequence[str], out: Floats) -> _Draws:
    number = {kind: n for n, kind in enumerate(kinds)}
    rows = [row for part in parts for row in _of_part(part, number)]
    left = np.array([row for row, _ in rows], dtype=float).reshape(-1, len(kinds))
    drawn = np.array([kind for _, kind in rows], dtype=np.intp)
    return _Draws(left, drawn, out / out.sum())


def _of_part(part: PastPart, number: Mapping[str, int]) -> Iterator[tuple[list[float], int]]:
    """Who could have been next at each call, and the kind of who was."""
    left = [0.0] * len(number)
    for kind, count in part.kinds:
        if kind in number:
            left[number[kind]] = float(count)
    for called in part.called_kinds:
        drawn = number.get(called or "")
        if drawn is not None and left[drawn] > 0:
            yield list(left), drawn
            left[drawn] -= 1
