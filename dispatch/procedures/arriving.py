"""Weigh a crew's track against the site of its order, and move the order on by it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from math import hypot

from dispatch.domain.arrival import (
    NO_ROADS,
    ArrivalEvidence,
    ArrivalPolicy,
    Companion,
    Site,
    Verdict,
    judge_arrival,
)
from dispatch.domain.crew import PositionFix
from dispatch.domain.order import DispatchStep, Sending, StepKind, TroubleOrder
from dispatch.domain.trail import plane
from dispatch.domain.words import CrewId
from dispatch.journal import SYSTEM, order_event
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.arrival_promises import (
    ON_ITS_WAY,
    judge_promises_again,
    retime_repair,
    settle_arrival,
    time_repair,
)
from dispatch.sayings import reason

BEFORE_SENT = timedelta(minutes=15)
"""How far back the track shows where the crew came from."""

WRONG_CLOCK = timedelta(minutes=75)
"""So far out of its time a fix is still read: the clock may be an hour wrong."""

STILL_TOLD = timedelta(minutes=10)
"""So long after an arrival the track may still speak against it: another device, a leap away."""

LONG_UNPROVEN, SELDOM = timedelta(minutes=20), timedelta(minutes=1)
"""A claim that nothing has proven for so long is looked at anew only so often: the whole track is
read each time, and crews stay for hours at places that nothing can prove."""

CAME_LATE = timedelta(minutes=1)
"""A fix older than this when it comes may tell of an order that has passed on since."""

SAME_WITHIN = timedelta(seconds=30)
"""An interval that moved by less is no new judgement."""

REMEMBERED = timedelta(days=14)
"""How far back a drive is looked for that was played again."""

UNKNOWN_SITE_M = 100.0
"""How far off a place is taken to be that does not say."""


def weigh_touched(
    store: Store,
    crew_id: CrewId,
    fixes: Sequence[PositionFix],
    *,
    policy: ArrivalPolicy,
    now: datetime,
    travel_times: TravelTimes | None = None,
) -> None:
    """Weigh those of a crew's orders that new fixes of it may tell something about.

    What comes late may also tell of an order that the crew gave back: whether it had been there.
    """
    oldest = min(fix.fixed_at for fix in fixes)
    since = oldest - WRONG_CLOCK
    weigh = partial(weigh_track, store, policy=policy, now=now, travel_times=travel_times)
    for order in store.orders.list_of_crew(crew_id, since=since):
        if order.sending is not None and _may_tell(store, order, order.sending, fixes, policy):
            weigh(order)
    if now - oldest <= CAME_LATE:
        return
    for order, sending in store.orders.list_passed_on(crew_id, since=since):
        if _may_tell(store, order, sending, fixes, policy):
            weigh(order, sending=sending)


def _may_tell(
    store: Store,
    order: TroubleOrder,
    sending: Sending,
    fixes: Sequence[PositionFix],
    policy: ArrivalPolicy,
) -> bool:
    """Whether any of the fixes lies where and when it counts for the order.

    What comes long after a proven arrival says nothing more of it; what comes late may. As long as
    nothing was claimed, a crew on its way tells nothing before it is near.
    """
    known = store.orders.find_arrival(order, sending)
    begins = sending.sent_at - BEFORE_SENT - WRONG_CLOCK
    ends = None if sending.ended_at is None else sending.ended_at + WRONG_CLOCK
    if known is not None and known.verdict is Verdict.CONFIRMED:
        ends = None if known.latest is None else known.latest + STILL_TOLD
    timely = [f for f in fixes if begins <= f.fixed_at and (ends is None or f.fixed_at <= ends)]
    if known is None or known.verdict is Verdict.WITHDRAWN:
        return any(_is_near(order, fix, policy) for fix in timely)
    if not timely or known.verdict is Verdict.CONFIRMED or known.claimed_at is None:
        return bool(timely)
    return _is_time(store, sending.crew_id, [f.fixed_at for f in timely], known.claimed_at)


def _is_time(
    store: Store, crew_id: CrewId, fixed_at: Sequence[datetime], claimed_at: datetime
) -> bool:
    """Whether a claim without proof is due to be looked at anew: where it is old, each minute."""
    first, last = min(fixed_at), max(fixed_at)
    if last - claimed_at < LONG_UNPROVEN:
        return True
    before = store.crews.find_seen_before(crew_id, first)
    return before is None or (before - claimed_at) // SELDOM != (last - claimed_at) // SELDOM


def _is_near(order: TroubleOrder, fix: PositionFix, policy: ArrivalPolicy) -> bool:
    """Whether a fix may be part of a stay at the order's place."""
    if order.lon is None or order.lat is None:
        return False
    return hypot(*plane(order.lon, order.lat, fix.lon, fix.lat)) <= policy.fence_m


