"""How a crew's arrival was judged: every judgement, and the track that it rests on."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from api.access import API
from api.callers import Calling
from api.house import House
from api.routers.parts import Working, order_for
from api.views.sayings import SayingOut, reasons_of
from dispatch.domain.crew import PositionFix
from dispatch.domain.order import TroubleOrder
from dispatch.domain.tracking import Doubt
from dispatch.procedures.arriving import site_of
from dispatch.store.reads import arrivals
from dispatch.store.reads.arrivals import JudgedArrival
from dispatch.store.transaction import reading

router = APIRouter(tags=["dispatchers"])


class JudgementOut(BaseModel):
    """One judgement; `filled_in` where the track shows an arrival that nobody pressed."""

    crew_id: str
    judged_at: datetime
    verdict: str
    filled_in: bool
    earliest: datetime | None
    latest: datetime | None
    claimed_at: datetime | None
    reasons: list[SayingOut]

    @classmethod
    def of(cls, judged: JudgedArrival) -> "JudgementOut":
        """Build from the record."""
        evidence = judged.evidence
        return cls(
            crew_id=judged.crew_id,
            judged_at=judged.judged_at,
            verdict=evidence.verdict.value,
            filled_in=evidence.is_filled_in,
            earliest=evidence.earliest,
            latest=evidence.latest,
            claimed_at=evidence.claimed_at,
            reasons=reasons_of(evidence.reasons),
        )


class SeenOut(BaseModel):
    """One position of the track, WGS-84, with its accuracy in metres and what is doubtful."""

    lon: float
    lat: float
    accuracy_m: float | None
    fixed_at: datetime
    received_at: datetime
    device: str
    mock: bool
    doubts: list[str]

    @classmethod
    def of(cls, fix: PositionFix) -> "SeenOut":
        """Build from the fix."""
        return cls(
            lon=fix.lon,
            lat=fix.lat,
            accuracy_m=fix.accuracy_m,
            fixed_at=fix.fixed_at,
            received_at=fix.received_at,
            device=fix.device,
            mock=fix.mock,
            doubts=list(Doubt(fix.doubts).words),
        )


class ArrivalOut(BaseModel):
    """How an order's arrivals were judged, the newest first, and the track of the newest one."""

    order_id: int
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    fence_m: float
    judgements: list[JudgementOut]
    track: list[SeenOut]


@router.get(f"{API}/orders/{{order_id}}/arrival")
def get_arrival(order_id: int, caller: Calling, house: Working) -> ArrivalOut:
    """Read how the arrival of an order was judged, every time, and on which positions."""
    with house.transaction() as store:
        order = order_for(store, caller, order_id)
    return _arrival(house, order)


def _arrival(house: House, order: TroubleOrder) -> ArrivalOut:
    with reading(house.engine) as connection:
        judged = arrivals.of_order(connection, order.id)
        track = arrivals.track_of(connection, judged[0]) if judged else ()
    site = site_of(order)
    return ArrivalOut(
        order_id=order.id,
        lon=None if site is None else site.lon,
        lat=None if site is None else site.lat,
        accuracy_m=None if site is None else site.accuracy_m,
        fence_m=house.policies.arrival.fence_m,
        judgements=[JudgementOut.of(each) for each in judged],
        track=[SeenOut.of(fix) for fix in track],
    )
