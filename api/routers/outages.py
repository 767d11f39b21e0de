"""What a dispatcher's console reads and does about outages."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.outages import CloseIn, ConfirmIn, EstimateIn, MergeIn, RestoreIn, SplitIn
from api.inputs.reports import recent
from api.routers.assignments import order_full
from api.routers.parts import (
    Seen,
    Working,
    in_one_go,
    outage_for,
    tag,
    ticket_for,
)
from api.views.asking import CallBacksOut, NextEvidenceOut
from api.views.details import OutageDetail
from api.views.outages import DarkForOut, EstimateOut, OutageOut
from api.views.proposals import SplitProposalOut
from api.views.tickets import TicketOut
from dispatch.domain.outage import (
    Confidence,
    EstimateSource,
    Outage,
    PredictedDevice,
    Scope,
)
from dispatch.domain.words import (
    OutageId,
    TicketId,
    UsagePointId,
)
from dispatch.errors import InvalidInput
from dispatch.ports import Store
from dispatch.store.reads import proposals
from dispatch.store.reads.still_dark import dark_for
from dispatch.store.reads.worklist import WorkItem, worklist
from dispatch.store.transaction import reading
from dispatch.usecases.close_outage import CloseOutage, close_outage
from dispatch.usecases.confirm_outage import ConfirmOutage, confirm_outage
from dispatch.usecases.estimate_restoration import EstimateRestoration, estimate_restoration
from dispatch.usecases.merge_outages import MergeOutages, merge_outages
from dispatch.usecases.restore_outage import RestoreOutage, restore_outage
from dispatch.usecases.seek_evidence import SeekEvidence, seek_evidence
from dispatch.usecases.split_outage import SplitOutage, split_outage
from dispatch.usecases.verify_restoration import VerifyRestoration, verify_restoration

router = APIRouter(tags=["dispatchers"])
OUTAGE = f"{API}/outages/{{outage_id}}"


class WorkItemOut(BaseModel):
    """One line of what a dispatcher has before them."""

    kind: str
    id: str
    version: int
    district_id: str | None
    status: str
    title: str
    area_class: str
    lon: float | None
    lat: float | None
    hazards: list[str]
    started_at: datetime
    reports: int
    urged: int
    customers_out: int
    level: str | None
    cause: str | None
    etr: EstimateOut | None
    order_id: int | None
    order_status: str | None
    order_version: int | None
    priority: int
    crew_id: str | None
    crew_name: str | None
    proposed_crew_id: str | None
    expected_at: datetime | None
    rule_id: str | None
    due_at: datetime | None

    @classmethod
    def of(cls, item: WorkItem, caller: Caller, now: datetime) -> "WorkItemOut":
        """Build from the line; a title that is a telephone number is masked like one."""
        fields = {name: getattr(item, name) for name in cls.model_fields if name != "etr"}
        if item.kind == "unlocated" and item.title.lstrip("+").isdecimal():
            fields["title"] = caller.phone(item.title)
        return cls(**fields, etr=EstimateOut.of(item.estimate, now))


@router.get(f"{API}/worklist")
def get_worklist(caller: Calling, house: Working) -> list[WorkItemOut]:
    """List all that is not closed: danger first, then urged, then the least headroom."""
    now = house.now()
    with reading(house.engine) as connection:
        items = worklist(connection, caller.scope, now)
    return [WorkItemOut.of(item, caller, now) for item in items]


@router.get(f"{API}/outages")
def get_outages(caller: Calling, house: Working) -> list[WorkItemOut]:
    """List the outages that are not closed, most urgent first."""
    now = house.now()
    with reading(house.engine) as connection:
        items = worklist(connection, caller.scope, now)
    return [WorkItemOut.of(item, caller, now) for item in items if item.kind == "outage"]


@router.get(OUTAGE)
def get_outage(outage_id: int, response: Response, caller: Calling, house: Working) -> OutageDetail:
    """Read an outage with its callers, scope and order; `ETag` is its version."""
    with reading(house.engine) as connection:
        dark = dark_for(connection, OutageId(outage_id))
        hidden = proposals.of_outage(connection, OutageId(outage_id))
    with house.transaction() as store:
        outage = outage_for(store, caller, outage_id)
        scope = store.outages.scope_out(outage.id)
        order = store.orders.find_open_of_outage(outage.id)
        detail = OutageDetail(
            **OutageOut.full(outage, house.now()).model_dump(),
            transformers_out=sorted(scope.transformers),
            usage_points_out=sorted(scope.usage_points),
            customers_out=store.directory.count_customers(scope),
            still_dark=[DarkForOut.of(each) for each in dark],
            split_proposals=[SplitProposalOut.of(each) for each in hidden if each.waits],
            tickets=[
                TicketOut.of(ticket, caller) for ticket in store.tickets.list_of_outage(outage.id)
            ],
            order=None if order is None else order_full(store, order, caller),
        )
    tag(response, outage.version)
    return detail


@router.get(f"{OUTAGE}/next-evidence")
def get_next_evidence(outage_id: int, caller: Calling, house: Working) -> NextEvidenceOut:
    """Name the places whose answer would tell most of what has opened; empty once confirmed."""
    with house.transaction() as store:
        outage = outage_for(store, caller, outage_id)
        question = SeekEvidence(outage_id=outage.id)
        found = seek_evidence(store, question, policy=house.policies.grouping, now=house.now())
    return NextEvidenceOut.of(found)


@router.get(f"{OUTAGE}/call-backs")
def get_call_backs(outage_id: int, caller: Calling, house: Working) -> CallBacksOut:
    """Say how surely everybody has light again, and whom to ask until it is sure enough."""
    with house.transaction() as store:
        outage = outage_for(store, caller, outage_id)
        question = VerifyRestoration(outage_id=outage.id)
        found = verify_restoration(store, question, policy=house.policies.grouping, now=house.now())
    return CallBacksOut.of(found, caller)


def _changed(house: House, response: Response, work: Callable[[Store], Outage]) -> OutageOut:
    """Do the work, let the feeder and the district be looked at again, and answer the outage."""

    def change(store: Store) -> Outage:
        outage = work(store)
        store.outages.ask_grouping(outage.feeder_id, outage.district_id, house.now())
        return outage

    outage = in_one_go(house, change)
    house.queue.group(outage.feeder_id or outage.district_id)
    house.queue.assign(outage.district_id)
    tag(response, outage.version)
    return OutageOut.full(outage, house.now())


@router.post(f"{OUTAGE}/confirm")
def post_confirm(
    outage_id: int,
    body: ConfirmIn,
    seen: Seen,
    response: Response,
    caller: Calling,
    house: Working,
) -> OutageOut:
    """Somebody saw it: confirm the outage, with another device if need be."""
    now = house.now()
    at = None if body.at is None else recent("at", body.at, now)
    device = body.device

    def confirm(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        command = ConfirmOutage(
            outage_id=OutageId(outage_id),
            by=caller.name,
            seen_version=seen,
            device=None
            if device is None
            else PredictedDevice(id=device.id, kind=device.kind, name=device.name),
            cause=body.cause,
            phases=body.phases,
            at=at,
        )
        return confirm_outage(store, command, now=now)

    return _changed(house, response, confirm)


@router.post(f"{OUTAGE}/split", status_code=201)
def post_split(
    outage_id: int, body: SplitIn, seen: Seen, response: Response, caller: Calling, house: Working
) -> OutageOut:
    """Take tickets out into an outage of their own, and answer that one."""

    def split(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        for ticket_id in body.tickets:
            ticket_for(store, caller, ticket_id)
        command = SplitOutage(
            outage_id=OutageId(outage_id),
            tickets=[TicketId(each) for each in body.tickets],
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return split_outage(store, command, now=house.now())

    return _changed(house, response, split)


@router.post(f"{OUTAGE}/merge")
def post_merge(
    outage_id: int, body: MergeIn, seen: Seen, response: Response, caller: Calling, house: Working
) -> OutageOut:
    """Make another prediction a part of this outage."""

    def merge(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        outage_for(store, caller, body.outage_id)
        command = MergeOutages(
            whole_id=OutageId(outage_id),
            part_id=OutageId(body.outage_id),
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return merge_outages(store, command, now=house.now())

    return _changed(house, response, merge)


@router.post(f"{OUTAGE}/estimate")
def post_estimate(
    outage_id: int,
    body: EstimateIn,
    seen: Seen,
    response: Response,
    caller: Calling,
    house: Working,
) -> OutageOut:
    """Say when supply is expected back; a crew's word is never overwritten."""

    def estimate(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        command = EstimateRestoration(
            outage_id=OutageId(outage_id),
            at=body.at,
            source=EstimateSource.DISPATCHER,
            confidence=Confidence(body.confidence),
            by=caller.name,
            seen_version=seen,
        )
        return estimate_restoration(store, command, now=house.now())

    return _changed(house, response, estimate)


@router.post(f"{OUTAGE}/restore")
def post_restore(
    outage_id: int,
    body: RestoreIn,
    seen: Seen,
    response: Response,
    caller: Calling,
    house: Working,
) -> OutageOut:
    """Supply is back for everybody, or for the part that is named."""
    now = house.now()
    at = now if body.at is None else recent("at", body.at, now)

    def bring_back(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        command = RestoreOutage(
            outage_id=OutageId(outage_id),
            at=at,
            by=caller.name,
            part=_part(body),
            cause=body.cause,
            seen_version=seen,
        )
        return restore_outage(store, command, now=now)

    return _changed(house, response, bring_back)


def _part(body: RestoreIn) -> Scope | None:
    if body.transformers is None and body.usage_points is None:
        return None
    part = Scope(
        transformers=frozenset(body.transformers or ()),
        usage_points=frozenset(UsagePointId(each) for each in body.usage_points or ()),
    )
    if not part:
        raise InvalidInput("transformers", [], "somebody, or neither list for everybody")
    return part


@router.post(f"{OUTAGE}/close")
def post_close(
    outage_id: int, body: CloseIn, seen: Seen, response: Response, caller: Calling, house: Working
) -> OutageOut:
    """Archive an outage, once every caller has light or a reason overrules it."""

    def close(store: Store) -> Outage:
        outage_for(store, caller, outage_id)
        command = CloseOutage(
            outage_id=OutageId(outage_id),
            by=caller.name,
            reason=body.reason,
            seen_version=seen,
        )
        return close_outage(store, command, now=house.now())

    return _changed(house, response, close)
