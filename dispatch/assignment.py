"""Which crew takes an order: ranked by road time, with reasons and blockers for each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.domain.crew import CrewState, Lent
from dispatch.domain.depot import Depot
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.words import CrewId, OrderId
from dispatch.domain.zone import Zone
from dispatch.ports import Travel
from dispatch.sayings import reason

BARRED = "in_no_go"
"""The blocker of every crew for an order on ground that nobody may enter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentPolicy:
    """Settings of the first form; assumptions until a utility sets its own.

    A position older than `freshest_fix` is not ranked as where the crew is. A walk from
    `worth_saying_m` on is said beside the drive.
    """

    freshest_fix: timedelta = timedelta(minutes=10)
    accept_within: timedelta = timedelta(minutes=3)
    shift_reserve: timedelta = timedelta(minutes=30)
    worth_saying_m: float = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """From where a crew would start: its position, or its base where that is not known.

    `fetch` is what it lacks for the order; the drive leads by the depot named there.
    """

    lon: float
    lat: float
    reasons: tuple[str, ...]
    fresh: bool
    fetch: "Fetch | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """What a crew lacks for an order, and the depot it goes by for it; None where none has all."""

    parts: frozenset[str]
    depot: Depot | None

    @property
    def said(self) -> str:
        """The same as a reason of the record."""
        parts = ", ".join(sorted(self.parts))
        if self.depot is None:
            return reason("lacks_parts", parts=parts)
        return reason("by_way_of", depot=self.depot.name, parts=parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCrew:
    """A crew for one order: how soon it is there, why, and what stands against it.

    A crew without listed skills is taken to do everything. `blockers` can only be overruled by a
    dispatcher with a reason; `doubts` do not keep a crew from being sent when nobody better can.
    """

    state: CrewState
    travel: Travel
    fix_age: timedelta | None
    reasons: tuple[str, ...]
    blockers: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def minutes(self) -> float:
        """Driving time in minutes; infinite where no road leads."""
        return self.travel.seconds / 60


def origin_of(state: CrewState, policy: AssignmentPolicy, now: datetime) -> Origin:
    """Where `state`'s crew would drive from."""
    age = state.fix_age(now)
    if state.last_fix is None or age is None:
        return Origin(
            lon=state.crew.base_lon,
            lat=state.crew.base_lat,
            reasons=(reason("never_seen"),),
            fresh=True,
        )
    if age > policy.freshest_fix or state.last_fix.mock:
        return Origin(
            lon=state.crew.base_lon,
            lat=state.crew.base_lat,
            reasons=(reason("from_base"),),
            fresh=False,
        )
    return Origin(lon=state.last_fix.lon, lat=state.last_fix.lat, reasons=(), fresh=True)


def rank_crews(
    order: TroubleOrder,
    states: Sequence[CrewState],
    origins: Sequence[Origin],
    travels: Sequence[Travel],
    *,
    declined: frozenset[CrewId] = frozenset(),
    due_at: datetime | None,
    barred_by: Zone | None = None,
    policy: AssignmentPolicy,
    now: datetime,
) -> tuple[RankedCrew, ...]:
    """Every crew for `order`, those that can go first, each group by driving time.

    `states`, `origins` and `travels` go together, one per crew; `declined` are crews that gave
    this order back. Where the order lies on ground that is `barred_by` a zone, no crew goes.
    """
    ranked = [
        _rank(order, state, origin, travel, declined, due_at=due_at, policy=policy, now=now)
        for state, origin, travel in zip(states, origins, travels, strict=True)
    ]
    if barred_by is not None:
        barred = reason(BARRED, name=barred_by.name)
        ranked = [replace(each, blockers=(barred, *each.blockers)) for each in ranked]
    return tuple(
        sorted(
            ranked,
            key=lambda r: (bool(r.blockers), bool(r.doubts), r.travel.seconds, r.state.crew.id),
        )
    )


def choose(ranked: Sequence[RankedCrew]) -> RankedCrew | None:
    """The crew to send by itself: the nearest without a blocker, doubtful ones last."""
    return next((crew for crew in ranked if not crew.blockers), None)


def why_waiting(
    order: TroubleOrder,
    ranked: Sequence[RankedCrew],
    *,
    planned: Collection[CrewId] = (),
    after: Collection[OrderId] = (),
    held_for: str | None = None,
    now: datetime,
) -> tuple[str, ...]:
    """Why an order has no crew at this moment, as reasons; empty unless it waits for one.

    `planned` are the crews that the plan would send, `after` the orders whose work has to be done
    first, `held_for` the reason of its last hold: it
    counts only while the hold lasts.
    """
    if order.status is not OrderStatus.AWAITING_ASSIGNMENT or order.crew_id is not None:
        return ()
    if order.is_held(now):
        return (held_for or reason("held"),)
    if order.lon is None or order.district_id is None:
        return (reason("no_place"),)
    if kept := _barred(ranked) or _proposed(ranked, order):
        return (kept,)
    to_come = tuple(_to_come(each) for each in ranked if each.state.crew.id in planned)
    first = tuple(reason("waits_for_order", order=each) for each in after)
    nobody = _nobody_free(ranked)
    if nobody is not None:
        return (*first, nobody, *to_come)
    return (*first, *to_come) or (reason("not_sent_yet"),)


