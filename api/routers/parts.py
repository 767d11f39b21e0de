"""What every router is handed, and how it looks a thing up for a caller.

The dependencies are async though they wait for nothing: each plain one would cost a thread.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Header, Query, Request, Response

from api.callers import Caller
from api.house import House
from api.inputs.fields import Moment, version_of
from api.problems import PreconditionRequired
from dispatch.assignment import RankedCrew
from dispatch.domain.notice import Notice
from dispatch.domain.order import Incident, TroubleOrder
from dispatch.domain.outage import Outage, PlannedOutage
from dispatch.domain.proposal import SplitProposal
from dispatch.domain.ticket import TroubleTicket
from dispatch.domain.words import (
    CrewId,
    DistrictId,
    IncidentId,
    NoticeId,
    OrderId,
    OutageId,
    PlannedOutageId,
    ProposalId,
    TicketId,
)
from dispatch.errors import InvalidInput, NotFound
from dispatch.ports import Store, TravelTimes
from dispatch.procedures.foreseeing import Foreseen, foresee
from dispatch.procedures.ranking import rank_for
from dispatch.store.transaction import retrying


class InDistrict(Protocol):
    """Anything that belongs to a district."""

    @property
    def district_id(self) -> str | None:
        """Which one; None for a thing of no district."""
        ...


Thing = TypeVar("Thing", bound=InDistrict)
Result = TypeVar("Result")


async def house_of(request: Request) -> House:
    """The house this process works with."""
    house: House = request.app.state.house
    return house


Working = Annotated[House, Depends(house_of)]
IfMatch = Annotated[str | None, Header(description='the ETag of the record, such as "7"')]


async def seen_version(if_match: IfMatch = None) -> int | None:
    """The version the caller looked at, if the request says so."""
    return version_of(if_match)


async def needed_version(if_match: IfMatch = None) -> int:
    """The version the caller looked at; `PreconditionRequired` without one."""
    version = version_of(if_match)
    if version is None:
        raise PreconditionRequired("If-Match has to carry the version that was looked at")
    return version


Seen = Annotated[int | None, Depends(seen_version)]
MustHaveSeen = Annotated[int, Depends(needed_version)]


def tag(response: Response, version: int) -> None:
    """Say in `ETag` which version was answered."""
    response.headers["ETag"] = f'"{version}"'


def in_one_go(house: House, work: Callable[[Store], Result]) -> Result:
    """Do the work in one transaction, again when two writers met."""
    return retrying(house.transaction, work)


def ticket_for(store: Store, caller: Caller, ticket_id: str) -> TroubleTicket:
    """Read a ticket; another district's does not exist."""
    return _read(caller, "ticket", ticket_id, lambda: store.tickets.get(TicketId(ticket_id)))


def outage_for(store: Store, caller: Caller, outage_id: int) -> Outage:
    """Read an outage; another district's does not exist."""
    return _read(caller, "outage", outage_id, lambda: store.outages.get(OutageId(outage_id)))


def order_for(store: Store, caller: Caller, order_id: int) -> TroubleOrder:
    """Read an order; another district's does not exist."""
    return _read(caller, "order", order_id, lambda: store.orders.get(OrderId(order_id)))


def planned_for(store: Store, caller: Caller, planned_id: int) -> PlannedOutage:
    """Read a planned outage; another district's does not exist."""
    return _read(
        caller,
        "planned outage",
        planned_id,
        lambda: store.planned.get(PlannedOutageId(planned_id)),
    )


def notice_for(store: Store, caller: Caller, notice_id: int) -> Notice:
    """Read a public notice; another district's does not exist."""
    return _read(caller, "notice", notice_id, lambda: store.notices.get(NoticeId(notice_id)))


def proposal_for(store: Store, caller: Caller, proposal_id: int) -> SplitProposal:
    """Read a proposal to split; another district's does not exist."""
    return _read(
        caller,
        "split proposal",
        proposal_id,
        lambda: store.proposals.get(ProposalId(proposal_id)),
    )


def incident_for(store: Store, caller: Caller, row: str) -> Incident:
    """Read the incident of a row such as `incident-4`; another district's does not exist."""
    key = row.partition("-")[2]
    return _read(caller, "incident", key, lambda: store.orders.get_incident(IncidentId(int(key))))


def district_of(store: Store, caller: Caller, thing: str) -> DistrictId | None:
    """The district of a row of the list, such as `outage-17`; another's does not exist."""
    kind, _, key = thing.partition("-")
    number = key.isdecimal() and key.isascii() and len(key) <= LONGEST_NUMBER
    if kind == "outage" and number:
        return outage_for(store, caller, int(key)).district_id
    if kind == "incident" and number:
        return incident_for(store, caller, thing).district_id
    if kind == "unlocated" and key:
        return ticket_for(store, caller, key).district_id
    raise NotFound("row", id=thing)


LONGEST = timedelta(days=5 * 366)
LONGEST_NUMBER = 18
USUALLY = timedelta(days=1)

Since = Annotated[Moment | None, Query(description="a day back, if not given")]
Until = Annotated[Moment | None, Query(description="now, if not given")]


def period(
    house: House, since: datetime | None, until: datetime | None, usually: timedelta
) -> tuple[datetime, datetime]:
    """From when to when; `InvalidInput` unless `since` is before `until`, five years at most."""
    end = until or house.now()
    start = since or end - usually
    if not timedelta() < end - start <= LONGEST:
        raise InvalidInput("since", start.isoformat(), "a time before until, five years at most")
    return start, end


def _read(caller: Caller, what: str, key: object, read: Callable[[], Thing]) -> Thing:
    """Read a thing; one that is hidden is refused in the same words as one that is not there."""
    try:
        thing = read()
    except NotFound:
        raise NotFound(what, id=key) from None
    caller.must_see(thing.district_id, what, id=key)
    return thing


def weighed(
    house: House, store: Store, order: TroubleOrder, travel_times: TravelTimes
) -> tuple[tuple[RankedCrew, ...], Foreseen]:
    """Rank the crews of an order's district, and say what each would give by the plan."""
    now, policies = house.now(), house.policies
    ranked = rank_for(store, order, travel_times, policy=policies.assignment, now=now)
    foreseen = foresee(
        store,
        order,
        ranked,
        travel_times,
        house.planner,
        assignment=policies.assignment,
        planning=house.planning,
        now=now,
    )
    return ranked, foreseen


def left_uncovered(
    house: House,
    order: TroubleOrder | None,
    ranked: Sequence[RankedCrew],
    travel_times: TravelTimes,
) -> Mapping[CrewId, str]:
    """What sending each free crew of an order's district would leave uncovered, as a reason.

    Not to be asked within a transaction: it may read the customers.
    """
    if order is None or order.district_id is None or not ranked:
        return {}
    states = [each.state for each in ranked]
    return house.coverage.leaves(order.district_id, states, travel_times, house.now())
