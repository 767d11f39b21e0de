"""Notes of dispatchers: what the next one should know, kept in the story of the thing."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.fields import Prose, Strict
from api.routers.parts import Working, district_of, in_one_go
from dispatch.domain.words import IncidentId, OutageId, TicketId
from dispatch.ports import Store
from dispatch.usecases.write_note import WriteNote, write_note

router = APIRouter(tags=["dispatchers"])


class WrittenIn(Strict):
    """What the next dispatcher should know."""

    text: Prose


class NoteOut(BaseModel):
    """A note as it stands in the journal."""

    at: datetime
    by: str
    text: str


@router.post(f"{API}/outages/{{outage_id}}/notes", status_code=201)
def post_outage_note(outage_id: int, given: WrittenIn, caller: Calling, house: Working) -> NoteOut:
    """Add a note to an outage."""
    about = WriteNote(text=given.text, by=caller.name, outage_id=OutageId(outage_id))
    return _write(house, caller, f"outage-{outage_id}", about)


@router.post(f"{API}/incidents/{{incident_id}}/notes", status_code=201)
def post_incident_note(
    incident_id: int, given: WrittenIn, caller: Calling, house: Working
) -> NoteOut:
    """Add a note to an incident."""
    about = WriteNote(text=given.text, by=caller.name, incident_id=IncidentId(incident_id))
    return _write(house, caller, f"incident-{incident_id}", about)


@router.post(f"{API}/tickets/{{ticket_id}}/notes", status_code=201)
def post_ticket_note(ticket_id: str, given: WrittenIn, caller: Calling, house: Working) -> NoteOut:
    """Add a note to a report."""
    about = WriteNote(text=given.text, by=caller.name, ticket_id=TicketId(ticket_id))
    return _write(house, caller, f"unlocated-{ticket_id}", about)


def _write(house: House, caller: Caller, thing: str, about: WriteNote) -> NoteOut:
    def work(store: Store) -> NoteOut:
        district_of(store, caller, thing)
        entry = write_note(store, about, now=house.now())
        return NoteOut(at=entry.at, by=entry.actor, text=str(entry.body["reason"]))

    return in_one_go(house, work)
