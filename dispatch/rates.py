"""What inference assumes before it has seen anything: how often things fail, who calls and when.

Every figure is an assumption unless its line names a source; learning replaces them by versions
re-estimated from closed outages. Rates are per year, delays in minutes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc
from scipy.stats import beta

from dispatch.errors import InvalidInput

Floats = NDArray[np.float64]

MINUTES_PER_YEAR = 525_960.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How long after losing supply somebody calls: most soon, some much later.

    A share `soon` calls after a gamma delay, the others after an exponential one.
    """

    soon: float = 0.7
    shape: float = 1.5
    scale_min: float = 9.0
    late_min: float = 60.0

    def density(self, minutes: Floats) -> Floats:
        """Per minute; zero before the loss. Any shape."""
        x = np.maximum(minutes, 1e-9)
        gamma = (
            (x / self.scale_min) ** (self.shape - 1)
            * np.exp(-x / self.scale_min)
            / (self.scale_min * _GAMMA_OF[self.shape])
        )
        late = np.exp(-x / self.late_min) / self.late_min
        return np.where(minutes > 0, self.soon * gamma + (1 - self.soon) * late, 0.0)

    def distribution(self, minutes: Floats) -> Floats:
        """Share that has called within so many minutes, among those who ever do. Any shape."""
        x = np.maximum(minutes, 0.0)
        early = gammainc(self.shape, x / self.scale_min)
        return np.asarray(
            self.soon * early + (1 - self.soon) * (1 - np.exp(-x / self.late_min)), dtype=float
        )


_GAMMA_OF = {1.5: 0.886226925452758, 1.0: 1.0, 2.0: 1.0}


HARDLY_ANY = (0.0007, 0.003)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of those who could signal do, which differs from outage to outage: a mixture.

    Mostly Beta distributed; with `open_minded` any share is possible, with `hardly_any` next to
    nobody does (supply was back within a minute). Tabulated at `points`.
    """

    mean: float = 0.1
    concentration: float = 12.0
    open_minded: float = 0.1
    hardly_any: float = 0.0
    points: tuple[float, ...] = (0.015, 0.04, 0.08, 0.13, 0.2, 0.3, 0.45, 0.7, 0.95)

    def table(self) -> tuple[Floats, Floats]:
        """Shares and their weights, each of shape (points,); the weights add up to one."""
        return _table(self)


@cache
def _table(share: Share) -> tuple[Floats, Floats]:
    p = np.array(share.points)
    edges = np.concatenate(([0.0], (p[1:] + p[:-1]) / 2, [1.0]))
    a, b = share.mean * share.concentration, (1 - share.mean) * share.concentration
    mass = (1 - share.open_minded) * np.diff(beta.cdf(edges, a, b))
    mass += share.open_minded * np.diff(edges)
    if share.hardly_any:
        few = np.array(HARDLY_ANY)
        p = np.concatenate((few, p))
        mass = np.concatenate((np.full(few.size, share.hardly_any / few.size), mass))
    return p, mass / mass.sum()


CALM_FAULTS = 0.02
"""Outages and single faults per customer and year, of all kinds together: the calm's measure."""


def stirring(opened: int, customers: int, within: timedelta) -> float:
    """How much more often than usual things fail, from what opened lately among the customers.

    Drawn towards the calm by as many faults as `USUAL`, never below it.
    """
    expected = CALM_FAULTS * customers * within.total_seconds() / 60 / MINUTES_PER_YEAR
    return max(1.0, (USUAL + opened) / (USUAL + expected))


USUAL = 0.1


SHIPPED = 1
"""The version of the rates below; what is learned counts from two."""


_SHARES = frozenset({"call_share", "gasp_share"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Everything inference assumes; `version` names it in what is stored."""

    version: int = SHIPPED
    per_km: float = 0.10  # CEER and IEEE surveys of overhead lines: 0.05 to 0.2
    per_device: Mapping[str, float] = field(
        default_factory=lambda: {
            "feeder_head": 0.05,
            "breaker": 0.05,
            "recloser": 0.02,
            "sectionaliser": 0.01,
            "fuse": 0.02,
            "transformer": 0.06,  # with its low-voltage network
        }
    )
    other_device: float = 0.02
    km_where_unknown: float = 0.3  # per transformer of the zone
    clears_above: float = 0.05  # miscoordination: the device above opens instead
    single: float = 0.014  # service 0.004 and installation 0.010 per customer
    singles_stir: float = 1.0  # how far a storm raises them: stirring to this power
    misplaced: float = 0.03  # share of reports filed under the wrong customer
    call_share: Share = field(default_factory=lambda: Share(hardly_any=0.01))
    call_delay: Delay = field(default_factory=Delay)
    gasp_share: Share = field(
        default_factory=lambda: Share(mean=0.3, concentration=2.0, open_minded=0.3)
    )
    gasp_delay_min: float = 0.5
    false_gasps: float = 1.0  # per meter and year
    meter_errs: float = 0.02  # a ping's answer, or silence, that says the opposite
    restored_errs: float = 0.02  # a restoration on record that did not reach a place
    still_dark: float = 3.0  # log odds of a caller whose report outlives a restoration
    neighbours_out: float = 8.0  # likelihood ratio of "the neighbours are out too"
    neighbours_lit: float = 0.12
    over_after_h: float = 8.0  # mean time until an unseen outage has ended by itself
    sighted: float = 1e14  # likelihood ratio of a device seen open
    sighted_closed: float = 1e-4

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, as JSON gives them back."""
        written = asdict(self)
        for name in _SHARES:
            written[name]["points"] = list(written[name]["points"])
        return written

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> "Rates":
        """Read what `to_dict` gave, also back from JSON; what is left out is as assumed.

        Raises
        ------
        InvalidInput
            There is no rate of such a name.
        """
        known = {each.name for each in fields(cls)}
        for name in written:
            if name not in known:
                raise InvalidInput("rates", name, f"one of {', '.join(sorted(known))}")
        read = dict(written)
        for name in _SHARES & written.keys():
            share = dict(written[name])
            if "points" in share:
                share["points"] = tuple(share["points"])
            read[name] = Share(**share)
        if "call_delay" in read:
            read["call_delay"] = Delay(**read["call_delay"])
        return cls(**read)
