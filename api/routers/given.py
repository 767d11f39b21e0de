"""What callers were told: kept by whoever tells it, read by who is asked the next time."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from api.access import API
from api.callers import Calling
from api.desk import TOLD_MOST, TOLD_SINCE
from api.inputs.fields import ClientId, Code, Moment, Phone, Prose, Serial, Strict, Words
from api.inputs.reports import recent
from api.routers.parts import Working, in_one_go, outage_for
from api.views.given import GivenBeforeOut, GivenOut
from dispatch.domain.given import AnswerGiven
from dispatch.domain.ticket import Complaint
from dispatch.domain.words import Channel, KnownKind, OutageId
from dispatch.errors import InvalidInput
from dispatch.given import judge
from dispatch.location import locate
from dispatch.ports import Store
from dispatch.usecases.record_given import RecordGiven, record_given

router = APIRouter(tags=["agents"])


class GivenIn(Strict):
    """An answer as it was read out, and to whom."""

    id: ClientId
    account: Code | None = None
    meter: Code | None = None
    phone: Phone | None = None
    answer: KnownKind
    said: Annotated[Prose, Field(min_length=1)]
    language: Literal["zh-CN", "en", ""] = ""
    at: Moment | None = None
    ticket_id: ClientId | None = None
    outage_id: Serial | None = None
    etr_at: Moment | None = None
    etr_to: Moment | None = None
    checked: Annotated[Words, Field(default_factory=list)]


@router.post(f"{API}/answers-given", status_code=201)
def post_given(body: GivenIn, caller: Calling, house: Working) -> GivenOut:
    """Keep what a caller was told; the same `id` again changes nothing."""
    now = house.now()
    who = Complaint(channel=Channel.PHONE, account=body.account, meter=body.meter, phone=body.phone)
    given = AnswerGiven(
        id=body.id,
        at=now if body.at is None else recent("at", body.at, now),
        by=caller.name,
        kind=body.answer,
        said=body.said,
        tongue=body.language,
        ticket_id=body.ticket_id,
        outage_id=None if body.outage_id is None else OutageId(body.outage_id),
        etr_at=body.etr_at,
        etr_to=body.etr_to,
        checked=tuple(dict.fromkeys(body.checked)),
    )

    def keep(store: Store) -> AnswerGiven:
        if given.outage_id is not None:
            outage_for(store, caller, given.outage_id)
        return record_given(store, RecordGiven(given=given, caller=who), now=now)

    return GivenOut.of(in_one_go(house, keep), caller)


@router.get(f"{API}/answers-given")
def get_given(
    caller: Calling,
    house: Working,
    account: Annotated[Code | None, Query()] = None,
    phone: Annotated[Phone | None, Query()] = None,
) -> list[GivenBeforeOut]:
    """List what a customer or a telephone was told lately, the latest first."""
    if account is None and phone is None:
        raise InvalidInput("account, phone", None, "one of them")
    now = house.now()
    with house.transaction() as store:
        who = Complaint(channel=Channel.PHONE, account=account, phone=phone)
        place = locate(store.directory, who, None).place
        caller.must_see(None if place is None else place.district_id, "customer", account=account)
        told = store.given.list_before(
            None if place is None else place.usage_point_id,
            phone,
            since=now - TOLD_SINCE,
            most=TOLD_MOST,
        )
    return [
        GivenBeforeOut.judged(judge(each, now), caller)
        for each in told
        if caller.sees(each.given.district_id)
    ]
