"""Staying at a place, told from passing it slowly, waiting at a light, or creeping in a jam.

A stay is a run of sightings near one spot, within its own errors, for the dwell time. What comes
at a walking pace has to stay longer: a jam stands still as well, and goes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import hypot, sqrt
from statistics import median

from dispatch.domain.trail import Sighting

Test = Callable[[Sighting], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class StayPolicy:
    """What counts as staying; assumptions until a utility sets its own.

    Attributes
    ----------
    dwell, crept_dwell
        How long one has to stay, and how long after coming at a walking pace.
    still_m
        How far from the middle of a stay a person or vehicle moves, besides the error of a fix.
    drift_m, standing_mps
        How far the middle of its last third lies from that of its first at most, besides errors:
        their mean, or the whole of them where the device says each time that it stands. Errors
        hang together for minutes between high buildings, and only they can make it drift then.
    walking_mps, rolls
        By the device's own word nobody walks faster: no stay begins with a sighting that is said to
        be faster, so many of the later ones are at most, and none that led elsewhere.
    core_m, core_share
        Such a share of its sightings lie so near its middle, besides errors.
    least_error_m, widest_error_m
        At least this and no more is forgiven for the error of a fix, whatever radius it names.
    strays
        So many sightings in a row may lie aside.
    longest_gap
        What was not seen for longer may have gone and come back.
    crept_over, crept_m, crept_steps, driving_mps
        Who moved so far in so long before a stay, in so many steps or more, and never as fast as
        that, came at a creep.
    """

    dwell: timedelta = timedelta(minutes=2)
    crept_dwell: timedelta = timedelta(minutes=6)
    still_m: float = 30.0
    drift_m: float = 8.0
    standing_mps: float = 1.0
    walking_mps: float = 2.0
    rolls: int = 1
    core_m: float = 12.0
    core_share: float = 0.7
    least_error_m: float = 10.0
    widest_error_m: float = 60.0
    strays: int = 2
    longest_gap: timedelta = timedelta(minutes=5)
    crept_over: timedelta = timedelta(minutes=2)
    crept_m: float = 15.0
    crept_steps: int = 3
    driving_mps: float = 5.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """The sightings of a stay up to its dwell time; `crept` if it was come to at a walking pace."""

    seen: tuple[Sighting, ...]
    crept: bool

    @property
    def first(self) -> Sighting:
        """Its first sighting."""
        return self.seen[0]

    @property
    def last(self) -> Sighting:
        """Its last sighting."""
        return self.seen[-1]

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle, metres east and north of the site."""
        return _middle(self.seen)

    @property
    def away_m(self) -> float:
        """How far its middle lies from the site."""
        return hypot(*self.middle)


def first_stay(
    seen: Sequence[Sighting], near: Test, gone: Test, since: datetime, policy: StayPolicy
) -> Stay | None:
    """Find the first stay among sightings in order of time.

    Parameters
    ----------
    seen
        One device's sightings; those before `since` tell at what pace it came.
    near
        Whether a sighting may be part of the stay.
    gone
        Whether a sighting shows that the device has left.
    since
        Nobody stays before.
    policy
        Dwell and limits.

    Returns
    -------
    stay
        None where there is none; its sightings end as soon as the dwell time is reached.
    """
    crept_to: Sighting | None = None
    for n, first in enumerate(seen):
        if first.at < since or not near(first) or _rolls_in(seen[n : n + 2], policy):
            continue
        crept = _crept(seen[:n], first, policy)
        if crept:
            crept_to = first
        elif crept_to is not None:  # still where it crept to
            crept = _still([crept_to], first, policy)
        dwell = policy.crept_dwell if crept else policy.dwell
        stayed = _stay_from(seen[n:], near, gone, dwell, policy)
        if stayed:
            return Stay(seen=stayed, crept=crept)
    return None


