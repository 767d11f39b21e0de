"""The burst breaker: drafts of public notices, their release, and what they answered."""

from datetime import datetime

from fastapi import APIRouter, Response

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.fields import ReasonIn
from api.inputs.outages import ReleaseIn
from api.routers.parts import (
    USUALLY,
    Seen,
    Since,
    Until,
    Working,
    in_one_go,
    notice_for,
    outage_for,
    period,
    tag,
)
from api.views.notices import DraftOut, NoticeOut, OutageNoticesOut
from dispatch.domain.notice import Notice
from dispatch.domain.words import NoticeId, OutageId
from dispatch.errors import IllegalStep
from dispatch.notices import DEFAULT_BREAKER
from dispatch.ports import Store
from dispatch.store.reads import notices as read
from dispatch.store.transaction import reading
from dispatch.usecases.release_notice import (
    ReleaseNotice,
    WithdrawNotice,
    draft_notice,
    release_notice,
    withdraw_notice,
)

router = APIRouter(tags=["dispatchers"])
NOTICE = f"{API}/notices/{{notice_id}}"


@router.get(f"{API}/outages/{{outage_id}}/notice")
def get_outage_notice(outage_id: int, caller: Calling, house: Working) -> OutageNoticesOut:
    """Draft the notice of an outage, and list those that were released."""
    return notices_of(house, caller, outage_id)


def notices_of(house: House, caller: Caller, outage_id: int) -> OutageNoticesOut:
    """The draft for an outage that the caller may see, and the notices released so far."""
    now = house.now()
    with house.transaction() as store:
        outage = outage_for(store, caller, outage_id)
        draft = draft_of(house, store, outage.id, now)
    with reading(house.engine) as connection:
        found = read.released_of(connection, OutageId(outage_id))
    notices = [NoticeOut.of(each, now, house.clockface) for each in found]
    return OutageNoticesOut(draft=draft, notices=notices)


@router.get(f"{API}/notice-drafts")
def get_drafts(caller: Calling, house: Working) -> list[DraftOut]:
    """List drafts for the outages whose calls burst now, the most calls first."""
    now, breaker = house.now(), DEFAULT_BREAKER
    with reading(house.engine) as connection:
        many = read.many_calls(
            connection, caller.scope, since=now - breaker.window, now=now, least=breaker.least
        )
    with house.transaction() as store:
        drafts = [draft_of(house, store, outage_id, now) for outage_id in many]
    return [draft for draft in drafts if draft is not None and draft.is_burst]


def draft_of(house: House, store: Store, outage_id: OutageId, now: datetime) -> DraftOut | None:
    """The draft for an outage; None where nothing is to be published."""
    try:
        drafted = draft_notice(store, store.outages.get(outage_id), now=now)
    except IllegalStep:
        return None
    return DraftOut.of(outage_id, drafted, now, house.clockface)


@router.post(f"{API}/outages/{{outage_id}}/notice", status_code=201)
def post_release(
    outage_id: int, body: ReleaseIn, seen: Seen, response: Response, caller: Calling, house: Working
) -> NoticeOut:
    """Release the draft that was read; a notice of this outage that is out is replaced."""

    def release(store: Store) -> Notice:
        outage_for(store, caller, outage_id)
        command = ReleaseNotice(
            outage_id=OutageId(outage_id), mark=body.mark, by=caller.name, seen_version=seen
        )
        return release_notice(store, command, now=house.now())

    return _answered(house, response, in_one_go(house, release))


@router.get(f"{API}/notices")
def get_notices(
    caller: Calling, house: Working, since: Since = None, until: Until = None
) -> list[NoticeOut]:
    """List the notices released in a period with what each answered, newest first."""
    start, end = period(house, since, until, USUALLY)
    with reading(house.engine) as connection:
        found = read.released(connection, caller.scope, start, end)
    return [NoticeOut.of(each, house.now(), house.clockface) for each in found]


@router.get(NOTICE)
def get_notice(notice_id: int, response: Response, caller: Calling, house: Working) -> NoticeOut:
    """Read a notice with what it answered; `ETag` is its version."""
    with house.transaction() as store:
        notice = notice_for(store, caller, notice_id)
    return _answered(house, response, notice)


@router.post(f"{NOTICE}/withdraw")
def post_withdraw(
    notice_id: int, body: ReasonIn, seen: Seen, response: Response, caller: Calling, house: Working
) -> NoticeOut:
    """Take a notice back, with a reason."""

    def withdraw(store: Store) -> Notice:
        notice_for(store, caller, notice_id)
        command = WithdrawNotice(
            notice_id=NoticeId(notice_id), by=caller.name, reason=body.reason, seen_version=seen
        )
        return withdraw_notice(store, command, now=house.now())

    return _answered(house, response, in_one_go(house, withdraw))


def _answered(house: House, response: Response, notice: Notice) -> NoticeOut:
    tag(response, notice.version)
    with reading(house.engine) as connection:
        found = read.released_of(connection, notice.outage_id)
    (released,) = (each for each in found if each.notice.id == notice.id)
    return NoticeOut.of(released, house.now(), house.clockface)
