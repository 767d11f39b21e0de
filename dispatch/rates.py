"""What inference assumes before it has seen anything: how often things fail, who calls and when.

Every figure is an assumption unless its line names a source; learning replaces them by versions
re-estimated from closed outages. Rates are per year, delays in minutes.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc
from scipy.stats import beta

from dispatch.domain.facts import Surroundings
from dispatch.errors import InvalidInput
from gis.network.kinds import CustomerKind

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
            / (self.scale_min * math.gamma(self.shape))
        )
        late = np.exp(-x / self.late_min) / self.late_min
        return np.where(minutes > 0, self.soon * gamma + (1 - self.soon) * late, 0.0)

    def density_at(self, minutes: float) -> float:
        """Per minute so long after the loss, where one figure is wanted without arrays."""
        x = minutes / self.scale_min
        gamma = x ** (self.shape - 1) * math.exp(-x) / (self.scale_min * math.gamma(self.shape))
        late = math.exp(-minutes / self.late_min) / self.late_min
        return float(self.soon * gamma + (1 - self.soon) * late)

    def distribution(self, minutes: Floats) -> Floats:
        """Share that has called within so many minutes, among those who ever do. Any shape."""
        x = np.maximum(minutes, 0.0)
        early = gammainc(self.shape, x / self.scale_min)
        return np.asarray(
            self.soon * early + (1 - self.soon) * (1 - np.exp(-x / self.late_min)), dtype=float
        )

    def reached(self, minutes: Floats) -> Floats:
        """The distribution read off a table, for the many times of inference. Any shape."""
        step, table = _tabulated(self)
        place = np.clip(minutes / step, 0.0, table.size - 1.001)
        before = place.astype(np.intp)
        below = table[before]
        return np.asarray(below + (place - before) * (table[before + 1] - below), dtype=float)


MOST_STEPS = 2**16


@cache
def _tabulated(delay: Delay) -> tuple[float, Floats]:
    """Minutes of a step and the distribution at each, until hardly anybody is left to call."""
    end = 15 * max(delay.late_min, delay.scale_min)
    steps = min(MOST_STEPS, math.ceil(end / (delay.scale_min / 180)))
    return end / steps, delay.distribution(np.linspace(0.0, end, steps + 1))


@dataclass(frozen=True, slots=True)
class Promptly:
    """A delay that is hardly one: exponential, with its mean in minutes."""

    mean_min: float

    def density(self, minutes: Floats) -> Floats:
        """Per minute; zero before the loss. Any shape."""
        x = np.maximum(minutes, 0.0)
        return np.where(minutes >= 0, np.exp(-x / self.mean_min) / self.mean_min, 0.0)

    def distribution(self, minutes: Floats) -> Floats:
        """Share of those who ever signal that has done so within so many minutes. Any shape."""
        return np.asarray(1 - np.exp(-np.maximum(minutes, 0.0) / self.mean_min), dtype=float)

    reached = distribution


HARDLY_ANY = (0.0007, 0.003)
"""Shares of callers of what was dark for a moment only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of those who could signal do, which differs from outage to outage: a mixture.

    Mostly Beta distributed; with `open_minded` any share is possible, with `hardly_any` next to
    nobody does (supply was back within a minute). Tabulated at `points`, or at fewer where it
    meets another one.
    """

    mean: float = 0.1
    concentration: float = 12.0
    open_minded: float = 0.1
    hardly_any: float = 0.0
    points: tuple[float, ...] = (0.015, 0.04, 0.08, 0.13, 0.2, 0.3, 0.45, 0.7, 0.95)
    coarse_points: tuple[float, ...] = (0.02, 0.08, 0.2, 0.45, 0.85)

    def table(self, *, coarse: bool = False) -> tuple[Floats, Floats]:
        """Shares and their weights, each of shape (points,); the weights add up to one."""
        return _table(self, self.coarse_points if coarse else self.points)


@cache
def _table(share: Share, points: tuple[float, ...]) -> tuple[Floats, Floats]:
    p = np.array(points)
    edges = np.concatenate(([0.0], (p[1:] + p[:-1]) / 2, [1.0]))
    a, b = share.mean * share.concentration, (1 - share.mean) * share.concentration
    mass = (1 - share.open_minded) * np.diff(beta.cdf(edges, a, b))
    mass += share.open_minded * np.diff(edges)
    if share.hardly_any:
        few = np.array(HARDLY_ANY)
        p = np.concatenate((few, p))
        mass = np.concatenate((np.full(few.size, share.hardly_any / few.size), mass))
    return p, mass / mass.sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stirring:
    """How much more often than in a usual year things fail now: devices, and single homes."""

    devices: float = 1.0
    singles: float = 1.0


CALM_WEIGHT = 0.9
STORMIEST = 1e4


@cache
def stirred(happened: int, usually: float, calm: float = CALM_WEIGHT) -> float:
    """How much more often than usually something happens, from how often it did.

    Either the weather is `calm` and all is as usual, or any factor up to `STORMIEST` is as likely
    as any other of its order; the geometric mean of what the count leaves of that.
    """
    factor = np.geomspace(1.0, STORMIEST, 121)
    prior = np.full(factor.size, (1 - calm) / factor.size)
    prior[0] += calm
    log = np.log(prior) + happened * np.log(factor) - factor * usually
    weight = np.exp(log - log.max())
    return float(np.exp(weight @ np.log(factor) / weight.sum()))


def counted_by_kind(
    customers: float, kinds: Iterable[tuple[str, int]], by_kind: Mapping[str, float]
) -> float:
    """How many mean customers so many are, as far as calling goes.

    `kinds` says how many of them are of which kind; those of no known kind count as the mean does.
    """
    return customers + sum((by_kind.get(kind, 1.0) - 1.0) * count for kind, count in kinds)


SHIPPED = 1
"""The version of the rates below; what is learned counts from two."""


_SHARES = frozenset({"call_share", "gasp_share"})
_TABULATED = frozenset({"points", "coarse_points"})
_DELAYS: Mapping[str, type[Delay] | type[Promptly]] = {"call_delay": Delay, "gasp_delay": Promptly}


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
    misplaced: float = 0.03  # share of reports filed under the wrong customer
    misplaced_afar: float = 0.5  # of those, anywhere in the district; the others on the same feeder
    call_share: Share = field(default_factory=lambda: Share(hardly_any=0.01))
    calls_by_kind: Mapping[str, float] = field(
        default_factory=lambda: dict.fromkeys((kind.value for kind in CustomerKind), 1.0)
    )  # mean customers that one of the kind counts for; nobody publishes figures, they are learned
    call_delay: Delay = field(default_factory=Delay)
    awake_at_night: float = 0.8  # of callers of the night; the others call in the morning
    night_from_h: float = 23.0  # by the sun
    night_until_h: float = 7.0
    straggling: float = 8e-5  # of callers a minute, however late: one in twenty within ten hours
    gasp_share: Share = field(
        default_factory=lambda: Share(mean=0.3, concentration=2.0, open_minded=0.3)
    )
    gasp_delay: Promptly = Promptly(0.5)
    false_gasps: float = 1.0  # per meter and year
    meter_errs: float = 0.02  # a ping's answer, or silence, that says the opposite
    restored_errs: float = 0.02  # a restoration on record that did not reach a place
    still_dark: float = 3.0  # log odds of a caller whose report outlives a restoration
    silence_counts: float = 1.0  # of a customer who is silent; less where telephones are down too
    neighbours_out: float = 8.0  # likelihood ratio of "the neighbours are out too"
    neighbours_lit: float = 0.12
    over_after_h: float = 8.0  # mean time until an unseen outage has ended by itself
    sighted: float = 1e14  # likelihood ratio of a device seen open
    sighted_closed: float = 1e-4

    def calls_of(self, kind: str | None) -> float:
        """How many mean customers one of a kind counts for, as far as calling goes."""
        return self.calls_by_kind.get(kind or "", 1.0)

    def stirring(self, around: Surroundings | None) -> Stirring:
        """How stirred the surroundings are.

        All openings together tell of both kinds; a storm breaks lines far more than installations,
        so those of devices may raise theirs further. Where somebody declared one, it is not calm
        for devices, however little has opened yet.
        """
        if around is None:
            return Stirring()
        years = around.within / timedelta(days=365.25)
        km = around.km or self.km_where_unknown * around.devices.get("transformer", 0)
        devices = self.per_km * km + sum(
            self.per_device.get(kind, self.other_device) * count
            for kind, count in around.devices.items()
        )
        expected = (devices + self.single * around.customers) * years
        opened = around.opened_devices + around.opened_homes
        overall = stirred(opened, expected)
        calm = 0.0 if around.declared else CALM_WEIGHT
        return Stirring(
            devices=max(overall, stirred(around.opened_devices, devices * years, calm)),
            singles=overall,
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, as JSON gives them back."""
        written = asdict(self)
        for name in _SHARES:
            for points in _TABULATED:
                written[name][points] = list(written[name][points])
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
            for points in _TABULATED & share.keys():
                share[points] = tuple(share[points])
            read[name] = Share(**share)
        for name, kind in _DELAYS.items():
            if name in read:
                read[name] = kind(**read[name])
        return cls(**read)
