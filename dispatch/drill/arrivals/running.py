"""Weigh made-up arrivals as the house would have, moment by moment, and count what came of it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt
from zlib import crc32

import numpy as np

from dispatch.domain.arrival import ArrivalEvidence, ArrivalPolicy, Verdict, judge_arrival
from dispatch.drill.arrivals.city import City
from dispatch.drill.arrivals.devices import moment
from dispatch.drill.arrivals.false import FALSE
from dispatch.drill.arrivals.genuine import GENUINE
from dispatch.drill.arrivals.scenes import Asked, Case, Kind, a_scene

KINDS: tuple[Kind, ...] = (*GENUINE, *FALSE)
DWELL = timedelta(minutes=2)
LOOKS = 12
"""At so many moments, evenly spread over what was received, a false case is looked at."""
TOLERANCE = timedelta(seconds=30)
"""A vehicle rolls out, and a fix comes when it comes."""
Z95 = 1.959964


@dataclass(slots=True)
class Count:
    """What came of the cases of one kind."""

    kind: Kind
    cases: int = 0
    confirmed: int = 0
    in_time: int = 0
    holds: int = 0
    contradicted: int = 0
    widths_s: list[float] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    wrong: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case: whether it was confirmed in time, ever, rightly, and what was said in the end."""

    in_time: bool
    confirmed: bool
    holds: bool
    last: ArrivalEvidence | None


def drill(
    city: City,
    *,
    each: int,
    seed: int,
    policy: ArrivalPolicy | None = None,
    kinds: Sequence[Kind] = KINDS,
    progress: Callable[[str], object] = lambda _: None,
) -> list[Count]:
    """Make up `each` cases of every kind and weigh them; the same seed gives the same counts."""
    counts = []
    for kind in kinds:
        count = Count(kind)
        for number in range(each):
            progress(f"{kind.name}: {number + 1} of {each}")
            rng = np.random.default_rng([seed, crc32(kind.name.encode()), number])
            case = kind.make(a_scene(city, rng))
            _add(count, number, weigh(city, kind, case, policy or ArrivalPolicy()))
        counts.append(count)
    return counts


def weigh(city: City, kind: Kind, case: Case, policy: ArrivalPolicy) -> Outcome:
    """Weigh one case as often as its kind asks."""

    def judged(at: datetime) -> ArrivalEvidence | None:
        claimed_at = None if case.claimed_s is None else moment(case.claimed_s)
        heard = [fix for fix in case.fixes if fix.received_at <= at]
        return judge_arrival(
            case.site,
            heard,
            sent_at=moment(case.sent_s),
            claimed_at=claimed_at if claimed_at is not None and claimed_at <= at else None,
            policy=policy,
            roads=city.network,
            others=case.others,
            earlier=case.earlier,
        )

    last = judged(max(fix.received_at for fix in case.fixes))
    if case.arrived_s is not None and kind.asked is not Asked.REFUSE:
        first = judged(_deadline(case))
        return Outcome(_is(first), _is(first) or _is(last), _holds(case, last), last)
    found = [judged(at) for at in _moments(case)]
    false = [each for each in (*found, last) if _is(each) and not _holds(case, each)]
    return Outcome(
        in_time=False, confirmed=bool(false), holds=not false, last=false[0] if false else last
    )


def _is(evidence: ArrivalEvidence | None) -> bool:
    return evidence is not None and evidence.verdict is Verdict.CONFIRMED


def _holds(case: Case, evidence: ArrivalEvidence | None) -> bool:
    """Whether the truth lies in the interval; False where there is none."""
    if evidence is None or case.arrived_s is None or evidence.latest is None:
        return False
    true_at, begin = moment(case.arrived_s), evidence.earliest or evidence.latest
    return begin - TOLERANCE <= true_at <= evidence.latest + TOLERANCE


def _deadline(case: Case) -> datetime:
    """When a device has two minutes of dwell on record: at the fix that completes them."""
    devices = {fix.device for fix in case.fixes}
    return min(_completed(case, device) for device in devices)


def _completed(case: Case, device: str) -> datetime:
    measured = sorted(
        (fix for fix in case.fixes if fix.device == device), key=lambda fix: fix.fixed_at
    )
    ahead = min(fix.received_at - fix.fixed_at for fix in measured)
    clock = ahead if abs(ahead) > timedelta(seconds=20) else timedelta(0)
    arrived_at = moment(case.settled_s or case.arrived_s or 0.0)
    there = [fix for fix in measured if fix.fixed_at + clock >= arrived_at]
    done = next(fix for fix in there if fix.fixed_at >= there[0].fixed_at + DWELL)
    return max(fix.received_at for fix in there if fix.fixed_at <= done.fixed_at)


def _moments(case: Case) -> list[datetime]:
    """When to look: spread over what was received, and often about the claim."""
    received = sorted({fix.received_at for fix in case.fixes})
    spread = [received[n] for n in np.linspace(0, len(received) - 1, LOOKS).astype(int)]
    if case.claimed_s is None:
        return spread
    claims = [moment(case.claimed_s + 45.0 * n) for n in range(9)]
    return [*spread, *claims]


def _add(count: Count, number: int, outcome: Outcome) -> None:
    count.cases += 1
    count.confirmed += outcome.confirmed
    count.in_time += outcome.in_time
    count.holds += outcome.holds
    evidence = outcome.last
    if evidence is not None:
        count.contradicted += evidence.verdict is Verdict.CONTRADICTED
        for reason in evidence.reasons:
            count.reasons[reason.partition("?")[0]] += 1
        if evidence.latest is not None and evidence.earliest is not None:
            count.widths_s.append((evidence.latest - evidence.earliest).total_seconds())
    asked = count.kind.asked
    bad = {
        Asked.CONFIRM: not outcome.in_time or not outcome.holds,
        Asked.LATE: not outcome.confirmed or not outcome.holds,
        Asked.REFUSE: outcome.confirmed,
    }
    if bad.get(asked, False):
        count.wrong.append(number)


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """The 95 % interval of a share after E. B. Wilson (1927); (0, 1) of no cases."""
    if not cases:
        return 0.0, 1.0
    share, z2 = hits / cases, Z95**2
    middle = (share + z2 / (2 * cases)) / (1 + z2 / cases)
    half = Z95 * sqrt(share * (1 - share) / cases + z2 / (4 * cases**2)) / (1 + z2 / cases)
    return max(0.0, middle - half), min(1.0, middle + half)
