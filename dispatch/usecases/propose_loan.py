"""Ask a neighbour for the crew that would keep most of the promises a district cannot keep."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.assignment import AssignmentPolicy, origin_of
from dispatch.domain.crew import CrewState, Lent
from dispatch.domain.loan import CrewLoan, LendingPolicy, LoanStatus
from dispatch.domain.words import CrewId, DistrictId
from dispatch.journal import SYSTEM
from dispatch.planning.district import PlanningPolicy
from dispatch.planning.outlook import Offer, Outlook, is_in_need, outlook_of, worth_asking
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.lending import UNSAVED, ask, at_home, where_needed
from dispatch.procedures.planning import Planner, list_open, state_district
from dispatch.sayings import reason

LOOK_AT = 3
"""How many crews of all neighbours, the soonest first, are tried in the plan."""

Expect = Callable[[Sequence[CrewState]], Outlook | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeLoan:
    """Which district may be in need, and which crews every other one could spare now."""

    district_id: DistrictId
    to_spare: Mapping[DistrictId, frozenset[CrewId]]


def propose_loan(
    store: Store,
    command: ProposeLoan,
    travel_times: TravelTimes,
    planner: Planner,
    *,
    assignment: AssignmentPolicy,
    planning: PlanningPolicy,
    policy: LendingPolicy,
    now: datetime,
) -> CrewLoan | None:
    """Ask for one crew where that is worth it; None where it is not, or one is asked for already.

    The lender's dispatcher decides, or a rule of the lender. A neighbour with orders of its own
    that wait is not asked, nor one where a person has said no lately.
    """
    asked = store.loans.list_open(command.district_id)
    if any(loan.to_id == command.district_id and loan.status is LoanStatus.ASKED for loan in asked):
        return None
    expect = _expecting(
        store,
        command.district_id,
        travel_times,
        planner,
        assignment=assignment,
        planning=planning,
        now=now,
    )
    states = store.crews.list_states(command.district_id, now)
    as_it_is = expect(states)
    if as_it_is is None or not is_in_need(as_it_is, policy):
        return None
    offers = [
        Offer(state=state, minutes=minutes, outlook=outlook)
        for state, minutes in _nearest(store, command, travel_times, assignment, policy, now)
        if (outlook := expect([*states, _as_lent(state, command.district_id, policy, now)]))
    ]
    best = worth_asking(as_it_is, offers, policy)
    if best is None:
        return None
    loan = CrewLoan(
        id=UNSAVED,
        from_id=best.state.crew.district_id,
        to_id=command.district_id,
        crew_id=best.state.crew.id,
        reason=_why(as_it_is, best),
        asked_at=now,
        asked_by=SYSTEM,
    )
    return ask(store, loan, travel_times, assignment=assignment, policy=policy, now=now)


def _expecting(
    store: Store,
    district_id: DistrictId,
    travel_times: TravelTimes,
    planner: Planner,
    *,
    assignment: AssignmentPolicy,
    planning: PlanningPolicy,
    now: datetime,
) -> Expect:
    """What the plan of a district keeps with these crews or those."""
    waiting, under_way = list_open(store, district_id, now)
    between = planner.kept(district_id, travel_times)

    def expect(states: Sequence[CrewState]) -> Outlook | None:
        if not waiting:
            return None
        stated = state_district(
            store,
            waiting,
            under_way,
            states,
            between,
            assignment=assignment,
            planning=planning,
            now=now,
        )
        plan = planner.sketch(district_id, stated.problem)
        return None if plan is None else outlook_of(stated.problem, plan)

    return expect


def _nearest(
    store: Store,
    command: ProposeLoan,
    travel_times: TravelTimes,
    assignment: AssignmentPolicy,
    policy: LendingPolicy,
    now: datetime,
) -> list[tuple[CrewState, float]]:
    """The crews to be spared that are soonest where they are needed, with their minutes."""
    left_alone = store.loans.said_no(command.district_id, now - policy.ask_again_after)
    free = [
        state
        for district_id, spared in sorted(command.to_spare.items())
        if district_id not in {command.district_id, *left_alone}
        if not list_open(store, district_id, now)[0]
        for state in at_home(store, district_id, assignment, now)
        if state.crew.id in spared
    ]
    need = where_needed(store, command.district_id, now)
    if need is None or not free:
        return []
    origins = [origin_of(state, assignment, now) for state in free]
    minutes = travel_times.minutes([(o.lon, o.lat) for o in origins], [need])[:, 0]
    drives = sorted(zip(free, map(float, minutes), strict=True), key=lambda each: each[1])
    return [(state, minutes) for state, minutes in drives[:LOOK_AT] if minutes < float("inf")]


def _as_lent(
    state: CrewState, to_id: DistrictId, policy: LendingPolicy, now: datetime
) -> CrewState:
    return replace(state, lent=Lent(loan_id=UNSAVED, to_id=to_id, until=now + policy.longest))


def _why(before: Outlook, offer: Offer) -> str:
    return reason(
        "loan_would_keep",
        before=round(100 * before.share),
        after=round(100 * offer.outlook.share),
        crew=offer.state.crew.name,
        minutes=round(offer.minutes),
    )
