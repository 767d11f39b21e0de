"""Crews that districts lend each other: asked for, granted or refused, recalled or given back."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.crews import AskForCrewsIn, GrantCrewIn, LendingRuleIn
from api.inputs.fields import ReasonIn
from api.routers.frame import page
from api.routers.parts import MustHaveSeen, Working, in_one_go, tag
from api.views.loans import CrewLoanOut, DrivesForOut, LendingRuleOut
from dispatch.domain.loan import CrewLoan, LendingRule
from dispatch.domain.words import CrewId, DistrictId, LendingRuleId, LoanId
from dispatch.errors import NotFound
from dispatch.ports import Store
from dispatch.store.reads import field
from dispatch.store.reads import loans as read
from dispatch.store.reads.demand import district_names
from dispatch.store.transaction import reading
from dispatch.usecases.allow_lending import (
    AllowLending,
    RevokeLending,
    allow_lending,
    revoke_lending,
)
from dispatch.usecases.answer_loan import GrantCrew, RefuseCrew, grant_crew, refuse_crew
from dispatch.usecases.ask_for_crews import AskForCrews, ask_for_crews
from dispatch.usecases.recall_loan import RecallLoan, Side, recall_loan

router = APIRouter(tags=["dispatchers"])
LOAN = f"{API}/crew-loans/{{loan_id}}"
LATELY = timedelta(hours=12)
Change = Callable[[Store], CrewLoan]

Hours = Annotated[int, Query(ge=0, le=24 * 366, description="also what was over so lately")]


@router.get(f"{API}/crew-loans")
def get_loans(caller: Calling, house: Working, hours: Hours = 12) -> list[CrewLoanOut]:
    """List loans that concern the caller's districts: the open ones first."""
    with reading(house.engine) as connection:
        since = house.now() - timedelta(hours=hours)
        found = read.loans_seen(connection, caller.scope, since)
    return [CrewLoanOut.of(each) for each in found]


@router.post(f"{API}/crew-loans", status_code=HTTPStatus.CREATED)
def post_ask(body: AskForCrewsIn, caller: Calling, house: Working) -> list[CrewLoanOut]:
    """Ask another district for crews, a loan for each; granted already where it has consented."""
    caller.must_see(body.to_district, "district", id=body.to_district)
    command = AskForCrews(
        from_id=DistrictId(body.from_district),
        to_id=DistrictId(body.to_district),
        by=caller.name,
        reason=body.reason,
        crews=body.crews,
        until=body.until,
        crew_id=None if body.crew_id is None else CrewId(body.crew_id),
    )
    travel_times, policies = house.travel_times(), house.policies
    loans = in_one_go(
        house,
        lambda store: ask_for_crews(
            store,
            command,
            travel_times,
            assignment=policies.assignment,
            policy=policies.lending,
            now=house.now(),
        ),
    )
    house.queue.assign(command.to_id)
    return [_out(house, loan) for loan in loans]


