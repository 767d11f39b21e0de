"""A crew goes out of service, such as when its van is sold, or comes back."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.crew import Crew
from dispatch.domain.words import CrewId
from dispatch.errors import CrewBusy, IllegalStep
from dispatch.journal import crew_event, tracker_event
from dispatch.ports import Store
from dispatch.procedures.assigning import end_posting
from dispatch.procedures.checking import need_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireCrew:
    """Which crew, who says so and why."""

    crew_id: CrewId
    by: str
    reason: str


def retire_crew(store: Store, command: RetireCrew, *, now: datetime) -> Crew:
    """Take a crew out of service: nobody sends, lends, follows or lets it in from now on.

    What it did stays. Its devices speak for nobody, and it stands by nowhere any more.

    Raises
    ------
    ReasonRequired
        Nobody says why.
    NotFound
        There is no such crew.
    IllegalStep
        It is retired already, or lent to another district.
    CrewBusy
        It holds an order, which the error names.
    """
    why = need_reason(command.reason, "retiring a crew")
    crew = store.crews.lock(command.crew_id)
    if crew.retired_at is not None:
        raise IllegalStep(
            "the crew is retired already", crew_id=crew.id, retired_at=crew.retired_at.isoformat()
        )
    _refuse_busy(store, crew, now)
    end_posting(store, crew.id, by=command.by, why="retired", now=now)
    for tracker in store.trackers.list_all():
        if tracker.crew_id == crew.id:
            unbound = tracker.bound_to(None, now)
            store.trackers.save(unbound)
            store.events.append(tracker_event(unbound, "bound", at=now, by=command.by))
    retired = replace(crew, retired_at=now)
    store.crews.keep_in_service(crew.id, retired_at=now)
    store.events.append(crew_event(retired, "retired", at=now, by=command.by, reason=why))
    return retired


def _refuse_busy(store: Store, crew: Crew, now: datetime) -> None:
    held = next((o for o in store.orders.list_of_crew(crew.id, since=now) if o.is_under_way), None)
    if held is not None:
        raise CrewBusy(
            f"the crew holds order {held.id}; take it back, or let it be finished first",
            crew_id=crew.id,
            order_id=held.id,
        )
    loan = store.loans.find_of_crew(crew.id)
    if loan is not None:
        raise IllegalStep(
            "the crew is lent to another district; call it back first",
            crew_id=crew.id,
            loan_id=loan.id,
            to=loan.to_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinstateCrew:
    """Which crew, who says so and why."""

    crew_id: CrewId
    by: str
    reason: str = ""


def reinstate_crew(store: Store, command: ReinstateCrew, *, now: datetime) -> Crew:
    """Put a retired crew back into service, as it was; its devices have to be bound anew.

    Raises
    ------
    NotFound
        There is no such crew.
    IllegalStep
        It is in service.
    """
    crew = store.crews.lock(command.crew_id)
    if crew.retired_at is None:
        raise IllegalStep("the crew is in service", crew_id=crew.id)
    back = replace(crew, retired_at=None)
    store.crews.keep_in_service(crew.id, retired_at=None)
    store.events.append(
        crew_event(back, "reinstated", at=now, by=command.by, reason=command.reason)
    )
    return back
