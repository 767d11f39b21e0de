"""Single clocks: let them stand still and run again, judge them again, take note of warnings."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.access import API
from api.callers import Caller, Calling, Role
from api.house import House
from api.inputs.fields import NoteIn
from api.inputs.promises import PauseIn, RejudgeIn, ResumeIn
from api.routers.parts import Working, in_one_go, order_for, outage_for, ticket_for
from api.views.commitments import AlarmOut, ClockStoryOut, JudgementOut, PauseOut
from api.views.tickets import ClockOut
from dispatch.domain.clock import Clock
from dispatch.domain.rules import Recipient
from dispatch.domain.words import OrderId, OutageId, TicketId
from dispatch.errors import NotFound
from dispatch.ports import Store
from dispatch.store.reads.alarms import open_warnings, warnings_sent
from dispatch.store.transaction import reading
from dispatch.usecases.acknowledge_warning import AcknowledgeWarning, acknowledge_warning
from dispatch.usecases.pause_clocks import (
    PauseClocks,
    ResumeClocks,
    Whose,
    pause_clocks,
    resume_clocks,
)
from dispatch.usecases.rejudge_clock import Interval, RejudgeClock, rejudge_clock

router = APIRouter(tags=["clocks"])

ALARMS_OF = timedelta(days=7)
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
ROLE = {Role.CREW: Recipient.CREW, Role.SUPERVISOR: Recipient.SUPERVISOR}


def _pause(house: House, caller: Caller, whose: Whose, given: PauseIn) -> list[ClockOut]:
    now = house.now()
    command = PauseClocks(
        whose=whose,
        reason=given.reason,
        note=given.note,
        by=caller.name,
        role=ROLE.get(caller.role, Recipient.DISPATCHER),
        since=given.since or now,
        until=given.until,
        evidence=given.evidence,
    )

    def work(store: Store) -> Sequence[Clock]:
        _must_see(store, caller, whose)
        return pause_clocks(store, command, now=now)

    return [ClockOut.of(clock) for clock in in_one_go(house, work)]


def _resume(house: House, caller: Caller, whose: Whose, given: ResumeIn) -> list[ClockOut]:
    now = house.now()
    command = ResumeClocks(whose=whose, by=caller.name, at=given.at or now)

    def work(store: Store) -> Sequence[Clock]:
        _must_see(store, caller, whose)
        return resume_clocks(store, command, now=now)

    return [ClockOut.of(clock) for clock in in_one_go(house, work)]


def _must_see(store: Store, caller: Caller, whose: Whose) -> None:
    """What is another district's, or another crew's, does not exist."""
    if whose.ticket_id is not None:
        ticket_for(store, caller, whose.ticket_id)
    elif whose.outage_id is not None:
        outage_for(store, caller, whose.outage_id)
    elif whose.order_id is not None:
        order = order_for(store, caller, whose.order_id)
        if caller.role is Role.CREW and order.crew_id != caller.crew:
            raise NotFound("order", id=whose.order_id)


@router.post(f"{API}/tickets/{{ticket_id}}/pause")
def post_ticket_pause(
    ticket_id: str, given: PauseIn, caller: Calling, house: Working
) -> list[ClockOut]:
    """Let a ticket's clocks stand still; those that do."""
    return _pause(house, caller, Whose(ticket_id=TicketId(ticket_id)), given)


@router.post(f"{API}/tickets/{{ticket_id}}/resume")
def post_ticket_resume(
    ticket_id: str, given: ResumeIn, caller: Calling, house: Working
) -> list[ClockOut]:
    """Let a ticket's clocks run again."""
    return _resume(house, caller, Whose(ticket_id=TicketId(ticket_id)), given)


@router.post(f"{API}/outages/{{outage_id}}/pause")
def post_outage_pause(
    outage_id: Number, given: PauseIn, caller: Calling, house: Working
) -> list[ClockOut]:
    """Let the clocks of an outage's reports and of its order stand still; those that do."""
    return _pause(house, caller, Whose(outage_id=OutageId(outage_id)), given)


