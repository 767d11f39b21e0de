"""Crews as they are on record; out of service, and back."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from http import HTTPStatus

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Caller, Calling
from api.house import House
from api.inputs.crews import CarriesIn, RestIn
from api.inputs.fields import NoteIn, ReasonIn
from api.routers.parts import Working, in_one_go
from dispatch.domain.crew import Crew, Rest
from dispatch.domain.words import CrewId
from dispatch.ports import Store
from dispatch.store.reads.fleet import crews_on_record
from dispatch.store.transaction import reading
from dispatch.usecases.load_crew import LoadCrew, load_crew
from dispatch.usecases.rest_crew import EndRest, RestCrew, end_rest, rest_crew
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
    carries: list[str]
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


class RestOut(BaseModel):
    """The break that a crew was given."""

    crew_id: str
    begins_at: datetime
    ends_at: datetime


class CarriesOut(BaseModel):
    """Which parts a crew has aboard."""

    crew_id: str
    carries: list[str]


@router.put(f"{API}/crews/{{crew_id}}/carries", tags=["dispatchers"])
def put_carries(crew_id: str, body: CarriesIn, caller: Calling, house: Working) -> CarriesOut:
    """Say which parts a crew has aboard, in place of what was said before."""

    def load(store: Store) -> Crew:
        crew = _seen(store, caller, crew_id)
        command = LoadCrew(crew_id=crew.id, carries=tuple(body.carries), by=caller.name)
        return load_crew(store, command, now=house.now())

    crew = in_one_go(house, load)
    house.queue.assign(crew.district_id)
    return CarriesOut(crew_id=crew.id, carries=sorted(crew.carries))


@router.put(f"{API}/crews/{{crew_id}}/rest", tags=["dispatchers"])
def put_rest(crew_id: str, body: RestIn, caller: Calling, house: Working) -> RestOut:
    """Give a crew a break, now or within twelve hours; the plan sends it nowhere in it."""

    def rest(store: Store) -> tuple[Rest, Crew]:
        crew = _seen(store, caller, crew_id)
        command = RestCrew(
            crew_id=crew.id,
            begins_at=body.starts_at or house.now(),
            lasts=timedelta(minutes=body.minutes),
            by=caller.name,
            reason=body.reason,
        )
        return rest_crew(store, command, now=house.now()), crew

    kept, crew = in_one_go(house, rest)
    house.queue.assign(crew.district_id)
    return RestOut(crew_id=crew.id, begins_at=kept.begins_at, ends_at=kept.ends_at)


@router.delete(
    f"{API}/crews/{{crew_id}}/rest", status_code=HTTPStatus.NO_CONTENT, tags=["dispatchers"]
)
def delete_rest(crew_id: str, caller: Calling, house: Working) -> None:
    """Take back the break that somebody gave a crew."""

    def end(store: Store) -> Crew:
        crew = _seen(store, caller, crew_id)
        end_rest(store, EndRest(crew_id=crew.id, by=caller.name), now=house.now())
        return crew

    house.queue.assign(in_one_go(house, end).district_id)


def _seen(store: Store, caller: Caller, crew_id: str) -> Crew:
    """Read a crew; another district's does not exist."""
    crew = store.crews.get(CrewId(crew_id))
    caller.must_see(crew.district_id, "crew", crew_id=crew_id)
    return crew


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
