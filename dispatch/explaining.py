"""How probably an outage is why a customer calls now: inference's last look, and this one call.

Inference leaves with each prediction how probably it reaches a place, and what it then held of
callers (`Calling`). That a customer below it calls now multiplies the odds of "it reaches them" by

    (p f + s) / (s + g + m f)

with p the share of customers who call (times how often this one's kind does), f the density of
their delay so long after the beginning, s the rate of faults of single homes, g that of a
transformer that opened for itself and whose first caller this is, and m f that of its own callers
filed under the wrong customer. What the caller says of the neighbours and of the main switch are
likelihood ratios besides. Rates are per minute.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np

from dispatch.domain.outage import Calling
from dispatch.rates import MINUTES_PER_YEAR, Delay, Floats, Rates, Stirring, counted_by_kind

SOONEST_MIN = 0.5
"""No call is nearer to the beginning than this: when it began is not known so well."""

INSTALLATION = 0.010 / 0.014
"""Share of the faults of single homes that are inside the home, as in `Rates.single`."""

TRIPPED_INSIDE = 0.6
TRIPPED_ELSE = 0.03
"""How often the main switch is found tripped: the fault is inside the home, or elsewhere.

Both are assumptions.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the caller has said; None and False where nothing was."""

    neighbours_out: bool | None = None
    tripped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A caller's kind (None: not known), and the customers of their transformer by kind."""

    customers: int
    kind: str | None = None
    kinds: tuple[tuple[str, int], ...] = ()

    def counts_for(self, calling: Calling) -> float:
        """How many mean customers the caller counts for, as far as calling goes."""
        return calling.by_kind.get(self.kind or "", 1.0)

    def could_call(self, calling: Calling) -> float:
        """How many mean customers hang on the transformer, the caller at least."""
        found = counted_by_kind(self.customers, self.kinds, calling.by_kind)
        return max(found, self.counts_for(calling))


def expected_share(rates: Rates, called: float, customers: float, reached: float) -> float:
    """Share of the customers of an outage who will call, when `called` of them have so far.

    Of those who ever do, a share `reached` has by now. The mean of what is left of the assumed
    distribution; more callers than customers count as all. Both count as their kinds call.
    """
    share, weight = rates.call_share.table()
    silent = max(customers - called, 0.0)
    log: Floats = np.log(weight) + called * np.log(share) + silent * np.log1p(-reached * share)
    left = np.exp(log - log.max())
    return float(left @ share / left.sum())


def calling_of(
    rates: Rates,
    began_at: datetime,
    *,
    share: float | None = None,
    astray: float = 0.0,
    stirring: Stirring | None = None,
) -> Calling:
    """What is held of an outage's callers; without more, what the rates assume in the calm."""
    stirring = stirring or Stirring()
    return Calling(
        began_at=began_at,
        share=rates.call_share.mean if share is None else share,
        usual_share=rates.call_share.mean,
        delay=asdict(rates.call_delay),
        single=rates.single * stirring.singles,
        transformer=rates.per_device.get("transformer", rates.other_device) * stirring.devices,
        astray=astray,
        neighbours_out=rates.neighbours_out,
        neighbours_lit=rates.neighbours_lit,
        by_kind={kind: times for kind, times in rates.calls_by_kind.items() if times != 1.0},
    )


def reaches(before: float, calling: Calling, said: Said, *, home: Home, now: datetime) -> float:
    """How probably the outage reaches a customer who calls now, and so is why they call.

    `before` is how probable that was before the call.
    """
    soon, own = _density(calling, now), _own(calling, said)
    otherwise = own + _first_of_others(calling, home) + calling.astray * soon
    ratio = (calling.share * home.counts_for(calling) * soon + own) / otherwise
    return updated(before, ratio * _of_neighbours(calling, said))


def reported(calling: Calling, reports: int, *, home: Home, now: datetime) -> float:
    """How probably a transformer is out, whose customers sent so many reports, others silent.

    For outages that inference has not looked at. The first report is that of a home or the first
    of many; each further one came within the time since.
    """
    first = updated(0.5, _first_of_others(calling, home) / _own(calling, Said()))
    minutes = max((now - calling.began_at).total_seconds() / 60, 1.0)
    reached = float(Delay(**calling.delay).distribution(np.array([minutes]))[0])
    share = calling.share * home.counts_for(calling)
    another = 1 + share * reached / minutes / _own(calling, Said())
    return updated(first, another ** min(max(reports - 1, 0), 10))


def inside(calling: Calling, said: Said, *, home: Home) -> float:
    """How probably the fault is inside the caller's home, as no known outage is why they call.

    Against it stands the service line, and a transformer whose first caller this is: the more
    neighbours hang on it and are silent, the less likely. `calling` is what the rates assume.
    """
    here = calling.single * INSTALLATION / MINUTES_PER_YEAR * _of_switch(said)
    line = calling.single * (1 - INSTALLATION) / MINUTES_PER_YEAR
    others = _first_of_others(calling, home) * _of_neighbours(calling, said)
    return here / (here + line + others)


def _density(calling: Calling, now: datetime) -> float:
    minutes = max((now - calling.began_at).total_seconds() / 60, 0.0) + SOONEST_MIN
    return Delay(**calling.delay).density_at(minutes)


def _own(calling: Calling, said: Said) -> float:
    """Rate at which this home fails by itself, and the main switch is found as it is."""
    switch = INSTALLATION * _of_switch(said) + (1 - INSTALLATION)
    return calling.single / MINUTES_PER_YEAR * switch


def _first_of_others(calling: Calling, home: Home) -> float:
    """Rate at which the transformer opens, and this customer is the first of it to call."""
    heads = home.could_call(calling)
    heard = 1 - (1 - calling.usual_share) ** heads
    first = calling.transformer / MINUTES_PER_YEAR * heard / heads
    return float(first * home.counts_for(calling))


def _of_switch(said: Said) -> float:
    return TRIPPED_INSIDE / TRIPPED_ELSE if said.tripped else 1.0


def _of_neighbours(calling: Calling, said: Said) -> float:
    if said.neighbours_out is None:
        return 1.0
    return calling.neighbours_out if said.neighbours_out else calling.neighbours_lit


def updated(probability: float, ratio: float) -> float:
    """A probability after evidence with this likelihood ratio; 0 and 1 stay."""
    weighed = probability * ratio
    return weighed / (weighed + (1 - probability))