@router.post(f"{API}/outages/{{outage_id}}/resume")
def post_outage_resume(
    outage_id: Number, given: ResumeIn, caller: Calling, house: Working
) -> list[ClockOut]:
    """Let the clocks of an outage's reports and of its order run again."""
    return _resume(house, caller, Whose(outage_id=OutageId(outage_id)), given)


@router.post(f"{API}/orders/{{order_id}}/pause")
@router.post(f"{API}/crew/orders/{{order_id}}/pause")
def post_order_pause(
    order_id: Number, given: PauseIn, caller: Calling, house: Working
) -> list[ClockOut]:
    """Let the clocks stand still that an order is to stop; a crew those of its own order."""
    return _pause(house, caller, Whose(order_id=OrderId(order_id)), given)


@router.post(f"{API}/orders/{{order_id}}/resume")
@router.post(f"{API}/crew/orders/{{order_id}}/resume")
def post_order_resume(
    order_id: Number, given: ResumeIn, caller: Calling, house: Working
) -> list[ClockOut]:
    """Let the clocks run again that an order is to stop."""
    return _resume(house, caller, Whose(order_id=OrderId(order_id)), given)


@router.get(f"{API}/clocks/{{clock_id}}")
def get_clock(clock_id: Number, caller: Calling, house: Working) -> ClockStoryOut:
    """Read a clock with when it stood still and every judgement of it."""
    with house.transaction() as store:
        return story_of(store, _clock_for(store, caller, clock_id))


@router.post(f"{API}/clocks/{{clock_id}}/rejudge")
def post_rejudge(
    clock_id: Number, given: RejudgeIn, caller: Calling, house: Working
) -> ClockStoryOut:
    """Judge a clock again; the earlier judgement stays beside the new one."""
    new = given.earliest is not None or given.latest is not None
    command = RejudgeClock(
        clock_id=clock_id,
        by=caller.name,
        reason=given.reason,
        rule_version=given.rule_version,
        interval=Interval(earliest=given.earliest, latest=given.latest) if new else None,
        event=given.event,
    )

    def work(store: Store) -> ClockStoryOut:
        _clock_for(store, caller, clock_id)
        return story_of(store, rejudge_clock(store, command, now=house.now()))

    return in_one_go(house, work)


def _clock_for(store: Store, caller: Caller, clock_id: int) -> Clock:
    clock = store.clocks.get(clock_id)
    caller.must_see(clock.district_id, "clock", id=clock_id)
    return clock


def story_of(store: Store, clock: Clock) -> ClockStoryOut:
    """A clock with what is kept of it."""
    pauses = store.clocks.list_pauses([clock.number]).get(clock.number, ())
    return ClockStoryOut.build(
        clock,
        [PauseOut.of(each) for each in pauses],
        [JudgementOut.of(each) for each in store.clocks.list_judgements(clock.number)],
    )


@router.get(f"{API}/warnings")
def get_warnings(
    caller: Calling,
    house: Working,
    to: Recipient | None = None,
    all_: Annotated[bool, Query(alias="all")] = False,  # noqa: FBT002 (a query parameter)
) -> list[AlarmOut]:
    """List what nobody has taken note of: the gravest warning of each clock that runs; or all."""
    since = house.now() - ALARMS_OF
    with reading(house.engine) as connection:
        if all_:
            found = warnings_sent(connection, caller.scope, since=since, to=to)
        else:
            found = open_warnings(connection, caller.scope, since=since, to=to).listed
    return [AlarmOut.of(each) for each in found]


@router.post(f"{API}/warnings/{{warning_id}}/acknowledge", status_code=204)
@router.post(f"{API}/crew/warnings/{{warning_id}}/acknowledge", status_code=204)
def post_acknowledge(warning_id: Number, given: NoteIn, caller: Calling, house: Working) -> None:
    """Take note of a warning; a crew of those that were sent to it."""
    command = AcknowledgeWarning(warning_id=warning_id, by=caller.name, note=given.note)

    def work(store: Store) -> None:
        warning = store.warnings.lock(warning_id)
        caller.must_see(warning.district_id, "warning", id=warning_id)
        if caller.role is Role.CREW and warning.crew_id != caller.crew:
            raise NotFound("warning", id=warning_id)
        acknowledge_warning(store, command, now=house.now())

    in_one_go(house, work)
