"""A district in need asks another one for crews."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.assignment import AssignmentPolicy
from dispatch.domain.loan import CrewLoan, LendingPolicy
from dispatch.domain.words import CrewId, DistrictId
from dispatch.errors import InvalidInput, NotFound
from dispatch.planning.travel_table import Between
from dispatch.ports import Store
from dispatch.procedures.checking import need_reason
from dispatch.procedures.lending import UNSAVED, ask

MOST_AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForCrews:
    """Who asks whom for how many crews, until when (None: as long as they may) and why.

    `crew_id` names one that would fit; the lender may send another.
    """

    from_id: DistrictId
    to_id: DistrictId
    by: str
    reason: str
    crews: int = 1
    until: datetime | None = None
    crew_id: CrewId | None = None


def ask_for_crews(
    store: Store,
    command: AskForCrews,
    between: Between,
    *,
    assignment: AssignmentPolicy,
    policy: LendingPolicy,
    now: datetime,
) -> tuple[CrewLoan, ...]:
    """Ask for each crew apart, so that the lender may send some and refuse others.

    Where the lender has consented beforehand and has a crew free, it is granted already.

    Raises
    ------
    ReasonRequired, InvalidInput
        Nobody says why; a district asks itself, or for no crew; the end is over.
    NotFound
        There is no such district.
    """
    why = need_reason(command.reason, "asking for crews")
    _check(store, command, now)
    asked = CrewLoan(
        id=UNSAVED,
        from_id=command.from_id,
        to_id=command.to_id,
        reason=why,
        asked_at=now,
        asked_by=command.by,
        wanted_until=command.until,
        crew_id=command.crew_id,
    )
    return tuple(
        ask(store, asked, between, assignment=assignment, policy=policy, now=now)
        for _ in range(command.crews)
    )


def _check(store: Store, command: AskForCrews, now: datetime) -> None:
    districts = store.directory.list_districts()
    for district_id in (command.from_id, command.to_id):
        if district_id not in districts:
            raise NotFound("district", id=district_id)
    if command.from_id == command.to_id:
        raise InvalidInput("from", command.from_id, "another district than the one that asks")
    if not 1 <= command.crews <= MOST_AT_ONCE:
        raise InvalidInput("crews", command.crews, f"a number from 1 to {MOST_AT_ONCE}")
    if command.until is not None and command.until <= now:
        raise InvalidInput("until", command.until.isoformat(), "a time that is to come")
    if command.crew_id is not None:
        crew = store.crews.get(command.crew_id)
        if crew.district_id != command.from_id or command.crews != 1:
            raise NotFound("crew in this district", crew_id=command.crew_id)
        store.crews.must_serve(crew.id)
