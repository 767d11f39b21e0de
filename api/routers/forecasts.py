"""When a crew is there and supply is back: what is foreseen, and by which version."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import Connection

from api.access import API
from api.callers import Calling
from api.inputs.fields import ReasonIn
from api.routers.parts import Working, in_one_go, outage_for
from api.views.forecasts import ForecastOut, ForecastsOut, ForecastVersionOut
from dispatch.errors import Forbidden, IllegalStep
from dispatch.learning.forecaster import SHIPPED
from dispatch.procedures.expecting import foresee
from dispatch.procedures.planned_arrivals import planned_arrivals
from dispatch.restoration import PlannedArrival
from dispatch.store.forecasts import PgForecasts
from dispatch.store.transaction import reading
from dispatch.usecases.apply_forecasts import ApplyForecasts, apply_forecasts

router = APIRouter(tags=["forecasts"])

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get(f"{API}/outages/{{outage_id}}/forecast")
def get_forecast(outage_id: int, caller: Calling, house: Working) -> ForecastOut:
    """Foresee arrival and restoration of an open outage now; what is told stays as it is."""
    now = house.now()
    with house.transaction() as store:
        outage = outage_for(store, caller, outage_id)
        if not outage.is_open:
            raise IllegalStep("the outage is over; nothing to estimate", outage_id=outage.id)
        order = store.orders.find_open_of_outage(outage.id)

        def planned() -> PlannedArrival | None:
            if order is None or order.crew_id is not None or order.district_id is None:
                return None
            return planned_arrivals(
                store,
                order.district_id,
                house.travel_times(),
                house.planner,
                assignment=house.policies.assignment,
                planning=house.planning,
                now=now,
            ).get(order.id)

        return ForecastOut.of(foresee(store, outage, order, now=now, planned=planned), now)


@router.get(f"{API}/forecasts")
def get_forecasts(caller: Calling, house: Working) -> ForecastsOut:  # noqa: ARG001 (who may)
    """List the versions that waits are foreseen by, the newest first, with how they held."""
    with reading(house.engine) as connection:
        return kept_forecasts(connection)


@router.post(f"{API}/forecasts/{{version}}/apply")
def post_forecasts_apply(
    version: Number, given: ReasonIn, caller: Calling, house: Working
) -> ForecastsOut:
    """Put a version into force for the whole company; 1 is the shipped table."""
    if caller.scope is not None:
        raise Forbidden("forecasts count in every district; you look after some of them")
    command = ApplyForecasts(version=version, by=caller.name, reason=given.reason)
    in_one_go(house, lambda store: apply_forecasts(store, command, now=house.now()))
    with reading(house.engine) as connection:
        return kept_forecasts(connection)


def kept_forecasts(connection: Connection) -> ForecastsOut:
    """Every version as it is shown, the newest first."""
    kept = PgForecasts(connection)
    in_force = kept.in_force() or SHIPPED
    return ForecastsOut(
        in_force=in_force,
        versions=[
            ForecastVersionOut.of(each, in_force=each.version == in_force)
            for each in reversed(kept.list_versions())
        ],
    )
