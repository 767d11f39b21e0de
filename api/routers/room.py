"""What the dispatchers of one room share: the rows of the list, and who has which one open."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.fields import ClientId, Strict
from api.routers.frame import language_of
from api.routers.parts import Working, district_of
from dispatch.store import presence
from dispatch.store.constraints import in_our_words
from dispatch.store.reads.worklist import orders_handled_by, worklist
from dispatch.store.transaction import reading
from maps.languages import Language
from maps.rows import row_of

router = APIRouter()


@router.get("/console/rows", include_in_schema=False)
def get_rows(request: Request, caller: Calling, house: Working) -> Response:
    """Every row of the list as data, with the time they were read; the page draws and filters."""
    with reading(house.engine) as connection:
        rows = rows_of(connection, request, caller, house)
    return JSONResponse(rows, headers={"Cache-Control": "no-store"})


def rows_of(
    connection: Connection, request: Request, caller: Caller, house: House
) -> dict[str, object]:
    """The rows that a caller sees, the most urgent first, with the time they were read."""
    now = house.now()
    mine = orders_handled_by(connection, caller.name)
    chinese = language_of(request) is Language.ZH
    rows = [
        row_of(item, mine=item.order_id in mine, chinese=chinese, phone=caller.phone)
        for item in worklist(connection, caller.scope, now)
    ]
    return {"now": now.isoformat(), "rows": rows}


class LookIn(Strict):
    """What is open in one tab of a browser."""

    tab: ClientId
    thing: Annotated[str, Field(max_length=120)] | None = None


class LookingOut(BaseModel):
    """Somebody else has something open."""

    name: str
    thing: str
    seen_at: datetime


@router.get(f"{API}/presence", tags=["dispatchers"])
def get_presence(caller: Calling, house: Working) -> list[LookingOut]:
    """List what the other dispatchers have open."""
    with reading(house.engine) as connection:
        return _others(connection, caller, house.now())


@router.put(f"{API}/presence", tags=["dispatchers"])
def put_presence(given: LookIn, caller: Calling, house: Working) -> list[LookingOut]:
    """Say what this tab has open, again every fifteen seconds; the answer is what others have."""
    now = house.now()
    district = None
    if given.thing is not None:
        with house.transaction() as store:
            district = district_of(store, caller, given.thing)
    with in_our_words(), house.engine.begin() as connection:
        presence.look(
            connection,
            tab=given.tab,
            name=caller.name,
            thing=given.thing,
            district_id=district,
            now=now,
        )
        return _others(connection, caller, now)


def _others(connection: Connection, caller: Caller, now: datetime) -> list[LookingOut]:
    found = presence.others(connection, caller.scope, name=caller.name, now=now)
    return [LookingOut(name=e.name, thing=e.thing, seen_at=e.seen_at) for e in found]
