"""A crew has a break, now or later, as after a long night; or goes on after all."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.crew import Rest
from dispatch.domain.words import CrewId
from dispatch.errors import InvalidInput, NotFound
from dispatch.journal import crew_event
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason

LONGEST = timedelta(hours=12)
AHEAD = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestCrew:
    """Which crew, from when on, how long, who says so and why."""

    crew_id: CrewId
    begins_at: datetime
    lasts: timedelta
    by: str
    reason: str


def rest_crew(store: Store, command: RestCrew, *, now: datetime) -> Rest:
    """Keep a break: the plan sends the crew nowhere in it, a dispatcher may with a reason.

    It takes the place of one that was given before. An order that runs into it puts it off.

    Raises
    ------
    ReasonRequired
        Nobody says why.
    NotFound
        There is no such crew in service.
    InvalidInput
        It would be over, begin in more than twelve hours, or last longer than that.
    """
    why = need_reason(command.reason, "a break")
    state = store.crews.state(command.crew_id, now)
    if not timedelta() < command.lasts <= LONGEST:
        raise InvalidInput("minutes", command.lasts.total_seconds() / 60, "1 to 720 minutes")
    rest = Rest(begins_at=command.begins_at, ends_at=command.begins_at + command.lasts)
    if rest.ends_at <= now or rest.begins_at > now + AHEAD:
        raise InvalidInput(
            "starts_at", rest.begins_at.isoformat(), "a break within the coming twelve hours"
        )
    store.crews.rest(command.crew_id, rest, by=command.by, reason=why)
    store.events.append(
        crew_event(
            state.crew,
            "rests",
            at=now,
            by=command.by,
            begins_at=rest.begins_at.isoformat(),
            ends_at=rest.ends_at.isoformat(),
            reason=why,
        )
    )
    return rest


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRest:
    """Which crew goes on, and who says so."""

    crew_id: CrewId
    by: str


def end_rest(store: Store, command: EndRest, *, now: datetime) -> None:
    """Take back the break that a crew was given; `NotFound` where it has none before it."""
    crew = store.crews.get(command.crew_id)
    if not store.crews.end_rest(crew.id, now):
        raise NotFound("break", crew_id=crew.id)
    store.events.append(crew_event(crew, "rests_no_more", at=now, by=command.by))
