"""From closed outages to rates: one set for the company, one for each district."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from dispatch.domain.past import Past
from dispatch.domain.words import DistrictId
from dispatch.errors import TooLittleToLearn
from dispatch.learning.calling import Callers, learn_callers, usable
from dispatch.learning.failing import FALSE_SHARE, PER_KM, Failing, learn_faults
from dispatch.learning.kinds import OfKind, learn_kinds
from dispatch.rates import Floats, Rates

FEWEST_OUTAGES = 30
"""With fewer closed outages nothing would come out but what was assumed."""

NINETY = 1.645
"""Standard deviations on either side that hold nine in ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One number: what was assumed, what was learned, between what it lies (90 %), from how much.

    `district_id` None is the company. `events` counts faults, or callers for what is about them.
    """

    what: str
    district_id: DistrictId | None
    assumed: float
    value: float
    low: float
    high: float
    events: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Rates for the company and each district, with what they rest on."""

    company: Rates
    districts: Mapping[DistrictId, Rates]
    estimates: tuple[Estimate, ...]
    outages: int
    known_beginnings: int
    confirmed: int
    stormy_days: int
    storm_outages: int

    def of(self, district_id: DistrictId | None) -> Rates:
        """The rates of a district; the company's where it has none."""
        if district_id is None:
            return self.company
        return self.districts.get(district_id, self.company)


def learn(past: Past, assumed: Rates) -> Learned:
    """Re-estimate everything that closed outages tell of.

    Parameters
    ----------
    past
        Closed outages and what could have failed.
    assumed
        The shipped assumptions, not rates learned before: the same outages would count twice.

    Raises
    ------
    TooLittleToLearn
        Fewer than `FEWEST_OUTAGES` outages tell anything of callers.
    """
    telling = usable(past.outages)
    if len(telling) < FEWEST_OUTAGES:
        raise TooLittleToLearn(
            f"{len(telling)} closed outages of more than one customer between"
            f" {past.since:%Y-%m-%d} and {past.until:%Y-%m-%d} have a caller or a known beginning;"
            f" at least {FEWEST_OUTAGES} are needed to learn from",
            outages=len(telling),
        )
    districts = sorted(past.customers)
    kinds = learn_kinds(telling)
    found = {kind: learned.factor for kind, learned in kinds.items()}
    shipped, assumed = assumed, replace(assumed, calls_by_kind={**assumed.calls_by_kind, **found})
    callers = learn_callers(telling, districts, assumed.call_share, assumed.call_delay)
    heard = {d: _with_callers(assumed, callers, n) for n, d in enumerate(districts)}
    shares = [
        {d: callers.share_of(n, assumed.call_share, off) for n, d in enumerate(districts)}
        for off in (-1.0, 0.0, 1.0)
    ]
    failing = learn_faults(past, districts, assumed, shares)
    company = _with_faults(_with_callers(assumed, callers, None), failing, None)
    return Learned(
        company=company,
        districts={d: _with_faults(heard[d], failing, n) for n, d in enumerate(districts)},
        estimates=tuple(_estimates(shipped, callers, failing, districts, kinds)),
        outages=len(telling),
        known_beginnings=sum(o.began_at is not None for o in telling),
        confirmed=sum(o.confirmed for o in telling),
        stormy_days=len(failing.stormy),
        storm_outages=failing.storm_outages,
    )


def value_in(rates: Rates, what: str) -> float | None:
    """The number that an estimate is about, as `rates` have it; None where they hold no such."""
    held: dict[str, float] = {
        "call_share": rates.call_share.mean,
        "delay_quick_min": rates.call_delay.scale_min,
        "delay_late_min": rates.call_delay.late_min,
        "delay_quick_share": rates.call_delay.soon,
        "faults_per_km": rates.per_km,
        **{f"faults_{kind}": rate for kind, rate in rates.per_device.items()},
        **{f"calls_{kind}": times for kind, times in rates.calls_by_kind.items()},
    }
    return held.get(what)


def _with_callers(assumed: Rates, callers: Callers, district: int | None) -> Rates:
    return replace(
        assumed,
        call_share=callers.share_of(district, assumed.call_share),
        call_delay=callers.delay_of(district),
    )