def weigh_track(
    store: Store,
    order: TroubleOrder,
    *,
    policy: ArrivalPolicy,
    now: datetime,
    claimed_at: datetime | None = None,
    travel_times: TravelTimes | None = None,
    sending: Sending | None = None,
) -> TroubleOrder:
    """Judge the arrival again with what is known now; the order as it stands afterwards.

    Of `sending`, or of the crew that holds the order, or held it last.

    A proven arrival moves the order on even if nobody pressed the button, and stops the tickets'
    arrival clocks on the interval of evidence. A claim that the track contradicts is asked about.
    Every judgement that differs from the last one is a new entry; the older ones stay.
    """
    sending = sending or order.sending
    if sending is None:
        return order
    known = store.orders.find_arrival(order, sending)
    claimed_at = claimed_at or (known.claimed_at if known else None)
    evidence = _judged(
        store,
        order,
        sending,
        claimed_at=claimed_at,
        policy=policy,
        now=now,
        travel_times=travel_times,
    )
    if evidence is None and known is not None and known.verdict is Verdict.CONFIRMED:
        evidence = withdrawn("arrival_not_any_more")
    if evidence is None or (known is not None and _says_the_same(evidence, known)):
        return order
    return _taken(store, order, sending, evidence, known, now)


def _says_the_same(one: ArrivalEvidence, other: ArrivalEvidence) -> bool:
    """Whether two judgements differ in nothing but counts, metres and seconds."""
    if (one.verdict, one.claimed_at) != (other.verdict, other.claimed_at):
        return False
    ends = ((one.earliest, other.earliest), (one.latest, other.latest))
    moved = any(a is not b if a is None or b is None else abs(a - b) > SAME_WITHIN for a, b in ends)
    return not moved and _codes(one) == _codes(other)


def _codes(evidence: ArrivalEvidence) -> set[str]:
    return {written.partition("?")[0] for written in evidence.reasons}


def withdrawn(code: str) -> ArrivalEvidence:
    """No arrival any more, for a reason that stands in `dispatch.sayings`."""
    return ArrivalEvidence(
        verdict=Verdict.WITHDRAWN,
        earliest=None,
        latest=None,
        claimed_at=None,
        reasons=(reason(code),),
    )


def _judged(
    store: Store,
    order: TroubleOrder,
    sending: Sending,
    *,
    claimed_at: datetime | None,
    policy: ArrivalPolicy,
    now: datetime,
    travel_times: TravelTimes | None,
) -> ArrivalEvidence | None:
    """Weigh the track; other crews and earlier days are read only when it would prove something."""
    place = site_of(order)
    if place is None:
        return None
    since = sending.sent_at - BEFORE_SENT - WRONG_CLOCK
    until = (sending.ended_at or now) + WRONG_CLOCK
    fixes = store.crews.list_fixes(sending.crew_id, since, until)
    judge = partial(
        judge_arrival,
        place,
        sent_at=sending.sent_at,
        claimed_at=claimed_at,
        policy=policy,
        roads=travel_times or NO_ROADS,
    )
    evidence = judge(fixes)
    if sending != order.sending and _is_after(evidence, sending.ended_at):
        fixes = [fix for fix in fixes if not _is_later(fix.fixed_at, sending.ended_at)]
        evidence = judge(fixes)
    if evidence is None or evidence.latest is None:
        return evidence
    return judge(
        fixes,
        others=_companions(store, fixes, evidence.latest, policy),
        earlier=store.crews.list_same_places(fixes, since - REMEMBERED, since),
    )


def _is_after(evidence: ArrivalEvidence | None, ended_at: datetime | None) -> bool:
    """Whether the crew came only when the order had passed on: of that time it tells nothing."""
    came_at = None if evidence is None else evidence.latest
    return came_at is not None and _is_later(came_at, ended_at)


def _is_later(at: datetime, ended_at: datetime | None) -> bool:
    return ended_at is not None and at > ended_at