def _stay_from(
    seen: Sequence[Sighting], near: Test, gone: Test, dwell: timedelta, policy: StayPolicy
) -> tuple[Sighting, ...]:
    """The stay that begins with the first of them; empty if it was none."""
    members = [seen[0]]
    strayed = left = 0
    for each in seen[1:]:
        if each.at - members[-1].at > policy.longest_gap:
            return ()
        left = left + 1 if gone(each) else 0
        if left > 1:
            return ()
        if near(each) and _still(members, each, policy):
            members.append(each)
            strayed = 0
        else:
            strayed += 1
        if strayed > policy.strays:
            return ()
        if each is members[-1] and each.at - members[0].at >= dwell:
            settled = _still(members, members[0], policy) and _settled(members, policy)
            return tuple(members) if settled else ()
    return ()


def _middle(members: Sequence[Sighting]) -> tuple[float, float]:
    return median(m.x for m in members), median(m.y for m in members)


def _still(members: Sequence[Sighting], each: Sighting, policy: StayPolicy) -> bool:
    """Whether a sighting lies at the spot of the others, as far as errors let one say."""
    x, y = _middle(members)
    error_m = _error_m(each, policy)
    return hypot(each.x - x, each.y - y) <= policy.still_m + error_m


def _error_m(seen: Sighting, policy: StayPolicy) -> float:
    return min(max(seen.radius_m, policy.least_error_m), policy.widest_error_m)


def _settled(members: Sequence[Sighting], policy: StayPolicy) -> bool:
    """Whether the spot does not wander on, nor to and fro, as it does in a jam."""
    rolling = [
        after
        for before, after in pairwise(members)
        if _says_it_drives(after, policy) and before.apart_m(after) > 0
    ]
    if len(rolling) > policy.rolls or _rolled_on(members, policy):
        return False
    third = max(1, len(members) // 3)
    (x1, y1), (x2, y2) = _middle(members[:third]), _middle(members[-third:])
    error_m = median(_error_m(each, policy) for each in members)
    stands = all(
        m.fix.speed_mps is not None and m.fix.speed_mps <= policy.standing_mps for m in members[1:]
    )
    errors_m = 2 * error_m / (1.0 if stands else sqrt(third))
    if hypot(x2 - x1, y2 - y1) > policy.drift_m + errors_m:
        return False
    x, y = _middle(members)
    near = sum(hypot(m.x - x, m.y - y) <= policy.core_m + error_m for m in members)
    return near >= policy.core_share * len(members)


def _rolls_in(seen: Sequence[Sighting], policy: StayPolicy) -> bool:
    """Whether the first of them says that it drives, and is not the same place held."""
    held = len(seen) > 1 and seen[0].apart_m(seen[1]) == 0
    return _says_it_drives(seen[0], policy) and not held


def _rolled_on(members: Sequence[Sighting], policy: StayPolicy) -> bool:
    """Whether it drove, by its own word, and lay elsewhere afterwards."""
    return any(
        _says_it_drives(each, policy)
        and before.apart_m(after) > policy.drift_m + _error_m(after, policy)
        for before, each, after in zip(members, members[1:], members[2:], strict=False)
    )


def _says_it_drives(seen: Sighting, policy: StayPolicy) -> bool:
    return (seen.fix.speed_mps or 0.0) > policy.walking_mps


def _crept(before: Sequence[Sighting], first: Sighting, policy: StayPolicy) -> bool:
    """Whether the device was on its way before, and never at the pace of driving."""
    since = first.at - policy.crept_over
    steps = list(pairwise([*(each for each in before if each.at >= since), first]))
    if len(steps) < policy.crept_steps or first.at - steps[0][0].at < policy.crept_over / 2:
        return False
    net_m = steps[0][0].apart_m(first) - max(steps[0][0].radius_m, first.radius_m)
    return net_m > policy.crept_m and max(_pace(*step) for step in steps) < policy.driving_mps


def _pace(one: Sighting, other: Sighting) -> float:
    """The speed from one sighting to the next, or the device's own word if that is more."""
    seconds = max((other.at - one.at).total_seconds(), 1.0)
    said = max(one.fix.speed_mps or 0.0, other.fix.speed_mps or 0.0)
    return max(one.apart_m(other) / seconds, said)