def _with_faults(rates: Rates, failing: Failing, district: int | None) -> Rates:
    pooled, singles = failing.devices, failing.singles
    of_causes = pooled.rate if district is None else pooled.district_rate[district]
    of_homes = singles.rate if district is None else singles.district_rate[district]
    found = dict(zip(failing.causes, map(float, of_causes), strict=True))
    per_km = found.pop(PER_KM)
    return replace(
        rates,
        per_km=per_km,
        per_device={**rates.per_device, **found},
        single=float(of_homes.sum()),
    )


def _estimates(
    assumed: Rates,
    callers: Callers,
    failing: Failing,
    districts: Sequence[DistrictId],
    kinds: Mapping[str, OfKind],
) -> Iterator[Estimate]:
    for kind, found in kinds.items():
        what, usual = f"calls_{kind}", assumed.calls_of(kind)
        yield _spread(what, None, usual, found.factor, found.log_sd, found.calls)
    for district in (None, *range(len(districts))):
        name = None if district is None else districts[district]
        yield from _of_callers(assumed, callers, district, name)
        yield from _of_faults(assumed, failing, district, name)


def _of_callers(
    assumed: Rates, callers: Callers, district: int | None, name: DistrictId | None
) -> Iterator[Estimate]:
    calls = float(callers.calls.sum() if district is None else callers.calls[district])
    slower = callers.slower
    low, mid, high = (
        callers.share_of(district, assumed.call_share, off).mean for off in (-NINETY, 0.0, NINETY)
    )
    yield Estimate(
        what="call_share",
        district_id=name,
        assumed=assumed.call_share.mean,
        value=mid,
        low=low,
        high=high,
        events=calls,
    )
    delay, usual = callers.delay_of(district), assumed.call_delay
    own = 0.0 if district is None else float(slower.district_sd[district])
    quick, late, soon = callers.delay_sd
    yield _spread("delay_quick_min", name, usual.scale_min, delay.scale_min, quick + own, calls)
    yield _spread("delay_late_min", name, usual.late_min, delay.late_min, late + own, calls)
    if district is None:
        middle = logit(delay.soon)
        yield Estimate(
            what="delay_quick_share",
            district_id=None,
            assumed=usual.soon,
            value=delay.soon,
            low=float(expit(middle - NINETY * soon)),
            high=float(expit(middle + NINETY * soon)),
            events=calls,
        )


def _of_faults(
    assumed: Rates, failing: Failing, district: int | None, name: DistrictId | None
) -> Iterator[Estimate]:
    def cells(values: Floats, of_districts: Floats) -> Floats:
        return values if district is None else np.asarray(of_districts[district])

    pooled = failing.devices
    rates = cells(pooled.rate, pooled.district_rate)
    sds = cells(pooled.log_sd, pooled.district_log_sd)
    events = cells(pooled.events, pooled.district_events)
    for n, cause in enumerate(failing.causes):
        what = "faults_per_km" if cause == PER_KM else f"faults_{cause}"
        usual = value_in(assumed, what) or assumed.other_device
        yield _spread(what, name, usual, rates[n], sds[n], events[n])
    singles = failing.singles
    homes = zip(
        ("single_faults", "false_reports"),
        (1 - FALSE_SHARE, FALSE_SHARE),
        cells(singles.rate, singles.district_rate),
        cells(singles.log_sd, singles.district_log_sd),
        cells(singles.events, singles.district_events),
        strict=True,
    )
    for what, share, rate, sd, count in homes:
        yield _spread(what, name, assumed.single * share, rate, sd, count)


def _spread(
    what: str, name: DistrictId | None, assumed: float, value: float, log_sd: float, events: float
) -> Estimate:
    """A positive number whose logarithm has a standard deviation."""
    factor = float(np.exp(NINETY * log_sd))
    return Estimate(
        what=what,
        district_id=name,
        assumed=float(assumed),
        value=float(value),
        low=float(value / factor),
        high=float(value * factor),
        events=float(events),
    )