def site_of(order: TroubleOrder) -> Site | None:
    """Where the order sends its crew; None while it has no place."""
    if order.lon is None or order.lat is None:
        return None
    accuracy_m = UNKNOWN_SITE_M if order.accuracy_m is None else order.accuracy_m
    return Site(lon=order.lon, lat=order.lat, accuracy_m=accuracy_m)


def _companions(
    store: Store, fixes: Sequence[PositionFix], arrived_at: datetime, policy: ArrivalPolicy
) -> tuple[Companion, ...]:
    """Other crews that were at hand when this one arrived, and where they were sent."""
    nearest = min(fixes, key=lambda fix: abs(fix.fixed_at - arrived_at))
    begin = nearest.fixed_at - policy.forgery.approach
    end = nearest.fixed_at + 2 * policy.stay.dwell
    return tuple(
        Companion(
            crew_id=other,
            fixes=tuple(store.crews.list_fixes(other, begin, end)),
            order_place=_sent_to(store, other, nearest.fixed_at),
        )
        for other in store.crews.list_beside(nearest, nearest.fixed_at, end)
    )


def _sent_to(store: Store, crew_id: CrewId, since: datetime) -> tuple[float, float] | None:
    """Where a crew's order sends it, or sent it last."""
    for order in store.orders.list_of_crew(crew_id, since=since):
        if order.lon is not None and order.lat is not None:
            return order.lon, order.lat
    return None


def _taken(
    store: Store,
    order: TroubleOrder,
    sending: Sending,
    evidence: ArrivalEvidence,
    known: ArrivalEvidence | None,
    now: datetime,
) -> TroubleOrder:
    """Write a judgement down and do what follows from it."""
    store.orders.add_arrival(order.id, sending, evidence, now)
    store.events.append(
        order_event(
            order,
            f"arrival_{evidence.verdict.value}",
            at=evidence.latest or evidence.claimed_at or now,
            by=SYSTEM,
            crew=sending.crew_id,
            earliest=None if evidence.earliest is None else evidence.earliest.isoformat(),
            latest=None if evidence.latest is None else evidence.latest.isoformat(),
            again=known is not None,
            reasons=list(evidence.reasons),
        )
    )
    was_proven = known is not None and known.verdict is Verdict.CONFIRMED
    if sending != order.sending:
        judge_promises_again(store, order, evidence, now=now)
        return order
    if evidence.verdict is not Verdict.CONFIRMED or evidence.latest is None:
        if was_proven:
            judge_promises_again(store, order, evidence, now=now)
        return order
    if order.status in ON_ITS_WAY:
        order = arrive(store, order, evidence.latest, by="track", now=now, why=evidence.reasons)
    settle_arrival(store, order, evidence, now=now)
    return order


def arrive(
    store: Store,
    order: TroubleOrder,
    at: datetime,
    *,
    by: str,
    now: datetime,
    why: tuple[str, ...] = (),
) -> TroubleOrder:
    """Move the order to arrived, by word or by track, and start the clocks of the repair."""
    arrived = store.orders.save(order.arrive(at))
    store.orders.record(
        DispatchStep(
            order_id=order.id,
            kind=StepKind.ARRIVED,
            at=at,
            recorded_at=now,
            by=by,
            crew_id=order.crew_id,
            reason=why[0] if why else None,
            facts={"why": list(why)} if why else {},
        )
    )
    store.events.append(order_event(arrived, "arrived", at=at, by=by))
    if order.outage_id is not None and order.supports_id is None:
        retime_repair(store, order, at)
        time_repair(store, order, store.outages.get(order.outage_id), at, now=now)
    return arrived


def take_back_claim(
    store: Store, order: TroubleOrder, crew_id: CrewId, at: datetime, *, now: datetime
) -> TroubleOrder:
    """The crew pressed the button by mistake: it is on its way, and nothing was claimed.

    Raises IllegalStep where the order has not arrived, or the track has proven that it has.
    """
    known = store.orders.find_arrival(order)
    on_its_way = order.take_back_arrival(
        proven=known is not None and known.verdict is Verdict.CONFIRMED
    )
    saved = store.orders.save(on_its_way)
    if saved.sending is not None:
        store.orders.add_arrival(order.id, saved.sending, withdrawn("arrival_mistaken"), now)
    store.events.append(order_event(saved, "arrival_withdrawn", at=at, by=crew_id))
    return saved
