"""Alarms of the room: one list, and one way to take note of any of them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.fields import NoteIn
from api.routers.frame import page
from api.routers.parts import Working, in_one_go
from dispatch.domain.alarm import Alarm, RoomAlarms
from dispatch.errors import NotFound
from dispatch.ports import Store
from dispatch.store.reads.room_alarms import MOST_CLOCKS, room_alarms
from dispatch.store.transaction import reading
from dispatch.usecases.acknowledge_alarm import AcknowledgeAlarm, acknowledge_alarm
from dispatch.usecases.acknowledge_check_in import AcknowledgeCheckIn, acknowledge_check_in
from dispatch.usecases.acknowledge_warning import AcknowledgeWarning, acknowledge_warning

router = APIRouter()

AlarmId = Annotated[str, Path(max_length=200, description="as the list of alarms names it")]


class TakenOut(BaseModel):
    """Who took note of an alarm, and when."""

    at: datetime
    by: str
    note: str


class AlarmOut(BaseModel):
    """One alarm; `opens` is the row of the list that it is about."""

    id: str
    kind: str
    district_id: str | None
    opens: str
    title: str
    at: datetime
    due_at: datetime | None
    facts: dict[str, Any]
    acknowledged: TakenOut | None

    @classmethod
    def of(cls, alarm: Alarm) -> "AlarmOut":
        """Build from the alarm."""
        taken = alarm.taken
        return cls(
            id=alarm.id,
            kind=alarm.kind.value,
            district_id=alarm.district_id,
            opens=alarm.opens,
            title=alarm.title,
            at=alarm.at,
            due_at=alarm.due_at,
            facts=dict(alarm.facts),
            acknowledged=None
            if taken is None
            else TakenOut(at=taken.at, by=taken.by, note=taken.note),
        )


@router.get(f"{API}/alarms", tags=["dispatchers"])
def get_alarms(
    caller: Calling,
    house: Working,
    all_: Annotated[bool, Query(alias="all")] = False,  # noqa: FBT002 (a query parameter)
) -> list[AlarmOut]:
    """List what alarms the room, the gravest first; with `all` also what somebody took note of."""
    found = _alarms(caller, house, most_clocks=None).listed
    return [AlarmOut.of(each) for each in found if all_ or each.taken is None]


@router.post(f"{API}/alarms/{{alarm_id}}/acknowledge", status_code=204, tags=["dispatchers"])
def post_acknowledge_alarm(
    alarm_id: AlarmId, given: NoteIn, caller: Calling, house: Working
) -> None:
    """Take note of an alarm for the whole room; 409 if somebody did, 404 once it is over."""
    alarm = _alarm(caller, house, alarm_id)
    warning, missed, now = alarm.facts.get("warning"), alarm.facts.get("missed"), house.now()

    def work(store: Store) -> None:
        if isinstance(missed, int):
            of_crew = AcknowledgeCheckIn(missed_id=missed, by=caller.name, note=given.note)
            acknowledge_check_in(store, of_crew, now=now)
        elif isinstance(warning, int):
            by_clock = AcknowledgeWarning(warning_id=warning, by=caller.name, note=given.note)
            acknowledge_warning(store, by_clock, now=now)
        else:
            command = AcknowledgeAlarm(alarm=alarm, by=caller.name, note=given.note)
            acknowledge_alarm(store, command, now=now)

    in_one_go(house, work)


@router.get("/console/alarms", include_in_schema=False)
def get_alarm_strip(request: Request, caller: Calling, house: Working) -> HTMLResponse:
    """The strip of alarms at the head of the console."""
    found = _alarms(caller, house, most_clocks=MOST_CLOCKS)
    return page(request, "_alarms.html", caller=caller, alarms=found)


def _alarm(caller: Caller, house: House, alarm_id: str) -> Alarm:
    """Find one alarm: nearly always among those that a screen lists, which are quickly read."""
    for most_clocks in (MOST_CLOCKS, None):
        for each in _alarms(caller, house, most_clocks=most_clocks).listed:
            if each.id == alarm_id:
                return each
    raise NotFound("alarm", id=alarm_id)


def _alarms(caller: Caller, house: House, *, most_clocks: int | None) -> RoomAlarms:
    with reading(house.engine) as connection:
        return room_alarms(connection, caller.scope, house.now(), most_clocks=most_clocks)