@router.post(f"{LOAN}/grant")
def post_grant(
    loan_id: int,
    body: GrantCrewIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> CrewLoanOut:
    """Send a crew of one's own from now on; what it holds it finishes first."""

    def grant(store: Store) -> CrewLoan:
        _loan_for(store, caller, loan_id, Side.LENDER)
        command = GrantCrew(
            loan_id=LoanId(loan_id),
            by=caller.name,
            crew_id=None if body.crew_id is None else CrewId(body.crew_id),
            until=body.until,
            terms=body.terms,
            seen_version=seen,
        )
        return grant_crew(store, command, policy=house.policies.lending, now=house.now())

    return _changed(house, response, grant)


@router.post(f"{LOAN}/refuse")
def post_refuse(
    loan_id: int,
    body: ReasonIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> CrewLoanOut:
    """Send none, with a reason that the other district reads."""

    def refuse(store: Store) -> CrewLoan:
        _loan_for(store, caller, loan_id, Side.LENDER)
        command = RefuseCrew(
            loan_id=LoanId(loan_id), by=caller.name, reason=body.reason, seen_version=seen
        )
        return refuse_crew(store, command, now=house.now())

    return _changed(house, response, refuse)


@router.post(f"{LOAN}/recall")
def post_recall(
    loan_id: int,
    body: ReasonIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> CrewLoanOut:
    """Call a crew back that was lent: it finishes the order it holds and gets no other there."""
    return _changed(house, response, _ending(house, caller, loan_id, Side.LENDER, body, seen))


@router.post(f"{LOAN}/return")
def post_return(
    loan_id: int,
    body: ReasonIn,
    seen: MustHaveSeen,
    response: Response,
    caller: Calling,
    house: Working,
) -> CrewLoanOut:
    """Give a borrowed crew back before its time, or take back that one was asked for."""
    return _changed(house, response, _ending(house, caller, loan_id, Side.BORROWER, body, seen))


@router.get(f"{API}/lending-rules")
def get_rules(caller: Calling, house: Working) -> list[LendingRuleOut]:
    """List what the caller's districts consent to beforehand."""
    with reading(house.engine) as connection:
        found = read.rules_seen(connection, caller.scope, house.now())
    return [LendingRuleOut.of(each) for each in found]


@router.post(f"{API}/lending-rules", status_code=HTTPStatus.CREATED)
def post_rule(body: LendingRuleIn, caller: Calling, house: Working) -> LendingRuleOut:
    """Consent from now on to lend so many crews, to one district or to any."""
    caller.must_see(body.from_district, "district", id=body.from_district)
    command = AllowLending(
        from_id=DistrictId(body.from_district),
        to_id=None if body.to_district is None else DistrictId(body.to_district),
        most=body.most,
        keep_free=body.keep_free,
        until=body.until,
        by=caller.name,
        reason=body.reason,
    )
    rule = in_one_go(house, lambda store: allow_lending(store, command, now=house.now()))
    return _rule_out(house, rule)


@router.delete(f"{API}/lending-rules/{{rule_id}}", status_code=HTTPStatus.NO_CONTENT)
def delete_rule(rule_id: int, body: ReasonIn, caller: Calling, house: Working) -> None:
    """Consent to nothing more by this rule; crews that are away stay until they are recalled."""

    def revoke(store: Store) -> LendingRule:
        rule = store.loans.lock_rule(LendingRuleId(rule_id))
        caller.must_see(rule.from_id, "lending rule", id=rule_id)
        command = RevokeLending(rule_id=rule.id, by=caller.name, reason=body.reason)
        return revoke_lending(store, command, now=house.now())

    in_one_go(house, revoke)


@router.get(f"{API}/crew/loan", tags=["crews"])
def get_own_loan(caller: Calling, house: Working) -> DrivesForOut | None:
    """For which other district the calling crew drives; null for none."""
    with reading(house.engine) as connection:
        seen = read.loan_of_crew(connection, caller.crew)
    return None if seen is None else DrivesForOut.of(seen)


@router.get("/console/loans", include_in_schema=False, response_class=HTMLResponse)
def get_loans_part(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The same as a panel of the console, with what may be done about each."""
    now = house.now()
    with reading(house.engine) as connection:
        mine = district_names(connection, caller.scope)
        every = district_names(connection, None)
        loans = read.loans_seen(connection, caller.scope, now - LATELY)
        rules = read.rules_seen(connection, caller.scope, now)
        crews = field.crews_now(connection, mine.keys(), now)
    states = [each.state for each in crews]
    at_home = [s for s in states if s.on_shift and s.lent is None and s.crew.district_id in mine]
    values: dict[str, Any] = {
        "mine": mine,
        "every": every,
        "loans": loans,
        "rules": rules,
        "at_home": sorted(at_home, key=lambda s: (s.active_order_id is not None, s.crew.name)),
    }
    return page(request, "_loans.html", caller=caller, **values)


def _ending(
    house: House, caller: Caller, loan_id: int, side: Side, body: ReasonIn, seen: int
) -> Change:
    def end(store: Store) -> CrewLoan:
        _loan_for(store, caller, loan_id, side)
        command = RecallLoan(
            loan_id=LoanId(loan_id),
            side=side,
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return recall_loan(store, command, now=house.now())

    return end


def _loan_for(store: Store, caller: Caller, loan_id: int, side: Side) -> CrewLoan:
    """Read a loan on whose one side the caller stands; any other does not exist."""
    try:
        loan = store.loans.get(LoanId(loan_id))
    except NotFound:
        raise NotFound("crew loan", id=loan_id) from None
    district_id = loan.from_id if side is Side.LENDER else loan.to_id
    caller.must_see(district_id, "crew loan", id=loan_id)
    return loan


def _changed(house: House, response: Response, change: Change) -> CrewLoanOut:
    """Carry it out, and let both districts be planned anew."""
    loan = in_one_go(house, change)
    house.queue.assign(loan.from_id, loan.to_id)
    tag(response, loan.version)
    return _out(house, loan)


def _out(house: House, loan: CrewLoan) -> CrewLoanOut:
    with reading(house.engine) as connection:
        return CrewLoanOut.of(read.loan_seen(connection, loan.id))


def _rule_out(house: House, rule: LendingRule) -> LendingRuleOut:
    with reading(house.engine) as connection:
        found = read.rules_seen(connection, [rule.from_id], house.now())
    return LendingRuleOut.of(next(each for each in found if each.rule.id == rule.id))
