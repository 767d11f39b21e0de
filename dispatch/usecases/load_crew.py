"""Somebody says which parts a crew has aboard."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.crew import Crew
from dispatch.domain.parts import parts_in
from dispatch.domain.words import CrewId
from dispatch.journal import crew_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCrew:
    """Which crew carries which parts, and who says so."""

    crew_id: CrewId
    carries: Iterable[str]
    by: str


def load_crew(store: Store, command: LoadCrew, *, now: datetime) -> Crew:
    """Keep what a crew carries, in place of what it did; the plan goes by it.

    Raises
    ------
    NotFound
        There is no such crew.
    InvalidInput
        More parts than can be named, or a name that is too long.
    """
    crew = store.crews.lock(command.crew_id)
    loaded = replace(crew, carries=parts_in(command.carries))
    if loaded == crew:
        return crew
    store.crews.load(crew.id, loaded.carries)
    store.events.append(
        crew_event(crew, "loaded", at=now, by=command.by, carries=sorted(loaded.carries))
    )
    return loaded