def _nobody_free(ranked: Sequence[RankedCrew]) -> str | None:
    """Why no crew can go now; None where one can."""
    on_shift = [each for each in ranked if each.state.on_shift]
    if not on_shift:
        return reason("none_on_shift")
    if all(each.state.active_order_id is not None for each in on_shift):
        return reason("all_busy", crews=len(on_shift))
    return reason("none_able") if choose(ranked) is None else None


def _barred(ranked: Sequence[RankedCrew]) -> str | None:
    """The no-go zone that keeps every crew away, as a reason."""
    return next(
        (b for each in ranked for b in each.blockers if b.partition("?")[0] == BARRED), None
    )


def _proposed(ranked: Sequence[RankedCrew], order: TroubleOrder) -> str | None:
    """That a crew is proposed and a dispatcher has to send it, as a reason."""
    names = (r.state.crew.name for r in ranked if r.state.crew.id == order.proposed_crew_id)
    return next((reason("awaits_dispatcher", crew=name) for name in names), None)


def _to_come(planned: RankedCrew) -> str:
    crew, held = planned.state.crew.name, planned.state.active_order_id
    if held is None:
        return reason("plan_sends", crew=crew)
    return reason("plan_sends_after", crew=crew, order=held)


def _rank(
    order: TroubleOrder,
    state: CrewState,
    origin: Origin,
    travel: Travel,
    declined: frozenset[CrewId],
    *,
    due_at: datetime | None,
    policy: AssignmentPolicy,
    now: datetime,
) -> RankedCrew:
    reasons = [*origin.reasons]
    if travel.basis == "road":
        reasons.append(reason("by_road", minutes=round(travel.seconds / 60)))
        if travel.on_foot_m >= policy.worth_saying_m:
            reasons.append(reason("on_foot", metres=round(travel.on_foot_m, -1)))
    elif travel.basis == "straight_line":
        reasons.append(reason("straight_line"))
    if due_at is not None and travel.basis != "unreachable":
        reasons.append(_headroom(due_at, travel, now))
    blockers = _blockers(order, state, travel, declined, policy=policy, now=now)
    if origin.fetch is not None and origin.fetch.depot is not None:
        reasons.append(origin.fetch.said)
    elif origin.fetch is not None:
        blockers = (*blockers, origin.fetch.said)
    age = state.fix_age(now)
    doubts = []
    if not origin.fresh and age is not None:
        doubts.append(reason("stale_fix", minutes=round(age.total_seconds() / 60)))
    return RankedCrew(
        state=state,
        travel=travel,
        fix_age=age,
        reasons=tuple(reasons),
        blockers=blockers,
        doubts=tuple(doubts),
    )


def _headroom(due_at: datetime, travel: Travel, now: datetime) -> str:
    spare = (due_at - now).total_seconds() / 60 - travel.seconds / 60
    return reason("in_time" if spare >= 0 else "late", minutes=round(abs(spare)))


def _has_to_go_home(lent: Lent, travel: Travel, policy: AssignmentPolicy, now: datetime) -> bool:
    """Whether a borrowed crew that drove there would have to leave again too soon to work."""
    return (lent.until - now - policy.shift_reserve).total_seconds() < travel.seconds


def _blockers(
    order: TroubleOrder,
    state: CrewState,
    travel: Travel,
    declined: frozenset[CrewId],
    *,
    policy: AssignmentPolicy,
    now: datetime,
) -> tuple[str, ...]:
    blockers = []
    if state.crew.id in declined:
        blockers.append(reason("declined"))
    if not state.on_shift:
        blockers.append(reason("off_shift"))
    elif state.shift_ends_at is not None and state.shift_ends_at - now < policy.shift_reserve:
        minutes = round((state.shift_ends_at - now).total_seconds() / 60)
        blockers.append(reason("shift_ends_soon", minutes=minutes))
    elif state.lent is not None and _has_to_go_home(state.lent, travel, policy, now):
        blockers.append(reason("loan_too_short"))
    if not state.crew.has_skills(order.skills):
        missing = sorted(order.skills - state.crew.skills)
        blockers.append(reason("missing_skill", skills=", ".join(missing)))
    blockers += _occupied(order, state, now)
    if travel.basis == "unreachable":
        blockers.append(reason("unreachable"))
    return tuple(blockers)


def _occupied(order: TroubleOrder, state: CrewState, now: datetime) -> list[str]:
    """What else the crew is at: another order, or its break."""
    if state.active_order_id is not None and state.active_order_id != order.id:
        return [reason("busy_danger" if state.to_danger else "busy", order=state.active_order_id)]
    if state.rest is not None and state.rests(now):
        left = (state.rest.ends_at - now).total_seconds() / 60
        return [reason("resting", minutes=round(left))]
    return []
