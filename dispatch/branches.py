"""A few devices that may be open, and what an answer from below them would tell.

Each device has the probability of being open while supply reaches it; what hangs below an open one
is dark. Answers come from places below and err in their own way. All of it is exact, by going up
the tree once: in bits, or as the probability of the answers.
"""

from dataclasses import dataclass
from functools import cached_property
from math import log2

import numpy as np

from dispatch.feeder import Ints
from dispatch.rates import Floats


@dataclass(frozen=True, slots=True)
class Hearing:
    """How an answer errs: the probability of "dark" from a place that is dark, and from a lit one.

    One that `if_dark` and `if_lit` give the same says nothing.
    """

    if_dark: float
    if_lit: float

    @classmethod
    def erring(cls, errs: float) -> "Hearing":
        """An answer that is wrong with this probability, either way."""
        return cls(1 - errs, errs)

    @classmethod
    def of_odds(cls, out: float, lit: float) -> "Hearing":
        """One whose "dark" and "lit" have these likelihood ratios of dark against lit."""
        if_lit = (1 - lit) / (out - lit)
        return cls(out * if_lit, if_lit)

    def mixed(self, dark_otherwise: float) -> "Hearing":
        """The same from a place that may be dark for another reason, with this probability."""
        return Hearing(self.if_dark, self.dark(dark_otherwise))

    def dark(self, dark: float) -> float:
        """Probability that the answer will be "dark" from a place so probably dark."""
        return dark * self.if_dark + (1 - dark) * self.if_lit

    def bits(self, dark: float) -> float:
        """What the answer is expected to tell of whether the place is dark."""
        return max(_entropy_of(self.dark(dark)) - self.noise(dark), 0.0)

    def noise(self, dark: float) -> float:
        """Bits of its answer that are error alone."""
        return dark * _entropy_of(self.if_dark) + (1 - dark) * _entropy_of(self.if_lit)


def _entropy_of(p: float) -> float:
    """`entropy` of one probability, thirty times as fast: an agent's call asks for three."""
    return -(p * log2(p) + (1 - p) * log2(1 - p)) if 0 < p < 1 else 0.0


def entropy(probability: Floats) -> Floats:
    """Bits in a yes or no of this probability; any shape."""
    p = np.clip(np.asarray(probability, dtype=float), 1e-15, 1 - 1e-15)
    return np.asarray(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)), dtype=float)


@dataclass(frozen=True, eq=False)
class Branches:
    """Devices in preorder; `above` is the number of the next one above, -1 at the top.

    `opens` is the probability of each being open if supply reaches it. Both have shape (devices,).
    """

    above: Ints
    opens: Floats

    @cached_property
    def dark(self) -> Floats:
        """Probability that what hangs on each device itself is dark; shape (devices,)."""
        dark = np.zeros(self.opens.size)
        for i, parent in enumerate(self.above.tolist()):
            over = dark[parent] if parent >= 0 else 0.0
            dark[i] = over + (1 - over) * self.opens[i]
        return dark

    @cached_property
    def topmost(self) -> Floats:
        """Probability of each to be the topmost open one; shape (devices,)."""
        return self._reached * self.opens

    @property
    def all_lit(self) -> float:
        """Probability that none is open."""
        return float(np.prod(1 - self.opens))

    @property
    def doubt(self) -> float:
        """Bits that are missing to know what is open and visible: which devices are topmost."""
        return float(self._reached @ entropy(self.opens))

    @cached_property
    def _reached(self) -> Floats:
        over = np.where(self.above >= 0, self.dark[self.above], 0.0)
        return np.asarray(1 - over, dtype=float)

    def chance(self, if_dark: Floats, if_lit: Floats) -> Floats:
        """Probability of answers; shape (cases,).

        Both arguments have shape (devices, cases): the probability of what was answered from each
        device's own places, were they dark, and were they lit; 1 where nobody was asked.
        """
        dark, lit = if_dark.copy(), if_lit.copy()
        whole = np.ones(if_dark.shape[1:])
        for i in range(self.opens.size - 1, -1, -1):
            here = self.opens[i] * dark[i] + (1 - self.opens[i]) * lit[i]
            parent = int(self.above[i])
            if parent < 0:
                whole = whole * here
            else:
                dark[parent] *= dark[i]
                lit[parent] *= here
        return whole
