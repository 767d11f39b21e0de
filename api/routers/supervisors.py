"""What a supervisor's reports call: promises kept, and the indices of a period."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.access import API
from api.callers import Calling
from api.house import House
from api.inputs import Moment
from api.routers.parts import Working
from dispatch.errors import InvalidInput
from dispatch.store.reads.figures import (
    CommitmentStanding,
    commitments,
    interruption_totals,
)
from dispatch.store.reads.population import customers_served
from dispatch.store.transaction import reading

router = APIRouter(tags=["supervisors"])

USUALLY = timedelta(days=1)
LONGEST = timedelta(days=5 * 366)

Since = Annotated[Moment | None, Query(description="a day back, if not given")]
Until = Annotated[Moment | None, Query(description="now, if not given")]


class StandingOut(BaseModel):
    """One rule in one area class: each promise, and the running average with its headroom."""

    rule_id: str
    area_class: str
    clocks: int
    kept: int
    missed: int
    cannot_say: int
    running: int
    target_minutes: float
    mean_minutes: float | None
    headroom_minutes: float | None

    @classmethod
    def of(cls, standing: CommitmentStanding) -> "StandingOut":
        """Build from the standing."""
        return cls(**{name: getattr(standing, name) for name in cls.model_fields})


class IndicesOut(BaseModel):
    """Interruptions of a period; sustained ones and momentary ones are not told apart here."""

    since: datetime
    until: datetime
    customers_served: int
    customers_interrupted: int
    customer_minutes: float
    saidi_minutes: float | None
    saifi: float | None
    caidi_minutes: float | None


@router.get(f"{API}/commitments")
def get_commitments(
    caller: Calling, house: Working, since: Since = None, until: Until = None
) -> list[StandingOut]:
    """Count promises kept and missed, by rule and area class, of clocks started in a period."""
    start, end = _period(house, since, until)
    with reading(house.engine) as connection:
        found = commitments(connection, caller.scope, start, end)
    return [StandingOut.of(standing) for standing in found]


@router.get(f"{API}/indices")
def get_indices(
    caller: Calling, house: Working, since: Since = None, until: Until = None
) -> IndicesOut:
    """Add up the recorded interruptions of a period: SAIDI, SAIFI and CAIDI as they stand."""
    start, end = _period(house, since, until)
    with reading(house.engine) as connection:
        totals = interruption_totals(connection, caller.scope, start, end)
        served = customers_served(connection, caller.scope)
    interrupted = sum(total.customers for total in totals)
    minutes = sum(total.customer_minutes for total in totals)
    return IndicesOut(
        since=start,
        until=end,
        customers_served=served,
        customers_interrupted=interrupted,
        customer_minutes=minutes,
        saidi_minutes=minutes / served if served else None,
        saifi=interrupted / served if served else None,
        caidi_minutes=minutes / interrupted if interrupted else None,
    )


def _period(
    house: House, since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    end = until or house.now()
    start = since or end - USUALLY
    if not timedelta() < end - start <= LONGEST:
        raise InvalidInput("since", start.isoformat(), "a time before until, five years at most")
    return start, end
