"""How often devices open and single homes fail, from closed outages of calm days."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from dispatch.domain.past import Past, PastOutage, PlacedDevice
from dispatch.domain.words import DistrictId
from dispatch.learning.calling import SHARES, beta_weights
from dispatch.learning.pooling import Counts, Ints, PooledCounts, pool_counts
from dispatch.rates import Floats, Rates, Share

DAYS_PER_YEAR = 365.25
SECONDS_PER_DAY = 86_400
SINGLE = "service"
TRANSFORMER = "transformer"
PER_KM = "km"

UNHEARD_OF = 1e-4
"""A day is stormy when the calm would bring so many outages less often than this."""
FEWEST_OF_A_STORM = 4

LEAST_SEEN = 0.02
FALSE_SHARE = 0.7
"""Of the assumed rate of single reports, those that are no fault of the company's."""

StormyDays = AbstractSet[tuple[DistrictId, int]]


def day_of(at: datetime, since: datetime) -> int:
    """Days of 24 hours since the beginning of what is learned from."""
    return int((at - since).total_seconds() // SECONDS_PER_DAY)


def stormy_days(past: Past) -> StormyDays:
    """Days with far more outages than the district's other days would let one expect."""
    days = _days(past)
    stormy: set[tuple[DistrictId, int]] = set()
    for district in past.customers:
        counts = np.bincount(
            [
                day_of(o.opened_at, past.since)
                for o in past.outages
                if o.district_id == district and o.restored_at is not None
            ],
            minlength=days,
        )[:days]
        stormy |= {(district, int(day)) for day in np.flatnonzero(_unheard_of(counts))}
    return stormy


def _days(past: Past) -> int:
    return max(1, day_of(past.until, past.since))


def _unheard_of(counts: Ints) -> NDArray[np.bool_]:
    """Which days stand out; what stands out is left out of the mean until no more does."""
    out = np.zeros(counts.size, dtype=bool)
    while not out.all():
        usual = max(float(counts[~out].mean()), 1 / counts.size)
        new = (counts >= FEWEST_OF_A_STORM) & (poisson.sf(counts - 1, usual) < UNHEARD_OF)
        if (new | out).sum() == out.sum():
            break
        out |= new
    return out


@dataclass(frozen=True, slots=True)
class Failing:
    """What was learned of faults; the pooled causes are in the order of `causes`.

    `singles` has two causes: faults of single homes, and reports that were nothing of ours.
    """

    causes: tuple[str, ...]
    devices: PooledCounts
    singles: PooledCounts
    stormy: StormyDays
    storm_outages: int


Shares = Mapping[DistrictId, Share]


def learn_faults(
    past: Past, districts: Sequence[DistrictId], assumed: Rates, shares: Sequence[Shares]
) -> Failing:
    """Fault rates of the calm by kind and kilometre, corrected for outages nobody called for.

    Parameters
    ----------
    past
        What happened, and what could have failed.
    districts
        Whose estimates to give.
    assumed
        Rates before anything was seen.
    shares
        Share of callers by district as learned: a standard deviation lower, in the middle, higher.
    """
    stormy = stormy_days(past)
    calm = [
        o for o in past.outages if (o.district_id, day_of(o.opened_at, past.since)) not in stormy
    ]
    years = _years(past, districts, stormy)
    causes = (*sorted({d.kind for d in past.devices}), PER_KM)
    number = {district: n for n, district in enumerate(districts)}
    devices = [d for d in past.devices if d.district_id in number]
    of = np.array([number[d.district_id] for d in devices], dtype=np.intp)
    less, seen, more = (chance_seen(devices, each, assumed.call_share) for each in shares)
    counts = Counts(
        events=_events(devices, calm),
        exposure=years[of] * seen,
        load=load(devices, causes, assumed.clears_above),
        district=of,
        districts=len(districts),
    )
    usual = [
        assumed.per_km if c == PER_KM else assumed.per_device.get(c, assumed.other_device)
        for c in causes
    ]
    pooled = pool_counts(counts, np.array(usual))
    fewest, most = ((years[of] * chance) @ counts.load for chance in (less, more))
    doubt = np.log(np.divide(most, fewest, out=np.ones_like(most), where=fewest > 0)) / 2
    return Failing(
        causes=causes,
        devices=replace(
            pooled,
            log_sd=np.hypot(pooled.log_sd, doubt),
            district_log_sd=np.hypot(pooled.district_log_sd, doubt),
        ),
        singles=_singles(past, calm, districts, years, assumed),
        stormy=stormy,
        storm_outages=len(past.outages) - len(calm),
    )


def _years(past: Past, districts: Sequence[DistrictId], stormy: StormyDays) -> Floats:
    lost = np.array([sum(d == district for d, _ in stormy) for district in districts], dtype=float)
    whole = (past.until - past.since).total_seconds() / SECONDS_PER_DAY
    return np.asarray(np.maximum(whole - lost, 0.5) / DAYS_PER_YEAR, dtype=float)


def _events(devices: Sequence[PlacedDevice], outages: Sequence[PastOutage]) -> Floats:
    """Outages that each device opened for and somebody ended; shape (devices,)."""
    row = {device.id: n for n, device in enumerate(devices)}
    events = np.zeros(len(devices))
    for outage in outages:
        if outage.restored_at is not None and outage.device_id in row:
            events[row[outage.device_id]] += 1
    return events


def load(devices: Sequence[PlacedDevice], causes: Sequence[str], clears_above: float) -> Floats:
    """How much of each cause opens a device: its own kind and line, and a little from below.

    Shape (devices, causes); the same sum as inference makes of its rates.
    """
    own = np.zeros((len(devices), len(causes)))
    kinds = np.array([causes.index(d.kind) for d in devices], dtype=np.intp)
    own[np.arange(len(devices)), kinds] = 1.0
    own[:, causes.index(PER_KM)] = [0.0 if d.kind == TRANSFORMER else d.km for d in devices]
    row = {device.id: n for n, device in enumerate(devices)}
    out = own.copy()
    for n, device in enumerate(devices):
        if device.parent_id in row:
            out[row[device.parent_id]] += clears_above * own[n]
    return out


def chance_seen(devices: Sequence[PlacedDevice], shares: Shares, assumed: Share) -> Floats:
    """How probably an outage of each device comes on record: it tells of itself, or somebody calls.

    Shape (devices,).
    """
    out = np.ones(len(devices))
    asked: dict[tuple[DistrictId, int], float] = {}
    for n, device in enumerate(devices):
        if device.watched:
            continue
        key = (device.district_id, device.customers)
        if key not in asked:
            share = shares.get(device.district_id, assumed)
            weights = beta_weights(np.array([share.mean]), share.concentration)[:, 0]
            asked[key] = float(1 - weights @ (1 - SHARES) ** device.customers)
        out[n] = max(asked[key], LEAST_SEEN)
    return out


def _singles(
    past: Past,
    calm: Sequence[PastOutage],
    districts: Sequence[DistrictId],
    years: Floats,
    assumed: Rates,
) -> PooledCounts:
    """Two causes: what was repaired at a single home, and what was nothing of ours."""
    number = {district: n for n, district in enumerate(districts)}
    size = len(districts)
    events = np.zeros(2 * size)
    for outage in calm:
        if outage.district_id in number:
            if outage.restored_at is None:
                events[size + number[outage.district_id]] += 1
            elif outage.kind == SINGLE:
                events[number[outage.district_id]] += 1
    customers = np.array([past.customers.get(d, 0) for d in districts], dtype=float)
    one, none = customers, np.zeros(size)
    counts = Counts(
        events=events,
        exposure=np.tile(years, 2),
        load=np.vstack((np.column_stack((one, none)), np.column_stack((none, one)))),
        district=np.tile(np.arange(size, dtype=np.intp), 2),
        districts=size,
    )
    rates = np.array([assumed.single * (1 - FALSE_SHARE), assumed.single * FALSE_SHARE])
    return pool_counts(counts, rates)
