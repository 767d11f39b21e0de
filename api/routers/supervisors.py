"""What a supervisor's reports call: promises kept, and the indices of a period."""

from dataclasses import asdict
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
from dispatch.indices import reliability
from dispatch.store.reads.figures import (
    CommitmentStanding,
    commitments,
    interruptions_begun,
)
from dispatch.store.reads.population import customers_served
from dispatch.store.transaction import reading

router = APIRouter(tags=["supervisors"])

USUALLY = timedelta(days=1)
LONGEST = timedelta(days=5 * 366)

Since = Annotated[Moment | None, Query(description="a day back, if not given")]
Until = Annotated[Moment | None, Query(description="now, if not given")]


NOBODY_SERVED = {
    "customers_served": 0,
    "customers_interrupted": 0,
    "customer_minutes": 0.0,
    "saidi_minutes": None,
    "saifi": None,
    "caidi_minutes": None,
    "momentary": None,
}


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
    """IEEE 1366 over the interruptions that began in a period; None where nobody is served.

    Sustained ones last more than five minutes; `momentary` counts the others per customer served.
    """

    since: datetime
    until: datetime
    customers_served: int
    customers_interrupted: int
    customer_minutes: float
    saidi_minutes: float | None
    saifi: float | None
    caidi_minutes: float | None
    momentary: float | None


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
    """Compute SAIDI, SAIFI, CAIDI and momentary interruptions of a period."""
    start, end = _period(house, since, until)
    with reading(house.engine) as connection:
        served = customers_served(connection, caller.scope)
        begun = interruptions_begun(connection, caller.scope, start, end)
        found = asdict(reliability(begun, served)) if served else NOBODY_SERVED
    return IndicesOut(since=start, until=end, **found)


def _period(
    house: House, since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    end = until or house.now()
    start = since or end - USUALLY
    if not timedelta() < end - start <= LONGEST:
        raise InvalidInput("since", start.isoformat(), "a time before until, five years at most")
    return start, end
