"""What a supervisor's reports call: indices of a period, calls avoided."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Calling
from api.routers.parts import USUALLY, Since, Until, Working, period
from api.views.notices import AvoidedOut
from dispatch.indices import reliability
from dispatch.store.reads.figures import interruptions_begun
from dispatch.store.reads.notices import released
from dispatch.store.reads.population import customers_served
from dispatch.store.transaction import reading

router = APIRouter(tags=["supervisors"])

NOBODY_SERVED = {
    "customers_served": 0,
    "customers_interrupted": 0,
    "customers_still_out": 0,
    "customer_minutes": 0.0,
    "saidi_minutes": None,
    "saifi": None,
    "caidi_minutes": None,
    "momentary": None,
}


class IndicesOut(BaseModel):
    """IEEE 1366 over the interruptions that began in a period; None where nobody is served.

    Sustained ones last more than five minutes; `momentary` counts the others per customer served.
    Who is still out counts with the minutes so far.
    """

    since: datetime
    until: datetime
    customers_served: int
    customers_interrupted: int
    customers_still_out: int
    customer_minutes: float
    saidi_minutes: float | None
    saifi: float | None
    caidi_minutes: float | None
    momentary: float | None


@router.get(f"{API}/indices")
def get_indices(
    caller: Calling, house: Working, since: Since = None, until: Until = None
) -> IndicesOut:
    """Compute SAIDI, SAIFI, CAIDI and momentary interruptions of a period."""
    start, end = period(house, since, until, USUALLY)
    with reading(house.engine) as connection:
        served = customers_served(connection, caller.scope)
        begun = interruptions_begun(connection, caller.scope, start, end, house.now())
        found = asdict(reliability(begun, served)) if served else NOBODY_SERVED
    return IndicesOut(since=start, until=end, **found)


class CallsAvoidedOut(AvoidedOut):
    """What was answered from the notices released in a period, added up over them."""

    since: datetime
    until: datetime
    notices: int


@router.get(f"{API}/calls-avoided")
def get_calls_avoided(
    caller: Calling, house: Working, since: Since = None, until: Until = None
) -> CallsAvoidedOut:
    """Count what was answered from the public notices released in a period."""
    start, end = period(house, since, until, USUALLY)
    with reading(house.engine) as connection:
        found = released(connection, caller.scope, start, end)
    counts = {
        name: sum(getattr(each.avoided, name) for each in found) for name in AvoidedOut.model_fields
    }
    return CallsAvoidedOut(since=start, until=end, notices=len(found), **counts)
