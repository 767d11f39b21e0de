"""Lend a crew, bring it home, and choose whom to send."""

from collections.abc import Sequence
from datetime import datetime
from math import isfinite

from dispatch.assignment import AssignmentPolicy, origin_of
from dispatch.domain.crew import CrewState
from dispatch.domain.loan import CrewLoan, LendingPolicy, LoanStatus
from dispatch.domain.words import CrewId, DistrictId, LendingRuleId, LoanId
from dispatch.errors import CrewUnavailable, InvalidInput, NotFound
from dispatch.journal import SYSTEM, loan_events
from dispatch.planning.travel_table import Between, Place
from dispatch.ports import Store
from dispatch.procedures.assigning import end_posting
from dispatch.procedures.covering import free_now

UNSAVED = LoanId(0)


def ask(
    store: Store,
    asked: CrewLoan,
    between: Between,
    *,
    assignment: AssignmentPolicy,
    policy: LendingPolicy,
    now: datetime,
) -> CrewLoan:
    """Keep that a crew is asked for; granted at once where a rule of the lender says so."""
    loan = store.loans.add(asked)
    for event in loan_events(loan, "asked", at=now, by=asked.asked_by, reason=asked.reason):
        store.events.append(event)
    return lend_by_rule(store, loan, between, assignment=assignment, policy=policy, now=now)


def lend(
    store: Store,
    loan: CrewLoan,
    crew_id: CrewId,
    *,
    until: datetime | None = None,
    terms: str = "",
    rule_id: LendingRuleId | None = None,
    by: str,
    policy: LendingPolicy,
    now: datetime,
) -> CrewLoan:
    """Send one of the lender's crews; what it holds it finishes for whoever gave it.

    It is back at `until`, at the end that was asked for, with its shift, or after the longest that
    a loan may be, whichever comes first.

    Raises
    ------
    NotFound
        It is no crew of the lender.
    CrewUnavailable
        It is off shift, or lent already, or was retired meanwhile.
    InvalidInput
        `until` is over.
    """
    state = store.crews.state(crew_id, now)
    if state.crew.district_id != loan.from_id:
        raise NotFound("crew in this district", crew_id=crew_id)
    if state.lent is not None or store.loans.find_of_crew(crew_id) is not None:
        raise CrewUnavailable("the crew is lent already", crew_id=crew_id)
    if not state.on_shift:
        raise CrewUnavailable("the crew is not on shift", crew_id=crew_id)
    ends = (until, loan.wanted_until, state.shift_ends_at, now + policy.longest)
    first = min(each for each in ends if each is not None)
    if first <= now:
        raise InvalidInput("until", first.isoformat(), "a time that is to come")
    store.crews.must_serve(crew_id)
    granted = store.loans.save(
        loan.grant(crew_id, at=now, until=first, by=by, terms=terms, rule_id=rule_id)
    )
    for event in loan_events(granted, "granted", at=now, by=by, terms=terms, rule=rule_id):
        store.events.append(event)
    end_posting(store, crew_id, by=by, why=f"loan {loan.id}", now=now)
    return granted


def bring_home(
    store: Store, loan: CrewLoan, kind: str, *, by: str, why: str, now: datetime
) -> CrewLoan:
    """End a loan now; a crew that holds an order of the borrower comes home after that.

    A loan ends once: where its time runs out with an order in hand, the crew is called home first.
    """
    busy = loan.status is LoanStatus.GRANTED and holds_for_borrower(store, loan, now)
    if busy:
        changed = loan.recall(at=now, by=by, reason=why)
    else:
        changed = loan.end(at=now, by=by, reason=why)
    saved = store.loans.save(changed)
    told = "recalled" if busy and kind == "ended" else kind
    for event in loan_events(saved, told, at=now, by=by, reason=why, finishing=busy):
        store.events.append(event)
    if loan.crew_id is not None and loan.status is LoanStatus.GRANTED:
        end_posting(store, loan.crew_id, by=by, why=f"loan {loan.id}", now=now)
    return saved


def holds_for_borrower(store: Store, loan: CrewLoan, now: datetime) -> bool:
    """Whether the crew of a loan has an order of the borrower under way."""
    if loan.crew_id is None:
        return False
    return any(
        order.is_under_way and order.crew_id == loan.crew_id and order.district_id == loan.to_id
        for order in store.orders.list_of_crew(loan.crew_id, since=now)
    )


def lend_by_rule(
    store: Store,
    loan: CrewLoan,
    between: Between,
    *,
    assignment: AssignmentPolicy,
    policy: LendingPolicy,
    now: datetime,
) -> CrewLoan:
    """Consent at once where a rule of the lender says so and a crew is free; else as it was.

    The crew proposed goes if it is free, else the one that is soonest where it is needed.
    """
    for rule in store.loans.lock_rules(loan.from_id, loan.to_id):
        if not rule.holds_for(loan.to_id, now):
            continue
        if store.loans.count_out(rule.id, now) >= rule.most:
            continue
        free = at_home(store, loan.from_id, assignment, now)
        if len(free) <= rule.keep_free:
            continue
        known = next((each for each in free if each.crew.id == loan.crew_id), None)
        first = known or soonest(store, free, loan.to_id, between, assignment, now)
        if first is None:
            continue
        return lend(
            store,
            loan,
            first.crew.id,
            until=rule.until,
            terms=rule.reason,
            rule_id=rule.id,
            by=SYSTEM,
            policy=policy,
            now=now,
        )
    return loan


def at_home(
    store: Store, district_id: DistrictId, assignment: AssignmentPolicy, now: datetime
) -> list[CrewState]:
    """The free crews of a district that are its own and at nobody's else's disposal."""
    states = store.crews.list_states(district_id, now)
    return [
        state
        for state in free_now(states, assignment, now)
        if state.crew.district_id == district_id and store.loans.find_of_crew(state.crew.id) is None
    ]


def soonest(
    store: Store,
    free: Sequence[CrewState],
    to_id: DistrictId,
    between: Between,
    assignment: AssignmentPolicy,
    now: datetime,
) -> CrewState | None:
    """Of some crews the one that is soonest where a district needs it; None if no road leads."""
    need = where_needed(store, to_id, now)
    if need is None:
        return free[0]
    origins = [origin_of(state, assignment, now) for state in free]
    minutes = between.minutes([(o.lon, o.lat) for o in origins], [need])[:, 0]
    first = int(minutes.argmin())
    return free[first] if isfinite(minutes[first]) else None


def where_needed(store: Store, district_id: DistrictId, now: datetime) -> Place | None:
    """Where the most urgent order of a district waits, else the base of a crew of it."""
    for order in store.orders.list_awaiting(district_id):
        if order.lon is not None and order.lat is not None:
            return order.lon, order.lat
    for state in store.crews.list_states(district_id, now):
        return state.crew.base_lon, state.crew.base_lat
    return None
