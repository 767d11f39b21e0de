"""Arrival as evidence: the track, not the word, shows when a crew got there.

A fix shows presence only as well as it is accurate, so every fix is a circle, and the site is one
too (a geocoded address is not a point). A fix whose circle certainly lies within reach of the site
is *inside*; one that certainly does not is *outside*; the others say nothing. Touching the fence
is not arriving: the crew has to stay (dwell), or to come slowly and be seen inside twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.crew import PositionFix
from gis.crs import distance_m


class Verdict(StrEnum):
    """What the track makes of an arrival."""

    CONFIRMED = "confirmed"
    CLAIMED_ONLY = "claimed_only"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the work is, EPSG:4326, and how far off that may be."""

    lon: float
    lat: float
    accuracy_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalPolicy:
    """The settings of the fence; all are assumptions until a utility sets its own."""

    fence_m: float = 150.0
    dwell: timedelta = timedelta(minutes=2)
    worst_accuracy_m: float = 200.0
    widest_site_m: float = 400.0
    walking_mps: float = 5.0
    fastest_mps: float = 45.0
    contradict_within: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalEvidence:
    """When the crew arrived at the earliest and at the latest, and what that rests on.

    `earliest` is the last moment it was certainly elsewhere, `latest` the first moment it was
    certainly there; both None unless the verdict is `confirmed`.
    """

    verdict: Verdict
    earliest: datetime | None
    latest: datetime | None
    claimed_at: datetime | None
    reasons: tuple[str, ...]


def judge_arrival(
    site: Site,
    fixes: Sequence[PositionFix],
    *,
    sent_at: datetime,
    claimed_at: datetime | None,
    policy: ArrivalPolicy,
) -> ArrivalEvidence | None:
    """Weigh a crew's track against a site.

    Parameters
    ----------
    site
        Where the work is.
    fixes
        Fixes of the crew in any order; those before `sent_at` only tell where it came from.
    sent_at
        When the crew got the order; it cannot have arrived for it before.
    claimed_at
        When the crew says it arrived, if it said so.
    policy
        Fence, dwell and limits.

    Returns
    -------
    evidence
        None while there is neither a claim nor a proven arrival.
    """
    usable, refused = _usable(fixes, policy)
    reach_m = policy.fence_m + min(site.accuracy_m, policy.widest_site_m)
    seen = [(fix, *_circle(site, fix)) for fix in usable]
    inside = [fix.fixed_at for fix, _, farthest in seen if farthest <= reach_m]
    outside = [fix.fixed_at for fix, nearest, _ in seen if nearest > reach_m]
    stay = _first_stay([t for t in inside if t >= sent_at], outside, policy.dwell)
    if stay is not None:
        return _confirmed(stay, outside, sent_at, claimed_at, policy)
    if claimed_at is None:
        return None
    near_claim = [
        (fix, nearest)
        for fix, nearest, _ in seen
        if abs(fix.fixed_at - claimed_at) <= policy.contradict_within
    ]
    if near_claim and all(nearest > reach_m for _, nearest in near_claim):
        closest = min(nearest for _, nearest in near_claim)
        reason = f"every fix around the claim is at least {closest:.0f} m from the site"
        return _unproven(Verdict.CONTRADICTED, claimed_at, (reason, *refused))
    reason = "no fix near the claim" if not near_claim else "the track does not show a stay"
    return _unproven(Verdict.CLAIMED_ONLY, claimed_at, (reason, *refused))


def _confirmed(
    stay: tuple[datetime, datetime],
    outside: Sequence[datetime],
    sent_at: datetime,
    claimed_at: datetime | None,
    policy: ArrivalPolicy,
) -> ArrivalEvidence:
    began, ended = stay
    before = [t for t in outside if t < began]
    earliest = max(before[-1], sent_at) if before else sent_at
    minutes = (ended - began).total_seconds() / 60
    reasons = [f"inside the fence for {minutes:.0f} min from {began:%H:%M:%S}"]
    if claimed_at is None:
        reasons.append("the crew did not press the button; the track did")
    elif claimed_at < earliest - policy.contradict_within:
        reasons.append(f"claimed {claimed_at:%H:%M}, when the track was still elsewhere")
    return ArrivalEvidence(
        verdict=Verdict.CONFIRMED,
        earliest=earliest,
        latest=began,
        claimed_at=claimed_at,
        reasons=tuple(reasons),
    )


def _unproven(verdict: Verdict, claimed_at: datetime, reasons: tuple[str, ...]) -> ArrivalEvidence:
    return ArrivalEvidence(
        verdict=verdict, earliest=None, latest=None, claimed_at=claimed_at, reasons=reasons
    )


def _circle(site: Site, fix: PositionFix) -> tuple[float, float]:
    """Nearest and farthest the device can be from the site, in metres."""
    away = distance_m(fix.lon, fix.lat, site.lon, site.lat)
    radius = fix.accuracy_m or 0.0
    return max(0.0, away - radius), away + radius


def _usable(
    fixes: Sequence[PositionFix], policy: ArrivalPolicy
) -> tuple[list[PositionFix], tuple[str, ...]]:
    """The fixes that may speak, in order of device time, and why the others may not."""
    kept: list[PositionFix] = []
    mock = vague = jumps = ahead = doubtful = 0
    for fix in sorted(fixes, key=lambda f: (f.fixed_at, f.id)):
        if fix.mock:
            mock += 1
        elif fix.doubts:
            doubtful += 1
        elif (fix.accuracy_m or 0.0) > policy.worst_accuracy_m:
            vague += 1
        elif fix.fixed_at > fix.received_at + policy.contradict_within:
            ahead += 1
        elif kept and _jumped(kept[-1], fix, policy):
            jumps += 1
        else:
            kept.append(fix)
    counted = (
        (mock, "fixes marked as mock"),
        (doubtful, "fixes in doubt when they came in"),
        (vague, "fixes too inaccurate"),
        (ahead, "fixes with a clock ahead of ours"),
        (jumps, "fixes that no vehicle can have reached"),
    )
    return kept, tuple(f"{n} {what}" for n, what in counted if n)


def _jumped(last: PositionFix, fix: PositionFix, policy: ArrivalPolicy) -> bool:
    away = distance_m(last.lon, last.lat, fix.lon, fix.lat)
    slack = (last.accuracy_m or 0.0) + (fix.accuracy_m or 0.0) + policy.fence_m
    seconds = (fix.fixed_at - last.fixed_at).total_seconds()
    return away - slack > policy.fastest_mps * seconds


def _first_stay(
    inside: Sequence[datetime], outside: Sequence[datetime], dwell: timedelta
) -> tuple[datetime, datetime] | None:
    """The first run of inside fixes, unbroken by an outside one, that lasts `dwell`."""
    began: datetime | None = None
    left = sorted(outside)
    last: datetime | None = None
    for at in inside:
        if began is None or last is None or any(last < gone < at for gone in left):
            began = at
        last = at
        if at - began >= dwell:
            return began, at
    return None
