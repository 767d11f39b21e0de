"""How to get to a customer's place, as desk and room write it down."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Calling
from api.inputs.fields import Prose, Strict
from api.routers.parts import Working, in_one_go
from dispatch.domain.words import UsagePointId
from dispatch.errors import NotFound
from dispatch.ports import Store
from dispatch.usecases.write_access_note import WriteAccessNote, write_access_note

router = APIRouter(tags=["agents"])


class AccessIn(Strict):
    """How to get there; empty: forget what was written."""

    text: Prose = ""


class AccessOut(BaseModel):
    """How to get there, who wrote it and when; `text` empty where nothing is known."""

    text: str
    by: str | None
    written_at: datetime | None


@router.put(f"{API}/usage-points/{{usage_point_id}}/access")
def put_access(usage_point_id: int, body: AccessIn, caller: Calling, house: Working) -> AccessOut:
    """Keep how to get to a customer's place; it is shown to every crew that is sent there."""
    command = WriteAccessNote(
        usage_point_id=UsagePointId(usage_point_id), text=body.text, by=caller.name
    )

    def work(store: Store) -> AccessOut:
        point = store.directory.find_usage_point(command.usage_point_id)
        if point is None or not caller.sees(point.district_id):
            raise NotFound("usage point", id=usage_point_id)
        note = write_access_note(store, command, now=house.now())
        if note is None:
            return AccessOut(text="", by=None, written_at=None)
        return AccessOut(text=note.text, by=note.by, written_at=note.written_at)

    return in_one_go(house, work)
