"""Who calls, when, and where the desk files the call."""

from dataclasses import dataclass

import numpy as np

from dispatch.domain.words import UsagePointId
from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.ground import NOWHERE, Floats, Ground
from dispatch.drill.storms.truth import Condition, Fault, FaultKind

SMALLEST_WEIGHT = 0.01
"""Transformers less likely than this are left out of a position's spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Where the desk puts a caller; as the product does. `lon, lat` is EPSG:4326.

    `spread` shares the caller of a bare position among transformers.
    """

    feeder_id: str
    usage_point_id: UsagePointId | None
    transformer_id: str | None
    spread: tuple[tuple[str, float], ...]
    lon: float
    lat: float
    kind: str | None


def share_of_callers(
    rng: np.random.Generator, condition: Condition, fault: Fault, customers: int
) -> float:
    """Which share of those whom a fault puts out reports it."""
    if fault.kind is FaultKind.MOMENTARY:
        return p.MOMENTARY_CALL_SHARE
    mean = min(p.CALL_SHARE[condition.storm] * condition.call_rate, 0.6)
    share = float(rng.beta(mean * p.CALL_CONCENTRATION, (1 - mean) * p.CALL_CONCENTRATION))
    return max(share, min(p.LARGEST_CALL_SHARE, p.CALLS_WANTED / max(customers, 1)))


def delays_s(rng: np.random.Generator, condition: Condition, count: int) -> Floats:
    """How long each of `count` callers waits in the dark, in seconds."""
    quick = rng.gamma(p.QUICK_SHAPE, p.QUICK_SCALE_MIN, count)
    late = rng.exponential(p.LATE_MEAN_MIN, count)
    minutes: Floats = np.where(rng.random(count) < p.QUICK_SHARE, quick, late)
    return minutes * 60.0 * condition.delay


def awake_s(rng: np.random.Generator, begins_hour: float, at_s: float) -> float:
    """When somebody who would call at `at_s` does so: then, or in the morning."""
    hour = (begins_hour + at_s / 3_600) % 24
    if int(hour) in p.AWAKE_HOURS or rng.random() < p.AWAKE_AT_NIGHT:
        return at_s
    wait_h = (p.AWAKE_HOURS.start - hour) % 24 + float(rng.uniform(0.0, 1.0))
    return at_s + wait_h * 3_600


def file_call(rng: np.random.Generator, ground: Ground, condition: Condition, row: int) -> Filed:
    """File the call of a customer: under an account, which may be wrong, or under a position."""
    people = ground.customers
    if rng.random() < condition.mislocated:
        near = ground.homes.query_ball_point(people.xy[row], p.MISLOCATED_M)
        row = int(rng.choice(near))
    elif rng.random() < p.WITH_ACCOUNT * p.WRONG_ACCOUNT:
        row = int(rng.integers(len(people.accounts)))
    if rng.random() < p.WITH_ACCOUNT:
        lon, lat = people.lonlat[row].tolist()
        return _filed_under(ground, row, UsagePointId(row + 1), (), (lon, lat))
    return _at_position(rng, ground, row)


def _at_position(rng: np.random.Generator, ground: Ground, row: int) -> Filed:
    """File a bare position under the nearest customer's transformer, with its spread."""
    accuracy_m = p.POSITION_ACCURACY_M[0 if rng.random() < p.GOOD_POSITION else 1]
    sigma_m = accuracy_m * p.SIGMA_OF_ACCURACY
    xy = ground.customers.xy[row] + rng.normal(0.0, sigma_m, 2)
    lon, lat = ground.plane.lon_lat(*xy.tolist())
    nearest = int(ground.homes.query(xy)[1])
    spread = spread_of(ground, xy, sigma_m)
    return _filed_under(ground, nearest, None, spread, (float(lon), float(lat)))


def spread_of(ground: Ground, xy: Floats, sigma_m: float) -> tuple[tuple[str, float], ...]:
    """Share a caller's place among transformers, the likeliest first; weights add up to one.

    Each customer about counts by a Gaussian of `sigma_m` metres each way, on the transformer that
    the records name. Empty where nobody near is on a transformer.
    """
    people = ground.customers
    near = np.array(ground.homes.query_ball_point(xy, 3 * sigma_m), dtype=np.int64)
    if not len(near):
        near = np.array([ground.homes.query(xy)[1]], dtype=np.int64)
    near = near[people.recorded[near] != NOWHERE]
    if not len(near):
        return ()
    gap2 = ((people.xy[near] - xy) ** 2).sum(axis=1)
    weights = np.exp(-(gap2 - gap2.min()) / (2 * sigma_m**2))
    numbers, place = np.unique(people.recorded[near], return_inverse=True)
    shares = np.bincount(place, weights=weights / weights.sum())
    kept = np.flatnonzero(shares >= min(SMALLEST_WEIGHT, shares.max()))
    kept = kept[np.argsort(-shares[kept], kind="stable")]
    total = float(shares[kept].sum())
    return tuple(
        (ground.transformers[numbers[k]].id, float(shares[k]) / total) for k in kept.tolist()
    )


def _filed_under(
    ground: Ground,
    row: int,
    usage_point_id: UsagePointId | None,
    spread: tuple[tuple[str, float], ...],
    place: tuple[float, float],
) -> Filed:
    people = ground.customers
    number = int(people.recorded[row])
    known = number != NOWHERE
    device = ground.devices[people.device[row]]
    return Filed(
        feeder_id=ground.transformer_feeder[number] if known else device.feeder_id,
        usage_point_id=usage_point_id,
        transformer_id=ground.transformers[number].id if known else None,
        spread=spread,
        lon=place[0],
        lat=place[1],
        kind=None if usage_point_id is None else people.kinds[row],
    )
