"""Crews as they are on record; out of service, and back."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.fields import NoteIn, ReasonIn
from api.routers.parts import Working, in_one_go
from dispatch.domain.crew import Crew
from dispatch.domain.words import CrewId
from dispatch.ports import Store
from dispatch.store.reads.fleet import crews_on_record
from dispatch.store.transaction import reading
from dispatch.usecases.retire_crew import ReinstateCrew, RetireCrew, reinstate_crew, retire_crew

router = APIRouter(tags=["supervisors"])


class CrewOnRecordOut(BaseModel):
    """A crew as its list gave it; `retired_at` is null while it is in service."""

    id: str
    name: str
    district_id: str
    skills: list[str]
    members: str
    vehicle: str
    retired_at: datetime | None


class ServiceOut(BaseModel):
    """Whether a crew is in service now."""

    id: str
    retired_at: datetime | None


@router.get(f"{API}/crews")
def get_crews(caller: Calling, house: Working, *, retired: bool = False) -> list[CrewOnRecordOut]:
    """List the crews in service, or with `retired` those that are not."""
    with reading(house.engine) as connection:
        found = crews_on_record(connection, caller.scope, retired=retired)
    return [CrewOnRecordOut(**asdict(each)) for each in found]


@router.post(f"{API}/crews/{{crew_id}}/retire")
def post_retire(crew_id: str, body: ReasonIn, caller: Calling, house: Working) -> ServiceOut:
    """Take a crew out of service; refused while it holds an order or is lent."""
    command = RetireCrew(crew_id=CrewId(crew_id), by=caller.name, reason=body.reason)
    return _served(
        house, caller, command.crew_id, lambda store: retire_crew(store, command, now=house.now())
    )


@router.post(f"{API}/crews/{{crew_id}}/reinstate")
def post_reinstate(crew_id: str, body: NoteIn, caller: Calling, house: Working) -> ServiceOut:
    """Put a retired crew back into service."""
    command = ReinstateCrew(crew_id=CrewId(crew_id), by=caller.name, reason=body.note)
    return _served(
        house,
        caller,
        command.crew_id,
        lambda store: reinstate_crew(store, command, now=house.now()),
    )


def _served(
    house: House, caller: Caller, crew_id: CrewId, change: Callable[[Store], Crew]
) -> ServiceOut:
    """Change a crew that the caller sees, and plan anew with it or without."""

    def work(store: Store) -> Crew:
        caller.must_see(store.crews.get(crew_id).district_id, "crew", crew_id=crew_id)
        return change(store)

    crew = in_one_go(house, work)
    house.queue.assign(crew.district_id)
    return ServiceOut(id=crew.id, retired_at=crew.retired_at)
