"""What closed outages teach: versions of the rates, and customers who seem to hang elsewhere."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.fields import LinkDecisionIn, ReasonIn
from api.learning import rates_in_force
from api.routers.forecasts import kept_forecasts
from api.routers.frame import page
from api.routers.parts import Working, in_one_go
from api.views.learning import LinkDecisionOut, RatesOut, SuspectedLinksOut, VersionOut
from dispatch.domain.words import DistrictId, UsagePointId
from dispatch.errors import Forbidden, InvalidInput, NotFound
from dispatch.learning.comparing import changes
from dispatch.ports import Store
from dispatch.rates import SHIPPED
from dispatch.store.links import PgLinks
from dispatch.store.rates import PgRates
from dispatch.store.reads.links import districts_to_choose, link_decisions, suspected_links
from dispatch.store.transaction import reading
from dispatch.usecases.apply_rates import ApplyRates, apply_rates
from dispatch.usecases.decide_link import DecideLink, decide_link
from dispatch.usecases.undo_link import UndoLink, undo_link

router = APIRouter(tags=["learning"])

A_PAGE = 50
LATELY = 20

District = Annotated[str | None, Query(max_length=100, description="only this one")]
After = Annotated[str | None, Query(max_length=200, description="`after` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get(f"{API}/rates")
def get_rates(caller: Calling, house: Working) -> RatesOut:
    """List the versions of the rates, the newest first, with what each would change."""
    with reading(house.engine) as connection:
        return _versions(connection, caller)


def _versions(connection: Connection, caller: Caller) -> RatesOut:
    kept = PgRates(connection)
    versions, number = kept.list_versions(), kept.in_force() or SHIPPED
    districts = {DistrictId(name) for each in versions for name in each.districts}
    in_force = rates_in_force(connection, districts)
    listed = []
    for each in reversed(versions):
        found = [
            change
            for change in changes(each.estimates, in_force)
            if change.district_id is None or caller.sees(change.district_id)
        ]
        listed.append(VersionOut.of(each, found, in_force=each.version == number))
    return RatesOut(in_force=number, versions=listed)


@router.post(f"{API}/rates/{{version}}/apply")
def post_rates_apply(version: Number, given: ReasonIn, caller: Calling, house: Working) -> RatesOut:
    """Put a version into force for the whole company; 1 is what was shipped."""
    if caller.scope is not None:
        raise Forbidden("rates count in every district; you look after some of them")
    command = ApplyRates(version=version, by=caller.name, reason=given.reason)
    in_one_go(house, lambda store: apply_rates(store, command, now=house.now()))
    with reading(house.engine) as connection:
        return _versions(connection, caller)


@router.get(f"{API}/suspected-links")
def get_suspected_links(
    caller: Calling,
    house: Working,
    district: District = None,
    after: After = None,
    limit: Limit = A_PAGE,
) -> SuspectedLinksOut:
    """List who seems to hang on another transformer than on record, as worked out last night."""
    with reading(house.engine) as connection:
        return _suspected(connection, caller, district, after, limit)


def _suspected(
    connection: Connection, caller: Caller, district: str | None, after: str | None, limit: int
) -> SuspectedLinksOut:
    found = suspected_links(
        connection,
        caller.scope,
        district_id=district,
        after=None if after is None else _place(after),
        limit=limit,
    )
    last = found[-1].link if len(found) == limit else None
    return SuspectedLinksOut.of(
        PgLinks(connection).last_look(),
        found,
        None if last is None else f"{last.probability!r}~{last.account}",
    )


def _place(after: str) -> tuple[float, str]:
    """Behind which probability and account a page begins; `InvalidInput` where it says neither."""
    probability, _, account = after.partition("~")
    try:
        return float(probability), account
    except ValueError:
        raise InvalidInput("after", after, "what the page before gave") from None


@router.post(f"{API}/suspected-links/{{usage_point_id}}/decision", status_code=201)
def post_link_decision(
    usage_point_id: Number, given: LinkDecisionIn, caller: Calling, house: Working
) -> LinkDecisionOut:
    """Correct a customer's transformer, or dismiss the suspicion; it can be taken back."""
    who = UsagePointId(usage_point_id)

    def decide(store: Store) -> LinkDecisionOut:
        caller.must_see(store.links.lock(who).district_id, "suspected link", usage_point_id=who)
        command = DecideLink(
            usage_point_id=who,
            candidate_id=given.candidate,
            verdict=given.verdict,
            by=caller.name,
            reason=given.reason,
        )
        return LinkDecisionOut.of(decide_link(store, command, now=house.now()))

    return in_one_go(house, decide)


@router.get(f"{API}/link-decisions")
def get_link_decisions(
    caller: Calling, house: Working, limit: Limit = LATELY
) -> list[LinkDecisionOut]:
    """List what was decided on suspected links, the newest first."""
    with reading(house.engine) as connection:
        return [
            LinkDecisionOut.of(each)
            for each in link_decisions(connection, caller.scope, limit=limit)
        ]


@router.post(f"{API}/link-decisions/{{decision_id}}/undo")
def post_link_undo(
    decision_id: Number, given: ReasonIn, caller: Calling, house: Working
) -> LinkDecisionOut:
    """Take a decision back: the customer hangs where they did before, or is suspected again."""

    def undo(store: Store) -> LinkDecisionOut:
        made = store.links.lock_decision(decision_id)
        if not caller.sees(made.district_id):
            raise NotFound("decision on a link", id=decision_id)
        command = UndoLink(decision_id=decision_id, by=caller.name, reason=given.reason)
        return LinkDecisionOut.of(undo_link(store, command, now=house.now()))

    return in_one_go(house, undo)


# Pages ------------------------------------------------------------------------------------------


@router.get("/learning", include_in_schema=False)
def get_learning(
    request: Request, caller: Calling, house: Working, district: District = None
) -> HTMLResponse:
    """Versions of the rates and suspected links, for a supervisor."""
    return page(request, "learning.html", caller=caller, **_lessons(house, caller, district, None))


@router.get("/learning/parts", include_in_schema=False)
def get_learning_parts(
    request: Request,
    caller: Calling,
    house: Working,
    district: District = None,
    after: After = None,
) -> HTMLResponse:
    """The same, read again after a decision."""
    return page(
        request, "_learning.html", caller=caller, **_lessons(house, caller, district, after)
    )


def _lessons(
    house: House, caller: Caller, district: str | None, after: str | None
) -> dict[str, Any]:
    with reading(house.engine) as connection:
        return {
            "rates": _versions(connection, caller),
            "forecasts": kept_forecasts(connection),
            "suspected": _suspected(connection, caller, district or None, after, A_PAGE),
            "decided": link_decisions(connection, caller.scope, limit=LATELY),
            "districts": districts_to_choose(connection, caller.scope),
            "district": district or "",
            "whole_company": caller.scope is None,
        }
