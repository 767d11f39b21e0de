"""Call-backs: who is to be told that supply is back, and which agent calls whom."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.routers.parts import Working, ticket_for
from dispatch.store.constraints import in_our_words
from dispatch.store.handing_out import hand_out, hold, let_go
from dispatch.store.reads.callers_to_tell import ToTell, callers_to_tell
from dispatch.store.transaction import reading

router = APIRouter(tags=["agents"])

MOST_CALLBACKS = 50


class ToTellOut(BaseModel):
    """A customer to be told that supply is back; `held_by` calls now, and alone until then."""

    ticket_id: str
    due_at: datetime
    tried_at: datetime | None
    restored_at: datetime | None
    phone: str | None
    name: str
    address: str
    device_name: str | None
    held_by: str | None
    held_until: datetime | None

    @classmethod
    def of(cls, each: ToTell, caller: Caller) -> "ToTellOut":
        """Build from the row, for one caller."""
        return cls(
            ticket_id=each.ticket_id,
            due_at=each.due_at,
            tried_at=each.tried_at,
            restored_at=each.restored_at,
            phone=caller.phone(each.phone),
            name=each.name,
            address=each.address,
            device_name=each.device_name,
            held_by=each.held_by,
            held_until=each.held_until,
        )


def list_to_tell(house: House, caller: Caller) -> list[ToTell]:
    """Whom the agents of these districts have to tell, the longest due first."""
    with reading(house.engine) as connection:
        found = callers_to_tell(connection, caller.scope, now=house.now(), most=MOST_CALLBACKS)
    return list(found)


@router.get(f"{API}/callbacks")
def get_callbacks(caller: Calling, house: Working) -> list[ToTellOut]:
    """List whom to call back, the longest due first, and who calls them; fifty at most."""
    return [ToTellOut.of(each, caller) for each in list_to_tell(house, caller)]


@router.post(
    f"{API}/callbacks/next",
    response_model=ToTellOut,
    responses={204: {"description": "Nobody waits whom nobody calls"}},
)
def post_next(caller: Calling, house: Working) -> ToTellOut | Response:
    """Hand out the customer who waits longest and whom nobody calls; asked again, the same one."""
    now = house.now()
    until = now + house.policies.calling_back.holds
    with in_our_words(), house.engine.begin() as connection:
        found = hand_out(connection, caller.scope, agent=caller.name, until=until, now=now)
    return Response(status_code=204) if found is None else ToTellOut.of(found, caller)


@router.post(f"{API}/tickets/{{ticket_id}}/callback/hold")
def post_hold(ticket_id: str, caller: Calling, house: Working) -> ToTellOut:
    """Take this customer to call; for a while nobody else is given them."""
    return _hold(ticket_id, caller, house, anew=True)


@router.put(f"{API}/tickets/{{ticket_id}}/callback/hold")
def put_hold(ticket_id: str, caller: Calling, house: Working) -> ToTellOut:
    """Keep this customer, whom the caller has on the line, for a while longer."""
    return _hold(ticket_id, caller, house, anew=False)


def _hold(ticket_id: str, caller: Caller, house: House, *, anew: bool) -> ToTellOut:
    now = house.now()
    with house.transaction() as store:
        ticket_for(store, caller, ticket_id)
    with in_our_words(), house.engine.begin() as connection:
        found = hold(
            connection,
            ticket_id,
            caller.scope,
            agent=caller.name,
            until=now + house.policies.calling_back.holds,
            now=now,
            anew=anew,
        )
    return ToTellOut.of(found, caller)


@router.delete(f"{API}/callbacks/held", status_code=204)
def delete_held(caller: Calling, house: Working) -> None:
    """Call nobody for now: whoever this agent held may be called by others."""
    with in_our_words(), house.engine.begin() as connection:
        let_go(connection, agent=caller.name)
