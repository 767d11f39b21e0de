"""Arrival as evidence: the track, not the word, shows when a crew got there.

A fix shows presence only as well as it is accurate, so every fix is a circle, and the site is one
too (a geocoded address is not a point). A fix whose circle certainly lies within reach of the site
is *inside*; one that certainly does not is *outside*; the others say nothing. Touching the fence
is not arriving: the crew has to stay. What the track of one device shows counts only if nothing
speaks against that track (`dispatch.domain.forgery`).

The arrival is an interval. It was not before the crew can have driven from where it was last seen
elsewhere, and not after it was first seen to stay.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.domain.crew import PositionFix
from dispatch.domain.forgery import Companion
from dispatch.domain.look import NO_ROADS, ArrivalPolicy, Look, Roads, Site
from dispatch.domain.reasons import written
from dispatch.domain.stay import Stay
from dispatch.domain.trail import Sighting, Trail, trails

__all__ = [
    "NO_ROADS",
    "ArrivalEvidence",
    "ArrivalPolicy",
    "Companion",
    "Roads",
    "Site",
    "Verdict",
    "judge_arrival",
]

MINUTE_S = 60.0


class Verdict(StrEnum):
    """What the track makes of an arrival; withdrawn: neither claimed nor shown any more."""

    CONFIRMED = "confirmed"
    CLAIMED_ONLY = "claimed_only"
    CONTRADICTED = "contradicted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalEvidence:
    """When the crew arrived at the earliest and at the latest, and what that rests on.

    `earliest` is before what it cannot have been there, as far as the track tells; `latest` the
    first moment it was seen to stay, None unless the verdict is `confirmed`. `reasons` are written
    as `dispatch.sayings` reads them.
    """

    verdict: Verdict
    earliest: datetime | None
    latest: datetime | None
    claimed_at: datetime | None
    reasons: tuple[str, ...]

    @property
    def is_filled_in(self) -> bool:
        """Whether the track shows an arrival that nobody pressed the button for."""
        return self.verdict is Verdict.CONFIRMED and self.claimed_at is None


def judge_arrival(
    site: Site,
    fixes: Sequence[PositionFix],
    *,
    sent_at: datetime,
    claimed_at: datetime | None,
    policy: ArrivalPolicy,
    roads: Roads = NO_ROADS,
    others: Collection[Companion] = (),
    earlier: Collection[PositionFix] = (),
) -> ArrivalEvidence | None:
    """Weigh a crew's track against a site.

    Parameters
    ----------
    site
        Where the work is.
    fixes
        Fixes of the crew's devices, WGS-84, in any order, any of them twice; those before
        `sent_at` only tell where it came from.
    sent_at
        When the crew got the order; it cannot have arrived for it before.
    claimed_at
        When the crew says it arrived, if it said so.
    policy
        Fence, dwell and limits.
    roads
        Drives to the site, and how far from roads a place is.
    others
        Other crews that were near: their fixes and where they were sent.
    earlier
        Fixes of the crew of other days, at the same coordinates as some of `fixes`.

    Returns
    -------
    evidence
        None while there is neither a claim nor a proven arrival.
    """
    looks = [
        Look(site, trail, sent_at, claimed_at, policy, roads)
        for trail in trails(site.lon, site.lat, fixes, policy.trail)
    ]
    looks.sort(key=lambda look: look.stay.first.at if look.stay else look.sent_at)
    weighed = [_weighed(look, looks, others, earlier) for look in looks]
    proofs = [proof for proof, _ in weighed if proof is not None]
    if proofs:
        return _confirmed(min(proofs, key=lambda proof: proof.stay.first.at))
    refused = [reason for _, reasons in weighed for reason in reasons]
    return None if claimed_at is None else _claimed(claimed_at, looks, refused, policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    """A stay that nothing speaks against, before when it was not, and what else is to be said."""

    look: Look
    stay: Stay
    not_before: datetime
    reasons: tuple[str, ...]


def _weighed(
    look: Look,
    looks: Sequence[Look],
    others: Collection[Companion],
    earlier: Collection[PositionFix],
) -> tuple[_Proof | None, list[str]]:
    """Weigh a device's stays one after the other until one counts; why the others do not.

    That a stay proves nothing does not mean that the crew was not there: the arrival may lie as
    far back as the first one refused, unless another device refutes that.
    """
    refused: list[str] = []
    bounds: list[datetime] = []
    stay = look.stay
    while stay is not None:
        against = look.against(stay, earlier)
        theirs, notes = (None, []) if against else look.of_another_crew(stay, others)
        elsewhere = None if against or theirs else _elsewhere(look, stay, looks)
        bound = look.not_before(stay.first.at)
        why = against or theirs or elsewhere
        if why is None:
            return _Proof(
                look=look,
                stay=stay,
                not_before=min([*bounds, bound]),
                reasons=(*notes, *_of_the_refused(refused)),
            ), refused
        refused += [why, *notes]
        if elsewhere is None:
            bounds.append(min(bound, stay.first.at))
        stay = look.stay_at_another_spot(stay) if theirs else look.stay_on_return(stay)
    return None, refused


def _of_the_refused(reasons: Sequence[str]) -> tuple[str, ...]:
    """Why an earlier stay is not the arrival, if there was one."""
    return (written("arrival_refused_before"), *reasons) if reasons else ()


def _confirmed(proof: _Proof) -> ArrivalEvidence:
    """The arrival that a stay shows."""
    look, stay = proof.look, proof.stay
    latest = max(stay.first.late, look.sent_at)
    minutes = (stay.last.at - stay.first.at).total_seconds() / MINUTE_S
    reasons = [
        written("arrival_stayed", minutes=f"{minutes:.0f}", metres=round(stay.away_m)),
        *proof.reasons,
    ]
    if look.trail.seen[0] is stay.first:
        reasons.append(written("arrival_way_unseen"))
    if look.claimed_at is None:
        reasons.append(written("arrival_unsaid"))
    elif look.claimed_at < proof.not_before:
        early = (stay.first.at - look.claimed_at).total_seconds() / MINUTE_S
        reasons.append(written("arrival_said_early", minutes=f"{early:.0f}"))
    return ArrivalEvidence(
        verdict=Verdict.CONFIRMED,
        earliest=min(proof.not_before, latest),
        latest=latest,
        claimed_at=look.claimed_at,
        reasons=(*reasons, *_about(look.trail)),
    )


def _elsewhere(look: Look, stay: Stay, looks: Sequence[Look]) -> str | None:
    """Whether another device of the crew was certainly elsewhere meanwhile."""
    for other in looks:
        if other is look:
            continue
        before = [s for s in other.trail.seen if s.at <= stay.first.at][-1:]
        during = [s for s in other.trail.seen if stay.first.at < s.at < stay.last.at]
        after = [s for s in other.trail.seen if s.at >= stay.last.at][:1]
        away = [s for s in during if other.outside(s)]
        if not during and before and after and other.no_time_between(before[0], after[0]):
            away = before
        if away:
            name = other.trail.device or "phone"
            return written("arrival_elsewhere", device=name, metres=round(away[0].away_m))
    return None


def _claimed(
    claimed_at: datetime, looks: Sequence[Look], refused: Sequence[str], policy: ArrivalPolicy
) -> ArrivalEvidence:
    """What becomes of a claim that no stay proves."""
    verdict, reasons = Verdict.CLAIMED_ONLY, list(refused)
    earliest = None
    for look in looks:
        near = [s for s in look.trail.seen if abs(s.at - claimed_at) <= policy.contradict_within]
        bound = look.not_before(claimed_at) if not refused else None
        earliest = bound if earliest is None or (bound and bound > earliest) else earliest
        if refused:
            continue
        against = _contradiction(look, claimed_at, near)
        if against is None:
            reasons.append(_unproven(look, near))
        elif (datum := look.datum_at_claim(near)) is not None:
            reasons.append(datum)
        else:
            verdict = Verdict.CONTRADICTED
            reasons.append(against)
    if not any(look.trail.seen for look in looks):
        reasons.append(written("arrival_no_fix"))
    for look in looks:
        reasons += _about(look.trail)
    return ArrivalEvidence(
        verdict=verdict,
        earliest=earliest,
        latest=None,
        claimed_at=claimed_at,
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _contradiction(look: Look, claimed_at: datetime, near: Sequence[Sighting]) -> str | None:
    """Why the crew cannot have been there when it said so, if it cannot."""
    policy = look.policy
    before = [s for s in near if s.at <= claimed_at]
    after = [s for s in near if s.at > claimed_at]
    if not before:
        return _out_of_reach(look, claimed_at)
    if not look.outside(before[-1]):
        return None
    last = before[-1]
    if after:
        if not look.no_time_between(last, after[0]):
            return None
        return written("arrival_far", metres=round(min(last.away_m, after[0].away_m)))
    short_m = last.away_m - last.radius_m - look.site.accuracy_m - policy.fence_m
    if (claimed_at - last.early).total_seconds() >= max(
        short_m / policy.closing_mps, look.soonest_s(last, by_road=True)
    ):
        return None
    return written("arrival_far", metres=round(last.away_m))


def _out_of_reach(look: Look, claimed_at: datetime) -> str | None:
    """Whether it was last seen so far off, be it long ago, that nothing could have brought it."""
    last = next((s for s in reversed(look.trail.seen) if s.at <= claimed_at), None)
    if last is None or not look.outside(last):
        return None
    had_s = (claimed_at - last.early).total_seconds()
    if had_s >= look.soonest_s(last, by_road=False):
        return None
    left_m = last.away_m - look.policy.trail.fastest_mps * had_s
    return written("arrival_far", metres=round(left_m))


def _unproven(look: Look, near: Sequence[Sighting]) -> str:
    """Why a claim that nothing speaks against is not proven."""
    if not near:
        return written("arrival_no_fix")
    closest = min(near, key=lambda seen: seen.away_m)
    if look.site.accuracy_m + closest.radius_m > look.policy.fence_m - look.policy.stay.still_m:
        return written(
            "arrival_vague_site",
            accuracy=round(look.site.accuracy_m),
            metres=round(closest.away_m),
        )
    return written("arrival_no_stay", metres=round(closest.away_m))


def _about(trail: Trail) -> list[str]:
    """What was left out of a track, and how its clock was set right."""
    notes = [
        written(f"arrival_left_out_{what}", count=count)
        for what, count in sorted(trail.left_out.items())
    ]
    if trail.skews:
        worst = max(trail.skews, key=abs)
        code = "arrival_clock_behind" if worst > 0 else "arrival_clock_fast"
        notes.append(written(code, seconds=round(abs(worst))))
    return notes
